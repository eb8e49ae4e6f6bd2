"""Features of TabularDenoisingAutoencoder before a linear model, on five mixed tables.

The linear model is a logistic regression (area under the ROC curve) or, for California
housing, a ridge regression (R2). It stands behind

- the standard encoding: numbers with the median for missing values and indicators of
  these, standardised; a one for each category, a missing one among them;
- the same with the ones standardised too;
- the features of `TabularDenoisingAutoencoder`, standardised, with one setting for all
  tables (`SETTING` below);
- the same features of the same net before training, which tells what training adds.

Beside them stands gradient boosting on the raw columns, with its defaults. Everything
is fitted in the training rows of a fold, 5 folds in 3 repetitions. The strength of the
regularisation is chosen there as well, by one rule for all: ridge by generalised
cross-validation, logistic regression by the area on 5 inner folds, or on one inner
fifth of the rows where there are 2 000 or more.

The setting was chosen on other splits of a part of the rows (of each table 60 %, at
most 8 000 to 12 000). Those rows are not new in the benchmark; `--unseen` measures on
the rest alone, 5 folds in 3 repetitions of the rows that no choice has seen.

The tables are read from the folder that `SK_DAE_DATA` names: `tabular/adult.npz`,
`titanic.npz`, `credit_default.npz`, `california_housing.npz`, `horse_colic.npz`, each
with `X_num` (NaN where missing), `X_cat` (strings, empty where missing) and `y`.

    SK_DAE_DATA=~/data python benchmarks/tabular.py
    SK_DAE_DATA=~/data python benchmarks/tabular.py --repeats 1 --sets titanic
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import (
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from _report import Report, available_cores
from _tables import is_number, read_table
from sk_dae import TabularDenoisingAutoencoder

SETS = {
    "titanic": "Titanic",
    "horse_colic": "horse colic",
    "california_housing": "California housing",
    "credit_default": "credit default",
    "adult": "Adult",
}
SETTING = {"passthrough": True, "max_iter": 20}

STRENGTHS = np.logspace(-4, 1, 6)
ALPHAS = np.logspace(-2, 5, 15)


def standard_encoding(X, *, scale_all=False):
    """Return the transformer that a linear model usually stands behind."""
    number = is_number(X)
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
    )
    ones = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoding = make_column_transformer(
        (numbers, X.columns[number]), (ones, X.columns[~number])
    )
    return make_pipeline(encoding, StandardScaler()) if scale_all else encoding


def dae_features(seed, **params):
    """Return the autoencoder with the setting of this benchmark, and a scaler."""
    dae = TabularDenoisingAutoencoder(
        device="cpu", random_state=seed, **{**SETTING, **params}
    )
    return make_pipeline(dae, StandardScaler())


def fit_linear(features, y, seed):
    """Return a linear model whose regularisation is chosen within its rows."""
    if y.dtype.kind == "f":
        return RidgeCV(ALPHAS).fit(features, y)
    if len(y) < 2000:
        splitter = StratifiedKFold(5, shuffle=True, random_state=seed)
    else:
        splitter = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed)
    areas = np.zeros(len(STRENGTHS))
    for train, valid in splitter.split(features, y):
        inner = features[train], features[valid]
        # From the strongest on, each begins where the one before has ended.
        model = LogisticRegression(warm_start=True, max_iter=300, tol=1e-3)
        for i, strength in enumerate(STRENGTHS):
            model.set_params(C=strength).fit(inner[0], y[train])
            areas[i] += roc_auc_score(y[valid], model.decision_function(inner[1]))
    best = STRENGTHS[areas.argmax()]
    return LogisticRegression(C=best, max_iter=500).fit(features, y)


def boosting(X, y):
    """Return gradient boosting on the columns as they are."""
    categorical = X.columns[~is_number(X)]
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    encoding = make_column_transformer(
        (ordinal, categorical), remainder="passthrough", verbose_feature_names_out=False
    )
    kind = (
        HistGradientBoostingRegressor
        if y.dtype.kind == "f"
        else HistGradientBoostingClassifier
    )
    return make_pipeline(
        encoding,
        kind(categorical_features=np.arange(len(categorical)), random_state=0),
    )


def score(model, X, y):
    """Return R2 or the area under the curve."""
    if y.dtype.kind == "f":
        return r2_score(y, model.predict(X))
    if hasattr(model, "decision_function"):
        return roc_auc_score(y, model.decision_function(X))
    return roc_auc_score(y, model.predict_proba(X)[:, 1])


def run_fold(X, y, train, test, seed):
    """Return for each contender its score, and the seconds of features and model."""
    torch.set_num_threads(1)
    X_train, X_test = X.iloc[train], X.iloc[test]
    y_train, y_test = y[train], y[test]
    encodings = {
        "one-hot": standard_encoding(X),
        "one-hot scaled": standard_encoding(X, scale_all=True),
        "features": dae_features(seed),
        # A rate too small to move a weight.
        "untrained": dae_features(seed, max_iter=1, learning_rate_init=1e-12, alpha=0),
    }
    results = {}
    with threadpool_limits(1), warnings.catch_warnings():
        # Strengths that take longer to converge are weighed as they are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # One-hot encoders say which categories are new.
        warnings.filterwarnings("ignore", "Found unknown categories")
        for name, encoding in encodings.items():
            start = time.perf_counter()
            features = encoding.fit_transform(X_train)
            features = np.ascontiguousarray(features, dtype=np.float32)
            between = time.perf_counter()
            model = fit_linear(features, y_train, seed)
            end = time.perf_counter()
            features_test = encoding.transform(X_test).astype(np.float32)
            results[name] = (
                score(model, features_test, y_test),
                between - start,
                end - between,
                features.shape[1],
            )
        start = time.perf_counter()
        model = boosting(X_train, y_train).fit(X_train, y_train)
        seconds = time.perf_counter() - start
        results["boosting"] = (score(model, X_test, y_test), 0.0, seconds, X.shape[1])
    return results


def run_table(X, y, repeats, jobs):
    """Return the results of all folds, as arrays of (folds, what run_fold returns)."""
    kind = RepeatedKFold if y.dtype.kind == "f" else RepeatedStratifiedKFold
    splits = kind(n_splits=5, n_repeats=repeats, random_state=0).split(X, y)
    folds = Parallel(n_jobs=jobs)(
        delayed(run_fold)(X, y, train, test, seed)
        for seed, (train, test) in enumerate(splits)
    )
    return {name: np.array([fold[name] for fold in folds]) for name in folds[0]}


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3, help="of 5 folds; default: 3")
    parser.add_argument("--jobs", type=int, default=available_cores(), help="processes")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument(
        "--unseen",
        action="store_true",
        help="measure on the rows alone that the setting was not chosen on",
    )
    parser.add_argument("--name", help="of the results file")
    args = parser.parse_args()
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        raise SystemExit("SK_DAE_DATA must name the folder that holds the tables.")

    report = Report(
        args.name or ("tabular_unseen" if args.unseen else "tabular"),
        "Features of tables before a linear model",
        threads=f"1 in each of {args.jobs} processes",
    )
    settings = ", ".join(f"{name}={value!r}" for name, value in SETTING.items())
    report.text(
        f"`TabularDenoisingAutoencoder({settings})`. Mean of 5 folds in "
        f"{args.repeats} repetitions"
        + (", of the rows that the setting was not chosen on" if args.unseen else "")
        + ": area under the ROC curve of logistic regression, for California housing "
        "R2 of ridge regression. Difference: features less standard encoding, with "
        "the standard deviation of the differences, and the folds that are better."
    )
    scores, differences, costs = [], [], []
    wins = {"one-hot": 0, "one-hot scaled": 0}
    begin = time.perf_counter()
    for name in args.sets:
        X, y = read_table(Path(folder), name, "rest" if args.unseen else "all")
        results = run_table(X, y, args.repeats, args.jobs)
        means = {
            contender: values[:, 0].mean() for contender, values in results.items()
        }
        title = SETS[name]
        scores.append((title, str(len(y)), *(f"{mean:.4f}" for mean in means.values())))
        row = [title]
        for contender in wins:
            gaps = results["features"][:, 0] - results[contender][:, 0]
            wins[contender] += gaps.mean() > 0
            row.append(f"{gaps.mean():+.4f} ({gaps.std(ddof=1):.4f})")
            row.append(f"{np.sum(gaps > 0)} of {len(gaps)}")
        differences.append(row)
        costs.append(
            (
                title,
                f"{results['features'][0, 3]:.0f}",
                f"{results['features'][:, 1].mean():.1f}",
                f"{results['features'][:, 2].mean():.1f}",
                f"{results['one-hot'][:, 1:3].sum(axis=1).mean():.1f}",
                f"{results['boosting'][:, 2].mean():.1f}",
            )
        )
        print(*scores[-1], *row[1:], *costs[-1][1:], sep="  ", flush=True)
    print()
    report.table(
        (
            "table",
            "rows",
            "one-hot",
            "one-hot, all scaled",
            "features",
            "untrained net",
            "boosting, raw columns",
        ),
        scores,
    )
    report.table(
        ("table", "to one-hot", "better", "to one-hot, all scaled", "better"),
        differences,
        title="Differences",
    )
    report.table(
        (
            "table",
            "features",
            "autoencoder",
            "linear model, tuned",
            "one-hot, tuned",
            "boosting",
        ),
        costs,
        title="Number of features, and seconds of a fold",
    )
    for contender, won in wins.items():
        report.bar(
            f"tables where the features are better than {contender}",
            f"{won} of {len(args.sets)}",
            "at least 4 of 5",
            won >= 0.8 * len(args.sets),
        )
    minutes = (time.perf_counter() - begin) / 60
    report.bar("minutes", f"{minutes:.0f}", "at most 40", minutes <= 40)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
