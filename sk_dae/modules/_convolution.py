"""A convolution that draws nothing when it is built."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from ..backend.serialization import serializable

__all__ = ["Convolution"]

#: Products of a convolution that gain as much from threads as one of a linear layer:
#: with two, images of 8 x 8 pixels gained nothing, of 24 x 24 a third.
PRODUCTS_FOR_ONE = 16


@serializable
class Convolution(nn.Module):
    """A convolution of odd width that keeps the size of an image, by zeros around it.

    Weights lie in memory with the channels last, as the images should.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Channels that come in and that go out.

    kernel : pair of int
        Height and width of the kernel; odd.

    n_places : int, default=1
        Pixels of a row in training.
    """

    def __init__(self, n_inputs, n_outputs, kernel=(3, 3), *, n_places=1):
        super().__init__()
        self._n_places = n_places
        self.padding = tuple(width // 2 for width in kernel)
        weight = torch.empty(n_outputs, n_inputs, *kernel)
        self.weight = nn.Parameter(weight.to(memory_format=torch.channels_last))
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    def reset_parameters(self, generator, gain=1.0):
        r"""Draw the weight from :math:`N(0, 2 g^2 / n)` of `n` inputs of an output.

        The bias is set to zero.

        Parameters
        ----------
        generator : torch.Generator or None
            Where it comes from. None draws from torch's global generator.

        gain : float, default=1.0
            The factor :math:`g`.
        """
        with torch.no_grad():
            self.bias.zero_()
            scale = gain * math.sqrt(2.0 / self.weight[0].numel())
            # In the order of a plain tensor, whatever the layout of the weight.
            drawn = torch.empty(self.weight.shape).normal_(generator=generator)
            self.weight.copy_(drawn.mul_(scale))

    @property
    def n_products(self):
        """Products of a weight and a value for each row, as a linear layer counts."""
        return self.weight.numel() * self._n_places // PRODUCTS_FOR_ONE

    def forward(self, x):
        """Return the convolution of images of shape (n, n_inputs, height, width)."""
        return F.conv2d(x, self.weight, self.bias, padding=self.padding)
