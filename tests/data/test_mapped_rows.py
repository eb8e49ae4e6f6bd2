import numpy as np
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_array_equal

from sk_dae.data import mapped_rows as _mapped_rows
from sk_dae.data.mapped_rows import MappedRows
from sk_dae.data.rows import DenseRows, rows_of

CPU = torch.device("cpu")


def make_rows(X, width=2):
    return MappedRows(rows_of(X), lambda rows: rows[:, :width] * 2, width, CPU)


@pytest.fixture
def X():
    return np.arange(60, dtype=np.float32).reshape(20, 3)


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix])
def test_rows_are_mapped_as_they_are_asked_for(X, container):
    rows = make_rows(container(X))
    assert rows.shape == (20, 2)
    index = torch.tensor([4, 0, 4])
    assert_array_equal(rows.take(index), 2 * X[index, :2])
    assert_array_equal(rows.span(slice(3, 6)), 2 * X[3:6, :2])


@pytest.mark.parametrize("chunk", [1, 10**6])
def test_kept_rows_are_computed_once(X, chunk, monkeypatch):
    monkeypatch.setattr("sk_dae.data.rows.CHUNK_BYTES", chunk)
    kept = make_rows(X).kept()
    assert isinstance(kept, DenseRows)
    assert_array_equal(kept.span(slice(0, 20)), 2 * X[:, :2])


def test_rows_that_take_much_memory_are_not_kept(X, monkeypatch):
    monkeypatch.setattr(_mapped_rows, "KEPT_BYTES", 20 * 2 * 4)
    assert isinstance(make_rows(X).kept(), DenseRows)
    monkeypatch.setattr(_mapped_rows, "KEPT_BYTES", 20 * 2 * 4 - 1)
    rows = make_rows(X)
    assert rows.kept() is rows


def test_a_sample_is_of_bounded_size_and_seeded(X):
    rows = make_rows(X)
    assert_array_equal(rows.sample(20, np.random.RandomState(0)), 2 * X[:, :2])
    sample = rows.sample(20, np.random.RandomState(0), max_bytes=5 * 2 * 4)
    assert sample.shape == (5, 2)
    assert set(sample[:, 0]) <= set(2 * X[:, 0])
    again = rows.sample(5, np.random.RandomState(0))
    assert_array_equal(sample, again)


def test_mapped_rows_are_read_in_chunks(X, monkeypatch):
    monkeypatch.setattr("sk_dae.data.rows.CHUNK_BYTES", 3 * 2 * 4)
    chunks = list(make_rows(X).chunks())
    assert [len(chunk) for chunk in chunks] == [3] * 6 + [2]
    assert_array_equal(np.concatenate(chunks), 2 * X[:, :2])
