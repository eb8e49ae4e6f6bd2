"""Torch modules: encoders, decoders, and the activations that they choose from.

Own modules are built without drawing a number and are initialised, and dropped out,
from generators that they are handed, so that no fit reads a global random state.

A user's own module needs two methods: ``encode(X)``, which turns rows into a code of
shape (n_samples, n_components), and ``decode(code)``, which turns a code into the
output that the loss takes (for ``binary_cross_entropy``: logits). With a third,
``hidden_layers(X)``, which returns the lists of the encoder's and the decoder's
hidden activations and between them the code, it serves ``features="layers"`` too. A
module whose attribute ``takes_missing`` is true gets missing values as NaN; any other
gets the column's mean in their place.
"""

from ._activations import ACTIVATIONS
from ._convolutional import ConvolutionalAutoencoder
from ._layers import Dropout, Linear
from ._perceptron import MLPAutoencoder
from ._residual import ResidualNet
from ._table import TableAutoencoder

__all__ = [
    "ACTIVATIONS",
    "ConvolutionalAutoencoder",
    "Dropout",
    "Linear",
    "MLPAutoencoder",
    "ResidualNet",
    "TableAutoencoder",
]
