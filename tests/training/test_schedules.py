"""Schedules of the learning rate and the noise, functions of the progress."""

import inspect

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    GaussianNoise,
    MaskingNoise,
    MultiScaleNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.training.schedules import (
    LEARNING_RATES,
    NOISE_SCHEDULES,
    START,
    WARM_UP,
    cosine,
    one_cycle,
)


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


# -- the level of the noise -----------------------------------------------------------


class RecordingNoise(GaussianNoise):
    """Gaussian noise that notes the levels that it draws with."""

    def draw(self, X, generator):
        """Draw corrupted rows, and note the level."""
        LEVELS.append(self.level_on(X))
        return super().draw(X, generator)


LEVELS = []


def train(schedule, **params):
    """Return a model, and the levels of the noise in its training."""
    LEVELS.clear()
    X = np.random.RandomState(0).normal(size=(40, 4))
    params = {
        "corruption": RecordingNoise(0.5),
        "batch_size": 10,
        "max_iter": 5,
        "random_state": 0,
        **params,
    }
    dae = DenoisingAutoencoder(2, noise_schedule=schedule, **params).fit(X)
    return dae, np.array(LEVELS)


@pytest.mark.parametrize("name", ["linear", "cosine", "exponential"])
def test_noise_falls_to_a_tenth(name):
    schedule = NOISE_SCHEDULES[name]
    factors = np.array([schedule(p) for p in np.linspace(0, 1, 101)])
    assert factors[0] == pytest.approx(1.0)
    assert factors[-1] == pytest.approx(0.1)
    assert (np.diff(factors) < 0).all()


@pytest.mark.parametrize("name", ["linear", "cosine", "exponential"])
def test_training_follows_the_schedule(name):
    dae, levels = train(name)
    progress = np.arange(20) / 20
    expected = [0.5 * NOISE_SCHEDULES[name](p) for p in progress]
    np.testing.assert_allclose(levels, expected)
    # The process that is kept has the level that it was given.
    assert dae.corruption_.level_ == 0.5
    assert dae.corruption_.level_on(torch.zeros(1)) == 0.5


def test_schedule_may_be_a_function():
    _, levels = train(lambda progress: 1.0 if progress < 0.5 else 0.0)
    np.testing.assert_array_equal(levels, [0.5] * 10 + [0.0] * 10)


def test_constant_noise_is_left_alone():
    dae, levels = train("constant")
    assert (levels == 0.5).all()
    function, _ = train(lambda progress: 1.0)
    np.testing.assert_array_equal(dae.loss_curve_, function.loss_curve_)


def test_rate_and_noise_follow_the_same_progress():
    one, _ = train("linear", learning_rate="constant")
    other, levels = train("linear", learning_rate="cosine")
    np.testing.assert_allclose(levels[10], 0.5 * 0.55)
    assert one.loss_curve_ != other.loss_curve_


def test_validation_rows_get_the_level_of_the_end():
    _, levels = train("linear", early_stopping=True, validation_fraction=0.25)
    # Three batches of training rows, one of validation rows.
    np.testing.assert_allclose(levels.reshape(-1, 4)[:, 3], 0.05)


def test_partial_fit_is_at_the_end():
    X = np.random.RandomState(0).normal(size=(40, 4))
    LEVELS.clear()
    dae = DenoisingAutoencoder(
        2, corruption=RecordingNoise(0.5), noise_schedule="cosine", batch_size=10
    )
    dae.partial_fit(X).partial_fit(X)
    np.testing.assert_allclose(LEVELS, 0.05)


def test_parts_of_a_composition_are_scaled_too():
    noise = ComposeNoise([RecordingNoise(0.5), MaskingNoise(0.2)])
    _, levels = train("exponential", corruption=noise)
    assert levels[-1] < 0.1
    assert levels[0] == 0.5


def test_tables_have_schedules_too():
    X = np.random.RandomState(0).normal(size=(40, 4))
    LEVELS.clear()
    TabularDenoisingAutoencoder(
        2, corruption=RecordingNoise(0.5), noise_schedule="linear", max_iter=3
    ).fit(X)
    assert LEVELS[0] == 0.5
    assert LEVELS[-1] < 0.3


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"corruption": None}, "noise_schedule='linear' needs a corruption"),
        ({"corruption": MultiScaleNoise()}, "noise_schedule must be 'constant' with"),
        ({"corruption": lambda X, g: X}, "noise_schedule must be 'constant' with"),
    ],
)
def test_noise_without_a_level_has_no_schedule(params, message):
    with pytest.raises(ValueError, match=message):
        train("linear", **params)


@pytest.mark.parametrize("factor", [-0.1, 1.5, np.nan, "high", None])
def test_wrong_factors_are_named(factor):
    with pytest.raises(ValueError, match=r"noise_schedule must return .* got"):
        train(lambda progress: factor)


@pytest.mark.parametrize("schedule", [object, len, lambda: 0.5])
def test_what_takes_no_progress_is_named(schedule):
    with pytest.raises(TypeError, match="noise_schedule must be a function of the"):
        train(schedule)


def test_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="noise_schedule"):
        train("sudden")
