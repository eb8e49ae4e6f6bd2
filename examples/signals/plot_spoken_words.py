"""
==================================
Take the noise out of spoken words
==================================

A :class:`~sk_dae.SpectrogramDenoiser` hears words without noise, and a recording of a
machine room. From then on it takes the noise of the machines out of words of a voice
that it has never heard.

No recording comes with scikit-learn, so the words are made here: a voice is a row of
harmonics of a gliding pitch, and the vocal tract makes some of them loud, near
frequencies that wander from vowel to vowel. A hiss stands before some words.
"""

# %%
# Words and noise
# ---------------
# Six voices speak twelve words each; a seventh, higher than any of them, is kept for
# the test. The room has a hum, the rush of a fan, and strokes that are as loud as the
# words.

import matplotlib.pyplot as plt
import numpy as np
from scipy.signal import butter, lfilter

from sk_dae import RecordedNoise, SpectrogramDenoiser
from sk_dae.metrics import segmental_signal_noise_ratio, signal_distortion_ratio
from sk_dae.plotting import SpectrogramDisplay

RATE = 8000  # Hz

# The first three resonances of vowels, in Hz: as in "see", "hat", "far", "more", "too".
VOWELS = np.array(
    [
        [280, 2250, 2900],
        [660, 1700, 2400],
        [710, 1100, 2450],
        [500, 850, 2400],
        [310, 870, 2250],
    ]
)


def speak(pitch, tract, rng):
    """Return a word of a voice of some pitch and length of the vocal tract."""
    n_samples = int(rng.uniform(0.5, 0.8) * RATE)
    time = np.linspace(0, 1, n_samples)
    # From one vowel to another, and to a third.
    places = VOWELS[rng.choice(len(VOWELS), 3, replace=False)] * tract
    formants = np.stack([np.interp(time, [0.1, 0.5, 0.9], f) for f in places.T])
    glide = pitch * (1.15 - 0.9 * (time - 0.35) ** 2)
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    word = np.zeros(n_samples)
    for k in range(1, int(RATE / 2 / glide.max())):
        peaks = 1 / (1 + ((k * glide - formants) / [[60], [90], [140]]) ** 2)
        word += peaks.sum(axis=0) / k**0.5 * np.sin(k * phase)
    word *= np.clip(5 * time, 0, 1) * np.clip(4 * (1 - time), 0, 1)
    word *= 1 - 0.7 * np.exp(-(((time - 0.55) / 0.05) ** 2))
    if rng.random() < 0.5:
        hiss = lfilter(*butter(4, 2200, "high", fs=RATE), rng.normal(size=900))
        word = np.concatenate([0.5 * hiss * np.hanning(900), word])
    return word / word.std()


def machines(seconds, rng):
    """Return the noise of a room of machines."""
    n_samples = int(seconds * RATE)
    time = np.arange(n_samples) / RATE
    hum = sum(np.sin(2 * np.pi * 100 * k * time) / k for k in (1, 2, 3, 5))
    fan = lfilter(*butter(1, 600, fs=RATE), rng.normal(size=n_samples))
    fan *= 6 * (1 + 0.4 * np.sin(2 * np.pi * 3.7 * time))
    strokes = np.zeros(n_samples)
    for start in np.arange(0, n_samples - 1200, RATE // 5):
        ring = np.exp(-np.arange(1200) / 200) * rng.normal(size=1200)
        strokes[start : start + 1200] += 6 * ring
    strokes = lfilter(*butter(2, [1200, 2600], "band", fs=RATE), strokes)
    return hum + fan + strokes


rng = np.random.default_rng(0)
words = [
    speak(pitch, tract, rng)
    for pitch, tract in zip(
        [95, 110, 125, 150, 180, 205], [0.95, 1.0, 0.98, 1.05, 1.1, 1.15], strict=True
    )
    for _ in range(12)
]
room = machines(20, rng)

# %%
# Train
# -----
# A list of corruptions gives each segment one of them: the room, or noise of a random
# color, so that noise which is not of the room is not new altogether.

denoiser = SpectrogramDenoiser(
    sampling_rate=RATE,
    corruption=[RecordedNoise([room], snr_db=(-5, 10)), "colored"],
    n_draws=2,
    random_state=0,
)
denoiser.fit(words)

# %%
# A new voice, at another time in the room
# ----------------------------------------
# Noise and words are equally loud: 0 dB.

clean = np.concatenate([speak(230, 1.18, rng) for _ in range(3)])
noise = machines(len(clean) / RATE + 0.01, rng)[: len(clean)]
noisy = clean + noise * clean.std() / noise.std()
denoised = denoiser.denoise(noisy)

for name, wave in {"noisy": noisy, "denoised": denoised}.items():
    sdr = signal_distortion_ratio(clean, wave)
    segmental = segmental_signal_noise_ratio(clean, wave, sampling_rate=RATE)
    print(f"{name:9s} SI-SDR {sdr:5.1f} dB, segmental SNR {segmental:5.1f} dB")

# %%
# In the spectrogram of the noisy words hum and fan are a cloud that hides the lower
# harmonics, and every stroke of the machines is a bar. The denoised words have most of
# their harmonics back, and the pauses are dark.

display = SpectrogramDisplay.from_waveforms(
    {"clean": clean, "noisy": noisy, "denoised": denoised}, sampling_rate=RATE
)
display.figure_.set_size_inches(10, 3.6)
plt.show()

# sphinx_gallery_start_ignore
# Run as a script, it writes the picture where it is told.
import argparse

parser = argparse.ArgumentParser(description="Take the noise out of spoken words.")
parser.add_argument("--output", metavar="FILE", help="where to write the picture")
output = parser.parse_known_args()[0].output
if output:
    display.figure_.savefig(output, dpi=150)
# sphinx_gallery_end_ignore
