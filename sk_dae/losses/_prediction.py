"""Losses of predictions: of classes, and of standardised targets."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..backend.serialization import serializable
from . import BaseLoss

__all__ = [
    "CategoricalCrossEntropy",
    "LabelCrossEntropy",
    "PredictionError",
    "PredictionLoss",
]


class PredictionLoss(BaseLoss):
    """Base class of the losses of predictions.

    Parameters
    ----------
    inputs : BaseLoss
        The loss of the autoencoder, which says what the encoder reads.
    """

    def __init__(self, inputs):
        self.inputs = inputs

    def to_input(self, X):
        """Turn rows into what the encoder reads."""
        return self.inputs.to_input(X)

    def trained_by_net(self):
        """Return none: the loss of the autoencoder is trained with the autoencoder."""
        return []

    @property
    def transforms_input(self):
        """Whether the encoder reads something else than the rows."""
        return self.inputs.transforms_input


@serializable
class CategoricalCrossEntropy(PredictionLoss):
    r"""Cross-entropy of classes, :math:`-\log p_y`, the mean over the rows.

    Parameters
    ----------
    inputs : BaseLoss
        The loss of the autoencoder, which says what the encoder reads.
    """

    def cellwise(self, output, target, *, reduction="none"):
        """Return what adds up, or has as its mean, the loss of the rows."""
        # The weights of cells add up to one; so do those of the rows, times the cells.
        cells = -output.shape[1] * target * F.log_softmax(output, dim=1)
        return cells.mean() if reduction == "mean" else cells

    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        log_p = F.log_softmax(output, dim=1)
        gradient = log_p.exp().sub_(target)
        losses = (target * log_p).sum(dim=1).neg_()
        if weight is None:
            return losses.mean(), gradient.div_(len(output))
        # One for all cells of a row, and divided by their number.
        weight = weight * output.shape[1]
        return torch.dot(losses, weight[:, 0]), gradient.mul_(weight)

    def to_data(self, output):
        """Return the probabilities of the classes."""
        return output.softmax(dim=1)


@serializable
class LabelCrossEntropy(PredictionLoss):
    r"""Binary cross-entropy of labels, of which a row may have several.

    .. math:: -y \log \sigma(z) - (1 - y) \log (1 - \sigma(z)),

    the mean over rows and labels.

    Parameters
    ----------
    inputs : BaseLoss
        The loss of the autoencoder, which says what the encoder reads.
    """

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.binary_cross_entropy_with_logits(output, target, reduction=reduction)

    def to_data(self, output):
        """Return the probability of each label."""
        return torch.sigmoid(output)


@serializable
class PredictionError(PredictionLoss):
    """Squared error of standardised targets.

    Parameters
    ----------
    inputs : BaseLoss
        The loss of the autoencoder, which says what the encoder reads.
    """

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        return F.mse_loss(output, target, reduction=reduction)
