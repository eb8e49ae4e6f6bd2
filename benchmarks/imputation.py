"""DenoisingImputer beside scikit-learn's imputers and a multiple-imputation recipe.

Columns are standardised, 30 % of the cells are removed completely at random, each
imputer is fitted on 70 % of the rows and fills the others. The measure is the root mean
squared error of the removed cells over that of mean imputation. Further tables: half of
the cells removed; cells removed at random given the others (a cell goes with a
probability that rises with the mean of the row's columns that always stay, 30 % on
average of the columns that may go); how many removed cells the 90 % interval of 100
draws covers; tables of numbers and categories.

The settings of DenoisingImputer are its defaults, chosen on the training rows alone.

- ``ridge``, ``trees``: ``IterativeImputer`` with ``BayesianRidge`` (its default) and
  with ``ExtraTreesRegressor`` of as many trees as `--trees` says.
- ``MIDAS``: the recipe of Lall and Robinson (2022), made by hand of this package's
  parts: a denoising autoencoder of three hidden layers of 256 ELU, 20 % of the inputs
  set to the mean, dropout 0.5, Adam at 0.0001, batches of 16, 20 epochs; the mean of
  10 draws of the dropout is its prediction.

- ``forest``, of tables with categories: the recipe of MissForest (Stekhoven and
  Buehlmann, 2012), made by hand, since scikit-learn has none: column after column is
  predicted from all others by a random forest, 50 trees of leaves of 3 rows or more,
  four times over.

Sets: breast cancer, wine and digits come with scikit-learn. California housing and the
credit card clients of Taiwan (numeric columns) are read from the folder that
`SK_DAE_DATA` names, as `tabular/california_housing.npz` and
`tabular/credit_default.npz` (`X_num`); without it they are left out. What is missing
there from the start stays missing, and is not scored. The tables with categories are
`tabular/titanic.npz`, `horse_colic.npz`, `credit_default.npz` and `adult.npz` (`X_num`
and `X_cat`, strings, empty where missing), of the large ones 10 000 rows.

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
import pandas as pd
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.ensemble import (
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import BayesianRidge

from _report import Report, available_cores
from _tables import is_number, read_table
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


class Forest:
    """The recipe of MissForest: each column from the others, again and again.

    Parameters
    ----------
    random_state : int
        Seeds the forests.
    """

    def __init__(self, random_state):
        self.random_state = random_state

    def fit(self, X):
        """Train on a data frame with gaps."""
        self._number = dict(zip(X.columns, is_number(X), strict=True))
        self._start = {
            name: X[name].mean() if number else X[name].mode()[0]
            for name, number in self._number.items()
        }
        self._categories = {
            name: pd.unique(X[name].dropna())
            for name, number in self._number.items()
            if not number
        }
        self._models = []
        filled = X.fillna(self._start)
        for _ in range(4):
            for name in X.isna().sum().sort_values().index:
                forest = (
                    RandomForestRegressor
                    if self._number[name]
                    else RandomForestClassifier
                )
                model = forest(50, min_samples_leaf=3, random_state=self.random_state)
                seen = X[name].notna().to_numpy()
                inputs = self._inputs(filled, name)
                model.fit(inputs[seen], X.loc[seen, name])
                self._models.append((name, model))
                if not seen.all():
                    filled.loc[~seen, name] = model.predict(inputs[~seen])
        return self

    def transform(self, X):
        """Fill the gaps of a data frame."""
        filled = X.fillna(self._start)
        for name, model in self._models:
            gaps = X[name].isna().to_numpy()
            if gaps.any():
                filled.loc[gaps, name] = model.predict(self._inputs(filled[gaps], name))
        return filled

    def _inputs(self, filled, target):
        parts = []
        for name, number in self._number.items():
            if name == target:
                continue
            column = filled[name].to_numpy()[:, None]
            ones = column if number else column == self._categories[name][None, :]
            parts.append(ones.astype(np.float32))
        return np.hstack(parts)


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


def measure_tables(report, seeds):
    """Measure how tables with categories are filled, and write it down."""
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        return
    rows = []
    for name in ("titanic", "horse_colic", "credit_default", "adult"):
        X, _ = read_table(Path(folder), name)
        found = [_measure_table(X, seed) for seed in range(seeds)]
        most_frequent, *others = np.mean(found, axis=0)
        rows.append(
            [
                name,
                *(f"{error:.3f}" for error in others[0::3]),
                f"{100 * most_frequent:.1f} %",
                *(f"{100 * accuracy:.1f} %" for accuracy in others[1::3]),
                *(f"{seconds:.1f}" for seconds in others[2::3]),
            ]
        )
        print(*rows[-1], flush=True)
    contenders = "forest", "sk_dae"
    report.table(
        (
            "set",
            *(f"numbers, {c}" for c in contenders),
            "most frequent",
            *(f"categories, {c}" for c in contenders),
            *(f"{c}, s" for c in contenders),
        ),
        rows,
        title="Tables with categories, 30 % removed completely at random: RMSE of "
        "numbers over that of the mean, and removed categories that are found",
    )


def _measure_table(X, seed):
    rng = np.random.RandomState(seed)
    X = X.iloc[rng.permutation(len(X))[:10_000]].reset_index(drop=True)
    gone = rng.uniform(size=X.shape) < 0.3
    gaps, cut = X.mask(gone), int(0.7 * len(X))
    scored = gone[cut:] & X[cut:].notna().to_numpy()
    number = is_number(X)
    of_most_frequent, results = [], []
    for imputer in (Forest(seed), DenoisingImputer(random_state=seed)):
        start = time.perf_counter()
        with warnings.catch_warnings():
            # More classes than half of the rows: of rare categories in small tables.
            warnings.filterwarnings("ignore", "The number of unique classes")
            filled = imputer.fit(gaps[:cut]).transform(gaps[cut:])
        seconds = time.perf_counter() - start
        squares, hits = [], []
        for j, name in enumerate(X.columns):
            cells = scored[:, j]
            truth = X[name].to_numpy()[cut:][cells]
            guess, known = filled[name].to_numpy()[cells], gaps[name][:cut]
            if number[j]:
                errors = np.stack([guess, np.full(len(guess), known.mean())]) - truth
                squares.append((errors**2).mean(axis=1) / known.var())
            else:
                hits.append(
                    [(guess == truth).mean(), (known.mode()[0] == truth).mean()]
                )
        own, of_mean = np.mean(squares, axis=0)
        accuracy, of_most_frequent = np.mean(hits, axis=0)
        results += [np.sqrt(own / of_mean), accuracy, seconds]
    return [of_most_frequent, *results]


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
    if not args.only_first:
        measure_tables(report, args.seeds)
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
