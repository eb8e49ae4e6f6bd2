"""How well noise is removed, against PCA, kernel PCA and the posterior mean.

Two sets of handwritten digits, pixels in [0, 1], with Gaussian noise on the test rows:
scikit-learn's digits (8 x 8; a stratified third is for testing; noise of 0.5) and USPS
(16 x 16; its own split into 7 291 and 2 007; noise of 0.5 and of 0.25). Every method
learns from the clean training rows alone.

- PCA: projection on the first components;
- KernelPCA: RBF kernel, with scikit-learn's learned inverse;
- posterior mean: the mean of the training rows x_i, weighted by
  softmax(-||x - x_i||^2 / (2 s^2)); with s the noise's standard deviation no denoiser
  does better on noisy copies of the training rows;
- DenoisingAutoencoder at its defaults, told only the kind and the level of the noise;
- DenoisingAutoencoder with the settings at the top of this file.

The settings of PCA, KernelPCA and the posterior mean are chosen by their error on the
test rows, so their figures are the best that they can do, and better than what a user
would get. Those of the autoencoder were chosen on validation rows taken from the
training rows; the test rows took no part.

PSNR is that of all pixels together, for a range of 1. Times are those of one fit, with
the settings chosen. The autoencoder is trained with several seeds.

USPS is read from `usps.npz` (float32 arrays X_train, X_test) in the folder that the
environment variable SK_DAE_DATA names; without it only the first set is measured.

    SK_DAE_DATA=folder python benchmarks/denoising.py
    python benchmarks/denoising.py --sets digits --seeds 1
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, KernelPCA
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoder
from sk_dae.metrics import peak_signal_noise_ratio

# Chosen by the mean error on three validation splits of the digits' training rows (a
# quarter of them, noise of the same level), over widths, number of layers, activation,
# loss, learning rate, weight decay, dropout, batch size and epochs.
_TUNED = {
    "n_components": 512,
    "hidden_layer_sizes": (512,),
    "activation": "silu",
    "code_activation": "silu",
    "loss": "binary_cross_entropy",
    "learning_rate_init": 0.002,
    "alpha": 0.1,
    "batch_size": 64,
}
# For USPS nothing was chosen anew; it has six times the rows, so that fewer epochs make
# about as many steps.
TUNED = {"digits": {**_TUNED, "max_iter": 250}, "usps": {**_TUNED, "max_iter": 50}}

# Where the search of kernel PCA may go: from the middle to the best neighbour, until
# none is better.
KERNEL_PCA_GRID = {
    "digits": {
        "gamma": [0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
        "alpha": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
        "n_components": [12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384],
    },
    "usps": {
        "gamma": [0.0005, 0.001, 0.002, 0.003, 0.005, 0.007, 0.01],
        "alpha": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
        "n_components": [32, 64, 128, 256, 512],
    },
}


def load(name):
    """Return clean training and test rows, or None where the file is not there."""
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        X = (X / 16).astype(np.float32)
        return train_test_split(X, test_size=0.33, random_state=0, stratify=y)
    path = Path(os.environ.get("SK_DAE_DATA", "")) / "usps.npz"
    if "SK_DAE_DATA" not in os.environ or not path.is_file():
        return None
    with np.load(path) as file:
        return file["X_train"], file["X_test"]


MISSING_USPS = (
    "USPS is left out: the environment variable SK_DAE_DATA names no folder with "
    "usps.npz. Any copy of the set with its usual split will do: save the pixels, "
    "scaled to [0, 1], as float32 arrays X_train (7 291 x 256) and X_test "
    "(2 007 x 256) with numpy.savez. OpenML has all 9 298 rows, "
    "sklearn.datasets.fetch_openml(data_id=41082)."
)


def squared_error(X, restored):
    """Return the mean over all cells."""
    return float(np.mean(np.square(X - restored), dtype=np.float64))


# -- peers: each returns the best restoration for each noisy set, settings and time ----


def best_pca(train, test, noisy):
    """Take the number of components that restores the test rows best."""
    start = time.perf_counter()
    pca = PCA(random_state=0).fit(train)
    seconds = time.perf_counter() - start
    found = []
    for rows in noisy:
        code = pca.transform(rows)
        tried = []
        for k in range(1, pca.n_components_ + 1):
            restored = code[:, :k] @ pca.components_[:k] + pca.mean_
            tried.append((squared_error(test, restored), k))
        k = min(tried)[1]
        restored = code[:, :k] @ pca.components_[:k] + pca.mean_
        found.append((restored, f"n_components={k}", seconds))
    return found


def best_kernel_pca(train, test, noisy, grid):
    """Climb from neighbour to neighbour on a grid, by the error on the test rows."""
    names = list(grid)
    tried = {}

    def errors(point):
        if point not in tried:
            start = time.perf_counter()
            model = KernelPCA(
                kernel="rbf",
                fit_inverse_transform=True,
                eigen_solver="randomized",
                random_state=0,
                **settings(point),
            ).fit(train)
            seconds = time.perf_counter() - start
            restored = [model.inverse_transform(model.transform(X)) for X in noisy]
            error = [squared_error(test, X) for X in restored]
            tried[point] = (error, restored, seconds)
            print(settings(point), error, f"{seconds:.1f} s", flush=True)
        return tried[point][0]

    def settings(point):
        return {name: grid[name][i] for name, i in zip(names, point, strict=True)}

    def neighbours(point):
        for axis, step in itertools.product(range(len(names)), (-1, 1)):
            moved = point[axis] + step
            if 0 <= moved < len(grid[names[axis]]):
                yield (*point[:axis], moved, *point[axis + 1 :])

    found = []
    for i in range(len(noisy)):
        best = tuple(len(values) // 2 for values in grid.values())
        errors(best)
        better = True
        while better:
            better = False
            for point in neighbours(best):
                if errors(point)[i] < errors(best)[i]:
                    best, better = point, True
        _, restored, seconds = tried[best]
        text = ", ".join(f"{name}={value}" for name, value in settings(best).items())
        found.append((restored[i], text, seconds))
    return found


def best_posterior_mean(train, test, noisy):
    """Take the width of the kernel that restores the test rows best."""
    found = []
    for rows in noisy:
        distances = euclidean_distances(rows, train, squared=True)

        def restore(s, distances=distances):
            return softmax(-distances / (2 * s**2), axis=1) @ train

        s = minimize_scalar(
            lambda s, restore=restore: squared_error(test, restore(s)),
            bounds=(0.1, 2.0),
            options={"xatol": 0.005},
        ).x
        found.append((restore(s), f"s={s:.2f}", None))
    return found


# -- table -----------------------------------------------------------------------------


def row(name, test, restorations, seconds, settings=""):
    """Return a row of the table: errors of one or of several restorations."""
    errors = np.array([squared_error(test, X) for X in restorations])
    ratios = [peak_signal_noise_ratio(test, X, data_range=1.0) for X in restorations]
    spread = ""
    if len(errors) > 1:
        spread = f" ({errors.min():.4f} to {errors.max():.4f})"
    return (
        name,
        f"{errors.mean():.4f}{spread}",
        f"{np.mean(ratios):.2f}",
        "" if seconds is None else f"{seconds:.1f}",
        settings,
    ), errors.mean()


def train_autoencoders(train, noisy, seeds, **parameters):
    """Return the restorations of autoencoders of several seeds, and the median time."""
    restored, seconds = [], []
    for seed in range(seeds):
        model = DenoisingAutoencoder(
            corruption="gaussian", device="cpu", random_state=seed, **parameters
        )
        start = time.perf_counter()
        model.fit(train)
        seconds.append(time.perf_counter() - start)
        restored.append(model.denoise(noisy))
    return restored, float(np.median(seconds))


def measure(report, name, train, test, levels, seeds):
    """Add the tables of one set of data."""
    noisy = [
        (test + np.random.RandomState(0).normal(0, level, test.shape)).astype(
            np.float32
        )
        for level in levels
    ]
    peers = {
        "PCA, best on test rows": best_pca(train, test, noisy),
        "KernelPCA, best on test rows": best_kernel_pca(
            train, test, noisy, KERNEL_PCA_GRID[name]
        ),
        "posterior mean, best on test rows": best_posterior_mean(train, test, noisy),
    }
    for i, level in enumerate(levels):
        rows = [row("noisy", test, [noisy[i]], None)[0]]
        errors = {}
        for peer, found in peers.items():
            restored, settings, seconds = found[i]
            line, errors[peer] = row(peer, test, [restored], seconds, settings)
            rows.append(line)
        for label, parameters in (("defaults", {}), ("tuned", TUNED[name])):
            restored, seconds = train_autoencoders(
                train, noisy[i], seeds, noise_level=level, **parameters
            )
            label = f"DenoisingAutoencoder, {label}"
            settings = ", ".join(f"{k}={v}" for k, v in parameters.items())
            line, errors[label] = row(label, test, restored, seconds, settings)
            rows.append(line)
        report.table(
            ("", "MSE", "PSNR, dB", "fit, s", "settings"),
            rows,
            title=f"{name}, noise of {level}",
        )
        best = min(peers, key=errors.get)
        ratio = errors["DenoisingAutoencoder, tuned"] / errors[best]
        report.bar(
            f"{name} {level}: MSE of the tuned autoencoder of {best.partition(',')[0]}",
            f"{ratio:.3f}",
            "at most 1",
            ratio <= 1,
        )


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sets", nargs="+", choices=["digits", "usps"], default=["digits", "usps"]
    )
    parser.add_argument("--seeds", type=int, default=3, help="default: 3")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--name", default="denoising", help="of the results file")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    report = Report(args.name, "Removing noise", threads=str(args.threads))
    report.text(
        f"{args.seeds} seeds for the autoencoder: mean, least and greatest error, and "
        "the median time of a fit. The settings of the other methods are the best on "
        "the test rows."
    )
    levels = {"digits": [0.5], "usps": [0.5, 0.25]}
    with threadpool_limits(args.threads):
        for name in args.sets:
            data = load(name)
            if data is None:
                report.text(MISSING_USPS)
                continue
            train, test = data[:2]
            measure(report, name, train, test, levels[name], args.seeds)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
