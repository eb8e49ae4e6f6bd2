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

    weights : Tensor of shape (n_donors,), dtype float64, default=None
        How often each donates; None draws all alike.
    """

    # A copy on an accelerator, made when it is first needed.
    _moved = None
    # Sums of the weights up to each row, which the last row completes to one.
    ends = None

    def __init__(self, rows, weights=None):
        self.rows = rows
        if weights is not None:
            self.ends = weights.cumsum(0) / weights.sum()

    def __getstate__(self):
        """Leave the copy on an accelerator behind."""
        return {**vars(self), "_moved": None}

    def swap(self, X, chosen, generator):
        """Return X with each `chosen` cell replaced by a donor of its column."""
        if X.device.type == "cpu":
            # A few cells are chosen, and memory is read at random: touch only those.
            cells = positions(chosen)
            donors = self._draw((len(cells),), generator)
            donated = self._read(donors, cells.remainder(X.shape[1])).to(X.dtype)
            swapped = X.reshape(-1).clone().index_copy_(0, cells, donated)
            return swapped.view(X.shape)
        # Counting the chosen cells would make an accelerator wait.
        rows = self._rows_beside(X)
        donors = self._draw(X.shape, generator, X.device)
        return torch.where(chosen, rows.gather(0, donors), X)

    def _draw(self, shape, generator, device=None):
        """Return indices of donors."""
        if self.ends is None:
            n_donors = len(self.rows)
            return torch.randint(n_donors, shape, generator=generator, device=device)
        # MPS has no float64.
        dtype = torch.float32 if device and device.type == "mps" else torch.float64
        draws = torch.rand(shape, generator=generator, device=device, dtype=dtype)
        ends = self.ends.to(draws)
        return torch.searchsorted(ends, draws, right=True).clamp_(max=len(ends) - 1)

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
        How many there are to draw from; those that are not stored are zeros. With
        weights, the sum of these.

    weights : Tensor of shape (n_stored,), dtype float64, default=None
        How often each of the values is drawn; None draws all alike.
    """

    # Sums of the weights up to each stored value.
    ends = None

    def __init__(self, values, counts, sizes, weights=None):
        self.values = values
        self.counts = counts
        self.sizes = sizes
        self.starts = counts.cumsum(0) - counts
        if weights is not None:
            self.ends = weights.cumsum(0)

    def swap(self, X, chosen, generator):
        """Return X with each `chosen` cell replaced by a donor of its column.

        A column without a donor stays as it is.
        """
        cells = chosen.nonzero()
        columns = cells[:, 1].cpu()
        draw = torch.rand(len(cells), generator=generator, device=X.device).cpu()
        sizes = self.sizes[columns]
        if self.ends is not None:
            donated = self._donate_by_weight(draw, columns, sizes)
            return self._put(X, cells, donated, sizes)
        # float32 rounding may reach the size itself.
        pick = torch.minimum((draw * sizes).long(), sizes - 1)
        stored = (pick < self.counts[columns]) & (sizes > 0)
        donated = torch.zeros(len(cells))
        donated[stored] = self.values[self.starts[columns[stored]] + pick[stored]]
        return self._put(X, cells, donated, sizes)

    def _donate_by_weight(self, draw, columns, sizes):
        first, counts = self.starts[columns], self.counts[columns]
        before = torch.cat([self.ends.new_zeros(1), self.ends])
        place = before[first] + draw.double() * sizes
        donor = torch.searchsorted(self.ends, place, right=True)
        # Where a column has no zeros beside the stored values, rounding must make none.
        whole = before[first + counts] - before[first] >= sizes * (1.0 - 1e-9)
        last = first + counts - 1
        donor = torch.where(whole, torch.minimum(donor, last), donor)
        stored = (donor <= last) & (counts > 0)
        donated = torch.zeros(len(columns))
        donated[stored] = self.values[donor[stored]]
        return donated

    @staticmethod
    def _put(X, cells, donated, sizes):
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
        weights = rows.weights
        return RowDonors(
            as_tensor(rows.array), None if weights is None else as_tensor(weights)
        )
    sample, weights = rows.weighted_sample(
        n_donors, random_state, max_bytes=SAMPLE_BYTES
    )
    if sp.issparse(sample):
        return _sparse_donors(sample, weights)
    sample = _to_float32(sample)
    observed = ~np.isnan(sample)
    if observed.all():
        return RowDonors(
            torch.from_numpy(sample), None if weights is None else as_tensor(weights)
        )
    values = torch.from_numpy(sample.T[observed.T])
    counts = sizes = torch.from_numpy(observed.sum(axis=0))
    if weights is not None:
        sizes = torch.from_numpy(weights @ observed)
        weights = np.broadcast_to(weights, observed.T.shape)[observed.T]
        weights = torch.from_numpy(weights)
    return ColumnDonors(values, counts, sizes, weights)


def _to_float32(values):
    with np.errstate(over="ignore"):
        values = values.astype(np.float32)
    if np.isinf(values).any():
        raise ValueError("Input X contains a value too large for dtype('float32').")
    return values


def _sparse_donors(X, weights):
    X = X.tocsc()
    X.sum_duplicates()
    stored = np.diff(X.indptr)
    columns = np.repeat(np.arange(X.shape[1]), stored)
    missing = np.isnan(X.data)
    n_missing = np.bincount(columns[missing], minlength=X.shape[1])
    sizes = (X.shape[0] - n_missing).astype(np.int64)
    if weights is not None:
        total, weights = weights.sum(), weights[X.indices]
        lost = np.bincount(columns[missing], weights[missing], X.shape[1])
        sizes = np.where(n_missing < X.shape[0], total - lost, 0.0)
        weights = torch.from_numpy(weights[~missing])
    return ColumnDonors(
        torch.from_numpy(_to_float32(X.data[~missing])),
        torch.from_numpy((stored - n_missing).astype(np.int64)),
        torch.from_numpy(sizes),
        weights,
    )
