"""The material of a training: batches, random numbers, and missing values."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..backend.forked import ForkedGenerators
from ..backend.random import RandomStreams
from ..data.batches import Batches
from .objective import EncoderInput

__all__ = ["TrainingRun"]


@dataclass(frozen=True)
class TrainingRun:
    """Everything that the training of a net needs, but for the net.

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

    encoder_input : EncoderInput
        The rule for what the encoder reads.

    has_missing : bool
        Whether a value of the rows or of the targets is missing.

    completes : bool
        Whether rows are completed before they are corrupted.

    forked : ForkedGenerators or None
        Where a module of the user's draws from; None for one of the package.

    valid_input : EncoderInput or None
        The rule for what the encoder reads of validation rows that are none of the
        training rows; None where it is the same.

    valid_has_missing : bool
        Whether a value of such rows, or of their targets, is missing.
    """

    train: Batches
    valid: Batches | None
    device: torch.device
    streams: RandomStreams
    encoder_input: EncoderInput
    has_missing: bool = False
    completes: bool = False
    forked: ForkedGenerators | None = None
    valid_input: EncoderInput | None = None
    valid_has_missing: bool = False
