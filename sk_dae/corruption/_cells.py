"""Choosing cells at random, and replacing them.

Drawing a float for every cell and ``torch.where`` take most of the time of a corruption
on a processor. Random bits, 31 for the choice of a cell and one for a coin, and masks
of bits are passes that it vectorises; they take half of it.
"""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["choose_cells", "positions"]


def choose_cells(X, level, generator):
    """Choose each cell of `X` with probability `level`.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features)
        The rows.

    level : float or Tensor of shape (n_features,)
        The probability, for all features or for each.

    generator : torch.Generator or None
        Where the randomness comes from.

    Returns
    -------
    cells : BitCells or BoolCells
        The chosen cells.
    """
    if X.device.type == "cpu" and X.dtype == torch.float32:
        return BitCells(X, level, generator)
    return BoolCells(X, level, generator)


def positions(mask):
    """Return where a mask is True, as positions in the order of memory.

    Parameters
    ----------
    mask : Tensor, dtype bool
        On the CPU.

    Returns
    -------
    index : Tensor of shape (n_true,), dtype int64
        The positions.
    """
    # NumPy's count and search is more than twice as fast as torch's.
    return torch.from_numpy(np.flatnonzero(mask.numpy()))


class BoolCells:
    """Cells chosen by a uniform draw; for any device and dtype.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features)
        The rows.

    level : float or Tensor of shape (n_features,)
        The probability of a cell.

    generator : torch.Generator or None
        Where the randomness comes from.
    """

    def __init__(self, X, level, generator):
        self._X, self._level = X, level
        self._draw = torch.empty_like(X).uniform_(generator=generator)
        #: Which cells are chosen; Tensor of shape (n_samples, n_features), dtype bool.
        self.mask = self._draw < level

    def filled(self, value):
        """Return the rows with one value in the chosen cells."""
        return self._X.masked_fill(self.mask, value)

    def filled_with_either(self, low, high):
        """Return the rows with one of two values in each chosen cell, by a fair coin.

        Parameters
        ----------
        low, high : Tensor of shape (n_features,)
            The values, of the dtype and the device of the rows.
        """
        # Given that a cell is chosen, its draw is uniform on [0, level).
        either = torch.where(self._draw < self._level / 2, low, high)
        return torch.where(self.mask, either, self._X)


class BitCells:
    """Cells chosen by random bits; for float32 on the CPU.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features), dtype float32
        The rows.

    level : float or Tensor of shape (n_features,)
        The probability of a cell, rounded to a multiple of 2 ** -31.

    generator : torch.Generator or None
        Where the randomness comes from.
    """

    def __init__(self, X, level, generator):
        self._X = X
        n_cells = X.numel()
        words = torch.empty((n_cells + 1) // 2, dtype=torch.int64)
        words.random_(-(2**63), None, generator=generator)
        self._bits = words.view(torch.int32)[:n_cells].view(X.shape)
        # The upper 31 bits are uniform on [-2**30, 2**30), so that neither the bound
        # nor the difference leaves int32, and its sign, spread over the word, tells.
        if isinstance(level, float):
            bound = round(level * 2**31) - 2**30
        else:
            bound = (level.double() * 2**31).round_().sub_(2**30).to(torch.int32)
        # All bits set where a cell is chosen, none elsewhere.
        self._chosen = (self._bits >> 1).sub_(bound).bitwise_right_shift_(31)
        #: Which cells are chosen; Tensor of shape (n_samples, n_features), dtype bool.
        self.mask = self._chosen.bool()

    def filled(self, value):
        """Return the rows with one value in the chosen cells."""
        return self._blended(torch.full((), float(value)).view(torch.int32))

    def filled_with_either(self, low, high):
        """Return the rows with one of two values in each chosen cell, by a fair coin.

        Parameters
        ----------
        low, high : Tensor of shape (n_features,), dtype float32
            The values.
        """
        low, high = low.view(torch.int32), high.view(torch.int32)
        # The last bit of each word has not served yet.
        heads = (self._bits & 1).neg_()
        return self._blended(heads.bitwise_and_(low ^ high).bitwise_xor_(low))

    def _blended(self, new):
        old = self._X.view(torch.int32)
        blended = (old ^ new).bitwise_and_(self._chosen).bitwise_xor_(old)
        return blended.view(torch.float32)
