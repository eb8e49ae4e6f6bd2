"""Rows, targets and weights of a fit, checked before any work is done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .batches import Batches
from .checks import check_clean, check_range, check_weights
from .rows import rows_of
from .statistics import ColumnStatistics
from .streamed_rows import StreamedBatches, StreamedRows
from .validation_set import without_columns
from .weights import uneven

__all__ = ["TrainingData", "automatic_batch_size", "measure_columns"]

#: Bytes that an automatic batch may take, where it has more than 32 rows.
BATCH_BYTES = 2**26


@dataclass(frozen=True)
class TrainingData:
    """Validated rows, with what belongs to them.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        The rows that go in.

    clean : ndarray or CSR matrix of shape (n_samples, n_features), or None
        The rows that should come out; None where they are those that go in.

    weights : Tensor of shape (n_samples,) or None
        Weights of the rows in the loss; None where all count the same.

    statistics, target_statistics : ColumnStatistics
        Statistics of X, and of the rows that should come out.

    row_weights : ndarray of shape (n_samples,), dtype float64, default=None
        Weights of the rows in all that is learned of them; None where all are equal.
    """

    X: object
    clean: object
    weights: torch.Tensor | None
    statistics: ColumnStatistics
    target_statistics: ColumnStatistics
    row_weights: np.ndarray | None = None

    @property
    def has_missing(self):
        """Whether a value of X or of `clean` is missing."""
        return self.statistics.has_missing or self.target_statistics.has_missing

    @classmethod
    def check(cls, X, clean, sample_weight, *, loss, names, scale_weights):
        """Check what goes with validated rows.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Validated rows.

        clean : array-like or None
            As it came.

        sample_weight : ndarray of shape (n_samples,) or None
            Positive weights.

        loss : BaseLoss
            Says which range the targets must lie in.

        names : ndarray of shape (n_features,) or None
            Names of the columns of X.

        scale_weights : bool
            Whether to scale the weights to a mean of one.

        Returns
        -------
        data : TrainingData
            The checked data.
        """
        if clean is not None:
            clean = check_clean(clean, X, names)
        check_range(X if clean is None else clean, loss, loss.target_range, names)
        if clean is not None:
            check_range(X, loss, loss.input_range, names)
        weights = None
        if sample_weight is not None:
            weights = check_weights(sample_weight, scale=scale_weights)
        row_weights = uneven(sample_weight)
        if row_weights is not None and scale_weights:
            row_weights = row_weights * (len(row_weights) / row_weights.sum())
        scale = scale_weights
        statistics = target_statistics = measure_columns(X, sample_weight, scale=scale)
        if clean is not None:
            target_statistics = measure_columns(clean, sample_weight, scale=scale)
        return cls(X, clean, weights, statistics, target_statistics, row_weights)

    def batches(
        self, batch_size, device, streams, validation_fraction=None, validation=None
    ):
        """Return the mini-batches of the training and the validation rows.

        Parameters
        ----------
        batch_size : int or "auto"
            Rows in a batch, at most. "auto" is a sixty-fourth of the training rows,
            within [32, 512]: small data needs steps, large data full batches. It
            takes fewer very wide rows, for the sake of memory.

        device : torch.device
            Where they are needed.

        streams : RandomStreams
            Where the order of the rows, and the choice of those set aside, come from.

        validation_fraction : float, default=None
            Fraction of the rows to set aside; None sets none aside.

        validation : TrainingData, default=None
            Rows to validate on, which a user has given; none are set aside then.

        Returns
        -------
        train : Batches
            Shuffled anew in every epoch.

        valid : Batches or None
            Always the same rows, for the same seed and number of rows, or those given.
        """
        n_samples = self.X.shape[0]
        train = valid = n_valid = None
        if validation_fraction is not None and validation is None:
            n_valid = max(1, round(validation_fraction * n_samples))
            if n_valid >= n_samples:
                raise ValueError(
                    f"early_stopping=True with validation_fraction="
                    f"{validation_fraction} leaves no row to train on: X has "
                    f"{n_samples} rows."
                )
        streamed = isinstance(self.X, StreamedRows)
        if n_valid is not None and not streamed:
            # From the start, so that a warm start sets the same rows aside again.
            order = torch.randperm(n_samples, generator=streams.restart("split"))
            train, valid = order[n_valid:], order[:n_valid]
        if batch_size == "auto":
            batch_size = automatic_batch_size(
                n_samples - (n_valid or 0), self.X.shape[1]
            )
        generator = streams["shuffle"]
        rows = rest = rows_of(self.X, device, weights=self.row_weights)
        if streamed:
            if n_valid is not None:
                rows, rest = rows.split(n_valid, streams.seeds["split"])
            make, shared = StreamedBatches, {}
        else:
            targets = None if self.clean is None else rows_of(self.clean, device)
            make, shared = Batches, {"targets": targets, "weights": self.weights}
        batches = make(rows, train, batch_size, device, generator=generator, **shared)
        if validation is not None:
            return batches, validation._in_order(batch_size, device, self)
        if n_valid is None:
            return batches, None
        return batches, make(rest, valid, batch_size, device, **shared)

    def _in_order(self, batch_size, device, training):
        """Return batches of all rows, as those of a training see them."""
        rows, targets = rows_of(self.X, device), self.clean
        if isinstance(rows, StreamedRows):
            rows = rows.without(training.statistics.never_observed)
            return StreamedBatches(rows, None, batch_size, device)
        rows = without_columns(rows, training.statistics.never_observed, device)
        if targets is not None:
            hidden = training.target_statistics.never_observed
            targets = without_columns(rows_of(targets, device), hidden, device)
        return Batches(
            rows, None, batch_size, device, targets=targets, weights=self.weights
        )

    def misses_with(self, training):
        """Return whether a value is missing, also since a training has seen none.

        Parameters
        ----------
        training : TrainingData
            The data of the training.

        Returns
        -------
        misses : bool
            Whether one is.

        Raises
        ------
        ValueError
            If no value is left.
        """
        hidden = training.target_statistics.never_observed
        if not self.target_statistics.n_observed[~hidden].any():
            raise ValueError(
                "There is no observed value in it, of columns that have any in "
                "training."
            )
        hidden = hidden | training.statistics.never_observed
        return self.has_missing or bool(hidden.any())


def measure_columns(X, sample_weight, *, scale):
    """Return the statistics of the columns of rows.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Validated rows.

    sample_weight : ndarray of shape (n_samples,) or None
        Positive weights.

    scale : bool
        Whether to scale the weights to a mean of one; elsewhere they are compared with
        those of other rows.

    Returns
    -------
    statistics : ColumnStatistics
        The statistics.
    """
    weights = uneven(sample_weight)
    if weights is not None and scale:
        weights = weights * (len(weights) / weights.sum())
    found = ColumnStatistics.of(rows_of(X, weights=weights))
    if weights is None and sample_weight is not None and not scale:
        found = found.times(float(sample_weight[0]))
    return found


def automatic_batch_size(n_rows, n_features):
    """Return the size of batches that ``batch_size="auto"`` means."""
    most = min(512, max(32, BATCH_BYTES // (4 * n_features)))
    return int(np.clip(n_rows // 64, 32, most))
