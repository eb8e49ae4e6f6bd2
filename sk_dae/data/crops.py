"""Random crops of images as rows, flattened with the channels last."""

from __future__ import annotations

import numpy as np
import torch

from .batches import Batches
from .rows import Rows, spans

__all__ = ["CropBatches", "CropPlaces", "CropRows", "PixelRows"]


class CropPlaces:
    """Where the crops of an epoch lie: in which image, where, and how it is turned.

    Each image gets as many crops as would tile it; they lie at random.

    Parameters
    ----------
    sizes : list of pair of int
        Height and width of the images, none of them smaller than a crop.

    crop_shape : pair of int
        Height and width of a crop.

    augment : bool
        Whether crops are flipped, and square ones turned by quarters too.

    generator : torch.Generator
        Draws the places of the first epoch.
    """

    def __init__(self, sizes, crop_shape, augment, generator):
        self.crop_shape = crop_shape
        sizes, crop = np.array(sizes), np.array(crop_shape)
        counts = np.prod(-(-sizes // crop), axis=1)
        #: The image of each crop.
        self.images = np.repeat(np.arange(len(sizes)), counts)
        self._room = (sizes - crop + 1)[self.images]
        turns = 1 if not augment else 8 if crop[0] == crop[1] else 4
        self._turns = 2 if augment and crop[0] == 1 else turns
        self.draw(generator)

    def draw(self, generator):
        """Draw the places of an epoch anew.

        Parameters
        ----------
        generator : torch.Generator
            Where they come from; on the CPU.
        """
        n = len(self.images)
        draws = torch.rand(n, 2, generator=generator, dtype=torch.float64).numpy()
        #: The first row and the first column of each crop.
        self.corners = (draws * self._room).astype(np.int64)
        turns = torch.randint(self._turns, (n,), generator=generator)
        #: One of the flips and turns of each.
        self.turns = turns.numpy()

    def turned(self, crop, turn):
        """Return a crop, of shape (height, width, n_channels), flipped and turned."""
        if turn & 1:
            crop = crop[:, ::-1]
        if turn & 2:
            crop = crop[::-1]
        if turn & 4:
            crop = crop.transpose(1, 0, 2)
        return crop


class CropRows(Rows):
    """Crops of images, flattened.

    Between two draws of the places a row stays what it is, however often it is read.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, n_channels)
        The images, in any dtype.

    scales : list of float
        The number that the values of each image are divided by.

    places : CropPlaces
        Where the crops lie.
    """

    def __init__(self, images, scales, places):
        self._images, self._scales = images, scales
        self.places = places
        n_pixels = int(np.prod(places.crop_shape)) * images[0].shape[2]
        self.shape = (len(places.images), n_pixels)

    def take(self, index):
        """Return the crops of `index`, float32."""
        places = self.places
        height, width = places.crop_shape
        crops = np.empty((len(index), self.shape[1]), dtype=np.float32)
        for crop, i in zip(crops, index.tolist(), strict=True):
            image = places.images[i]
            top, left = places.corners[i]
            cut = self._images[image][top : top + height, left : left + width]
            cut = places.turned(cut, places.turns[i])
            # Not in float32, where a small scale would be rounded.
            crop.reshape(cut.shape)[...] = cut / np.float64(self._scales[image])
        return torch.from_numpy(crops)


class CropBatches(Batches):
    """Batches of crops: those that are shuffled draw their places in every epoch."""

    def __iter__(self):
        """Yield the batches of an epoch."""
        if self._generator is not None:
            self.rows.places.draw(self._generator)
        yield from super().__iter__()


class PixelRows(Rows):
    """The pixels of images, one to a row, read in order.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, n_channels)
        The images, in any dtype.

    scales : list of float
        The number that the values of each image are divided by.
    """

    def __init__(self, images, scales):
        self._images, self._scales = images, scales
        self.shape = (None, images[0].shape[2])

    def chunks(self):
        """Yield the pixels of some lines of an image."""
        for image, scale in zip(self._images, self._scales, strict=True):
            for lines in spans(len(image), 4 * image[0].size):
                pixels = image[lines].reshape(-1, image.shape[2])
                yield (pixels / np.float64(scale)).astype(np.float32)
