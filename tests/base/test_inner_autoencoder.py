"""The autoencoder inside an estimator: its kinds, and what is handed on to it."""

import re

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

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

pytestmark = pytest.mark.usefixtures("quick_defaults")

SMALL = {"n_components": 2, "hidden_layer_sizes": (4,), "max_iter": 1}
PREDICTORS = (DenoisingAutoencoderClassifier, DenoisingAutoencoderRegressor)
OWNERS = (*PREDICTORS, DenoisingImputer, DenoisingOutlierDetector)


def small(cls=DenoisingAutoencoder, **params):
    return cls(**{**SMALL, "device": "cpu", **params})


KINDS = {
    "plain": small,
    "stacked": lambda: small(StackedDenoisingAutoencoder, pretrain_max_iter=1),
    "tabular": lambda: small(TabularDenoisingAutoencoder),
    "marginalized": lambda: MarginalizedDenoisingAutoencoder(1, device="cpu"),
}


@pytest.fixture(scope="module")
def rows():
    X = np.random.RandomState(0).normal(size=(60, 3)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int)


def inner(estimator):
    if isinstance(estimator, DenoisingImputer):
        return estimator.estimators_[0]
    return estimator.autoencoder_


def quick(owner, autoencoder=None, **params):
    """An estimator that trains in no time."""
    if owner in PREDICTORS:
        params = {"max_iter": 1, **params}
    if owner is DenoisingImputer:
        params = {"n_estimators": 1, **params}
    return owner(autoencoder, random_state=0, **params)


@pytest.mark.parametrize("owner", OWNERS)
def test_default_autoencoder_gets_device_and_verbose(rows, owner, capsys):
    model = quick(owner, device="cpu", verbose=1).fit(*rows)
    assert inner(model).device == "cpu"
    assert inner(model).verbose == 1
    assert re.search(rf"{owner.__name__}, \S.*  epoch", capsys.readouterr().out)
    params = {"pretrain": False} if owner in PREDICTORS else {}
    assert inner(quick(owner, **params).fit(*rows)).device == "auto"


@pytest.mark.parametrize("owner", OWNERS)
def test_given_autoencoder_gets_what_is_set(rows, owner, capsys):
    given = small(verbose=1)
    assert inner(quick(owner, given).fit(*rows)).verbose == 1
    device = torch.device("cpu")
    model = quick(owner, given, device=device, verbose=2).fit(*rows)
    assert inner(model).device == device
    assert inner(model).verbose == 2
    assert (given.device, given.verbose) == ("cpu", 1)


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_booleans_are_numbers_where_no_table_comes_back(rows, owner, library):
    library = pytest.importorskip(library)
    X, y = rows
    columns = {"size": X[:, 0], "large": X[:, 1] > 0, "text": np.where(y, "a", "b")}
    booleans = library.DataFrame({name: columns[name] for name in ("size", "large")})
    expected = DenoisingAutoencoder
    if owner is DenoisingImputer:
        expected = TabularDenoisingAutoencoder
    params = {"pretrain": False} if owner in PREDICTORS else {}
    assert type(inner(quick(owner, **params).fit(booleans, y))) is expected
    model = quick(owner, **params).fit(library.DataFrame(columns), y)
    assert type(inner(model)) is TabularDenoisingAutoencoder


@pytest.mark.parametrize("owner", OWNERS)
def test_wrong_device_is_named(rows, owner):
    with pytest.raises(ValueError, match="device"):
        quick(owner, small(), device="abacus").fit(*rows)
    with pytest.raises(ValueError, match="The 'device' parameter"):
        quick(owner, small(), device=3).fit(*rows)


@pytest.mark.parametrize("owner", [*PREDICTORS, DenoisingOutlierDetector])
def test_frozen_autoencoder_stays_where_it_is(rows, owner):
    X, y = rows
    frozen = FrozenEstimator(small().fit(X))
    quick(owner, frozen, verbose=0).fit(X, y)
    with pytest.raises(ValueError, match=r"device must be None .* is frozen"):
        quick(owner, frozen, device="cpu").fit(X, y)


def test_imputer_refuses_a_frozen_autoencoder(rows):
    X, _ = rows
    frozen = FrozenEstimator(small().fit(X))
    with pytest.raises(TypeError, match="DenoisingImputer must not be frozen"):
        quick(DenoisingImputer, frozen).fit(X)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("owner", OWNERS)
def test_kinds_of_autoencoder(rows, owner, kind):
    X, y = rows
    model = quick(owner, KINDS[kind](), device="cpu")
    if owner in PREDICTORS and kind == "marginalized":
        with pytest.raises(TypeError, match=f"autoencoder of {owner.__name__} must be"):
            model.fit(X, y)
        return
    model.fit(X, y)
    assert type(inner(model)) is type(KINDS[kind]())


@pytest.mark.parametrize("owner", OWNERS)
def test_autoencoder_without_a_device(rows, owner):
    class Copy(BaseEstimator):
        def fit(self, X, y=None):
            return self

        def denoise(self, X):
            return X

    if owner in PREDICTORS:
        with pytest.raises(TypeError, match="got a Copy"):
            quick(owner, Copy()).fit(*rows)
    else:
        with pytest.raises(ValueError, match=r"device must be None .* no such param"):
            quick(owner, Copy(), device="cpu").fit(*rows)


@pytest.mark.parametrize("owner", OWNERS)
def test_parameters_of_the_autoencoder_are_set(owner):
    model = quick(owner, small()).set_params(autoencoder__device="meta")
    assert model.autoencoder.device == "meta"
    given = quick(owner).set_params(autoencoder=small(), autoencoder__max_iter=7)
    assert given.autoencoder.max_iter == 7
    assert clone(given).autoencoder.max_iter == 7


@pytest.mark.parametrize("owner", OWNERS)
def test_parameters_of_no_autoencoder_are_refused(owner):
    with pytest.raises(ValueError, match=f"Set device of the {owner.__name__} itself"):
        quick(owner).set_params(autoencoder__device="cpu")
    with pytest.raises(ValueError, match=r"Give an autoencoder: .*max_iter=\.\.\."):
        quick(owner).set_params(autoencoder__max_iter=3)
    with pytest.raises(ValueError, match="autoencoder is None"):
        quick(owner, small()).set_params(autoencoder=None, autoencoder__device="cpu")
