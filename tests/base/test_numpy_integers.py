"""Numbers of NumPy's small and unsigned integers do what those of Python do."""

import numpy as np
import pytest

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

X = np.random.RandomState(0).normal(size=(40, 3))
Y = np.arange(40) % 2
DAE = DenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1, random_state=0)
AROUND = {"autoencoder": DAE, "random_state": 0}

#: Estimators, their other parameters, and a parameter with a value that products or
#: the opposite number of overflow.
CASES = [
    (DenoisingAutoencoder, {"max_iter": 1}, "n_components", 120),
    (DenoisingAutoencoder, {"max_iter": 1}, "batch_size", 7),
    (DenoisingAutoencoder, {}, "max_iter", 70),
    (StackedDenoisingAutoencoder, {"max_iter": 1}, "n_components", 120),
    (StackedDenoisingAutoencoder, {"max_iter": 1}, "pretrain_max_iter", 70),
    (StackedDenoisingAutoencoder, {"max_iter": 1}, "batch_size", 7),
    (TabularDenoisingAutoencoder, {"max_iter": 1}, "n_components", 120),
    (TabularDenoisingAutoencoder, {"max_iter": 1}, "batch_size", 7),
    (DenoisingAutoencoderClassifier, AROUND, "max_iter", 70),
    (DenoisingAutoencoderClassifier, {**AROUND, "max_iter": 1}, "head_max_iter", 70),
    (DenoisingAutoencoderRegressor, {**AROUND, "max_iter": 1}, "batch_size", 7),
    (DenoisingImputer, AROUND, "n_estimators", 2),
    (DenoisingOutlierDetector, AROUND, "n_draws", 7),
    (DenoisingOutlierDetector, AROUND, "n_folds", 2),
]


def result_of(cls, params):
    if "autoencoder" not in params:
        params = {"hidden_layer_sizes": (4,), "pretrain_max_iter": 1, **params}
    known = cls().get_params(deep=False)
    params = {key: value for key, value in params.items() if key in known}
    model = cls(**{"random_state": 0, **params}).fit(X, Y)
    for method in ("transform", "predict_proba", "predict", "score_samples"):
        if hasattr(model, method):
            return getattr(model, method)(X + 0.1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.int8, np.uint64])
@pytest.mark.parametrize(
    ("cls", "params", "name", "value"),
    [pytest.param(*case, id=f"{case[0].__name__}-{case[2]}") for case in CASES],
)
def test_small_integers_are_taken(cls, params, name, value, dtype):
    wanted = result_of(cls, {**params, name: value})
    found = result_of(cls, {**params, name: dtype(value)})
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    "cls",
    [DenoisingAutoencoder, StackedDenoisingAutoencoder, TabularDenoisingAutoencoder],
)
def test_true_is_one(cls):
    wanted = result_of(cls, {"max_iter": 1, "n_components": 1})
    found = result_of(cls, {"max_iter": True, "n_components": True})
    np.testing.assert_array_equal(found, wanted)
