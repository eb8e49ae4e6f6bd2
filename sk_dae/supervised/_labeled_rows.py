"""Rows with a target: their weights, those set aside, those that callbacks see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.utils import _safe_indexing, indexable

from ..data.checks import check_weights

__all__ = ["LabeledRows", "split_rows", "watched_rows"]


@dataclass(frozen=True)
class LabeledRows:
    """Validated rows with their targets.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Rows.

    values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Their targets as numbers.

    labeled : ndarray of shape (n_samples,), dtype bool
        Which rows have a target.

    weights : Tensor of shape (n_samples,) or None
        Weights of the rows.
    """

    X: object
    values: np.ndarray
    labeled: np.ndarray
    weights: torch.Tensor | None

    @classmethod
    def of(cls, X, values, labeled, weights, factors, *, scale):
        """Return rows with what each counts for.

        Parameters
        ----------
        X, values, labeled
            As in the class.

        weights : ndarray of shape (n_samples,) or None
            Positive weights of the rows; None counts all alike.

        factors : ndarray of shape (n_classes,) or None
            Weights of the classes besides; None where there are no classes, or
            all weigh the same.

        scale : bool
            Whether to scale the weights of rows with a target to a mean of one.

        Returns
        -------
        labeled_rows : LabeledRows
            The rows.

        Raises
        ------
        ValueError
            If no row counts for anything.
        """
        if factors is not None:
            weights = factors[values] * (1.0 if weights is None else weights)
            if not weights[labeled].any():
                raise ValueError(
                    "The classes of all rows that count have a class_weight of zero."
                )
        if weights is None:
            return cls(X, values, labeled, None)
        if not scale:
            return cls(X, values, labeled, check_weights(weights, scale=False))
        weights = weights * (labeled.sum() / weights[labeled].sum())
        return cls(X, values, labeled, torch.from_numpy(weights.astype(np.float32)))

    @property
    def has_missing(self):
        """Whether a target of several is missing."""
        return bool(np.isnan(self.values[self.labeled]).any())


def split_rows(labeled, weights, groups, generator, fraction):
    """Return the indices of the rows to train on and to validate on.

    Parameters
    ----------
    labeled : ndarray of shape (n_samples,), dtype bool
        Which rows have a target; no others are used.

    weights : Tensor of shape (n_samples,) or None
        Weights of the rows.

    groups : ndarray of shape (n_samples,)
        Groups of which both parts get their share.

    generator : torch.Generator
        Draws the rows.

    fraction : float or None
        Fraction of the rows to validate on; None for no validation.

    Returns
    -------
    train : Tensor of int64
        Indices of rows.

    valid : Tensor of int64 or None
        Indices of rows.
    """
    index = torch.from_numpy(np.flatnonzero(labeled))
    if fraction is None:
        return index, None
    index = index[torch.randperm(len(index), generator=generator)]
    groups = groups[index.numpy()]
    is_valid = np.zeros(len(index), bool)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        is_valid[members[: int(fraction * len(members))]] = True
    if not is_valid.any():
        is_valid[: max(1, round(fraction * len(index)))] = True
    is_valid = torch.from_numpy(is_valid)
    train, valid = index[~is_valid], index[is_valid]
    if not len(train):
        raise ValueError(
            f"early_stopping=True with validation_fraction={fraction} leaves no "
            f"row to train on: {len(index)} rows have a target."
        )
    for part, rows in (("training", train), ("validation", valid)):
        if weights is not None and not weights[rows].any():
            raise ValueError(
                f"early_stopping=True needs {part} rows that count, but all "
                f"{len(rows)} have a weight of zero. Set another "
                "validation_fraction."
            )
    return train, valid


def watched_rows(X, y, labeled, values):
    """Return the rows that scikit-learn's callbacks are told of, and their targets.

    A scorer would take the mark for "no target" for one, and refuses a row of which
    some targets are missing.

    Parameters
    ----------
    X, y : array-like
        Rows and targets as they were given.

    labeled : ndarray of shape (n_samples,), dtype bool
        Which rows have a target.

    values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The targets as numbers.

    Returns
    -------
    X, y : array-like
        Those with all targets.
    """
    missing = np.isnan(values).reshape(len(values), -1)
    known = labeled & ~missing.any(axis=1)
    if not known.any():
        known = labeled
    if known.all():
        return X, y
    X, y = indexable(X, y)
    index = np.flatnonzero(known)
    return _safe_indexing(X, index), _safe_indexing(y, index)
