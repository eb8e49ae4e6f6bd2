"""The level of the noise in an image, estimated from its finest details."""

from __future__ import annotations

import numpy as np

__all__ = ["estimate_level"]

# High-pass filters of the wavelets db2 and Haar.
_DB2 = (
    -0.48296291314453416,
    0.8365163037378079,
    -0.2241438680420134,
    -0.12940952255126037,
)
_HAAR = (0.7071067811865476, -0.7071067811865476)

#: Details that are smaller, relative to the greatest value, count as zero.
ROUNDING = 1e-9

#: The median of the absolute value of a standard normal variable.
_MEDIAN = 0.6744897501960817


def estimate_level(image):
    r"""Estimate the standard deviation of Gaussian noise in an image.

    .. math:: \hat\sigma = \operatorname{median}(|d|) / 0.6745,

    with the diagonal details :math:`d` of the finest scale of a wavelet transform
    (Daubechies' of four coefficients). Details that are zero, as in areas of one
    colour, are left out, and so are those that a missing pixel has a part in.

    Parameters
    ----------
    image : ndarray of shape (height, width, n_channels)
        The image; NaN where missing. A height of 1 means a signal.

    Returns
    -------
    level : float
        The mean of the estimates of the channels; zero where nothing can be told.

    References
    ----------
    Donoho, D. L. and Johnstone, I. M. (1994). Ideal spatial adaptation by wavelet
    shrinkage. Biometrika, 81.
    """
    return float(np.mean([_level(image[..., j]) for j in range(image.shape[2])]))


def _level(channel):
    details = channel.astype(np.float64)
    if details.size == 1:
        return 0.0
    rounding = ROUNDING * np.fmax.reduce(np.abs(details), axis=None)
    for axis in (0, 1):
        details = _details(details, axis)
    sizes = np.abs(details)
    # NaN is not greater, either.
    sizes = sizes[sizes > rounding]
    return float(np.median(sizes)) / _MEDIAN if sizes.size else 0.0


def _details(values, axis):
    """Return every second coefficient of a high-pass filter along an axis."""
    n = values.shape[axis]
    if n == 1:
        return values
    taps = _DB2 if n >= len(_DB2) else _HAAR
    n_out = (n - len(taps)) // 2 + 1
    values = np.moveaxis(values, axis, 0)
    total = sum(
        tap * values[k : k + 2 * n_out : 2][:n_out] for k, tap in enumerate(taps)
    )
    return np.moveaxis(total, 0, axis)
