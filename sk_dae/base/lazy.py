"""Methods on dask collections: a call for each block, when the result is computed."""

from __future__ import annotations

import copy
import functools
import uuid

import numpy as np

from ..tables.stored import is_dask

__all__ = ["lazy_on_dask"]


def lazy_on_dask(method):
    """Let a method of arrays give dask arrays for dask collections.

    Parameters
    ----------
    method : callable
        Called as ``method(estimator, X, **params)``, it returns an array with an entry
        for each row.

    Returns
    -------
    method : callable
        The same for all other rows.
    """

    @functools.wraps(method)
    def wrapped(self, X, *args, **params):
        # Arrays of images, say, are left to the checks, which compute them.
        if not is_dask(X) or X.ndim != 2:
            return method(self, X, *args, **params)
        # As it is now, whatever becomes of it until the result is computed.
        fitted = copy.copy(self)
        call = functools.partial(_call, fitted, method.__name__, args, params)
        return _map_frame(X, call) if hasattr(X, "columns") else _map_array(X, call)

    return wrapped


def _call(estimator, name, args, params, X):
    return np.asarray(getattr(estimator, name)(X, *args, **params))


def _map_array(X, call):
    X = X.rechunk({1: -1})
    # A row that all losses take tells the shape, or what is wrong.
    tried = call(np.ones((1, X.shape[1]), dtype=X.dtype))
    columns = {"drop_axis": 1}
    if tried.ndim > 1:
        columns = {"chunks": (X.chunks[0], (tried.shape[1],))}
    name = f"{call.args[1]}-{uuid.uuid4().hex}"
    return X.map_blocks(call, name=name, dtype=tried.dtype, meta=tried[:0], **columns)


def _map_frame(X, call):
    import dask
    import dask.array as da

    tried = call(X._meta_nonempty)
    # Nobody has counted the rows of the partitions.
    shape, call = (np.nan, *tried.shape[1:]), dask.delayed(call, pure=False)
    parts = [da.from_delayed(call(p), shape, tried.dtype) for p in X.to_delayed()]
    return da.concatenate(parts)
