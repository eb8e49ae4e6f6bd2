"""Reconstruction losses: how far a decoder's output is from the clean rows."""

from __future__ import annotations

from sklearn.base import clone

from ._base import BaseLoss
from ._cellwise import AbsoluteError, BinaryCrossEntropy, HuberLoss, SquaredError
from ._cosine import CosineLoss
from ._counts import NegativeBinomialLoss, PoissonLoss
from ._table import TableLoss

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "BaseLoss",
    "BinaryCrossEntropy",
    "CosineLoss",
    "HuberLoss",
    "NegativeBinomialLoss",
    "PoissonLoss",
    "SquaredError",
    "TableLoss",
    "make_loss",
]

#: The strings that `loss` takes.
LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": HuberLoss,
    "binary_cross_entropy": BinaryCrossEntropy,
    "poisson": PoissonLoss,
    "negative_binomial": NegativeBinomialLoss,
    "cosine": CosineLoss,
}


def make_loss(loss):
    """Return the loss for a key of :data:`LOSSES`, or a checked copy of an instance.

    Parameters
    ----------
    loss : str or BaseLoss
        Value of an estimator's parameter.

    Returns
    -------
    loss : BaseLoss
        An instance.
    """
    if isinstance(loss, str):
        return LOSSES[loss]()
    loss._validate_params()
    return clone(loss)
