"""The classes of rows as a user gives them, and what they weigh."""

from __future__ import annotations

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_y, column_or_1d

from ..data.validation_set import naming_argument

__all__ = [
    "check_classes",
    "not_missing",
    "read_classes",
    "refuse_missing",
    "refuse_shape",
    "weigh_classes",
]


def read_classes(y, unlabeled_value, known=None):
    """Read the classes of rows.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        The targets of the user.

    unlabeled_value : int, float, str or None
        The mark of a row that has no label; None where all have one.

    known : ndarray of shape (n_classes,), default=None
        The classes, where they are known; None finds them.

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
        refuse_shape(str(error))
    labeled = np.ones(len(y), dtype=bool)
    if is_scalar_nan(unlabeled_value):
        labeled = y == y if y.dtype != object else not_missing(y)
    elif y.dtype.kind == "m" and isinstance(unlabeled_value, np.timedelta64):
        # As objects they would be integers, whose unit counts for nothing.
        labeled = y != unlabeled_value
    elif unlabeled_value is not None:
        labeled = ~np.equal(y, unlabeled_value, dtype=object).astype(bool)
    if len(y) and not labeled.any():
        raise ValueError(
            "y must have labels, but every value of it is the unlabeled_value, "
            f"{unlabeled_value!r}."
        )
    given = y[labeled]
    refuse_missing(given, unlabeled_value)
    given = _check_y(given)
    check_classification_targets(given)
    classes, given = np.unique(given, return_inverse=True)
    if known is not None:
        classes, given = known, _places(classes, known)[given]
    codes = np.zeros(len(y), dtype=np.int64)
    codes[labeled] = given
    return classes, labeled, codes


def refuse_shape(reason):
    """Refuse targets that are neither classes nor labels.

    Parameters
    ----------
    reason : str
        The sentence that says what came.

    Raises
    ------
    ValueError
        Always.
    """
    raise ValueError(
        f"{reason} It holds the class of each row, or is an indicator matrix of zeros "
        "and ones with a column for each label; for several classifications at once, "
        "put the classifier into a MultiOutputClassifier of sklearn.multioutput."
    ) from None


def _places(found, known):
    """Return where classes stand among those that are known."""
    places = {label: i for i, label in enumerate(known.tolist())}
    new = [label for label in found.tolist() if label not in places]
    if new:
        raise ValueError(
            f"y has classes that are not among those known, {known.tolist()}: {new}."
        )
    return np.array([places[label] for label in found.tolist()], dtype=np.int64)


def check_classes(classes, unlabeled_value, known=None):
    """Return the classes that a first call of ``partial_fit`` is given.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        The argument of the user's. The mark for "no label" is left out of it.

    unlabeled_value : int, float, str or None
        That mark.

    known : ndarray of shape (n_classes,), default=None
        The classes of earlier calls, which those of later ones have to be.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    """
    if classes is None:
        if known is None:
            raise ValueError(
                "classes must be passed on the first call to partial_fit: those of all "
                "calls, as np.unique(y) finds them in all of y."
            )
        return known
    with naming_argument("classes"):
        found, _, _ = read_classes(classes, unlabeled_value)
    if known is not None and found.tolist() != known.tolist():
        raise ValueError(
            f"classes must be the same as in earlier calls, {known.tolist()}, got "
            f"{found.tolist()}."
        )
    return found


def refuse_missing(known, unlabeled_value):
    """Refuse labels that are missing, unless these are the rows without one.

    Parameters
    ----------
    known : ndarray of shape (n_labels,)
        Labels, without those that stand for none.

    unlabeled_value : int, float, str or None
        The value that stands for none.

    Raises
    ------
    ValueError
        If one is missing.
    """
    n_missing = 0
    if known.dtype.kind == "f":
        n_missing = int(np.isnan(known).sum())
    elif known.dtype.kind in "mM":
        n_missing = int(np.isnat(known).sum())
    elif known.dtype == object:
        n_missing = int((~not_missing(known)).sum())
    if n_missing:
        rows = "1 row" if n_missing == 1 else f"{n_missing} rows"
        raise ValueError(
            f"Input y contains NaN or None in {rows}. For rows without a label, "
            "which serve the pretraining, set unlabeled_value=np.nan: it stands "
            f"for all missing values. Got unlabeled_value={unlabeled_value!r}."
        )


def weigh_classes(class_weight, classes, weights, codes, labeled):
    """Return what the rows of each class weigh in the fine-tuning, or None.

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
    of_classes : ndarray of shape (n_classes,) or None
        Their weights, besides those of the rows.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        counts = None if weights is None else weights[labeled]
        counts = np.bincount(codes[labeled], counts, len(classes))
        of_classes = counts.sum() / (len(classes) * counts)
    else:
        of_classes = compute_class_weight(
            class_weight, classes=classes, y=classes[codes[labeled]]
        )
    valid = (of_classes >= 0).all() and np.isfinite(of_classes).all()
    if not valid or not of_classes[codes[labeled]].any():
        raise ValueError(
            "class_weight must be finite, non-negative and not zero for all rows "
            f"that count, got {class_weight!r}."
        )
    return of_classes


def not_missing(values):
    """Return which of some objects are none that pandas takes as missing."""
    missing = [v is None or is_pandas_na(v) or is_scalar_nan(v) for v in values]
    return ~np.array(missing, dtype=bool)
