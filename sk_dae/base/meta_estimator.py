"""What the estimators share that train an autoencoder inside them."""

from __future__ import annotations

import numpy as np

from ..losses import LOSSES, BaseLoss

__all__ = ["refuse_loss_of_other_scales"]


def refuse_loss_of_other_scales(autoencoder, owner):
    """Refuse an autoencoder whose loss is not one of standardised columns.

    Parameters
    ----------
    autoencoder : estimator or None
        What is to be trained on standardised columns.

    owner : object
        Whose parameter it is, and which standardises them.

    Raises
    ------
    ValueError
        If the loss needs a range that they leave, or gives reconstructions of another
        scale.
    """
    given = getattr(autoencoder, "loss", None)
    loss = LOSSES.get(given) if isinstance(given, str) else given
    cls = loss if isinstance(loss, type) else type(loss)
    if not issubclass(cls, BaseLoss):
        return
    low, high = loss.target_range or (-np.inf, np.inf)
    if low < 0 < high and cls.match_scale is BaseLoss.match_scale:
        return
    raise ValueError(
        f"autoencoder of {type(owner).__name__} must have a loss for standardised "
        f"columns, which is what it gets, such as 'squared_error'; got loss={given!r}."
    )
