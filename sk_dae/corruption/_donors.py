"""Where swapped cells take their values from: the training values of each column."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from ..backend.serialization import serializable
from ..data.rows import as_tensor
from ._cells import positions

__all__ = ["ColumnDonors", "RowDonors", "sample_donors"]

#: Bytes that a sample of donor rows may take.
SAMPLE_BYTES = 2**26


@serializable(leave_out=["_moved"])
class RowDonors:
    """Donors that stand in whole rows, every cell observed.

    Parameters
    ----------
    rows : Tensor of shape (n_donors, n_features)
        The rows, of any dtype; read cell by cell.
    """

    # A copy on an accelerator, made when it is first needed.
    _moved = None

    def __init__(self, rows):
        self.rows = rows

    def __getstate__(self):
        """Leave the copy on an accelerator behind."""
        return {**vars(self), "_moved": None}

    def swap(self, X, chosen, generator):
        """Return X with each `chosen` cell replaced by a donor of its column."""
        if X.device.type == "cpu":
            # A few cells are chosen, and memory is read at random: touch only those.
            cells = positions(chosen)
            donors = torch.randint(len(self.rows), (len(cells),), generator=generator)
            donated = self._read(donors, cells.remainder(X.shape[1])).to(X.dtype)
            swapped = X.reshape(-1).clone().index_copy_(0, cells, donated)
            return swapped.view(X.shape)
        # Counting the chosen cells would make an accelerator wait.
        rows = self._rows_beside(X)
        donors = torch.randint(len(rows), X.shape, generator=generator, device=X.device)
        return torch.where(chosen, rows.gather(0, donors), X)

    def _read(self, donors, columns):
        """Return the values of cells; the faster way does not know all integers."""
        rows = self.rows
        if rows.is_contiguous() and rows.is_floating_point():
            return rows.view(-1).take(donors.mul_(rows.shape[1]).add_(columns))
        return rows[donors, columns]

    def _rows_beside(self, X):
        """Return the donors on the device of X, sent there once."""
        moved = self._moved
        if moved is None or moved.device != X.device or moved.dtype != X.dtype:
            moved = self._moved = self.rows.to(X)
        return moved


@serializable
class ColumnDonors:
    """Donors that stand in columns of unequal length, for sparse or missing values.

    Parameters
    ----------
    values : Tensor of shape (n_stored,)
        The stored values, column after column.

    counts : Tensor of shape (n_features,)
        How many are stored for each column.

    sizes : Tensor of shape (n_features,)
        How many there are to draw from; those that are not stored are zeros.
    """

    def __init__(self, values, counts, sizes):
        self.values = values
        self.counts = counts
        self.sizes = sizes
        self.starts = counts.cumsum(0) - counts

    def swap(self, X, chosen, generator):
        """Return X with each `chosen` cell replaced by a donor of its column.

        A column without a donor stays as it is.
        """
        cells = chosen.nonzero()
        columns = cells[:, 1].cpu()
        draw = torch.rand(len(cells), generator=generator, device=X.device).cpu()
        sizes = self.sizes[columns]
        # float32 rounding may reach the size itself.
        pick = torch.minimum((draw * sizes).long(), sizes - 1)
        stored = (pick < self.counts[columns]) & (sizes > 0)
        donated = torch.zeros(len(cells))
        donated[stored] = self.values[self.starts[columns[stored]] + pick[stored]]
        swapped = X.clone()
        old = X[cells[:, 0], cells[:, 1]]
        new = torch.where((sizes > 0).to(X.device), donated.to(X), old)
        swapped[cells[:, 0], cells[:, 1]] = new
        return swapped


def sample_donors(rows, n_donors, random_state, *, in_place=False):
    """Return the donors of validated rows.

    Parameters
    ----------
    rows : Rows
        Training rows; NaN is never a donor.

    n_donors : int
        How many rows to sample at most.

    random_state : RandomState
        Draws the sample.

    in_place : bool, default=False
        Whether the rows may be read where they stand, which dense data in memory allows
        that misses no value and that torch can read.

    Returns
    -------
    donors : RowDonors or ColumnDonors
        The donors to draw from.
    """
    # A minimum is NaN where any value is, and takes no memory.
    if in_place and rows.array is not None and not np.isnan(rows.array.min()):
        return RowDonors(as_tensor(rows.array))
    sample = rows.sample(n_donors, random_state, max_bytes=SAMPLE_BYTES)
    if sp.issparse(sample):
        return _sparse_donors(sample)
    sample = _to_float32(sample)
    observed = ~np.isnan(sample)
    if observed.all():
        return RowDonors(torch.from_numpy(sample))
    counts = torch.from_numpy(observed.sum(axis=0))
    return ColumnDonors(torch.from_numpy(sample.T[observed.T]), counts, counts)


def _to_float32(values):
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if np.isinf(values).any():
        raise ValueError("Input X contains a value too large for dtype('float32').")
    return values


def _sparse_donors(X):
    X = X.tocsc()
    X.sum_duplicates()
    stored = np.diff(X.indptr)
    columns = np.repeat(np.arange(X.shape[1]), stored)
    missing = np.isnan(X.data)
    n_missing = np.bincount(columns[missing], minlength=X.shape[1])
    return ColumnDonors(
        torch.from_numpy(_to_float32(X.data[~missing])),
        torch.from_numpy((stored - n_missing).astype(np.int64)),
        torch.from_numpy((X.shape[0] - n_missing).astype(np.int64)),
    )
