"""Where rows that memory need not hold come from: Arrow datasets, readers, dask.

A source has units, such as the row groups of Parquet files, that can be read in any
order; all of them have the same columns. Rows come as arrays of a unit's parts.
"""

from __future__ import annotations

import contextlib
import itertools
import os

import numpy as np

from ..tables.numbers import as_numbers
from ..tables.stored import is_dask, is_dataset, is_one_pass
from ..tables.units import type_in_units

__all__ = ["ArraySource", "open_source"]

#: Bytes that are decoded at a time, as float64.
PART_BYTES = 2**23

#: Bytes that are read from a file at a time.
BUFFER_BYTES = 2**18


def open_source(X, columns=None, wanted=None):
    """Return the source of what a user gives.

    Parameters
    ----------
    X : str, path, list of such, pyarrow dataset or reader, or dask collection
        The rows.

    columns : sequence of str or None, default=None
        Names of the columns to read, in their order; None reads all.

    wanted : sequence of str or None, default=None
        Columns to read in place of all, if all of them are there.

    Returns
    -------
    source : Source
        The source; its columns are checked.

    Raises
    ------
    ValueError
        If a column is not there or holds no numbers, if two have the same name, or if
        no file can be read.

    TypeError
        If X is nothing that can be read so.
    """
    if isinstance(X, str | os.PathLike) or _are_paths(X):
        X = _open_files(X)
    if is_dask(X):
        if hasattr(X, "columns"):
            return DaskFrameSource(X, columns, wanted)
        if columns is not None:
            raise ValueError("columns must be None for a dask array: it has no names.")
        return DaskArraySource(X)
    if is_one_pass(X):
        return ReaderSource(X, columns, wanted)
    if is_dataset(X):
        return DatasetSource(X, columns, wanted)
    raise TypeError(
        "source must be a path of Parquet files or a list of such, a pyarrow Dataset "
        "or RecordBatchReader, or an array or a data frame of dask, got "
        f"{type(X).__name__}."
    )


def _are_paths(X):
    return (
        isinstance(X, list | tuple)
        and len(X) > 0
        and all(isinstance(path, str | os.PathLike) for path in X)
    )


def _open_files(paths):
    import pyarrow as pa
    from pyarrow import dataset

    several = not isinstance(paths, str | os.PathLike)
    paths = [os.fspath(p) for p in paths] if several else os.fspath(paths)
    try:
        return dataset.dataset(paths, format="parquet")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"source does not exist: {error}") from error
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"source cannot be read as Parquet: {error}") from error


def _choose(names, columns, wanted):
    """Return the names of the columns to read."""
    twice = {name for name in names if names.count(name) > 1}
    if columns is None:
        fits = wanted is not None and set(wanted) <= set(names) - twice
        columns = list(wanted) if fits else names
    columns = list(columns)
    if not columns:
        raise ValueError("The source has 0 columns while a minimum of 1 is required.")
    for name in columns:
        if name in twice:
            raise ValueError(
                f"The source has several columns of the name {name!r}; names must be "
                "unique."
            )
        if name not in names:
            there = ", ".join(map(str, names))
            raise ValueError(f"The source has no column {name!r}; it has {there}.")
    if len(set(columns)) < len(columns):
        raise ValueError(f"columns must be different from each other, got {columns}.")
    return columns


def _refuse_column(name, kind):
    raise ValueError(
        f"The column {name!r} is of type {kind}, but only numbers can be read from a "
        "stream. Leave it out, RowStream(source, columns=[...]), or encode it first."
    )


class Source:
    """Rows in units that are read on demand.

    Attributes
    ----------
    names : list of str or None
        Names of the columns; None where they have none.

    width : int
        How many columns.

    dtype : numpy.dtype
        float32 where all columns are such or shorter floats, and float64 elsewhere.

    unit_rows : list of int or None
        How many rows each unit has; None where only reading can tell.
    """

    names = None
    unit_rows = None

    def read(self, unit):
        """Yield the rows of a unit in parts, as arrays of `dtype`."""
        raise NotImplementedError

    def first(self):
        """Return the first part, or None where there is no row; read later, too."""
        units = range(len(self.unit_rows))
        return next((X for unit in units for X in self.read(unit) if len(X)), None)

    def header(self):
        """Return an empty table of the columns, as scikit-learn's checks read it."""
        if self.names is None:
            return np.empty((1, self.width))
        import pyarrow as pa

        return pa.table({name: pa.array([], pa.float64()) for name in self.names})


class ArraySource(Source):
    """An array with the names of its columns.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        float32 or float64.

    header : data frame or ndarray
        A table of the columns, as scikit-learn's checks read it.
    """

    def __init__(self, X, header):
        self._X, self._header = X, header
        self.width, self.dtype = X.shape[1], X.dtype
        self.unit_rows = [len(X)]

    def read(self, unit):
        """Yield the array."""
        yield self._X

    def header(self):
        """Return the table of the columns."""
        return self._header


class ArrowSource(Source):
    """Columns of Arrow, chosen and checked by their types.

    Parameters
    ----------
    schema : pyarrow.Schema
        Names and types.

    columns, wanted : sequence of str or None
        Which columns to read; see :func:`open_source`.
    """

    def __init__(self, schema, columns, wanted):
        self.names = _choose(schema.names, columns, wanted)
        self.width = len(self.names)
        kinds = [schema.field(name).type for name in self.names]
        for name, kind in zip(self.names, kinds, strict=True):
            if not _is_numeric(kind):
                _refuse_column(name, kind)
        short = all(str(kind) in ("halffloat", "float") for kind in kinds)
        self.dtype = np.dtype(np.float32 if short else np.float64)
        self.part_rows = max(1, PART_BYTES // (8 * self.width))

    def _to_arrays(self, batch):
        """Yield the rows of a record batch, a bounded number of them at a time."""
        for start in range(0, len(batch), self.part_rows):
            part = batch.slice(start, self.part_rows)
            X = np.empty((len(part), self.width), dtype=self.dtype)
            for j, name in enumerate(self.names):
                X[:, j] = _to_floats(part.column(name), name, self.dtype)
            yield X


def _is_numeric(kind):
    from pyarrow import types

    return (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_boolean(kind)
        or types.is_decimal(kind)
        or types.is_null(kind)
    )


def _to_floats(column, name, dtype):
    """Return a column as floats, NaN where it is null."""
    import pyarrow as pa
    from pyarrow import types

    kind = column.type
    if not _is_numeric(kind):
        # A file of the dataset may have another type than its schema says.
        _refuse_column(name, kind)
    if types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif types.is_float16(kind):
        # Arrow casts no nulls of this type.
        return column.to_numpy(zero_copy_only=False).astype(dtype)
    target = pa.float32() if dtype == np.float32 else pa.float64()
    return column.cast(target, safe=False).to_numpy(zero_copy_only=False)


class DatasetSource(ArrowSource):
    """A dataset of Arrow; the row groups of Parquet files are its units.

    Files of other formats are units as a whole, and a filtered dataset is one unit.

    Parameters
    ----------
    dataset : pyarrow.dataset.Dataset
        The dataset.

    columns, wanted : sequence of str or None
        Which columns to read; see :func:`open_source`.
    """

    def __init__(self, dataset, columns, wanted):
        super().__init__(dataset.schema, columns, wanted)
        self._dataset = dataset
        with _naming_dataset():
            units = _units_of(dataset)
            counts = [_count(unit) for unit in units]
        self._fragments = [unit for unit, n in zip(units, counts, strict=True) if n]
        self.unit_rows = [n for n in counts if n]

    def read(self, unit):
        """Yield the rows of a unit in parts."""
        n_rows = 0
        with _naming_dataset():
            for batch in self._batches(self._fragments[unit]):
                n_rows += len(batch)
                yield from self._to_arrays(batch)
        if n_rows != self.unit_rows[unit]:
            raise ValueError(
                f"A part of the dataset has {n_rows} rows, where there were "
                f"{self.unit_rows[unit]} before: its files have changed."
            )

    def _batches(self, fragment):
        if getattr(fragment, "row_groups", None) is not None:
            if set(self.names) <= set(fragment.physical_schema.names):
                return self._batches_of_group(fragment)
        return self._batches_of_any(fragment)

    def _batches_of_group(self, fragment):
        """Yield parts of a row group, which is never held whole."""
        from pyarrow import parquet

        with (
            fragment.open() as file,
            parquet.ParquetFile(
                file,
                # It tells of all row groups: no need to read it again for each.
                metadata=fragment.metadata,
                pre_buffer=False,
                buffer_size=BUFFER_BYTES,
            ) as opened,
        ):
            yield from opened.iter_batches(
                batch_size=self.part_rows,
                row_groups=[group.id for group in fragment.row_groups],
                columns=self.names,
                use_threads=False,
            )

    def _batches_of_any(self, fragment):
        """Yield record batches as the dataset reads them: with its schema."""
        options = {} if fragment is self._dataset else {"schema": self._dataset.schema}
        yield from fragment.to_batches(
            columns=self.names,
            batch_size=self.part_rows,
            batch_readahead=1,
            fragment_readahead=1,
            use_threads=False,
            **options,
        )


def _units_of(dataset):
    """Return the row groups, the files that have none, or the dataset as a whole."""
    try:
        fragments = list(dataset.get_fragments())
    except ValueError:
        # A filter leaves some rows of each fragment, which Arrow does not give then.
        return [dataset]
    units = []
    for fragment in fragments:
        if hasattr(fragment, "split_by_row_group"):
            units += fragment.split_by_row_group()
        else:
            units.append(fragment)
    return units


def _count(fragment):
    groups = getattr(fragment, "row_groups", None)
    if groups is None:
        return fragment.count_rows()
    return sum(group.num_rows for group in groups)


@contextlib.contextmanager
def _naming_dataset():
    """Say that what fails inside is the reading of the dataset."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"The dataset cannot be read: {error}") from error


class ReaderSource(ArrowSource):
    """A reader of record batches: one unit, which can be read once.

    Parameters
    ----------
    reader : pyarrow.RecordBatchReader
        The reader.

    columns, wanted : sequence of str or None
        Which columns to read; see :func:`open_source`.
    """

    def __init__(self, reader, columns, wanted):
        super().__init__(reader.schema, columns, wanted)
        self._parts = self._read(reader)

    def first(self):
        """Return the first part, or None where there is no row; read later, too."""
        first = next(self._parts, None)
        if first is not None:
            self._parts = itertools.chain([first], self._parts)
        return first

    def read(self, unit):
        """Yield the rows in parts."""
        yield from self._parts

    def _read(self, reader):
        with _naming_dataset():
            for batch in reader:
                yield from self._to_arrays(batch)


class DaskArraySource(Source):
    """An array of dask; its blocks of rows are the units.

    Parameters
    ----------
    X : dask.array.Array of shape (n_samples, n_features)
        The array; the numbers of rows of its blocks must be known.
    """

    def __init__(self, X):
        if X.ndim != 2:
            raise ValueError(f"Expected 2D array, got {X.ndim}D dask array instead.")
        if X.dtype.kind not in "biuf":
            raise ValueError(
                f"The dask array is of type {X.dtype}, but only numbers can be read "
                "from a stream."
            )
        if np.isnan(X.shape).any():
            raise ValueError(
                f"The dask array has blocks of unknown size, shape={X.shape}: call its "
                "compute_chunk_sizes() first."
            )
        self._X = X.rechunk({1: -1})
        self.width = X.shape[1]
        self.dtype = type_in_units(X.dtype)
        self.unit_rows = list(self._X.chunks[0])

    def read(self, unit):
        """Yield the block, computed by the scheduler that dask is set to."""
        yield np.asarray(self._X.blocks[unit].compute(), dtype=self.dtype)


class DaskFrameSource(Source):
    """A data frame of dask; its partitions are the units.

    Parameters
    ----------
    X : dask.dataframe.DataFrame of shape (n_samples, n_features)
        The frame.

    columns, wanted : sequence of str or None
        Which columns to read; see :func:`open_source`.
    """

    def __init__(self, X, columns, wanted):
        self.names = _choose(list(X.columns), columns, wanted)
        self.width = len(self.names)
        self._X = X[self.names]
        meta = self._X._meta
        for name, kind in zip(self.names, meta.dtypes, strict=True):
            if getattr(kind, "kind", "O") not in "biuf":
                _refuse_column(name, kind)
        self.dtype = np.dtype(np.float64)
        if all(type_in_units(kind) == np.float32 for kind in meta.dtypes):
            self.dtype = np.dtype(np.float32)
        self.unit_rows = [int(n) for n in X.map_partitions(len).compute()]

    def read(self, unit):
        """Yield the partition, computed by the scheduler that dask is set to."""
        frame = as_numbers(self._X.partitions[unit].compute(), accept_sparse=False)
        yield frame.to_numpy(dtype=self.dtype, na_value=np.nan)

    def header(self):
        """Return an empty frame of the columns."""
        return self._X._meta
