"""Layers of the closed form: linear maps and what follows them."""

from __future__ import annotations

import torch

from ..backend.serialization import serializable
from ..modules import ACTIVATIONS

__all__ = ["LinearMap", "LinearStack", "PartwiseMap"]


#: Where the coefficients that matter lie in this range, a matrix stays as it is.
#: float32 holds 1.2e-38 to 3.4e38.
_LEAST, _LARGEST = 1e-30, 1e37


@serializable
class LinearMap:
    """A product of matrices, and a bias.

    Parameters
    ----------
    factors : list of Tensor
        The first is of shape (n_inputs, anything), the last of shape (anything,
        n_outputs). Two narrow ones stand for a large matrix of low rank. One of shape
        (n_inputs,) stands for a diagonal matrix: coefficients that float32 does not
        hold, between columns of very different scales, are split into such.

    bias : Tensor of shape (n_outputs,)
        Bias of the map.
    """

    def __init__(self, factors, bias):
        factors = [part for factor in factors for part in _within_float32(factor)]
        self.factors = [factor.to(torch.float32).contiguous() for factor in factors]
        self.bias = bias.to(torch.float32)

    def __call__(self, X):
        """Return the image of rows."""
        *first, last = self.factors
        for factor in first:
            X = X * factor if factor.ndim == 1 else X @ factor
        return torch.addmm(self.bias, X, last)

    def matrix(self):
        """Return the product of the factors; float64 where float32 does not hold it."""
        *first, product = self.factors
        for factor in reversed(first):
            if factor.ndim == 1:
                product = factor.to(torch.float64)[:, None] * product
            else:
                product = factor.to(product.dtype) @ product
        return product

    def copy_to(self, device):
        """Return the map on a device."""
        factors = [factor.to(device) for factor in self.factors]
        return LinearMap(factors, self.bias.to(device))


def _within_float32(factor):
    """Return factors that float32 holds."""
    if factor.ndim == 1 or factor.dtype == torch.float32:
        return [factor]
    sizes = factor.abs().amax(dim=1)
    outside = (sizes > _LARGEST) | ((sizes < _LEAST) & (sizes > 0.0))
    if not outside.any():
        return [factor]
    # The root, twice: the scale itself may be more than float32 holds, too.
    scale = torch.where(outside, sizes.sqrt(), 1.0)
    return [scale, scale, factor / scale[:, None] / scale[:, None]]


@serializable
class PartwiseMap:
    """Linear maps of parts of the columns, each onto itself.

    Parameters
    ----------
    parts : list of Tensor
        Indices of the columns of each part; each column is in one.

    maps : list of LinearMap
        One for each part.
    """

    def __init__(self, parts, maps):
        self.parts = parts
        self.maps = maps

    def __call__(self, X):
        """Return the image of rows."""
        out = torch.empty_like(X)
        for part, map_ in zip(self.parts, self.maps, strict=True):
            out[:, part] = map_(X[:, part])
        return out

    def copy_to(self, device):
        """Return the map on a device."""
        parts = [part.to(device) for part in self.parts]
        return PartwiseMap(parts, [map_.copy_to(device) for map_ in self.maps])


@serializable
class LinearStack:
    """Linear maps one after the other, each followed by the same activation.

    Parameters
    ----------
    means : Tensor of shape (n_features,)
        Values in place of missing ones.

    observed : Tensor of shape (n_features,), dtype bool
        The columns of which anything is known. A value in another column says nothing.

    layers : list of LinearMap
        The maps.

    activation : str
        Key of :data:`sk_dae.modules.ACTIVATIONS`.

    by_parts : PartwiseMap, default=None
        Map that restores the input; None where that is the first layer.
    """

    def __init__(self, means, observed, layers, activation, by_parts=None):
        self.means = means.to(torch.float32)
        self.observed = observed
        self.layers = layers
        self.activation = activation
        self.by_parts = by_parts

    def fill(self, X):
        """Return rows without missing values."""
        return torch.where(torch.isnan(X) | ~self.observed, self.means, X)

    def restore(self, X):
        """Undo the masking of rows without missing values."""
        return (self.layers[0] if self.by_parts is None else self.by_parts)(X)

    def apply(self, layer, X):
        """Return the activations of a layer."""
        return ACTIVATIONS[self.activation](layer(X))

    def hidden(self, X):
        """Return the activations of each layer, of rows without missing values."""
        out = []
        for layer in self.layers:
            X = self.apply(layer, X)
            out.append(X)
        return out

    @property
    def widths(self):
        """The widths of the layers."""
        return tuple(len(layer.bias) for layer in self.layers)

    def copy_to(self, device):
        """Return the stack on a device."""
        layers = [layer.copy_to(device) for layer in self.layers]
        by_parts = self.by_parts
        if by_parts is not None:
            by_parts = by_parts.copy_to(device)
        means, observed = self.means.to(device), self.observed.to(device)
        return LinearStack(means, observed, layers, self.activation, by_parts)
