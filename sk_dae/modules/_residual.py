"""A convolutional net that predicts the noise in an image, at full resolution."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from ..backend.serialization import serializable
from ._convolution import Convolution

__all__ = ["ResidualNet"]


@serializable
class ResidualNet(nn.Module):
    r"""A convolutional net that predicts the noise, which is then subtracted.

    The convolutions work on squares of two by two pixels (of two time points, in a
    signal), which are folded into the channels of one, so that they see twice as far
    and cost a fourth. Those between the first and the last stand in pairs,

    .. math:: b(h) = h + c_2(s(c_1(h))),

    with the rectifier :math:`s`. The pairs but for the first and the last work on
    squares that are folded once more, and see twice as far again. The level of the
    noise, where it is told, is a channel of the input more.

    Rows are crops of one size, flattened with the channels last; one whose level is
    told has it as a last column. :meth:`denoise` takes images of any size that is a
    multiple of :attr:`step`.

    Parameters
    ----------
    crop_shape : pair of int
        Height and width of the crops; a height of 1 means signals.

    n_channels : int, default=1
        Channels of an image.

    n_filters : int, default=64
        Channels between the convolutions.

    n_layers : int, default=12
        Number of convolutions; even, since all but the first and the last are pairs.

    takes_level : bool, default=False
        Whether the level of the noise is told.

    offset : float, default=0.0
        A number that is subtracted from the values before the first convolution.

    generator : torch.Generator, default=None
        Draws the initial weights. None draws from torch's global generator.

    References
    ----------
    Zhang, K., Zuo, W., Chen, Y., Meng, D. and Zhang, L. (2017). Beyond a Gaussian
    denoiser: residual learning of deep CNN for image denoising. IEEE Transactions on
    Image Processing, 26.

    Zhang, K., Zuo, W. and Zhang, L. (2018). FFDNet: toward a fast and flexible solution
    for CNN-based image denoising. IEEE Transactions on Image Processing, 27.
    """

    def __init__(
        self,
        crop_shape,
        n_channels=1,
        *,
        n_filters=64,
        n_layers=12,
        takes_level=False,
        offset=0.0,
        generator=None,
    ):
        super().__init__()
        self.crop_shape = tuple(crop_shape)
        self.n_channels = n_channels
        self.n_filters = n_filters
        self.n_layers = n_layers
        self.takes_level = takes_level
        self.offset = offset
        of_signals = self.crop_shape[0] == 1
        self._fold = (1, 2) if of_signals else (2, 2)
        kernel = (1, 3) if of_signals else (3, 3)
        square = math.prod(self._fold)
        n_pairs = (n_layers - 2) // 2
        #: How many pairs work on what is folded twice.
        self.n_coarse = max(0, n_pairs - 2)
        places = {"n_places": math.prod(self.crop_shape) // square}
        n_inputs, n_outputs = n_channels * square + takes_level, n_channels * square
        self.first = Convolution(n_inputs, n_filters, kernel, **places)
        coarse = {"n_places": places["n_places"] // square}
        fine = [i in (0, n_pairs - 1) or not self.n_coarse for i in range(n_pairs)]
        self.pairs = nn.ModuleList(
            _Pair(n_filters, kernel, **(places if is_fine else coarse))
            for is_fine in fine
        )
        if self.n_coarse:
            self.down = Convolution(n_filters * square, n_filters, (1, 1), **coarse)
            self.up = Convolution(n_filters, n_filters * square, (1, 1), **coarse)
        self.last = Convolution(n_filters, n_outputs, kernel, **places)
        self._reset_parameters(generator)

    def _reset_parameters(self, generator):
        self.first.reset_parameters(generator)
        # So that the sum of all pairs is of the size of what they begin with.
        gain = 1.0 / math.sqrt(2.0 * max(1, len(self.pairs)))
        for pair in self.pairs:
            pair.one.reset_parameters(generator)
            pair.two.reset_parameters(generator, gain)
        if self.n_coarse:
            # No rectifier follows.
            self.down.reset_parameters(generator, math.sqrt(0.5))
            self.up.reset_parameters(generator, math.sqrt(0.5))
        # It begins as the identity.
        self.last.reset_parameters(generator, 0.0)

    @property
    def step(self):
        """The number that a side of an image must be a multiple of, for each axis."""
        return tuple(n**2 if self.n_coarse else n for n in self._fold)

    @property
    def reach(self):
        """How many pixels around one have a say in it at most, along each axis."""
        n_coarse = 2 * self.n_coarse
        n_fine = self.n_layers - n_coarse
        return tuple(
            0 if n == 1 else n * n_fine + n**2 * n_coarse + step
            for n, step in zip(self._fold, self.step, strict=True)
        )

    def config(self):
        """Return what the form of the module follows from.

        Returns
        -------
        config : dict
            Arguments of the class.
        """
        return {
            "crop_shape": self.crop_shape,
            "n_channels": self.n_channels,
            "n_filters": self.n_filters,
            "n_layers": self.n_layers,
            "takes_level": self.takes_level,
            "offset": self.offset,
        }

    def encode(self, X):
        """Return noisy crops, and what the last convolution reads of them.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_pixels)
            Flattened crops; where the level is told, it is a column more. Without that
            column the level is zero.

        Returns
        -------
        code : pair of Tensor
            The folded crops, of shape (n_samples, n_folded, n_rows, n_columns), and
            the hidden channels.
        """
        level = None
        width = math.prod(self.crop_shape) * self.n_channels
        if self.takes_level:
            if X.shape[1] == width:
                level = X.new_zeros(len(X))
            else:
                X, level = X[:, :-1], X[:, -1]
        if X.shape[1] != width:
            raise ValueError(
                f"The net takes rows of {width} pixels, got {tuple(X.shape)}."
            )
        images = X.reshape(len(X), *self.crop_shape, self.n_channels)
        return self._hidden(images, level)

    def decode(self, code):
        """Return denoised crops of what :meth:`encode` returned.

        Parameters
        ----------
        code : pair of Tensor
            The folded crops and the hidden channels.

        Returns
        -------
        X : Tensor of shape (n_samples, n_pixels)
            The flattened crops without the noise.
        """
        images = self._denoised(*code)
        return images.reshape(len(images), -1)

    def denoise(self, images, level=None):
        """Return images without their noise.

        Parameters
        ----------
        images : Tensor of shape (n_images, height, width, n_channels)
            Images whose size is a multiple of :attr:`step`.

        level : Tensor of shape (n_images,), default=None
            The level of the noise, where it is told.

        Returns
        -------
        images : Tensor of shape (n_images, height, width, n_channels)
            The denoised images.
        """
        return self._denoised(*self._hidden(images, level))

    def _hidden(self, images, level):
        folded = self._folded(images)
        inputs = folded - self.offset
        if level is not None:
            plane = level[:, None, None, None].expand(-1, 1, *folded.shape[2:])
            inputs = torch.cat([inputs, plane], dim=1)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        h = F.relu(self.first(inputs))
        if not self.n_coarse:
            for pair in self.pairs:
                h = pair(h)
            return folded, h
        h = self.pairs[0](h)
        coarse = self.down(self._folded(h.permute(0, 2, 3, 1)))
        for pair in self.pairs[1:-1]:
            coarse = pair(coarse)
        h = h + self._unfolded(self.up(coarse)).permute(0, 3, 1, 2)
        return folded, self.pairs[-1](h)

    def _denoised(self, folded, h):
        return self._unfolded(folded - self.last(h))

    def _folded(self, images):
        """Return squares of pixels as channels, of which the memory is last."""
        n, height, width, n_channels = images.shape
        a, b = self._fold
        squares = images.reshape(n, height // a, a, width // b, b, n_channels)
        squares = squares.permute(0, 1, 3, 2, 4, 5)
        return squares.reshape(n, height // a, width // b, -1).permute(0, 3, 1, 2)

    def _unfolded(self, folded):
        """Return the images that squares were folded of."""
        n, n_channels, height, width = folded.shape
        a, b = self._fold
        squares = folded.permute(0, 2, 3, 1)
        squares = squares.reshape(n, height, width, a, b, n_channels // (a * b))
        squares = squares.permute(0, 1, 3, 2, 4, 5)
        return squares.reshape(n, height * a, width * b, -1)


class _Pair(nn.Module):
    """Two convolutions, whose result is added to what they are of."""

    def __init__(self, n_filters, kernel, *, n_places):
        super().__init__()
        self.one = Convolution(n_filters, n_filters, kernel, n_places=n_places)
        self.two = Convolution(n_filters, n_filters, kernel, n_places=n_places)

    def forward(self, h):
        return h + self.two(F.relu(self.one(h)))
