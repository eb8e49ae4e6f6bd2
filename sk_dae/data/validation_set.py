"""Validation rows that a user gives beside the training rows.

The rule for all estimators that stop early: what has to be given with what, whose
argument an error is about, and how the rows are compared with those of the training.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import torch

from .mapped_rows import MappedRows
from .weights import drop_weightless

__all__ = ["ValidationSet", "naming_argument", "without_columns"]


@contextlib.contextmanager
def naming_argument(name):
    """Put the name of an argument before errors, which call it after that of X.

    Parameters
    ----------
    name : str
        The argument that is checked inside.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error


class ValidationSet(NamedTuple):
    """Rows that a user gives a fit to validate on.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features) or None
        Rows; None where nothing is given.

    sample_weight : array-like of shape (n_samples,) or None
        Their weights.

    clean : array-like of shape (n_samples, n_features), default=None
        The rows that should come out of an autoencoder.

    y : array-like of length n_samples, default=None
        The targets of a predictor.
    """

    X: object
    sample_weight: object
    clean: object = None
    y: object = None

    def check(self, early_stopping, *, belongs=None, training=None):
        """Refuse a set that is not wanted, or not whole; leave out weightless rows.

        Parameters
        ----------
        early_stopping : bool
            The parameter of the estimator: there is no other use for such rows.

        belongs : {"clean", "y"}, default=None
            The part that must be given beside the rows, if it is given in training.

        training : object, default=None
            The same part, as the fit got it.

        Returns
        -------
        validation : ValidationSet or None
            The set, with positive weights as an array; None where nothing is given.
        """
        given = {f"{name}_val": part for name, part in self._asdict().items()}
        found = [name for name, part in given.items() if part is not None]
        if not found:
            return None
        if not early_stopping:
            raise ValueError(
                f"{found[0]} is for early stopping alone: set early_stopping=True, got "
                f"early_stopping={early_stopping!r}."
            )
        needed = ["X_val"]
        if training is not None:
            needed.append(f"{belongs}_val")
        elif belongs is not None and given[f"{belongs}_val"] is not None:
            raise ValueError(f"{belongs}_val goes with {belongs}, which is None.")
        for name in needed:
            if given[name] is None:
                raise ValueError(
                    f"{name} must be given with {' and '.join(found)}"
                    + (f" where {belongs} is." if name != "X_val" else ".")
                )
        with naming_argument("sample_weight_val"):
            weights, *parts = drop_weightless(
                self.sample_weight, self.X, self.clean, self.y
            )
        X, clean, y = parts
        return ValidationSet(X, weights, clean, y)


def without_columns(rows, hidden, device):
    """Return rows in which all values of some columns count as missing.

    Parameters
    ----------
    rows : Rows
        The rows.

    hidden : ndarray of shape (n_features,), dtype bool
        Which columns: those of which a training has observed nothing.

    device : torch.device
        Where the rows are needed.

    Returns
    -------
    rows : Rows
        The same where there is no such column.
    """
    if not hidden.any():
        return rows
    mask = torch.from_numpy(hidden).to(device)
    return MappedRows(
        rows, lambda X: X.masked_fill(mask, torch.nan), rows.shape[1], device
    )
