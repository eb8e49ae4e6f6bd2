"""The loss of an autoencoder that predicts masks of a few frames among many."""

from __future__ import annotations

from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval

from ..backend.serialization import serializable
from ..losses import BaseLoss

__all__ = ["MaskError"]


@serializable
class MaskError(BaseLoss):
    r"""Squared error of a mask, :math:`(m - \sigma(z))^2`, in the middle columns.

    Rows hold frames with their context. Only the frames in the middle are predicted;
    the others have no output and no error.

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

    target_range = (0.0, 1.0)

    def __init__(self, n_predicted=1, column_weights=None):
        super().__init__(column_weights)
        self.n_predicted = n_predicted

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
        middle = self.middle(target.shape[1])
        errors = (output.sigmoid() - target[:, middle]).square()
        if reduction == "mean":
            return errors.sum() / target.numel()
        sides = (middle.start, target.shape[1] - middle.stop)
        return torch.nn.functional.pad(errors, sides)
