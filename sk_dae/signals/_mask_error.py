"""The loss of an autoencoder that predicts masks of a few frames among many."""

from __future__ import annotations

import math
from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval

from ..backend.serialization import serializable
from ..losses import BaseLoss

__all__ = ["MaskError"]

#: The least weight of a cell, of which each is a multiple, and the greatest multiple:
#: float32 has half of its digits left for the mask.
STEP, MOST_STEPS = 1 / 64, 4096.0


@serializable
class MaskError(BaseLoss):
    r"""Squared error of a mask, :math:`w (m - \sigma(z))^2`, in the middle columns.

    Rows hold frames with their context. Only the frames in the middle are predicted;
    the others have no output and no error.

    A target holds the mask :math:`m` of a cell and its weight :math:`w` in one number,
    as :meth:`pack` makes it: a fit takes weights of rows and of columns, but none of
    cells.

    Parameters
    ----------
    n_predicted : int, default=1
        Number of columns in the middle that are predicted; as odd or even as the
        number of columns.

    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.
    """

    _parameter_constraints: dict = {
        **BaseLoss._parameter_constraints,
        "n_predicted": [Interval(Integral, 1, None, closed="left")],
    }

    target_range = (0.0, math.inf)

    def __init__(self, n_predicted=1, column_weights=None):
        super().__init__(column_weights)
        self.n_predicted = n_predicted

    @staticmethod
    def pack(masks, weights):
        """Return masks and their weights as targets.

        Parameters
        ----------
        masks : Tensor
            Masks, in [0, 1].

        weights : Tensor of the same shape
            Weights. They are rounded to multiples of 1 / 64, from one to 4096 of it.

        Returns
        -------
        targets : Tensor of the same shape
            The number of steps, plus half the mask.
        """
        steps = (weights / STEP).round_().clamp_(1.0, MOST_STEPS)
        return steps.add_(masks, alpha=0.5)

    def n_outputs(self, n_features):
        """Return how many columns are predicted, as in ``BaseLoss``."""
        return min(self.n_predicted, n_features)

    def middle(self, n_features):
        """Return the slice of the columns that are predicted."""
        n_outputs = min(self.n_predicted, n_features)
        start = (n_features - n_outputs) // 2
        return slice(start, start + n_outputs)

    def learn(self, rows, statistics):
        """Learn the number of columns."""
        self.register_buffer("n_columns", torch.tensor(rows.shape[1]))

    def to_data(self, output):
        """Return the masks, and zeros in the columns that are not predicted."""
        n_columns = int(self.n_columns)
        data = output.new_zeros(len(output), n_columns)
        data[:, self.middle(n_columns)] = output.sigmoid()
        return data

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        n_columns = target.shape[1]
        middle = self.middle(n_columns)
        target, n_cells = target[:, middle], target.numel()
        steps = target.floor()
        masks = (target - steps).mul_(2.0)
        errors = (output.sigmoid() - masks).square() * steps.mul_(STEP)
        if reduction == "mean":
            return errors.sum() / n_cells
        sides = (middle.start, n_columns - middle.stop)
        return torch.nn.functional.pad(errors, sides)
