"""Perceptrons that encode, and their mirror images that decode."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from ..backend.serialization import serializable
from ._layered import LayeredAutoencoder
from ._layers import Dropout, Linear

__all__ = ["MLPAutoencoder"]


@serializable
class MLPAutoencoder(LayeredAutoencoder):
    r"""A multi-layer perceptron that encodes, and its mirror image that decodes.

    .. math:: h_l = s(W_l h_{l-1} + b_l), \qquad
              \hat x = W'_1 h'_1 + b'_1

    Parameters
    ----------
    n_features : int
        Width of a row.

    n_components : int
        Width of the code.

    n_outputs : int, default=None
        Width of the decoder's output; None means `n_features`.

    hidden_layer_sizes : sequence of int, default=(256,)
        Widths of the encoder's hidden layers; the decoder has them in reverse.

    activation : str, default="relu"
        Key of :data:`ACTIVATIONS`, of the hidden layers.

    code_activation : str, default="identity"
        Key of :data:`ACTIVATIONS`, of the code.

    tied_weights : bool, default=False
        Whether the decoder uses the encoder's weights transposed.

    dropout : float, default=0.0
        Probability that a hidden activation is dropped in training; without hidden
        layers, an activation of the code.

    generator : torch.Generator, default=None
        Draws the initial weights. None draws from torch's global generator.
    """

    def __init__(
        self,
        n_features,
        n_components,
        n_outputs=None,
        *,
        hidden_layer_sizes=(256,),
        activation="relu",
        code_activation="identity",
        tied_weights=False,
        dropout=0.0,
        generator=None,
    ):
        super().__init__()
        widths = (n_features, *hidden_layer_sizes, n_components)
        self.n_features = n_features
        self.activation = activation
        self.code_activation = code_activation
        self.encoder = nn.ModuleList(
            Linear(n_in, n_out) for n_in, n_out in pairwise(widths)
        )
        if tied_weights:
            if n_outputs not in (None, n_features):
                raise ValueError(
                    "tied_weights needs as many outputs as features, "
                    f"{n_features}, got n_outputs={n_outputs}."
                )
            decoder = [
                Linear(n_in, n_out, weight_of=layer)
                for n_in, n_out, layer in zip(
                    widths[:0:-1], widths[-2::-1], reversed(self.encoder), strict=True
                )
            ]
        else:
            outputs = (*widths[-2:0:-1], n_outputs or n_features)
            inputs = (n_components, *outputs[:-1])
            decoder = [
                Linear(n_in, n_out) for n_in, n_out in zip(inputs, outputs, strict=True)
            ]
        self.decoder = nn.ModuleList(decoder)
        self.dropout = Dropout(dropout) if dropout else None
        self.reset_parameters(generator)

    def config(self):
        """Return the arguments that make a module of this form.

        Returns
        -------
        config : dict
            Keyword arguments of the class, less the generator.
        """
        *hidden, code = self.encoder
        return {
            "n_features": self.n_features,
            "n_components": len(code.bias),
            "n_outputs": len(self.decoder[-1].bias),
            "hidden_layer_sizes": tuple(len(layer.bias) for layer in hidden),
            "activation": self.activation,
            "code_activation": self.code_activation,
            "tied_weights": self.decoder[0].tied,
            "dropout": 0.0 if self.dropout is None else self.dropout.p,
        }
