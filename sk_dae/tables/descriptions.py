"""The types of columns as plain data, and back.

A type that has no exact form as plain data is described as the nearest one that reads
the same: of a time zone of dateutil, the zone of the same name.
"""

from __future__ import annotations

import numpy as np

from .conversion import is_sparse
from .types import is_scalar_type, library_of
from .values import describe_value, make_value
from .zones import find_name

__all__ = ["UnsavedType", "describe", "make"]


class UnsavedType:
    """Stands for the type of a column in a model that writes no tables.

    Parameters
    ----------
    name : str
        Name of the type.
    """

    kind = "V"

    def __init__(self, name):
        self.name = name

    def __str__(self):
        # Not taken for the type itself by those who go by its name.
        return f"{self.name} (not saved)"


def describe(dtype, *, needed=True):
    """Return a type as a dict of plain data.

    Parameters
    ----------
    dtype : numpy.dtype, NumPy scalar type, pandas extension dtype or polars dtype
        The type.

    needed : bool, default=True
        Whether a column of the type may have to be written.

    Returns
    -------
    description : dict
        A dict that :func:`make` takes.

    Raises
    ------
    TypeError
        If it is needed, but has parts that have no plain form.
    """
    if isinstance(dtype, UnsavedType):
        return {"of": "nothing", "name": dtype.name}
    if is_scalar_type(dtype):
        return {"of": "scalar", "name": np.dtype(dtype).str}
    if isinstance(dtype, np.dtype):
        return {"of": "numpy", "name": dtype.str}
    writers = PANDAS if library_of(dtype) == "pandas" else [_describe_polars]
    for write in writers:
        try:
            description = write(dtype)
            made = None if description is None else make(description)
        except (ImportError, NotImplementedError, TypeError, ValueError):
            continue
        if made == dtype or (made is not None and write in NEAREST):
            return description
    if not needed:
        return {"of": "nothing", "name": str(dtype)}
    raise TypeError(f"The type {dtype} of a column cannot be saved.")


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

    Raises
    ------
    ValueError
        If the libraries have no such type.
    """
    parts = dict(description)
    library, name = parts.pop("of"), parts.pop("name")
    if library == "scalar":
        return np.dtype(name).type
    if library == "numpy":
        return np.dtype(name)
    if library == "nothing":
        return UnsavedType(name)
    if library == "arrow":
        import pandas as pd

        return pd.ArrowDtype(_make_arrow(name, parts))
    maker = PANDAS_MAKERS.get(name, _make_pandas) if library == "pandas" else None
    return (maker or _make_polars)(name, **parts)


# -- pandas -------------------------------------------------------------------------


def _describe_by_name(dtype):
    # The name of these does not say all.
    if type(dtype).__name__ in ("ArrowDtype", "CategoricalDtype", "StringDtype"):
        return None
    return {"of": "pandas", "name": str(dtype)}


def _describe_category(dtype):
    if type(dtype).__name__ != "CategoricalDtype":
        return None
    description = {"of": "pandas", "name": "category", "ordered": bool(dtype.ordered)}
    if dtype.categories is None:
        return {**description, "categories": None}
    index = dtype.categories
    categories = [describe_value(value) for value in index.tolist()]
    if str(index.dtype) not in ("object", "str"):
        # Without a name of their own, the values tell enough.
        description["values"] = describe(index.dtype)
    if type(index).__name__ == "DatetimeIndex":
        # Their type has the zone.
        categories = [describe_value(value) for value in index.asi8.tolist()]
    return {**description, "categories": categories}


def _make_category(name, categories, ordered, values=None):
    import pandas as pd

    if categories is None:
        return pd.CategoricalDtype(ordered=ordered)
    dtype = None if values is None else make(values)
    found = [make_value(value) for value in categories]
    if getattr(dtype, "kind", "") == "M" and not hasattr(dtype, "pyarrow_dtype"):
        unit = getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
        index = pd.DatetimeIndex(np.array(found, dtype=np.int64).view(f"M8[{unit}]"))
        zone = getattr(dtype, "tz", None)
        if zone is not None:
            index = index.tz_localize("UTC").tz_convert(zone)
    else:
        index = pd.Index(_as_objects(found), dtype=dtype)
        if dtype is None:
            index = index.infer_objects()
    return pd.CategoricalDtype(index, ordered=ordered)


def _as_objects(values):
    return np.fromiter(values, dtype=object, count=len(values))


def _describe_string(dtype):
    if type(dtype).__name__ != "StringDtype":
        return None
    na_value = "NA" if type(dtype.na_value).__name__ == "NAType" else "NaN"
    storage = dtype.storage
    return {"of": "pandas", "name": "strings", "storage": storage, "missing": na_value}


def _make_string(name, storage, missing):
    import pandas as pd

    na_value = np.nan if missing == "NaN" else pd.NA
    try:
        return pd.StringDtype(storage, na_value)
    except ImportError:
        # Arrow is not here.
        return pd.StringDtype("python", na_value)


def _describe_sparse(dtype):
    if not is_sparse(dtype):
        return None
    return {
        "of": "pandas",
        "name": "sparse",
        "subtype": describe(dtype.subtype),
        "fill_value": describe_value(dtype.fill_value),
    }


def _make_sparse(name, subtype, fill_value):
    import pandas as pd

    return pd.SparseDtype(make(subtype), make_value(fill_value))


def _describe_interval(dtype):
    if type(dtype).__name__ != "IntervalDtype" or dtype.subtype is None:
        return None
    subtype = describe(dtype.subtype)
    closed = dtype.closed
    return {"of": "pandas", "name": "interval", "subtype": subtype, "closed": closed}


def _make_interval(name, subtype, closed):
    import pandas as pd

    return pd.IntervalDtype(make(subtype), closed)


def _describe_dateutil(dtype):
    return _describe_zoned(dtype, "dateutil/")


def _describe_nearest_zone(dtype):
    return _describe_zoned(dtype, "")


def _describe_zoned(dtype, source):
    if type(dtype).__name__ != "DatetimeTZDtype":
        return None
    name = find_name(dtype.tz)
    if name is None:
        offset = dtype.tz.utcoffset(None)
        if offset is None:
            return None
        minutes, rest = divmod(round(offset.total_seconds()), 60)
        if rest:
            return None
        sign, minutes = "-" if minutes < 0 else "+", abs(minutes)
        name = f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    return {"of": "pandas", "name": f"datetime64[{dtype.unit}, {source}{name}]"}


def _make_pandas(name):
    import pandas as pd

    return pd.api.types.pandas_dtype(name)


# -- Arrow --------------------------------------------------------------------------

#: The parameters of Arrow's types, by the name of the function that makes them.
ARROW_PARTS = {
    "decimal32": ("precision", "scale"),
    "decimal64": ("precision", "scale"),
    "decimal128": ("precision", "scale"),
    "decimal256": ("precision", "scale"),
    "duration": ("unit",),
    "time32": ("unit",),
    "time64": ("unit",),
    "timestamp": ("unit", "tz"),
}

#: Types of Arrow without parameters whose name is not that of their function.
ARROW_NAMES = {"bool": "bool_", "float": "float32", "double": "float64"}
ARROW_NAMES |= {"halffloat": "float16"}

#: Functions of Arrow that make types without parameters.
ARROW_PLAIN = frozenset(
    [
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
        *("bool_", "float16", "float32", "float64", "date32", "date64", "null"),
        *("string", "large_string", "string_view"),
        *("binary", "large_binary", "binary_view"),
    ]
)


def _describe_arrow(dtype):
    if not hasattr(dtype, "pyarrow_dtype"):
        return None
    return {"of": "arrow", **_parts_of_arrow(dtype.pyarrow_dtype)}


def _parts_of_arrow(arrow):
    name = str(arrow).partition("[")[0].partition("(")[0]
    if name.startswith("dictionary"):
        return {
            "name": "dictionary",
            "index_type": _parts_of_arrow(arrow.index_type),
            "value_type": _parts_of_arrow(arrow.value_type),
            "ordered": bool(arrow.ordered),
        }
    if name.startswith("fixed_size_binary"):
        return {"name": "fixed_size_binary", "width": arrow.byte_width}
    parts = {part: getattr(arrow, part) for part in ARROW_PARTS.get(name, ())}
    return {"name": ARROW_NAMES.get(name, name), **parts}


def _make_arrow(name, parts):
    import pyarrow

    if name == "dictionary":
        types = (dict(parts[part]) for part in ("index_type", "value_type"))
        index, value = (_make_arrow(t.pop("name"), t) for t in types)
        return pyarrow.dictionary(index, value, ordered=parts["ordered"])
    if name == "fixed_size_binary":
        return pyarrow.binary(parts["width"])
    # It comes from a file, which must not choose what is called.
    if name not in ARROW_PLAIN and name not in ARROW_PARTS:
        raise ValueError(f"Arrow has no type {name!r} that sk_dae knows.")
    return getattr(pyarrow, name)(*(parts[p] for p in ARROW_PARTS.get(name, ())))


# -- polars -------------------------------------------------------------------------

#: The parameters of polars' types, by the name of the class.
POLARS_PARTS = {
    "Datetime": ("time_unit", "time_zone"),
    "Decimal": ("precision", "scale"),
    "Duration": ("time_unit",),
}


def _describe_polars(dtype):
    cls = dtype if isinstance(dtype, type) else type(dtype)
    description = {"of": "polars", "name": cls.__name__}
    for part in POLARS_PARTS.get(cls.__name__, ()):
        description[part] = getattr(dtype, part, None)
    if cls.__name__ == "Enum":
        description["categories"] = dtype.categories.to_list()
    return description


def _make_polars(name, **parts):
    import polars as pl

    dtype = getattr(pl, name, None)
    # It comes from a file, which must not choose what is called.
    if not (isinstance(dtype, type) and issubclass(dtype, pl.DataType)):
        raise ValueError(f"polars has no type {name!r}.")
    return dtype(**parts)


#: Functions that describe a type of pandas, or return None; the first whose result is
#: the type counts.
PANDAS = [
    _describe_by_name,
    _describe_category,
    _describe_string,
    _describe_arrow,
    _describe_sparse,
    _describe_interval,
    _describe_dateutil,
    _describe_nearest_zone,
]

#: Functions whose result need only be near.
NEAREST = (_describe_nearest_zone,)

#: Functions that make a type of pandas of its parts, by the name in its description;
#: a name alone is for pandas to read.
PANDAS_MAKERS = {
    "category": _make_category,
    "interval": _make_interval,
    "sparse": _make_sparse,
    "strings": _make_string,
}
