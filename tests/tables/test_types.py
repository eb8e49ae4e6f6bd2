"""Types of columns as plain data, and back."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sk_dae.tables.descriptions import describe, make
from sk_dae.tables.types import is_dtype, kind_of, storage_of

DTYPES = [
    np.dtype("float64"),
    np.dtype("int8"),
    np.dtype(object),
    np.dtype("datetime64[s]"),
    np.float64,
    pd.Int64Dtype(),
    pd.BooleanDtype(),
    pd.Series(["a"]).dtype,
    pd.Series(["a"], dtype="string").dtype,
    pd.DatetimeTZDtype("ns", "Asia/Tokyo"),
    pd.CategoricalDtype(["b", "a"], ordered=True),
    pd.CategoricalDtype([3, 1]),
    pl.Float32(),
    pl.Int64,
    pl.String(),
    pl.Categorical(),
    pl.Boolean(),
    pl.Date(),
    pl.Datetime("ms", "Asia/Tokyo"),
    pl.Duration("us"),
    pl.Enum(["b", "a"]),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=repr)
def test_type_comes_back(dtype):
    assert is_dtype(dtype)
    made = make(json.loads(json.dumps(describe(dtype))))
    assert made == dtype


@pytest.mark.parametrize("value", ["float64", 1.0, float, pd.DataFrame, [np.float64]])
def test_other_things_are_no_types(value):
    assert not is_dtype(value)


@pytest.mark.parametrize("name", ["read_csv", "DataFrame", "no_such_type"])
def test_description_cannot_choose_what_is_called(name):
    with pytest.raises(ValueError, match="polars has no type"):
        make({"of": "polars", "name": name})


@pytest.mark.parametrize(
    ("dtype", "storage", "kind"),
    [
        (np.dtype("uint8"), "integer", "numeric"),
        (np.dtype("float16"), "float", "numeric"),
        (np.dtype(bool), "category", "categorical"),
        (np.dtype("U3"), "category", "categorical"),
        (np.dtype(">M8[s]"), "time", "datetime"),
        (np.dtype("m8[D]"), "time", "duration"),
        (pd.Int8Dtype(), "integer", "numeric"),
        (pd.Float32Dtype(), "float", "numeric"),
        (pd.BooleanDtype(), "category", "categorical"),
        (pd.StringDtype(), "category", "categorical"),
        (pd.CategoricalDtype([1, 2]), "category", "categorical"),
        (pd.DatetimeTZDtype("ns", "UTC"), "time", "datetime"),
        (pd.PeriodDtype("D"), "category", "categorical"),
        *(
            (pd.api.types.pandas_dtype(f"{name}[pyarrow]"), storage, kind)
            for name, storage, kind in [
                ("int16", "integer", "numeric"),
                ("double", "float", "numeric"),
                ("bool", "category", "categorical"),
                ("string", "category", "categorical"),
                ("date32[day]", "time", "datetime"),
                ("timestamp[ns]", "time", "datetime"),
                ("duration[ms]", "time", "duration"),
            ]
        ),
        (pl.Int64, "integer", "numeric"),
        (pl.Float32(), "float", "numeric"),
        (pl.Decimal(10, 2), "decimal", "numeric"),
        (pl.Date, "time", "datetime"),
        (pl.Duration("ms"), "time", "duration"),
        (pl.Boolean, "category", "categorical"),
        (pl.Enum(["a"]), "category", "categorical"),
    ],
    ids=str,
)
def test_types_say_how_they_store_what(dtype, storage, kind):
    assert storage_of(dtype) == storage
    assert kind_of(dtype) == kind


def test_objects_may_be_anything():
    assert storage_of(np.dtype(object)) == "object"
