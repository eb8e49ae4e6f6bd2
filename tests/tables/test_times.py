"""Times at the resolution of their column, and in its zone."""

import datetime
import itertools
import zoneinfo

import dateutil.tz
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sk_dae
from helpers import read_column
from sk_dae import DenoisingImputer, TabularDenoisingAutoencoder
from sk_dae.tables.times import resolution_of, step_of
from sk_dae.tables.writing import write

N = 30
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NEW_YORK = "America/New_York"
LENGTHS = {"D": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
LENGTHS |= {"ms": 1000, "us": 1}

# The nights of both changes of the clock in Berlin lie between.
START = datetime.datetime(2020, 3, 20)


def datetimes(unit, n=N):
    """Return datetimes that are multiples of a unit, and of no longer one."""
    length = datetime.timedelta(microseconds=LENGTHS[unit])
    return [START + (8 * i % 31 + 1) * length for i in range(n)]


def durations(unit):
    return [time - START for time in datetimes(unit)]


def localized(times, zone):
    return [time.replace(tzinfo=zone) for time in times]


def with_gap(values):
    return [*values[:-1], None]


def series(values, dtype):
    return pd.Series(with_gap(values), dtype=object).astype(dtype)


def arrow(dtype):
    return pd.ArrowDtype(dtype)


def in_zone(values, zone, dtype=None):
    column = pd.Series(pd.DatetimeIndex(values).tz_localize(zone))
    column = column.astype(dtype or column.dtype)
    return column.mask(np.arange(len(column)) == len(column) - 1)


def several_offsets(times):
    offsets = itertools.cycle([1, 2, 2])
    return [
        time.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=next(offsets))))
        for time in times
    ]


def columns(unit):
    """Return columns of times of a unit, by what they are."""
    times, spans = datetimes(unit), durations(unit)
    found = {
        "array": np.array(with_gap(times), dtype="M8[us]"),
        "array of durations": np.array(with_gap(spans), dtype="m8[us]"),
        "array of objects": np.array(with_gap(times), dtype=object),
        "big-endian": np.array(with_gap(times), dtype=">M8[us]"),
        "pandas us": series(times, "M8[us]"),
        "pandas ns": series(times, "M8[ns]"),
        "pandas durations": series(spans, "m8[us]"),
        "zone": in_zone(times, BERLIN),
        "zone of dateutil": in_zone(times, dateutil.tz.gettz(NEW_YORK)),
        "UTC": in_zone(times, "UTC"),
        "half an hour": in_zone(times, "Asia/Kolkata"),
        "offset": in_zone(times, datetime.timezone(datetime.timedelta(hours=-3))),
        "sparse": pd.Series(pd.arrays.SparseArray(series(times, "M8[us]").to_numpy())),
        "Arrow": series(times, arrow(pa.timestamp("us"))),
        "Arrow zone": in_zone(times, NEW_YORK, arrow(pa.timestamp("us", NEW_YORK))),
        "Arrow durations": series(spans, arrow(pa.duration("us"))),
        "objects": pd.Series(with_gap(times), dtype=object),
        "timestamps": pd.Series(with_gap(list(map(pd.Timestamp, times))), dtype=object),
        "aware objects": pd.Series(with_gap(localized(times, BERLIN)), dtype=object),
        "several offsets": pd.Series(with_gap(several_offsets(times)), dtype=object),
        "durations": pd.Series(with_gap(spans), dtype=object),
        "polars us": pl.Series(with_gap(times), dtype=pl.Datetime("us")),
        "polars ns": pl.Series(with_gap(times), dtype=pl.Datetime("ns")),
        "polars zone": pl.Series(with_gap(times)).dt.replace_time_zone(
            "Europe/Berlin", ambiguous="earliest", non_existent="null"
        ),
        "polars durations": pl.Series(with_gap(spans)),
    }
    if unit == "D":
        days = with_gap([time.date() for time in times])
        found["dates"] = pd.Series(days, dtype=object)
        found["Arrow dates"] = series([t.date() for t in times], arrow(pa.date32()))
        found["Arrow long dates"] = series(days[:-1] + days[:1], arrow(pa.date64()))
        found["polars dates"] = pl.Series(days)
    if unit in ("D", "h", "m", "s"):
        found["pandas s"] = series(times, "M8[s]")
        found["array of seconds"] = np.array(with_gap(times), dtype="M8[s]")
    return found


UNITS = ("D", "h", "m", "s", "ms")
COLUMNS = {
    f"{unit}: {name}": (unit, column)
    for unit in UNITS
    for name, column in columns(unit).items()
}
all_columns = pytest.mark.parametrize(("unit", "column"), COLUMNS.values(), ids=COLUMNS)


def wall_times(values):
    """Return times as microseconds on the clocks of their zones."""
    plain = []
    for value in values:
        if getattr(value, "tzinfo", None) is not None:
            value = value.replace(tzinfo=None)
        if type(value) is datetime.date:
            value = datetime.datetime.combine(value, datetime.time())
        plain.append(value)
    kind = "m" if isinstance(plain[0], datetime.timedelta) else "M"
    return np.array(plain, dtype=f"{kind}8[us]").astype(np.int64)


@all_columns
def test_written_times_have_the_resolution_of_the_column(unit, column):
    read = read_column(column)
    column_type = read.type()
    assert column_type.resolution == unit
    floats = read.to_float()
    known = ~np.isnan(floats)
    spread = np.nanmax(floats) - np.nanmin(floats)
    drawn = np.nanmin(floats) + spread * np.linspace(0.0, 1.0, 50)
    written = read_column(write(drawn, column_type, "x"))
    assert written.dtype in (read.dtype, getattr(read.dtype, "newbyteorder", int)())
    wall = wall_times(written.to_objects())
    assert not (wall % LENGTHS[unit]).any()
    # Not farther off than rounding is, and the clock may change by an hour.
    off = np.abs(written.to_float() - drawn)
    assert off.max() <= LENGTHS[unit] / 2 + (unit == "D") * LENGTHS["h"]
    if column_type.zone == 7200:
        # Days of one offset are no days of another.
        return
    # A multiple stays as it is.
    again = read_column(write(floats[known], column_type, "x"))
    np.testing.assert_array_equal(again.to_float(), floats[known])


def frame_of(column):
    trend = np.arange(float(N))
    if isinstance(column, pl.Series):
        return pl.DataFrame({"x": column, "y": trend})
    if isinstance(column, np.ndarray):
        X = np.empty((N, 2), dtype=object)
        X[:, 0], X[:, 1] = column.astype(object), trend
        return X
    return pd.DataFrame({"x": column, "y": trend})


def first_of(table):
    if isinstance(table, np.ndarray):
        return list(table[:, 0])
    return list(table["x"])


DAYS = {
    name: columns("D")[name]
    for name in (
        *("array of objects", "pandas us", "zone", "Arrow zone", "objects"),
        *("aware objects", "several offsets", "durations", "polars zone", "dates"),
    )
}


@pytest.mark.parametrize("column", DAYS.values(), ids=DAYS)
def test_days_are_filled_with_days(column, tmp_path):
    X = frame_of(column)
    inner = TabularDenoisingAutoencoder(
        4, hidden_layer_sizes=(8,), corruption="masking", max_iter=3, random_state=0
    )
    imputer = DenoisingImputer(inner, n_estimators=1, random_state=0).fit(X)
    sk_dae.save(imputer, tmp_path / "imputer")
    dae = inner.fit(X)
    observed = first_of(X)[:-1]
    aware = getattr(observed[0], "tzinfo", None) is not None
    filled = [imputer.transform(X), *imputer.sample(X, 3, random_state=0)]
    filled.append(sk_dae.load(tmp_path / "imputer").transform(X))
    for table in filled:
        *kept, new = first_of(table)
        assert kept == observed
        assert list(map(str, kept)) == list(map(str, observed))
        assert (getattr(new, "tzinfo", None) is not None) == aware
        assert not wall_times([new])[0] % LENGTHS["D"]
    denoised = first_of(dae.denoise(X))
    assert not (wall_times(denoised) % LENGTHS["D"]).any()
    assert aware == all(getattr(v, "tzinfo", None) is not None for v in denoised)


@pytest.mark.parametrize("zone", [BERLIN, dateutil.tz.gettz("Europe/Berlin")])
def test_filled_datetimes_have_the_zone_of_the_observed(zone):
    column = pd.Series(localized(datetimes("D"), zone), dtype=object)
    (written,) = write(
        np.array([np.nan, 1.6e15]), read_column(column).type(), "x"
    ).dropna()
    # In summer.
    assert written.tzinfo == BERLIN
    assert written.utcoffset() == datetime.timedelta(hours=2)


def test_filled_datetimes_have_the_most_frequent_offset():
    column = pd.Series(several_offsets(datetimes("D")), dtype=object)
    assert read_column(column).type().zone == 7200
    reverse = pd.Series(column[::-1].to_list(), dtype=object)
    assert read_column(reverse).type().zone == 7200


@pytest.mark.parametrize("hour", range(24))
def test_changes_of_the_clock(hour):
    # Hours of the day on which the clock goes forward, and of the one when it goes
    # back, in a column of whole hours.
    for day in ("2020-03-29", "2020-10-25"):
        times = pd.date_range(day, periods=23, freq="h", tz="Europe/Berlin")
        column = pd.Series(times)
        drawn = (times.as_unit("us").asi8 + (hour - 12) * 120_000_000).astype(float)
        written = write(drawn, read_column(column).type(), "x")
        pd.testing.assert_series_equal(written, column)


def test_hour_that_does_not_exist():
    # Columns of midnights, in a zone in which one was skipped.
    column = pd.Series(pd.to_datetime(["2018-11-01", "2018-11-08"])).dt.tz_localize(
        "America/Sao_Paulo"
    )
    drawn = pd.Timestamp("2018-11-04 04:00", tz="UTC").value / 1e3
    (written,) = write(np.array([drawn]), read_column(column).type(), "x")
    assert written == pd.Timestamp("2018-11-04 01:00", tz="America/Sao_Paulo")


def test_dates_stay_within_the_years_of_python():
    column = pd.Series([datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)])
    column = column.astype(object)
    written = write(np.array([-1e18, 1e18]), read_column(column).type(), "x")
    assert written.to_list() == column.to_list()


@pytest.mark.parametrize(
    ("integers", "unit", "count", "expected"),
    [
        ([0], "s", 1, "D"),
        ([86_400, 0], "s", 1, "D"),
        ([-3600, 7200], "s", 1, "h"),
        ([1], "W", 1, "D"),
        ([1, 2], "s", 25, "s"),
        ([3], "s", 20, "m"),
        ([1000], "ns", 1, "us"),
        ([1], "ns", 1, "ns"),
        ([], "s", 1, None),
        ([1], "M", 1, None),
    ],
)
def test_resolution(integers, unit, count, expected):
    assert resolution_of(np.array(integers, dtype=np.int64), unit, count) == expected


@pytest.mark.parametrize(
    ("resolution", "unit", "count", "step"),
    [
        ("D", "ns", 1, 86_400 * 10**9),
        ("m", "s", 25, 1),
        ("m", "s", 20, 3),
        ("s", "D", 1, 1),
        (None, "s", 1, 1),
    ],
)
def test_step(resolution, unit, count, step):
    assert step_of(resolution, unit, count) == step
