"""A column of categories, as their indices."""

from __future__ import annotations

import numbers
from collections import Counter
from itertools import repeat

import numpy as np
from sklearn.preprocessing import OrdinalEncoder

from ..backend.serialization import serializable
from .kinds import NUMBERS, are_compatible, kinds_of, plain_objects, show_kinds

__all__ = ["UNSEEN", "CategoricalColumn"]

#: The index of a category that was never seen.
UNSEEN = -1

# Older files hold one for each column.
serializable(OrdinalEncoder)


@serializable
class CategoricalColumn:
    """A column of categories, as their indices.

    Parameters
    ----------
    name : str
        For messages.

    max_categories : int
        The most categories that are told apart: the rarest share the last index, and
        what was never seen counts among them.

    Attributes
    ----------
    known, codes : ndarray of shape (n_known,)
        All categories, in ascending order where they have one, and their indices.

    categories : ndarray of shape (n_categories,), dtype object
        The category that stands for an index.
    """

    def __init__(self, name, max_categories):
        self.name = name
        self.max_categories = max_categories

    @classmethod
    def upgrade_state(cls, state, format):
        """Take the categories from the encoder that older files hold."""
        if "known" not in state:
            encoder = state.pop("encoder", None)
            state["known"] = np.empty(0, dtype=object)
            state["codes"] = np.empty(0, dtype=np.intp)
            if encoder is not None:
                state["known"] = encoder.categories_[0]
                codes = encoder.transform(state["known"][:, None])[:, 0]
                state["codes"] = codes.astype(np.intp)
        return state

    def fit(self, values, missing, weights=None):
        """Learn the categories of a column of objects, of weighted rows."""
        observed = plain_objects(values[~missing])
        self.empty = not len(observed)
        self.has_missing = bool(missing.any())
        self.has_rare = False
        self.n_categories, self.entropy = 1, 0.0
        self.known, self.codes = observed[:0], np.empty(0, dtype=np.intp)
        self.categories = np.array([None], dtype=object)
        if self.empty:
            return self
        self._refuse_kinds(observed)
        self.known, counts = _count(
            observed, weights if weights is None else weights[~missing]
        )
        self.codes = _number(counts, self.max_categories)
        self.n_categories = int(self.codes.max()) + 1
        self.has_rare = len(self.known) > self.n_categories
        frequencies = np.bincount(self.codes, counts) / counts.sum()
        self.entropy = float(-(frequencies * np.log(frequencies)).sum())
        # A rare category comes back as the most frequent of the rare ones.
        self.categories = np.empty(self.n_categories, dtype=object)
        for i in np.argsort(counts, kind="stable"):
            self.categories[self.codes[i]] = self.known[i]
        return self

    def may_hold(self, observed):
        """Whether objects are of the kind of the categories, known or new."""
        return are_compatible(observed, self.known)

    def encode(self, observed, narrow=None):
        """Return the indices of categories, and the mask of those never seen.

        Parameters
        ----------
        observed : ndarray of shape (n_observed,), dtype object
            Categories, none of them missing.

        narrow : numpy.dtype, default=None
            The type of floats in which numbers are equal, if not in their own.

        Returns
        -------
        codes : ndarray of shape (n_observed,)
            Their indices. A category that was never seen counts among the rare ones,
            if there are any, and has the index `UNSEEN` elsewhere.

        new : ndarray of shape (n_observed,), dtype bool
            True for what was never seen.
        """
        known, values = self.known.tolist(), observed.tolist()
        if narrow is not None:
            with np.errstate(over="ignore"):
                known, values = (
                    np.array(v, dtype=np.float64).astype(narrow).tolist()
                    for v in (known, values)
                )
        index = dict(zip(known, self.codes.tolist(), strict=True))
        try:
            found = map(index.get, values, repeat(UNSEEN))
            codes = np.fromiter(found, dtype=np.float64, count=len(observed))
        except TypeError:
            raise self._without_hash(observed) from None
        new = codes == UNSEEN
        if self.has_rare:
            codes[new] = self.n_categories - 1
        return codes, new

    def decode(self, encoded, within_range=False):
        """Return the categories of indices, which have no range."""
        return self.categories[encoded.astype(np.intp)]

    def _refuse_kinds(self, observed):
        """Refuse categories of several kinds, and what cannot be one."""
        kinds = kinds_of(observed)
        if len(kinds) > 1:
            raise TypeError(
                "The categories of a column must be of one kind: column "
                f"{self.name} has {', '.join(sorted(kinds))}. Convert it, or leave it "
                "out."
            )
        if kinds <= NUMBERS:
            return
        types = set(map(type, observed))
        if any(issubclass(t, numbers.Complex) for t in types):
            raise TypeError(
                f"The categories of column {self.name} are complex numbers, which are "
                "not supported. Convert it, or leave it out."
            )
        try:
            set(observed.tolist())
        except TypeError:
            raise self._without_hash(observed) from None

    def _without_hash(self, observed):
        return TypeError(
            f"The categories of column {self.name} must be hashable, got "
            f"{show_kinds(kinds_of(observed))}. Convert it, or leave it out."
        )


def _count(observed, weights):
    """Return the categories, and how often each occurs, or its share of the weight."""
    counts = Counter(observed.tolist())
    known = _in_order(counts)
    if weights is None:
        counts = np.array([counts[category] for category in known])
    else:
        index = {category: i for i, category in enumerate(known)}
        rows = np.fromiter(map(index.get, observed.tolist()), np.intp, len(observed))
        counts = np.bincount(rows, weights)
        # Rounding must not tell apart what weighs the same.
        counts = (counts / counts.sum()).round(12)
    return np.fromiter(known, dtype=object, count=len(known)), counts


def _in_order(categories):
    """Return categories in ascending order, or as they came where they have none."""
    categories = list(categories)
    # The order of sets is not one of all.
    if any(isinstance(category, frozenset) for category in categories):
        return categories
    try:
        return sorted(categories)
    except (TypeError, ValueError):
        return categories


def _number(counts, max_categories):
    """Return the indices of categories: the rarest beyond the most share the last.

    They are those of scikit-learn's OrdinalEncoder, to which the rarest of as many
    categories as there may be is rare too.
    """
    if len(counts) < max_categories:
        return np.arange(len(counts))
    frequent = np.ones(len(counts), dtype=bool)
    order = np.argsort(counts, kind="stable")
    frequent[order[: len(counts) - max_categories + 1]] = False
    return np.where(frequent, np.cumsum(frequent) - 1, max_categories - 1)
