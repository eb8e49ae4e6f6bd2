"""A training never ends with weights or outputs that are not finite."""

import numpy as np
import pytest
import torch

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.modules import MLPAutoencoder
from sk_dae.training.optimizers import OPTIMIZERS

SMALL = {"hidden_layer_sizes": (3,), "max_iter": 1, "device": "cpu", "random_state": 0}
SOLVERS = [*sorted(OPTIMIZERS), torch.optim.Adam, torch.optim.Adagrad]
SOLVERS += [torch.optim.LBFGS, torch.optim.Rprop]
WILD = {"optimizer": "sgd", "learning_rate": "constant", "learning_rate_init": 1e30}


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(20, 4))


def small(**params):
    return DenoisingAutoencoder(2, **{**SMALL, **params})


def halve(X, generator):
    return X / 2


MAKERS = {
    "autoencoder": small,
    "emphasis": lambda **p: small(corruption=halve, emphasis="double", **p),
    "masking": lambda **p: small(corruption="masking", emphasis="full", **p),
    "penalty": lambda **p: small(penalty="l1", **p),
    "adversarial": lambda **p: small(penalty="adversarial", **p),
    "module": lambda **p: small(module=MLPAutoencoder(4, 2, 4), **p),
    "stack": lambda **p: StackedDenoisingAutoencoder(
        2, pretrain_max_iter=1, **{**SMALL, **p}
    ),
    "table": lambda **p: TabularDenoisingAutoencoder(2, **{**SMALL, **p}),
    "imputer": lambda **p: DenoisingImputer(small(**p)),
    "detector": lambda **p: DenoisingOutlierDetector(small(**p)),
    "pretraining": lambda **p: DenoisingAutoencoderRegressor(small(**p), max_iter=1),
    "classifier": lambda **p: DenoisingAutoencoderClassifier(small(), max_iter=1, **p),
    "regressor": lambda **p: DenoisingAutoencoderRegressor(small(), max_iter=1, **p),
    "head": lambda **p: DenoisingAutoencoderClassifier(
        small(), max_iter=1, head_max_iter=1, **p
    ),
}


def fit(estimator, X):
    if isinstance(estimator, DenoisingImputer):
        X = np.where(np.random.RandomState(0).rand(*X.shape) < 0.2, np.nan, X)
    return estimator.fit(X, (X[:, 0] > 0).astype(int))


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_last_step_that_diverges_is_refused(X, maker):
    with pytest.raises(ValueError, match=r"learning_rate_init \(now 1e\+30"):
        fit(maker(**WILD), X)


@pytest.mark.parametrize("rate", [1e10, 1e38, 1e39, 1e300])
@pytest.mark.parametrize("optimizer", SOLVERS)
@pytest.mark.parametrize(
    ("method", "activation"), [("fit", "relu"), ("partial_fit", "logistic")]
)
def test_no_solver_leaves_numbers_that_are_not_finite(
    X, method, optimizer, rate, activation
):
    estimator = small(
        optimizer=optimizer,
        learning_rate="constant",
        learning_rate_init=rate,
        activation=activation,
    )
    try:
        getattr(estimator, method)(X)
    except ValueError as error:
        assert "learning_rate_init" in str(error)
        assert not hasattr(estimator, "net_")
        return
    for features in ("code", "layers", "reconstruction"):
        assert np.isfinite(estimator.set_params(features=features).transform(X)).all()
    assert np.isfinite(estimator.score(X))


def test_steps_of_lbfgs_that_diverge_are_refused(X):
    estimator = small(optimizer=torch.optim.LBFGS, learning_rate_init=1e30)
    with pytest.raises(ValueError, match="learning_rate_init"):
        for _ in range(3):
            estimator.partial_fit(X)
            assert np.isfinite(estimator.transform(X)).all()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_earlier_fit_stays(X, method):
    estimator = small().fit(X)
    before = estimator.transform(X)
    estimator.set_params(**WILD)
    with pytest.raises(ValueError, match="learning_rate_init"):
        getattr(estimator, method)(X)
    np.testing.assert_array_equal(estimator.transform(X), before)


def test_a_weight_decay_too_large_for_float32_is_refused(X):
    with pytest.raises(ValueError, match=r"alpha \(now 1e\+300\)"):
        small(alpha=1e300).fit(X)


def test_great_weights_alone_are_no_fault(X):
    module = MLPAutoencoder(4, 2, 4)
    with torch.no_grad():
        module.encoder[0].bias.fill_(1e4)
    estimator = small(module=module).fit(X)
    assert max(p.abs().max() for p in estimator.net_.module_.parameters()) > 100
    assert np.isfinite(estimator.transform(X)).all()


def test_looking_at_the_outcome_draws_nothing(X):
    # A rate so small that the weights, of which one is great, stay what they are.
    params = {"learning_rate_init": 1e-30, "alpha": 0.0, "max_iter": 2}
    module = MLPAutoencoder(4, 2, 4)
    states = []
    for bias in (1.0, 1e4):
        with torch.no_grad():
            module.encoder[0].bias.fill_(bias)
        estimator = small(module=module, **params).partial_fit(X)
        states.append(estimator.partial_fit(X).__getstate__()["_stream_state"])
    first, second = states
    assert repr(first) == repr(second)
