"""Measures of how like an image its reconstruction is."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..backend.suggestions import with_suggestions
from ..data.text import naming_text
from ..tables.numbers import as_numbers

__all__ = ["peak_signal_noise_ratio"]


@with_suggestions
@validate_params(
    {
        "X_true": ["array-like"],
        "X_pred": ["array-like"],
        "data_range": [Interval(Real, 0, None, closed="neither"), None],
        "average": [StrOptions({"all", "samples"}), None],
    },
    prefer_skip_nested_validation=True,
)
def peak_signal_noise_ratio(X_true, X_pred, *, data_range=None, average="all"):
    r"""Compute the peak signal-to-noise ratio (PSNR) in decibels.

    .. math:: \mathrm{PSNR} = 10 \log_{10} \frac{R^2}{\mathrm{MSE}(X, \hat X)}

    Parameters
    ----------
    X_true : array-like of shape (n_samples, n_features)
        The clean rows.

    X_pred : array-like of shape (n_samples, n_features)
        Noisy or denoised rows.

    data_range : float, default=None
        The distance :math:`R` between the least and the greatest possible value: 1
        for pixels in [0, 1], 255 for bytes. None takes it from `X_true`.

    average : {"all", "samples"} or None, default="all"
        Whether to take the error over all cells together, to average the ratios of
        the rows, as is usual for images, or to return one for each row.

    Returns
    -------
    psnr : float or ndarray of shape (n_samples,)
        The ratio; infinite where nothing differs.

    Raises
    ------
    ValueError
        If the shapes differ, or `data_range` is None and `X_true` is constant.

    Examples
    --------
    >>> from sk_dae.metrics import peak_signal_noise_ratio
    >>> round(peak_signal_noise_ratio([[0.0, 1.0]], [[0.1, 0.9]], data_range=1.0), 6)
    20.0
    """
    given = {"X_true": X_true, "X_pred": X_pred}
    for name, X in given.items():
        with naming_text(X, "peak_signal_noise_ratio", input_name=name):
            X = as_numbers(X, accept_sparse=False, input_name=name)
            given[name] = check_array(X, dtype=np.float64, input_name=name)
    X_true, X_pred = given.values()
    if X_true.shape != X_pred.shape:
        raise ValueError(
            f"X_pred must have the shape of X_true, {X_true.shape}, got {X_pred.shape}."
        )
    if data_range is None:
        data_range = float(np.ptp(X_true))
        if data_range == 0:
            raise ValueError("data_range must be given where X_true is constant.")
    error = np.square(X_true - X_pred).mean(axis=None if average == "all" else 1)
    with np.errstate(divide="ignore"):
        psnr = 10.0 * np.log10(data_range**2 / error)
    return psnr if average is None else float(np.mean(psnr))
