"""Waveforms as frames of their short-time Fourier transform, and back."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
)

from ..backend.nested_parameters import NestedParameters
from ..backend.serialization import serializable
from ..backend.settings import own_settings
from ..backend.suggestions import SuggestingMixin
from ..data.text import validate_numbers
from ..data.waveforms import are_rows, read_waveforms
from ..tables.numbers import as_numbers
from ._fourier import ShortTimeFourier

__all__ = ["ShortTimeFourierTransformer"]

#: The parts of a complex number that a row holds, by `output`.
PARTS = {"complex": ("real", "imag"), "magnitude": ("magnitude",)}


@serializable(standalone=True)
class ShortTimeFourierTransformer(
    SuggestingMixin, NestedParameters, TransformerMixin, BaseEstimator
):
    r"""Frames of the short-time Fourier transform of waveforms, with an exact inverse.

    .. math:: X_{tk} = \sum_n w_n \, x_{n + t h - N / 2} \, e^{-2 \pi i k n / N}

    for frames :math:`t` of :math:`N` samples, :math:`h` samples apart, each centred on
    a multiple of :math:`h` and weighted by a window :math:`w`; outside a waveform are
    zeros. A waveform of any length comes back exactly, also of one that is shorter than
    a frame. Computed by :func:`torch.stft` and :func:`torch.istft` in float64. Read
    more in the :ref:`User Guide <signals>`.

    Parameters
    ----------
    sampling_rate : float, default=16000
        Samples per second of the waveforms, in Hz.

    window_duration : float, default=0.064
        Length of a frame, in seconds; rounded up to an even number of samples.

    hop_duration : float, default=0.016
        Time from one frame to the next, in seconds; at most half of `window_duration`.

    window : str or tuple, default="hann"
        The window, as in :func:`scipy.signal.get_window`.

    output : {"complex", "magnitude"}, default="complex"
        Whether to give complex numbers, or their magnitudes, which have no inverse.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of the rows seen during fit, where these were rows.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string column names.

    See Also
    --------
    SpectrogramDenoiser : Denoises waveforms by their frames.
    scipy.signal.ShortTimeFFT : The transform without an estimator, with more options.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae.signals import ShortTimeFourierTransformer
    >>> stft = ShortTimeFourierTransformer(
    ...     sampling_rate=8000, window_duration=0.032, hop_duration=0.008
    ... )
    >>> waves = [np.sin(np.arange(n) / 4.0) for n in (8000, 5001)]
    >>> frames = stft.fit_transform(waves)
    >>> [x.shape for x in frames]
    [(126, 129), (80, 129)]
    >>> restored = stft.inverse_transform(frames, n_samples=[8000, 5001])
    >>> [bool(np.allclose(x, y)) for x, y in zip(waves, restored)]
    [True, True]
    """

    _parameter_constraints: dict = {
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "window_duration": [Interval(Real, 0, None, closed="neither")],
        "hop_duration": [Interval(Real, 0, None, closed="neither")],
        "window": [str, tuple],
        "output": [StrOptions(set(PARTS))],
    }

    def __init__(
        self,
        sampling_rate=16000,
        *,
        window_duration=0.064,
        hop_duration=0.016,
        window="hann",
        output="complex",
    ):
        self.sampling_rate = sampling_rate
        self.window_duration = window_duration
        self.hop_duration = hop_duration
        self.window = window
        self.output = output

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters and the waveforms; nothing is learned.

        Parameters
        ----------
        X : list of ndarray of shape (n_samples,), ndarray of shape (n_samples,), or \
                array-like of shape (n_waveforms, n_samples)
            Waveforms of any lengths, one, or one in each row.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        fourier = ShortTimeFourier.of(self)
        if are_rows(X):
            self._read_rows(X, reset=True)
        else:
            read_waveforms(X)
            vars(self).pop("n_features_in_", None)
            vars(self).pop("feature_names_in_", None)
        self._fourier = fourier
        return self

    @own_settings(grad=False)
    def transform(self, X):
        """Return the frames of waveforms.

        Parameters
        ----------
        X : list of ndarray of shape (n_samples,), ndarray of shape (n_samples,), or \
                array-like of shape (n_waveforms, n_samples)
            Waveforms of any lengths, one, or one in each row. Integers count as
            fractions of the range of their type.

        Returns
        -------
        frames : list of ndarray of shape (n_frames, n_bins), one such array, or \
                ndarray of shape (n_waveforms, n_frames * n_bins * n_parts)
            The frames of each waveform, complex128 or float64. In rows they are
            float64, and a complex number is two columns, the real and the imaginary
            part.
        """
        check_is_fitted(self)
        if are_rows(X):
            frames = self._fourier.forward(self._read_rows(X, reset=False))
            parts = torch.view_as_real(frames) if self._is_complex else frames.abs()
            return parts.reshape(len(frames), -1).numpy()
        waveforms = read_waveforms(X)
        frames = [self._fourier.forward(x) for x in waveforms.values]
        frames = [(x if self._is_complex else x.abs()).numpy() for x in frames]
        return frames[0] if waveforms.container == "one" else frames

    @own_settings(grad=False)
    def inverse_transform(self, X, n_samples=None):
        """Return the waveforms of frames.

        Parameters
        ----------
        X : list of ndarray of shape (n_frames, n_bins), one such array, or array-like \
                of shape (n_waveforms, n_frames * n_bins * 2)
            Frames as :meth:`transform` gives them, changed or not.

        n_samples : int or list of int, default=None
            Lengths of the waveforms. None is that of the rows in :meth:`fit` for rows,
            and elsewhere the time of the last frame, which leaves less than a hop of
            zeros at the end.

        Returns
        -------
        waveforms : list of ndarray of shape (n_samples,), one such array, or ndarray \
                of shape (n_waveforms, n_samples)
            The waveforms, float64.
        """
        check_is_fitted(self)
        if not self._is_complex:
            raise ValueError(
                "inverse_transform needs the phase, and output='complex', got "
                f"output={self.output!r}."
            )
        one = isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind == "c"
        if one or not are_rows(X):
            return self._invert_frames([X] if one else X, n_samples, one)
        X = check_array(as_numbers(X), dtype=np.float64, input_name="X")
        width = 2 * self._fourier.n_bins
        if X.shape[1] % width:
            raise ValueError(
                f"X of inverse_transform must have a multiple of {width} columns, two "
                f"for each of {self._fourier.n_bins} frequencies, got {X.shape[1]}."
            )
        parts = torch.from_numpy(X).reshape(len(X), -1, self._fourier.n_bins, 2)
        if n_samples is None:
            n_samples = getattr(self, "n_features_in_", None)
        return self._invert(torch.view_as_complex(parts), n_samples)

    def get_feature_names_out(self, input_features=None):
        """Get the names of the columns that rows are transformed to.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Ignored, but for a check of their number.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name per column, such as "frame3_bin20_real".
        """
        check_is_fitted(self, "n_features_in_")
        _check_feature_names_in(self, input_features)
        n_frames = self._fourier.n_frames(self.n_features_in_)
        return np.asarray(
            [
                f"frame{t}_bin{k}_{part}"
                for t in range(n_frames)
                for k in range(self._fourier.n_bins)
                for part in PARTS[self.output]
            ],
            dtype=object,
        )

    def __sklearn_is_fitted__(self):
        """Whether there was a fit, which leaves no attribute where X had no rows."""
        return hasattr(self, "_fourier")

    @property
    def _is_complex(self):
        return self.output == "complex"

    def _read_rows(self, X, *, reset):
        return validate_numbers(self, as_numbers(X), reset=reset, dtype=np.float64)

    def _invert_frames(self, X, n_samples, one):
        """Return the waveforms of arrays of complex frames."""
        lengths = n_samples
        if n_samples is None or isinstance(n_samples, Integral):
            lengths = [n_samples] * len(X)
        if len(lengths) != len(X):
            raise ValueError(
                f"n_samples must have a length for each of {len(X)} waveforms, got "
                f"{len(lengths)}."
            )
        waves = []
        for i, (frames, length) in enumerate(zip(X, lengths, strict=True)):
            frames = np.asarray(frames)
            if (
                frames.ndim != 2
                or frames.shape[1] != self._fourier.n_bins
                or not len(frames)
                or frames.dtype.kind not in "fc"
                or not np.isfinite(frames).all()
            ):
                raise ValueError(
                    f"X[{i}] must hold finite complex numbers in the shape (n_frames, "
                    f"{self._fourier.n_bins}), got {frames.dtype} in {frames.shape}."
                )
            frames = torch.from_numpy(np.ascontiguousarray(frames, np.complex128))
            waves.append(self._invert(frames, length))
        return waves[0] if one else waves

    def _invert(self, frames, n_samples):
        """Return the waveforms of frames, of a length that they reach."""
        hop, n_frames = self._fourier.hop, frames.shape[-2]
        most = (n_frames - 1) * hop
        if n_samples is not None and not most - hop < n_samples <= most:
            raise ValueError(
                f"n_samples must be more than {most - hop} and at most {most} for "
                f"{n_frames} frames, got {n_samples}."
            )
        return self._fourier.inverse(frames, n_samples)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
