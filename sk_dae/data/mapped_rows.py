"""Rows seen through a function of tensors, such as the first layers of an encoder."""

from __future__ import annotations

import numpy as np
import torch

from .rows import Rows, rows_of, spans

__all__ = ["SAMPLE_BYTES", "SAMPLE_ROWS", "MappedRows"]

#: Bytes up to which the activations of a layer are kept for all rows; beyond them they
#: are computed anew for every batch.
KEPT_BYTES = 2**28

#: Rows, and their bytes, that the corruption of a hidden layer learns from.
SAMPLE_ROWS, SAMPLE_BYTES = 10_000, 2**26


class MappedRows(Rows):
    """Rows as a function of tensors gives them.

    Parameters
    ----------
    rows : Rows
        The rows.

    function : callable
        Turns a tensor of rows into one of `width` columns.

    width : int
        How many columns.

    device : torch.device
        Where the function computes.
    """

    def __init__(self, rows, function, width, device):
        self._rows, self._function, self._compute_device = rows, function, device
        self.shape = (rows.shape[0], width)
        #: Where an index is to be.
        self.device = rows.device
        self.weights = rows.weights

    def take(self, index):
        """Return the rows of `index`, float32."""
        return self._encode(self._rows.take(index))

    def span(self, rows):
        """Return the rows of a slice, float32."""
        return self._encode(self._rows.span(rows))

    def _encode(self, X):
        with torch.no_grad():
            return self._function(X.to(self._compute_device))

    def kept(self):
        """Return the same rows, computed once, where they take little memory.

        Returns
        -------
        rows : Rows
            The rows.
        """
        n_rows, width = self.shape
        if 4 * n_rows * width > KEPT_BYTES:
            return self
        values = np.empty(self.shape, dtype=np.float32)
        for span in spans(n_rows, 4 * max(width, self._rows.shape[1])):
            values[span] = self.span(span).cpu().numpy()
        return rows_of(values, self._compute_device, weights=self.weights)
