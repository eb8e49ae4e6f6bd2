"""The material of a fine-tuning: batches of rows and targets."""

from __future__ import annotations

from ..data.batches import Batches
from ..data.rows import rows_of
from ..data.training_data import automatic_batch_size
from ..training.run import TrainingRun

__all__ = ["fine_tuning_run"]


def fine_tuning_run(
    X,
    autoencoder,
    streams,
    train,
    valid,
    *,
    batch_size,
    targets,
    weights,
    may_have_gaps,
    has_missing,
):
    """Return the material of a fine-tuning.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Validated rows.

    autoencoder : GradientDescentAutoencoder
        The fitted autoencoder.

    streams : RandomStreams
        Where all draws come from.

    train, valid : Tensor of int64, or None
        Indices of the rows to train and to validate on.

    batch_size : int or "auto"
        Rows of a batch, at most.

    targets : Rows
        The targets of all rows.

    weights : Tensor of shape (n_samples,) or None
        Weights of all rows.

    may_have_gaps : bool
        Whether a value is missing, before or after the corruption.

    has_missing : bool
        Whether a target is missing.

    Returns
    -------
    run : TrainingRun
        The material.
    """
    device = autoencoder._device
    rows = rows_of(X, device)
    if batch_size == "auto":
        batch_size = automatic_batch_size(len(train), X.shape[1])
    shared = {"targets": targets, "weights": weights}
    batches = Batches(
        rows, train, batch_size, device, generator=streams["shuffle"], **shared
    )
    if valid is not None:
        valid = Batches(rows, valid, batch_size, device, **shared)
    predicts = autoencoder.net_.encoder_input
    return TrainingRun(
        batches,
        valid,
        device,
        streams,
        predicts if may_have_gaps else predicts.in_training(False),
        has_missing=has_missing,
        completes=True,
    )
