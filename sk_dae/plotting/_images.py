"""Rows as images: their shape, and where it is known from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.sample_shape import has_sample_shape

__all__ = ["ImageOrder"]


@dataclass(frozen=True)
class ImageOrder:
    """The order in which rows hold the pixels of images.

    Parameters
    ----------
    shape : tuple of int or None
        Height and width, and the number of channels of images in colour; None where
        rows are no images.

    channels_first : bool, default=False
        Whether the rows hold one channel after the other.
    """

    shape: tuple | None
    channels_first: bool = False

    @classmethod
    def of(cls, estimator, X, image_shape=None):
        """Return the order of the rows of X.

        Parameters
        ----------
        estimator : estimator
            One that was fitted on such rows, and may know their shape.

        X : array-like
            Rows, or images.

        image_shape : tuple of int, default=None
            The shape that the user gave.

        Returns
        -------
        order : ImageOrder
            Without a shape where nobody knows one.
        """
        if image_shape is not None:
            return cls(tuple(image_shape))
        shape = getattr(estimator, "sample_shape_", None)
        if shape is None and has_sample_shape(X):
            shape = X.shape[1:]
        axis = getattr(estimator, "channel_axis", None)
        if shape is None or len(shape) - (axis is not None) != 2:
            return cls(None)
        if axis is None:
            return cls(tuple(shape))
        size = list(shape)
        n_channels = size.pop(axis)
        first = axis % len(shape) == 0
        return cls((*size, *([n_channels] if n_channels > 1 else [])), first)

    def last_channels(self, rows):
        """Return rows with the channels of each pixel side by side."""
        if not self.channels_first or self.shape is None or len(self.shape) < 3:
            return rows
        *size, n_channels = self.shape
        images = rows.reshape(len(rows), n_channels, *size)
        return np.moveaxis(images, 1, -1).reshape(len(rows), -1)
