"""Convolutions with pooling, and their mirror images, that take and give flat rows.

A row holds an image with the channels last, so that it can be read as an image, and
the result as a row, without a copy. A signal is an image of height one.
"""

from __future__ import annotations

import math

import torch.nn.functional as F

from ._convolution import Convolution

__all__ = ["Downsampling", "Upsampling", "halved"]


def halved(size, pool_size):
    """Return height and width after pooling, what is left over counting as a whole.

    Parameters
    ----------
    size : tuple of (int, int)
        Height and width before.

    pool_size : int
        Length of the sides of what becomes one pixel.

    Returns
    -------
    size : tuple of (int, int)
        Height and width, at least one.
    """
    return tuple(-(-length // pool_size) for length in size)


class _Filters(Convolution):
    """A convolution whose filters may be of even width, and start small.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels that come in and go out.

    kernel_size : int
        Length of the sides of the filters; one over the height of a signal.

    size : tuple of (int, int)
        Height and width of the images.
    """

    def __init__(self, n_inputs, n_outputs, kernel_size, size):
        sides = (1 if size[0] == 1 else kernel_size, kernel_size)
        super().__init__(n_inputs, n_outputs, sides, n_places=math.prod(size))
        self.padding = tuple((side - 1) // 2 for side in sides)
        # An even filter has one pixel more behind it than before it.
        self._extra = [int(side % 2 == 0) for side in reversed(sides)]

    def reset_parameters(self, generator):
        """Draw the filters with half the variance that others start with.

        Parameters
        ----------
        generator : torch.Generator or None
            Where they come from. None draws from torch's global generator.
        """
        super().reset_parameters(generator, gain=math.sqrt(0.5))

    def _convolve(self, images):
        if any(self._extra):
            images = F.pad(images, (0, self._extra[0], 0, self._extra[1]))
        return super().forward(images)


class Downsampling(_Filters):
    """A convolution, and the greatest value of each patch of pixels.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels that come in and go out.

    size : tuple of (int, int)
        Height and width of what comes in.

    kernel_size, pool_size : int
        Length of the sides of the filters and of the patches.
    """

    def __init__(self, n_inputs, n_outputs, size, kernel_size, pool_size):
        super().__init__(n_inputs, n_outputs, kernel_size, size)
        self._shape = (*size, n_inputs)
        self._patch = tuple(min(pool_size, length) for length in size)

    def forward(self, x):
        """Return the pooled feature maps of images, flat."""
        maps = self._convolve(_images(x, self._shape))
        if max(self._patch) > 1:
            maps = F.max_pool2d(maps, self._patch, ceil_mode=True)
        return _rows(maps)


class Upsampling(_Filters):
    """A convolution whose channels become pixels: as many as a patch has.

    It takes the way of ``Downsampling`` back; Shi et al. (2016) call it sub-pixel
    convolution.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels that come in and go out.

    size : tuple of (int, int)
        Height and width of what goes out.

    kernel_size, pool_size : int
        Length of the sides of the filters, and of the patches that pixels become.
    """

    def __init__(self, n_inputs, n_outputs, size, kernel_size, pool_size):
        patch = tuple(min(pool_size, length) for length in size)
        before = halved(size, pool_size)
        super().__init__(n_inputs, n_outputs * math.prod(patch), kernel_size, before)
        self._shape = (*before, n_inputs)
        self._patch = patch
        self._n_channels = n_outputs
        self._size = tuple(size)

    def forward(self, x):
        """Return the enlarged images, flat."""
        height, width, _ = self._shape
        rows, columns = self._patch
        maps = self._convolve(_images(x, self._shape)).permute(0, 2, 3, 1)
        pixels = maps.reshape(-1, height, width, rows, columns, self._n_channels)
        images = pixels.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        return images[:, : self._size[0], : self._size[1]].flatten(1)


def _images(x, shape):
    """Return flat rows as images with the channels first, and last in memory."""
    return x.reshape(-1, *shape).permute(0, 3, 1, 2)


def _rows(images):
    """Return images with the channels first as flat rows with the channels last."""
    return images.permute(0, 2, 3, 1).flatten(1)
