"""Values of cells as plain data, and back."""

import datetime
import enum
import json
import uuid
import zoneinfo
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from sk_dae.tables.values import describe_value, make_value

EAST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")

VALUES = [
    *(None, True, 3, 2**70, 1.5, "a", b"a\x00", Decimal("1.50"), uuid.UUID(int=7)),
    *(float("inf"), np.float32(0.5), np.int8(3), np.str_("a"), np.True_),
    *(np.datetime64("2020-01-01", "ns"), np.timedelta64(3, "h")),
    datetime.date(2020, 2, 29),
    datetime.datetime(2020, 2, 29, 1, 2, 3, 4),
    datetime.datetime(2020, 2, 29, tzinfo=EAST),
    datetime.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=BERLIN),
    datetime.time(1, 2, 3),
    datetime.time(1, tzinfo=datetime.UTC),
    datetime.time(1, tzinfo=BERLIN),
    datetime.timedelta(-1, 5, 7),
    EAST,
    pd.Timestamp("2020-01-01 00:00:00.000000001"),
    pd.Timestamp("2020-07-01", tz="Europe/Berlin"),
    pd.Timedelta(3, "s"),
    pd.Interval(0.5, 1.0, closed="both"),
    pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021")),
    pd.Period("2020-03", freq="M"),
    *((1, "a", (2.5, None)), frozenset(["a"])),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_value_comes_back(value):
    made = make_value(json.loads(json.dumps(describe_value(value))))
    assert made == value
    if not isinstance(value, np.generic):
        assert type(made) is type(value)
    if isinstance(value, datetime.datetime):
        assert made.utcoffset() == value.utcoffset()
        assert made.fold == value.fold
    if isinstance(value, pd.Timestamp):
        assert made.unit == value.unit


@pytest.mark.parametrize("value", [pd.NA, pd.NaT], ids=repr)
def test_marks_of_pandas_come_back(value):
    assert make_value(json.loads(json.dumps(describe_value(value)))) is value


def test_nan_comes_back():
    assert np.isnan(make_value(json.loads(json.dumps(describe_value(np.nan)))))


class Colour(enum.StrEnum):
    """A string that is more than a string."""

    RED = "red"


@pytest.mark.parametrize("value", [Colour.RED, object(), [1], {"a": 1}, len, 1j])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match=f"^{type(value).__name__} is neither"):
        describe_value(value)


def test_description_cannot_choose_what_is_called():
    with pytest.raises(ValueError, match="holds a 'eval'"):
        make_value({"eval": "1"})
