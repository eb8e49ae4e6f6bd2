"""Rows far larger than those of the fit: finite results, or an error that says so."""

import numpy as np
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
from sk_dae.losses import CosineLoss, PoissonLoss

SMALL = {"hidden_layer_sizes": (3,), "max_iter": 1, "device": "cpu", "random_state": 0}
METHODS = (
    *("transform", "denoise", "reconstruction_error", "score_samples", "score"),
    *("predict", "predict_proba", "decision_function", "feature_contributions"),
)


def small(**params):
    return DenoisingAutoencoder(2, **{**SMALL, **params})


ESTIMATORS = {
    "autoencoder": small(),
    "huber": small(loss="huber"),
    "cosine": small(loss=CosineLoss()),
    "poisson": small(loss=PoissonLoss(), corruption=None),
    "stack": StackedDenoisingAutoencoder(2, pretrain_max_iter=1, **SMALL),
    "table": TabularDenoisingAutoencoder(2, **SMALL),
    "standard": TabularDenoisingAutoencoder(2, numeric_scaling="standard", **SMALL),
    "marginalized": MarginalizedDenoisingAutoencoder(activation="identity"),
    "pivots": MarginalizedDenoisingAutoencoder(activation="identity", n_pivots=2),
    "detector": DenoisingOutlierDetector(small(), n_draws=1, n_folds=2),
    "imputer": DenoisingImputer(small(), n_estimators=2, random_state=0),
    "classifier": DenoisingAutoencoderClassifier(small(), max_iter=1),
    "regressor": DenoisingAutoencoderRegressor(small(), max_iter=1),
}


@pytest.fixture(scope="module")
def X():
    return np.abs(np.random.RandomState(0).normal(size=(20, 4)))


@pytest.fixture(scope="module", params=ESTIMATORS.values(), ids=ESTIMATORS)
def fitted(request, X):
    return request.param.fit(X, (X[:, 0] > 0.5).astype(int))


@pytest.mark.parametrize("size", [1e19, 1e20, 3e38, 1e300])
def test_great_rows_give_finite_results_or_are_refused(fitted, X, size):
    great = X / X.max() * size
    if isinstance(fitted, DenoisingImputer):
        great[0, 0] = np.nan
    for name in METHODS:
        method = getattr(fitted, name, None)
        if method is None:
            continue
        args = (great, X[:, 0] > 0.5) if hasattr(fitted, "predict_proba") else (great,)
        try:
            result = method(*(args if name == "score" else args[:1]))
        except ValueError as error:
            assert size > 1e20 or name == "score"
            assert "X" in str(error) or "y" in str(error)
        except TypeError:
            assert name == "score"  # of a predictor, without targets
        else:
            assert np.isfinite(np.asarray(result, dtype=float)).all(), name


@pytest.mark.parametrize("size", [1e20, 1e30, 1e38])
def test_errors_that_float32_does_not_hold_are_its_greatest_number(X, size):
    estimator = small().fit(X)
    scores = estimator.score_samples(X / X.max() * size)
    assert scores.dtype == np.float32
    assert (scores < -1e37).all() and np.isfinite(scores).all()
    cells = estimator.reconstruction_error(X / X.max() * size, per_feature=True)
    assert np.isfinite(cells).all()


def test_gaps_of_great_rows_stay_gaps(X):
    great = X * 1e20
    great[0] = np.nan
    great[1, 2] = np.nan
    cells = small().fit(X).reconstruction_error(great, per_feature=True)
    np.testing.assert_array_equal(np.isnan(cells), np.isnan(great))
