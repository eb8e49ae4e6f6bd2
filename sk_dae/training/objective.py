"""The objective of a training: what the encoder reads, the target, and its weights.

The one place that knows how a missing value, a column that was never observed, a
corruption that fills gaps and a loss that transforms rows come together, in training
and in prediction.
"""

from __future__ import annotations

import copy
import itertools
from typing import NamedTuple

import torch

from ..backend.precision import autocast
from ..data.batches import split_group
from ..data.sparse_batches import SparseBatch

__all__ = ["EMPHASES", "EncoderInput", "Objective", "Prepared", "fill_values_of"]

#: The weights of corrupted and uncorrupted cells that the strings of `emphasis` mean.
EMPHASES = {"full": (1.0, 0.0), "double": (1.0, 0.5)}


def fill_values_of(module, loss, statistics, device):
    """Return the numbers that stand for a missing value of each column.

    Parameters
    ----------
    module : torch.nn.Module
        The module; one with ``takes_missing`` reads NaN itself.

    loss : BaseLoss
        The loss, which may transform rows.

    statistics : ColumnStatistics
        Statistics of the training rows.

    device : torch.device
        Where the numbers are needed.

    Returns
    -------
    fill_values : Tensor of shape (n_features,)
        The transformed means, or NaN.
    """
    means = torch.from_numpy(statistics.means).to(device)
    if getattr(module, "takes_missing", False):
        return torch.full_like(means, torch.nan)
    return loss.to_input(means[None])[0]


class EncoderInput:
    """The rule that turns rows into the input of the encoder.

    1. A value in a column that was never observed counts as missing.
    2. A corruption that fills gaps fills them.
    3. The loss transforms the rows; NaN stays NaN.
    4. A number stands for each value that is still missing.

    Parameters
    ----------
    loss : BaseLoss
        The loss, whose ``to_input`` transforms rows.

    fill_values : Tensor of shape (n_features,), default=None
        The numbers that stand for missing values; None where nothing can be missing.

    never_observed : Tensor of shape (n_features,), dtype bool, default=None
        Mask of the columns without an observed training value; None for none.

    fill : callable, default=None
        Fills the gaps of a tensor of rows, as a corruption with ``fills_missing``
        does.
    """

    def __init__(self, loss, fill_values=None, *, never_observed=None, fill=None):
        self.loss = loss
        self.fill_values = fill_values
        self.never_observed = never_observed
        self.fill = fill
        self._transforms = loss.transforms_input

    @classmethod
    def of(cls, module, loss, statistics, corruption, device):
        """Return the rule for rows to be predicted, from what a fit has learned.

        Parameters
        ----------
        module : torch.nn.Module
            The module; one with ``takes_missing`` reads NaN itself.

        loss : BaseLoss
            The loss.

        statistics : ColumnStatistics
            Statistics of the training rows.

        corruption : BaseCorruption or None
            The fitted process.

        device : torch.device
            Where the net is.

        Returns
        -------
        encoder_input : EncoderInput
            The rule.
        """
        unseen = torch.from_numpy(statistics.never_observed)
        fills = corruption is not None and corruption.fills_missing
        return cls(
            loss,
            fill_values_of(module, loss, statistics, device),
            never_observed=unseen.to(device) if unseen.any() else None,
            fill=corruption.fill if fills else None,
        )

    def in_training(self, may_have_gaps):
        """Return the rule for the training rows themselves.

        Parameters
        ----------
        may_have_gaps : bool
            Whether a value of them is missing, before or after the corruption; where
            none is, nobody need look for any.

        Returns
        -------
        encoder_input : EncoderInput
            The rule.
        """
        fill_values = self.fill_values if may_have_gaps else None
        return EncoderInput(self.loss, fill_values, fill=self.fill)

    def __getstate__(self):
        """Leave the loss behind, which the net keeps and hands back."""
        return {**vars(self), "loss": None}

    @property
    def takes_stored(self):
        """Whether stored cells are read as they are, where none of them is missing."""
        return (
            self.never_observed is None and self.fill is None and not self._transforms
        )

    def __call__(self, X):
        """Return the input of the encoder for rows that nothing corrupts."""
        if isinstance(X, SparseBatch):
            return X
        return self.read(self.complete(X))

    def complete(self, X):
        """Return rows with the gaps that steps 1 and 2 leave."""
        if self.never_observed is not None:
            X = X.masked_fill(self.never_observed, torch.nan)
        return X if self.fill is None else self.fill(X)

    def read(self, X, gaps=None):
        """Return the input of the encoder for completed or corrupted rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            The rows; NaN where missing.

        gaps : Tensor of shape (n_samples, n_features), dtype bool, default=None
            Cells that count as missing besides, whatever a corruption has put there.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_features)
            Without missing values, unless the module takes them.
        """
        if self.fill_values is None:
            return self.loss.to_input(X) if self._transforms else X
        missing = torch.isnan(X)
        if gaps is not None:
            missing |= gaps
        if self._transforms:
            X = self.loss.to_input(X.masked_fill(missing, torch.nan))
        return torch.where(missing, self.fill_values, X)

    def to(self, device, loss):
        """Return the rule on a device, with the loss that is there.

        Parameters
        ----------
        device : torch.device
            Where the tensors are needed.

        loss : BaseLoss
            The loss on that device.

        Returns
        -------
        encoder_input : EncoderInput
            The rule.
        """

        def moved(tensor):
            return None if tensor is None else tensor.to(device)

        return EncoderInput(
            loss,
            moved(self.fill_values),
            never_observed=moved(self.never_observed),
            fill=self.fill,
        )


class Prepared(NamedTuple):
    """A batch, ready for a step.

    Parameters
    ----------
    inputs : Tensor of shape (n_samples, n_features)
        Input of the encoder.

    target : Tensor of shape (n_samples, n_targets)
        Target of the output in the loss.

    weight : Tensor that broadcasts to the target, or None
        Weights of the cells for the loss.

    row_weight : Tensor of shape (n_samples,) or None
        Weights of the rows for the penalty.

    size : int or scalar Tensor
        Weight of the batch in the mean loss of an epoch.
    """

    inputs: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor | None
    row_weight: torch.Tensor | None
    size: object


class Objective:
    """Corrupt batches, and say what is to be restored and what each cell weighs.

    Parameters
    ----------
    loss : BaseLoss
        The loss, with what it has learned of the data.

    encoder_input : EncoderInput
        The rule for what the encoder reads.

    corruption : BaseCorruption, default=None
        The fitted process.

    emphasis : pair of float, default=None
        Weights of a corrupted and of an uncorrupted cell; None weighs all alike.

    has_missing : bool, default=False
        Whether a value of the rows or of the targets is missing.

    completes : bool, default=False
        Whether rows are completed before they are corrupted, as in fine-tuning, where
        the corruption need not be the one that fills gaps.
    """

    def __init__(
        self,
        loss,
        encoder_input,
        *,
        corruption=None,
        emphasis=None,
        has_missing=False,
        completes=False,
    ):
        self.loss = loss
        self.encoder_input = encoder_input
        self.corruption = corruption
        self.emphasis = emphasis
        self.has_missing = has_missing
        self._completes = completes
        self._estimates_mask = getattr(loss, "estimates_mask", False)
        self._needs_mask = self._estimates_mask or emphasis is not None
        self._of_others = None

    @classmethod
    def of(cls, net, run):
        """Return the objective of the training of a net, given its ``TrainingRun``."""
        objective = cls(
            net.criterion_,
            run.encoder_input,
            corruption=net.corruption,
            emphasis=net.emphasis,
            has_missing=run.has_missing,
            completes=run.completes,
        )
        if run.valid_input is not None:
            objective.validate_by(run.valid_input, run.valid_has_missing)
        return objective

    @property
    def in_validation(self):
        """The objective of validation rows: itself, unless they are others."""
        return self._of_others or self

    def validate_by(self, encoder_input, has_missing):
        """Take validation rows that are none of the training rows.

        Parameters
        ----------
        encoder_input : EncoderInput
            The rule for what the encoder reads of them.

        has_missing : bool
            Whether a value of them, or of their targets, is missing.
        """
        self._of_others = copy.copy(self)
        self._of_others.encoder_input = encoder_input
        self._of_others.has_missing = has_missing

    def without_corruption(self):
        """Return the same objective of rows that nothing corrupts.

        Returns
        -------
        objective : Objective
            It draws nothing, and weighs all cells of a row alike.
        """
        plain = copy.copy(self)
        plain.corruption = plain.emphasis = None
        plain._needs_mask = self._estimates_mask
        return plain

    def prepare_ahead(self, batches, generator):
        """Yield batches, prepared where several of them can be at once.

        Parameters
        ----------
        batches : Batches
            The training rows.

        generator : torch.Generator
            Where the corruption is drawn from.

        Yields
        ------
        batch : tuple of (X, target, weight) or (X, target, weight, prepared)
            Prepared without a corruption, or with one that has ``rows_per_draw``.
        """
        n_rows = getattr(self.corruption, "rows_per_draw", None)
        if self._completes or (n_rows is None and self.corruption is not None):
            yield from batches
            return
        for X, target, row_weight, sizes in batches.groups(n_rows):
            prepared = self._prepare(X, target, row_weight, generator, True, sizes)
            parts = split_group(X, target, row_weight, sizes)
            for batch, of_batch in zip(parts, prepared, strict=True):
                yield *batch, of_batch

    def prepare(self, batch, generator, *, corrupts=True):
        """Return a batch as a step takes it.

        Parameters
        ----------
        batch : tuple of (X, target, weight) or (X, target, weight, prepared)
            As ``Batches`` or :meth:`prepare_ahead` yields it.

        generator : torch.Generator
            Where the corruption is drawn from.

        corrupts : bool, default=True
            Whether the rows are corrupted.

        Returns
        -------
        prepared : Prepared
            Inputs, target and weights.
        """
        if len(batch) > 3:
            return batch[3]
        (prepared,) = self._prepare(*batch, generator, corrupts)
        return prepared

    def read(self, batches):
        """Return batches as this objective takes them: as they are."""
        return batches

    def evaluate(self, module, prepared, precision=None):
        """Return the loss of a prepared batch, without a penalty, and the output.

        Parameters
        ----------
        module : torch.nn.Module
            The module.

        prepared : Prepared
            The batch.

        precision : torch.dtype, default=None
            The type of products, where it is another than float32.

        Returns
        -------
        loss : scalar Tensor
            The loss.

        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.
        """
        with autocast(precision, prepared.inputs.device.type):
            output = module.decode(module.encode(prepared.inputs))
        output = output.float()
        return self.loss(output, prepared.target, prepared.weight), output

    def _prepare(self, X, target, row_weight, generator, corrupts, sizes=None):
        """Return the batches of a group, or the only one, as a step takes them."""
        if self._completes:
            X = self.encoder_input.complete(X)
        corrupted, chosen = X, None
        if corrupts and self.corruption is not None:
            corrupted, chosen = self.corruption.draw(X, generator)
        if self._needs_mask and chosen is None:
            chosen = self._mask_of_all(X)
        weight = None if row_weight is None else row_weight[:, None]
        if self.emphasis is not None:
            emphasis = torch.where(chosen, *self.emphasis)
            weight = emphasis if weight is None else emphasis * weight
        gaps = None
        if self.has_missing and self.encoder_input.fill_values is not None:
            # A corruption may have put something into the gaps.
            gaps = torch.isnan(X)
        inputs = self.encoder_input.read(corrupted, gaps)
        observed = None
        if self.has_missing:
            observed = ~torch.isnan(target)
            if not self.loss.takes_missing:
                target = torch.where(observed, target, 0.0)
            weight = observed if weight is None else observed * weight
        size, n_cells = self._count(X, target, observed, sizes)
        if weight is not None:
            weight = weight / n_cells
        if self._estimates_mask:
            target, weight = self._with_mask(
                X, target, weight, row_weight, chosen, observed, n_cells
            )
        if sizes is None:
            return [Prepared(inputs, target, weight, row_weight, size)]
        parts = [
            itertools.repeat(None) if part is None else part.split(sizes)
            for part in (inputs, target, weight, row_weight)
        ]
        return map(Prepared, *parts, size)

    def _count(self, X, target, observed, sizes):
        """Return the weight of each batch in the mean of an epoch, and its cells.

        In a group the weights are a list, and the cells come row by row.
        """
        if sizes is None:
            if observed is None:
                return X.shape[0], target.numel()
            size = observed.sum()
            return size, size.clamp(min=1)
        if observed is None:
            n_rows, width = torch.tensor(sizes), target.shape[1]
            n_cells = (n_rows * width).repeat_interleave(n_rows)[:, None]
            return sizes, n_cells.to(X.device)
        of_rows = observed.sum(dim=1).split(sizes)
        counts = torch.stack([of_batch.sum() for of_batch in of_rows])
        n_rows = torch.tensor(sizes, device=X.device)
        n_cells = counts.clamp(min=1).repeat_interleave(n_rows)[:, None]
        # On the CPU nothing waits for a number.
        on_cpu = counts.device.type == "cpu"
        return counts.tolist() if on_cpu else counts.unbind(), n_cells

    def _mask_of_all(self, X):
        """Return the mask of a process that chooses all cells, or of none."""
        if self.corruption is None:
            return torch.zeros_like(X, dtype=torch.bool)
        return self.corruption.mask_of_all(X)

    @staticmethod
    def _with_mask(X, target, weight, row_weight, chosen, observed, n_cells):
        """Return the target with the mask behind it, and the weights of both."""
        target = torch.cat([target, chosen.to(target.dtype)], dim=1)
        if weight is not None:
            # As hard to tell for one cell as for another, whatever the emphasis.
            cells = torch.ones_like(X) if row_weight is None else row_weight[:, None]
            if observed is not None:
                cells = cells * observed
            parts = (weight, cells / n_cells)
            weight = torch.cat([part.expand(X.shape) for part in parts], dim=1)
        return target, weight
