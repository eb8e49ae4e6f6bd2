"""A pass that fails spoils nothing that the next one goes on with."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from helpers import make, weights_of

X = np.random.RandomState(0).normal(size=(40, 4))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_optimizer_goes_on_as_if_there_had_been_no_failed_pass(optimizer):
    dae = make(optimizer=optimizer, learning_rate_init=1e-3).partial_fit(X)
    expected = weights_of(copy.deepcopy(dae).partial_fit(X))
    dae.set_params(learning_rate_init=1e30)
    with pytest.raises(ValueError):
        for _ in range(3):
            dae.partial_fit(X)
    dae.set_params(learning_rate_init=1e-3).partial_fit(X)
    assert_array_equal(weights_of(dae), expected)
