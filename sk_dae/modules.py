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

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

__all__ = ["ACTIVATIONS", "Dropout", "Linear", "MLPAutoencoder", "TableAutoencoder"]


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

    def forward(self, x):
        """Return the affine map of `x`."""
        weight = self.transposed_weight.T if self.tied else self.weight
        return F.linear(x, weight, self.bias)


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
            What :meth:`before_code` returned.

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
            What the loss takes.
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


class TableAutoencoder(MLPAutoencoder):
    r"""A perceptron for tables of numbers and categories, with values missing.

    The first layer takes the numbers, with zero for a missing one, a one for the
    category of each categorical column and zero for its others, and a one for every
    missing value of the columns that ever miss any. Times a weight, the one of a
    category is what others call its embedding.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for one of numbers.

    n_components : int
        Width of the code.

    n_outputs : int
        Width of the decoder's output.

    indicated : sequence of bool of length n_features
        Of which columns the first layer is told that a value is missing.

    **params : dict
        Further parameters of :class:`MLPAutoencoder`.
    """

    takes_missing = True

    def __init__(self, n_categories, n_components, n_outputs, *, indicated, **params):
        self._n_categories = tuple(int(n) for n in n_categories)
        self._indicated = tuple(bool(flag) for flag in indicated)
        numbers = [j for j, n in enumerate(self._n_categories) if not n]
        categories = [j for j, n in enumerate(self._n_categories) if n]
        indicators = [j for j, flag in enumerate(self._indicated) if flag]
        n_ones = sum(self._n_categories)
        super().__init__(
            len(numbers) + n_ones + len(indicators), n_components, n_outputs, **params
        )
        sizes = torch.tensor([self._n_categories[j] for j in categories]).long()
        for name, values in {
            "numbers": numbers,
            "categories": categories,
            "indicators": indicators,
            "last": sizes - 1,
            "starts": sizes.cumsum(0) - sizes,
        }.items():
            # Not learned, and known from the arguments: no part of what is saved.
            values = torch.as_tensor(values, dtype=torch.int64)
            self.register_buffer(f"_{name}", values, persistent=False)
        self._n_ones = n_ones

    def config(self):
        """Return the arguments that make a module of this form.

        Returns
        -------
        config : dict
            Keyword arguments of the class, less the generator.
        """
        config = super().config()
        del config["n_features"], config["tied_weights"]
        return {
            "n_categories": self._n_categories,
            "indicated": self._indicated,
            **config,
        }

    def expand(self, X):
        """Return what the first layer takes of rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows of numbers and indices of categories; NaN where missing, a negative
            index for a category that is none of them.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            Numbers, ones for categories, ones for what is missing.
        """
        parts = [X.index_select(1, self._numbers).nan_to_num_(0.0)]
        if self._n_ones:
            codes = X.index_select(1, self._categories)
            # A corruption that knows nothing of categories may leave their range.
            cells = codes.nan_to_num(-1.0).round_().long()
            unknown = cells < 0
            cells = torch.minimum(cells, self._last).add_(self._starts)
            # The last column takes what has no category, and goes.
            cells.masked_fill_(unknown, self._n_ones)
            ones = X.new_zeros(len(X), self._n_ones + 1).scatter_(1, cells, 1.0)
            parts.append(ones[:, : self._n_ones])
        if len(self._indicators):
            parts.append(X.index_select(1, self._indicators).isnan().to(X.dtype))
        return torch.cat(parts, dim=1)
