"""Batches of sparse rows by their stored cells, and products with them.

All products are sums of rows of a table, one for each row of the batch, weighted by the
values of its cells: what torch calls an embedding bag. Its kernel reads each row of the
table once, wherever it is.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from .rows import Rows, SparseRows

__all__ = ["MANY_COLUMNS", "MOST_STORED", "SparseBatch", "StoredRows", "is_wide"]

#: The number of columns from which rows count as wide, and the greatest share of their
#: cells that are stored. Elsewhere dense products are as fast.
MANY_COLUMNS, MOST_STORED = 10_000, 0.05

# The product of each stored cell's row of one table and column of another: the
# derivative of an embedding bag by its weights.
_inner_products = torch.ops.aten._embedding_bag_per_sample_weights_backward.default


class SparseBatch:
    """Rows of a sparse matrix, by their stored cells, on the CPU.

    Parameters
    ----------
    values : Tensor of shape (n_stored,), dtype float32
        The stored cells, row after row.

    columns : Tensor of shape (n_stored,), dtype int64
        Their columns; none comes twice in a row.

    offsets : Tensor of shape (n_samples + 1,), dtype int64
        Where each row begins, and the last one ends.

    n_features : int
        Number of columns.

    Attributes
    ----------
    shape : tuple of int
        Number of rows and of columns.
    """

    def __init__(self, values, columns, offsets, n_features):
        self.values = values
        self.columns = columns
        self.offsets = offsets
        self.shape = (len(offsets) - 1, n_features)

    @classmethod
    def of(cls, X):
        """Return the rows of a CSR matrix in canonical format."""
        # Infinity is refused where it matters, as that of dense rows is.
        with np.errstate(over="ignore"):
            values = X.data.astype(np.float32, copy=False)
        columns, offsets = (
            torch.from_numpy(part.astype(np.int64, copy=False))
            for part in (X.indices, X.indptr)
        )
        return cls(torch.from_numpy(values), columns, offsets, X.shape[1])

    def __len__(self):
        return self.shape[0]

    @property
    def device(self):
        """Where the cells are."""
        return self.values.device

    def to(self, device):
        """Return the batch itself: it stays on the CPU."""
        return self

    def with_values(self, values):
        """Return a batch with other values in the same cells."""
        return SparseBatch(values, self.columns, self.offsets, self.shape[1])

    def split(self, sizes):
        """Return parts of as many rows as `sizes` says."""
        parts, start = [], 0
        for size in sizes:
            offsets = self.offsets[start : start + size + 1]
            cells = slice(int(offsets[0]), int(offsets[-1]))
            parts.append(
                SparseBatch(
                    self.values[cells],
                    self.columns[cells],
                    offsets - offsets[0],
                    self.shape[1],
                )
            )
            start += size
        return parts

    def to_dense(self):
        """Return the rows as a tensor of shape (n_samples, n_features)."""
        dense = self.values.new_zeros(self.shape)
        dense[self.rows(), self.columns] = self.values
        return dense

    def isnan(self):
        """Return which cells are missing, as a tensor like that of `to_dense`."""
        missing = torch.zeros(self.shape, dtype=torch.bool)
        missing[self.rows(), self.columns] = self.values.isnan()
        return missing

    def isinf(self):
        """Return which of the stored cells are infinite."""
        return self.values.isinf()

    def rows(self):
        """Return the row of each stored cell."""
        return torch.repeat_interleave(
            torch.arange(len(self)), self.offsets.diff(), output_size=len(self.columns)
        )

    # -- products ---------------------------------------------------------------------

    def times(self, table):
        """Return the product with a matrix.

        Parameters
        ----------
        table : Tensor of shape (n_features, width)
            The matrix, fastest where its rows are contiguous.

        Returns
        -------
        product : Tensor of shape (n_samples, width)
            The product.
        """
        columns = self.columns
        if not table.is_contiguous():
            if 4 * len(columns) < len(table):
                # A few rows are not worth turning all of the table.
                used, columns = torch.unique(columns, return_inverse=True)
                table = table.index_select(0, used)
            table = table.contiguous()
        return weighted_sums(table, columns, self.offsets, self.values)

    def through(self, layer):
        """Return what a linear layer makes of the rows."""
        return self.times(layer.weight.T).add_(layer.bias)

    def inner_products(self, left, right):
        """Return the product of two matrices, at the stored cells only.

        Parameters
        ----------
        left : Tensor of shape (n_samples, width)
            A row for each row.

        right : Tensor of shape (n_features, width)
            A row for each column.

        Returns
        -------
        products : Tensor of shape (n_stored,)
            The inner product of two rows for each cell.
        """
        starts, mode_sum = self.offsets[:-1], 0
        return _inner_products(
            left, right, self.columns, starts, self.rows(), mode_sum, -1
        )

    def by_columns(self):
        """Return the cells in the order of their columns.

        Returns
        -------
        columns : ColumnOrder
            The order.
        """
        return ColumnOrder(self)


class ColumnOrder:
    """The stored cells of a batch, column after column.

    Parameters
    ----------
    batch : SparseBatch
        The batch.

    Attributes
    ----------
    columns : Tensor of shape (n_columns,), dtype int64
        The columns that have a stored cell, in their order.
    """

    def __init__(self, batch):
        columns, self._order = torch.sort(batch.columns, stable=True)
        self.columns, counts = torch.unique_consecutive(columns, return_counts=True)
        self._offsets = F.pad(counts.cumsum(0), (1, 0))
        self._rows = batch.rows()[self._order]

    def times(self, values, table):
        """Return the product of the transposed batch with a matrix, in these columns.

        Parameters
        ----------
        values : Tensor of shape (n_stored,)
            A value for each cell, in the order of the batch.

        table : Tensor of shape (n_samples, width)
            The matrix.

        Returns
        -------
        product : Tensor of shape (n_columns, width)
            A row for each of `columns`.
        """
        return weighted_sums(table, self._rows, self._offsets, values[self._order])

    def sums(self, values):
        """Return the sum of the values of each of the columns."""
        ends = F.pad(values[self._order].double().cumsum(0), (1, 0))[self._offsets]
        return ends.diff().float()


def weighted_sums(table, index, offsets, weights):
    """Return sums of rows of a table, each with a weight.

    Parameters
    ----------
    table : Tensor of shape (n_rows, width)
        The table.

    index : Tensor of shape (n_terms,), dtype int64
        The row of each term.

    offsets : Tensor of shape (n_sums + 1,), dtype int64
        Where the terms of each sum begin, and those of the last one end.

    weights : Tensor of shape (n_terms,)
        The weight of each term.

    Returns
    -------
    sums : Tensor of shape (n_sums, width)
        The sums; zero for one without a term.
    """
    if not len(index):
        return table.new_zeros(len(offsets) - 1, table.shape[1])
    return F.embedding_bag(
        index,
        table,
        offsets,
        mode="sum",
        per_sample_weights=weights,
        include_last_offset=True,
    )


class StoredRows(Rows):
    """Rows of a CSR matrix, of which `take` and `span` give the stored cells.

    Parameters
    ----------
    rows : SparseRows
        The rows.

    Attributes
    ----------
    matrix : CSR matrix of shape (n_samples, n_features)
        The rows, in canonical format.
    """

    def __init__(self, rows):
        (matrix,) = rows.chunks()
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        self.matrix = matrix
        self.shape = matrix.shape
        self.weights = rows.weights

    @property
    def width(self):
        """How many float32 a row takes on average, with indices and their copies."""
        return 6 * (1 + self.matrix.nnz // max(1, self.shape[0]))

    def take(self, index):
        """Return the rows of `index`, as a ``SparseBatch``."""
        return SparseBatch.of(self.matrix[index.cpu().numpy()])

    def span(self, rows):
        """Return the rows of a slice, as a ``SparseBatch``."""
        return SparseBatch.of(self.matrix[rows])


def is_wide(rows):
    """Whether rows are sparse, of many columns and few stored cells."""
    if not isinstance(rows, SparseRows):
        return False
    (matrix,) = rows.chunks()
    n_samples, n_features = rows.shape
    most = MOST_STORED * n_samples * n_features
    return n_features >= MANY_COLUMNS and matrix.nnz <= most
