"""The loss of directions: one minus the cosine."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..backend.serialization import serializable
from ._base import BaseLoss

__all__ = ["CosineLoss"]

#: The least square of a length that is divided by.
LEAST_SQUARE = 1e-12

#: The least weight of a row that is divided by.
LEAST_WEIGHT = 1e-30


@serializable
class CosineLoss(BaseLoss):
    r"""One minus the cosine of a row and its reconstruction, for embeddings.

    .. math:: \ell(x, \hat x) = 1 - \frac{\sum_j w_j x_j \hat x_j}
                                {\sqrt{\sum_j w_j x_j^2 \, \sum_j w_j \hat x_j^2}}

    Only directions count: the length of a row, and of what the decoder gives, do not
    matter. Reconstructions are of length one; times the length of its row, one is what
    the reconstruction error of the row is computed from.

    The weights :math:`w_j` are those of the cells of the row: zero for a missing one,
    and what emphasis and `column_weights` say. A row without a direction, all zero,
    costs one and teaches nothing.

    Parameters
    ----------
    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import CosineLoss
    >>> loss = CosineLoss()
    >>> loss(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0]]))
    tensor(0.4000)
    >>> loss.to_data(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """

    def to_data(self, output):
        """Return the directions: rows of length one."""
        return F.normalize(output, dim=1)

    def match_scale(self, reconstruction, X):
        """Return the directions times the lengths of the rows, over observed cells."""
        missing = X.isnan()
        lengths = X.masked_fill(missing, 0.0).norm(dim=1, keepdim=True)
        own = reconstruction.masked_fill(missing, 0.0).norm(dim=1, keepdim=True)
        return reconstruction * (lengths / own.clamp_(min=LEAST_SQUARE**0.5))

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every row, for each of its cells, or their mean."""
        rows = 1.0 - _Cosine(output, target).value
        return rows.mean() if reduction == "mean" else rows.expand(target.shape)

    def forward(self, output, target, weight=None):
        """Return the loss of a batch: of each row, times the weights of its cells."""
        cosine, row_weight = self._weigh(output, target, weight)
        return ((1.0 - cosine.value) * row_weight).sum()

    @torch.no_grad()
    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        cosine, row_weight = self._weigh(output, target, weight)
        loss = ((1.0 - cosine.value) * row_weight).sum()
        return loss, cosine.slope().mul_(-row_weight)

    def _weigh(self, output, target, weight):
        """Return the cosines, and what each row counts for."""
        weight = self._with_columns(weight, target)
        if weight is None:
            row_weight = target.new_full((len(target), 1), 1.0 / len(target))
            return _Cosine(output, target), row_weight
        weight = weight.expand(target.shape).to(output.dtype)
        row_weight = weight.sum(dim=1, keepdim=True)
        shares = weight * (target.shape[1] / row_weight.clamp(min=LEAST_WEIGHT))
        return _Cosine(output, target, shares), row_weight


class _Cosine:
    """Cosines of rows, whose cells may have weights.

    Parameters
    ----------
    output, target : Tensor of shape (n_samples, n_features)
        The rows.

    weight : Tensor of shape (n_samples, n_features), default=None
        Weights of the cells, with a mean of one in each row.
    """

    def __init__(self, output, target, weight=None):
        self._output = output if weight is None else output * weight
        self._target = target if weight is None else target * weight
        self._square = (self._output * output).sum(dim=1, keepdim=True)
        self._length = self._square.clamp(min=LEAST_SQUARE).sqrt()
        square = (self._target * target).sum(dim=1, keepdim=True)
        self._target_length = square.clamp(min=LEAST_SQUARE).sqrt()
        product = (self._target * output).sum(dim=1, keepdim=True)
        #: The cosines, of shape (n_samples, 1).
        self.value = product / (self._length * self._target_length)

    def slope(self):
        """Return the derivatives of the cosines by the outputs."""
        across = self._target / self._target_length
        along = self._output * (self.value / self._length)
        # Where the length is held at its least, it has no slope.
        along = along.masked_fill_(self._square < LEAST_SQUARE, 0.0)
        return across.sub_(along).div_(self._length)
