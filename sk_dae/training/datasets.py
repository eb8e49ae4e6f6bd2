"""Rows as the dataset that skorch's callbacks know."""

from __future__ import annotations

import numpy as np
import torch
from skorch.dataset import Dataset

__all__ = ["RowsDataset"]


class RowsDataset(Dataset):
    """The rows of some batches, read as arrays only where a callback asks for them.

    Parameters
    ----------
    batches : Batches
        The batches.
    """

    def __init__(self, batches):
        self.batches = batches

    @property
    def X(self):
        """The rows, as an array of shape (n_samples, n_features)."""
        return self._read(self.batches.rows)

    @property
    def y(self):
        """The targets, as an array of shape (n_samples, n_targets)."""
        targets = self.batches.targets
        return self._read(self.batches.rows if targets is None else targets)

    def __len__(self):
        """Return the number of rows."""
        return self.batches.n_rows

    def __getitem__(self, i):
        """Return a row and its target."""
        index = torch.as_tensor(np.atleast_1d(i)) + 0
        if self.batches.index is not None:
            index = self.batches.index[index]
        rows = self.batches.rows.take(index)
        targets = self.batches.targets
        y = rows if targets is None else targets.take(index)
        return (rows[0], y[0]) if np.ndim(i) == 0 else (rows, y)

    def _read(self, rows):
        index = self.batches.index
        if index is None:
            index = torch.arange(self.batches.n_rows)
        return rows.take(index).cpu().numpy()
