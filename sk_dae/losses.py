"""Reconstruction losses: how far a decoder's output is from the clean rows."""

from __future__ import annotations

from numbers import Real

import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "BaseLoss",
    "BinaryCrossEntropy",
    "HuberLoss",
    "SquaredError",
    "make_loss",
]


class BaseLoss(BaseEstimator):
    """Base class of the reconstruction losses.

    A subclass implements ``cellwise``. Calling a loss gives the weighted sum of its
    cells, or their mean without weights.
    """

    _parameter_constraints: dict = {}

    #: The range that the targets must lie in, or None.
    target_range = None

    def n_outputs(self, n_features):
        """Return how many outputs the decoder needs for `n_features` features.

        Parameters
        ----------
        n_features : int
            Number of features.

        Returns
        -------
        n_outputs : int
            Width of the decoder's last layer.
        """
        return n_features

    def to_data(self, output):
        """Turn the decoder's output into a reconstruction in the data's units.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            What the decoder gave.

        Returns
        -------
        X : Tensor of shape (n_samples, n_features)
            The reconstruction.
        """
        return output

    def state_dict(self):
        """Return the learned state, of which a loss has none; for skorch's Checkpoint.

        Returns
        -------
        state : dict
            Empty.
        """
        return {}

    def load_state_dict(self, state):
        """Take the learned state, of which a loss has none.

        Parameters
        ----------
        state : dict
            Ignored.
        """

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            What the decoder gave.

        target : Tensor of shape (n_samples, n_features)
            The clean rows.

        reduction : {"none", "mean"}, default="none"
            Whether to return the cells or their mean.

        Returns
        -------
        loss : Tensor of shape (n_samples, n_features) or scalar Tensor
            The loss.
        """
        raise NotImplementedError

    def __call__(self, output, target, weight=None):
        """Return the loss of a batch.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            What the decoder gave.

        target : Tensor of shape (n_samples, n_features)
            The clean rows.

        weight : Tensor that broadcasts to (n_samples, n_features), default=None
            What each cell counts for in the sum. None weighs the cells equally, with
            a sum of one.

        Returns
        -------
        loss : scalar Tensor
            The weighted sum of the cells.
        """
        if weight is None:
            return self.cellwise(output, target, reduction="mean")
        return (self.cellwise(output, target) * weight).sum()

    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch, and its gradient at the output.

        Autograd finds the gradient here; a loss that knows its own saves the time.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            What the decoder gave.

        target : Tensor of shape (n_samples, n_features)
            The clean rows.

        weight : Tensor that broadcasts to (n_samples, n_features), default=None
            As in a call.

        Returns
        -------
        loss : scalar Tensor
            The weighted sum of the cells.

        gradient : Tensor of shape (n_samples, n_outputs)
            Its derivative by the output.
        """
        with torch.enable_grad():
            output = output.detach().requires_grad_()
            loss = self(output, target, weight)
            (gradient,) = torch.autograd.grad(loss, output)
        return loss.detach(), gradient


class SquaredError(BaseLoss):
    r"""Squared error, :math:`(x - \hat x)^2`; the likelihood of Gaussian data.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import SquaredError
    >>> SquaredError()(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]))
    tensor(5.)
    """

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.mse_loss(output, target, reduction=reduction)

    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        error = (output - target).view(-1)
        if weight is None:
            scale = 1.0 / len(error)
            loss = torch.dot(error, error).mul_(scale)
            return loss, error.mul_(2.0 * scale).view_as(output)
        gradient = error.view_as(output) * weight
        return torch.dot(error, gradient.view(-1)), gradient.mul_(2.0)


class AbsoluteError(BaseLoss):
    r"""Absolute error, :math:`|x - \hat x|`, which outliers pull on less.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import AbsoluteError
    >>> AbsoluteError()(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]))
    tensor(2.)
    """

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.l1_loss(output, target, reduction=reduction)


class HuberLoss(BaseLoss):
    r"""Huber loss: squared near zero, absolute beyond `delta`.

    .. math:: \ell(e) = \begin{cases} e^2 / 2 & |e| \le \delta \\
                        \delta (|e| - \delta / 2) & \text{otherwise} \end{cases}

    Parameters
    ----------
    delta : float, default=1.0
        Where the loss turns linear, in the units of X.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import HuberLoss
    >>> HuberLoss()(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]))
    tensor(1.5000)
    """

    _parameter_constraints: dict = {
        "delta": [Interval(Real, 0, None, closed="neither")]
    }

    def __init__(self, delta=1.0):
        self.delta = delta

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.huber_loss(output, target, reduction=reduction, delta=self.delta)


class BinaryCrossEntropy(BaseLoss):
    r"""Binary cross-entropy, for data in [0, 1].

    .. math:: \ell = -x \log \sigma(z) - (1 - x) \log (1 - \sigma(z))

    The decoder's output :math:`z` is a logit; reconstructions are the probabilities
    :math:`\sigma(z)`.

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

    target_range = (0.0, 1.0)

    def to_data(self, output):
        """Return the probabilities of the logits `output`."""
        return torch.sigmoid(output)

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.binary_cross_entropy_with_logits(output, target, reduction=reduction)


#: The strings that `loss` takes.
LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": HuberLoss,
    "binary_cross_entropy": BinaryCrossEntropy,
}


def make_loss(loss):
    """Return the loss for a key of :data:`LOSSES`, or a checked copy of an instance.

    Parameters
    ----------
    loss : str or BaseLoss
        What an estimator's parameter says.

    Returns
    -------
    loss : BaseLoss
        An instance.
    """
    if isinstance(loss, str):
        return LOSSES[loss]()
    loss._validate_params()
    return clone(loss)
