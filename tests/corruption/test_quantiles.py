"""Quantiles of many columns at once are those that NumPy computes one by one."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sk_dae import MarginalNoise
from sk_dae.data import rows as rows_module

MAKE = {
    "dense": np.asarray,
    "fortran": np.asfortranarray,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "csr": sp.csr_array,
}
every_container = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())


def quantiles_one_by_one(X, n_quantiles):
    levels = np.linspace(0.0, 1.0, n_quantiles)
    found = np.full((n_quantiles, X.shape[1]), np.nan, dtype=np.float32)
    for j, column in enumerate(X.T.astype(np.float64)):
        observed = column[~np.isnan(column)]
        if len(observed):
            found[:, j] = np.quantile(observed, levels)
    return found


@every_container
@settings(max_examples=40, deadline=None)
@given(
    X=npst.arrays(
        np.float64,
        st.tuples(st.integers(2, 12), st.integers(1, 4)),
        elements=st.one_of(st.just(0.0), st.just(np.nan), st.floats(-1e9, 1e9)),
    ),
    n_quantiles=st.integers(2, 12),
)
def test_quantiles_are_those_of_numpy(make, X, n_quantiles):
    fitted = MarginalNoise(n_quantiles=n_quantiles).fit(make(X))
    expected = quantiles_one_by_one(X, min(n_quantiles, len(X)))
    np.testing.assert_array_equal(fitted.quantiles_, expected)


@every_container
@pytest.mark.parametrize("chunk_bytes", [1, 10_000, 2**25])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_of_columns_make_no_difference(make, chunk_bytes, dtype, monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 40)).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.4] = 0.0
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    # Nothing observed, all zeros, and one value alone.
    X[:, 0], X[:, 1], X[1:, 2] = np.nan, 0.0, np.nan
    monkeypatch.setattr(rows_module, "CHUNK_BYTES", chunk_bytes)
    fitted = MarginalNoise(n_quantiles=77).fit(make(X))
    np.testing.assert_array_equal(fitted.quantiles_, quantiles_one_by_one(X, 77))


def test_sparse_columns_are_not_made_dense():
    X = sp.random(40_000, 400, 0.001, format="csr", random_state=0)
    noise = MarginalNoise(n_quantiles=10)
    tracemalloc.start()
    noise.fit(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Dense float64 columns would take 128 MB.
    assert peak < 20e6
