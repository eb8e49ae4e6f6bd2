"""Shared by the estimators that train an autoencoder inside them."""

from __future__ import annotations

import numpy as np
from sklearn.frozen import FrozenEstimator

from ..losses import LOSSES, BaseLoss

__all__ = ["refuse_loss_of_other_scales", "restore_rows", "train_rows"]


def train_rows(autoencoder, X, *, clean=None, sample_weight=None, **params):
    """Train an autoencoder on rows that its owner has validated.

    Parameters
    ----------
    autoencoder : estimator
        An autoencoder of the package, which does not validate them again, or any
        object with a method `fit`.

    X : ndarray of shape (n_samples, n_features), dtype float32
        Rows, scaled by the owner; NaN stands for a missing value.

    clean : ndarray of shape (n_samples, n_features), default=None
        The rows that are to come out, where they are not those that go in.

    sample_weight : ndarray of shape (n_samples,), default=None
        Positive weights of the rows.

    **params : dict
        Further arguments of the autoencoder's `fit_rows`, for one that needs them.
    """
    given = {"clean": clean, "sample_weight": sample_weight}
    given = {name: value for name, value in given.items() if value is not None}
    if params or _takes_validated_rows(autoencoder):
        autoencoder.fit_rows(X, is_scaled=True, **given, **params)
    else:
        autoencoder.fit(X, **given)


def restore_rows(autoencoder, X):
    """Reconstruct rows that the owner of an autoencoder has validated.

    Parameters
    ----------
    autoencoder : estimator
        A fitted autoencoder of the package, which does not validate them again, or any
        object with a method `denoise`.

    X : ndarray of shape (n_samples, n_features), dtype float32
        Rows; NaN stands for a missing value.

    Returns
    -------
    X_restored : ndarray of shape (n_samples, n_features)
        The reconstruction.
    """
    if isinstance(autoencoder, FrozenEstimator):
        autoencoder = autoencoder.estimator
    if _takes_validated_rows(autoencoder):
        return autoencoder.restore_rows(X)
    return autoencoder.denoise(X)


def _takes_validated_rows(autoencoder):
    """Whether `fit_rows` and `restore_rows` stand for `fit` and `denoise`.

    Not in a class that defines one of the latter anew, such as that of tables, or one
    of a user's.
    """
    ranks = {}
    for rank, cls in enumerate(type(autoencoder).__mro__):
        for name in ("fit", "fit_rows", "denoise", "restore_rows"):
            if name in vars(cls):
                ranks.setdefault(name, rank)
    return (
        len(ranks) == 4
        and ranks["fit_rows"] <= ranks["fit"]
        and ranks["restore_rows"] <= ranks["denoise"]
    )


def refuse_loss_of_other_scales(autoencoder, owner):
    """Refuse an autoencoder whose loss is not one of standardised columns.

    Parameters
    ----------
    autoencoder : estimator or None
        The one that is to be trained on standardised columns.

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
