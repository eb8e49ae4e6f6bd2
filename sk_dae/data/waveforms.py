"""Waveforms as users hand them in: checked, and given back as they came."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np
import scipy.sparse as sp

__all__ = ["Waveforms", "are_rows", "check_waveform", "read_waveforms", "to_dtype"]

#: The greatest amplitude: that of float32, which nets compute in.
LARGEST = float(np.finfo(np.float32).max)

#: An array of so many rows or more, with at most so many columns, holds channels.
MANY_ROWS, FEW_COLUMNS = 1000, 8

_MONO = "Mix its channels, x.mean(axis=1), or pass each as a waveform, list(x.T)."


@dataclass(frozen=True)
class Waveforms:
    """Checked waveforms, and the container that they came in.

    Parameters
    ----------
    values : list of ndarray of shape (n_samples,), dtype float64
        The waveforms; integers as fractions of the range of their type.

    dtypes : list of dtype
        The container that they came in.

    container : {"one", "list", "rows"}
        Whether one waveform came, a list of them, or an array with one in each row.
    """

    values: list
    dtypes: list
    container: str

    def __len__(self):
        """Return the number of waveforms."""
        return len(self.values)

    def packed(self, values):
        """Return other waveforms of the same lengths in the container that came.

        Parameters
        ----------
        values : list of ndarray of shape (n_samples,)
            As many waveforms.

        Returns
        -------
        waveforms : ndarray of shape (n_samples,) or (n_waveforms, n_samples), or list
            They, in the types that came; integers are rounded and clipped.
        """
        pairs = zip(values, self.dtypes, strict=True)
        given = [to_dtype(x, dtype) for x, dtype in pairs]
        if self.container == "one":
            return given[0]
        return np.stack(given) if self.container == "rows" else given


def are_rows(X):
    """Return whether X is a table of rows, rather than waveforms by themselves.

    Parameters
    ----------
    X : object
        Waveforms as a user gave them.

    Returns
    -------
    rows : bool
        True for an array or a frame of two dimensions, and for nested lists of one
        length; False for one waveform, and for a list of arrays.
    """
    if sp.issparse(X):
        return True
    if not isinstance(X, list | tuple):
        if not hasattr(X, "ndim") and hasattr(X, "__array__"):
            X = np.asarray(X)
        return getattr(X, "ndim", 1) == 2
    if any(hasattr(x, "dtype") or not isinstance(x, list | tuple) for x in X):
        return False
    return len({len(x) for x in X}) == 1


def read_waveforms(X, *, name="X"):
    """Check waveforms.

    Parameters
    ----------
    X : array-like of shape (n_samples,) or (n_waveforms, n_samples), or list of \
            array-like of shape (n_samples,)
        One waveform, waveforms of equal length, or waveforms of any length.

    name : str, default="X"
        Its name in errors.

    Returns
    -------
    waveforms : Waveforms
        They.

    Raises
    ------
    ValueError or TypeError
        If there is none, or one is empty, has more than one channel, or holds anything
        but finite real numbers.
    """
    if sp.issparse(X):
        raise TypeError(
            f"{name} must be dense, as waveforms are, got a sparse matrix of type "
            f"{type(X).__name__}. Use X.toarray()."
        )
    if X is None or isinstance(X, str | bytes | dict | set | complex | Real):
        raise TypeError(
            f"{name} must be a waveform, an array of shape (n_samples,), or a list of "
            f"waveforms, got {X!r}."
        )
    if not hasattr(X, "dtype") and not hasattr(X, "__array__"):
        X = list(X)
        if X and all(isinstance(x, Real) for x in X):
            X = np.asarray(X, dtype=np.float64)
        elif X and are_rows(X):
            X = np.asarray(X) if _is_numeric(X) else X
    if isinstance(X, list) or getattr(getattr(X, "dtype", None), "kind", None) == "O":
        return _read_list(X, name)
    X = np.asarray(X)
    if X.ndim == 1:
        value, dtype = check_waveform(X, name)
        return Waveforms([value], [dtype], "one")
    if X.ndim != 2:
        raise ValueError(
            f"{name} must be a waveform of shape (n_samples,), an array of shape "
            f"(n_waveforms, n_samples) or a list of waveforms, got an array of shape "
            f"{X.shape}."
        )
    if 1 < X.shape[1] <= FEW_COLUMNS and X.shape[0] >= MANY_ROWS:
        raise ValueError(
            f"{name} of shape {X.shape} would be {X.shape[0]} waveforms of "
            f"{X.shape[1]} samples each, but looks like one of {X.shape[1]} channels. "
            + _MONO
        )
    return _read_list(X, name, container="rows")


def _is_numeric(X):
    return all(isinstance(value, Real) for x in X for value in x)


def _read_list(X, name, *, container="list"):
    if not len(X):
        raise ValueError(f"{name} must hold at least one waveform, got none.")
    pairs = [check_waveform(x, f"{name}[{i}]") for i, x in enumerate(X)]
    values, dtypes = zip(*pairs, strict=True)
    return Waveforms(list(values), list(dtypes), container)


def check_waveform(x, name):
    """Check one waveform.

    Parameters
    ----------
    x : array-like of shape (n_samples,)
        It; integers are fractions of the range of their type.

    name : str
        Its name in errors.

    Returns
    -------
    value : ndarray of shape (n_samples,), dtype float64
        The waveform.

    dtype : dtype
        The type that it came in; float64 for numbers without a type.

    Raises
    ------
    ValueError or TypeError
        If it is empty, has more than one channel, or holds anything but finite real
        numbers.
    """
    typed = hasattr(x, "dtype") or hasattr(x, "__array__")
    try:
        x = np.asarray(x)
    except ValueError:
        raise ValueError(
            f"{name} must be an array of shape (n_samples,), got a nested list."
        ) from None
    if x.ndim == 2 and 1 in x.shape and x.size > 1:
        raise ValueError(
            f"{name} must have the shape (n_samples,), got {x.shape}. Use x.ravel()."
        )
    if x.ndim != 1:
        raise ValueError(
            f"{name} must be a waveform of one channel, an array of shape "
            f"(n_samples,), got one of shape {x.shape}. " + (_MONO if x.ndim else "")
        )
    if not len(x):
        raise ValueError(f"{name} must have at least one sample, got none.")
    if x.dtype.kind == "O":
        x = _numbers_of(x, name)
    if x.dtype.kind == "u":
        raise ValueError(
            f"{name} must hold floats or signed integers, got {x.dtype}. Unsigned "
            "samples, as of 8-bit files, lie around the middle of their range: "
            "subtract it, (x.astype('int16') - 128) / 128."
        )
    if x.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {name} must hold floats or signed integers, "
            f"got {x.dtype}."
        )
    if x.dtype.kind not in "fi":
        raise TypeError(f"{name} must hold floats or signed integers, got {x.dtype}.")
    dtype = x.dtype if typed else np.dtype(np.float64)
    value = x.astype(np.float64)
    if dtype.kind == "i":
        value /= -float(np.iinfo(dtype).min)
    elif not np.isfinite(value).all():
        found = "NaN" if np.isnan(value).any() else "infinity"
        where = int(np.flatnonzero(~np.isfinite(value))[0])
        raise ValueError(f"{name} must be finite, got {found} at sample {where}.")
    elif np.abs(value).max() > LARGEST:
        raise ValueError(
            f"{name} must have amplitudes of at most {LARGEST:g}, got "
            f"{np.abs(value).max():g}."
        )
    return value, dtype


def _numbers_of(x, name):
    """Return an array of objects as one of numbers."""
    if not all(isinstance(value, Real) for value in x):
        other = next(value for value in x if not isinstance(value, Real))
        raise TypeError(
            f"{name} must hold numbers, got {other!r} of type {type(other).__name__}."
        )
    return x.astype(np.float64)


def to_dtype(x, dtype):
    """Return a waveform as the type that it came as."""
    if dtype.kind == "i":
        limits = np.iinfo(dtype)
        # The upper limit of int64 is no float64; the next below it is in range.
        high = min(float(limits.max), np.nextafter(-float(limits.min), 0.0))
        scaled = np.rint(x * -float(limits.min))
        return np.clip(scaled, float(limits.min), high).astype(dtype)
    high = min(float(np.finfo(dtype).max), LARGEST)
    return np.clip(x, -high, high).astype(dtype)
