"""Text where numbers belong: one error from all who read numbers."""

from __future__ import annotations

import contextlib
import numbers

import numpy as np
from sklearn.utils.validation import validate_data

from ..tables.frames import is_frame, names_of
from ..tables.reading import columns_of

__all__ = ["naming_text", "validate_numbers"]

#: Columns that a message names, at most.
_MOST_NAMED = 5

_TABLES = "which takes text, categories and times as they are"


def validate_numbers(estimator, X, *, reset, **checks):
    """Validate rows of numbers as scikit-learn does, and name the columns of text.

    Parameters
    ----------
    estimator : estimator
        The one that gets them, and keeps or compares their columns.

    X : array-like of shape (n_samples, n_features)
        The user's rows.

    reset : bool
        Whether the columns are those to be learned.

    **checks : dict
        Further arguments of scikit-learn's ``validate_data``.

    Returns
    -------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        The validated rows.

    Raises
    ------
    ValueError
        If a column holds text, times or anything else that `validate_data` refuses.
    """
    with naming_text(X, estimator):
        validated = validate_data(estimator, X, reset=reset, **checks)
        # scikit-learn lets these through, of some frames.
        if validated.dtype.kind in "mM":
            raise ValueError("Times are no numbers.")
        if validated.dtype.kind in "OSU":
            validated = validated.astype(np.float64)
    return validated


@contextlib.contextmanager
def naming_text(X, reader, *, input_name="X"):
    """Name the columns that hold no numbers, if the code inside fails of them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Rows that are read inside.

    reader : estimator or str
        Who reads it.

    input_name : str, default="X"
        Their name in errors.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        found = None
        # Another matter, which comes before the cells are looked at.
        if "feature names" not in str(error):
            found = _cells_without_numbers(X)
        if not found:
            raise
        plain = any(isinstance(cell, str | bytes) for _, _, cell in found)
        plain |= any(kind != "categorical" for _, kind, _ in found)
        message = _describe(found, reader, input_name)
        if not plain:
            raise TypeError(f"{message} ({error})") from None
        raise ValueError(message) from None


def _cells_without_numbers(X):
    """Return for each column of X without numbers its name, kind and such a cell."""
    try:
        if not hasattr(X, "dtype") and not is_frame(X):
            X = np.asarray(X, dtype=object)
        if len(X.shape) != 2 or getattr(X, "format", None) is not None:
            return []
        pairs = [*zip(names_of(X), columns_of(X), strict=True)]
        # Text that spells numbers is taken for these, but in an array of text.
        for is_number in (_is_number, lambda cell: not isinstance(cell, str | bytes)):
            found = []
            for name, column in pairs:
                if (kind := column.kind()) == "numeric":
                    continue
                observed = ~np.asarray(column.missing(), dtype=bool)
                if kind != "categorical" and not observed.any():
                    found.append((name, kind, "none of them observed"))
                for cell in column.to_objects()[observed]:
                    if not is_number(cell):
                        found.append((name, kind, cell))
                        break
            if found:
                break
    except (AttributeError, TypeError, ValueError):
        return []
    return found


def _is_number(cell):
    if isinstance(cell, numbers.Number):
        return True
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _describe(found, reader, input_name):
    kinds = {kind for _, kind, _ in found}
    what = "times"
    if kinds == {"categorical"}:
        text = all(isinstance(cell, str | bytes) for _, _, cell in found)
        what = "text" if text else "values that are no numbers"
    elif "categorical" in kinds:
        what = "text and times"
    named = [
        f"{name} ({_shorten(cell, kind)})" for name, kind, cell in found[:_MOST_NAMED]
    ]
    columns = ", ".join(named)
    if len(found) > _MOST_NAMED:
        columns += f" and {len(found) - _MOST_NAMED} more"
    plural = "s" if len(found) > 1 else ""
    if isinstance(reader, str):
        name, instead = reader, "Encode it as numbers first."
    elif hasattr(reader, "autoencoder"):
        owner = type(reader).__name__
        return (
            f"{input_name} holds {what} in the column{plural} {columns}, but {owner} "
            "takes numbers only with an autoencoder of numbers, or once it was fitted "
            "on numbers. Fit it with autoencoder=TabularDenoisingAutoencoder() or "
            f"None, {_TABLES}, or encode them first, as OneHotEncoder does."
        )
    else:
        name = type(reader).__name__
        instead = (
            f"Use TabularDenoisingAutoencoder, {_TABLES}, or encode them first, as "
            "OneHotEncoder does."
        )
    return (
        f"{input_name} holds {what} in the column{plural} {columns}, but {name} takes "
        f"numbers only. {instead}"
    )


def _shorten(cell, kind):
    text = kind == "categorical" and isinstance(cell, str | bytes)
    shown = repr(cell) if text else str(cell)
    return shown if len(shown) <= 30 else f"{shown[:27]}..."
