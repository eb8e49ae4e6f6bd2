"""The targets of the classifier: a class for each row, or several labels."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from ..data.class_rows import ClassRows
from ..data.rows import rows_of
from ..losses._prediction import CategoricalCrossEntropy, LabelCrossEntropy
from ..tables.frames import refuse_duplicates
from ._classes import check_classes, read_classes, weigh_classes
from ._labels import may_be_labels, read_labels, shape_of

__all__ = ["ClassTargets"]


class ClassTargets:
    """Mixin of the classifier: how its targets become numbers.

    A subclass has the parameters `class_weight` and `unlabeled_value`.
    """

    def _known_classes(self, y, classes):
        """Return what is known of targets before a call of ``partial_fit``."""
        known = self.classes_ if hasattr(self, "net_") else None
        if self._multilabel if known is not None else may_be_labels(y):
            if (
                classes is not None
                and may_be_labels(y)
                and not np.array_equal(
                    np.asarray(classes, dtype=object), np.arange(shape_of(y)[1])
                )
            ):
                raise ValueError(
                    "classes must be None or the indices of the columns where y is an "
                    f"indicator matrix, got {classes!r}."
                )
            return None
        found = check_classes(classes, self.unlabeled_value, known)
        return {"classes_": found, "_multilabel": False}

    #: Whether a row may have several labels; unknown in files of earlier versions.
    _multilabel = False
    _of_targets = ("classes_", "_multilabel")

    def _loss_of_targets(self, fitted):
        if fitted["_multilabel"]:
            return LabelCrossEntropy
        return CategoricalCrossEntropy

    def _read_targets(self, y, weights, known=None, *, whole=True, learns=True):
        refuse_duplicates(y, "y")
        multilabel = may_be_labels(y)
        if known is not None and multilabel != known["_multilabel"]:
            expected = "classes, of one dimension"
            if known["_multilabel"]:
                n_labels = len(known["classes_"])
                expected = f"an indicator matrix with {n_labels} columns"
            raise ValueError(
                f"y must be of the kind known, {expected}, got targets of shape "
                f"{shape_of(y)}."
            )
        classes = None if known is None else known["classes_"]
        if multilabel:
            n_labels = None if classes is None else len(classes)
            labeled, values = read_labels(
                y, self.unlabeled_value, n_labels, whole=whole and known is None
            )
            classes = np.arange(values.shape[1])
        else:
            y = y.toarray() if sp.issparse(y) else y
            classes, labeled, values = read_classes(y, self.unlabeled_value, classes)
            found = np.unique(values[labeled])
            if known is not None and whole and len(found) < len(classes):
                raise ValueError(
                    "y must have the classes of the last fit, which warm_start goes on "
                    f"from, {classes.tolist()}, got {classes[found].tolist()}. Set "
                    "warm_start=False to start afresh."
                )
        return {"classes_": classes, "_multilabel": multilabel}, labeled, values

    def _target_rows(self, values, fitted):
        if fitted["_multilabel"]:
            return rows_of(values.astype(np.float32))
        return ClassRows(values, len(fitted["classes_"]))

    def _strata(self, values):
        return values if values.ndim == 1 else super()._strata(values)

    def _factors(self, weights, values, labeled, fitted):
        classes = fitted["classes_"]
        if fitted["_multilabel"]:
            if self.class_weight is not None:
                raise ValueError(
                    "class_weight must be None where y is an indicator matrix, since "
                    f"a row may have several labels; got {self.class_weight!r}."
                )
            return None
        return weigh_classes(self.class_weight, classes, weights, values, labeled)
