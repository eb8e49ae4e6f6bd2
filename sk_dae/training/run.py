"""What the training of a net needs, but for the net."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..backend.random import RandomStreams

__all__ = ["TrainingRun"]


@dataclass(frozen=True)
class TrainingRun:
    """What the training of a net needs, but for the net.

    Parameters
    ----------
    train : Batches
        Training rows.

    valid : Batches or None
        Validation rows.

    device : torch.device
        Where the net is.

    streams : RandomStreams
        Where corruption, dropout and the penalty are drawn from.

    loss : BaseLoss
        The loss, with what it has learned of the data.

    corruption : BaseCorruption or None
        The fitted process.

    noise_schedule : callable or None
        What its level is multiplied by, as a function of progress.

    emphasis : pair of float or None
        What a corrupted and an uncorrupted cell weigh.

    fill_values : Tensor of shape (n_features,) or None
        What a missing value enters the encoder as; None where none is missing.

    has_missing : bool
        Whether a value of the rows or of the targets is missing.
    """

    train: object
    valid: object
    device: torch.device
    streams: RandomStreams
    loss: object
    corruption: object = None
    noise_schedule: object = None
    emphasis: object = None
    fill_values: torch.Tensor | None = None
    has_missing: bool = False

    def to_input(self, X):
        """Return what the encoder reads of rows that nothing corrupts.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN where missing.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_features)
            Without missing values, unless the module takes them.
        """
        if self.corruption is not None and self.corruption.fills_missing:
            X = self.corruption.fill(X)
        X = self.loss.to_input(X)
        if self.fill_values is None:
            return X
        return torch.where(torch.isnan(X), self.fill_values, X)

    def train_net(self, net, epochs, *, resumable=False, watchers=()):
        """Train a net, as ``DenoisingNet.train`` does.

        Parameters
        ----------
        net : DenoisingNet
            The net.

        epochs : int
            How often to go through the training rows.

        resumable : bool, default=False
            Whether to keep the state of the optimizer.

        watchers : iterable of skorch.callbacks.Callback
            Callbacks for this training only.
        """
        net.train(
            self.train,
            self.valid,
            epochs=epochs,
            streams=self.streams,
            fill_values=self.fill_values,
            has_missing=self.has_missing,
            resumable=resumable,
            watchers=watchers,
        )
