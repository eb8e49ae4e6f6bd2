"""Empty rows, text after numbers, integers beyond 64 bits: errors of the package."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.exceptions import NotFittedError

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    GaussianNoise,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

SMALL = {"hidden_layer_sizes": (3,), "max_iter": 1, "device": "cpu", "random_state": 0}


def small(**params):
    return DenoisingAutoencoder(2, **{**SMALL, **params})


ESTIMATORS = {
    "autoencoder": small(),
    "stack": StackedDenoisingAutoencoder(2, pretrain_max_iter=1, **SMALL),
    "table": TabularDenoisingAutoencoder(2, **SMALL),
    "marginalized": MarginalizedDenoisingAutoencoder(),
    "imputer": DenoisingImputer(small(), n_estimators=2, random_state=0),
    "detector": DenoisingOutlierDetector(small(), n_draws=1, n_folds=2),
    "classifier": DenoisingAutoencoderClassifier(small(), max_iter=1),
    "regressor": DenoisingAutoencoderRegressor(small(), max_iter=1),
    "corruption": GaussianNoise(0.1, random_state=0),
}
METHODS = ("transform", "denoise", "score_samples", "predict", "predict_proba")


@pytest.fixture(scope="module")
def X():
    return np.random.RandomState(0).normal(size=(20, 4))


@pytest.fixture(scope="module", params=ESTIMATORS.values(), ids=ESTIMATORS)
def fitted(request, X):
    return request.param.fit(X, (X[:, 0] > 0).astype(int))


@pytest.mark.parametrize(
    ("empty", "y"),
    [
        ([], []),
        ([], [1, 2]),
        ([[]], []),
        (np.zeros((0, 4)), [1, 2]),
        (pd.DataFrame(), []),
    ],
)
def test_empty_rows_are_refused(fitted, empty, y):
    names = vars(fitted).keys()
    with pytest.raises(ValueError, match=r"2D array|feature|sample|inconsistent"):
        fitted.fit(empty, y)
    assert vars(fitted).keys() == names
    for name in METHODS:
        if hasattr(fitted, name):
            with pytest.raises(ValueError, match=r"2D array|feature|sample"):
                getattr(fitted, name)(empty)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
@pytest.mark.filterwarnings("ignore:X (has|does not have)")
def test_text_where_fit_had_numbers_is_refused(fitted, frame):
    words = frame({f"x{j}": ["a", "b"] for j in range(4)})
    for name in METHODS:
        if hasattr(fitted, name):
            with pytest.raises(ValueError, match=r"x0|[Cc]olumn|text"):
                getattr(fitted, name)(words)


def test_complex_objects_of_polars_are_refused_by_name(fitted):
    numbers = {f"x{j}": [0.0, 1.0] for j in range(3)}
    odd = pl.DataFrame({**numbers, "z": pl.Series([1j, 2.0], dtype=pl.Object)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ValueError, match="Complex data not supported: column z"):
            fitted.fit(odd, [0, 1])


@pytest.mark.parametrize(
    "params",
    [
        {"tol": 2**70, "early_stopping": True},
        {"batch_size": 2**70},
        {"n_iter_no_change": 2**70, "early_stopping": True},
        {"penalty": "l1", "penalty_weight": 2**20},
    ],
    ids=str,
)
def test_integers_beyond_64_bits_are_numbers(X, params):
    assert np.isfinite(small(**params).fit(X).transform(X)).all()


@pytest.mark.parametrize("params", [{"alpha": 2**70}, {"learning_rate_init": 2**70}])
def test_integers_that_end_a_training_are_named(X, params):
    with pytest.raises(ValueError, match=f"{next(iter(params))} \\(now 1.18059e\\+21"):
        small(**params).fit(X)


def test_ridge_and_folds_beyond_64_bits(X):
    closed = MarginalizedDenoisingAutoencoder(alpha=2**70).fit(X)
    assert np.isfinite(closed.transform(X)).all()
    detector = DenoisingOutlierDetector(small(), n_folds=2**70, n_draws=1).fit(X)
    assert np.isfinite(detector.score_samples(X)).all()


@pytest.mark.parametrize("n_draws", [2**70, 10**12])
def test_draws_beyond_memory_are_refused_by_name(X, n_draws):
    with pytest.raises(ValueError, match="n_draws"):
        DenoisingOutlierDetector(small(), n_draws=n_draws).fit(X)


@pytest.mark.parametrize("n_samples", [2**70, 10**12, 0, 1.5])
def test_samples_beyond_memory_are_refused_by_name(X, n_samples):
    estimator = small(penalty="variational").fit(X)
    with pytest.raises(ValueError, match="n_samples"):
        estimator.sample(n_samples)


@pytest.mark.parametrize("module", [len, lambda n: None])
def test_functions_that_make_no_module_are_refused_by_name(X, module):
    with pytest.raises(TypeError, match="module must be"):
        small(module=module).fit(X)


@pytest.mark.parametrize(
    "cls", [DenoisingAutoencoder, MarginalizedDenoisingAutoencoder]
)
@pytest.mark.parametrize("features", [pd.NA, pd.Series([0.1, 1]), np.array(["a", "b"])])
def test_features_of_any_type_leave_an_error_of_the_package(X, cls, features):
    with pytest.raises(ValueError, match="features"):
        cls(features=features).fit(X)
    with pytest.raises(NotFittedError):
        cls(features=features).transform(X)


@pytest.mark.parametrize("n_layers", [2**70, 10**12])
def test_layers_beyond_memory_are_refused_by_name(X, n_layers):
    with pytest.raises(ValueError, match="n_layers"):
        MarginalizedDenoisingAutoencoder(n_layers).fit(X)
