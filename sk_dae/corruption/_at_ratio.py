"""Noise added at a signal-to-noise ratio: recorded clips, and colours."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ..backend.serialization import serializable
from ..data.waveforms import check_waveform
from ._base import BaseCorruption

__all__ = ["NOISE_COLORS", "ColoredNoise", "NoiseAtRatio", "RecordedNoise"]

#: The exponents of the colours: their power falls with the frequency to this power.
NOISE_COLORS = {"violet": -2.0, "blue": -1.0, "white": 0.0, "pink": 1.0, "brown": 2.0}

#: The greatest ratio in decibels, of either sign.
MOST_DB = 200.0

#: The least level of a stretch of a clip, relative to that of the clip, which keeps
#: its pauses from being amplified without end.
LEAST_LEVEL = 1e-2


class NoiseAtRatio(BaseCorruption):
    """Base of the processes that add noise at a signal-to-noise ratio in decibels.

    A subclass has the parameter `snr_db`, and draws noise in ``noise_like``.
    """

    rows_per_draw = 256

    def _validate_params(self):
        super()._validate_params()
        self._snr_range()

    def _snr_range(self):
        """Return the least and the greatest ratio."""
        given = self.snr_db
        ends = (given, given) if isinstance(given, Real) else given
        valid = not isinstance(ends, str) and len(ends) == 2
        valid = valid and all(
            isinstance(end, Real) and not isinstance(end, bool) for end in ends
        )
        if not (valid and -MOST_DB <= ends[0] <= ends[1] <= MOST_DB):
            raise ValueError(
                f"snr_db of {type(self).__name__} must be a number of decibels or a "
                f"pair (low, high) with low <= high, in [{-MOST_DB:g}, {MOST_DB:g}], "
                f"got {given!r}."
            )
        return float(ends[0]), float(ends[1])

    def set_level(self, n_features, feature_names):
        """Check the ratio, which stands for the level."""
        self._snr_range()

    def mask_of_all(self, X):
        """Return the mask of all cells, since noise is added to each."""
        return torch.ones_like(X, dtype=torch.bool)

    def noise_like(self, X, generator):
        """Draw noise of any level in the shape of `X`."""
        raise NotImplementedError

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        low, high = self._snr_range()
        ratio = X.new_empty(len(X), 1).uniform_(low, high, generator=generator)
        noise = self.noise_like(X, generator)
        level = _levels(X.nan_to_num())
        gain = level * 10.0 ** (ratio / -20.0) * self._factor
        return torch.addcmul(X, noise, gain), None


def _levels(X):
    """Return the root mean square of each row; of any size without an overflow."""
    peaks = X.abs().amax(dim=1, keepdim=True)
    scaled = X / torch.where(peaks > 0, peaks, 1.0)
    return peaks * scaled.square().mean(dim=1, keepdim=True).sqrt()


@serializable
class ColoredNoise(NoiseAtRatio):
    r"""Noise whose power falls with the frequency, at a signal-to-noise ratio.

    .. math:: \tilde x = x + \sqrt{\frac{\overline{x^2}}{10^{s / 10}}} \, n, \qquad
              s \sim U(s_0, s_1), \qquad |N(f)|^2 \propto f^{-\alpha}

    Rows are waveforms, or other series sampled at equal steps. Each draws a ratio
    :math:`s` in decibels and noise :math:`n` of a mean square of one. A silent row
    stays silent.

    Parameters
    ----------
    color : str, float or pair of float, default="pink"
        The exponent :math:`\alpha`: "white" is 0, "pink" 1, "brown" 2, "blue" -1 and
        "violet" -2; or a number in [-4, 4]; or a pair between whose ends each row
        draws its own.

    snr_db : float or pair of float, default=(-5.0, 10.0)
        The signal-to-noise ratio in decibels, or the least and the greatest.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    See Also
    --------
    RecordedNoise : Noise from recordings.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import ColoredNoise
    >>> waves = np.sin(np.arange(8000) / [[3.0], [5.0]])
    >>> noisy = ColoredNoise("brown", snr_db=6.0, random_state=0).fit_transform(waves)
    >>> ratio = (waves**2).mean(axis=1) / ((noisy - waves) ** 2).mean(axis=1)
    >>> (10 * np.log10(ratio)).round(2)
    array([6., 6.])
    """

    _parameter_constraints: dict = {
        "color": [
            StrOptions(set(NOISE_COLORS)),
            Interval(Real, -4, 4, closed="both"),
            tuple,
            list,
        ],
        "snr_db": [Real, tuple, list],
        "random_state": ["random_state"],
    }

    def __init__(self, color="pink", *, snr_db=(-5.0, 10.0), random_state=None):
        self.color = color
        self.snr_db = snr_db
        self.random_state = random_state

    def _validate_params(self):
        super()._validate_params()
        self._exponents()

    def _exponents(self):
        """Return the least and the greatest exponent."""
        given = self.color
        if isinstance(given, str):
            return (NOISE_COLORS[given],) * 2
        ends = (given, given) if isinstance(given, Real) else tuple(given)
        valid = len(ends) == 2 and all(isinstance(end, Real) for end in ends)
        if not (valid and -4 <= ends[0] <= ends[1] <= 4):
            raise ValueError(
                "color of ColoredNoise must be a name, a number, or a pair (low, high) "
                f"with low <= high in [-4, 4], got {given!r}."
            )
        return float(ends[0]), float(ends[1])

    def noise_like(self, X, generator):
        """Draw noise with a mean square of one in the shape of `X`."""
        n_rows, n_samples = X.shape
        low, high = self._exponents()
        # Twice the length, so that the ends do not meet.
        n_drawn = 2 * n_samples
        white = X.new_empty(n_rows, n_drawn).normal_(generator=generator)
        exponent = X.new_empty(n_rows, 1).uniform_(low, high, generator=generator)
        spectrum = torch.fft.rfft(white)
        frequency = torch.arange(spectrum.shape[1], device=X.device, dtype=X.dtype)
        # A constant over the row is no noise.
        frequency[0] = math.inf if low >= 0 else 1.0
        shape = (frequency / len(frequency)).pow(-exponent / 2)
        shape = shape.nan_to_num(nan=0.0, posinf=0.0)
        noise = torch.fft.irfft(spectrum * shape, n=n_drawn)[:, :n_samples]
        return noise / _levels(noise).clamp_min(torch.finfo(X.dtype).tiny)


@serializable
class RecordedNoise(NoiseAtRatio):
    r"""Recorded clips from random places, at a signal-to-noise ratio.

    .. math:: \tilde x = x + \sqrt{\frac{\overline{x^2}}{10^{s / 10}}} \, n, \qquad
              s \sim U(s_0, s_1)

    Rows are waveforms, or other series sampled as the clips are. Each draws a clip, a
    place in it and a ratio :math:`s` in decibels; :math:`n` is the stretch of the clip
    from there, with a mean square of one. A clip that is shorter than a row is
    repeated. A silent row stays silent, and the pauses of a clip stay pauses.

    Parameters
    ----------
    clips : array-like of shape (n_samples,) or list of such, default=None
        Recordings of noise, as floats or signed integers. Each is as probable as the
        others.

    snr_db : float or pair of float, default=(-5.0, 10.0)
        The signal-to-noise ratio in decibels, or the least and the greatest.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    clips_ : list of ndarray of shape (n_samples,), dtype float32
        The clips, with a mean square of one.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    See Also
    --------
    ColoredNoise : Noise of a colour, without recordings.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import RecordedNoise
    >>> hum = np.sin(np.arange(1000) / 7.0)
    >>> waves = np.sin(np.arange(400) / [[3.0], [5.0]])
    >>> noise = RecordedNoise([hum], snr_db=(0, 10), random_state=0)
    >>> noisy = noise.fit_transform(waves)
    >>> ratio = (waves**2).mean(axis=1) / ((noisy - waves) ** 2).mean(axis=1)
    >>> (10 * np.log10(ratio)).round(1)
    array([4.3, 4.9])
    """

    _parameter_constraints: dict = {
        "clips": ["array-like"],
        "snr_db": [Real, tuple, list],
        "random_state": ["random_state"],
    }

    def __init__(self, clips=None, *, snr_db=(-5.0, 10.0), random_state=None):
        self.clips = clips
        self.snr_db = snr_db
        self.random_state = random_state

    def set_level(self, n_features, feature_names):
        """Check the clips and the ratio, and bring the clips to one level."""
        super().set_level(n_features, feature_names)
        self.clips_ = self._read_clips()
        self._tape = Tape(self.clips_)

    def _read_clips(self):
        name = f"clips of {type(self).__name__}"
        given = self.clips
        if getattr(given, "ndim", 2) == 1 and given.dtype != object:
            given = [given]
        elif not hasattr(given, "dtype") and all(isinstance(x, Real) for x in given):
            given = [given] if len(given) else []
        if not len(given):
            raise ValueError(f"{name} must hold at least one recording, got none.")
        clips = []
        for i, clip in enumerate(given):
            clip, _ = check_waveform(clip, f"clips[{i}] of {type(self).__name__}")
            peak = np.abs(clip).max()
            if peak == 0:
                raise ValueError(
                    f"clips[{i}] of {type(self).__name__} must not be silent, got "
                    f"{len(clip)} zeros."
                )
            clip = clip / peak
            clips.append((clip / np.sqrt(np.mean(clip**2))).astype(np.float32))
        return clips

    def noise_like(self, X, generator):
        """Draw stretches of the clips, with a mean square of one."""
        noise = self._tape.stretches(X, generator)
        return noise / _levels(noise).clamp_min(LEAST_LEVEL)


@serializable(leave_out=["_moved"])
class Tape:
    """Clips end to end, from which stretches are drawn.

    Parameters
    ----------
    clips : list of ndarray of shape (n_samples,), dtype float32
        The clips.
    """

    # A copy on an accelerator, made when it is first needed.
    _moved = None

    def __init__(self, clips):
        self.lengths = torch.tensor([len(clip) for clip in clips])
        self.samples = torch.from_numpy(np.concatenate(clips))

    def __getstate__(self):
        """Leave the copy on an accelerator behind."""
        return {**vars(self), "_moved": None}

    def stretches(self, X, generator):
        """Draw a stretch of a clip for each row of `X`, repeated where it is short."""
        samples, lengths = self._beside(X)
        n_rows, n_samples = X.shape
        device = X.device
        clip = torch.randint(
            len(lengths), (n_rows,), generator=generator, device=device
        )
        length = lengths[clip]
        # As many places as let the stretch end within the clip, where it can.
        places = torch.where(length > n_samples, length - n_samples + 1, length)
        place = torch.rand(n_rows, generator=generator, device=device)
        place = torch.minimum((place * places).long(), places - 1)
        index = torch.arange(n_samples, device=device) + place[:, None]
        starts = (lengths.cumsum(0) - lengths)[clip]
        return samples[index.remainder_(length[:, None]).add_(starts[:, None])]

    def _beside(self, X):
        """Return the clips and their lengths on the device of X, sent there once."""
        moved = self._moved
        if moved is None or moved[0].device != X.device or moved[0].dtype != X.dtype:
            moved = self._moved = self.samples.to(X), self.lengths.to(X.device)
        return moved
