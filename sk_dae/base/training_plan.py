"""The plan of a fit: all that is known once the data has been read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..backend.random import RandomStreams
from ..corruption import BaseCorruption
from ..data.batches import Batches
from ..data.statistics import ColumnStatistics
from ..losses import BaseLoss
from ..penalties import BasePenalty
from ..training.objective import EncoderInput
from ..training.run import TrainingRun

__all__ = ["TrainingPlan"]


@dataclass(frozen=True)
class TrainingPlan:
    """All that a training needs; the module and the run are added when they are built.

    Parameters
    ----------
    train : Batches
        Training rows.

    valid : Batches or None
        Validation rows.

    device : torch.device
        Where the net is.

    streams : RandomStreams
        Where all draws come from.

    loss : BaseLoss
        The loss, with what it has learned of the data.

    penalty : BasePenalty or None
        The penalty on the code.

    corruption : BaseCorruption or None
        The fitted process.

    donor_state : RandomState or None
        Draws the sample of donors that is kept; None where the corruption of an
        earlier fit goes on.

    emphasis : pair of float or None
        Weights of corrupted and uncorrupted cells.

    noise_schedule : callable or None
        Factor of the level as a function of progress.

    statistics, target_statistics : ColumnStatistics
        Statistics of the rows that go in, and of those that should come out.

    has_missing : bool
        Whether a value of the rows or of the targets is missing.

    valid_has_missing : bool or None
        Whether a value of validation rows that a user has given is missing; None where
        none were given.

    resume : bool
        Whether training goes on from an earlier fit.

    incremental : bool
        Whether it is one pass of many.

    module : torch.nn.Module
        The module to train.

    widths : tuple
        Widths of its layers: encoder, code, decoder.

    run : TrainingRun
        The training rows as the net takes them.

    encoder_input : EncoderInput
        The rule for what the encoder reads in prediction.
    """

    train: Batches
    valid: Batches | None
    device: torch.device
    streams: RandomStreams
    loss: BaseLoss
    penalty: BasePenalty | None
    corruption: BaseCorruption | None
    donor_state: np.random.RandomState | None
    emphasis: tuple | None
    noise_schedule: object
    statistics: ColumnStatistics
    target_statistics: ColumnStatistics
    has_missing: bool
    valid_has_missing: bool | None
    resume: bool
    incremental: bool
    module: torch.nn.Module | None = None
    widths: tuple | None = None
    run: TrainingRun | None = None
    encoder_input: EncoderInput | None = None
