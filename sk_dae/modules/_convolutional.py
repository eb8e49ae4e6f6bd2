"""Convolutions that encode images or signals, and their mirror images that decode."""

from __future__ import annotations

import math

from torch import nn

from ..backend.serialization import serializable
from ._layered import LayeredAutoencoder
from ._layers import Dropout, Linear
from ._sampling import Downsampling, Upsampling, halved

__all__ = ["ConvolutionalAutoencoder", "stage_widths"]


def stage_widths(sample_shape, channel_axis, n_filters, pool_size):
    """Return how many numbers the stages of an encoder give.

    Parameters
    ----------
    sample_shape : tuple of int
        Shape of one image or signal.

    channel_axis : int or None
        Which of its axes counts the channels; None where there is no such axis.

    n_filters : sequence of int
        Channels of the stages.

    pool_size : int
        Length of the sides of what becomes one pixel.

    Returns
    -------
    widths : tuple of int
        One for each stage.
    """
    size, widths = _channels_and_size(sample_shape, channel_axis)[1], []
    for n_channels in n_filters:
        size = halved(size, pool_size)
        widths.append(n_channels * math.prod(size))
    return tuple(widths)


@serializable
class ConvolutionalAutoencoder(LayeredAutoencoder):
    r"""Convolutions with pooling that encode, and their mirror image that decodes.

    Each stage of the encoder is a convolution, the maximum of each patch of pixels and
    the activation; a linear layer gives the code. The decoder takes the same way back:
    a linear layer, and convolutions whose channels become pixels. It takes and returns
    flat rows, as every module does.

    Parameters
    ----------
    sample_shape : sequence of int
        Shape of one sample: (length,) or (height, width), with the number of channels
        at `channel_axis`.

    n_components : int
        Width of the code.

    channel_axis : int or None, default=None
        Which axis of a sample counts the channels; None where there is no such axis.

    n_filters : sequence of int, default=(16, 32)
        Channels of the stages of the encoder; the decoder has them in reverse.

    kernel_size : int, default=3
        Length of the sides of the filters.

    pool_size : int, default=2
        Length of the sides of what becomes one pixel of the next stage.

    activation : str, default="relu"
        Key of :data:`ACTIVATIONS`, of the hidden layers.

    code_activation : str, default="identity"
        Key of :data:`ACTIVATIONS`, of the code.

    dropout : float, default=0.0
        Probability that a hidden activation is dropped in training.

    generator : torch.Generator, default=None
        Draws the initial weights. None draws from torch's global generator.
    """

    def __init__(
        self,
        sample_shape,
        n_components,
        *,
        channel_axis=None,
        n_filters=(16, 32),
        kernel_size=3,
        pool_size=2,
        activation="relu",
        code_activation="identity",
        dropout=0.0,
        generator=None,
    ):
        super().__init__()
        self._config = {
            "sample_shape": tuple(sample_shape),
            "n_components": n_components,
            "channel_axis": channel_axis,
            "n_filters": tuple(n_filters),
            "kernel_size": kernel_size,
            "pool_size": pool_size,
            "activation": activation,
            "code_activation": code_activation,
            "dropout": dropout,
        }
        self.activation = activation
        self.code_activation = code_activation
        self._sample_shape = tuple(sample_shape)
        # Last in memory, a channel is where convolutions are fastest.
        moves = channel_axis is not None and channel_axis % len(sample_shape) == 0
        self._moves_channels = moves and len(sample_shape) > 1
        n_channels, size = _channels_and_size(sample_shape, channel_axis)
        encoder, decoder = [], []
        for n_outputs in n_filters:
            form = (size, kernel_size, pool_size)
            encoder.append(Downsampling(n_channels, n_outputs, *form))
            decoder.append(Upsampling(n_outputs, n_channels, *form))
            n_channels, size = n_outputs, halved(size, pool_size)
        n_flat = n_channels * math.prod(size)
        encoder.append(Linear(n_flat, n_components))
        decoder.append(Linear(n_components, n_flat))
        self.encoder = nn.ModuleList(encoder)
        self.decoder = nn.ModuleList(decoder[::-1])
        self.dropout = Dropout(dropout) if dropout else None
        self.reset_parameters(generator)

    def config(self):
        """Return the arguments that make a module of this form.

        Returns
        -------
        config : dict
            Keyword arguments of the class, less the generator.
        """
        return dict(self._config)

    def expand(self, X):
        """Return rows with their channels last, as the first layer takes them.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_features)
            The same numbers, in the order of the layers.
        """
        if not self._moves_channels:
            return X
        return X.reshape(-1, *self._sample_shape).movedim(1, -1).flatten(1)

    def decode(self, code):
        """Return the output for codes; as in ``LayeredAutoencoder``."""
        output = super().decode(code)
        if not self._moves_channels:
            return output
        n_channels, *size = self._sample_shape
        return output.reshape(-1, *size, n_channels).movedim(-1, 1).flatten(1)


def _channels_and_size(sample_shape, channel_axis):
    """Return the number of channels, and height and width; a signal has height one."""
    size, n_channels = list(sample_shape), 1
    if channel_axis is not None:
        n_channels = size.pop(channel_axis)
    return n_channels, (1, *size) if len(size) == 1 else tuple(size)
