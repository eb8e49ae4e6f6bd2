"""A level beside a corruption that carries its own is refused, wherever it is given."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    StackedDenoisingAutoencoder,
    SwapNoise,
    TabularDenoisingAutoencoder,
)

SMALL = {"hidden_layer_sizes": (3,), "max_iter": 1, "device": "cpu", "random_state": 0}


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(24, 4))


def halve(X, generator):
    return X / 2


def autoencoder(**params):
    return DenoisingAutoencoder(2, **{**SMALL, **params})


def stack(**params):
    return StackedDenoisingAutoencoder(2, **{**SMALL, "pretrain_max_iter": 1, **params})


def table(**params):
    return TabularDenoisingAutoencoder(2, **{**SMALL, **params})


def classifier(**params):
    return DenoisingAutoencoderClassifier(autoencoder(), max_iter=1, **params)


def regressor(**params):
    return DenoisingAutoencoderRegressor(autoencoder(), max_iter=1, **params)


def of_pretraining(cls):
    """Return a function that gives the parameters to the autoencoder inside."""
    return lambda **params: cls(autoencoder(**params))


MAKERS = {
    "autoencoder": autoencoder,
    "stack": stack,
    "table": table,
    "classifier": classifier,
    "regressor": regressor,
    "classifier, pretraining": of_pretraining(DenoisingAutoencoderClassifier),
    "regressor, pretraining": of_pretraining(DenoisingAutoencoderRegressor),
    "imputer": of_pretraining(DenoisingImputer),
    "detector": of_pretraining(DenoisingOutlierDetector),
}


def fit(estimator, X):
    if isinstance(estimator, DenoisingImputer):
        X = np.where(np.random.RandomState(0).rand(*X.shape) < 0.2, np.nan, X)
    return estimator.fit(X, (X[:, 0] > 0).astype(int))


@pytest.mark.parametrize(
    "corruption", [SwapNoise(0.1), halve], ids=["instance", "function"]
)
@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_level_is_refused(X, maker, corruption):
    estimator = maker(corruption=corruption, noise_level=0.9)
    with pytest.raises(ValueError, match=r"noise_level must be 'auto' beside"):
        fit(estimator, X)


@pytest.mark.parametrize("maker", [autoencoder, stack, table, classifier, regressor])
def test_a_search_over_levels_is_refused(X, maker):
    search = GridSearchCV(
        maker(corruption=SwapNoise(0.1)),
        {"noise_level": [0.1, 0.5]},
        cv=2,
        error_score="raise",
    )
    with pytest.raises(ValueError, match="noise_level must be 'auto' beside"):
        search.fit(X, (X[:, 0] > 0).astype(int))


@pytest.mark.parametrize("level", [0.3, [0.3, 0.3]])
def test_a_level_of_a_stack_for_a_layer_with_an_instance_is_refused(X, level):
    estimator = stack(corruption=["masking", SwapNoise(0.1)], noise_level=level)
    with pytest.raises(ValueError, match="noise_level must be 'auto' beside"):
        estimator.fit(X)
