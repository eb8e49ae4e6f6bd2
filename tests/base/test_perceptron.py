"""Widths of layers and optimizers that no net can have."""

import numpy as np
import pytest
import torch

from sk_dae import (
    DenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.penalties import AdversarialPenalty

CLASSES = (
    DenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
SIZES = [np.array(3), np.array(3.5), [0], (4, -1), ["a"], [[2, 3]], 2**70, (10**12,)]
SIZES += [(2**70, 2), [1.5], [None], np.zeros((2, 2), dtype=int)]


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(12, 3))


def small(cls, **params):
    params = {"hidden_layer_sizes": (3,), "max_iter": 1, "device": "cpu", **params}
    return cls(**{"n_components": 2, **params})


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("sizes", SIZES, ids=repr)
def test_sizes_are_checked(X, cls, sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        small(cls, hidden_layer_sizes=sizes).fit(X)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("size", [0, -1, 2**70, 10**12, 2.0])
def test_width_of_the_code_is_checked(X, cls, size):
    with pytest.raises(ValueError, match="n_components"):
        small(cls, n_components=size).fit(X)


def test_a_net_for_which_there_is_no_memory_is_refused_by_name(X):
    estimator = small(DenoisingAutoencoder, hidden_layer_sizes=(2**24, 2**24))
    with pytest.raises(ValueError, match="hidden_layer_sizes and n_components"):
        estimator.fit(X)


@pytest.mark.parametrize("sizes", [(0,), ("a",), (2**70,)])
def test_sizes_of_a_discriminator_are_checked(X, sizes):
    penalty = AdversarialPenalty(hidden_layer_sizes=sizes)
    with pytest.raises(ValueError, match="hidden_layer_sizes of AdversarialPenalty"):
        small(DenoisingAutoencoder, penalty=penalty).fit(X)


def of_nothing(groups, lr):
    return None


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize(
    "optimizer",
    [len, object, dict, int, of_nothing, lambda: None],
    ids=lambda made: made.__name__,
)
def test_what_makes_no_optimizer_is_refused_by_name(X, cls, optimizer):
    with pytest.raises(TypeError, match=r"optimizer must be one of \['adam'"):
        small(cls, optimizer=optimizer).fit(X)


def test_a_function_that_makes_an_optimizer_is_taken(X):
    def make(groups, lr):
        return torch.optim.Adam(groups, lr=lr)

    assert small(DenoisingAutoencoder, optimizer=make).fit(X).n_iter_ == 1
