"""DenoisingImputer beside scikit-learn's imputers and a multiple-imputation recipe.

Columns are standardised, 30 % of the cells are removed completely at random, each
imputer is fitted on 70 % of the rows and fills the others. The measure is the root mean
squared error of the removed cells over that of mean imputation. Further tables: half of
the cells removed; cells removed at random given the others (a cell goes with a
probability that rises with the mean of the row's columns that always stay, 30 % on
average of the columns that may go); how many removed cells the 90 % interval of 100
draws covers.

The settings of DenoisingImputer are its defaults, chosen on the training rows alone.

- ``ridge``, ``trees``: ``IterativeImputer`` with ``BayesianRidge`` (its default) and
  with ``ExtraTreesRegressor`` of as many trees as `--trees` says.
- ``MIDAS``: the recipe of Lall and Robinson (2022), made by hand of this package's
  parts: a denoising autoencoder of three hidden layers of 256 ELU, 20 % of the inputs
  set to the mean, dropout 0.5, Adam at 0.0001, batches of 16, 20 epochs; the mean of
  10 draws of the dropout is its prediction.

Sets: breast cancer, wine and digits come with scikit-learn. California housing and the
credit card clients of Taiwan (numeric columns) are read from the folder that
`SK_DAE_DATA` names, as `tabular/california_housing.npz` and
`tabular/credit_default.npz` (`X_num`); without it they are left out. What is missing
there from the start stays missing, and is not scored.

    SK_DAE_DATA=~/data python benchmarks/imputation.py

Slow baselines are kept in the file that `--cache` names, if any.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import BayesianRidge

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoder, DenoisingImputer, MaskingNoise

N_DRAWS = 100


class Midas:
    """The recipe of MIDAS: dropout, in training and at prediction, draws imputations.

    Parameters
    ----------
    random_state : int
        Seeds the training and the draws.
    """

    def __init__(self, random_state):
        self.random_state = random_state

    def fit(self, X):
        """Train on rows with gaps."""
        self.mean_, self.scale_ = np.nanmean(X, axis=0), np.nanstd(X, axis=0)
        self.scale_[self.scale_ < 1e-9] = 1.0
        self.dae_ = DenoisingAutoencoder(
            256,
            hidden_layer_sizes=(256,),
            activation="elu",
            code_activation="elu",
            dropout=0.5,
            corruption=MaskingNoise(0.2),
            optimizer="adam",
            learning_rate_init=1e-4,
            learning_rate="constant",
            alpha=0.0,
            batch_size=16,
            max_iter=20,
            random_state=self.random_state,
        ).fit((X - self.mean_) / self.scale_)
        return self

    def transform(self, X):
        """Fill the gaps with the mean of ten draws."""
        rows = ((X - self.mean_) / self.scale_).astype(np.float32)
        missing = np.isnan(rows)
        rows = torch.from_numpy(np.where(missing, 0, rows).astype(np.float32))
        module = self.dae_.net_.module_
        generator = torch.Generator().manual_seed(self.random_state)
        module.dropout.generator = generator
        module.train()
        with torch.inference_mode():
            drawn = sum(module(rows) for _ in range(10)).numpy() / 10
        module.eval()
        module.dropout.generator = None
        return np.where(missing, drawn * self.scale_ + self.mean_, X)


def read_sets():
    """Return the rows of each set that is at hand, columns standardised."""
    sets = {
        "wine": load_wine().data,
        "breast cancer": load_breast_cancer().data,
        "digits": load_digits().data,
    }
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        print("SK_DAE_DATA is not set: California and credit are left out.\n")
    else:
        for name, file in {
            "California": "california_housing",
            "credit": "credit_default",
        }.items():
            path = Path(folder) / "tabular" / f"{file}.npz"
            sets[name] = np.load(path)["X_num"].astype(np.float64)
    for name, X in sets.items():
        scale = np.nanstd(X, axis=0)
        sets[name] = (X - np.nanmean(X, axis=0)) / np.where(scale > 0, scale, 1.0)
    return sets


def remove(X, rate, at_random, seed):
    """Return training rows, rows to fill, their truth, and the cells to score."""
    rng = np.random.RandomState(seed)
    X = X[rng.permutation(len(X))]
    draw = rng.uniform(size=X.shape)
    if at_random:
        # The first half of the columns stays, and decides on the others.
        stay = X.shape[1] // 2
        score = np.nanmean(X[:, :stay], axis=1)
        score = (score - score.mean()) / score.std()
        chance = 1 / (1 + np.exp(-2 * score))
        draw[:, :stay] = 1.0
        gone = draw < (rate * chance / chance.mean())[:, None]
    else:
        gone = draw < rate
    rows = np.where(gone, np.nan, X)
    cut = int(0.7 * len(X))
    scored = gone[cut:] & ~np.isnan(X[cut:])
    return rows[:cut], rows[cut:], X[cut:], scored


def error(filled, truth, scored):
    """Return the root mean squared error of the scored cells."""
    return float(np.sqrt(np.mean((filled - truth)[scored] ** 2)))


def measure(imputer, data):
    """Return the error and the seconds that it took to fit and fill."""
    train, rows, truth, scored = data
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        filled = imputer.fit(train).transform(rows)
    return error(filled, truth, scored), time.perf_counter() - start


def coverage(imputer, data):
    """Return the part of the scored cells within the draws' 5 % to 95 %."""
    _, rows, truth, scored = data
    draws = imputer.sample(rows, N_DRAWS, random_state=0)[:, scored]
    low, high = np.percentile(draws, [5, 95], axis=0)
    inside = (truth[scored] >= low) & (truth[scored] <= high)
    return float(inside.mean()), float((high - low).mean())


class Cache:
    """Measurements that are made once, in a file where one is named.

    Parameters
    ----------
    path : str or None
        The file.
    """

    def __init__(self, path):
        self._path = None if path is None else Path(path)
        self._found = {}
        if self._path is not None and self._path.exists():
            self._found = json.loads(self._path.read_text())

    def measure(self, key, imputer, data):
        """Return what `measure` does, or what it did."""
        if key not in self._found:
            self._found[key] = measure(imputer, data)
            if self._path is not None:
                self._path.write_text(json.dumps(self._found, indent=1))
        return self._found[key]


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--trees", type=int, default=10)
    parser.add_argument("--cache", default=None)
    parser.add_argument("--only-first", action="store_true", help="the main table")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    sets = read_sets()
    cache = Cache(args.cache)
    report = Report("imputation", "Imputation of missing values", threads=args.threads)
    report.text(
        "Root mean squared error of removed cells of held-out rows, over that of mean "
        f"imputation; mean of {args.seeds} draws of rows and cells. `trees` has "
        f"{args.trees} trees per column. Seconds are those of fit and fill."
    )
    scenarios = [
        ("30 % removed completely at random", 0.3, False),
        ("50 % removed completely at random", 0.5, False),
        ("30 % of half of the columns removed at random given the others", 0.3, True),
    ]
    contenders = {
        "ridge": lambda seed: IterativeImputer(BayesianRidge(), random_state=seed),
        "trees": lambda seed: IterativeImputer(
            ExtraTreesRegressor(args.trees, random_state=seed), random_state=seed
        ),
        "MIDAS": Midas,
        "sk_dae": lambda seed: DenoisingImputer(random_state=seed),
    }
    intervals = []
    for title, rate, at_random in scenarios[: 1 if args.only_first else None]:
        rows, relative, seconds = [], {}, {}
        for name, X in sets.items():
            ratios, times = [], []
            for seed in range(args.seeds):
                data = remove(X, rate, at_random, seed)
                mean, _ = measure(SimpleImputer(keep_empty_features=True), data)
                errors = []
                for contender, make in contenders.items():
                    imputer = make(seed)
                    if contender in ("ridge", "trees"):
                        size = args.trees if contender == "trees" else ""
                        key = f"{contender}{size}|{name}|{title}|{seed}"
                        errors.append(cache.measure(key, imputer, data))
                    else:
                        errors.append(measure(imputer, data))
                ratios.append([e / mean for e, _ in errors])
                times.append([t for _, t in errors])
                intervals.append((title, name, *coverage(imputer, data)))
            relative[name] = np.mean(ratios, axis=0)
            seconds[name] = np.mean(times, axis=0)
            rows.append(
                [
                    name,
                    f"{mean:.3f}",
                    *(f"{r:.3f}" for r in relative[name]),
                    *(f"{t:.1f}" for t in seconds[name]),
                ]
            )
            print(*rows[-1], flush=True)
        average = np.mean(list(relative.values()), axis=0)
        rows.append(["mean", "", *(f"{r:.3f}" for r in average), *[""] * 4])
        report.table(
            ("set", "RMSE of mean", *contenders, *(f"{c}, s" for c in contenders)),
            rows,
            title=title,
        )
        if title == scenarios[0][0]:
            note_bars(report, relative, seconds, average)
    report.table(
        ("removed", "set", "covered", "mean width"),
        [(t, n, f"{100 * c:.1f} %", f"{w:.2f}") for t, n, c, w in intervals],
        title=f"The interval from 5 % to 95 % of {N_DRAWS} draws of sk_dae",
    )
    for title, name, covered, _ in intervals[: len(sets) * args.seeds]:
        if name == "California":
            report.bar(
                f"coverage on California, {title}",
                f"{100 * covered:.1f} %",
                "85 to 95 %",
                0.85 <= covered <= 0.95,
            )
    report.bars()
    report.write()


def note_bars(report, relative, seconds, average):
    """Note what was expected of the main table."""
    ridge, trees, _, own = average
    report.bar("mean, over ridge", f"{own:.3f}", f"< {ridge:.3f}", own < ridge)
    report.bar("mean, over trees", f"{own:.3f}", f"< {trees:.3f}", own < trees)
    for name, (ridge, trees, _, own) in relative.items():
        most = 1.1 * min(ridge, trees)
        report.bar(f"RMSE on {name}", f"{own:.3f}", f"<= {most:.3f}", own <= most)
    for name in {"California", "credit"} & seconds.keys():
        _, slow, _, own = seconds[name]
        report.bar(f"seconds on {name}", f"{own:.1f}", f"< {slow:.1f}", own < slow)


if __name__ == "__main__":
    main()
