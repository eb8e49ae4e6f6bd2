"""How the defaults of DenoisingAutoencoder stand beside their neighbours.

Every parameter is varied alone, all others at their defaults. The measure is the mean
squared error of the denoised validation rows, 25 % of the rows, over that of the
defaults: below one, the neighbour is better. The noise is Gaussian, of the level that
the autoencoder is trained with; the validation rows get one fixed draw of it. Two
splits of each set are averaged, the same for every setting; nothing is tested on rows
that another benchmark tests on.

Sets: digits and breast cancer come with scikit-learn. MNIST (10 000 training rows) and
the numeric columns of California housing are read from the folder that `SK_DAE_DATA`
names, as `mnist.npz` (`X_train`, uint8) and `tabular/california_housing.npz` (`X_num`);
without it they are left out. Tables are standardised.

    SK_DAE_DATA=~/data python benchmarks/defaults.py
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoder
from sk_dae.metrics import make_denoising_scorer

N_SPLITS = 2

VARIATIONS = [
    {"learning_rate_init": 0.001},
    {"learning_rate_init": 0.01},
    {"learning_rate": "cosine"},
    {"learning_rate": "constant"},
    {"alpha": 0.0},
    {"alpha": 0.1},
    {"batch_size": 32},
    {"batch_size": 512},
    {"max_iter": "half"},
    {"max_iter": "double"},
    {"hidden_layer_sizes": (128,)},
    {"hidden_layer_sizes": (512,)},
    {"hidden_layer_sizes": (256, 256)},
    {"activation": "silu"},
    {"tied_weights": True},
    {"dropout": 0.1},
]


def read_sets():
    """Return rows and noise level of each set that is at hand."""
    digits = load_digits()
    table = StandardScaler().fit_transform(load_breast_cancer().data)
    sets = {
        # The rows that the other benchmarks test on stay out.
        "digits": (
            train_test_split(
                digits.data / 16,
                test_size=0.33,
                random_state=0,
                stratify=digits.target,
            )[0],
            0.5,
        ),
        "breast cancer": (table, 0.5),
    }
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        print("SK_DAE_DATA is not set: MNIST and California housing are left out.\n")
        return sets
    mnist = np.load(Path(folder) / "mnist.npz")["X_train"][:13_333]
    sets["MNIST"] = (mnist.astype(np.float32) / 255, 0.3)
    houses = np.load(Path(folder) / "tabular" / "california_housing.npz")["X_num"]
    sets["California"] = (StandardScaler().fit_transform(houses), 0.5)
    return sets


def measure(X, level, params):
    """Return the mean error over the splits, the seconds and the epochs of a fit."""
    errors, seconds = [], []
    scorer = make_denoising_scorer("gaussian", level)
    for split in range(N_SPLITS):
        train, valid = train_test_split(X, test_size=0.25, random_state=split)
        dae = DenoisingAutoencoder(noise_level=level, random_state=split)
        dae.set_params(**params)
        start = time.perf_counter()
        dae.fit(train)
        seconds.append(time.perf_counter() - start)
        errors.append(-scorer(dae, valid))
    return np.mean(errors), np.mean(seconds), dae.n_iter_


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=available_cores())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sets = read_sets()
    report = Report(
        "defaults", "The defaults and their neighbours", threads=args.threads
    )
    report.text(
        "Mean squared error of denoised validation rows over that of the defaults, "
        f"mean of {N_SPLITS} splits; below one the neighbour is better."
    )
    base = {}
    for name, (X, level) in sets.items():
        base[name] = measure(X, level, {})
    report.table(
        ("defaults on", "rows", "columns", "noise", "MSE", "fit, s", "epochs"),
        [
            (
                name,
                f"{int(0.75 * len(X)):,}",
                X.shape[1],
                f"{level}",
                f"{base[name][0]:.4f}",
                f"{base[name][1]:.1f}",
                base[name][2],
            )
            for name, (X, level) in sets.items()
        ],
    )
    rows = []
    for variation in VARIATIONS:
        ((parameter, value),) = variation.items()
        cells = [f"{parameter}={value!r}"]
        for name, (X, level) in sets.items():
            if parameter == "max_iter":
                epochs = base[name][2]
                params = {"max_iter": epochs // 2 if value == "half" else epochs * 2}
            else:
                params = variation
            error, _, _ = measure(X, level, params)
            cells.append(f"{error / base[name][0]:.3f}")
        print(" ".join(cells), flush=True)
        rows.append(cells)
    report.table(("alone at another value", *sets), rows)
    report.write()


if __name__ == "__main__":
    main()
