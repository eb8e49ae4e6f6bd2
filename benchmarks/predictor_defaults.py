"""How the defaults of the predictors stand beside their neighbours, and beside peers.

Every parameter of `DenoisingAutoencoderClassifier` or `DenoisingAutoencoderRegressor`,
and of the autoencoder that it makes where none is given, is varied alone, all others at
their defaults. The measure is the loss of the validation rows, 25 % of the rows, over
that of the defaults: below one, the neighbour is better. The loss is the cross-entropy
of classes, or one minus R2. Two splits of each set are averaged, the same for every
setting; nothing is tested on rows that another benchmark tests on.

Beside them stand scikit-learn's multilayer perceptron with as many hidden units,
gradient boosting and a linear model, all with their defaults.

Sets: digits, breast cancer and diabetes come with scikit-learn. Two tables are read
from the folder that `SK_DAE_DATA` names, `tabular/adult.npz` and
`tabular/california_housing.npz`, as in `tabular.py`; without it they are left out.
Numbers are standardised, their gaps filled with the median; each category is a column.

    SK_DAE_DATA=~/data python benchmarks/predictor_defaults.py
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import is_classifier
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from _report import Report, available_cores
from _tables import is_number, read_table
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
)

N_SPLITS = 2
#: What the predictors make where no autoencoder is given.
AUTOENCODER = {
    "n_components": 256,
    "code_activation": "relu",
    "corruption": "swap",
    "noise_level": 0.2,
}

VARIATIONS = [
    {"learning_rate_init": 0.0003},
    {"learning_rate_init": 0.003},
    {"learning_rate": "constant"},
    {"alpha": 0.1},
    {"max_iter": "half"},
    {"dropout": 0.0},
    {"dropout": 0.2},
    {"dropout": 0.7},
    {"head_max_iter": 10},
    {"corruption": None},
    {"pretrain": False},
    {"autoencoder": {"n_components": 128}},
    {"autoencoder": {"hidden_layer_sizes": ()}},
    {"autoencoder": {"hidden_layer_sizes": (256, 256)}},
    {"autoencoder": {"code_activation": "silu"}},
    {"autoencoder": {"noise_level": 0.4}},
]


@dataclass(frozen=True)
class LabeledSet:
    """Rows and targets to split.

    Parameters
    ----------
    X : ndarray or DataFrame of shape (n_samples, n_features)
        The rows.

    y : ndarray of shape (n_samples,)
        Classes, or numbers.

    encoder : transformer
        The steps before every model, fitted on the training rows.

    classes : bool
        Whether `y` holds classes.
    """

    X: object
    y: np.ndarray
    encoder: object
    classes: bool

    def split(self, number):
        """Return encoded training and validation rows, and their targets."""
        X_train, X_valid, y_train, y_valid = train_test_split(
            self.X,
            self.y,
            test_size=0.25,
            random_state=number,
            stratify=self.y if self.classes else None,
        )
        X_train = self.encoder.fit_transform(X_train).astype(np.float32)
        X_valid = self.encoder.transform(X_valid).astype(np.float32)
        return X_train, y_train, X_valid, y_valid


def read_sets():
    """Return the sets that are at hand, by name."""
    digits, cancer = load_digits(), load_breast_cancer()
    # The rows that the other benchmarks test on stay out.
    some = train_test_split(
        np.arange(len(digits.target)),
        test_size=0.33,
        random_state=0,
        stratify=digits.target,
    )[0]
    pixels, numbers = FunctionTransformer(), StandardScaler()
    sets = {
        "digits": LabeledSet(digits.data[some] / 16, digits.target[some], pixels, True),
        "breast cancer": LabeledSet(cancer.data, cancer.target, numbers, True),
        "diabetes": LabeledSet(*load_diabetes(return_X_y=True), numbers, False),
    }
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        print("SK_DAE_DATA is not set: Adult and California are left out.\n")
        return sets
    for title, name in [("Adult", "adult"), ("California", "california_housing")]:
        X, y = read_table(Path(folder), name, "chosen on")
        X, number = X[:8_000], is_number(X)
        encoder = make_column_transformer(
            (
                make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
                list(X.columns[number]),
            ),
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                list(X.columns[~number]),
            ),
        )
        sets[title] = LabeledSet(X, y[:8_000], encoder, name == "adult")
    return sets


def make_predictor(classes, params, split):
    """Return a predictor of the defaults, but for some parameters."""
    params = dict(params)
    autoencoder = params.pop("autoencoder", None)
    if autoencoder is not None:
        autoencoder = DenoisingAutoencoder(**AUTOENCODER).set_params(**autoencoder)
    kind = DenoisingAutoencoderClassifier if classes else DenoisingAutoencoderRegressor
    return kind(autoencoder, random_state=split, **params)


def make_peers(classes, split):
    """Return the models to compare with, by name."""
    kinds = (
        (MLPClassifier, HistGradientBoostingClassifier, LogisticRegression)
        if classes
        else (MLPRegressor, HistGradientBoostingRegressor, Ridge)
    )
    perceptron, boosting, linear = kinds
    return {
        "perceptron": perceptron(hidden_layer_sizes=(256,), random_state=split),
        "boosting": boosting(random_state=split),
        "linear": linear(),
    }


def judge(model, split, labeled_set):
    """Return the loss and the error of validation rows, the seconds and the epochs."""
    X_train, y_train, X_valid, y_valid = labeled_set.split(split)
    start = time.perf_counter()
    with warnings.catch_warnings(), threadpool_limits(1):
        # scikit-learn's perceptron and logistic regression stop where they do.
        warnings.simplefilter("ignore", ConvergenceWarning)
        torch.set_num_threads(1)
        model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    if is_classifier(model):
        loss = log_loss(y_valid, model.predict_proba(X_valid))
        error = 1 - accuracy_score(y_valid, model.predict(X_valid))
    else:
        loss = error = 1 - r2_score(y_valid, model.predict(X_valid))
    return loss, error, seconds, getattr(model, "n_iter_", None)


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=available_cores())
    args = parser.parse_args()
    sets = read_sets()
    run = Parallel(n_jobs=args.jobs)

    def measure(make):
        """Return the mean loss, error and seconds, and the epochs, by set."""
        results = run(
            delayed(judge)(make(data, name, split), split, data)
            for name, data in sets.items()
            for split in range(N_SPLITS)
        )
        results = iter(results)
        measured = {}
        for name in sets:
            of_set = [next(results) for _ in range(N_SPLITS)]
            means = np.mean([result[:3] for result in of_set], axis=0)
            measured[name] = (*means, of_set[-1][3])
        return measured

    report = Report(
        "predictor_defaults",
        "The defaults of the predictors and their neighbours",
        threads=f"1 per fit, {args.jobs} fits at a time",
    )
    base = measure(lambda data, name, split: make_predictor(data.classes, {}, split))
    peers = {
        peer: measure(
            lambda data, name, split, peer=peer: make_peers(data.classes, split)[peer]
        )
        for peer in make_peers(True, 0)
    }
    report.text(
        "Loss and error of validation rows, mean of "
        f"{N_SPLITS} splits: cross-entropy and the share of wrong classes, for "
        "diabetes and California both one minus R2."
    )
    heads = ("rows", "columns", "loss", "fit, s", "epochs")
    report.table(
        ("defaults on", *heads, *(f"loss, {peer}" for peer in peers)),
        [
            (
                name,
                f"{int(0.75 * len(data.y)):,}",
                data.split(0)[0].shape[1],
                f"{base[name][0]:.3f}",
                f"{base[name][2]:.1f}",
                base[name][3],
                *(f"{peer[name][0]:.3f}" for peer in peers.values()),
            )
            for name, data in sets.items()
        ],
    )
    report.table(
        ("error, %, of", "defaults", *peers),
        [
            (
                name,
                *(f"{100 * result[name][1]:.2f}" for result in (base, *peers.values())),
            )
            for name in sets
        ],
    )
    rows = []
    for variation in VARIATIONS:

        def make(data, name, split, variation=variation):
            params = dict(variation)
            if "max_iter" in params:
                epochs = base[name][3]
                half = params["max_iter"] == "half"
                params["max_iter"] = epochs // 2 if half else epochs * 2
            return make_predictor(data.classes, params, split)

        measured = measure(make)
        ratios = [measured[name][0] / base[name][0] for name in sets]
        cells = [
            ", ".join(f"{key}={value!r}" for key, value in variation.items()),
            *(f"{ratio:.3f}" for ratio in ratios),
            f"{np.exp(np.mean(np.log(ratios))):.3f}",
        ]
        print(" ".join(cells), flush=True)
        rows.append(cells)
    report.text("Loss over that of the defaults; below one the neighbour is better.")
    report.table(("alone at another value", *sets, "mean"), rows)
    report.write()


if __name__ == "__main__":
    main()
