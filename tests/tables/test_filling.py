"""Values put into cells of tables, whose columns keep their types."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from helpers import read_column, table_of
from sk_dae.tables.filling import fill_columns
from sk_dae.tables.reading import columns_of


def test_categories_that_a_batch_lacks_are_added():
    in_fit = read_column(pd.Series(pd.Categorical(["x", "y"]))).type()
    batch = pd.DataFrame({"c": pd.Categorical(["x", None, None])}, index=[5, 6, 7])
    cells = {0: (np.array([1, 2]), np.array(["y", "x"], dtype=object))}
    filled = fill_columns(batch, cells, [in_fit], ["c"])
    assert filled["c"].tolist() == ["x", "y", "x"]
    assert filled["c"].cat.categories.tolist() == ["x", "y"]
    assert filled.index.tolist() == [5, 6, 7]
    assert batch["c"].isna().sum() == 2


def test_enum_that_lacks_a_category_is_named():
    in_fit = read_column(pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"]))).type()
    batch = pl.DataFrame({"c": pl.Series(["x", None], dtype=pl.Enum(["x"]))})
    cells = {0: (np.array([1]), np.array(["y"], dtype=object))}
    with pytest.raises(ValueError, match=r"Column c has the type Enum.* cannot hold"):
        fill_columns(batch, cells, [in_fit], ["c"])


@pytest.mark.parametrize(
    ("in_fit", "batch"),
    [
        (pd.Series(["a", "b"]), pd.Series([np.nan])),
        (pd.Series(pd.Categorical(["a", "b"])), pd.Series([None], dtype=object)),
        (pd.Series([1, 2], dtype="Int64"), pd.Series([np.nan])),
        (pd.Series(pd.to_datetime(["2020", "2021"])), pd.Series([np.nan])),
        (pl.Series(["a", "b"]), pl.Series([None])),
        (pl.Series([1.5, 2.5]), pl.Series([None])),
        (pl.Series(["a", "b"]), pd.Series([np.nan])),
        (pd.Series(pd.to_datetime(["2020", "2021"])), pl.Series([None])),
        (pd.Series(["a", "b"]), np.array([np.nan])),
        (np.array(["a", "b"], dtype=object), np.array([np.nan])),
    ],
    ids=lambda column: f"{type(column).__module__.partition('.')[0]} {column.dtype}",
)
def test_column_of_gaps_alone_gets_a_type_that_holds_what_it_gets(in_fit, batch):
    fitted = read_column(in_fit)
    values = fitted.to_objects()[:1]
    if fitted.kind() != "categorical":
        values = fitted.to_float()[:1]
    table = table_of(batch)
    filled = fill_columns(table, {0: (np.array([0]), values)}, [fitted.type()], ["x"])
    (column,) = columns_of(filled)
    assert type(filled) is type(table)
    assert not column.missing().any()
    assert column.to_objects()[0] == fitted.to_objects()[0]
    if column.container == fitted.container != "array":
        assert column.dtype == fitted.dtype


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date32[day]", datetime.date(2020, 1, 2)),
        ("timestamp[ms]", datetime.datetime(2020, 1, 2)),
        ("timestamp[us, tz=Europe/Berlin]", datetime.datetime(2020, 1, 2)),
        ("duration[s]", datetime.timedelta(2)),
        ("decimal128(5, 2)", Decimal("1.25")),
        ("int32", 3),
        ("string", "x"),
    ],
)
def test_arrow_columns_of_pandas(name, value):
    dtype = f"{name}[pyarrow]"
    if name.startswith("decimal"):
        dtype = pd.ArrowDtype(pytest.importorskip("pyarrow").decimal128(5, 2))
    series = pd.Series([value, None, value]).astype(dtype)
    wrapped = read_column(series)
    assert wrapped.missing().tolist() == [False, True, False]
    values = wrapped.to_objects()[:1]
    if wrapped.kind() != "categorical":
        values = wrapped.to_float()[:1]
    cells = {0: (np.array([1]), values)}
    filled = fill_columns(series.to_frame("x"), cells, [wrapped.type()], ["x"])
    assert filled.dtypes.tolist() == [series.dtype]
    assert filled["x"].tolist() == [series[0]] * 3
