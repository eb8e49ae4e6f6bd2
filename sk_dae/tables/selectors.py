"""Columns that a parameter selects: integers are positions, strings are names."""

from __future__ import annotations

import numbers

import numpy as np

__all__ = ["select_columns"]


def select_columns(selector, names, parameter):
    """Return which columns a selector means, by scikit-learn's rule.

    Parameters
    ----------
    selector : array-like or slice
        Positions; or names, which may be tuples; or a mask. A slice of positions ends
        before its stop, one of names with it.

    names : list of length n_features
        Names of the columns; those of an array are their positions.

    parameter : str
        The parameter and the kinds of values that it takes, for errors.

    Returns
    -------
    mask : ndarray of shape (n_features,), dtype bool
        True for the columns that it means.

    Raises
    ------
    ValueError
        If it means no columns of the table, or if it can be understood in two ways.
    """
    return _Selection(names, parameter).mask(selector)


class _Selection:
    def __init__(self, names, parameter):
        self.names = names
        self.parameter = parameter
        self.positions = {}
        for position, name in enumerate(names):
            self.positions.setdefault(name, []).append(position)

    def mask(self, selector):
        mask = np.zeros(len(self.names), dtype=bool)
        if isinstance(selector, slice):
            mask[self._slice(selector)] = True
            return mask
        if getattr(selector, "ndim", 1) > 1:
            self._refuse(selector, "which has more than one dimension")
        if isinstance(selector, tuple) and self._positions_of(selector):
            self._refuse(selector, "which is the name of one column: put it in a list")
        items = selector.tolist() if isinstance(selector, np.ndarray) else selector
        try:
            items = list(items)
        except TypeError:
            # An array without a dimension, or what a function has returned.
            self._refuse(selector, "which is no sequence: put it in a list")
        kinds = {_kind(item) for item in items}
        if len(kinds) > 1:
            self._refuse(items, "of which some are positions and some are not")
        if kinds == {"mask"}:
            if len(items) != len(mask):
                self._refuse(items, f"for {len(mask)} columns")
            return np.array(items, dtype=bool)
        for item in items:
            mask[self._find(item)] = True
        return mask

    def _find(self, item):
        """Return the position of the column that an item means."""
        found = self._positions_of(item)
        if _kind(item) == "position":
            if not 0 <= item < len(self.names):
                is_name = ", though it is a name: give a mask" if found else ""
                self._refuse(item, f"and X has {len(self.names)} columns{is_name}")
            self._refuse_other_meaning(item)
            return int(item)
        if len(found) > 1:
            self._refuse(item, f"which {len(found)} columns have for a name")
        if not found:
            self._refuse(item, self._hint(item))
        return found[0]

    def _positions_of(self, item):
        try:
            found = self.positions.get(item, [])
        except TypeError:  # it has no hash
            return []
        # A float is not the integer that it equals.
        numeric = isinstance(item, numbers.Real)
        return [j for j in found if not numeric or type(self.names[j]) is type(item)]

    def _refuse_other_meaning(self, position):
        """Refuse a position that is the name of another column."""
        others = self.positions.get(position, [])
        if others and others != [position]:
            self._refuse(
                position,
                "which is the position of one column and the name of another: give a "
                "mask",
            )

    def _hint(self, item):
        if isinstance(item, str) and self.names == list(range(len(self.names))):
            return "and X has no names of columns"
        return "which is none of these"

    def _slice(self, selector):
        ends = [end for end in (selector.start, selector.stop) if end is not None]
        kinds = {_kind(end) for end in ends}
        if kinds == {"name"}:
            if selector.step not in (None, 1):
                self._refuse(selector, "whose step must be 1")
            start, stop = selector.start, selector.stop
            start = None if start is None else self._find(start)
            stop = None if stop is None else self._find(stop) + 1
            return slice(start, stop)
        if not kinds <= {"position"}:
            self._refuse(selector, "whose ends must be positions or names")
        for end in ends:
            self._refuse_other_meaning(end)
        return selector

    def _refuse(self, got, why):
        raise ValueError(f"{self.parameter}, got {got!r}, {why}.")


def _kind(item):
    if isinstance(item, bool | np.bool_):
        return "mask"
    return "position" if isinstance(item, numbers.Integral) else "name"
