"""Modules that predict: an encoder, and a linear layer on the code."""

from __future__ import annotations

import copy

from torch import nn

from ..backend.serialization import serializable
from ._convolutional import ConvolutionalAutoencoder
from ._layers import Dropout, Linear
from ._perceptron import MLPAutoencoder
from ._table import TableAutoencoder

__all__ = [
    "ConvolutionalPredictor",
    "HeadPredictor",
    "MLPPredictor",
    "ModulePredictor",
    "TablePredictor",
    "predictor_from",
]


class _Predictor:
    """Mixin of the perceptrons whose decoder is one linear layer.

    In training all layers of the encoder are dropped out, the code too: it is a hidden
    layer here.
    """

    def _put_head(self, n_outputs, generator):
        n_components = len(self.encoder[-1].bias)
        self.decoder = nn.ModuleList([Linear(n_components, n_outputs)])
        self.decoder[0].reset_parameters(generator)

    @property
    def head(self):
        """The layer that predicts."""
        return self.decoder[0]

    def hidden_activations(self):
        """Return the names of the activations between the input and the output."""
        return super().hidden_activations()[: len(self.encoder)]

    def dropped_layers(self):
        """Return the indices, among those activations, of the ones dropout acts on."""
        return list(range(len(self.encoder)))

    def to_code(self, inputs):
        """Return the code, given what its layer takes; as in ``MLPAutoencoder``."""
        code = super().to_code(inputs)
        if self.dropout is not None and len(self.encoder) > 1:
            code = self.dropout(code)
        return code


@serializable
class MLPPredictor(_Predictor, MLPAutoencoder):
    """A perceptron that predicts.

    Parameters
    ----------
    n_features, n_components, n_outputs : int
        Widths of a row, of the code, and of the prediction.

    generator : torch.Generator, default=None
        Draws the initial weights.

    **params : dict
        Further parameters of ``MLPAutoencoder``.
    """

    def __init__(
        self, n_features, n_components, n_outputs, *, generator=None, **params
    ):
        super().__init__(n_features, n_components, 1, generator=generator, **params)
        self._put_head(n_outputs, generator)

    def config(self):
        """Return the arguments that make a module of this form, less the generator."""
        config = super().config()
        del config["tied_weights"]
        return config


@serializable
class TablePredictor(_Predictor, TableAutoencoder):
    """A perceptron that predicts from mixed tables.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for one of numbers.

    n_components, n_outputs : int
        Widths of the code and of the prediction.

    generator : torch.Generator, default=None
        Draws the initial weights.

    **params : dict
        Further parameters of ``TableAutoencoder``.
    """

    def __init__(
        self, n_categories, n_components, n_outputs, *, generator=None, **params
    ):
        super().__init__(n_categories, n_components, 1, generator=generator, **params)
        self._put_head(n_outputs, generator)


@serializable
class ConvolutionalPredictor(_Predictor, ConvolutionalAutoencoder):
    """Convolutions that encode, and a linear layer that predicts.

    Parameters
    ----------
    sample_shape : sequence of int
        Shape of one sample.

    n_components, n_outputs : int
        Widths of the code and of the prediction.

    generator : torch.Generator, default=None
        Draws the initial weights.

    **params : dict
        Further parameters of ``ConvolutionalAutoencoder``.
    """

    def __init__(
        self, sample_shape, n_components, n_outputs, *, generator=None, **params
    ):
        super().__init__(sample_shape, n_components, generator=generator, **params)
        self._put_head(n_outputs, generator)

    def config(self):
        """Return the arguments that make a module of this form, less the generator."""
        return {**super().config(), "n_outputs": len(self.head.bias)}

    def decode(self, code):
        """Return the prediction for codes."""
        return self.head(code)


@serializable
class ModulePredictor(nn.Module):
    """A module of the user's that encodes, and a linear layer that predicts.

    Parameters
    ----------
    module : torch.nn.Module
        It has the method ``encode``; it is copied.

    n_components, n_outputs : int
        Widths of the code and of the prediction.

    dropout : float
        Probability that an activation of the code is dropped in training.

    generator : torch.Generator, default=None
        Draws the initial weights of the layer that predicts.
    """

    #: Whether it holds a module of the user's, of which a file has only the weights.
    wraps_module = True

    def __init__(self, module, n_components, n_outputs, *, dropout, generator=None):
        super().__init__()
        self.module = copy.deepcopy(module)
        self.head = Linear(n_components, n_outputs)
        self.head.reset_parameters(generator)
        self.dropout = Dropout(dropout) if dropout else None
        self.takes_missing = getattr(module, "takes_missing", False)

    def config(self):
        """Return the arguments that make it, less the module and the generator."""
        n_outputs, n_components = self.head.weight.shape
        return {
            "n_components": n_components,
            "n_outputs": n_outputs,
            "dropout": 0.0 if self.dropout is None else self.dropout.p,
        }

    def encode(self, X):
        """Return the code of rows."""
        code = self.module.encode(X)
        return code if self.dropout is None else self.dropout(code)

    def decode(self, code):
        """Return the prediction for codes."""
        return self.head(code)


class HeadPredictor(nn.Module):
    """The layer that predicts, alone: it is given codes.

    Parameters
    ----------
    head : Linear
        The layer; it is shared, not copied.

    dropout : float
        Probability that an activation of the code is dropped in training.
    """

    def __init__(self, head, dropout):
        super().__init__()
        self.head = head
        self.dropout = Dropout(dropout) if dropout else None

    def encode(self, code):
        """Return the code, of which some is dropped in training."""
        return code if self.dropout is None else self.dropout(code)

    def decode(self, code):
        """Return the prediction for codes."""
        return self.head(code)


def predictor_from(module, n_components, n_outputs, dropout, generator):
    """Return a module that predicts, with the encoder of an autoencoder's module.

    Parameters
    ----------
    module : torch.nn.Module
        The module of the autoencoder; it is left as it is.

    n_components, n_outputs : int
        Widths of the code and of the prediction.

    dropout : float
        Probability that a hidden activation is dropped in training.

    generator : torch.Generator
        Draws the initial weights of the layer that predicts.

    Returns
    -------
    predictor : torch.nn.Module
        On the CPU, with weights of its own.
    """
    classes = {
        MLPAutoencoder: MLPPredictor,
        TableAutoencoder: TablePredictor,
        ConvolutionalAutoencoder: ConvolutionalPredictor,
    }
    if type(module) not in classes:
        return ModulePredictor(
            module,
            n_components,
            n_outputs,
            dropout=dropout,
            generator=generator,
        ).cpu()
    config = {**module.config(), "n_outputs": n_outputs, "dropout": float(dropout)}
    config.pop("tied_weights", None)
    predictor = classes[type(module)](**config, generator=generator)
    predictor.encoder.load_state_dict(module.encoder.state_dict())
    return predictor
