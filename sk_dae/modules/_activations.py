"""The activations that modules choose from."""

from __future__ import annotations

import torch
import torch.nn.functional as F

__all__ = ["ACTIVATIONS"]


def _identity(x):
    return x


#: The strings that `activation` takes.
ACTIVATIONS = {
    "identity": _identity,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
}
