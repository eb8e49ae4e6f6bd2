"""The material of a fine-tuning: batches of rows and targets."""

from __future__ import annotations

import numpy as np
import torch

from ..data.batches import Batches
from ..data.rows import rows_of
from ..data.training_data import automatic_batch_size
from ..training.run import TrainingRun
from ._labeled_rows import LabeledRows

__all__ = ["fine_tuning_run"]


def fine_tuning_run(
    given,
    autoencoder,
    streams,
    train,
    valid,
    *,
    batch_size,
    to_rows,
    may_have_gaps,
):
    """Return the material of a fine-tuning.

    Parameters
    ----------
    given : LabeledRows
        The rows of the fit.

    autoencoder : GradientDescentAutoencoder
        The fitted autoencoder.

    streams : RandomStreams
        Where all draws come from.

    train : Tensor of int64
        Indices of the rows to train on.

    valid : Tensor of int64, LabeledRows or None
        Indices of the rows to validate on, or rows that a user has given for it.

    batch_size : int or "auto"
        Rows of a batch, at most.

    to_rows : callable
        Makes rows of targets that are numbers.

    may_have_gaps : bool
        Whether a value is missing, before or after the corruption.

    Returns
    -------
    run : TrainingRun
        The material.
    """
    device = autoencoder._device
    if batch_size == "auto":
        batch_size = automatic_batch_size(len(train), given.X.shape[1])

    def shared_by(rows):
        return {"targets": to_rows(rows.values), "weights": rows.weights}

    rows, shared = rows_of(given.X, device), shared_by(given)
    batches = Batches(
        rows, train, batch_size, device, generator=streams["shuffle"], **shared
    )
    predicts = autoencoder.net_.encoder_input
    of_others = {}
    if isinstance(valid, LabeledRows):
        # They may have gaps, and values in columns, of which training has seen none.
        of_others = {"valid_input": predicts, "valid_has_missing": valid.has_missing}
        index = torch.from_numpy(np.flatnonzero(valid.labeled))
        others = rows_of(valid.X, device)
        valid = Batches(others, index, batch_size, device, **shared_by(valid))
    elif valid is not None:
        valid = Batches(rows, valid, batch_size, device, **shared)
    return TrainingRun(
        batches,
        valid,
        device,
        streams,
        predicts if may_have_gaps else predicts.in_training(False),
        has_missing=given.has_missing,
        completes=True,
        **of_others,
    )
