"""Denoising spoken digits: an unseen speaker, in noise of a seen and an unseen kind.

The speech is the Free Spoken Digit Dataset at 8 kHz, three speakers: the denoiser is
trained on two, and every recording of the third is a test. There are two recordings of
noise, of dishes being washed and of a man who mews. The denoiser is trained with the
first 30 seconds of one of them, and with colored noise that it generates; the tests
have the last 10 seconds of both, at 0 dB. So one kind of noise was in the training, as
other seconds of it, and one was not. Then the two change places.

The settings are the defaults of `SpectrogramDenoiser`, which were chosen on one speaker
of the training, after training on the other, with seconds of the noise that are in no
test. On the same recordings:

- `scipy.signal.wiener`, in the time domain;
- a spectral Wiener filter with the decision-directed estimate of the a priori ratio
  (Ephraim and Malah, 1984; smoothing 0.98). It tracks the noise by the mean of the
  quietest fifth of the frames of each frequency; and once more with the true mean
  spectrum of the noise of each recording, which no method would know;
- `noisereduce`, with its defaults.

Measures: SI-SDR in decibels, its gain over the noisy recording, the segmental
signal-to-noise ratio, STOI (of recordings long enough for it) and PESQ (where it finds
an utterance in all). Times are of one core.

Speech and noise are read from `speech/fsdd_dev.npz` (`audio`, `offsets`, `speaker`,
`rate`) and `speech/noise_dev.npz` (a recording under each name, and `rate`) in the
folder that the environment variable SK_DAE_DATA names. Needs the extra `audio`, and
noisereduce.

    SK_DAE_DATA=folder python benchmarks/speech.py
"""

from __future__ import annotations

import argparse
import os
import time
from itertools import pairwise
from pathlib import Path

import noisereduce
import numpy as np
import torch
from scipy.signal import istft, stft, wiener

from _report import Report
from sk_dae import RecordedNoise, SpectrogramDenoiser
from sk_dae.metrics import (
    perceptual_speech_quality,
    segmental_signal_noise_ratio,
    short_time_objective_intelligibility,
    signal_distortion_ratio,
)

TEST_SPEAKER = "theo"
TRAIN_SECONDS, TEST_SECONDS = (0, 30), (30, 40)


def load(folder):
    """Return waveforms of speech by speaker, recordings of noise, and the rate."""
    with np.load(folder / "speech" / "fsdd_dev.npz") as file:
        audio, ends = file["audio"], file["offsets"]
        waves = [audio[a:b] for a, b in pairwise(ends)]
        speakers, rate = file["speaker"], int(file["rate"])
    with np.load(folder / "speech" / "noise_dev.npz") as file:
        if int(file["rate"]) != rate:
            raise ValueError("Speech and noise must have the same rate.")
        noise = {name: file[name] for name in file.files if name != "rate"}
    by_speaker = {
        str(name): [w for w, s in zip(waves, speakers, strict=True) if s == name]
        for name in np.unique(speakers)
    }
    return by_speaker, noise, rate


def mixtures(waves, noise, rate, snr_db, seed):
    """Return pairs of clean and noisy waveforms, of noise from random places."""
    random_state = np.random.RandomState(seed)
    noise = noise[TEST_SECONDS[0] * rate : TEST_SECONDS[1] * rate] / 32768
    pairs = []
    for wave in waves:
        clean = wave / 32768
        start = random_state.randint(len(noise) - len(clean) + 1)
        part = noise[start : start + len(clean)]
        gain = np.sqrt(np.mean(clean**2) / np.mean(part**2) / 10 ** (snr_db / 10))
        pairs.append((clean, clean + gain * part))
    return pairs


def spectral_wiener(noisy, rate, noise=None, smoothing=0.98):
    """Return a waveform through a decision-directed Wiener filter."""
    window = {"nperseg": min(256, len(noisy)), "fs": rate}
    _, _, frames = stft(noisy, **window)
    power = np.abs(frames) ** 2
    if noise is None:
        quiet = np.sort(power, axis=1)[:, : max(1, power.shape[1] // 5)]
        floor = quiet.mean(axis=1)
    else:
        floor = (np.abs(stft(noise, **window)[2]) ** 2).mean(axis=1)
    floor = np.maximum(floor, 1e-12)
    cleaned, before = np.empty_like(frames), np.zeros(len(floor))
    for t in range(frames.shape[1]):
        ratio = power[:, t] / floor
        prior = smoothing * before + (1 - smoothing) * np.maximum(ratio - 1, 0)
        gain = prior / (1 + prior)
        cleaned[:, t] = gain * frames[:, t]
        before = gain**2 * ratio
    return istft(cleaned, **window)[1][: len(noisy)]


def measured(pairs, restored, rate):
    """Return the mean of each measure, and SI-SDR of each recording."""
    sdr, segmental, stoi, pesq = [], [], [], []
    for (clean, _), estimate in zip(pairs, restored, strict=True):
        estimate = np.pad(estimate, (0, len(clean) - len(estimate)))
        sdr.append(signal_distortion_ratio(clean, estimate))
        given = {"sampling_rate": rate}
        segmental.append(segmental_signal_noise_ratio(clean, estimate, **given))
        for values, measure in (
            (stoi, short_time_objective_intelligibility),
            (pesq, perceptual_speech_quality),
        ):
            try:
                values.append(measure(clean, estimate, **given))
            except ValueError:
                values.append(np.nan)
    return np.array(sdr), np.mean(segmental), np.array(stoi), np.array(pesq)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--snr-db", type=float, default=0.0, help="of the tests")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    speech, noise, rate = load(Path(os.environ["SK_DAE_DATA"]))
    train = [w for name, ws in speech.items() if name != TEST_SPEAKER for w in ws]
    test = speech[TEST_SPEAKER]
    seconds = sum(map(len, test)) / rate
    report = Report("speech", "Spoken digits in noise", threads="one")
    report.text(
        f"{len(train)} recordings of two speakers to train on, {len(test)} of another "
        f"to test on, {seconds:.0f} s, at {options.snr_db:g} dB."
    )
    denoiser_name = "SpectrogramDenoiser"
    for seen in noise:
        clip = noise[seen][TRAIN_SECONDS[0] * rate : TRAIN_SECONDS[1] * rate]
        denoiser = SpectrogramDenoiser(
            sampling_rate=rate,
            corruption=[RecordedNoise([clip]), "colored"],
            random_state=options.seed,
        )
        start, cpu = time.perf_counter(), time.process_time()
        denoiser.fit(train)
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        report.text(
            f"Training with {seen}: {cpu:.0f} s of the processor, {took:.0f} s on the "
            "clock of a machine with other work."
        )
        for heard in noise:
            pairs = mixtures(test, noise[heard], rate, options.snr_db, options.seed)
            known = {id(noisy): noisy - clean for clean, noisy in pairs}
            methods = {
                "noisy": lambda y: y,
                "scipy.signal.wiener": wiener,
                "spectral Wiener": lambda y: spectral_wiener(y, rate),
                "spectral Wiener, true noise": lambda y, known=known: spectral_wiener(
                    y, rate, known[id(y)]
                ),
                "noisereduce": lambda y: noisereduce.reduce_noise(y=y, sr=rate),
                denoiser_name: denoiser.denoise,
            }
            found, times = {}, {}
            for name, method in methods.items():
                cpu = time.process_time()
                restored = [method(noisy) for _, noisy in pairs]
                times[name] = (time.process_time() - cpu) / seconds
                found[name] = measured(pairs, restored, rate)
            before = found["noisy"][0]
            with_stoi = np.all([~np.isnan(f[2]) for f in found.values()], axis=0)
            with_pesq = np.all([~np.isnan(f[3]) for f in found.values()], axis=0)
            rows = [
                [
                    name,
                    f"{sdr.mean():.2f}",
                    f"{(sdr - before).mean():+.2f}",
                    f"{segmental:.2f}",
                    f"{stoi[with_stoi].mean():.3f}",
                    f"{pesq[with_pesq].mean():.2f}",
                    f"{times[name]:.4f}",
                ]
                for name, (sdr, segmental, stoi, pesq) in found.items()
            ]
            kind = "in training" if heard == seen else "not in training"
            report.table(
                [
                    "method",
                    "SI-SDR, dB",
                    "gain, dB",
                    "segmental SNR, dB",
                    f"STOI ({with_stoi.sum()})",
                    f"PESQ ({with_pesq.sum()})",
                    "time / duration",
                ],
                rows,
                title=f"Trained with {seen}, tested with {heard}: {kind}",
            )
            gains = {n: (f[0] - before).mean() for n, f in found.items()}
            least = 6 if heard == seen else 3
            best = max(g for n, g in gains.items() if "true" not in n and n[0] != "S")
            stoi = [found[n][2][with_stoi].mean() for n in ("noisy", denoiser_name)]
            what = f"{kind}, {heard}"
            gain = gains[denoiser_name]
            report.bar(f"gain, {what}", f"{gain:.2f} dB", f">= {least}", gain >= least)
            report.bar(
                f"gain, {what}", f"{gain:.2f} dB", f"peers {best:.2f}", gain > best
            )
            report.bar(
                f"STOI, {what}",
                f"{stoi[1]:.3f}",
                f">= {stoi[0]:.3f}",
                stoi[1] >= stoi[0],
            )
            factor = times[denoiser_name]
            report.bar("time / duration", f"{factor:.3f}", "<= 0.05", factor <= 0.05)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
