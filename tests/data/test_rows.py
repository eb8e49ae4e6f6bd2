"""Rows of any container as float32 tensors, without copies of the whole."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.data import rows as _rows
from sk_dae.data.rows import (
    DenseRows,
    SparseRows,
    as_tensor,
    is_on_disk,
    is_readable,
    rows_of,
    spans,
)

# Small integers, which every dtype holds exactly.
VALUES = np.random.RandomState(0).randint(0, 9, size=(20, 3))
DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "g"]
LAYOUTS = {
    "c": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "broadcast": lambda X: np.broadcast_to(X, (2, *X.shape))[1],
}
READABLE_DTYPES = [dtype for dtype in DTYPES if dtype != "g"]


def memory_map(X, path, mode="r"):
    X.tofile(path)
    return np.memmap(path, dtype=X.dtype, mode=mode, shape=X.shape)


# -- as_tensor ------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [*DTYPES, ">f4", ">f8", ">i2", "?"])
def test_tensor_has_the_values_of_the_array(dtype, layout):
    X = LAYOUTS[layout](VALUES.astype(dtype))
    tensor = as_tensor(X)
    np.testing.assert_array_equal(tensor.to(torch.float32), X.astype(np.float32))


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("layout", ["c", "fortran", "strided"])
@pytest.mark.parametrize("dtype", READABLE_DTYPES)
def test_readable_array_is_not_copied(dtype, layout, writeable):
    X = LAYOUTS[layout](VALUES.astype(dtype))
    X.flags.writeable = writeable
    assert is_readable(X)
    assert np.shares_memory(as_tensor(X).numpy(), X)
    assert X.flags.writeable == writeable


@pytest.mark.parametrize(
    "X",
    [
        VALUES.astype(">f4"),
        VALUES.astype("g"),
        VALUES[::-1],
        np.zeros(3, dtype=[("tag", "i1"), ("x", "f4", 2)])["x"],
    ],
    ids=["big-endian", "longdouble", "reversed", "records"],
)
def test_unreadable_array_becomes_a_float32_copy(X):
    assert not is_readable(X)
    tensor = as_tensor(X)
    assert tensor.dtype == torch.float32
    assert not np.shares_memory(tensor.numpy(), X)


def test_tensor_keeps_the_array_alive():
    X = np.full((1000, 100), 7.0)
    X.flags.writeable = False
    tensor = as_tensor(X)
    del X
    assert (np.full((1000, 100), 3.0) == 3.0).all()
    assert (tensor == 7.0).all()


def test_value_too_large_becomes_infinite_without_a_warning():
    assert as_tensor(np.array([1e300], dtype=">f8")).item() == np.inf


def test_array_without_rows_is_taken():
    assert as_tensor(np.zeros((0, 3))).shape == (0, 3)


# -- is_on_disk and spans -------------------------------------------------------------


def test_memory_map_and_its_views_are_on_disk(tmp_path):
    X = memory_map(VALUES.astype(np.float32), tmp_path / "X")
    for view in (X, np.asarray(X), X[2:5], np.asarray(X)[:, :2], X.T):
        assert is_on_disk(view)
    for copy in (X[[0, 2]], X + 1, X.copy(), VALUES, VALUES[1:]):
        assert not is_on_disk(copy)


@settings(max_examples=50, deadline=None)
@given(n_rows=st.integers(0, 10**8), row_bytes=st.integers(0, 2**27))
def test_spans_cover_all_rows_in_order_and_are_bounded(n_rows, row_bytes):
    row_bytes = max(row_bytes, n_rows * row_bytes // (100 * _rows.CHUNK_BYTES) and 1)
    if n_rows * row_bytes > 1000 * _rows.CHUNK_BYTES:
        n_rows = 1000
    pieces = list(spans(n_rows, row_bytes))
    starts = [piece.start for piece in pieces]
    stops = [piece.stop for piece in pieces]
    assert [0, *stops][: len(starts)] == starts
    assert ([0, *stops])[-1] == n_rows
    for piece in pieces:
        n = piece.stop - piece.start
        assert n == 1 or 1 < n <= _rows.CHUNK_BYTES // max(1, row_bytes)


# -- rows -----------------------------------------------------------------------------


def containers(dtype):
    X = VALUES.astype(dtype)
    yield from (DenseRows(make(X)) for make in LAYOUTS.values())
    yield DenseRows(X.astype(X.dtype.newbyteorder()))
    yield DenseRows(X, torch.device("cpu"))
    if dtype not in ("f2", "g"):
        yield SparseRows(sp.csr_array(X))
        yield SparseRows(sp.csr_matrix(X))
        wide = sp.csr_array(X)
        wide.indices = wide.indices.astype(np.int64)
        wide.indptr = wide.indptr.astype(np.int64)
        yield SparseRows(wide)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_are_float32_tensors_of_their_values(dtype):
    index = torch.tensor([7, 0, 7, 19])
    for rows in containers(dtype):
        assert tuple(rows.shape) == (20, 3)
        assert rows.device == torch.device("cpu")
        taken, span = rows.take(index), rows.span(slice(3, 6))
        assert taken.dtype == span.dtype == torch.float32
        np.testing.assert_array_equal(taken, VALUES[[7, 0, 7, 19]])
        np.testing.assert_array_equal(span, VALUES[3:6])


@pytest.mark.parametrize("dtype", ["f4", ">f4", "i8"])
def test_taken_rows_are_a_copy(dtype):
    X = VALUES.astype(dtype)
    before = X.copy()
    for rows in (DenseRows(X), SparseRows(sp.csr_array(VALUES.astype(np.float32)))):
        rows.take(torch.arange(20)).zero_()
    np.testing.assert_array_equal(X, before)


def test_nan_is_kept():
    X = np.array([[np.nan, 0.0], [1.0, np.nan]])
    for rows in (DenseRows(X), SparseRows(sp.csr_array(X))):
        np.testing.assert_array_equal(rows.take(torch.tensor([1, 0])), X[::-1])


@pytest.mark.parametrize("dtype", ["f4", "f8", "u2", "u1", ">f4", ">i2"])
@pytest.mark.parametrize("layout", ["c", "reversed"])
def test_only_the_rows_that_are_asked_for_take_memory(dtype, layout, tmp_path):
    X = memory_map(np.ones((20_000, 20), dtype=dtype), tmp_path / "X")
    if layout == "reversed":
        X = X[::-1]
    tracemalloc.start()
    rows = DenseRows(X)
    rows.take(torch.arange(0, 20_000, 1000))
    rows.span(slice(0, 20))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # torch's memory is not traced, but a copy by NumPy, which casts, would be.
    assert peak < X.nbytes / 10
    on_torch = isinstance(rows._rows, torch.Tensor)
    assert np.shares_memory(rows._rows.numpy() if on_torch else rows._rows, X)


def test_rows_of_tells_the_containers_apart(tmp_path):
    dense = rows_of(VALUES)
    sparse = rows_of(sp.csr_array(VALUES))
    mapped = rows_of(memory_map(VALUES, tmp_path / "X"), torch.device("cpu"))
    assert isinstance(sparse, SparseRows)
    assert isinstance(dense, DenseRows)
    assert isinstance(mapped, DenseRows)


def test_rows_on_disk_are_read_in_file_order_and_come_in_the_order_asked(
    tmp_path, monkeypatch
):
    asked = []
    take = DenseRows._take
    monkeypatch.setattr(
        DenseRows,
        "_take",
        lambda rows, index: (asked.append(index.tolist()), take(rows, index))[1],
    )
    index = torch.tensor([7, 0, 7, 19])
    for X in (VALUES, memory_map(VALUES, tmp_path / "X")):
        np.testing.assert_array_equal(rows_of(X).take(index), VALUES[index])
    assert asked == [[7, 0, 7, 19], [0, 7, 7, 19]]


def test_rows_in_memory_move_to_an_accelerator_and_others_stay(tmp_path):
    # A device without memory of its own stands in for an accelerator.
    device = torch.device("meta")
    assert rows_of(VALUES, device).device == device
    assert rows_of(VALUES[::-1], device).device == device
    assert rows_of(sp.csr_array(VALUES), device).device.type == "cpu"
    mapped = memory_map(VALUES, tmp_path / "X")
    assert rows_of(mapped, device).device.type == "cpu"


@pytest.mark.parametrize(("free", "there"), [(720, "cpu"), (721, "meta")])
def test_rows_move_to_a_gpu_with_room_for_three_times_as_much(monkeypatch, free, there):
    class Gpu:
        type = "cuda"

    moved = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, free))
    monkeypatch.setattr(_rows, "DenseRows", lambda X, device: moved.append(device))
    rows_of(VALUES, Gpu())
    # 60 values of 4 bytes.
    assert (moved[0] is None) == (there == "cpu")
