"""Mini-batches as tensor slices: no per-row collating, no loader, no workers."""

from __future__ import annotations

import copy
import itertools

import torch

__all__ = ["Batches", "split_group"]

#: Bytes of the rows that are read at a time, where batches are smaller.
GROUP_BYTES = 2**18


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
        for X, target, weight, sizes in self.groups():
            if len(sizes) == 1:
                yield X, target, weight
            else:
                yield from split_group(X, target, weight, sizes)

    def groups(self, n_rows=None):
        """Yield the batches of an epoch, several at a time in one.

        To read many rows at once takes little longer than to read few.

        Parameters
        ----------
        n_rows : int, default=None
            Rows of a group, at least, but for the last; None is as many as take
            little memory.

        Yields
        ------
        X, target, weight : Tensor or None
            The rows of some batches, one batch behind the other.

        sizes : list of int
            The numbers of rows of the batches.
        """
        index = self.index
        if self._generator is not None:
            order = torch.randperm(self.n_rows, generator=self._generator)
            index = order if index is None else index[order]
        elif index is None:
            index = torch.arange(self.n_rows)
        if self.rows.device.type != "cpu":
            index = index.to(self.rows.device)
        start = 0
        for sizes in self._grouped_sizes(n_rows):
            group = index[start : start + sum(sizes)]
            start += len(group)
            X = self.rows.take(group).to(self._device)
            target = X
            if self.targets is not None:
                target = self.targets.take(group).to(self._device)
            weight = None
            if self._weights is not None:
                weight = self._weights[group.cpu()].to(self._device)
            yield X, target, weight, sizes

    def _grouped_sizes(self, n_rows):
        """Yield the sizes of the batches of each group."""
        if n_rows is None:
            n_rows = max(1, GROUP_BYTES // (4 * max(1, self.rows.shape[1])))
        size, n_larger = divmod(self.n_rows, self._n_batches)
        sizes, n_taken = [], 0
        for i in range(self._n_batches):
            sizes.append(size + (i < n_larger))
            n_taken += sizes[-1]
            if n_taken >= n_rows:
                yield sizes
                sizes, n_taken = [], 0
        if sizes:
            yield sizes


def split_group(X, target, weight, sizes):
    """Return the batches of a group as ``Batches.groups`` yields it.

    Parameters
    ----------
    X, target, weight : Tensor or None
        The rows of some batches.

    sizes : list of int
        The numbers of rows of the batches.

    Returns
    -------
    batches : iterator of tuple of (X, target, weight)
        The batches.
    """
    parts = X.split(sizes)
    targets = parts if target is X else target.split(sizes)
    weights = itertools.repeat(None) if weight is None else weight.split(sizes)
    return zip(parts, targets, weights, strict=False)
