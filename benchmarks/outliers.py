"""Outlier detection: DenoisingOutlierDetector and its peers on nine sets of ADBench.

Two protocols, of the comparison by Livernoche et al. (2024), "On diffusion modeling for
anomaly detection":

- semi-supervised: the first half of the normal rows, in the order of the file, is the
  training set; the other half and all anomalies are the test set;
- unsupervised: a bootstrap sample of all rows is the training set, all rows are the
  test set.

All detectors have their defaults, on all sets. The peers are PyOD's, and get the
columns standardised by the training rows; DenoisingOutlierDetector gets the rows as
they are. The measure is the area under the ROC curve, in percent.

The defaults of DenoisingOutlierDetector were chosen on other splits: fitted on the
first 70 % of the semi-supervised training rows, and judged by the other 30 % against a
half of the anomalies, drawn at random. So one table tests with the other half of the
anomalies alone; of the two tables, the bars take the one that is worse for it.

The sets are read from the folder that `SK_DAE_DATA` names, as `adbench/<name>.npz`
with the rows `X` and the labels `y` (1 for an anomaly).

    SK_DAE_DATA=~/data python benchmarks/outliers.py
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from _report import Report, available_cores
from sk_dae import DenoisingOutlierDetector

SETS = {
    "annthyroid": "2_annthyroid",
    "cardio": "6_cardio",
    "mammography": "23_mammography",
    "optdigits": "26_optdigits",
    "pendigits": "28_pendigits",
    "satellite": "30_satellite",
    "satimage-2": "31_satimage-2",
    "shuttle": "32_shuttle",
    "thyroid": "38_thyroid",
}
OURS, PYOD = "sk_dae", "AutoEncoder"


def make_detectors(seed):
    """Return the detectors by name; all but LOF, k-NN and PCA depend on the seed."""
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.iforest import IForest
    from pyod.models.knn import KNN
    from pyod.models.lof import LOF
    from pyod.models.pca import PCA

    return {
        OURS: DenoisingOutlierDetector(random_state=seed),
        PYOD: AutoEncoder(random_state=seed, verbose=0),
        "k-NN": KNN(),
        "LOF": LOF(),
        "IForest": IForest(random_state=seed),
        "PCA": PCA(random_state=seed),
    }


#: Those that give the same answer to each seed, as long as the rows are the same.
DETERMINISTIC = ("k-NN", "LOF", "PCA")


def read_sets(folder):
    """Return the rows and the labels of each set."""
    sets = {}
    for name, file in SETS.items():
        with np.load(Path(folder) / "adbench" / f"{file}.npz") as data:
            sets[name] = data["X"].astype(np.float64), data["y"].astype(int)
    return sets


def split_semi(X, y, seed):
    """Return training rows, test rows, their labels, and which were never seen.

    Not seen: by the choice of the defaults. All normal test rows, half the anomalies.
    """
    normal, anomalies = X[y == 0], X[y == 1]
    half = len(normal) // 2
    unseen = np.ones(len(normal) - half + len(anomalies), dtype=bool)
    n_seen = len(anomalies) // 2
    seen = np.random.RandomState(0).permutation(len(anomalies))[:n_seen]
    unseen[len(normal) - half + seen] = False
    labels = np.repeat([0, 1], [len(normal) - half, len(anomalies)])
    return normal[:half], np.vstack([normal[half:], anomalies]), labels, unseen


def split_unsupervised(X, y, seed):
    """Return a bootstrap sample, all rows, and their labels."""
    chosen = np.random.RandomState(seed).randint(len(X), size=len(X))
    return X[chosen], X, y, np.ones(len(X), dtype=bool)


def measure(name, detector, train, test):
    """Return the unusualness of the test rows, and the seconds of fit and scores."""
    if name != OURS:
        scaler = StandardScaler().fit(train)
        train, test = scaler.transform(train), scaler.transform(test)
    if name == "PCA":
        # It divides by the variance of each component.
        varies = train.std(axis=0) > 0
        train, test = train[:, varies], test[:, varies]
    start = time.perf_counter()
    # PyOD's autoencoder shows its progress, whatever it is told.
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.redirect_stderr(io.StringIO()):
            detector.fit(train)
            if name == OURS:
                scores = -detector.score_samples(test)
            else:
                scores = detector.decision_function(test)
    return scores, time.perf_counter() - start


def run(sets, split, seeds):
    """Return the areas, those of unseen anomalies, and the seconds.

    Each is a dict by detector and set, of lists over the seeds.
    """
    results = {}
    for set_name, (X, y) in sets.items():
        for seed in range(seeds):
            train, test, labels, unseen = split(X, y, seed)
            for name, detector in make_detectors(seed).items():
                cells = results.setdefault(name, {}).setdefault(set_name, [])
                if split is split_semi and name in DETERMINISTIC and seed:
                    cells.append(cells[0])
                    continue
                scores, seconds = measure(name, detector, train, test)
                cells.append(
                    (
                        100 * roc_auc_score(labels, scores),
                        100 * roc_auc_score(labels[unseen], scores[unseen]),
                        seconds,
                    )
                )
        print(
            set_name,
            *(
                f"{n} {np.mean([c[0] for c in r[set_name]]):.1f}"
                for n, r in results.items()
            ),
            flush=True,
        )
    print()
    return results


def add_table(report, results, column, title, *, digits=1, total=np.mean):
    """Add a table of one of the three measurements: means over the seeds."""
    means = {
        name: [np.mean([cell[column] for cell in cells]) for cells in by_set.values()]
        for name, by_set in results.items()
    }
    rows = [
        (set_name, *(f"{means[name][i]:.{digits}f}" for name in means))
        for i, set_name in enumerate(SETS)
    ]
    last = "mean" if total is np.mean else "all"
    rows.append((last, *(f"{total(values):.{digits}f}" for values in means.values())))
    report.table(("set", *means), rows, title=title)
    return {name: np.array(values) for name, values in means.items()}


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--unsupervised-seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=available_cores())
    args = parser.parse_args()
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        parser.error("SK_DAE_DATA must name the folder of the data sets.")
    torch.set_num_threads(args.threads)
    sets = read_sets(folder)
    start = time.perf_counter()
    report = Report("outliers", "Outlier detection", threads=args.threads)
    report.text(
        f"Area under the ROC curve, in percent, mean of {args.seeds} seeds. All "
        f"detectors have their defaults. {OURS} is DenoisingOutlierDetector, on the "
        "rows as they are; the peers are PyOD's, on standardised columns."
    )
    semi = run(sets, split_semi, args.seeds)
    areas = add_table(
        report,
        semi,
        0,
        "Semi-supervised: trained on half of the normal rows, tested on all others",
    )
    spread = [
        np.std([np.mean([c[s][0] for c in by_set.values()]) for s in range(args.seeds)])
        for by_set in semi.values()
    ]
    report.text(
        "Standard deviation of the mean over the seeds: "
        + ", ".join(
            f"{name} {value:.2f}" for name, value in zip(semi, spread, strict=True)
        )
        + "."
    )
    unseen = add_table(
        report,
        semi,
        1,
        "The same, with the half of the anomalies that no default was chosen by",
    )
    seconds = add_table(
        report, semi, 2, "Seconds of a fit and of the scores", digits=2, total=np.sum
    )
    unsupervised = run(sets, split_unsupervised, args.unsupervised_seeds)
    add_table(
        report,
        unsupervised,
        0,
        "Unsupervised: trained on a bootstrap sample of all rows, tested on all rows, "
        f"those of the choice of the defaults too; mean of {args.unsupervised_seeds} "
        "seeds",
    )
    minutes = (time.perf_counter() - start) / 60
    report.text(f"The whole benchmark took {minutes:.1f} minutes.")

    mean = min(areas[OURS].mean(), unseen[OURS].mean())
    report.bar("mean area", f"{mean:.1f}", "92.7 or more", mean >= 92.7)
    report.bar("mean area, goal", f"{mean:.1f}", "94.1 or more", mean >= 94.1)
    wins = min(int((found[OURS] > found[PYOD]).sum()) for found in (areas, unseen))
    report.bar("sets won from PyOD's AutoEncoder", f"{wins}", "6 of 9", wins >= 6)
    ratio = seconds[OURS].sum() / seconds[PYOD].sum()
    report.bar("time over its time", f"{ratio:.2f}", "below 1", ratio < 1)
    report.bar("minutes", f"{minutes:.1f}", "below 15", minutes < 15)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
