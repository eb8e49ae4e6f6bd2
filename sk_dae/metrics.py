"""Measures of denoising, and a scorer for model selection."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from .backend.suggestions import with_suggestions
from .corruption import CORRUPTIONS, BaseCorruption, corrupt_alike, make_corruption
from .data.text import naming_text

__all__ = ["make_denoising_scorer", "peak_signal_noise_ratio"]


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


@with_suggestions
@validate_params(
    {
        "corruption": [StrOptions(set(CORRUPTIONS)), BaseCorruption, callable],
        "noise_level": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
            "array-like",
            dict,
        ],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def make_denoising_scorer(corruption="gaussian", noise_level="auto", *, random_state=0):
    """Make a scorer that corrupts rows and measures how well they are restored.

    The score of an estimator is minus the mean squared error of
    ``inverse_transform(transform(corrupt(X)))`` against `X`. The corruption belongs to
    the scorer and not to the estimator, and is the same draw for every candidate, so
    that candidates trained with different noise, pipelines and other transformers
    such as PCA are judged by the same rows.

    Parameters
    ----------
    corruption : str, BaseCorruption or callable, default="gaussian"
        Corruption of the rows; as the parameter of
        :class:`~sk_dae.DenoisingAutoencoder`. It acts on what the scored estimator is
        given: before the scaler of a pipeline, in the units of the raw data. Where
        columns differ in scale, give a level for each, or scale the data first.

    noise_level : "auto", float, array-like of shape (n_features,) or dict, \
            default="auto"
        The level, where `corruption` is a string; "auto" is the default of the process,
        as in :class:`~sk_dae.DenoisingAutoencoder`. Beside an instance or a callable,
        which carries its own, only "auto" is allowed.

    random_state : int, default=0
        Seeds the corruption.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, with an estimator that has
        ``transform`` and ``inverse_transform``; greater is better.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sk_dae.metrics import make_denoising_scorer
    >>> X = load_digits().data / 16
    >>> scorer = make_denoising_scorer("gaussian", 0.5)
    >>> search = GridSearchCV(PCA(), {"n_components": [1, 6, 64]}, scoring=scorer)
    >>> search.fit(X).best_params_
    {'n_components': 6}
    """
    make_corruption(corruption, noise_level)  # refuses what does not go together
    return _DenoisingScorer(corruption, noise_level, random_state)


class _DenoisingScorer:
    """A class, since a closure would not reach the workers of a parallel search."""

    def __init__(self, corruption, noise_level, random_state):
        self.corruption = corruption
        self.noise_level = noise_level
        self.random_state = random_state

    def __repr__(self):
        return (
            f"make_denoising_scorer({self.corruption!r}, {self.noise_level!r}, "
            f"random_state={self.random_state})"
        )

    def __call__(self, estimator, X, y=None):
        if not hasattr(estimator, "inverse_transform"):
            raise TypeError(
                "A denoising score needs an estimator with transform and "
                f"inverse_transform, got {estimator!r}. In a pipeline that ends in a "
                "predictor, score the part before it, pipeline[:-1]."
            )
        process = make_corruption(self.corruption, self.noise_level)
        process.set_params(random_state=self.random_state)
        corrupted = corrupt_alike(process, X)
        restored = estimator.inverse_transform(estimator.transform(corrupted))
        clean = X.toarray() if sp.issparse(X) else np.asarray(X)
        return -float(np.nanmean(np.square(clean - np.asarray(restored))))
