"""Columns that a parameter selects, by position and by name."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_selector

import sk_dae
from sk_dae.tables.checks import categorical_mask
from sk_dae.tables.encoder import TableEncoder

NAMES = {
    "strings": ["a", "b", "c"],
    "integers": [0, 1, 2],
    "other integers": [1, 2, 3],
    "large integers": [10, 20, 30],
    "tuples": [("a", 1), ("a", 2), ("b", 1)],
    "times": list(pd.date_range("2020-01-01", periods=3)),
    "floats": [0.0, 1.0, 2.0],
    "twice": ["a", "b", "a"],
}


def table(names):
    """Return a table with columns of these names; an array for None."""
    X = np.arange(6.0).reshape(2, 3)
    if names is None:
        return X
    names = NAMES[names]
    if isinstance(names[0], tuple):
        names = pd.MultiIndex.from_tuples(names)
    return pd.DataFrame(X, columns=names)


@pytest.mark.parametrize(
    ("names", "selector", "positions"),
    [
        (None, [0, 2], [0, 2]),
        (None, np.array([1]), [1]),
        (None, (np.int64(1),), [1]),
        (None, [True, False, True], [0, 2]),
        (None, [], []),
        (None, slice(1, None), [1, 2]),
        (None, slice(-1, None), [2]),
        ("strings", ["c", "a"], [0, 2]),
        ("strings", np.array(["b"]), [1]),
        ("strings", np.array(["b"], dtype=object), [1]),
        ("strings", pd.Index(["b"]), [1]),
        ("strings", pd.Series(["b"]), [1]),
        ("strings", pl.Series(["b"]), [1]),
        ("strings", [0, 2], [0, 2]),
        ("strings", np.array([False, True, False]), [1]),
        ("strings", pd.Series([False, True, False], index=["a", "b", "c"]), [1]),
        ("strings", slice("a", "b"), [0, 1]),
        ("strings", slice(0, 2), [0, 1]),
        ("strings", lambda X: ["b"], [1]),
        ("strings", lambda X: "b", [1]),
        ("strings", lambda X: 2, [2]),
        ("strings", lambda X: X.columns[1:], [1, 2]),
        ("strings", make_column_selector("[bc]"), [1, 2]),
        ("integers", [1], [1]),
        ("other integers", [0], [0]),
        ("large integers", [1], [1]),
        ("other integers", [True, False, False], [0]),
        ("tuples", [("a", 2)], [1]),
        ("tuples", [("b", 1), ("a", 1)], [0, 2]),
        ("tuples", pd.MultiIndex.from_tuples([("a", 2)]), [1]),
        ("tuples", [2], [2]),
        ("times", [pd.Timestamp("2020-01-02")], [1]),
        ("times", [2], [2]),
        ("floats", [1.0], [1]),
        ("floats", [1], [1]),
        ("twice", ["b"], [1]),
        ("twice", [0], [0]),
    ],
)
def test_integers_are_positions_and_all_else_is_names(names, selector, positions):
    X = table(names)
    mask = categorical_mask(selector, X)
    assert mask.dtype == bool
    assert np.flatnonzero(mask).tolist() == positions
    encoder = TableEncoder(categorical_features=selector).fit(X)
    assert [n > 0 for n in encoder.n_categories] == mask.tolist()


@pytest.mark.parametrize(
    ("names", "selector", "message"),
    [
        ("other integers", [1], "got 1, .* name of another"),
        ("other integers", np.array([2]), "got 2, .* name of another"),
        ("other integers", [3], "got 3, .*3 columns, though it is a name"),
        ("other integers", slice(1, 2), "got 1, .* name of another"),
        ("large integers", [10], "got 10, .*3 columns, though it is a name"),
        ("other integers", ["1"], "got '1'"),
        ("strings", [3], "got 3, and X has 3 columns"),
        ("strings", [-1], "got -1, and X has 3 columns"),
        ("strings", ["z"], "got 'z', which is none"),
        ("strings", [0, "a"], "got .* of which some are positions"),
        ("strings", [True, 1, False], "got .* of which some are positions"),
        ("strings", [True, False], "for 3 columns"),
        ("strings", [None], "got None"),
        ("strings", [1.0], "got 1.0"),
        ("strings", [["a"]], r"got \['a'\]"),
        ("strings", np.array([["a"]]), "more than one dimension"),
        ("strings", slice("a", 2), "whose ends"),
        ("strings", slice("a", "c", 2), "whose step"),
        ("strings", slice("a", "z"), "got 'z'"),
        ("strings", lambda X: "z", "got 'z'"),
        ("tuples", ("a", 2), "the name of one column: put it in a list"),
        ("tuples", ["a"], "got 'a'"),
        ("twice", ["a"], "got 'a', which 2 columns have"),
        (None, ["a"], "got 'a', and X has no names"),
        (None, [1.0], "got 1.0"),
        (None, [3], "got 3"),
    ],
)
def test_what_selects_no_column_or_might_mean_two_is_refused(names, selector, message):
    with pytest.raises(ValueError, match=f"^categorical_features must be .*{message}"):
        TableEncoder(categorical_features=selector).fit(table(names))


@pytest.mark.parametrize(
    "selector", [np.array(2), lambda X: np.array(0), lambda X: None]
)
def test_what_is_no_sequence_is_refused(selector):
    model = sk_dae.TabularDenoisingAutoencoder(2, categorical_features=selector)
    with pytest.raises((TypeError, ValueError), match="no sequence"):
        model.fit(np.arange(12.0).reshape(4, 3))
