"""The classes of rows as a user gives them, and what they weigh."""

from __future__ import annotations

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y, column_or_1d

__all__ = ["read_classes", "weigh_classes"]


def read_classes(y, unlabeled_value):
    """Read the classes of rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        The targets of the user.

    unlabeled_value : int, float, str or None
        The mark of a row that has no label; None where all have one.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The classes.

    labeled : ndarray of shape (n_samples,), dtype bool
        Which rows have a label.

    codes : ndarray of shape (n_samples,), dtype int64
        The index of the class of each row; 0 where it has none.
    """
    try:
        y = column_or_1d(y, warn=True)
    except ValueError as error:
        if "1d array" not in str(error):
            raise
        raise ValueError(
            f"{error} It holds the class of each row; for several classifications "
            "at once, put the classifier into a MultiOutputClassifier of "
            "sklearn.multioutput."
        ) from None
    labeled = np.ones(len(y), dtype=bool)
    if is_scalar_nan(unlabeled_value):
        labeled = y == y if y.dtype != object else _not_missing(y)
    elif unlabeled_value is not None:
        labeled = ~np.equal(y, unlabeled_value, dtype=object).astype(bool)
    if len(y) and not labeled.any():
        raise ValueError(
            "y must have labels, but every value of it is the unlabeled_value, "
            f"{unlabeled_value!r}."
        )
    known = y[labeled]
    _refuse_missing(known, unlabeled_value)
    known = _check_y(known)
    check_classification_targets(known)
    classes, known = np.unique(known, return_inverse=True)
    codes = np.zeros(len(y), dtype=np.int64)
    codes[labeled] = known
    return classes, labeled, codes


def _refuse_missing(known, unlabeled_value):
    """Refuse labels that are missing, unless these are the rows without one."""
    n_missing = 0
    if known.dtype.kind == "f":
        n_missing = int(np.isnan(known).sum())
    elif known.dtype == object:
        n_missing = int((~_not_missing(known)).sum())
    if n_missing:
        raise ValueError(
            f"Input y contains NaN or None in {n_missing} rows. If they are rows "
            "without a label, set unlabeled_value=np.nan, which stands for all "
            "missing values, and they serve the pretraining; got unlabeled_value="
            f"{unlabeled_value!r}."
        )


def weigh_classes(class_weight, classes, weights, codes, labeled):
    """Return what each row counts for in the fine-tuning, or None.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        The parameter of this name.

    classes : ndarray of shape (n_classes,)
        The classes.

    weights : ndarray of shape (n_samples,) or None
        Positive weights of the rows; None counts all alike.

    codes : ndarray of shape (n_samples,), dtype int64
        The index of the class of each row.

    labeled : ndarray of shape (n_samples,), dtype bool
        Which rows have a label.

    Returns
    -------
    weights : ndarray of shape (n_samples,) or None
        The weights, times those of the classes.
    """
    if class_weight is None:
        return weights
    if isinstance(class_weight, str):
        counts = None if weights is None else weights[labeled]
        counts = np.bincount(codes[labeled], counts, len(classes))
        of_classes = counts.sum() / (len(classes) * counts)
    else:
        of_classes = compute_class_weight(
            class_weight, classes=classes, y=classes[codes[labeled]]
        )
    valid = (of_classes >= 0).all() and np.isfinite(of_classes).all()
    if valid:
        weights = of_classes[codes] * (1.0 if weights is None else weights)
    if not valid or not weights[labeled].any():
        raise ValueError(
            "class_weight must be finite, non-negative and not zero for all rows "
            f"that count, got {class_weight!r}."
        )
    return weights


def _not_missing(values):
    """Return which objects are none that pandas takes as missing."""
    missing = [v is None or is_pandas_na(v) or is_scalar_nan(v) for v in values]
    return ~np.array(missing, dtype=bool)
