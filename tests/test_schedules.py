"""Learning rate schedules as functions of the training's progress."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_dae import DenoisingAutoencoder
from sk_dae._schedules import LEARNING_RATES, START, WARM_UP, cosine, one_cycle


@given(progress=st.floats(0.0, 1.0))
def test_factor_is_between_zero_and_one(progress):
    for schedule in (one_cycle, cosine):
        assert 0.0 <= schedule(progress) <= 1.0


@pytest.mark.parametrize(
    ("schedule", "progress", "factor"),
    [
        (cosine, 0.0, 1.0),
        (cosine, 1 / 3, 0.75),
        (cosine, 0.5, 0.5),
        (cosine, 1.0, 0.0),
        (one_cycle, 0.0, 0.04),
        (one_cycle, 0.125, 0.52),
        (one_cycle, 0.25, 1.0),
        (one_cycle, 0.5, 0.75),
        (one_cycle, 0.625, 0.5),
        (one_cycle, 1.0, 0.0),
    ],
)
def test_factor_at_some_points(schedule, progress, factor):
    assert schedule(progress) == pytest.approx(factor, abs=1e-12)


def test_cosine_falls_and_one_cycle_rises_first():
    progress = np.linspace(0, 1, 401)
    factors = np.array([cosine(p) for p in progress])
    assert (np.diff(factors) < 0).all()
    factors = np.array([one_cycle(p) for p in progress])
    rising = progress[1:] <= WARM_UP
    np.testing.assert_array_equal(np.diff(factors) > 0, rising)


def test_one_cycle_has_no_jump():
    before, after = one_cycle(WARM_UP - 1e-9), one_cycle(WARM_UP + 1e-9)
    assert before == pytest.approx(after, abs=1e-7)
    assert START < 1.0


def test_registry_holds_what_the_estimator_takes():
    assert LEARNING_RATES == {
        "one_cycle": one_cycle,
        "cosine": cosine,
        "constant": None,
    }
    parameters = inspect.signature(DenoisingAutoencoder).parameters
    assert parameters["learning_rate"].default in LEARNING_RATES
