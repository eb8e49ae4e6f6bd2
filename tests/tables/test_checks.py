"""Tables as a user gives them."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator

from helpers import table_of
from sk_dae.tables.checks import check_categorical_features, check_table

EAST = datetime.timezone(datetime.timedelta(hours=2))


@pytest.mark.parametrize("given", [["z"], [5], [-1], [True, False, True], [None]])
def test_wrong_categorical_features_are_refused(given):
    with pytest.raises(ValueError, match=r"categorical_features must be .* got"):
        check_categorical_features(given, ["a", "k"])


@pytest.mark.parametrize(
    ("column", "found", "instead"),
    [
        (pl.Series([datetime.time(6), None]), "Time", "Duration"),
        (np.array(["2020", "NaT"], "M8[Y]"), r"datetime64\[Y\]", r"datetime64\[us\]"),
        (np.array([1, 2], "m8[M]"), r"timedelta64\[M\]", r"timedelta64\[us\]"),
        (
            pd.Series(
                [
                    datetime.datetime(2020, 1, 1, tzinfo=EAST),
                    datetime.datetime(2020, 1, 1),
                ],
                dtype=object,
            ),
            "object, with and without time zones",
            r"datetime64\[us, UTC\]",
        ),
    ],
    ids=["clock", "years", "months", "zones"],
)
def test_types_that_are_not_supported_are_refused_by_name(column, found, instead):
    message = f"^Column [x0] has the type {found}, .* convert it to {instead} first"
    with pytest.raises(TypeError, match=message):
        check_table(BaseEstimator(), table_of(column), reset=True)
