"""Emphasis and schedules of the noise, on digits with a random ground.

MNIST with every pixel of the ground drawn uniformly from [0, 1], where the digit is not
brighter: after mnist-back-rand of Larochelle et al. (2007), who do not say how the two
are merged. The code of an autoencoder with one hidden layer of 1 000 units, trained on
10 000 rows, goes to a logistic regression. Each refinement is tried with two
corruptions, as the plain setting is; of each kind the one that does best on 2 000
validation rows is looked at on the 10 000 test rows.

- emphasis: a corrupted cell weighs twice as much as an untouched one, or untouched
  cells do not count (Vincent et al., 2010);
- schedules: the level falls to a tenth over the training (Geras and Sutton, 2015).

Read from the folder that `SK_DAE_DATA` names: `mnist.npz`.

    SK_DAE_DATA=~/data python benchmarks/emphasis.py
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import torch

from _report import Report, available_cores
from noise_guidance import Data, fit, read_pixels, test_error

SETTINGS = {
    "plain": {},
    "emphasis double": {"emphasis": "double"},
    "emphasis full": {"emphasis": "full"},
    "schedule linear": {"noise_schedule": "linear"},
    "schedule cosine": {"noise_schedule": "cosine"},
    "schedule exponential": {"noise_schedule": "exponential"},
}
TRIED = (("masking", 0.25), ("salt_and_pepper", 0.25))


def read_random_ground(folder):
    """Return MNIST on a ground of uniform noise."""
    pixels = read_pixels(folder)
    rng = np.random.RandomState(0)

    def on_ground(X):
        return np.maximum(X, rng.uniform(size=X.shape).astype(np.float32))

    parts = [(on_ground(X), y) for X, y in (pixels.train, pixels.valid, pixels.test)]
    return Data(*parts, pixels.shape)


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        parser.error("SK_DAE_DATA must name the folder of the data sets.")
    torch.set_num_threads(args.threads)
    data = read_random_ground(Path(folder))
    report = Report("emphasis", "Emphasis and schedules", threads=args.threads)
    report.text(
        f"Digits on a random ground, {args.epochs} epochs; error in %, mean of "
        f"{args.seeds} seeds of the net."
    )
    common = {"n_components": 1000, "max_iter": args.epochs}
    rows, valid, fitted = [], {}, {}
    for name, params in SETTINGS.items():
        for process, level in TRIED:
            runs = [
                fit(data, process, level, seed, **common, **params)
                for seed in range(args.seeds)
            ]
            valid[name, process, level] = np.mean([run[-1] for run in runs])
            fitted[name, process, level] = runs
        rows.append((name, *(f"{valid[name, *pair]:.2f}" for pair in TRIED)))
        print(*rows[-1], flush=True)
    heads = (f"{process}, {level:g}" for process, level in TRIED)
    report.table(("setting", *heads), rows, title="Validation error")

    def best_of(names):
        key = min((key for key in valid if key[0] in names), key=valid.get)
        errors = [test_error(data, *run[:-1]) for run in fitted[key]]
        return key, np.mean(errors)

    chosen = {
        "plain": best_of(["plain"]),
        "emphasis": best_of([n for n in SETTINGS if n.startswith("emphasis")]),
        "schedule": best_of([n for n in SETTINGS if n.startswith("schedule")]),
    }
    report.table(
        ("kind", "chosen", "corruption", "level", "validation", "test"),
        [
            (kind, *key[:2], f"{key[2]:g}", f"{valid[key]:.2f}", f"{error:.2f}")
            for kind, (key, error) in chosen.items()
        ],
        title="Chosen on validation rows",
    )
    plain = chosen["plain"][1]
    refined = min(
        (chosen[kind] for kind in ("emphasis", "schedule")), key=lambda c: valid[c[0]]
    )
    report.bar(
        "emphasis or schedule, chosen on validation rows",
        f"{refined[1]:.2f}",
        f"below {plain:.2f}",
        refined[1] < plain,
    )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
