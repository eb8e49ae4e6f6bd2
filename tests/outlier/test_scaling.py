"""The scaler that gross errors do not upset."""

import numpy as np
import pytest

from sk_dae.outlier._scaling import BEND, FencedScaler


def standardise(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(400, 3)) * [1e-3, 1.0, 1e6] + 5.0


def test_ordinary_columns_are_standardised(X):
    Z = FencedScaler().fit(X).transform(X)
    expected = standardise(X)
    inner = np.abs(expected) < BEND
    assert Z.dtype == np.float32
    np.testing.assert_allclose(Z[inner], expected[inner], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "column",
    [
        np.random.RandomState(0).standard_t(3, size=400),
        np.random.RandomState(0).exponential(size=400),
        # Its quartiles, and its deciles, coincide.
        np.arange(400) % 100 == 0,
        np.arange(400) % 3 == 0,
    ],
    ids=["heavy tails", "skewed", "rare", "binary"],
)
def test_tails_and_rare_values_count_in_the_scale(column):
    X = column[:, None].astype(float)
    scaler = FencedScaler().fit(X)
    np.testing.assert_allclose(scaler.centers, X.mean(axis=0))
    np.testing.assert_allclose(scaler.scales, X.std(axis=0))


@pytest.mark.parametrize("wrong", [1e9, -1e9, 1e300])
def test_gross_error_does_not_flatten_its_column(X, wrong):
    X[7, 1] = wrong
    Z = FencedScaler().fit(X).transform(X)
    others = np.arange(len(X)) != 7
    assert np.isfinite(Z).all()
    assert Z[others, 1].std() > 0.4
    assert np.abs(Z[7, 1]) > 2 * np.abs(Z[others]).max()


def test_tails_are_bent_and_keep_their_order():
    X = np.random.RandomState(0).normal(size=(400, 1))
    scaler = FencedScaler().fit(X)
    line = np.linspace(-50, 50, 1001)[:, None]
    Z = scaler.transform(line * scaler.scales + scaler.centers)[:, 0]
    assert (np.diff(Z) > 0).all()
    np.testing.assert_allclose(Z, -Z[::-1], atol=1e-4)
    assert Z.max() == pytest.approx(BEND * (1 + np.log(50 / BEND)), abs=1e-3)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 + 0.1, -1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_column_becomes_zero(value, dtype):
    if abs(value) > float(np.finfo(dtype).max):
        pytest.skip("beyond the dtype")
    X = np.full((50, 1), value, dtype=dtype)
    scaler = FencedScaler().fit(X)
    assert scaler.scales == 1.0
    np.testing.assert_allclose(scaler.transform(X), 0.0, atol=1e-3)


def test_missing_values_stay_and_do_not_count(X):
    gaps = np.random.RandomState(1).uniform(size=X.shape) < 0.3
    X[gaps] = np.nan
    scaler = FencedScaler().fit(X)
    np.testing.assert_allclose(scaler.centers, np.nanmean(X, axis=0), rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(scaler.transform(X)), gaps)


def test_column_without_a_value_stays_empty(X):
    X[:, 1] = np.nan
    scaler = FencedScaler().fit(X)
    assert (scaler.centers[1], scaler.scales[1]) == (0.0, 1.0)
    assert np.isnan(scaler.transform(X)[:, 1]).all()


def test_greatest_floats_overflow_nowhere():
    X = np.array([[-1.0], [0.5], [1.0]]) * 1.7e308
    with np.errstate(over="raise", invalid="raise"):
        Z = FencedScaler().fit(X).transform(X)
    assert np.isfinite(Z).all()
    assert Z.std() == pytest.approx(1.0, rel=1e-5)
