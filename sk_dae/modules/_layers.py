"""Layers that draw from generators that they are handed, and from nothing else."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from ..backend.serialization import serializable

__all__ = ["MOST_UNITS", "Dropout", "Linear", "count_weights"]

#: The most units that a layer may have; those of a typing error have more.
MOST_UNITS = 2**24


def count_weights(module):
    """Return how many weights each row meets in a module, each time that it does.

    Parameters
    ----------
    module : torch.nn.Module
        A module.

    Returns
    -------
    n_weights : int or None
        None for a module that may be more than its layers: one of a user's.
    """
    n_weights = 0
    for part in module.modules():
        if hasattr(part, "n_products"):
            n_weights += part.n_products
        elif type(part).__module__.partition(".")[0] not in _PACKAGES:
            return None
    return n_weights


# Whose modules, and containers of modules, have weights in such layers only.
_PACKAGES = (__name__.partition(".")[0], "torch")


@serializable
class Linear(nn.Module):
    """A linear layer that draws nothing when it is built.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Width of what comes in and of what goes out.

    weight_of : Linear, default=None
        A layer whose weight this one uses transposed (tied weights).
    """

    def __init__(self, n_inputs, n_outputs, weight_of=None):
        super().__init__()
        self.tied = weight_of is not None
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        if not self.tied:
            self.weight = nn.Parameter(torch.empty(n_outputs, n_inputs))
        else:
            # Registered under its own name, the shared parameter follows the module
            # to other devices and into copies.
            self.transposed_weight = weight_of.weight

    def reset_parameters(self, generator):
        r"""Draw the weight from :math:`U(-1/\sqrt{n}, 1/\sqrt{n})` of `n_inputs`.

        The bias is set to zero.

        Parameters
        ----------
        generator : torch.Generator or None
            Where it comes from. None draws from torch's global generator.
        """
        with torch.no_grad():
            self.bias.zero_()
            if not self.tied:
                bound = 1.0 / math.sqrt(self.weight.shape[1])
                self.weight.uniform_(-bound, bound, generator=generator)

    @property
    def n_products(self):
        """Products of a weight and a value for each row."""
        return (self.transposed_weight if self.tied else self.weight).numel()

    def table(self):
        """Return the weight, whichever layer holds it.

        Returns
        -------
        weight : Tensor of shape (n_outputs, n_inputs)
            The weight.
        """
        return self.transposed_weight.T if self.tied else self.weight

    def forward(self, x):
        """Return the affine map of `x`, a tensor or rows that know their product."""
        if not isinstance(x, torch.Tensor):
            return x.through(self)
        return F.linear(x, self.table(), self.bias)


class Dropout(nn.Module):
    """Dropout from a generator of its own.

    Parameters
    ----------
    p : float
        Probability that an activation is dropped.
    """

    def __init__(self, p):
        super().__init__()
        self.p = p
        #: Handed over for the time of training; never kept in a fitted model.
        self.generator = None

    def forward(self, x):
        """Return `x` with activations dropped, in training mode."""
        return x * self.mask(x) if self.training else x

    def mask(self, x):
        """Draw what activations are multiplied by: zero, or more than one.

        Parameters
        ----------
        x : Tensor
            The activations.

        Returns
        -------
        mask : Tensor of the shape of `x`
            Zero with probability `p`, and elsewhere what makes up for that.
        """
        kept = torch.empty_like(x).uniform_(generator=self.generator) >= self.p
        return kept.to(x.dtype).div_(1.0 - self.p)
