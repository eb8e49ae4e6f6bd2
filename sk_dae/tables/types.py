"""The types of columns of NumPy, pandas and polars: what they hold, as plain data."""

from __future__ import annotations

import numpy as np

from ..backend.serialization import serializable

__all__ = [
    "ColumnType",
    "is_dtype",
    "is_duration",
    "is_scalar_type",
    "kind_of",
    "library_of",
    "storage_of",
]

#: How a type of NumPy or pandas stores values, by its `kind`.
STORAGES = {
    "i": "integer",
    "u": "integer",
    "f": "float",
    "m": "time",
    "M": "time",
    "O": "object",
}

#: How an Arrow type stores values, by how its name begins; else its `kind` tells.
ARROW_STORAGES = {
    "date": "time",
    "timestamp": "time",
    "duration": "time",
    "decimal": "decimal",
}

#: How a polars type stores values, by the method that asks it.
POLARS_STORAGES = {
    "is_integer": "integer",
    "is_float": "float",
    "is_decimal": "decimal",
    "is_temporal": "time",
}

#: The kind of a column, by how its type stores values; times are of two kinds.
KINDS = {
    "integer": "numeric",
    "float": "numeric",
    "decimal": "numeric",
    "category": "categorical",
}


def is_dtype(value):
    """Whether `value` is a type of columns that can be described."""
    return (
        isinstance(value, np.dtype)
        or library_of(value) is not None
        or is_scalar_type(value)
    )


def is_scalar_type(value):
    """Whether `value` is one of NumPy's classes of numbers and times."""
    return isinstance(value, type) and issubclass(value, np.generic)


def library_of(value):
    """Return "pandas" or "polars" where `value` is a type of theirs, else None."""
    cls = value if isinstance(value, type) else type(value)
    library = cls.__module__.partition(".")[0]
    if library == "polars" and hasattr(value, "is_numeric"):
        return library
    if library == "pandas" and hasattr(value, "na_value"):
        return library
    return None


def storage_of(dtype):
    """Return how a type stores values.

    Parameters
    ----------
    dtype : numpy.dtype, pandas extension dtype or polars dtype
        The type.

    Returns
    -------
    storage : {"integer", "float", "decimal", "time", "object", "category"}
        "object" where Python objects lie in an array, which may be anything;
        "category" for all that is neither a number nor a time.
    """
    library = library_of(dtype)
    if library is None:
        return STORAGES.get(dtype.kind, "category")
    if library == "polars":
        found = [s for ask, s in POLARS_STORAGES.items() if getattr(dtype, ask)()]
        return found[0] if found else "category"
    arrow = str(getattr(dtype, "pyarrow_dtype", ""))
    for start, storage in ARROW_STORAGES.items():
        if arrow.startswith(start):
            return storage
    storage = STORAGES.get(dtype.kind, "category")
    return "category" if storage == "object" else storage


def is_duration(dtype):
    """Whether a type of times holds durations."""
    is_named_so = str(dtype).lower().startswith("duration")
    return is_named_so or getattr(dtype, "kind", None) == "m"


def kind_of(dtype):
    """Return what a column of a type holds, as `ColumnType` names it.

    Parameters
    ----------
    dtype : numpy.dtype, pandas extension dtype or polars dtype
        A type that does not store objects.

    Returns
    -------
    kind : {"numeric", "datetime", "duration", "categorical"}
        The kind.
    """
    storage = storage_of(dtype)
    if storage == "time":
        return "duration" if is_duration(dtype) else "datetime"
    return KINDS[storage]


@serializable
class ColumnType:
    """The type of a column, from which another such column can be written.

    Parameters
    ----------
    container : {"array", "pandas", "polars"}
        The kind of the table that the column belongs to.

    dtype : numpy.dtype, pandas extension dtype or polars dtype
        Its type there.

    kind : {"numeric", "datetime", "duration", "categorical"}
        The kind of its values.

    objects : {"date", "datetime", "int", "Decimal"} or None, default=None
        The class of its objects, where neither type nor kind says it.

    bounds : pair of int, default=None
        The least and the greatest value, of integers and times, in the unit of the
        type.

    resolution : {"D", "h", "m", "s", "ms", "us", "ns"} or None, default=None
        The longest unit of which all times are multiples, on the clock of their zone.

    zone : str or int, default=None
        The time zone of objects that are datetimes: its name, or seconds to the east of
        UTC. None where they have none.
    """

    #: Older files have column types without these attributes; the name is for messages.
    resolution = zone = name = None

    def __init__(
        self,
        container,
        dtype,
        kind,
        objects=None,
        bounds=None,
        resolution=None,
        zone=None,
    ):
        self.container = container
        self.dtype = dtype
        self.kind = kind
        self.objects = objects
        self.bounds = bounds
        self.resolution = resolution
        self.zone = zone

    @property
    def storage(self):
        """How values of the column are written, as `storage_of` names it."""
        return "category" if self.kind == "categorical" else storage_of(self.dtype)
