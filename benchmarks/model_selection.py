"""A grid search in one process and in two: the same scores, and how much faster.

`GridSearchCV` over a pipeline of a scaler, a `DenoisingAutoencoder` and a logistic
regression on scikit-learn's digits: the kind of corruption, its level and the size of
the code, three folds. Every process has one thread for torch and one for BLAS. The
workers of joblib (loky) are started, and have imported everything, before the clock
runs. One process and two take turns.

Accuracies are coarse, so the log loss of the held-out folds is compared too, bit for
bit.

    python benchmarks/model_selection.py
    python benchmarks/model_selection.py --max-iter 5 --rounds 1
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_info, threadpool_limits

from _report import Report
from sk_dae import DenoisingAutoencoder

GRID = {
    "denoisingautoencoder__corruption": ["gaussian", "masking", "swap"],
    "denoisingautoencoder__noise_level": [0.1, 0.3],
    "denoisingautoencoder__n_components": [16, 64],
}
SCORING = ("accuracy", "neg_log_loss")
N_FOLDS = 3


def make_search(max_iter, n_jobs):
    """Return the grid search."""
    pipeline = make_pipeline(
        MinMaxScaler(),
        DenoisingAutoencoder(max_iter=max_iter, device="cpu", random_state=0),
        LogisticRegression(max_iter=1000),
    )
    return GridSearchCV(
        pipeline,
        GRID,
        scoring=SCORING,
        refit=False,
        cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=0),
        n_jobs=n_jobs,
        error_score="raise",
    )


def warm_up(X, y):
    """Fit something tiny, so that all is imported; return the threads found."""
    time.sleep(0.5)  # so that no worker takes two of these
    small = DenoisingAutoencoder(2, max_iter=1, device="cpu").fit(X[:64])
    LogisticRegression(max_iter=10, tol=1.0).fit(small.transform(X[:64]), y[:64])
    blas = [pool["num_threads"] for pool in threadpool_info()]
    return max([torch.get_num_threads(), *blas])


def run(X, y, max_iter, n_jobs):
    """Return the scores of every split, and the seconds."""
    start = time.perf_counter()
    found = make_search(max_iter, n_jobs).fit(X, y).cv_results_
    seconds = time.perf_counter() - start
    scores = {
        name: np.array([found[f"split{i}_test_{name}"] for i in range(N_FOLDS)])
        for name in SCORING
    }
    return scores, seconds


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2, help="default: 2")
    parser.add_argument("--max-iter", type=int, default=150, help="epochs of a fit")
    parser.add_argument("--name", default="model_selection", help="of the results file")
    args = parser.parse_args()

    X, y = load_digits(return_X_y=True)
    torch.set_num_threads(1)
    report = Report(
        args.name, "Grid search in one process and in two", threads="1 in each process"
    )
    seconds = {1: [], 2: []}
    scores = {}
    with (
        threadpool_limits(1),
        parallel_config("loky", inner_max_num_threads=1),
    ):
        warm_up(X, y)
        threads = Parallel(n_jobs=2)(delayed(warm_up)(X, y) for _ in range(2))
        if max(threads) > 1:
            raise RuntimeError(f"a worker has {max(threads)} threads instead of 1")
        for _ in range(args.rounds):
            for n_jobs in seconds:
                scores[n_jobs], elapsed = run(X, y, args.max_iter, n_jobs)
                seconds[n_jobs].append(elapsed)
                print(f"n_jobs={n_jobs}: {elapsed:.1f} s", flush=True)
    n_candidates = len(scores[1]["accuracy"][0])
    report.text(f"{n_candidates} candidates, {N_FOLDS} folds.")
    ratios = np.divide(seconds[1], seconds[2])
    report.table(
        ("", "seconds, median", "range"),
        [
            (
                f"n_jobs={n_jobs}",
                f"{np.median(values):.1f}",
                f"{min(values):.1f} to {max(values):.1f}",
            )
            for n_jobs, values in seconds.items()
        ],
    )
    same = all(np.array_equal(scores[1][name], scores[2][name]) for name in SCORING)
    report.bar(
        "scores with n_jobs=1 and n_jobs=2, bit for bit",
        "equal" if same else "different",
        "equal",
        same,
    )
    report.bar(
        "n_jobs=1 of n_jobs=2",
        f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})",
        "at least 1.6",
        np.median(ratios) >= 1.6,
    )
    long_enough = np.median(seconds[1]) >= 60
    report.bar(
        "n_jobs=1 takes long enough to tell",
        f"{np.median(seconds[1]):.0f} s",
        "at least 60 s",
        long_enough,
    )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
