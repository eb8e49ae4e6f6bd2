"""Columns of times, of all containers and types."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

UTC = datetime.UTC

# Each holds the second and the third of January 2020, or two of something else, and a
# gap between.
DATETIMES = {
    **{
        f"pandas {unit}": pd.Series(["2020-01-02", None, "2020-01-03"]).astype(
            f"datetime64[{unit}]"
        )
        for unit in ("s", "ms", "us", "ns")
    },
    "pandas zone": pd.Series(
        pd.to_datetime(["2020-01-02", None, "2020-01-03"]).tz_localize("UTC")
    ).dt.tz_convert("Europe/Berlin"),
    "pandas dates": pd.Series(
        [datetime.date(2020, 1, 2), None, datetime.date(2020, 1, 3)], dtype=object
    ),
    "pandas datetimes": pd.Series(
        [datetime.datetime(2020, 1, 2), None, datetime.datetime(2020, 1, 3)],
        dtype=object,
    ),
    **{
        f"polars {unit}": pl.Series(
            [datetime.datetime(2020, 1, 2), None, datetime.datetime(2020, 1, 3)],
            dtype=pl.Datetime(unit),
        )
        for unit in ("ms", "us", "ns")
    },
    "polars zone": pl.Series(
        [
            datetime.datetime(2020, 1, 2, tzinfo=UTC),
            None,
            datetime.datetime(2020, 1, 3, tzinfo=UTC),
        ],
        dtype=pl.Datetime("us", "Europe/Berlin"),
    ),
    "polars dates": pl.Series(
        [datetime.date(2020, 1, 2), None, datetime.date(2020, 1, 3)]
    ),
    **{
        f"array {unit}": np.array(["2020-01-02", "NaT", "2020-01-03"], f"M8[{unit}]")
        for unit in ("D", "h", "s", "25s", "us", "ns")
    },
    "array big-endian": np.array(["2020-01-02", "NaT", "2020-01-03"], ">M8[s]"),
}


@pytest.fixture(params=DATETIMES.values(), ids=DATETIMES)
def times(request):
    """A column of two times with a gap between."""
    return request.param
