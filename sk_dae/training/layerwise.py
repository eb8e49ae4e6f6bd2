"""Greedy layer-wise pretraining: each layer learns to restore what the one below gives.

The layers are those of a whole module, whose weights they share, so that nothing is
copied when the whole is trained afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from ..backend.random import seeded_generator
from ..data.mapped_rows import SAMPLE_BYTES, SAMPLE_ROWS, MappedRows
from ..data.rows import rows_of
from ..losses import BaseLoss, BinaryCrossEntropy, SquaredError
from ..modules import ACTIVATIONS, MLPAutoencoder
from .objective import EncoderInput
from .run import TrainingRun

__all__ = ["LayerTraining", "pretrain_layers"]


@dataclass(frozen=True)
class LayerTraining:
    """The training of one layer as an autoencoder.

    Parameters
    ----------
    module : MLPAutoencoder
        An autoencoder of one hidden layer, which shares the weights of the whole.

    loss : BaseLoss
        The loss under which the inputs of the layer are restored.

    corruption : BaseCorruption or None
        The fitted process.

    run : TrainingRun
        Batches of the inputs of the layer.
    """

    module: MLPAutoencoder
    loss: BaseLoss
    corruption: object
    run: TrainingRun


def pretrain_layers(module, loss, run, processes, random_state, train_layer):
    """Train the layers of a perceptron one after the other, from the input on.

    Parameters
    ----------
    module : MLPAutoencoder
        The whole; its weights are changed.

    loss : BaseLoss
        The loss of the whole, and of the first layer.

    run : TrainingRun
        The training of the whole. The first layer is trained with it as it is.

    processes : sequence of (BaseCorruption or None)
        The corruption of the input of each layer: the first fitted, the others not.

    random_state : RandomState
        Draws what the processes learn from.

    train_layer : callable
        Called with the index of a layer and its ``LayerTraining``, to train it.
    """
    for k, process in enumerate(processes):
        if k == 0:
            train_layer(k, LayerTraining(_layer_of(module, k), loss, process, run))
            continue
        rows, targets = _hidden_rows(module, run, k, run.train, run.encoder_input)
        fill_values = None
        if process is not None:
            sample, weights = rows.weighted_sample(
                SAMPLE_ROWS, random_state, max_bytes=SAMPLE_BYTES
            )
            process.fit_rows(rows_of(sample, weights=weights), random_state)
            if process.makes_missing and not process.fills_missing:
                means = sample.mean(axis=0)
                if weights is not None:
                    means = np.average(sample, axis=0, weights=weights)
                means = means.astype(np.float32, copy=False)
                fill_values = torch.from_numpy(means).to(run.device)
        valid = run.valid
        if run.valid_input is not None:
            valid_rows = _hidden_rows(module, run, k, run.valid, run.valid_input)
            valid = valid.with_rows(*map(_kept, valid_rows))
        rows, targets = _kept(rows), _kept(targets)
        if valid is not None and run.valid_input is None:
            valid = valid.with_rows(rows, targets)
        layer_loss = _loss_of_layer(module.hidden_activations()[k - 1])
        layer_run = replace(
            run,
            train=run.train.with_rows(rows, targets),
            valid=valid,
            encoder_input=EncoderInput(layer_loss, fill_values),
            has_missing=False,
            valid_input=None,
            valid_has_missing=False,
        )
        layer = _layer_of(module, k)
        train_layer(k, LayerTraining(layer, layer_loss, process, layer_run))


def _kept(rows):
    return None if rows is None else rows.kept()


def _hidden_rows(module, run, k, batches, encoder_input):
    """Return what layer `k` takes, and what it restores where that differs."""
    function = _first_layers(module, encoder_input, k)
    width = len(module.encoder[k - 1].bias)
    rows = MappedRows(batches.rows, function, width, run.device)
    if batches.targets is None:
        return rows, None
    return rows, MappedRows(batches.targets, function, width, run.device)


def _first_layers(module, encoder_input, n_layers):
    """Return the function that takes rows through the first layers."""
    activation = ACTIVATIONS[module.activation]

    def encode(X):
        h = module.expand(encoder_input(X))
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
        # Rectified outputs below zero would learn nothing.
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
        super().__init__()
        self.activation = activation

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        error = (ACTIVATIONS[self.activation](output) - target).square()
        return error.mean() if reduction == "mean" else error
