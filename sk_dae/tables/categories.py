"""A column of categories, as their indices."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import OrdinalEncoder

from ..backend.serialization import serializable

__all__ = ["UNSEEN", "CategoricalColumn"]

#: The index of a category that was never seen.
UNSEEN = -1

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
    """

    def __init__(self, name, max_categories):
        self.name = name
        self.max_categories = max_categories

    def fit(self, values, missing, weights=None):
        """Learn the categories of a column of objects, of weighted rows."""
        observed = values[~missing]
        self.empty = not len(observed)
        self.has_missing = bool(missing.any())
        self.n_categories, self.entropy = 1, 0.0
        self.categories = np.array([None], dtype=object)
        if self.empty:
            return self
        self._refuse_mixture(observed)
        self.encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=UNSEEN,
            max_categories=self.max_categories,
        ).set_output(transform="default")
        if weights is None:
            self.encoder.fit(observed[:, None])
        else:
            weights = weights[~missing]
            self.encoder.fit(self._by_weight(observed, weights)[:, None])
        codes = self.encoder.transform(observed[:, None])[:, 0].astype(np.intp)
        counts = np.bincount(codes, weights)
        self.n_categories = len(counts)
        frequencies = counts / counts.sum()
        self.entropy = float(-(frequencies * np.log(frequencies)).sum())
        # A rare category comes back as the most frequent of the rare ones.
        categories, all_counts = _count(observed, weights)
        codes_of_categories = self.encoder.transform(categories[:, None])[:, 0]
        self.has_rare = len(categories) > self.n_categories
        self.categories = np.empty(self.n_categories, dtype=object)
        for i in np.argsort(all_counts, kind="stable"):
            self.categories[int(codes_of_categories[i])] = categories[i]
        return self

    def _by_weight(self, observed, weights):
        """Return categories, those twice that are the heaviest and told apart."""
        categories, counts = _count(observed, weights)
        if len(categories) <= self.max_categories:
            return categories
        # Stable, as in the encoder, which does the same by numbers of rows.
        order = np.argsort(counts, kind="stable")
        kept = order[len(order) - (self.max_categories - 1) :]
        return np.concatenate([categories, categories[kept]])

    def encode(self, values, missing):
        """Return the indices of categories; NaN where missing, else `UNSEEN`."""
        codes = np.full(len(values), np.nan)
        if not self.empty and not missing.all():
            observed = values[~missing]
            self._refuse_mixture(observed)
            codes[~missing] = self.encoder.transform(observed[:, None])[:, 0]
            if self.has_rare:
                codes[codes == UNSEEN] = self.n_categories - 1
        return codes

    def decode(self, encoded, within_range=False):
        """Return the categories of indices, which have no range."""
        return self.categories[encoded.astype(np.intp)]

    def _refuse_mixture(self, values):
        numbers = (int, float, np.number, np.bool_)
        types = {
            "number"
            if issubclass(t, numbers)
            else "str"
            if issubclass(t, str)
            else t.__name__
            for t in set(map(type, values))
        }
        if len(types) > 1 or types - {"str", "number"}:
            raise TypeError(
                "The categories of a column must be uniformly strings or numbers: "
                f"column {self.name} has {', '.join(sorted(types))}. Convert it, or "
                "leave it out."
            )


def _count(observed, weights):
    """Return the categories, and how often each occurs, or its share of the weight."""
    if weights is None:
        return np.unique(observed, return_counts=True)
    categories, codes = np.unique(observed, return_inverse=True)
    counts = np.bincount(codes.ravel(), weights)
    # Rounding must not tell apart what weighs the same.
    return categories, (counts / counts.sum()).round(12)
