"""Rows of any container as float32 tensors: dense arrays, arrays on disk, CSR.

X is held once, in its own dtype; only the rows that are asked for are cast.
"""

from __future__ import annotations

import copy
import mmap

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.utils.random import sample_without_replacement

__all__ = [
    "DenseRows",
    "Rows",
    "SparseRows",
    "as_tensor",
    "is_on_disk",
    "is_readable",
    "rows_of",
    "rows_per_chunk",
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


def rows_per_chunk(row_bytes):
    """Return how many rows take at most `CHUNK_BYTES`, or one."""
    return max(1, CHUNK_BYTES // max(1, row_bytes))


def spans(n_rows, row_bytes):
    """Yield slices over `n_rows` rows, of at most `CHUNK_BYTES` each."""
    step = rows_per_chunk(row_bytes)
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


class Rows:
    """Rows of numbers, wherever they stand; NaN stands for a missing value.

    A class of rows that can be read at random implements :meth:`take` and has a
    length; all else follows from it, and may be overridden where there is a faster way.
    A stream, which can be read in order only, implements :meth:`chunks`, and its length
    is None.

    Learn from rows with as little of it as will do, so that more kinds of rows can be
    learned from: from :meth:`chunks` what every value counts for, such as sums and
    extremes; from :meth:`sample` distributions. :meth:`take` and :meth:`span` are for
    training and prediction.

    Attributes
    ----------
    shape : tuple of (int or None, int)
        Number of rows, None where it is not known before they are read, and number of
        features.

    device : torch.device
        Where the rows are, and so where an index is best.

    array : ndarray of shape (n_samples, n_features) or None
        The memory that holds all rows, where there is one that torch can read. Not to
        be modified.

    weights : ndarray of shape (n_samples,), dtype float64, or None
        Weights of the rows in all that is learned from them; positive. None where all
        count the same.
    """

    shape = (None, 0)
    device = torch.device("cpu")
    array = None
    weights = None

    def take(self, index):
        """Return the rows of an index.

        Parameters
        ----------
        index : Tensor of shape (n_rows,), dtype int64
            Which rows, in any order, on any device.

        Returns
        -------
        X : Tensor of shape (n_rows, n_features), dtype float32
            The rows.
        """
        raise TypeError(f"{type(self).__name__} can be read in order only.")

    def span(self, rows):
        """Return the rows of a slice.

        Parameters
        ----------
        rows : slice
            Which rows, without a step.

        Returns
        -------
        X : Tensor of shape (n_rows, n_features), dtype float32
            The rows.
        """
        return self.take(torch.arange(*rows.indices(self.shape[0] or 0)))

    def chunks(self):
        """Read all rows once, in their order.

        Yields
        ------
        chunk : ndarray or CSR matrix of shape (n_rows, n_features)
            Rows in the dtype that they are held in, not to be modified. A dense chunk
            takes `CHUNK_BYTES` at most as float32; a CSR matrix that is held anyway
            comes whole.
        """
        for rows in spans(self.shape[0], 4 * self.shape[1]):
            yield self.span(rows).cpu().numpy()

    def in_order(self, n_rows):
        """Read all rows once, in their order, as float32.

        Parameters
        ----------
        n_rows : int
            How many rows to read at a time.

        Yields
        ------
        X : Tensor of shape (n_rows, n_features), dtype float32
            The rows; the last may be fewer.
        """
        for start in range(0, self.shape[0], n_rows):
            yield self.span(slice(start, min(start + n_rows, self.shape[0])))

    def sample(self, n_rows, random_state, *, max_bytes=None, in_order=True):
        """Draw rows that count the same: without replacement, unless they are weighted.

        Weighted rows are drawn in proportion to their weights, so that one may come
        several times. Nothing is drawn from `random_state` where all rows are wanted
        and their number is known.

        Parameters
        ----------
        n_rows : int
            How many rows, at most.

        random_state : RandomState
            Draws the rows.

        max_bytes : int, default=None
            How many bytes dense rows may take as float32; one row is returned however
            many it takes. Sparse rows are not bounded by it.

        in_order : bool, default=True
            Whether the rows are returned in their order. It saves time with rows on
            disk; False returns them in the order in which they were drawn.

        Returns
        -------
        X : ndarray or CSR matrix of shape (n_sampled, n_features)
            The rows, in the dtype that they are held in. Not to be modified: all rows
            may be those that are held.
        """
        n_rows = self._most_rows(n_rows, max_bytes)
        if self.weights is not None:
            if self.shape[0] <= n_rows:
                # As often as the row of the least weight stands for itself once.
                n_rows = min(n_rows, round(self.weights.sum() / self.weights.min()))
            return self._pick(self._drawn_by_weight(n_rows, random_state, in_order))
        return self._draw(n_rows, random_state, in_order)

    def weighted_sample(self, n_rows, random_state, *, max_bytes=None, in_order=True):
        """Draw rows, or return all of them with their weights.

        Parameters
        ----------
        n_rows, random_state, max_bytes, in_order
            As in :meth:`sample`.

        Returns
        -------
        X : ndarray or CSR matrix of shape (n_sampled, n_features)
            All rows once, where they are few enough; else a sample of them.

        weights : ndarray of shape (n_sampled,) or None
            Their weights; None where all count the same.
        """
        if self.weights is None or self.shape[0] > self._most_rows(n_rows, max_bytes):
            sample = self.sample(
                n_rows, random_state, max_bytes=max_bytes, in_order=in_order
            )
            return sample, None
        return self._pick(None), self.weights

    def _most_rows(self, n_rows, max_bytes):
        if max_bytes is None:
            return n_rows
        return min(n_rows, max(1, max_bytes // (4 * max(1, self.shape[1]))))

    def _drawn_by_weight(self, n_rows, random_state, in_order):
        """Return indices of rows, each as often as its weight says, or one off."""
        ends = np.cumsum(self.weights)
        # In the middle, where rounding does not tell and nothing need be drawn.
        offset = random_state.uniform() if self.shape[0] > n_rows else 0.5
        places = (np.arange(n_rows) + offset) * (ends[-1] / n_rows)
        index = np.searchsorted(ends, places, side="right").clip(max=len(ends) - 1)
        return index if in_order else random_state.permutation(index)

    def _draw(self, n_rows, random_state, in_order):
        n_samples = self.shape[0]
        if n_samples is None:
            return _reservoir(self, n_rows, random_state)
        if n_samples <= n_rows:
            return self._pick(None)
        # Its memory grows with the sample alone, unlike that of a permutation.
        index = sample_without_replacement(n_samples, n_rows, random_state=random_state)
        return self._pick(np.sort(index) if in_order else index)

    def _pick(self, index):
        """Return the rows of an array of indices, None for all, in their own dtype."""
        if index is None:
            index = np.arange(self.shape[0])
        return self.take(torch.from_numpy(index)).cpu().numpy()


def _reservoir(rows, n_rows, random_state):
    """Sample rows of unknown number in one pass; a few are all there, in order.

    Vitter, J. S. (1985). Random sampling with a reservoir. ACM Transactions on
    Mathematical Software, 11. Algorithm R.
    """
    kept, n_seen = None, 0
    for chunk in rows.chunks():
        if sp.issparse(chunk):
            chunk = chunk.toarray()
        room = max(0, n_rows - n_seen)
        if room:
            head = chunk[:room]
            kept = head.copy() if kept is None else np.concatenate([kept, head])
        later = np.arange(n_seen + room, n_seen + len(chunk))
        if len(later):
            place = (random_state.uniform(size=len(later)) * (later + 1)).astype(int)
            enters = np.flatnonzero(place < n_rows)
            # A place may be taken twice: the later row stays in it.
            kept[place[enters]] = chunk[room + enters]
        n_seen += len(chunk)
    return np.empty((0, rows.shape[1]), dtype=np.float32) if kept is None else kept


class DenseRows(Rows):
    """Rows of a dense array.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Any numeric dtype and memory layout.

    device : torch.device, default=None
        Where to hold the rows; None leaves them where they are.
    """

    def __init__(self, X, device=None):
        # Never copied whole: an array that torch cannot read stays with NumPy.
        self._rows = as_tensor(X) if is_readable(X) else X
        self._X = X
        self.shape = X.shape
        # Reading the pages of a file at random is what makes memory maps slow.
        self._reads_in_order = is_on_disk(X)
        if is_readable(X) and not self._reads_in_order:
            self.array = X
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

    def chunks(self):
        """Yield views of the array, in order."""
        for rows in spans(self.shape[0], 4 * self.shape[1]):
            yield self._X[rows]

    def _pick(self, index):
        if index is None:
            return self._X
        if not self._reads_in_order:
            return self._X[index]
        order = np.argsort(index)
        picked = np.empty((len(index), self.shape[1]), dtype=self._X.dtype)
        picked[order] = self._X[index[order]]
        return picked


class SparseRows(Rows):
    """Rows of a CSR matrix, made dense as they are asked for.

    Parameters
    ----------
    X : CSR matrix or array of shape (n_samples, n_features)
        Any numeric dtype.
    """

    def __init__(self, X):
        self._X = X
        self.shape = X.shape

    def take(self, index):
        """Return the rows of `index`, float32."""
        return self._dense(self._X[index.cpu().numpy()])

    def span(self, rows):
        """Return the rows of a slice, float32."""
        return self._dense(self._X[rows])

    def chunks(self):
        """Yield the matrix, which is held anyway."""
        yield self._X

    def misses_any(self):
        """Return whether a value is missing."""
        values = self._X.data
        # A sum is NaN where any value is, or where infinities of both signs are.
        with np.errstate(all="ignore"):
            return values.dtype.kind == "f" and bool(np.isnan(values.sum()))

    def _most_rows(self, n_rows, max_bytes):
        return n_rows

    def _pick(self, index):
        return self._X if index is None else self._X[index]

    @staticmethod
    def _dense(X):
        # Infinity is refused where it matters, as that of dense rows is.
        with np.errstate(over="ignore"):
            X = X.astype(np.float32, copy=False)
        return torch.from_numpy(X.toarray())


def rows_of(X, device=None, *, weights=None):
    """Return the rows of a validated X, held on `device` where that is worth it.

    Dense data in memory moves to an accelerator whole where it takes less than a
    third of what is free there; other data goes batch by batch. Rows stay as they are.
    `weights` are positive, and None where all rows count the same.
    """
    if weights is not None:
        rows = copy.copy(rows_of(X, device))
        rows.weights = weights
        return rows
    if isinstance(X, Rows):
        return X
    if sp.issparse(X):
        return SparseRows(X)
    if device is None or device.type == "cpu" or is_on_disk(X):
        return DenseRows(X)
    fits = True
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        fits = 4 * X.size < free / 3
    return DenseRows(X, device if fits else None)
