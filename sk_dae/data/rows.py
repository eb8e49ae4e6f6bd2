"""Rows of any container as float32 tensors: dense arrays, arrays on disk, CSR.

X is held once, in its own dtype; only the rows that are asked for are cast.
"""

from __future__ import annotations

import mmap

import numpy as np
import scipy.sparse as sp
import torch

__all__ = [
    "DenseRows",
    "SparseRows",
    "as_tensor",
    "is_on_disk",
    "is_readable",
    "rows_of",
    "spans",
]

#: Bytes that one chunk of rows may take where the data is read from end to end.
CHUNK_BYTES = 2**25

_TORCH_DTYPES = frozenset("?bBhHiIlLqQefd")


class _Writable:
    """Claim that a read-only array may be written, which torch would warn about.

    Nothing here writes to it.
    """

    def __init__(self, X):
        self._X = X
        address, _ = X.__array_interface__["data"]
        self.__array_interface__ = {
            **X.__array_interface__,
            "data": (address, False),
        }


def is_readable(X):
    """Whether torch can read the memory of an ndarray as it is."""
    return (
        X.dtype.char in _TORCH_DTYPES
        and X.dtype.isnative
        and all(step >= 0 and step % X.itemsize == 0 for step in X.strides)
    )


def as_tensor(X):
    """Return an ndarray as a tensor: without a copy where torch can read it.

    Elsewhere it is a float32 copy, with infinity for what is too large.
    """
    X = np.asarray(X)
    if not is_readable(X):
        with np.errstate(over="ignore"):
            X = X.astype(np.float32, order="C")
    # NumPy has two names for some integer types, of which torch knows one.
    X = X.view(X.dtype.str)
    if not X.flags.writeable:
        X = np.asarray(_Writable(X))
    return torch.from_numpy(X)


def is_on_disk(X):
    """Whether an array is a memory map, or a view of one."""
    # Not the class of the array: a copy of a np.memmap is one too.
    while isinstance(X, np.ndarray):
        X = X.base
    return isinstance(X, mmap.mmap)


def spans(n_rows, row_bytes):
    """Yield slices over `n_rows` rows, of at most `CHUNK_BYTES` each."""
    step = max(1, CHUNK_BYTES // max(1, row_bytes))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


class DenseRows:
    """Rows of a dense array.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Any numeric dtype and memory layout.

    device : torch.device, default=None
        Where to hold the rows; None leaves them where they are.
    """

    def __init__(self, X, device=None):
        # What torch cannot read stays with NumPy, so that it is never copied whole.
        self._rows = as_tensor(X) if is_readable(X) else X
        self.shape = X.shape
        # Reading the pages of a file at random is what makes memory maps slow.
        self._reads_in_order = is_on_disk(X)
        if device is not None:
            self._rows = as_tensor(X).to(device, torch.float32)

    @property
    def device(self):
        """The device that holds the rows."""
        on_numpy = isinstance(self._rows, np.ndarray)
        return torch.device("cpu") if on_numpy else self._rows.device

    def take(self, index):
        """Return the rows of `index`, float32."""
        if self._reads_in_order:
            index, order = index.to(self.device).sort()
            rows = self._take(index)
            return torch.empty_like(rows).index_copy_(0, order, rows)
        return self._take(index)

    def _take(self, index):
        if isinstance(self._rows, np.ndarray):
            return as_tensor(self._rows[index.cpu().numpy()]).to(torch.float32)
        rows = self._rows.index_select(0, index.to(self._rows.device))
        return rows.to(torch.float32)

    def span(self, rows):
        """Return the rows of a slice, float32."""
        chunk = self._rows[rows]
        if isinstance(chunk, np.ndarray):
            chunk = as_tensor(chunk)
        return chunk.to(torch.float32)


class SparseRows:
    """Rows of a CSR matrix, made dense as they are asked for.

    Parameters
    ----------
    X : CSR matrix or array of shape (n_samples, n_features)
        Any numeric dtype.
    """

    device = torch.device("cpu")

    def __init__(self, X):
        self._X = X
        self.shape = X.shape

    def take(self, index):
        """Return the rows of `index`, float32."""
        return self._dense(self._X[index.cpu().numpy()])

    def span(self, rows):
        """Return the rows of a slice, float32."""
        return self._dense(self._X[rows])

    @staticmethod
    def _dense(X):
        return torch.from_numpy(X.astype(np.float32, copy=False).toarray())


def rows_of(X, device=None):
    """Return the rows of a validated X, held on `device` where that is worth it.

    Dense data in memory moves to an accelerator whole where it takes less than a
    third of what is free there; other data goes batch by batch.
    """
    if sp.issparse(X):
        return SparseRows(X)
    if device is None or device.type == "cpu" or is_on_disk(X):
        return DenseRows(X)
    fits = True
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        fits = 4 * X.size < free / 3
    return DenseRows(X, device if fits else None)
