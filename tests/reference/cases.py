"""Fits with known outcomes: what the files in this folder hold, and how to write them.

``saved/models.tar.xz`` holds models that earlier versions saved, and
``saved/expected.npz`` what their methods gave; ``weights.json`` holds hashes of the
weights that short fits lead to. Only public names
are used here, so that the cases outlast changes inside the package.

``python tests/reference/cases.py --write weights`` writes the hashes anew: on another
machine, or where a change is meant to lead to other weights. ``--write saved`` adds the
models that are not there yet, written by the version that runs; those that are there
stay, as they show that files of earlier versions can be read.
"""

import argparse
import hashlib
import io
import json
import platform
import re
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import scipy.sparse
import sklearn
import torch
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback
from threadpoolctl import threadpool_limits

import sk_dae
from sk_dae import (
    BlockNoise,
    ComposeNoise,
    ConditionalMeanNoise,
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    GaussianNoise,
    MarginalizedDenoisingAutoencoder,
    MarginalNoise,
    MaskingNoise,
    MultiScaleNoise,
    SaltAndPepperNoise,
    SpeckleNoise,
    StackedDenoisingAutoencoder,
    SwapNoise,
    TabularDenoisingAutoencoder,
    UniformNoise,
)
from sk_dae.losses import HuberLoss, PoissonLoss
from sk_dae.penalties import AdversarialPenalty

FOLDER = Path(__file__).parent
# One archive: most of a small model's file are the states of its generators, which are
# the same in many files and take their room once.
SAVED = FOLDER / "saved" / "models.tar.xz"
EXPECTED = FOLDER / "saved" / "expected.npz"
WEIGHTS = FOLDER / "weights.json"

# Parameters whose names may change are named here and nowhere below.
CALLBACKS = "net_callbacks"
FINE_TUNE = "fine_tune"
HEAD_EPOCHS = "head_max_iter"
MASK_LOSS = "mask_loss_weight"
PRETRAIN_EPOCHS = "pretrain_max_iter"
SCORING_NOISE = "scoring_noise_level"

#: Rows that the methods of a saved model are called with.
N_QUERIES = 6

CORRUPTIONS = (
    "gaussian",
    "uniform",
    "speckle",
    "poisson",
    "masking",
    "block",
    "salt_and_pepper",
    "swap",
    "marginal",
    "conditional_mean",
)
PENALTIES = ("l1", "kl", "contractive", "variational", "adversarial")
ACTIVATIONS = (
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "tanh",
    "logistic",
    "identity",
)

# -- rows -----------------------------------------------------------------------------


def numbers(n_rows, n_columns=5, *, dtype=np.float32, missing=False):
    """Make correlated columns of about unit variance."""
    rng = np.random.RandomState(0)
    factors, loadings = rng.normal(size=(n_rows, 2, 1)), rng.normal(size=(2, n_columns))
    # A sum, as the last bits of a product of matrices depend on the machine.
    X = (factors * loadings).sum(axis=1) + 0.3 * rng.normal(size=(n_rows, n_columns))
    X = X / 1.5
    if missing:
        X[rng.uniform(size=X.shape) < 0.1] = np.nan
    return X.astype(dtype)


def named_numbers(n_rows):
    """Make a frame of numbers."""
    return pd.DataFrame(numbers(n_rows), columns=list("abcde"))


def unit(n_rows, n_columns=5):
    """Make columns with values in [0, 1]."""
    return numbers(n_rows, n_columns).clip(-2, 2) / 4 + np.float32(0.5)


def counts(n_rows, n_columns=5):
    """Make columns of counts, in rows of different sizes."""
    rng = np.random.RandomState(0)
    sizes = rng.uniform(1, 3, size=(n_rows, 1))
    return rng.poisson(sizes * np.arange(1, n_columns + 1)).astype(np.float32)


def sparse(n_rows, n_columns=8):
    """Make rows that are mostly zero, in compressed form."""
    X = numbers(n_rows, n_columns)
    return scipy.sparse.csr_array(np.where(X > 0.5, X, 0))


def mixed(n_rows):
    """Make a table of numbers, categories and times, all with gaps."""
    rng = np.random.RandomState(0)
    size = rng.normal(size=n_rows)
    rank = np.argsort(np.argsort(size)) / n_rows
    kinds = np.array(["ant", "bee", "cat"], dtype=object)
    frame = pd.DataFrame(
        {
            "size": 10 * size + 3,
            "tail": np.round(100 * rank**3, 3),
            "count": pd.array(rng.poisson(1 + 5 * rank), dtype="Int64"),
            "kind": kinds[(3 * rank).astype(int)],
            "grade": pd.Categorical(
                1 + (2.9 * rng.uniform(size=n_rows)).astype(int),
                categories=[1, 2, 3],
                ordered=True,
            ),
            "flag": rank > rng.uniform(size=n_rows),
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rank * 300, unit="D"),
        }
    )
    for column in ("size", "count", "kind", "grade", "seen"):
        frame.loc[rng.uniform(size=n_rows) < 0.1, column] = None
    return frame


def codes(n_rows):
    """Make an array in which the last two columns are integers that name something."""
    X = numbers(n_rows, 6, dtype=np.float64)
    X[:, 4:] = np.round(X[:, 4:]).clip(-2, 2)
    return X


def sum_of_columns(X):
    """Make a target of numbers."""
    if isinstance(X, pd.DataFrame):
        X = X.select_dtypes("float")
    return np.nansum(np.asarray(X, dtype=np.float64), axis=1)


def two_targets(X):
    """Make two targets of numbers."""
    return np.column_stack([sum_of_columns(X), np.abs(X[:, 0])])


def three_classes(X):
    """Make labels."""
    y = sum_of_columns(X)
    return np.array(["high", "low", "none"])[np.argsort(np.argsort(y)) * 3 // len(y)]


def some_labels(X):
    """Make labels of two classes, and -1 where there is none."""
    return np.where(np.arange(len(X)) % 3 == 0, -1, sum_of_columns(X) > 0)


# -- what is fitted -------------------------------------------------------------------


class Perceptron(torch.nn.Module):
    """A module as a user may write it, with buffers besides its parameters."""

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.norm = torch.nn.BatchNorm1d(n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.norm(self.encoder(X))

    def decode(self, code):
        return self.decoder(code)


class BatchWatcher(Callback):
    """Listens to every batch, and does nothing."""

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        pass


def halve_some(X, generator):
    """Corrupt rows as a function of the user's may do."""
    chosen = torch.rand(X.shape, generator=generator, device=X.device) < 0.3
    return torch.where(chosen, X / 2, X)


# Small nets on the CPU, whatever the machine has.
SMALL = {
    "n_components": 3,
    "hidden_layer_sizes": (6,),
    "max_iter": 3,
    "device": "cpu",
    "random_state": 0,
}


def with_level(params, level, corruption):
    """Add the level that a name stood for when the files were saved.

    `corruption` is the default of the parameter.
    """
    corruption = params.get("corruption", corruption)
    named = isinstance(corruption, str) and corruption != "autoencoder"
    return {"noise_level": level if named else "auto", **params}


def convolutional(**params):
    # The same products on all machines.
    defaults = {"n_filters": (4,), "max_iter": 2, "precision": "float32"}
    return ConvolutionalDenoisingAutoencoder(
        3, **{**defaults, "device": "cpu", "random_state": 0, **params}
    )


def plain(**params):
    """Make an autoencoder that trains quickly."""
    params = with_level(params, 0.2, "gaussian")
    return DenoisingAutoencoder(**{**SMALL, **params})


def stacked(**params):
    """Make a stack that trains quickly."""
    params = with_level(params, 0.25, "masking")
    return StackedDenoisingAutoencoder(**{**SMALL, PRETRAIN_EPOCHS: 2, **params})


def tabular(**params):
    """Make an autoencoder for tables that trains quickly."""
    params = with_level(params, 0.15, "swap")
    return TabularDenoisingAutoencoder(**{**SMALL, **params})


def marginalized(**params):
    """Make linear layers in closed form."""
    params = {"n_layers": 2, "device": "cpu", "random_state": 0, **params}
    return MarginalizedDenoisingAutoencoder(**params)


def classifier(autoencoder=None, **params):
    """Make a classifier that trains quickly."""
    autoencoder = plain(corruption="swap") if autoencoder is None else autoencoder
    params = with_level(params, 0.2, "autoencoder")
    params = {"max_iter": 3, "random_state": 0, **params}
    return DenoisingAutoencoderClassifier(autoencoder, **params)


def regressor(autoencoder=None, **params):
    """Make a regressor that trains quickly."""
    autoencoder = plain(corruption="swap") if autoencoder is None else autoencoder
    params = with_level(params, 0.2, "autoencoder")
    params = {"max_iter": 3, "random_state": 0, **params}
    return DenoisingAutoencoderRegressor(autoencoder, **params)


def frozen_classifier(rows):
    """Make a classifier on an autoencoder that has been fitted before."""
    return classifier(FrozenEstimator(plain(corruption="swap").fit(rows())))


def imputer(autoencoder=None, **params):
    """Make an imputer that trains quickly."""
    if autoencoder is None:
        autoencoder = plain(corruption="conditional_mean", emphasis="full")
    params = {"n_estimators": 2, "random_state": 0, **params}
    return DenoisingImputer(autoencoder, **params)


def detector(autoencoder=None, **params):
    """Make a detector that trains quickly."""
    if autoencoder is None:
        autoencoder = plain(corruption=MultiScaleNoise())
    params = {"n_draws": 2, "random_state": 0, **params}
    return DenoisingOutlierDetector(autoencoder, **params)


@dataclass(frozen=True)
class Case:
    """An estimator, and how it is fitted.

    Parameters
    ----------
    make : callable
        Returns the estimator.

    rows : callable
        Returns rows, as many as its argument says.

    target : callable, default=None
        Returns the target of rows.

    method : {"fit", "partial_fit"} or None, default="fit"
        Function that fits it; None leaves it unfitted.

    n_calls : int, default=1
        How often.

    arguments : callable, default=None
        Returns further arguments of the method, for rows.

    outputs : callable, default=None
        Returns results of the fitted estimator, for rows, in a dict.
    """

    make: Callable
    rows: Callable = numbers
    target: Callable | None = None
    method: str | None = "fit"
    n_calls: int = 1
    arguments: Callable | None = None
    outputs: Callable | None = None

    def fit(self, X):
        """Return the estimator, fitted to rows."""
        estimator = self.make()
        target = () if self.target is None else (self.target(X),)
        arguments = {} if self.arguments is None else self.arguments(X)
        if self.method is not None:
            for _ in range(self.n_calls):
                getattr(estimator, self.method)(X, *target, **arguments)
        return estimator


# -- results, as arrays ---------------------------------------------------------------


def cells_of(column):
    """Return a column of a frame as numbers, or as strings."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return ((column - pd.Timestamp("2020-01-01")) / pd.Timedelta(days=1)).to_numpy()
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return np.array(["" if pd.isna(cell) else str(cell) for cell in column])
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def arrays_of(name, value):
    """Return a result as arrays by name: of a frame, one for each column."""
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 2:
        value = pd.DataFrame(value).infer_objects()
    if isinstance(value, pd.DataFrame):
        return {f"{name}/{column}": cells_of(value[column]) for column in value}
    if isinstance(value, list) and isinstance(value[0], pd.DataFrame):
        pairs = enumerate(value)
        return {k: v for i, x in pairs for k, v in arrays_of(f"{name}/{i}", x).items()}
    return {name: np.asarray(value)}


def results_of(estimator, X):
    """Return what the methods of a fitted estimator give for rows."""
    found = {}
    methods = [
        "transform",
        "denoise",
        "score_samples",
        "predict",
        "predict_proba",
        "decision_function",
        "feature_contributions",
    ]
    for name in methods:
        if hasattr(estimator, name):
            found |= arrays_of(name, getattr(estimator, name)(X))
    if isinstance(estimator, DenoisingImputer):
        draws = estimator.sample(X, n_imputations=2, random_state=0)
        found |= arrays_of("sample", draws)
    elif hasattr(estimator, "sample"):
        found["sample"] = estimator.sample(3, random_state=0)
    for name in ("loss_curve_", "validation_loss_curve_", "classes_", "offset_"):
        if getattr(estimator, name, None) is not None:
            found[name] = np.asarray(getattr(estimator, name))
    return found


def continued(estimator, training, X):
    """Return what an estimator gives for rows after one more pass over others."""
    return estimator.partial_fit(training).transform(X)


def learns_on(estimator):
    """Return whether it can be trained further."""
    # A predictor's next pass is not among the results; another test makes one.
    learns = hasattr(estimator, "partial_fit") and hasattr(estimator, "transform")
    return learns and not getattr(estimator, "early_stopping", False)


# -- saved models ---------------------------------------------------------------------

N_SAVED = 40


def split_rows(case):
    """Return the rows that a saved model has learned from, and others."""
    rows = case.rows(N_SAVED + N_QUERIES)
    return rows[:N_SAVED], rows[N_SAVED:]


def saved_rows():
    """Return the rows of numbers that saved models have learned from."""
    return numbers(N_SAVED + N_QUERIES)[:N_SAVED]


INSTANCES = {
    "block": BlockNoise(0.3),
    "compose": ComposeNoise([MaskingNoise(0.1), GaussianNoise(0.1)]),
    "conditional_mean": ConditionalMeanNoise(0.3),
    "marginal": MarginalNoise(0.2),
    "multiscale": MultiScaleNoise(),
    "salt_and_pepper": SaltAndPepperNoise(0.2, extremes=(-1, 1)),
    "swap": SwapNoise(0.2, n_donors=20),
}

SAVED_CASES = {
    "plain": Case(plain),
    "plain_names": Case(plain, named_numbers),
    "plain_missing": Case(plain, partial(numbers, missing=True)),
    "plain_early_stopping": Case(partial(plain, early_stopping=True)),
    "plain_partial_fit": Case(plain, method="partial_fit", n_calls=2),
    "plain_partial_fit_sgd": Case(
        partial(plain, optimizer="sgd"), method="partial_fit", n_calls=2
    ),
    "plain_tied": Case(partial(plain, tied_weights=True, dropout=0.2)),
    "plain_layers": Case(partial(plain, features="layers", emphasis="double")),
    "plain_shallow": Case(
        partial(plain, hidden_layer_sizes=(), corruption=None, activation="tanh")
    ),
    "plain_levels": Case(partial(plain, noise_level=np.linspace(0, 0.4, 5))),
    "plain_schedule": Case(partial(plain, noise_schedule="linear")),
    "module": Case(partial(plain, module=Perceptron)),
    "module_partial_fit": Case(
        partial(plain, module=Perceptron), method="partial_fit", n_calls=2
    ),
    **{f"penalty_{name}": Case(partial(plain, penalty=name)) for name in PENALTIES},
    "penalty_adversarial_partial_fit": Case(
        partial(plain, penalty=AdversarialPenalty(0.1, hidden_layer_sizes=(4,))),
        method="partial_fit",
        n_calls=2,
    ),
    "loss_huber": Case(partial(plain, loss=HuberLoss(0.5))),
    "loss_absolute_error": Case(partial(plain, loss="absolute_error")),
    "loss_binary_cross_entropy": Case(
        partial(plain, loss="binary_cross_entropy", corruption="masking"), unit
    ),
    "loss_poisson": Case(
        partial(plain, loss=PoissonLoss(normalize=False), corruption="poisson"), counts
    ),
    "loss_negative_binomial": Case(
        partial(plain, loss="negative_binomial", corruption="masking"), counts
    ),
    "loss_cosine": Case(partial(plain, loss="cosine")),
    **{
        f"corruption_{name}": Case(
            partial(plain, corruption=process), partial(numbers, missing=True)
        )
        for name, process in INSTANCES.items()
    },
    "corruption_salt_and_pepper_name": Case(
        partial(plain, corruption="salt_and_pepper")
    ),
    "stacked": Case(stacked),
    "stacked_layers": Case(
        partial(
            stacked,
            hidden_layer_sizes=(6, 4),
            corruption=["gaussian", MaskingNoise(0.2), None],
            noise_level=[0.1, "auto", "auto"],
            emphasis=["double", "full", None],
            **{FINE_TUNE: False},
        )
    ),
    "tabular": Case(tabular, mixed),
    "tabular_masking": Case(
        partial(
            tabular,
            corruption="masking",
            numeric_scaling="standard",
            passthrough=True,
            max_categories=2,
            **{MASK_LOSS: 0.5},
        ),
        mixed,
    ),
    "tabular_partial_fit": Case(tabular, mixed, method="partial_fit", n_calls=2),
    "tabular_codes": Case(
        partial(tabular, categorical_features=[4, 5], features="code"), codes
    ),
    "marginalized": Case(marginalized, partial(numbers, missing=True)),
    "marginalized_sums": Case(partial(marginalized, n_layers=1, features="layers")),
    "marginalized_pivots": Case(
        partial(marginalized, n_pivots=3, noise_level=[0.5, 0.3]), sparse
    ),
    "classifier": Case(partial(classifier, **{HEAD_EPOCHS: 2}), target=three_classes),
    "classifier_unlabeled": Case(
        partial(classifier, unlabeled_value=-1, early_stopping=True),
        named_numbers,
        target=some_labels,
    ),
    "classifier_module": Case(
        partial(classifier, plain(module=Perceptron)), target=three_classes
    ),
    "classifier_frozen": Case(
        partial(frozen_classifier, saved_rows), target=three_classes
    ),
    "classifier_stacked": Case(
        partial(classifier, stacked(), corruption="masking"), target=three_classes
    ),
    "classifier_tabular": Case(
        partial(classifier, tabular()), mixed, target=three_classes
    ),
    "regressor": Case(partial(regressor, **{HEAD_EPOCHS: 1}), target=sum_of_columns),
    "regressor_two_targets": Case(
        partial(regressor, pretrain=False), target=two_targets
    ),
    "imputer": Case(imputer, partial(numbers, missing=True)),
    "imputer_indicator": Case(
        partial(imputer, plain(corruption="masking"), add_indicator=True),
        partial(numbers, missing=True, dtype=np.float64),
    ),
    "imputer_mixed": Case(
        partial(imputer, tabular(corruption="masking", emphasis="full")), mixed
    ),
    "detector": Case(
        partial(detector, **{SCORING_NOISE: 0.7}), partial(numbers, missing=True)
    ),
    "detector_contamination": Case(
        partial(detector, contamination=0.1, n_folds=None), named_numbers
    ),
    "convolutional": Case(convolutional, partial(numbers, missing=True)),
    "unfitted": Case(
        partial(
            plain,
            corruption=ComposeNoise(
                [SwapNoise(0.1), UniformNoise({"a": 0.3}), SpeckleNoise([0.1, 0.2])]
            ),
        ),
        method=None,
    ),
    "unfitted_stacked": Case(
        partial(
            stacked,
            corruption=[BlockNoise(0.2), SaltAndPepperNoise(0.1)],
            **{FINE_TUNE: False},
        ),
        method=None,
    ),
    "unfitted_classifier": Case(
        partial(
            classifier,
            tabular(**{MASK_LOSS: 0.5}),
            corruption=MarginalNoise(0.3),
            **{HEAD_EPOCHS: 4},
        ),
        method=None,
    ),
    "unfitted_detector": Case(partial(detector, **{SCORING_NOISE: 0.25}), method=None),
}


def read_saved():
    """Return the contents of the saved files, by model."""
    with tarfile.open(SAVED) as archive:
        return {
            member.name.removesuffix(".safetensors"): archive.extractfile(member).read()
            for member in archive
        }


def read_expected():
    """Return what the methods of the saved models gave, by model and result."""
    with np.load(EXPECTED) as file:
        return {key: file[key] for key in file.files}


def save_model(name, case, folder):
    """Save the model of a case; return the file's contents and what it gives."""
    training, X = split_rows(case)
    estimator = case.fit(training)
    path = folder / f"{name}.safetensors"
    sk_dae.save(estimator, path)
    results = {}
    if case.method is not None:
        results = results_of(estimator, X)
        if learns_on(estimator):
            results["continued"] = continued(estimator, training, X)
    return path.read_bytes(), {f"{name}:{key}": v for key, v in results.items()}


def write_saved():
    """Write the models that are not there yet, and what their methods give."""
    SAVED.parent.mkdir(exist_ok=True)
    files = read_saved() if SAVED.exists() else {}
    expected = read_expected() if EXPECTED.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in SAVED_CASES.keys() - files.keys():
            case = SAVED_CASES[name]
            files[name], results = save_model(name, case, Path(folder))
            expected |= results
    with tarfile.open(SAVED, "w:xz", preset=9) as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{name}.safetensors")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    np.savez_compressed(EXPECTED, **dict(sorted(expected.items())))


# -- hashes of weights ----------------------------------------------------------------

N_HASHED = 200

eight = partial(numbers, n_columns=8)
gaps = partial(numbers, n_columns=8, missing=True)


def hashed_rows():
    """Return the rows of numbers that hashed models learn from."""
    return eight(N_HASHED)


def clean_rows(X):
    """Return what the rows might have been before they were corrupted."""
    return {"clean": X - np.float32(0.1) * np.sign(X)}


def unequal_weights(X):
    """Return weights of rows."""
    return {"sample_weight": np.arange(len(X)) % 4}


def transformed(estimator, X):
    """Return the features of rows."""
    return arrays_of("transform", estimator.transform(X))


WEIGHT_CASES = {
    "defaults": Case(
        partial(DenoisingAutoencoder, max_iter=3, device="cpu", random_state=0), eight
    ),
    "plain": Case(plain, eight),
    "float64": Case(plain, partial(eight, dtype=np.float64)),
    "csr": Case(plain, sparse),
    "missing": Case(plain, gaps),
    "clean": Case(partial(plain, corruption=None), eight, arguments=clean_rows),
    "sample_weight": Case(plain, eight, arguments=unequal_weights),
    "early_stopping": Case(partial(plain, early_stopping=True), eight),
    "wide": Case(partial(plain, hidden_layer_sizes=(256, 160)), eight),
    "deep": Case(partial(plain, hidden_layer_sizes=(6, 5, 4)), eight),
    "shallow": Case(partial(plain, hidden_layer_sizes=()), eight),
    "small_batches": Case(partial(plain, batch_size=7), eight),
    **{
        f"corruption_{name}": Case(
            partial(plain, corruption=name), partial(unit, n_columns=8)
        )
        for name in CORRUPTIONS
    },
    "corruption_none": Case(partial(plain, corruption=None), eight),
    "corruption_callable": Case(partial(plain, corruption=halve_some), eight),
    "corruption_compose": Case(partial(plain, corruption=INSTANCES["compose"]), eight),
    "corruption_multiscale": Case(partial(plain, corruption=MultiScaleNoise()), eight),
    **{
        f"emphasis_{name}": Case(
            partial(plain, corruption="masking", emphasis=name), eight
        )
        for name in ("full", "double")
    },
    **{
        f"noise_schedule_{name}": Case(partial(plain, noise_schedule=name), eight)
        for name in ("linear", "cosine", "exponential")
    },
    "loss_absolute_error": Case(partial(plain, loss="absolute_error"), gaps),
    "loss_huber": Case(partial(plain, loss="huber"), gaps),
    "loss_binary_cross_entropy": Case(
        partial(plain, loss="binary_cross_entropy", corruption="masking"), unit
    ),
    "loss_poisson": Case(partial(plain, loss="poisson", corruption="masking"), counts),
    "loss_cosine": Case(partial(plain, loss="cosine"), eight),
    **{
        f"penalty_{name}": Case(partial(plain, penalty=name), eight)
        for name in PENALTIES
    },
    **{
        f"optimizer_{name}": Case(partial(plain, optimizer=name), eight)
        for name in ("adam", "sgd", "nesterov", "rmsprop")
    },
    "optimizer_class": Case(partial(plain, optimizer=torch.optim.Adagrad), eight),
    **{
        f"learning_rate_{name}": Case(partial(plain, learning_rate=name), eight)
        for name in ("constant", "cosine")
    },
    "dropout": Case(partial(plain, dropout=0.3), eight),
    "tied_weights": Case(partial(plain, tied_weights=True), eight),
    **{
        f"activation_{name}": Case(partial(plain, activation=name), eight)
        for name in ACTIVATIONS
    },
    "module": Case(partial(plain, module=Perceptron), eight),
    "callback": Case(partial(plain, **{CALLBACKS: [BatchWatcher()]}), eight),
    "warm_start": Case(partial(plain, warm_start=True), eight, n_calls=2),
    "partial_fit": Case(plain, eight, method="partial_fit", n_calls=3),
    "layers": Case(partial(plain, features="layers"), eight, outputs=transformed),
    "stacked": Case(stacked, eight),
    "stacked_logistic": Case(
        partial(stacked, activation="logistic", loss="binary_cross_entropy"), unit
    ),
    "stacked_noise_per_layer": Case(
        partial(stacked, corruption=["gaussian", "masking"], noise_level=[0.1, 0.3]),
        eight,
    ),
    "stacked_dropout": Case(partial(stacked, dropout=0.3), eight),
    "stacked_layers_only": Case(partial(stacked, **{FINE_TUNE: False}), eight),
    "stacked_early_stopping": Case(partial(stacked, early_stopping=True), eight),
    "tabular_swap": Case(tabular, mixed),
    "tabular_masking": Case(partial(tabular, corruption="masking"), mixed),
    "tabular_mask_loss": Case(partial(tabular, **{MASK_LOSS: 0.5}), mixed),
    "tabular_emphasis": Case(partial(tabular, emphasis="double"), mixed),
    "tabular_codes": Case(partial(tabular, categorical_features=[4, 5]), codes),
    "classifier": Case(classifier, eight, target=three_classes),
    "classifier_head": Case(
        partial(classifier, **{HEAD_EPOCHS: 2}), eight, target=three_classes
    ),
    "classifier_early_stopping": Case(
        partial(classifier, early_stopping=True), eight, target=three_classes
    ),
    "classifier_no_pretraining": Case(
        partial(classifier, pretrain=False), eight, target=three_classes
    ),
    "classifier_unlabeled": Case(
        partial(classifier, unlabeled_value=-1), eight, target=some_labels
    ),
    "classifier_frozen": Case(
        partial(frozen_classifier, hashed_rows), eight, target=three_classes
    ),
    "classifier_tabular": Case(
        partial(classifier, tabular()), mixed, target=three_classes
    ),
    "regressor": Case(regressor, eight, target=sum_of_columns),
    "regressor_head": Case(
        partial(regressor, **{HEAD_EPOCHS: 2}), eight, target=two_targets
    ),
    "imputer": Case(imputer, gaps, outputs=results_of),
    "imputer_mixed": Case(
        partial(imputer, tabular(corruption="masking", emphasis="full")),
        mixed,
        outputs=results_of,
    ),
    "detector": Case(detector, gaps, outputs=results_of),
    "marginalized": Case(partial(marginalized, n_layers=3), gaps, outputs=transformed),
    "marginalized_pivots": Case(
        partial(marginalized, n_pivots=3), sparse, outputs=transformed
    ),
}


def hash_of(case):
    """Fit a case, and return the SHA-256 of its weights and losses, or of its outputs.

    The last bits depend on how many threads share a sum, so there is one.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            X = case.rows(N_HASHED)
            estimator = case.fit(X)
            found = {} if case.outputs is None else case.outputs(estimator, X)
    finally:
        torch.set_num_threads(n_threads)
    digest = hashlib.sha256()
    if hasattr(estimator, "net_"):
        for _, tensor in sorted(estimator.net_.module_.state_dict().items()):
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        curves = [
            estimator.loss_curve_,
            getattr(estimator, "validation_loss_curve_", None) or [],
            *getattr(estimator, "layer_loss_curves_", []),
        ]
        for curve in curves:
            digest.update(np.asarray(curve, dtype=np.float64).tobytes())
    for _, value in sorted(found.items()):
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def fingerprint():
    """Return what the last bits of the weights depend on besides the package."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = re.search(r"^model name\s*:\s*(.*)$", info.read_text(), re.MULTILINE)
        cpu = named[1].strip() if named else cpu
    return {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
        "cpu": cpu,
        "torch_threads": 1,
    }


def read_weights():
    """Return the fingerprint of the machine and the hashes that hold there."""
    stored = json.loads(WEIGHTS.read_text())
    return stored["fingerprint"], stored["sha256"]


def write_weights():
    """Fit all cases, and write their hashes."""
    hashes = {name: hash_of(case) for name, case in WEIGHT_CASES.items()}
    stored = {"fingerprint": fingerprint(), "sha256": hashes}
    WEIGHTS.write_text(json.dumps(stored, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    writers = {"saved": write_saved, "weights": write_weights}
    parser.add_argument("--write", choices=writers, required=True)
    writers[parser.parse_args().write]()
