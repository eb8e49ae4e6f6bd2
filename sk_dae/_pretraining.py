"""Greedy layer-wise pretraining: each layer learns to restore what the one below gives.

The layers are those of a whole module, whose weights they share, so that nothing is
copied when the whole is trained afterwards.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from sklearn.utils.random import sample_without_replacement

from ._random import seeded_generator
from ._rows import rows_of, spans
from .losses import BaseLoss, BinaryCrossEntropy, SquaredError
from .modules import ACTIVATIONS, MLPAutoencoder

__all__ = ["EncodedRows", "pretrain_layers"]

#: Bytes up to which the activations of a layer are kept for all rows; beyond them they
#: are computed anew for every batch.
KEPT_BYTES = 2**28

#: Rows, and their bytes, that the corruption of a hidden layer learns from.
SAMPLE_ROWS, SAMPLE_BYTES = 10_000, 2**26


class EncodedRows:
    """Rows as a function of tensors gives them.

    Parameters
    ----------
    rows : DenseRows or SparseRows
        The rows.

    function : callable
        Turns a tensor of rows into one of `width` columns.

    width : int
        How many columns.

    device : torch.device
        Where the function computes.
    """

    def __init__(self, rows, function, width, device):
        self._rows, self._function, self._compute_device = rows, function, device
        self.shape = (rows.shape[0], width)
        #: Where an index is to be.
        self.device = rows.device

    def take(self, index):
        """Return the rows of `index`, float32."""
        return self._encode(self._rows.take(index))

    def span(self, rows):
        """Return the rows of a slice, float32."""
        return self._encode(self._rows.span(rows))

    def _encode(self, X):
        with torch.no_grad():
            return self._function(X.to(self._compute_device))

    def kept(self):
        """Return the same rows, computed once, where they take little memory.

        Returns
        -------
        rows : DenseRows or EncodedRows
            The rows.
        """
        n_rows, width = self.shape
        if 4 * n_rows * width > KEPT_BYTES:
            return self
        values = np.empty(self.shape, dtype=np.float32)
        for span in spans(n_rows, 4 * max(width, self._rows.shape[1])):
            values[span] = self.span(span).cpu().numpy()
        return rows_of(values, self._compute_device)

    def sample(self, random_state):
        """Return an array of rows drawn at random, of bounded size.

        Parameters
        ----------
        random_state : RandomState
            Draws the rows.

        Returns
        -------
        sample : ndarray of shape (n_rows, width), dtype float32
            The rows.
        """
        n_rows, width = self.shape
        n_sample = min(n_rows, SAMPLE_ROWS, max(1, SAMPLE_BYTES // (4 * width)))
        index = np.arange(n_rows)
        if n_sample < n_rows:
            index = sample_without_replacement(
                n_rows, n_sample, random_state=random_state
            )
        return self.take(torch.from_numpy(np.sort(index))).cpu().numpy()


def pretrain_layers(module, run, processes, random_state, train_layer):
    """Train the layers of a perceptron one after the other, from the input on.

    Parameters
    ----------
    module : MLPAutoencoder
        The whole; its weights are changed.

    run : TrainingRun
        What its training needs. The first layer is trained with it as it is.

    processes : sequence of (BaseCorruption or None)
        The corruption of the input of each layer: the first fitted, the others not.

    random_state : RandomState
        Draws what the processes learn from.

    train_layer : callable
        Called with the index of a layer, its module and its ``TrainingRun``, to train
        it.
    """
    for k, process in enumerate(processes):
        if k == 0:
            train_layer(k, _layer_of(module, k), run)
            continue
        rows, targets = _hidden_rows(module, run, k)
        if process is not None:
            process._fit_rows(rows.sample(random_state), random_state)
        rows, targets = rows.kept(), targets and targets.kept()
        hidden_run = replace(
            run,
            train=run.train.with_rows(rows, targets),
            valid=run.valid and run.valid.with_rows(rows, targets),
            loss=_loss_of_layer(module.hidden_activations()[k - 1]),
            corruption=process,
            fill_values=None,
            has_missing=False,
        )
        train_layer(k, _layer_of(module, k), hidden_run)


def _hidden_rows(module, run, k):
    """Return what layer `k` takes, and what it restores where that differs."""
    function, width = _first_layers(module, run, k), len(module.encoder[k - 1].bias)
    rows = EncodedRows(run.train.rows, function, width, run.device)
    if run.train.targets is None:
        return rows, None
    return rows, EncodedRows(run.train.targets, function, width, run.device)


def _first_layers(module, run, n_layers):
    """Return the function that takes rows through the first layers."""
    activation = ACTIVATIONS[module.activation]

    def encode(X):
        h = module.expand(run.to_input(X))
        # Never the layer of the code, whose activation may be another.
        for layer in module.encoder[:n_layers]:
            h = activation(layer(h))
        return h

    return encode


def _layer_of(module, k):
    """Return an autoencoder of one hidden layer; its weights are those of `module`."""
    names = module.hidden_activations()
    encoder, decoder = module.encoder[k], module.decoder[-1 - k]
    n_inputs = module.n_features if k == 0 else len(module.encoder[k - 1].bias)
    layer = MLPAutoencoder(
        n_inputs,
        len(encoder.bias),
        len(decoder.bias),
        hidden_layer_sizes=(),
        activation=module.activation,
        code_activation=names[k],
        tied_weights=decoder.tied,
        # Its weights are replaced.
        generator=seeded_generator(0),
    )
    layer.encoder[0], layer.decoder[0] = encoder, decoder
    return layer


def _loss_of_layer(activation):
    """Return the loss under which activations of a kind are restored."""
    if activation == "logistic":
        return BinaryCrossEntropy()
    if activation in ("relu", "identity"):
        # Of rectified outputs, those below zero would learn nothing.
        return SquaredError()
    return _ActivatedError(activation)


class _ActivatedError(BaseLoss):
    """Squared error of activations: the output goes through the activation first.

    Parameters
    ----------
    activation : str
        Key of the registry.
    """

    def __init__(self, activation):
        self.activation = activation

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        error = (ACTIVATIONS[self.activation](output) - target).square()
        return error.mean() if reduction == "mean" else error
