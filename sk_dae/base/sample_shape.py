"""The shape of samples: images and signals as flat rows, and back."""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np
import scipy.sparse as sp

from ..tables.frames import is_frame

__all__ = ["as_samples", "find_sample_shape", "flat_rows", "has_sample_shape"]


def as_samples(X, name="X"):
    """Return samples as an array where they are one of more than two dimensions.

    Parameters
    ----------
    X : object
        Samples as a user gave them.

    name : str, default="X"
        Their name in errors.

    Returns
    -------
    X : object
        An ndarray of more than two dimensions; anything else as it came.
    """
    if isinstance(X, list | tuple):
        if not _is_deep(X):
            return X
        shapes = {np.shape(sample) for sample in X}
        if len(shapes) > 1:
            raise ValueError(
                f"{name} must hold samples of one shape, got "
                f"{', '.join(map(str, sorted(shapes)[:4]))}."
            )
        return np.asarray(X)
    if is_frame(X) or sp.issparse(X) or getattr(X, "ndim", 0) < 3:
        return X
    return np.asarray(X)


def has_sample_shape(X):
    """Whether X is an array of samples, rather than of flat rows."""
    return isinstance(X, np.ndarray) and X.ndim > 2


def _is_deep(X):
    """Whether X is a list of arrays, or of lists of lists."""
    first = X[0] if X else None
    if isinstance(first, list | tuple):
        return any(isinstance(row, list | tuple | np.ndarray) for row in first[:1])
    return getattr(first, "ndim", 0) > 1


def flat_rows(X):
    """Return samples as flat rows; anything but an array of samples as it is."""
    if has_sample_shape(X):
        return X.reshape(len(X), math.prod(X.shape[1:]))
    return X


def find_sample_shape(X_shape, input_shape, channel_axis):
    """Return the shape of one sample.

    Parameters
    ----------
    X_shape : tuple of int
        Shape of the samples as they came.

    input_shape : sequence of int or None
        The parameter of this name.

    channel_axis : int or None
        The parameter of this name.

    Returns
    -------
    sample_shape : tuple of int
        One or two axes of space, and one of channels where `channel_axis` is given.

    Raises
    ------
    ValueError
        If the parameters do not agree with one another or with the samples.
    """
    given = None if input_shape is None else _check_input_shape(input_shape)
    shape = tuple(int(length) for length in X_shape[1:])
    if len(shape) == 1 and given is not None:
        if math.prod(given) != shape[0]:
            raise ValueError(
                f"input_shape={input_shape!r} stands for {math.prod(given)} features, "
                f"but X has {shape[0]}."
            )
        shape = given
    elif given is not None and given != shape:
        raise ValueError(
            f"input_shape={input_shape!r} is not the shape of the samples in X, "
            f"{shape}."
        )
    _check_channel_axis(shape, channel_axis)
    return shape


def _check_channel_axis(shape, channel_axis):
    """Refuse an axis of channels that samples of a shape cannot have."""
    n_axes = len(shape)
    if channel_axis is not None and not -n_axes <= channel_axis < n_axes:
        raise ValueError(
            f"channel_axis={channel_axis!r} is no axis of samples of the shape {shape}."
        )
    n_space = n_axes - (channel_axis is not None)
    if n_space not in (1, 2):
        advice = ""
        if channel_axis is None and n_axes == 3:
            advice = (
                " Name the axis that counts the channels: channel_axis=-1 where it is "
                "the last one, 0 where it is the first."
            )
        raise ValueError(
            "Samples must be signals, with one axis beside that of the channels, or "
            f"images, with two; got the shape {shape} and "
            f"channel_axis={channel_axis!r}.{advice}"
        )


def _check_input_shape(input_shape):
    shape = tuple(input_shape)
    if not shape or not all(isinstance(n, Integral) and n >= 1 for n in shape):
        raise ValueError(
            "input_shape must hold positive integers, the lengths of the axes of a "
            f"sample, got {input_shape!r}."
        )
    return tuple(int(n) for n in shape)
