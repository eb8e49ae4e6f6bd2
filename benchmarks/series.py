"""Unusual heartbeats, and codes of series before a linear model.

ECG5000: autoencoders learn from the beats of the normal class among the 500 training
beats; the area under the ROC curve is that of the beats of all other classes against
the normal ones in the test set. Peers: IsolationForest, one-class SVM and k-nearest
neighbours (the distance to the fifth), on the same rows.

ECG200 and GunPoint: accuracy on the test set of a logistic regression on standardised
features: the raw series, the scores of as many principal components, and codes. The
autoencoders have their defaults and learn from the training rows alone. Means of the
seeds, with their standard deviations.

Read from the folder that the environment variable SK_DAE_DATA names, `timeseries/`:
`ECG5000.npz`, `ECG200.npz` and `GunPoint.npz` of the UCR archive (X_train, y_train,
X_test, y_test).

    SK_DAE_DATA=folder python benchmarks/series.py
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from _report import Report
from sk_dae import (
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoder,
    DenoisingOutlierDetector,
)

OURS = {
    "ConvolutionalDenoisingAutoencoder": ConvolutionalDenoisingAutoencoder,
    "DenoisingAutoencoder": DenoisingAutoencoder,
}


def read(name):
    """Return the four arrays of a set."""
    path = Path(os.environ["SK_DAE_DATA"], "timeseries", f"{name}.npz")
    with np.load(path) as file:
        return [file[key] for key in ("X_train", "y_train", "X_test", "y_test")]


def neighbour_distances(train, test):
    """Return the distance of each row to its fifth neighbour in training."""
    return NearestNeighbors(n_neighbors=5).fit(train).kneighbors(test)[0][:, -1]


def measure_heartbeats(report, seeds):
    """Add the areas of ECG5000."""
    X_train, y_train, X_test, y_test = read("ECG5000")
    normal, is_unusual = X_train[y_train == 1], y_test != 1
    contenders = {
        **{
            name: lambda seed, cls=cls: (
                -cls(random_state=seed).fit(normal).score_samples(X_test)
            )
            for name, cls in OURS.items()
        },
        "DenoisingOutlierDetector": lambda seed: (
            -DenoisingOutlierDetector(random_state=seed)
            .fit(normal)
            .score_samples(X_test)
        ),
        "IsolationForest": lambda seed: (
            -IsolationForest(random_state=seed).fit(normal).score_samples(X_test)
        ),
        "OneClassSVM": lambda seed: -OneClassSVM().fit(normal).score_samples(X_test),
        "k-nearest neighbours": lambda seed: neighbour_distances(normal, X_test),
    }
    rows = []
    for name, scores in contenders.items():
        start = time.process_time()
        areas = [roc_auc_score(is_unusual, scores(seed)) for seed in range(seeds)]
        seconds = (time.process_time() - start) / seeds
        rows.append((name, f"{np.mean(areas):.4f}", f"{np.std(areas):.4f}", seconds))
        print(rows[-1], flush=True)
    report.table(
        ("ECG5000", "area", "sd", "s"),
        [(name, mean, sd, f"{seconds:.1f}") for name, mean, sd, seconds in rows],
    )


def measure_codes(report, name, seeds):
    """Add the accuracies of one set."""
    X_train, y_train, X_test, y_test = read(name)

    def accuracy(*steps):
        model = make_pipeline(
            *steps, StandardScaler(), LogisticRegression(max_iter=5000)
        )
        return model.fit(X_train, y_train).score(X_test, y_test)

    rows = [("raw series", f"{accuracy():.3f}", "")]
    n_components = min(128, *X_train.shape)
    rows.append(("principal components", f"{accuracy(PCA(n_components)):.3f}", ""))
    for title, cls in OURS.items():
        found = [accuracy(cls(random_state=seed)) for seed in range(seeds)]
        rows.append((title, f"{np.mean(found):.3f}", f"{np.std(found):.3f}"))
        print(rows[-1], flush=True)
    report.table((name, "accuracy", "sd"), rows)


def main():
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    report = Report("series", "Heartbeats and other series", threads="one")
    report.text(f"{options.seeds} seeds; processor time of one fit and its scores.")
    measure_heartbeats(report, options.seeds)
    for name in ("ECG200", "GunPoint"):
        measure_codes(report, name, options.seeds)
    report.write()


if __name__ == "__main__":
    main()
