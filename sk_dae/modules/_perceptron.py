"""Perceptrons that encode, and their mirror images that decode."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from ..backend.serialization import serializable
from ._activations import ACTIVATIONS
from ._layers import Dropout, Linear

__all__ = ["MLPAutoencoder"]


@serializable
class MLPAutoencoder(nn.Module):
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

    def reset_parameters(self, generator=None):
        """Draw all weights anew; biases start at zero.

        Parameters
        ----------
        generator : torch.Generator, default=None
            Where they come from. None draws from torch's global generator.
        """
        # Smaller than He's and Glorot's variances, for rectifiers too: weights that
        # start small restored held-out rows best.
        for layer in (*self.encoder, *self.decoder):
            layer.reset_parameters(generator)

    def expand(self, X):
        """Return what the first layer takes of rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            The rows themselves, here.
        """
        return X

    def encode(self, X):
        """Return the code of rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows without missing values.

        Returns
        -------
        code : Tensor of shape (n_samples, n_components)
            Their code.
        """
        return self.to_code(self.before_code(X))

    def before_code(self, X):
        """Return what the layer of the code takes.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows without missing values.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            The last hidden layer of the encoder; the rows where there is none.
        """
        X = self.expand(X)
        hidden = self._hidden(X, self.encoder)
        return hidden[-1] if hidden else X

    def to_code(self, inputs):
        """Return the code, given what its layer takes.

        Parameters
        ----------
        inputs : Tensor of shape (n_samples, n_inputs)
            Result of :meth:`before_code`.

        Returns
        -------
        code : Tensor of shape (n_samples, n_components)
            The code.
        """
        code = ACTIVATIONS[self.code_activation](self.encoder[-1](inputs))
        if self.dropout is not None and len(self.encoder) == 1:
            code = self.dropout(code)
        return code

    def decode(self, code):
        """Return the output for codes.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            Codes.

        Returns
        -------
        output : Tensor of shape (n_samples, n_outputs)
            Output for the loss.
        """
        hidden = self._hidden(code, self.decoder)
        return self.decoder[-1](hidden[-1] if hidden else code)

    def forward(self, X):
        """Return ``decode(encode(X))``."""
        return self.decode(self.encode(X))

    def hidden_layers(self, X):
        """Return all activations between the input and the output.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows without missing values.

        Returns
        -------
        encoder : list of Tensor of shape (n_samples, hidden_layer_size)
            The encoder's hidden layers, from the input on.

        code : Tensor of shape (n_samples, n_components)
            The code.

        decoder : list of Tensor of shape (n_samples, hidden_layer_size)
            The decoder's hidden layers, from the code on.
        """
        X = self.expand(X)
        encoder = self._hidden(X, self.encoder)
        code = self.to_code(encoder[-1] if encoder else X)
        return encoder, code, self._hidden(code, self.decoder)

    def hidden_activations(self):
        """Return the names of the activations between the input and the output.

        Returns
        -------
        names : list of str
            Those of the encoder's hidden layers, of the code, and of the decoder's.
        """
        hidden = [self.activation] * (len(self.encoder) - 1)
        return [*hidden, self.code_activation, *hidden]

    def dropped_layers(self):
        """Return the indices, among those activations, of the ones dropout acts on.

        Returns
        -------
        indices : list of int
            The hidden layers, or the code where there are none.
        """
        n_hidden = len(self.encoder) - 1
        if not n_hidden:
            return [0]
        return [i for i in range(2 * n_hidden + 1) if i != n_hidden]

    def _hidden(self, h, layers):
        activation = ACTIVATIONS[self.activation]
        hidden = []
        for layer in layers[:-1]:
            h = activation(layer(h))
            if self.dropout is not None:
                h = self.dropout(h)
            hidden.append(h)
        return hidden
