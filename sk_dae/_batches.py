"""Mini-batches as tensor slices: no per-row collating, no loader, no workers."""

from __future__ import annotations

import torch

__all__ = ["Batches"]


class Batches:
    """Shuffled mini-batches of rows, their targets and their weights.

    The rows of an epoch are cut into batches of equal size, give or take a row, so
    that no epoch ends with a step on a handful of rows.

    Parameters
    ----------
    rows : DenseRows or SparseRows
        The rows that go in.

    index : Tensor of shape (n_rows,), dtype int64
        Which of the rows belong to this set.

    batch_size : int
        Rows in a batch, at most.

    device : torch.device
        Where the batches are needed.

    targets : DenseRows or SparseRows, default=None
        The clean rows, where they are not the rows themselves.

    weights : Tensor of shape (n_samples,), default=None
        Sample weights.

    generator : torch.Generator, default=None
        Shuffles; None keeps the order.

    Notes
    -----
    A batch is the tuple (X, target, weight); target is X itself without `targets`,
    weight is None without `weights`.
    """

    def __init__(
        self,
        rows,
        index,
        batch_size,
        device,
        *,
        targets=None,
        weights=None,
        generator=None,
    ):
        self._rows = rows
        self._index = index
        self._device = device
        self._targets = targets
        self._weights = weights
        self._generator = generator
        self._n_batches = max(1, -(-len(index) // batch_size))

    def __len__(self):
        """Return the number of batches of an epoch."""
        return self._n_batches

    @property
    def n_rows(self):
        """Number of rows of an epoch."""
        return len(self._index)

    def __iter__(self):
        """Yield the batches of an epoch."""
        index = self._index
        if self._generator is not None:
            index = index[torch.randperm(len(index), generator=self._generator)]
        if self._rows.device.type != "cpu":
            index = index.to(self._rows.device)
        for batch in index.tensor_split(self._n_batches):
            X = self._rows.take(batch).to(self._device)
            target = X
            if self._targets is not None:
                target = self._targets.take(batch).to(self._device)
            weight = None
            if self._weights is not None:
                weight = self._weights[batch.cpu()].to(self._device)
            yield X, target, weight
