"""Units of the data: the type of what comes back in them, and columns measured.

The one rule: what comes back in the units of the data is float32 where the data of the
fit were float32 or float16, and float64 elsewhere, integers and booleans included. Nets
compute in float32 all the same, so an estimator that scales adds the offset and
multiplies by the scale in float64.
"""

from __future__ import annotations

import numpy as np

__all__ = ["binary_units", "from_scaled", "measure", "to_scaled", "type_in_units"]


def type_in_units(dtype):
    """Return the type of what comes back in the units of some data.

    Parameters
    ----------
    dtype : numpy.dtype
        The type of the data.

    Returns
    -------
    dtype : numpy.dtype
        float32 for the floats that it holds, and float64 for all other numbers.
    """
    held = dtype.kind == "f" and dtype.itemsize <= 4
    return np.dtype(np.float32 if held else np.float64)


def binary_units(greatest):
    """Return powers of two of the size of numbers: division by one rounds nothing.

    In such units no square of a number of the column overflows, nor does that of the
    greatest vanish.

    Parameters
    ----------
    greatest : ndarray of shape (n_columns,), dtype float64
        The greatest magnitude in each column.

    Returns
    -------
    units : ndarray of shape (n_columns,)
        1 for a column of zeros.
    """
    _, exponents = np.frexp(greatest)
    return np.where(greatest > 0, np.ldexp(1.0, exponents - 1), 1.0)


def measure(values, weights=None):
    """Measure the observed values of columns, whatever their magnitude.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns), dtype float64
        Values, NaN where missing; each column has some.

    weights : ndarray of shape (n_samples,), default=None
        Weights of the rows, zero for some; None counts all alike.

    Returns
    -------
    means, scales : ndarray of shape (n_columns,)
        Means and standard deviations. A constant column has itself for the mean and
        zero for the scale.
    """
    if weights is not None:
        values, weights = values[weights > 0], weights[weights > 0]
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    units = binary_units(np.maximum(np.abs(low), np.abs(high)))
    values = values / units
    if weights is None:
        means, scales = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    else:
        shares = np.where(np.isnan(values), 0.0, weights[:, None] / weights.max())
        shares /= shares.sum(axis=0)
        means = np.nansum(shares * values, axis=0)
        scales = np.sqrt(np.nansum(shares * (values - means) ** 2, axis=0))
    # By its range: rounding gives a constant a mean beside it, and a deviation.
    constant = low == high
    means = np.where(constant, low, units * means)
    return means, np.where(constant, 0.0, units * scales)


def to_scaled(values, means, scales):
    """Return values less their mean, in units of their scale.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns), dtype float64
        Values, NaN where missing.

    means, scales : ndarray of shape (n_columns,)
        Results of :func:`measure`; a scale of zero counts as one.

    Returns
    -------
    scaled : ndarray of shape (n_samples, n_columns), dtype float64
        The scaled values.
    """
    # In units in which no difference overflows.
    units = binary_units(np.maximum(np.abs(means), scales))
    scaled = values / units - means / units
    return scaled / np.where(scales > 0, scales / units, 1.0)


def from_scaled(scaled, means, scales, dtype):
    """Return scaled values in the units of the data, added and multiplied in float64.

    Parameters
    ----------
    scaled : ndarray of shape (n_samples, n_columns)
        Scaled values, such as a net returns.

    means, scales : ndarray of shape (n_columns,), dtype float64
        Results of :func:`measure`.

    dtype : numpy.dtype
        Result of :func:`type_in_units`.

    Returns
    -------
    values : ndarray of shape (n_samples, n_columns), dtype `dtype`
        The values. None is greater than the type can hold.
    """
    with np.errstate(over="ignore"):
        values = scaled * scales.astype(np.float64) + means
    most = np.finfo(dtype).max
    return values.clip(-most, most).astype(dtype)
