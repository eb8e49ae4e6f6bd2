"""Mini-batches as tensor slices: no per-row collating, no loader, no workers."""

from __future__ import annotations

import copy

import torch

__all__ = ["Batches"]


class Batches:
    """Shuffled mini-batches of rows, their targets and their weights.

    The rows of an epoch are cut into batches of equal size, give or take a row, so
    that no epoch ends with a step on a handful of rows.

    Parameters
    ----------
    rows : Rows
        The rows that go in.

    index : Tensor of shape (n_rows,), dtype int64, or None
        Which of the rows belong to this set; None means all.

    batch_size : int
        Rows in a batch, at most.

    device : torch.device
        Where the batches are needed.

    targets : Rows, default=None
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
        #: The rows that go in.
        self.rows = rows
        #: Which of the rows belong to this set, or None for all.
        self.index = index
        #: Number of rows of an epoch.
        self.n_rows = rows.shape[0] if index is None else len(index)
        self._device = device
        #: The clean rows, or None.
        self.targets = targets
        self._weights = weights
        self._generator = generator
        # NumPy's small integers would overflow.
        self._n_batches = max(1, -(-self.n_rows // int(batch_size)))

    def with_rows(self, rows, targets=None):
        """Return the same batches of other rows.

        Parameters
        ----------
        rows : Rows
            As many rows.

        targets : Rows, default=None
            The clean rows, where they are not the rows themselves.

        Returns
        -------
        batches : Batches
            With the index, the weights and the generator of these.
        """
        batches = copy.copy(self)
        batches.rows, batches.targets = rows, targets
        return batches

    def in_order(self):
        """Return the same batches without shuffling, which draw nothing.

        Returns
        -------
        batches : Batches
            The same rows, in order.
        """
        batches = copy.copy(self)
        batches._generator = None
        return batches

    def __len__(self):
        """Return the number of batches of an epoch."""
        return self._n_batches

    def __iter__(self):
        """Yield the batches of an epoch."""
        index = self.index
        if self._generator is not None:
            order = torch.randperm(self.n_rows, generator=self._generator)
            index = order if index is None else index[order]
        elif index is None:
            index = torch.arange(self.n_rows)
        if self.rows.device.type != "cpu":
            index = index.to(self.rows.device)
        for batch in index.tensor_split(self._n_batches):
            X = self.rows.take(batch).to(self._device)
            target = X
            if self.targets is not None:
                target = self.targets.take(batch).to(self._device)
            weight = None
            if self._weights is not None:
                weight = self._weights[batch.cpu()].to(self._device)
            yield X, target, weight
