"""Numbers that corruptions take when they are used alone, and those they refuse."""

import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sk_dae.corruption import (
    CORRUPTIONS,
    BlockNoise,
    CallableCorruption,
    ComposeNoise,
    ConditionalMeanNoise,
    GaussianNoise,
    MaskingNoise,
    MultiScaleNoise,
    PoissonNoise,
    SpeckleNoise,
)


def halve(X, generator):
    return X / 2


PROCESSES = {
    **{name: cls(random_state=0) for name, cls in CORRUPTIONS.items()},
    "callable": CallableCorruption(halve),
    "multiscale": MultiScaleNoise(random_state=0),
    "composed": ComposeNoise([GaussianNoise(0.1), MaskingNoise(0.1)], random_state=0),
    "one of": ComposeNoise([PoissonNoise(0.1), MaskingNoise()], one_of=True),
}
each = pytest.mark.parametrize("process", PROCESSES.values(), ids=PROCESSES)


@pytest.fixture
def X():
    return np.random.RandomState(0).uniform(size=(20, 4))


@each
def test_numbers_too_large_for_float32_are_refused(X, process):
    for container in (np.asarray, sp.csr_array, pd.DataFrame):
        fitted = clone(process).fit(container(X))
        for size in (1e39, 1e300):
            great = container(X * size)
            with pytest.raises(ValueError, match="too large for dtype"):
                clone(process).fit(great)
            with pytest.raises(ValueError, match="too large for dtype"):
                fitted.transform(great)


@each
def test_the_largest_numbers_stay_finite_or_missing(X, process):
    great = X / X.max() * 3.4e38
    corrupted = clone(process).fit(great).transform(great)
    assert not np.isinf(corrupted).any()


@pytest.mark.parametrize("unit", [1e-43, 1e-36, 1e-30])
@pytest.mark.parametrize("factor", [1.0, 1e20, 1e37])
def test_conditional_mean_of_rows_in_other_units_is_a_number(unit, factor):
    rng = np.random.RandomState(0)
    noise = ConditionalMeanNoise(0.5, random_state=0)
    noise.fit(unit * rng.normal(size=(30, 3)))
    assert np.isfinite(noise.transform(factor * rng.normal(size=(40, 3)))).all()


@pytest.mark.parametrize("level", [1e-320, 1e-38, 1e-20, [1e-320, 0.1, 1e-38]])
@pytest.mark.parametrize("cls", [GaussianNoise, PoissonNoise, SpeckleNoise])
def test_level_of_almost_nothing_changes_nothing(cls, level):
    X = np.abs(np.random.RandomState(0).normal(size=(20, 3)))
    noisy = cls(level, random_state=0).fit_transform(X)
    np.testing.assert_allclose(noisy[:, 2], X[:, 2], rtol=1e-6)
    assert np.isfinite(noisy).all()


def test_noise_that_leads_out_of_float32_stops_at_its_greatest_number():
    great = np.full((100, 2), 3e38)
    corrupted = SpeckleNoise(3.0, random_state=0).fit_transform(great)
    assert np.isfinite(corrupted).all()
    assert (np.abs(corrupted) == np.finfo(np.float32).max).any()


ODD = {
    "text": np.array([["a", "b"]] * 5, dtype=object),
    "some text": np.array([[1.0, "b"], [2.0, 3.0]] * 3, dtype=object),
    "strings": np.array([["a", "b"]] * 5),
    "times": np.full((5, 2), np.datetime64("2020-01-01")),
    "spans": np.full((5, 2), np.timedelta64(1, "D")),
    "objects of times": np.full((5, 2), pd.Timestamp("2020-01-01"), dtype=object),
    "frame of times": pd.DataFrame({"a": pd.date_range("2020", periods=5)}),
    "polars, text": pl.DataFrame({"a": ["x", "y"]}),
    "polars, times": pl.DataFrame({"a": [datetime.date(2020, 1, 1)] * 3}),
    "complex": np.full((5, 2), 1j),
    "nothing": [],
    "no rows": np.zeros((0, 2)),
}


@each
def test_what_is_no_number_is_refused(X, process):
    fitted = clone(process).fit(X)
    before = vars(fitted).copy()
    for name, odd in ODD.items():
        with warnings.catch_warnings():
            # The complaint about other names, which comes before.
            warnings.filterwarnings("ignore", "X has feature names", UserWarning)
            for method in (fitted.transform, fitted.fit):
                try:
                    method(odd)
                except ValueError as error:
                    assert str(error), name
                else:
                    pytest.fail(f"{name}: {method.__name__} takes it")
        assert vars(fitted).keys() == before.keys(), name


@each
def test_a_failed_fit_leaves_an_earlier_one(X, process):
    fitted = clone(process).set_params(random_state=0).fit(X)
    before = fitted.transform(X)
    for bad in (np.full((5, 7), np.inf), np.zeros((0, 3)), X * 1e300):
        with pytest.raises(ValueError, match=r".+"):
            fitted.fit(bad)
        np.testing.assert_array_equal(fitted.transform(X), before)


@each
def test_not_fitted_is_said(X, process):
    unfitted = clone(process)
    with pytest.raises(NotFittedError):
        unfitted.transform(X)
    with pytest.raises(ValueError, match=r".+"):
        unfitted.fit(X * 1e300)
    with pytest.raises(NotFittedError):
        unfitted.transform(X)


@pytest.mark.parametrize("name", ["levels", "fractions"])
@pytest.mark.parametrize("value", [["a", "b"], ("0.1", 1), (None, 1), ([1], 1), (1,)])
def test_ranges_of_multiscale_noise_are_checked(X, name, value):
    with pytest.raises(ValueError, match=f"{name} of MultiScaleNoise must be a pair"):
        MultiScaleNoise(**{name: value}).fit(X)


@pytest.mark.parametrize("cls", [MaskingNoise, BlockNoise])
def test_cells_are_filled_with_integers_beyond_64_bits(X, cls):
    corrupted = cls(0.5, fill_value=2**70, random_state=0).fit_transform(X)
    assert corrupted.max() == 2.0**70
