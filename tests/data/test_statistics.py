"""Column statistics against NumPy's, for every container."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sk_dae.data import rows as _rows
from sk_dae.data.statistics import ColumnStatistics, columns_outside

MAKE = {
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
}
every_container = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())

TABLES = npst.arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.integers(1, 5)),
    elements=st.one_of(st.just(0.0), st.just(np.nan), st.floats(-100, 100, width=16)),
)


def make_table(n_samples=40, n_features=4, dtype=np.float64):
    rng = np.random.RandomState(0)
    X = rng.normal(3.0, 1.0, size=(n_samples, n_features)).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.3] = 0.0
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    X[:, -1] = np.nan
    return X


def assert_like_numpy(statistics, X):
    observed = ~np.isnan(X)
    np.testing.assert_array_equal(statistics.n_observed, observed.sum(axis=0))
    total = np.nansum(X.astype(np.float32), axis=0, dtype=np.float64)
    np.testing.assert_allclose(statistics.total, total, rtol=1e-12, atol=1e-9)
    assert statistics.has_missing is bool(np.isnan(X).any())
    np.testing.assert_array_equal(statistics.never_observed, ~observed.any(axis=0))
    seen = observed.any(axis=0)
    means = np.zeros(X.shape[1])
    means[seen] = np.nanmean(X[:, seen].astype(np.float32), axis=0, dtype=np.float64)
    np.testing.assert_allclose(statistics.means, means, rtol=1e-6, atol=1e-7)
    assert statistics.means.dtype == np.float32


@every_container
@settings(max_examples=25, deadline=None)
@given(X=TABLES)
def test_statistics_are_those_of_numpy(make, X):
    assert_like_numpy(ColumnStatistics.of(make(X)), X)


@every_container
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_chunks_add_up(make, dtype, monkeypatch):
    X = make_table(dtype=dtype)
    # Three rows, or twelve stored values, a chunk.
    monkeypatch.setattr(_rows, "CHUNK_BYTES", 48)
    assert_like_numpy(ColumnStatistics.of(make(X)), X)


@every_container
@pytest.mark.parametrize("dtype", ["?", "u1", "u2", "i8", "f8"])
def test_any_dtype_is_summed_without_overflow(make, dtype):
    X = np.ones((300, 2), dtype=dtype)
    statistics = ColumnStatistics.of(make(X))
    np.testing.assert_array_equal(statistics.total, 300.0)
    np.testing.assert_array_equal(statistics.n_observed, 300)
    assert not statistics.has_missing


def test_sums_are_double_precision():
    # In float32 the ones would be lost.
    X = np.ones((1001, 1), dtype=np.float32)
    X[0] = 2.0**30
    assert ColumnStatistics.of(X).total[0] == 2.0**30 + 1000


@every_container
def test_statistics_of_parts_add_up(make):
    X = make_table()
    parts = ColumnStatistics.of(make(X[:7])) + ColumnStatistics.of(make(X[7:]))
    assert_like_numpy(parts, X)


def test_missing_values_of_either_part_are_remembered():
    complete = ColumnStatistics.of(np.ones((2, 1)))
    missing = ColumnStatistics.of(np.array([[np.nan]]))
    assert (complete + missing).has_missing
    assert (missing + complete).has_missing
    assert not (complete + complete).has_missing


@every_container
@pytest.mark.parametrize(
    "values",
    [[1e300], [-1e300], [1e300, -1e300], [1e300, np.nan], [np.inf]],
    ids=str,
)
def test_value_too_large_for_float32_is_refused(make, values):
    X = np.ones((5, 2))
    X[: len(values), 1] = values
    with pytest.raises(ValueError, match="infinity or a value too large"):
        ColumnStatistics.of(make(X))


@every_container
def test_largest_float32_is_taken(make):
    X = np.full((3, 1), np.finfo(np.float32).max, dtype=np.float32)
    np.testing.assert_allclose(ColumnStatistics.of(make(X)).means, X[0], rtol=1e-6)


def with_slack(X):
    """CSR whose arrays are longer than its entries, with nonsense behind them."""
    X = sp.csr_array(X)
    X.data = np.append(X.data, [1e300, np.nan])
    X.indices = np.append(X.indices, [0, 0])
    return X


def test_only_the_entries_of_csr_count():
    X = make_table()
    slack = with_slack(X)
    assert len(slack.data) > slack.nnz
    assert_like_numpy(ColumnStatistics.of(slack), X)
    np.testing.assert_array_equal(
        columns_outside(slack, -1e9, 1e9), columns_outside(X, -1e9, 1e9)
    )


@every_container
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (0.5, 6.0), (-6.0, -0.5), (-9.0, 9.0)])
@settings(max_examples=15, deadline=None)
@given(X=TABLES)
def test_columns_outside_a_range(make, bounds, X):
    low, high = bounds
    expected = np.flatnonzero(((X < low) | (X > high)).any(axis=0))
    np.testing.assert_array_equal(columns_outside(make(X), low, high), expected)


@every_container
def test_bounds_belong_to_the_range(make):
    X = np.array([[0.0, 1.0, 1.0001, -0.0001]])
    np.testing.assert_array_equal(columns_outside(make(X), 0.0, 1.0), [2, 3])


def test_columns_outside_in_any_chunk_are_found(monkeypatch):
    monkeypatch.setattr(_rows, "CHUNK_BYTES", 16)
    X = np.zeros((9, 2))
    X[4, 1] = X[8, 0] = 2.0
    np.testing.assert_array_equal(columns_outside(X, 0, 1), [0, 1])
