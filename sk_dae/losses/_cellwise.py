"""Losses of one cell at a time: squared, absolute, Huber, cross-entropy."""

from __future__ import annotations

from numbers import Real

import torch
import torch.nn.functional as F
from sklearn.utils._param_validation import Interval

from ..backend.numbers import number
from ..backend.serialization import serializable
from ._base import BaseLoss

__all__ = ["AbsoluteError", "BinaryCrossEntropy", "HuberLoss", "SquaredError"]


@serializable
class SquaredError(BaseLoss):
    r"""Squared error, :math:`(x - \hat x)^2`; the likelihood of Gaussian data.

    Parameters
    ----------
    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import SquaredError
    >>> SquaredError()(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]))
    tensor(5.)
    """

    cell_by_cell = True
    great_error = 100.0

    def output_of_means(self, means):
        """Return the means."""
        return means

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.mse_loss(output, target, reduction=reduction)

    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        weight = self._with_columns(weight, target)
        error = output - target
        flat = error.view(-1)
        if weight is None:
            scale = 1.0 / flat.shape[0]
            loss = torch.dot(flat, flat).mul_(number(scale))
            return loss, error.mul_(number(2.0 * scale))
        gradient = error * weight
        return torch.dot(flat, gradient.view(-1)), gradient.mul_(number(2.0))


@serializable
class AbsoluteError(BaseLoss):
    r"""Absolute error, :math:`|x - \hat x|`, which outliers pull on less.

    Parameters
    ----------
    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import AbsoluteError
    >>> AbsoluteError()(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]))
    tensor(2.)
    """

    cell_by_cell = True
    great_error = 10.0

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.l1_loss(output, target, reduction=reduction)


@serializable
class HuberLoss(BaseLoss):
    r"""Huber loss: squared near zero, absolute beyond `delta`.

    .. math:: \ell(e) = \begin{cases} e^2 / 2 & |e| \le \delta \\
                        \delta (|e| - \delta / 2) & \text{otherwise} \end{cases}

    Parameters
    ----------
    delta : float, default=1.0
        Where the loss turns linear, in the units of X.

    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import HuberLoss
    >>> HuberLoss()(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]))
    tensor(1.5000)
    """

    _parameter_constraints: dict = {
        **BaseLoss._parameter_constraints,
        "delta": [Interval(Real, 0, None, closed="neither")],
    }

    cell_by_cell = True

    def __init__(self, delta=1.0, column_weights=None):
        super().__init__(column_weights)
        self.delta = delta

    @property
    def great_error(self):
        """The loss of a cell that is off by ten."""
        delta = min(self.delta, 10.0)
        return delta * (10.0 - delta / 2)

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.huber_loss(output, target, reduction=reduction, delta=self.delta)


@serializable
class BinaryCrossEntropy(BaseLoss):
    r"""Binary cross-entropy, for data in [0, 1].

    .. math:: \ell = -x \log \sigma(z) - (1 - x) \log (1 - \sigma(z))

    The decoder's output :math:`z` is a logit; reconstructions are the probabilities
    :math:`\sigma(z)`.

    Parameters
    ----------
    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import BinaryCrossEntropy
    >>> loss = BinaryCrossEntropy()
    >>> loss(torch.zeros(1, 1), torch.ones(1, 1))
    tensor(0.6931)
    >>> loss.to_data(torch.zeros(1, 1))
    tensor([[0.5000]])
    """

    cell_by_cell = True
    target_range = (0.0, 1.0)

    def output_of_means(self, means):
        """Return the logits of the means, in [-10, 10]."""
        return means.logit().clamp_(-10.0, 10.0)

    def to_data(self, output):
        """Return the probabilities of the logits `output`."""
        return torch.sigmoid(output)

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.binary_cross_entropy_with_logits(output, target, reduction=reduction)
