"""Rows of any container as float32 tensors: dense arrays, arrays on disk, CSR.

X is held once, in its own dtype; only the rows that are asked for are cast.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

__all__ = ["DenseRows", "SparseRows", "as_tensor", "is_on_disk", "rows_of", "spans"]

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


def as_tensor(X):
    """Return an ndarray as a tensor, without a copy where torch can read it."""
    X = np.asarray(X)
    if X.dtype.char not in _TORCH_DTYPES or not X.dtype.isnative:
        X = X.astype(np.float32)
    if any(stride < 0 for stride in X.strides):
        X = np.ascontiguousarray(X)
    if not X.flags.writeable:
        X = np.asarray(_Writable(X))
    tensor = torch.from_numpy(X)
    # torch can hold these three but hardly compute with them.
    if tensor.dtype in (torch.uint16, torch.uint32, torch.uint64):
        tensor = tensor.to(torch.float32)
    return tensor


def is_on_disk(X):
    """Whether an array is a memory map, or a view of one."""
    while isinstance(X, np.ndarray):
        if isinstance(X, np.memmap):
            return True
        X = X.base
    return False


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
        self._tensor = as_tensor(X)
        #: Whether rows should be asked for in ascending order: reading the pages of
        #: a file at random is what makes memory maps slow.
        self.in_file_order = is_on_disk(X)
        if device is not None:
            self._tensor = self._tensor.to(device, torch.float32)
        self.shape = tuple(self._tensor.shape)

    @property
    def device(self):
        """The device that holds the rows."""
        return self._tensor.device

    def take(self, index):
        """Return the rows of `index`, float32."""
        rows = self._tensor.index_select(0, index.to(self._tensor.device))
        return rows.to(torch.float32)

    def span(self, rows):
        """Return the rows of a slice, float32."""
        return self._tensor[rows].to(torch.float32)


class SparseRows:
    """Rows of a CSR matrix, made dense as they are asked for.

    Parameters
    ----------
    X : CSR matrix or array of shape (n_samples, n_features)
        Any numeric dtype.
    """

    device = torch.device("cpu")
    in_file_order = False

    def __init__(self, X):
        self._X = X
        self.shape = X.shape

    def take(self, index):
        """Return the rows of `index`, float32."""
        return self._dense(self._X[index.numpy()])

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
