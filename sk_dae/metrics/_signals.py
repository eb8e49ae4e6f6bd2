"""Measures of how like a waveform its denoised version is."""

from __future__ import annotations

import warnings
from importlib import import_module
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval, validate_params

from ..backend.suggestions import with_suggestions
from ..data.waveforms import check_waveform

__all__ = [
    "perceptual_speech_quality",
    "segmental_signal_noise_ratio",
    "short_time_objective_intelligibility",
    "signal_distortion_ratio",
]


@with_suggestions
@validate_params(
    {"x_true": ["array-like"], "x_pred": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def signal_distortion_ratio(x_true, x_pred):
    r"""Compute the scale-invariant signal-to-distortion ratio (SI-SDR) in decibels.

    .. math:: \mathrm{SI\text{-}SDR} = 10 \log_{10}
              \frac{\|\alpha x\|^2}{\|\alpha x - \hat x\|^2}, \qquad
              \alpha = \frac{\hat x^\top x}{\|x\|^2}

    Both waveforms are brought to a mean of zero first.

    Parameters
    ----------
    x_true : array-like of shape (n_samples,)
        The clean waveform :math:`x`.

    x_pred : array-like of shape (n_samples,)
        The noisy or denoised waveform :math:`\hat x`.

    Returns
    -------
    ratio : float
        The ratio. Infinite where the two are alike but for a factor, minus infinity
        where they have nothing in common.

    Raises
    ------
    ValueError
        If the waveforms differ in length, or `x_true` is constant.

    References
    ----------
    Le Roux, J., Wisdom, S., Erdogan, H. and Hershey, J. R. (2019). SDR - half-baked or
    well done? ICASSP.

    Examples
    --------
    >>> from sk_dae.metrics import signal_distortion_ratio
    >>> x = [1.0, -1.0, 1.0, -1.0]
    >>> round(signal_distortion_ratio(x, [1.1, -1.0, 0.9, -1.0]), 2)
    23.01
    """
    x, estimate = _pair(x_true, x_pred)
    x, estimate = (_unit(y - y.mean()) for y in (x, estimate))
    power = x @ x
    if power == 0:
        raise ValueError("x_true must not be constant, which has no scale.")
    if not estimate.any():
        return -np.inf
    target = (estimate @ x) / power * x
    return _decibels(target @ target, np.sum((target - estimate) ** 2))


@with_suggestions
@validate_params(
    {
        "x_true": ["array-like"],
        "x_pred": ["array-like"],
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "frame_duration": [Interval(Real, 0, None, closed="neither")],
        "limits_db": [tuple, list],
    },
    prefer_skip_nested_validation=True,
)
def segmental_signal_noise_ratio(
    x_true, x_pred, *, sampling_rate, frame_duration=0.03, limits_db=(-10.0, 35.0)
):
    r"""Compute the segmental signal-to-noise ratio in decibels.

    .. math:: \mathrm{SNR}_{\mathrm{seg}} = \frac{1}{T} \sum_t \min\left(b, \max\left(
              a, 10 \log_{10} \frac{\sum_n x_{tn}^2}{\sum_n (x_{tn} - \hat x_{tn})^2}
              \right)\right)

    over frames :math:`t` that follow each other, the last of which may be shorter.
    Frames in which the clean waveform is silent are left out.

    Parameters
    ----------
    x_true : array-like of shape (n_samples,)
        The clean waveform :math:`x`.

    x_pred : array-like of shape (n_samples,)
        The noisy or denoised waveform :math:`\hat x`, at the same scale.

    sampling_rate : float
        Samples per second, in Hz.

    frame_duration : float, default=0.03
        Length of a frame, in seconds.

    limits_db : pair of float, default=(-10.0, 35.0)
        Least and greatest ratio :math:`a, b` of a frame, in decibels.

    Returns
    -------
    ratio : float
        The ratio.

    Raises
    ------
    ValueError
        If the waveforms differ in length, or `x_true` is silent.

    References
    ----------
    Hansen, J. H. L. and Pellom, B. L. (1998). An effective quality evaluation protocol
    for speech enhancement algorithms. ICSLP.

    Examples
    --------
    >>> from sk_dae.metrics import segmental_signal_noise_ratio
    >>> x = [1.0, -1.0, 0.1, -0.1]
    >>> noisy = [1.1, -1.1, 0.2, -0.2]
    >>> round(
    ...     segmental_signal_noise_ratio(
    ...         x, noisy, sampling_rate=100, frame_duration=0.02
    ...     ),
    ...     6,
    ... )
    10.0
    """
    x, estimate = _pair(x_true, x_pred)
    valid = len(limits_db) == 2 and all(isinstance(end, Real) for end in limits_db)
    if not valid or not limits_db[0] <= limits_db[1]:
        raise ValueError(
            "limits_db must be a pair (low, high) of decibels with low <= high, got "
            f"{limits_db!r}."
        )
    length = max(1, round(frame_duration * sampling_rate))
    starts = np.arange(0, len(x), length)
    peak = max(np.abs(x).max(), np.abs(x - estimate).max())
    if not x.any():
        raise ValueError("x_true must not be silent, got zeros only.")
    signal = np.add.reduceat((x / peak) ** 2, starts)
    noise = np.add.reduceat(((x - estimate) / peak) ** 2, starts)
    heard = signal > 0
    with np.errstate(divide="ignore"):
        ratios = 10 * (np.log10(signal[heard]) - np.log10(noise[heard]))
    return float(np.clip(ratios, *limits_db).mean())


@with_suggestions
@validate_params(
    {
        "x_true": ["array-like"],
        "x_pred": ["array-like"],
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "extended": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def short_time_objective_intelligibility(
    x_true, x_pred, *, sampling_rate, extended=False
):
    """Compute the short-time objective intelligibility (STOI) of speech.

    Computed by the package pystoi, which the extra ``audio`` installs.

    Parameters
    ----------
    x_true : array-like of shape (n_samples,)
        The clean waveform.

    x_pred : array-like of shape (n_samples,)
        The noisy or denoised waveform.

    sampling_rate : float
        Samples per second, in Hz; a whole number.

    extended : bool, default=False
        Whether to compute the extended measure (ESTOI), for noise that comes and goes.

    Returns
    -------
    intelligibility : float
        Between 0 and 1 mostly; greater is better.

    Raises
    ------
    ImportError
        If pystoi is not installed.

    ValueError
        If the waveforms differ in length, or have too few frames with speech: less than
        0.4 seconds.

    References
    ----------
    Taal, C. H., Hendriks, R. C., Heusdens, R. and Jensen, J. (2011). An algorithm for
    intelligibility prediction of time-frequency weighted noisy speech. IEEE
    Transactions on Audio, Speech, and Language Processing, 19(7).

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae.metrics import short_time_objective_intelligibility
    >>> x = np.random.default_rng(0).normal(size=10_000)
    >>> round(
    ...     short_time_objective_intelligibility(x, x, sampling_rate=10_000), 3
    ... )  # doctest: +SKIP
    1.0
    """
    stoi = _from_extra("pystoi", "stoi")
    x, estimate = _pair(x_true, x_pred)
    rate = _whole(sampling_rate)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(stoi(x, estimate, rate, extended=extended))
        except RuntimeWarning:
            raise ValueError(
                "x_true must hold speech in more frames, of about 0.4 seconds, for "
                f"STOI, got {len(x) / rate:.2g} seconds."
            ) from None


@with_suggestions
@validate_params(
    {
        "x_true": ["array-like"],
        "x_pred": ["array-like"],
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def perceptual_speech_quality(x_true, x_pred, *, sampling_rate):
    """Compute the perceptual evaluation of speech quality (PESQ).

    Computed by the package pesq, which the extra ``audio`` installs: narrow-band at
    8000 Hz, wide-band at 16000 Hz.

    Parameters
    ----------
    x_true : array-like of shape (n_samples,)
        The clean waveform.

    x_pred : array-like of shape (n_samples,)
        The noisy or denoised waveform.

    sampling_rate : {8000, 16000}
        Samples per second, in Hz.

    Returns
    -------
    quality : float
        From about 1, bad, to 4.6, without a flaw.

    Raises
    ------
    ImportError
        If pesq is not installed.

    ValueError
        If the waveforms differ in length or have another rate, or no utterance is
        found: they are shorter than a quarter of a second, or silent.

    References
    ----------
    ITU-T Recommendation P.862 (2001). Perceptual evaluation of speech quality.

    Examples
    --------
    >>> from sk_dae.metrics import perceptual_speech_quality
    >>> perceptual_speech_quality(
    ...     speech, denoised, sampling_rate=8000
    ... )  # doctest: +SKIP
    2.1
    """
    pesq = _from_extra("pesq", "pesq")
    x, estimate = _pair(x_true, x_pred)
    modes = {8000: "nb", 16000: "wb"}
    if sampling_rate not in modes:
        raise ValueError(
            f"sampling_rate must be 8000 or 16000 Hz for PESQ, got {sampling_rate:g}."
        )
    try:
        return float(pesq(int(sampling_rate), x, estimate, modes[sampling_rate]))
    except Exception as error:
        # Its errors have classes of their own, which inherit from no other.
        if not type(error).__module__.startswith(("pesq", "cypesq")):
            raise
        raise ValueError(
            f"PESQ finds no utterance in {len(x) / sampling_rate:.2g} seconds of "
            f"x_true and x_pred: {error!r}."
        ) from None


def _pair(x_true, x_pred):
    """Return two waveforms of one length, checked."""
    x, _ = check_waveform(x_true, "x_true")
    estimate, _ = check_waveform(x_pred, "x_pred")
    if len(x) != len(estimate):
        raise ValueError(
            f"x_pred must have the {len(x)} samples of x_true, got {len(estimate)}."
        )
    return x, estimate


def _unit(x):
    """Return a waveform with a greatest amplitude of one, whatever its own."""
    peak = np.abs(x).max()
    return x / peak if peak > 0 else x


def _decibels(signal, noise):
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal > 0 else -float("inf")


def _whole(rate):
    if rate != int(rate):
        raise ValueError(f"sampling_rate must be a whole number of Hz, got {rate:g}.")
    return int(rate)


def _from_extra(package, name):
    try:
        return getattr(import_module(package), name)
    except ImportError as error:
        raise ImportError(
            f"{package} is not installed, which computes this measure. Install it, or "
            "the extra that has it: pip install 'sk-dae[audio]'."
        ) from error
