"""Time that a corruption adds to a training step: 784-500-784, batches of 128.

Nets that differ in the corruption alone take turns in one process, an epoch of 100
steps each, on rows of pixels in [0, 1], many of them zero. The time of an epoch is the
one that the net records; the median over the rounds is compared with that without
corruption, taken in the same rounds.

    python benchmarks/corruption_speed.py
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from _report import Report, available_cores
from sk_dae import BlockNoise, DenoisingAutoencoder
from sk_dae.corruption import CORRUPTIONS

N_STEPS, BATCH = 100, 128

#: What each may add at most; what is not named is reported only.
LIMITS = {
    **dict.fromkeys(
        ("gaussian", "uniform", "speckle", "masking", "block", "salt_and_pepper"), 0.2
    ),
    "swap": 0.4,
    "marginal": 0.4,
}


def make_rows():
    """Return rows of pixels, two thirds of them zero."""
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(N_STEPS * BATCH, 784)).astype(np.float32)
    return X * (rng.uniform(size=X.shape) < 1 / 3)


def seconds_of_an_epoch(corruption, X):
    """Return how long the second of two epochs takes."""
    if corruption == "block":
        corruption = BlockNoise(0.2, shape=(28, 28), block_size=7)
    dae = DenoisingAutoencoder(
        500,
        hidden_layer_sizes=(),
        corruption=corruption,
        noise_level=0.2 if isinstance(corruption, str) else "auto",
        batch_size=BATCH,
        max_iter=2,
        device="cpu",
        random_state=0,
    ).fit(X)
    return dae.net_.history[-1, "dur"]


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=available_cores())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    X = make_rows()
    contenders = [None, *CORRUPTIONS]
    times = {corruption: [] for corruption in contenders}
    for _ in range(args.rounds):
        for corruption in contenders:
            times[corruption].append(seconds_of_an_epoch(corruption, X) / N_STEPS)
    report = Report("corruption_speed", "What a corruption costs", threads=args.threads)
    report.text(
        f"Milliseconds of a training step, 784-500-784, batches of {BATCH}; medians of "
        f"{args.rounds} rounds in which all took turns. The level is 0.2, blocks "
        "are of 7 by 7 pixels. More: the median of the ratios within a round."
    )
    plain = np.array(times[None])
    rows, added = [], {}
    for corruption in contenders:
        own = np.array(times[corruption])
        added[corruption] = np.median(own / plain) - 1
        more = "" if corruption is None else f"{100 * added[corruption]:+.0f} %"
        rows.append((str(corruption), f"{1e3 * np.median(own):.2f}", more))
    report.table(("corruption", "ms", "more"), rows)
    for corruption, limit in LIMITS.items():
        report.bar(
            corruption,
            f"{100 * added[corruption]:+.0f} %",
            f"at most {100 * limit:.0f} %",
            added[corruption] <= limit,
        )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
