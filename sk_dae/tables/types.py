"""The types of columns as plain data, and back: NumPy, pandas, polars."""

from __future__ import annotations

import numpy as np

from ..backend.serialization import serializable

__all__ = ["ColumnType", "describe", "is_dtype", "make"]


def is_dtype(value):
    """Whether `value` is a type of columns that can be described."""
    return (
        isinstance(value, np.dtype)
        or _library_of(value) is not None
        or _is_number(value)
    )


def _is_number(value):
    return isinstance(value, type) and issubclass(value, np.generic)


def _library_of(value):
    """Return "pandas" or "polars" where `value` is a type of theirs."""
    cls = value if isinstance(value, type) else type(value)
    library = cls.__module__.partition(".")[0]
    if library == "polars" and hasattr(value, "is_numeric"):
        return library
    if library == "pandas" and hasattr(value, "na_value"):
        return library
    return None


def describe(dtype):
    """Return a type as a dict of plain data.

    Parameters
    ----------
    dtype : numpy.dtype, NumPy scalar type, pandas extension dtype or polars dtype
        The type.

    Returns
    -------
    description : dict
        What :func:`make` takes.

    Raises
    ------
    TypeError
        If it is a type with parts that have no plain form.
    """
    if _is_number(dtype):
        return {"of": "scalar", "name": np.dtype(dtype).str}
    if isinstance(dtype, np.dtype):
        return {"of": "numpy", "name": dtype.str}
    library = _library_of(dtype)
    description = {"of": library, "name": str(dtype)}
    if library == "pandas" and str(dtype) == "category":
        description["categories"] = dtype.categories.tolist()
        description["ordered"] = bool(dtype.ordered)
    elif library == "polars":
        cls = dtype if isinstance(dtype, type) else type(dtype)
        description["name"] = cls.__name__
        given = {
            "Datetime": ("time_unit", "time_zone"),
            "Decimal": ("precision", "scale"),
            "Duration": ("time_unit",),
        }
        for part in given.get(cls.__name__, ()):
            description[part] = getattr(dtype, part, None)
        if cls.__name__ == "Enum":
            description["categories"] = dtype.categories.to_list()
    plain = all(
        isinstance(category, str | int | float)
        for category in description.get("categories") or ()
    )
    if not plain or make(description) != dtype:
        raise TypeError(f"The type {dtype} of a column cannot be saved.")
    return description


def make(description):
    """Return the type that :func:`describe` described.

    Parameters
    ----------
    description : dict
        Plain data.

    Returns
    -------
    dtype : numpy.dtype, NumPy scalar type, pandas extension dtype or polars dtype
        The type.
    """
    parts = dict(description)
    library, name = parts.pop("of"), parts.pop("name")
    if library == "scalar":
        return np.dtype(name).type
    if library == "numpy":
        return np.dtype(name)
    if library == "pandas":
        import pandas as pd

        if name == "category":
            return pd.CategoricalDtype(**parts)
        return pd.api.types.pandas_dtype(name)
    import polars as pl

    dtype = getattr(pl, name, None)
    # It comes from a file, which must not choose what is called.
    if not (isinstance(dtype, type) and issubclass(dtype, pl.DataType)):
        raise ValueError(f"polars has no type {name!r}.")
    return dtype(**parts)


@serializable
class ColumnType:
    """What a column is, so that another of its type can be written.

    Parameters
    ----------
    container : {"array", "pandas", "polars"}
        What it is a column of.

    dtype : numpy.dtype, pandas extension dtype or polars dtype
        Its type there.

    kind : {"numeric", "datetime", "duration", "clock", "categorical"}
        What it holds.

    objects : str or None
        What its objects are, where the type does not say: "date", "datetime", "int",
        "float", "Decimal".

    zone : str, float or None
        The time zone of objects, by name or in seconds.

    bounds : pair of int or None
        The least and the greatest value, of integers and times, in the unit of the
        type.
    """

    def __init__(self, container, dtype, kind, objects=None, zone=None, bounds=None):
        self.container = container
        self.dtype = dtype
        self.kind = kind
        self.objects = objects
        self.zone = zone
        self.bounds = bounds
