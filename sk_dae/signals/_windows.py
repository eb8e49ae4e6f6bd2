"""Series as rows of overlapping windows, and back."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..backend.nested_parameters import NestedParameters
from ..backend.serialization import serializable
from ..backend.suggestions import SuggestingMixin
from ..data.text import naming_text, validate_numbers
from ..tables.numbers import as_numbers

__all__ = ["SlidingWindows"]


@serializable(standalone=True)
class SlidingWindows(
    SuggestingMixin, NestedParameters, TransformerMixin, BaseEstimator
):
    """Overlapping windows of a series as rows, and a series from them.

    An autoencoder of rows then denoises a series, or scores its parts:
    ``make_pipeline(StandardScaler(), SlidingWindows(50), DenoisingAutoencoder())``.
    Where the last step does not end with the series, one more window does, so that
    every time is in one. Read more in the :ref:`User Guide <signals>`.

    Parameters
    ----------
    window_length : int, default=32
        Number of times, or samples, in a window.

    step : int, default=1
        Number of times from the start of one window to that of the next; at most
        `window_length`.

    Attributes
    ----------
    n_times_ : int
        Number of times of the series in fit.

    n_features_in_ : int
        Number of channels seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, where X had string column names.

    See Also
    --------
    numpy.lib.stride_tricks.sliding_window_view : The windows alone.

    Examples
    --------
    >>> from sk_dae.signals import SlidingWindows
    >>> windows = SlidingWindows(3, step=2)
    >>> rows = windows.fit_transform([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> rows
    array([[1., 2., 3.],
           [3., 4., 5.],
           [4., 5., 6.]])
    >>> windows.inverse_transform(rows)
    array([1., 2., 3., 4., 5., 6.])
    """

    _parameter_constraints: dict = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "step": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, window_length=32, *, step=1):
        self.window_length = window_length
        self.step = step

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters, and count times and channels.

        Parameters
        ----------
        X : array-like of shape (n_times,) or (n_times, n_channels)
            A series; NaN stands for a missing value.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        if self.step > self.window_length:
            raise ValueError(
                "step must be at most window_length, so that no time is left out, got "
                f"step={self.step} and window_length={self.window_length}."
            )
        before = dict(vars(self))
        try:
            X, one_channel = self._read(X, reset=True)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        self.n_times_ = len(X)
        self._one_channel = one_channel
        self._window_length, self._step = self.window_length, self.step
        return self

    def transform(self, X):
        """Return the windows of a series.

        Parameters
        ----------
        X : array-like of shape (n_times,) or (n_times, n_channels)
            A series of any length that holds a window.

        Returns
        -------
        windows : ndarray of shape (n_windows, window_length * n_channels)
            A window in each row: all channels of its first time, then of the next.
        """
        check_is_fitted(self)
        X, _ = self._read(X, reset=False)
        starts = self._starts(len(X))
        index = starts[:, None] + np.arange(self._window_length)
        return X[index].reshape(len(starts), -1)

    def inverse_transform(self, X, n_times=None):
        """Return the series of windows, the mean of those that overlap.

        Parameters
        ----------
        X : array-like of shape (n_windows, window_length * n_channels)
            Windows; NaN is left out of means.

        n_times : int, default=None
            Length of the series. None is that in fit, if it has as many windows, and
            elsewhere that of a series which ends with a step.

        Returns
        -------
        series : ndarray of shape (n_times,) or (n_times, n_channels)
            The series, of one dimension where that in fit was.
        """
        check_is_fitted(self)
        with naming_text(X, self):
            X = check_array(
                as_numbers(X),
                dtype=[np.float64, np.float32],
                ensure_all_finite="allow-nan",
                input_name="X",
            )
        width = self._window_length * self.n_features_in_
        if X.shape[1] != width:
            raise ValueError(
                "X of inverse_transform must have window_length * n_channels = "
                f"{width} columns, got {X.shape[1]}."
            )
        if n_times is None:
            n_times = self.n_times_
            if len(self._starts(n_times)) != len(X):
                n_times = (len(X) - 1) * self._step + self._window_length
        starts = self._starts(n_times) if n_times >= self._window_length else ()
        if len(starts) != len(X):
            raise ValueError(
                f"n_times={n_times} makes {len(starts)} windows of "
                f"{self._window_length} times with step={self._step}, got {len(X)}."
            )
        windows = X.reshape(len(X), self._window_length, -1).astype(np.float64)
        known = ~np.isnan(windows)
        total = np.zeros((n_times, self.n_features_in_))
        count = np.zeros_like(total)
        for j in range(self._window_length):
            # No time is twice in these, but that the last window shares with another.
            np.add.at(total, starts + j, np.where(known[:, j], windows[:, j], 0.0))
            np.add.at(count, starts + j, known[:, j])
        with np.errstate(invalid="ignore"):
            series = (total / count).astype(X.dtype)
        return series[:, 0] if self._one_channel else series

    def get_feature_names_out(self, input_features=None):
        """Get the names of the columns of the windows.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the channels.

        Returns
        -------
        feature_names_out : ndarray of str objects
            Such as "x0_t3": the channel, and the time since the start of the window.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.asarray(
            [f"{name}_t{t}" for t in range(self._window_length) for name in names],
            dtype=object,
        )

    def _read(self, X, *, reset):
        """Return a series in two dimensions, and whether it came in one."""
        one_channel = False
        if not hasattr(X, "columns") and not sp.issparse(X):
            X = X if hasattr(X, "ndim") else np.asarray(X)
            one_channel = X.ndim == 1
        if one_channel:
            X = np.asarray(X).reshape(-1, 1)
        X = validate_numbers(
            self,
            as_numbers(X),
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
        )
        length = self.window_length if reset else self._window_length
        if len(X) < length:
            raise ValueError(
                f"X must have at least window_length={length} times, got a series with "
                f"n_samples={len(X)}."
            )
        return X, one_channel

    def _starts(self, n_times):
        last = n_times - self._window_length
        starts = np.arange(0, last + 1, self._step)
        return starts if len(starts) and starts[-1] == last else np.append(starts, last)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
