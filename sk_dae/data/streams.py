"""Streams of rows as a user gives them, and the checks on them."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import validate_data

from ..tables.stored import Stored, is_one_pass, is_stored, refuse_stored
from .sources import ArraySource, open_source
from .streamed_rows import StreamedRows

__all__ = [
    "RowStream",
    "check_stream_to_fit",
    "joined",
    "parts_of_stream",
    "validate_stream",
]


class RowStream(Stored):
    """Rows of numbers in Parquet files, an Arrow dataset or a dask collection.

    :class:`DenoisingAutoencoder` and :class:`MarginalizedDenoisingAutoencoder` take it
    in place of an array, and read it a part at a time. They take a pyarrow Dataset, a
    RecordBatchReader and a dask collection as they are, too; this class is for paths,
    for some of the columns, and for rows that are to be scaled on their way.

    Nulls and NaN stand for missing values. Read more in the
    :ref:`User Guide <scaling_up>`.

    Parameters
    ----------
    source : str, path, list of such, pyarrow Dataset or RecordBatchReader, or dask \
            array or data frame
        Paths of Parquet files, or of a folder of them; or what holds the rows. A reader
        can be read once only.

    columns : sequence of str or None, default=None
        Names of the columns to read, in their order. None reads those that a fitted
        estimator has seen, and all in a fit.

    transform : callable or None, default=None
        Turns an array of rows into another of as many rows, such as the ``transform``
        of a fitted scaler. If there are as many columns as before, they keep their
        names.

    See Also
    --------
    DenoisingAutoencoder : An estimator that takes a stream.

    Examples
    --------
    Iterating gives arrays of some thousand rows, so that a scaler can learn from them:

    >>> import numpy as np
    >>> import pyarrow as pa
    >>> from pyarrow import dataset
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sk_dae import DenoisingAutoencoder, RowStream
    >>> rng = np.random.RandomState(0)
    >>> table = pa.table({"a": rng.normal(5, 2, 300), "b": rng.normal(size=300)})
    >>> data, scaler = dataset.dataset(table), StandardScaler()
    >>> for X in RowStream(data):
    ...     scaler = scaler.partial_fit(X)
    >>> stream = RowStream(data, transform=scaler.transform)
    >>> dae = DenoisingAutoencoder(1, max_iter=2, random_state=0).fit(stream)
    >>> dae.feature_names_in_
    array(['a', 'b'], dtype=object)
    >>> dae.transform(stream).shape
    (300, 1)
    """

    def __init__(self, source, *, columns=None, transform=None):
        if isinstance(columns, str):
            raise ValueError(f"columns must be a sequence of names, got {columns!r}.")
        if transform is not None and not callable(transform):
            raise TypeError(
                "transform must be callable, such as scaler.transform, or None, got "
                f"{transform!r}."
            )
        self.source = source
        self.columns = columns
        self.transform = transform

    def __iter__(self):
        """Yield the rows as arrays, in their order."""
        yield from self.open().chunks()

    def __repr__(self):
        given = [repr(self.source)]
        given += [
            f"{name}={value!r}"
            for name in ("columns", "transform")
            if (value := getattr(self, name)) is not None
        ]
        return f"RowStream({', '.join(given)})"

    def open(self, wanted=None):
        """Look at the columns and the number of rows.

        Parameters
        ----------
        wanted : sequence of str or None, default=None
            Names of the columns to read where `columns` is None, if all are there.

        Returns
        -------
        rows : StreamedRows
            The rows.
        """
        source = open_source(self.source, self.columns, wanted)
        if self.transform is None:
            return StreamedRows(source)
        return StreamedRows(source).transformed(self.transform)


def validate_stream(estimator, X, *, reset):
    """Return the rows of a stream, once its columns are checked.

    Parameters
    ----------
    estimator : estimator
        The one that gets them, and keeps or compares their columns.

    X : RowStream, StreamedRows, pyarrow Dataset or RecordBatchReader, or dask array \
            or data frame
        As a user gave it.

    reset : bool
        Whether the columns are those to be learned.

    Returns
    -------
    rows : StreamedRows
        The rows, which have not been read.

    Raises
    ------
    ValueError
        If the columns do not suit, or there is no row.
    """
    rows = X
    if not isinstance(X, StreamedRows):
        wanted = None if reset else getattr(estimator, "feature_names_in_", None)
        rows = (X if isinstance(X, RowStream) else RowStream(X)).open(wanted)
    validate_data(estimator, rows.header(), reset=reset, skip_check_array=True)
    if rows.shape[0] == 0:
        _refuse_empty(rows.shape[1])
    return rows


def _refuse_empty(width):
    raise ValueError(
        f"Found array with 0 sample(s) (shape=(0, {width})) while a minimum of 1 is "
        "required: the stream has no rows."
    )


def check_stream_to_fit(estimator, X, **others):
    """Refuse what cannot be fitted on, where X is a stream.

    Parameters
    ----------
    estimator : estimator
        The one that is fitted; ``_reads_streams`` says whether it can.

    X : object
        The training rows, as a user gave them.

    **others : dict
        Further arguments with an entry for each row; they must be None with a stream.

    Raises
    ------
    TypeError
        If X is a stream, and the estimator reads none.

    ValueError
        If X is a stream, and another argument is given, or it can be read once only.
    """
    if not is_stored(X):
        return
    if not estimator._reads_streams:
        refuse_stored(X)
        return
    for name, value in others.items():
        if value is not None:
            raise ValueError(
                f"{name} must be None where X is a stream of rows, got "
                f"{type(value).__name__} beside {type(X).__name__}. Pass an array or a "
                f"memory map as X to use {name}."
            )
    if _reads_once(X):
        raise ValueError(
            "fit reads the rows several times, but a RecordBatchReader can be read "
            "only once. Pass the dataset that it reads, or call partial_fit."
        )


def joined(parts, width):
    """Return the results of parts of a stream as one array.

    Parameters
    ----------
    parts : list of ndarray of shape (n_rows, width)
        The results.

    width : int
        How many columns they have.

    Returns
    -------
    whole : ndarray of shape (n_samples, width)
        The array.

    Raises
    ------
    ValueError
        If there is no part.
    """
    if not parts:
        _refuse_empty(width)
    return np.concatenate(parts)


def _reads_once(X):
    return is_one_pass(X.source if isinstance(X, RowStream) else X)


def parts_of_stream(estimator, X):
    """Return rows that can be read once in parts that can be held, others whole.

    Parameters
    ----------
    estimator : estimator
        The one that is fitted to them.

    X : object
        Training rows, as a user gave them.

    Yields
    ------
    part : object
        X itself, unless it can be read once only.
    """
    if not (estimator._reads_streams and is_stored(X) and _reads_once(X)):
        yield X
        return
    wanted = getattr(estimator, "feature_names_in_", None)
    rows, n_parts = (X if isinstance(X, RowStream) else RowStream(X)).open(wanted), 0
    for chunk in rows.chunks():
        n_parts += 1
        yield StreamedRows(ArraySource(chunk, rows.header()))
    if not n_parts:
        _refuse_empty(rows.shape[1])
