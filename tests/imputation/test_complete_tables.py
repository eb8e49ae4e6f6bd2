"""Indicators of tables without a gap, and of names of several levels."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sk_dae import DenoisingImputer, TabularDenoisingAutoencoder

FRAME = pd.DataFrame({"a": np.arange(12.0), "c": ["x", "y", "z"] * 4})
LEVELS = FRAME.set_axis(pd.MultiIndex.from_tuples([("x", "a"), ("x", "c")]), axis=1)


@pytest.mark.parametrize(
    "X",
    [FRAME, LEVELS, FRAME[["a"]], FRAME.set_axis([3, 4], axis=1), pl.DataFrame(FRAME)],
    ids=["pandas", "levels", "numbers", "integer names", "polars"],
)
def test_a_complete_table_has_no_indicators(X):
    model = DenoisingImputer(
        TabularDenoisingAutoencoder(2, max_iter=1, device="cpu"),
        n_estimators=1,
        add_indicator=True,
        random_state=0,
    )
    filled = model.fit_transform(X)
    assert type(filled) is type(X)
    assert filled.equals(X)


def test_indicators_beside_names_of_several_levels():
    X = LEVELS.copy()
    X.iloc[0, 0] = np.nan
    model = DenoisingImputer(
        TabularDenoisingAutoencoder(2, max_iter=1, device="cpu"),
        n_estimators=1,
        add_indicator=True,
        random_state=0,
    )
    filled = model.fit_transform(X)
    assert list(filled.columns) == [*X.columns, ("missingindicator_x0", "")]
