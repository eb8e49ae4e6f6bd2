"""Images and signals of any size: read, checked, and given back as they came."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import scipy.sparse as sp
from scipy.ndimage import gaussian_filter

__all__ = [
    "LARGEST",
    "Images",
    "as_dtype",
    "fill_gaps",
    "padded",
    "range_of",
    "read_images",
]

#: The greatest number of float32.
LARGEST = float(np.finfo(np.float32).max)

#: Unsigned integers whose greatest value is what a saturated pixel has, and signed ones
#: that are used like them.
_OF_PIXELS = frozenset("bBhH")

_NOUNS = {1: ("signal", "(n_times,)"), 2: ("image", "(height, width)")}


@dataclass(frozen=True)
class Images:
    """Checked images, with what is needed to give their like back.

    Parameters
    ----------
    arrays : list of ndarray of shape (height, width, n_channels)
        Views of the images, in their own dtype. Signals have a height of 1.

    kind : {"one", "stack", "list"}
        The container: an array of one, an array of many, or a list.

    n_dims : int
        2 for images, 1 for signals.

    channel_axis : int or None
        The axis of the channels in an image as it came.
    """

    arrays: list
    kind: str
    n_dims: int
    channel_axis: int | None

    @property
    def n_channels(self):
        """Number of channels."""
        return self.arrays[0].shape[2]

    @property
    def dtypes(self):
        """The dtypes that occur."""
        return {image.dtype for image in self.arrays}

    def wrapped(self, arrays):
        """Return new images in the container that these came in.

        Parameters
        ----------
        arrays : list of ndarray of shape (height, width, n_channels)
            As many images, of the same sizes.

        Returns
        -------
        images : ndarray or list of ndarray
            The images, of the form of those that came.
        """
        arrays = [self._restored(image) for image in arrays]
        if self.kind == "one":
            return arrays[0]
        return np.stack(arrays) if self.kind == "stack" else arrays

    def _restored(self, image):
        if self.n_dims == 1:
            image = image[0]
        if self.channel_axis is None:
            return image[..., 0]
        return np.ascontiguousarray(np.moveaxis(image, -1, self.channel_axis))


def read_images(images, *, n_dims=2, channel_axis=None, name="images"):
    """Check images of any size, and return views of them with the channels last.

    Parameters
    ----------
    images : array-like or sequence of array-like
        One image, a stack of images or a list of images.

    n_dims : {1, 2}, default=2
        1 for signals, 2 for images.

    channel_axis : int or None, default=None
        The axis of the channels in one image; None means that there is none.

    name : str, default="images"
        The name of `images` in errors.

    Returns
    -------
    images : Images
        The images.

    Raises
    ------
    TypeError
        If they are of a type that cannot be read as images.

    ValueError
        If they are of a wrong number of axes, without a pixel, or not finite.
    """
    noun, shape = _NOUNS[n_dims]
    rank = n_dims + (channel_axis is not None)
    _check_axis(channel_axis, rank)
    if channel_axis is not None:
        shape = f"{shape} with the channels on axis {channel_axis}"
    if sp.issparse(images):
        raise TypeError(f"{name} must be dense arrays, got a sparse matrix.")
    if isinstance(images, str | bytes | dict | set) or not (
        hasattr(images, "__array__") or hasattr(images, "__len__")
    ):
        raise TypeError(
            f"{name} must be an array or a list of arrays, one for each {noun}, got "
            f"{type(images).__name__}."
        )
    kind, given = "list", images
    if not isinstance(images, list | tuple):
        array = _as_array(images, name)
        if array.dtype == object and array.ndim == 1:
            given = list(array)
        elif array.ndim == rank:
            kind, given = "one", [array]
        elif array.ndim == rank + 1:
            kind, given = "stack", list(array)
        else:
            raise ValueError(
                f"{name} must be one {noun} of shape {shape}, an array of many or a "
                f"list of them, got an array of shape {array.shape}. Expected "
                f"{rank} or {rank + 1} axes, with channel_axis={channel_axis}."
            )
    if not len(given):
        raise ValueError(f"{name} must hold at least one {noun}, got none.")
    arrays = []
    for i, image in enumerate(given):
        where = name if kind == "one" else f"{name}[{i}]"
        image = _as_array(image, where)
        if image.ndim != rank:
            raise ValueError(
                f"{where} must be a {noun} of shape {shape}, got an array of shape "
                f"{image.shape}, with channel_axis={channel_axis}."
            )
        _check_values(image, where)
        if channel_axis is None:
            image = image[..., None]
        else:
            image = np.moveaxis(image, channel_axis, -1)
        arrays.append(image[None] if n_dims == 1 else image)
    counts = sorted({image.shape[2] for image in arrays})
    if len(counts) > 1:
        raise ValueError(
            f"{name} must have one number of channels, got some of {counts[0]} and "
            f"some of {counts[-1]}."
        )
    return Images(arrays, kind, n_dims, channel_axis)


def _check_axis(channel_axis, rank):
    if channel_axis is None:
        return
    if not isinstance(channel_axis, Integral) or isinstance(channel_axis, bool):
        raise ValueError(f"channel_axis must be an integer or None, got {channel_axis}")
    if not -rank <= channel_axis < rank:
        raise ValueError(
            f"channel_axis must be an axis of one image, which has {rank} axes with "
            f"it, got {channel_axis}."
        )


def _as_array(image, where):
    if isinstance(image, str | bytes):
        raise TypeError(f"{where} must be an array of numbers, got {image!r:.50}.")
    if sp.issparse(image):
        raise TypeError(f"{where} must be a dense array, got a sparse matrix.")
    if isinstance(image, np.ma.MaskedArray):
        raise TypeError(
            f"{where} is a masked array, whose mask would be lost: write NaN for "
            "what is missing, image.astype(float).filled(np.nan)."
        )
    try:
        return np.asarray(image)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{where} cannot be read as an array of numbers: {error}. Give a list of "
            "arrays, one for each image, where they differ in size."
        ) from None


def _check_values(image, where):
    kind = image.dtype.kind
    if kind == "b":
        raise ValueError(
            f"{where} is of bool, which has no values between its two: convert it, "
            "image.astype(float), and the result is the probability of True."
        )
    if kind not in "uif":
        raise ValueError(
            f"{where} must be an array of real numbers, got the dtype {image.dtype}."
        )
    if not image.size:
        raise ValueError(f"{where} has no pixel: its shape is {image.shape}.")
    if kind != "f":
        return
    with np.errstate(invalid="ignore", over="ignore"):
        least, greatest = np.fmin.reduce(image, None), np.fmax.reduce(image, None)
    if np.isnan(greatest):
        raise ValueError(f"{where} has no observed pixel: all are NaN.")
    if not (np.isfinite(least) and np.isfinite(greatest)):
        raise ValueError(f"{where} contains infinity.")
    if max(-float(least), float(greatest)) > LARGEST:
        raise ValueError(f"{where} contains a value too large for dtype('float32').")


def range_of(dtype):
    """Return what the values of images of a dtype are relative to.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype.

    Returns
    -------
    scale : float or None
        The greatest value of integers of up to 16 bits; 1 for floats; None for
        others, whose greatest value no camera reaches.
    """
    if dtype.kind == "f":
        return 1.0
    return float(np.iinfo(dtype).max) if dtype.char in _OF_PIXELS else None


def as_dtype(values, dtype):
    """Return numbers in a dtype: integers are rounded, and all are clipped to it.

    Parameters
    ----------
    values : ndarray, dtype float64
        The numbers; finite.

    dtype : numpy.dtype
        The dtype, of integers or floats.

    Returns
    -------
    values : ndarray
        The nearest numbers of the dtype.
    """
    if dtype.kind == "f":
        limits = np.finfo(dtype)
        if dtype.itemsize < values.dtype.itemsize:
            values = values.clip(float(limits.min), float(limits.max))
        return values.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    greatest = float(limits.max)
    if greatest > limits.max:
        # The float above the greatest integer of 64 bits.
        greatest = np.nextafter(greatest, 0.0)
    return np.rint(values).clip(float(limits.min), greatest).astype(dtype)


def padded(image, shape):
    """Return an image that is at least as large as a shape, mirrored at its end.

    Parameters
    ----------
    image : ndarray of shape (height, width, n_channels)
        The image.

    shape : pair of int
        The least height and width.

    Returns
    -------
    image : ndarray of shape (height, width, n_channels)
        The image itself, where it is large enough.
    """
    missing = [
        max(0, least - size) for least, size in zip(shape, image.shape, strict=False)
    ]
    if not any(missing):
        return image
    return np.pad(image, [(0, n) for n in missing] + [(0, 0)], mode="symmetric")


def fill_gaps(image):
    """Fill missing pixels with averages of their neighbours, ever further away.

    Parameters
    ----------
    image : ndarray of shape (height, width, n_channels)
        NaN stands for a missing pixel.

    Returns
    -------
    filled : ndarray of shape (height, width, n_channels)
        The image itself, where nothing is missing; a copy elsewhere. A channel of
        which nothing is observed has the mean of the others.
    """
    if image.dtype.kind != "f":
        return image
    missing = np.isnan(image)
    if not missing.any():
        return image
    filled = image.astype(np.float32, order="C")
    for j in range(image.shape[2]):
        gaps, channel = missing[..., j], filled[..., j]
        if gaps.all():
            channel[...] = np.nanmean(image, dtype=np.float64)
            continue
        known, left = ~gaps, gaps
        values = np.where(known, channel, 0.0)
        width = 0.7
        while left.any():
            weight = gaussian_filter(known.astype(np.float32), width, mode="nearest")
            total = gaussian_filter(values, width, mode="nearest")
            reached = left & (weight > 1e-3)
            channel[reached] = total[reached] / weight[reached]
            left = left & ~reached
            width *= 2.0
    return filled
