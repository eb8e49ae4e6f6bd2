"""What all reconstruction losses share: outputs, units, weights, gradients."""

from __future__ import annotations

import torch
from sklearn.base import BaseEstimator

__all__ = ["BaseLoss"]


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
