"""Rows that are read again and again from where they are stored, and their batches."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import torch

from ..tables.stored import Stored
from ..tables.units import type_in_units
from .batches import Batches
from .rows import Rows, rows_per_chunk

__all__ = ["StreamedBatches", "StreamedRows"]

#: Bytes of the rows, as float32, that are shuffled together in training.
WINDOW_BYTES = 2**25

#: Bytes of the parts, as float32, in which shuffled rows leave a window.
PIECE_BYTES = 2**20


class StreamedRows(Stored, Rows):
    """Rows of a source, which holds them in units that can be read in any order.

    Parameters
    ----------
    source : Source
        Where they come from.
    """

    def __init__(self, source):
        self._source = source
        self._functions = ()
        self._held_out = None
        n_rows = None
        if source.unit_rows is not None:
            #: Where the units begin, and where the last ends.
            self._bounds = np.cumsum([0, *source.unit_rows])
            n_rows = int(self._bounds[-1])
        self.shape = (n_rows, source.width)
        #: The type of the rows, as they are read.
        self.dtype = source.dtype

    # -- other rows of the same source ------------------------------------------------

    def transformed(self, function):
        """Return the rows as a user's function of arrays gives them."""

        def checked(X, width=None):
            made = np.asarray(function(X))
            if made.ndim != 2 or len(made) != len(X) or made.dtype.kind not in "biuf":
                raise ValueError(
                    f"transform must turn an array of shape {X.shape} into numbers of "
                    f"as many rows, got {made.dtype} of shape {made.shape}."
                )
            if width not in (None, made.shape[1]):
                raise ValueError(
                    "transform must give as many columns for all rows, got "
                    f"{width} and then {made.shape[1]}."
                )
            return made.astype(type_in_units(made.dtype), copy=False)

        first = self._source.first()
        if first is None:
            return self
        made = checked(first[:1])
        width = made.shape[1]
        rows = self.then(lambda X: checked(X, width))
        rows.shape, rows.dtype = (self.shape[0], width), made.dtype
        return rows

    def then(self, function):
        """Return the rows behind a function of arrays, which keeps shape and type."""
        rows = copy.copy(self)
        rows._functions = (*self._functions, function)
        return rows

    def without(self, hidden):
        """Return the rows with NaN in the columns of a mask."""
        if not hidden.any():
            return self

        def hide(X):
            X = X.copy()
            X[:, hidden] = np.nan
            return X

        return self.then(hide)

    def split(self, n_held_out, seed):
        """Return the rows in two parts, drawn at random from each unit.

        Parameters
        ----------
        n_held_out : int
            How many rows the second part has.

        seed : int
            Seeds the draws; the same seed gives the same parts.

        Returns
        -------
        rest, held_out : StreamedRows
            The parts.
        """
        parts = []
        for takes, n_rows in ((False, self.shape[0] - n_held_out), (True, n_held_out)):
            rows = copy.copy(self)
            rows._held_out = (n_held_out, seed, takes)
            rows.shape = (n_rows, self.shape[1])
            parts.append(rows)
        return parts

    def header(self):
        """Return a table of the columns, as scikit-learn's checks read it."""
        if self.shape[1] == self._source.width:
            return self._source.header()
        return np.empty((1, self.shape[1]))

    # -- reading ----------------------------------------------------------------------

    def _quota(self, unit):
        """Return how many rows of a unit are held out."""
        n_held_out, n_rows = self._held_out[0], int(self._bounds[-1])
        start, end = map(int, self._bounds[unit : unit + 2])
        return n_held_out * end // n_rows - n_held_out * start // n_rows

    def _mask(self, unit):
        """Return which rows of a unit are meant, or None for all."""
        if self._held_out is None:
            return None
        _, seed, takes = self._held_out
        n_rows = self._source.unit_rows[unit]
        generator = torch.Generator().manual_seed((seed + unit) % 2**63)
        order = torch.randperm(n_rows, generator=generator).numpy()
        mask = np.full(n_rows, not takes)
        mask[order[: self._quota(unit)]] = takes
        return mask

    def _counts(self):
        """Return how many rows of each unit are meant."""
        counts = self._source.unit_rows
        if self._held_out is None:
            return counts
        quotas = [self._quota(unit) for unit in range(len(counts))]
        if self._held_out[2]:
            return quotas
        return [n - quota for n, quota in zip(counts, quotas, strict=True)]

    def _pieces(self, units=None):
        """Yield the rows of units, None for all, as arrays of any length."""
        if units is None:
            counts = self._source.unit_rows
            units = range(1 if counts is None else len(counts))
        for unit in units:
            mask, start = self._mask(unit), 0
            for X in self._source.read(unit):
                if mask is not None:
                    start, own = start + len(X), mask[start : start + len(X)]
                    X = X[own]
                if not len(X):
                    continue
                for function in self._functions:
                    X = function(X)
                yield X

    def chunks(self):
        """Yield all rows in order, in their own type."""
        steps = itertools.repeat(rows_per_chunk(4 * self.shape[1]))
        yield from _cut(self._pieces(), steps, self.dtype)

    def in_order(self, n_rows):
        """Yield all rows in order, in tensors of a number of rows."""
        for X in _cut(self._pieces(), itertools.repeat(n_rows), np.float32):
            yield torch.from_numpy(X)

    def parts(self, sizes, generator=None):
        """Yield all rows in tensors of given sizes, which add up to all rows.

        Parameters
        ----------
        sizes : iterable of int
            Numbers of rows.

        generator : torch.Generator, default=None
            Shuffles; None keeps the order.

        Yields
        ------
        X : Tensor of shape (n_rows, n_features), dtype float32
            The rows.
        """
        pieces = self._pieces() if generator is None else self._shuffled(generator)
        for X in _cut(pieces, sizes, np.float32):
            yield torch.from_numpy(X)

    def _shuffled(self, generator):
        """Yield all rows: units in random order, and a window of rows shuffled."""
        width = 4 * self.shape[1]
        window_rows = max(1, WINDOW_BYTES // width)
        piece_rows = max(1, PIECE_BYTES // width)
        units = None
        if self.shape[0] > window_rows:
            n_units = len(self._source.unit_rows)
            units = torch.randperm(n_units, generator=generator).tolist()
        windows = _cut(self._pieces(units), itertools.repeat(window_rows), np.float32)
        for window in windows:
            # All rows in one window come as those of an array do.
            order = torch.randperm(len(window), generator=generator).numpy()
            for start in range(0, len(order), piece_rows):
                yield window[order[start : start + piece_rows]]

    def take(self, index):
        """Return the rows of `index`, float32; reads each unit that it needs once."""
        with np.errstate(over="ignore"):
            X = self._pick(index.cpu().numpy()).astype(np.float32, copy=False)
        return torch.from_numpy(X)

    def _pick(self, index):
        if index is None:
            index = np.arange(self.shape[0])
        order = np.argsort(index, kind="stable")
        places = index[order]
        picked = np.empty((len(index), self.shape[1]), dtype=self.dtype)
        start = 0
        for unit, n_rows in enumerate(self._counts()):
            low, end = np.searchsorted(places, [start, start + n_rows])
            for X in self._pieces([unit]) if low < end else ():
                high = np.searchsorted(places, start + len(X))
                picked[order[low:high]] = X[places[low:high] - start]
                low, start, n_rows = high, start + len(X), n_rows - len(X)
            start += n_rows
        return picked


def _cut(pieces, sizes, dtype):
    """Yield the rows of arrays in arrays of given sizes; the last may be shorter."""
    pieces = iter(pieces)
    rest = np.empty((0, 0))
    for size in sizes:
        whole, n_rows = None, 0
        while n_rows < size:
            if not len(rest):
                rest = next(pieces, None)
                if rest is None:
                    break
            n_taken = min(size - n_rows, len(rest))
            taken, rest = rest[:n_taken], rest[n_taken:]
            with np.errstate(over="ignore"):
                if n_taken == size:
                    whole = taken.astype(dtype, copy=False)
                else:
                    if whole is None:
                        whole = np.empty((size, taken.shape[1]), dtype=dtype)
                    whole[n_rows : n_rows + n_taken] = taken
            n_rows += n_taken
        if n_rows:
            yield whole[:n_rows]
        if rest is None:
            return


class StreamedBatches(Batches):
    """Mini-batches of streamed rows, shuffled as far as they are held at once.

    Parameters
    ----------
    rows : StreamedRows
        The rows that go in, and that should come out.

    index : None
        All of them.

    batch_size : int
        Rows in a batch, at most.

    device : torch.device
        Where the batches are needed.

    generator : torch.Generator, default=None
        Shuffles; None keeps the order.
    """

    def groups(self, n_rows=None):
        """Yield the batches of an epoch, several at a time in one."""
        totals = map(sum, self._grouped_sizes(n_rows))
        parts = self.rows.parts(totals, self._generator)
        for X, sizes in zip(parts, self._grouped_sizes(n_rows), strict=True):
            X = X.to(self._device)
            yield X, X, None, sizes
