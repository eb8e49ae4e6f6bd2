"""Autoencoders that read their rows from a stream, and results as one."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..data.streams import RowStream, validate_stream
from ..tables.stored import is_dask, is_stored

__all__ = ["StreamReading"]


class StreamReading:
    """Mixin of the autoencoders whose rows need not be held in memory."""

    _reads_streams = True

    def transform_batches(self, X):
        """Compute the features of a stream, a part at a time.

        :meth:`transform` returns those of all rows as one array; here they are never
        held together. To write them: ``pyarrow.dataset.write_dataset(
        dae.transform_batches(X), folder, format="parquet")``.

        Parameters
        ----------
        X : RowStream, pyarrow Dataset or RecordBatchReader
            The rows.

        Returns
        -------
        reader : pyarrow.RecordBatchReader
            Record batches of the features, in the order of the rows, with the names of
            :meth:`get_feature_names_out`. They are computed as they are read.

        Raises
        ------
        TypeError
            If X is no stream, or a dask collection, of which :meth:`transform` is
            computed block by block as it is.
        """
        check_is_fitted(self)
        source = X.source if isinstance(X, RowStream) else X
        if not is_stored(X) or is_dask(source):
            raise TypeError(
                "X must be a RowStream, a pyarrow Dataset or RecordBatchReader, got "
                f"{type(source).__name__}. Call transform instead."
            )
        import pyarrow as pa

        rows = self._validate_rows(X)
        self._check_features()
        names = [str(name) for name in self.get_feature_names_out()]
        dtype = np.float32
        if self.features == "reconstruction":
            dtype = self._data_type
        kind = pa.from_numpy_dtype(dtype)
        schema = pa.schema([(name, kind) for name in names])

        def batches():
            for chunk in rows.chunks():
                made = self._map_rows(chunk, self._features, len(names), dtype)
                columns = [pa.array(column) for column in made.T]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _check_columns(self, X, *, reset, owner=None):
        # An owner does more with the rows than read them in order.
        if owner is None and is_stored(X):
            return validate_stream(self, X, reset=reset)
        return super()._check_columns(X, reset=reset, owner=owner)
