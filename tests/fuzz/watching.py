"""Things that the fuzzer watches: inputs, random states, origins of errors."""

from __future__ import annotations

import contextlib
import dis
import random
import traceback
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
import torch


def n_rows(X):
    """Return the number of rows of a container."""
    return X.shape[0] if getattr(X, "shape", ()) else len(X)


def array_of(X):
    """Return the cells of a container as an array, of floats if they are numbers."""
    if sp.issparse(X):
        X = X.toarray()
    elif np.ma.isMA(X):
        X = X.filled(np.nan)
    elif isinstance(X, pl.DataFrame):
        X = np.array(X.rows(), dtype=object)
    X = np.array(X)
    with contextlib.suppress(TypeError, ValueError):
        return X.astype(np.float64) if X.dtype == object else X
    return X


def text_of(value):
    """Return a text that differs where an input, a parameter or an output differs."""
    if isinstance(value, np.ndarray):
        content = value.tobytes()
        if value.dtype == object:
            content = repr(value.tolist())
        mask = np.ma.getmaskarray(value).tobytes() if np.ma.isMA(value) else None
        layout = (value.dtype.str, value.shape, value.strides, value.flags.writeable)
        return repr((*layout, content, mask))
    if sp.issparse(value):
        keys = ("data", "indices", "indptr", "row", "col")
        parts = [text_of(getattr(value, key, None)) for key in keys]
        return f"{value.format} {value.shape} {parts}"
    if isinstance(value, pd.DataFrame):
        cells = [value.iloc[:, i].tolist() for i in range(value.shape[1])]
        axes = value.columns.tolist(), value.index.tolist()
        return repr((value.dtypes.tolist(), *axes, cells))
    if isinstance(value, pl.DataFrame):
        return repr((value.schema, value.rows()))
    if hasattr(value, "get_params") and not isinstance(value, type):
        return f"{type(value).__name__}({shown(vars(value))})"
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}({', '.join(map(text_of, value))})"
    named = isinstance(value, np.random.RandomState | torch.nn.Module)
    if named or callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value.tolist() if hasattr(value, "tolist") else value)


def shown(params):
    """Return parameters as they stand in a call."""
    texts = []
    for key, value in params.items():
        text = repr(value) if isinstance(value, np.ndarray) else text_of(value)
        texts.append(f"{key}={text}")
    return ", ".join(texts)


def global_states():
    """Return the states of the global random generators."""
    _, keys, *rest = np.random.get_state()
    of_torch = torch.get_rng_state().numpy().tobytes()
    return of_torch, keys.tobytes(), rest, random.getstate()


def origin_of(error):
    """Return where an exception comes from.

    Parameters
    ----------
    error : BaseException
        The exception.

    Returns
    -------
    on_purpose : bool
        Whether it was raised by a statement in the package, or by the validation of
        scikit-learn, whose words its own estimators have too.

    place : str
        File and line in the package.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    code = last.tb_frame.f_code
    here = (i for i in dis.get_instructions(code) if i.offset == last.tb_lasti)
    raised = any("RAISE" in instruction.opname for instruction in here)
    ours, sklearns = (
        max((i for i, (f, _) in enumerate(frames) if _is_of(package, f)), default=-1)
        for package in ("sk_dae", "sklearn")
    )
    frame, line = frames[ours]
    if frame.f_code.co_name == "naming_argument" and error.__cause__ is not None:
        # It has put a name before the error of another.
        return origin_of(error.__cause__)
    on_purpose = sklearns > ours or (raised and ours == len(frames) - 1)
    return on_purpose, f"{Path(frame.f_code.co_filename).name}:{line}"


def _is_of(package, frame):
    return f"/{package}/" in frame.f_code.co_filename
