"""Data frames in which two columns have the same name are refused by this name."""

import numpy as np
import pandas as pd
import pytest

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.corruption import ComposeNoise, GaussianNoise
from sk_dae.metrics import (
    make_denoising_scorer,
    make_imputation_scorer,
    peak_signal_noise_ratio,
)

VALUES = np.random.RandomState(0).normal(size=(12, 3))
TARGETS = np.arange(12) % 2
FRAME = pd.DataFrame(VALUES, columns=["a", "b", "c"])
DAE = DenoisingAutoencoder(2, max_iter=1, random_state=0)
SMALL = {"max_iter": 1, "random_state": 0}

ESTIMATORS = {
    "code": DAE,
    "stack": StackedDenoisingAutoencoder(2, pretrain_max_iter=1, **SMALL),
    "table": TabularDenoisingAutoencoder(2, **SMALL),
    "closed form": MarginalizedDenoisingAutoencoder(),
    "imputer": DenoisingImputer(DAE, n_estimators=1),
    "imputer of tables": DenoisingImputer(TabularDenoisingAutoencoder(2, **SMALL)),
    "detector": DenoisingOutlierDetector(DAE),
    "detector of tables": DenoisingOutlierDetector(
        TabularDenoisingAutoencoder(2, **SMALL)
    ),
    "classifier": DenoisingAutoencoderClassifier(DAE, **SMALL),
    "regressor": DenoisingAutoencoderRegressor(DAE, **SMALL),
    "default classifier": DenoisingAutoencoderClassifier(**SMALL),
    "noise": GaussianNoise(0.1, random_state=0),
    "two noises": ComposeNoise([GaussianNoise(0.1)], random_state=0),
}
NAMES = {
    "text": (["a", "b", "a"], "'a'"),
    "numbers": ([0, 1, 0], "0"),
    "both": (["a", 1, 1], "1"),
    "levels": (pd.MultiIndex.from_tuples([("a", 1), ("b", 1), ("a", 1)]), "'a', 1"),
}
METHODS = [
    *("transform", "denoise", "reconstruction_error", "score_samples", "predict"),
    *("predict_proba", "decision_function", "feature_contributions", "partial_fit"),
    *("score", "sample", "fit"),
]


def with_names(names):
    X = FRAME.copy()
    X.columns = names
    return X


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_fit_names_the_column(name, names):
    X, shown = with_names(NAMES[names][0]), NAMES[names][1]
    with pytest.raises(ValueError, match=rf"X has several columns .*{shown}"):
        ESTIMATORS[name].fit(X, TARGETS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_method_names_the_column(name):
    model = ESTIMATORS[name].fit(FRAME, TARGETS)
    X = with_names(["a", "b", "a"])
    for method in METHODS:
        if not hasattr(model, method):
            continue
        targets = [TARGETS] if method in ("score", "fit", "partial_fit") else []
        with pytest.raises(ValueError, match="X has several columns of the name 'a'"):
            getattr(model, method)(X, *targets)


TWICE = with_names(["a", "b", "a"])
CLASSES = pd.DataFrame({"y": TARGETS}).iloc[:, [0, 0]]

#: Calls with such a frame in another place than the rows of a fit, by its name there.
CALLS = {
    ("clean", "fit"): lambda: DAE.fit(FRAME, clean=TWICE),
    ("X", "inverse_transform"): lambda: DAE.fit(VALUES).inverse_transform(
        TWICE.iloc[:, [0, 2]]
    ),
    ("y", "regressor"): lambda: ESTIMATORS["regressor"].fit(VALUES, TWICE),
    ("y", "classifier"): lambda: ESTIMATORS["classifier"].fit(VALUES, CLASSES),
    ("y", "score of a regressor"): lambda: (
        ESTIMATORS["regressor"].fit(VALUES, VALUES).score(VALUES, TWICE)
    ),
    ("y", "score of a classifier"): lambda: (
        ESTIMATORS["classifier"].fit(VALUES, TARGETS).score(VALUES, CLASSES)
    ),
    ("sample_weight", "code"): lambda: DAE.fit(VALUES, sample_weight=TWICE),
    ("sample_weight", "regressor"): lambda: ESTIMATORS["regressor"].fit(
        VALUES, TARGETS, sample_weight=TWICE
    ),
    ("sample_weight", "score"): lambda: (
        ESTIMATORS["regressor"].fit(VALUES, TARGETS).score(VALUES, TARGETS, TWICE)
    ),
    ("X_true", "metric"): lambda: peak_signal_noise_ratio(TWICE, VALUES),
    ("X_pred", "metric"): lambda: peak_signal_noise_ratio(VALUES, TWICE),
    ("X", "denoising scorer"): lambda: make_denoising_scorer()(DAE.fit(FRAME), TWICE),
    ("X", "imputation scorer"): lambda: make_imputation_scorer()(
        ESTIMATORS["imputer"].fit(FRAME), TWICE
    ),
}


@pytest.mark.parametrize(("rows", "where"), CALLS)
def test_other_arguments_name_the_column(rows, where):
    with pytest.raises(ValueError, match=f"^{rows} has several columns of the name"):
        CALLS[rows, where]()


@pytest.mark.parametrize("name", ["code", "closed form", "classifier"])
def test_rows_are_refused_before_those_of_weight_zero_are_left_out(name):
    weights = np.r_[0.0, np.ones(11)]
    with pytest.raises(ValueError, match="X has several columns of the name 'a'"):
        ESTIMATORS[name].fit(TWICE, TARGETS, sample_weight=weights)
