import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sk_dae.data.rows import SparseRows
from sk_dae.data.sparse_batches import SparseBatch, StoredRows, is_wide


@pytest.fixture
def X():
    X = sp.random(7, 20, density=0.3, format="csr", dtype=np.float32, random_state=0)
    empty = np.ones(7, dtype=np.float32)
    empty[3] = 0.0
    X = sp.diags_array(empty).tocsr() @ X
    X.eliminate_zeros()
    X.data[0] = 0.0  # stored all the same
    return X


def table(n_rows, width=3, seed=0):
    return torch.from_numpy(
        np.random.RandomState(seed).normal(size=(n_rows, width)).astype(np.float32)
    )


def test_rows_by_index_and_by_slice(X):
    rows = StoredRows(SparseRows(X))
    dense = torch.from_numpy(X.toarray())
    index = torch.tensor([5, 0, 3, 5])
    assert torch.equal(rows.take(index).to_dense(), dense[index])
    assert torch.equal(rows.span(slice(2, 6)).to_dense(), dense[2:6])


@pytest.mark.parametrize("dtype", [np.float64, np.int64, np.uint8, bool])
def test_values_of_any_type_become_float32(X, dtype):
    X = (10 * X).astype(dtype)
    batch = StoredRows(SparseRows(X)).span(slice(0, 7))
    assert batch.values.dtype == torch.float32
    assert np.array_equal(batch.to_dense().numpy(), X.toarray().astype(np.float32))


def test_cells_that_are_stored_twice_count_once():
    X = sp.csr_array((np.ones(3, dtype=np.float32), [4, 1, 4], [0, 3]), shape=(1, 5))
    before = X.data.copy(), X.indices.copy()
    batch = StoredRows(SparseRows(X)).span(slice(0, 1))
    assert batch.columns.tolist() == [1, 4]
    assert batch.values.tolist() == [1.0, 2.0]
    assert np.array_equal(X.data, before[0]) and np.array_equal(X.indices, before[1])


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("n_columns", [20, 400])
def test_products(X, contiguous, n_columns):
    X.resize(7, n_columns)
    batch = SparseBatch.of(X)
    right = table(n_columns)
    if not contiguous:
        right = right.T.contiguous().T
    expected = X.toarray() @ right.numpy()
    np.testing.assert_allclose(batch.times(right), expected, atol=1e-6)

    left = table(7, seed=1)
    rows, columns = np.repeat(np.arange(7), np.diff(X.indptr)), X.indices
    expected = (left.numpy()[rows] * right.numpy()[columns]).sum(axis=1)
    found = batch.inner_products(left, right.contiguous())
    np.testing.assert_allclose(found, expected, atol=1e-6)

    order = batch.by_columns()
    used = np.unique(X.indices)
    assert order.columns.tolist() == used.tolist()
    found = order.times(batch.values, left)
    np.testing.assert_allclose(found, (X.T @ left.numpy())[used], atol=1e-6)
    found = order.sums(batch.values)
    np.testing.assert_allclose(found, X.toarray().sum(axis=0)[used], atol=1e-6)


def test_a_batch_without_a_stored_cell():
    batch = SparseBatch.of(sp.csr_matrix((3, 8), dtype=np.float32))
    assert torch.equal(batch.times(table(8)), torch.zeros(3, 3))
    assert batch.inner_products(table(3), table(8)).shape == (0,)
    order = batch.by_columns()
    assert order.times(batch.values, table(3)).shape == (0, 3)
    assert order.sums(batch.values).shape == (0,)


def test_parts(X):
    batch = SparseBatch.of(X)
    parts = batch.split([2, 1, 4])
    assert [len(part) for part in parts] == [2, 1, 4]
    assert torch.equal(torch.cat([p.to_dense() for p in parts]), batch.to_dense())


def test_wide_are_sparse_rows_of_many_columns():
    assert is_wide(SparseRows(sp.csr_matrix((5, 10_000))))
    assert not is_wide(SparseRows(sp.csr_matrix((5, 9_999))))
    dense = sp.csr_matrix(np.ones((2, 10_000), dtype=np.float32))
    assert not is_wide(SparseRows(dense))
