"""Training material: clean and noisy segments of one length, drawn from waveforms."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.fft import next_fast_len
from scipy.signal import resample

from ..backend.random import seeded_generator
from ..data.rows import rows_of

__all__ = ["draw_segments", "level_of"]

#: Least and greatest speed at which waveforms are played, and noise.
SPEEDS, NOISE_SPEEDS = (0.8, 1.25), (0.7, 1.4)

#: Standard deviation in decibels of a random change of color, and how many bands have
#: one of their own.
COLOR_DB, N_BANDS = 6.0, 6

#: The probabilities that noise changes its color, is mixed with other noise, swells.
P_COLOR, P_MIX, P_SWELL = 0.5, 0.3, 0.3


def level_of(x):
    """Return the root mean square of a waveform; of any size without an overflow."""
    peak = np.abs(x).max(initial=0.0)
    return float(peak * np.sqrt(np.mean((x / peak) ** 2))) if peak > 0 else 0.0


def draw_segments(noisy, clean, *, length, n_draws, process, augment, random_state):
    """Draw clean segments, and noisy ones of the same.

    Parameters
    ----------
    noisy : list of ndarray of shape (n_samples,)
        Waveforms, as they are heard.

    clean : list of ndarray of shape (n_samples,) or None
        The waveforms to restore; None where these are clean.

    length : int
        Samples of a segment.

    n_draws : int
        How often every waveform is drawn.

    process : BaseCorruption or None
        Adds noise to segments.

    augment : bool
        Whether to vary the speed of waveforms, and the speed and the color of noise.

    random_state : RandomState
        Where the randomness comes from.

    Returns
    -------
    clean, noisy : ndarray of shape (n_segments, length), dtype float32
        The segments, of waveforms that are brought to a mean square of one.

    process : BaseCorruption or None
        The fitted process.
    """
    clean = noisy if clean is None else clean
    levels = [level_of(x) for x in clean]
    pairs = [
        np.stack([x / level, y / level]).astype(np.float32)
        for x, y, level in zip(clean, noisy, levels, strict=True)
        if level > 0
    ]
    segments = np.concatenate(
        [_one_draw(pairs, length, augment, random_state) for _ in range(n_draws)]
    )
    clean, noisy = segments[:, 0], segments[:, 1]
    if process is None:
        return clean, noisy, None
    process.fit_rows(rows_of(noisy), random_state)
    generator = seeded_generator(random_state.randint(np.iinfo(np.int32).max))
    corrupted = process.corrupt(torch.from_numpy(noisy), generator).nan_to_num_()
    corrupted = corrupted.numpy()
    if augment:
        corrupted = noisy + _varied(corrupted - noisy, random_state)
    return clean, corrupted, process


def _one_draw(pairs, length, augment, random_state):
    """Return segments of all waveforms, in random order and end to end."""
    order = random_state.permutation(len(pairs))
    tape = np.concatenate([pairs[i] for i in order], axis=1)
    segments, place = [], 0
    while place < tape.shape[1]:
        speed = _log_uniform(SPEEDS, random_state) if augment else 1.0
        n_samples = max(1, round(length * speed))
        piece = tape.take(np.arange(place, place + n_samples), axis=1, mode="wrap")
        segments.append(_at_length(piece, length))
        place += n_samples
    return np.stack(segments)


def _log_uniform(ends, random_state):
    return math.exp(random_state.uniform(*np.log(ends)))


def _at_length(x, length):
    """Return waveforms played at the speed that gives them a length."""
    n_samples = x.shape[-1]
    if n_samples == length:
        return x
    # Lengths of large prime factors take long.
    n_fast = next_fast_len(n_samples)
    n_out = round(length * n_fast / n_samples)
    filled = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n_fast - n_samples)])
    return resample(filled, max(n_out, length), axis=-1)[..., :length]


def _varied(noise, random_state):
    """Return noise at other speeds, of other colors, and mixed, at the same levels."""
    levels = _rms(noise)
    varied = np.empty_like(noise)
    length = noise.shape[1]
    for i, x in enumerate(noise):
        n_samples = round(length * _log_uniform(NOISE_SPEEDS, random_state))
        # The end turns round, where it has to be longer.
        x = np.concatenate([x, x[::-1]])[:n_samples]
        varied[i] = _at_length(x, length)
    backwards = random_state.uniform(size=len(noise)) < 0.5
    varied[backwards] = varied[backwards, ::-1]
    colored = random_state.uniform(size=len(noise)) < P_COLOR
    varied[colored] = _recolored(varied[colored], random_state)
    varied /= np.maximum(_rms(varied), 1e-12)

    mixed = random_state.uniform(size=len(noise)) < P_MIX
    others = varied[random_state.permutation(len(noise))][mixed]
    varied[mixed] += others * 10 ** (random_state.uniform(-0.5, 0, (len(others), 1)))
    swells = random_state.uniform(size=len(noise)) < P_SWELL
    turns = random_state.uniform(0.5, 6.0, (swells.sum(), 1))
    start = random_state.uniform(0, 2 * np.pi, (swells.sum(), 1))
    phase = turns * np.linspace(0, 2 * np.pi, length) + start
    varied[swells] *= 1 + 0.8 * np.sin(phase)
    return (varied * (levels / np.maximum(_rms(varied), 1e-12))).astype(np.float32)


def _rms(x):
    return np.sqrt(np.mean(x**2, axis=1, keepdims=True))


def _recolored(x, random_state):
    """Return rows with smooth random gains of their frequencies."""
    if not len(x):
        return x
    spectrum = np.fft.rfft(x, axis=1)
    gains = random_state.normal(scale=COLOR_DB, size=(len(x), N_BANDS))
    place = np.linspace(0, N_BANDS - 1, spectrum.shape[1])
    low = np.minimum(place.astype(int), N_BANDS - 2)
    part = place - low
    db = gains[:, low] * (1 - part) + gains[:, low + 1] * part
    return np.fft.irfft(spectrum * 10 ** (db / 20), n=x.shape[1], axis=1)
