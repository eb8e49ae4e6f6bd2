"""The base of all reconstruction losses: outputs, units, weights, gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from ..backend.serialization import serializable
from ..modules._estimator import EstimatorModule

__all__ = ["BaseLoss"]


@serializable(leave_out=["_column_weights"])
class BaseLoss(EstimatorModule):
    """Base class of the reconstruction losses.

    A subclass implements ``cellwise``. Calling a loss gives the weighted sum of its
    cells, or their mean without weights. A loss is an estimator, whose parameters can
    be searched over, and a torch module: it keeps as buffers what it has learned of the
    data before the training, and as parameters what it learns along with the net.

    Parameters
    ----------
    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns, non-negative and not all zero; scaled
        to a mean of one. None weighs the columns alike.
    """

    _parameter_constraints: dict = {"column_weights": ["array-like", None]}

    #: The range that the targets must lie in, or None.
    target_range = None

    #: The range that the rows must lie in, if they are not the targets, or None.
    input_range = None

    #: Whether each cell has a loss by itself, a function of its output and its target,
    #: so that some of the cells, in a tensor of any shape, can stand for all.
    cell_by_cell = False

    #: Whether a target keeps its missing values (NaN), instead of zeros for them.
    takes_missing = False

    #: Learning rate of the loss's own parameters, as a multiple of the net's.
    rate_factor = 1.0

    #: The loss where cells are off by ten, in the units of X, or None where it has no
    #: such units. Beyond it, columns that are not scaled are warned of.
    great_error = None

    # For a loss with an `__init__` of its own.
    column_weights = None

    def __init__(self, column_weights=None):
        self.column_weights = column_weights

    def set_params(self, **params):
        """Set parameters; what was derived from them is derived anew.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : object
            The loss.
        """
        super().set_params(**params)
        self._buffers.pop("_column_weights", None)
        return self

    # -- the data ---------------------------------------------------------------------

    def fit_rows(self, rows, statistics, previous=None):
        """Learn what the loss must know of the data, and check what it was told.

        Parameters
        ----------
        rows : Rows
            The clean rows; NaN where missing.

        statistics : ColumnStatistics
            Their statistics.

        previous : BaseLoss, default=None
            The loss of the training that is to go on: what one of the same class has
            learned is taken over.

        Returns
        -------
        self : object
            The loss.
        """
        weights = self._check_columns(rows.shape[1])
        if weights is not None:
            self.register_buffer("_column_weights", weights, persistent=False)
        if type(previous) is not type(self):
            self.learn(rows, statistics)
            return self
        for name, buffer in previous.named_buffers():
            if name != "_column_weights":
                self.register_buffer(name, buffer.clone())
        for name, parameter in previous.named_parameters():
            self.register_parameter(name, nn.Parameter(parameter.detach().clone()))
        return self

    def learn(self, rows, statistics):
        """Learn from rows; most losses have nothing to learn.

        Parameters
        ----------
        rows : Rows
            The clean rows; NaN where missing.

        statistics : ColumnStatistics
            Their statistics.
        """

    def trained_by_net(self):
        """Return the loss's own parameters that the optimizer of the net steps.

        Returns
        -------
        parameters : list of torch.nn.Parameter
            Those that are not frozen.
        """
        return [p for p in self.parameters() if p.requires_grad]

    def to_input(self, X):
        """Turn rows into what the encoder reads.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows, corrupted or not; NaN where missing.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_features)
            The rows themselves, unless a subclass says otherwise. NaN stays NaN.
        """
        return X

    @property
    def transforms_input(self):
        """Whether the encoder reads something else than the rows."""
        return type(self).to_input is not BaseLoss.to_input

    def match_scale(self, reconstruction, X):
        """Bring reconstructions to the scale of the rows that they are of.

        Parameters
        ----------
        reconstruction : Tensor of shape (n_samples, n_features)
            Result of ``to_data``.

        X : Tensor of shape (n_samples, n_features)
            The rows; NaN where missing.

        Returns
        -------
        reconstruction : Tensor of shape (n_samples, n_features)
            Itself, for a loss that restores the scale of a row with the row.
        """
        return reconstruction

    # -- the decoder's output ---------------------------------------------------------

    def n_outputs(self, n_features):
        """Return how many outputs the decoder needs for `n_features` features.

        Parameters
        ----------
        n_features : int
            Number of features.

        Returns
        -------
        n_outputs : int
            Width of the decoder's last layer.
        """
        return n_features

    def to_data(self, output):
        """Turn the decoder's output into a reconstruction in the data's units.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.

        Returns
        -------
        X : Tensor of shape (n_samples, n_features)
            The reconstruction.
        """
        return output

    def output_of_means(self, means):
        """Return outputs that suit rows which are all alike, to start from.

        Parameters
        ----------
        means : Tensor of shape (n_features,)
            Means of the columns.

        Returns
        -------
        output : Tensor of shape (n_features,)
            Zeros, unless a subclass knows better.
        """
        return torch.zeros_like(means)

    # -- the value --------------------------------------------------------------------

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.

        target : Tensor of shape (n_samples, n_features)
            The clean rows.

        reduction : {"none", "mean"}, default="none"
            Whether to return the cells or their mean.

        Returns
        -------
        loss : Tensor of shape (n_samples, n_features) or scalar Tensor
            The loss.
        """
        raise NotImplementedError

    def forward(self, output, target, weight=None):
        """Return the loss of a batch.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.

        target : Tensor of shape (n_samples, n_features)
            The clean rows.

        weight : Tensor that broadcasts to (n_samples, n_features), default=None
            Weight of each cell in the sum. None weighs the cells equally, with
            a sum of one.

        Returns
        -------
        loss : scalar Tensor
            The weighted sum of the cells.
        """
        weight = self._with_columns(weight, target)
        if weight is None:
            return self.cellwise(output, target, reduction="mean")
        return (self.cellwise(output, target) * weight).sum()

    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch, and its gradient at the output.

        Autograd finds the gradient here; a loss that knows its own saves the time. The
        gradients of the loss's own parameters are written where torch keeps them.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.

        target : Tensor of shape (n_samples, n_features)
            The clean rows.

        weight : Tensor that broadcasts to (n_samples, n_features), default=None
            As in a call.

        Returns
        -------
        loss : scalar Tensor
            The weighted sum of the cells.

        gradient : Tensor of shape (n_samples, n_outputs)
            Its derivative by the output.
        """
        with torch.enable_grad():
            output = output.detach().requires_grad_()
            loss = self(output, target, weight)
            own = self.trained_by_net()
            gradient, *others = torch.autograd.grad(loss, [output, *own])
        for parameter, value in zip(own, others, strict=True):
            parameter.grad = value
        return loss.detach(), gradient

    # -- columns ----------------------------------------------------------------------

    def _with_columns(self, weight, target):
        """Return the weights of the cells times those of the columns, or None."""
        if self.column_weights is None:
            return weight
        columns = self._buffers.get("_column_weights")
        if columns is None or columns.device != target.device:
            columns = self._check_columns(target.shape[1]).to(target.device)
            self.register_buffer("_column_weights", columns, persistent=False)
        return columns / target.numel() if weight is None else columns * weight

    def _check_columns(self, n_features):
        """Return the weights of the columns, with a mean of one, or None."""
        if self.column_weights is None:
            return None
        name = f"column_weights of {type(self).__name__}"
        try:
            weights = np.asarray(self.column_weights, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} must be an array of numbers, got {self.column_weights!r}."
            ) from None
        if weights.shape != (n_features,):
            raise ValueError(
                f"{name} must have the shape (n_features,) = ({n_features},), got "
                f"{weights.shape}."
            )
        if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{name} must be finite, non-negative and not all zero, got values in "
                f"[{weights.min():g}, {weights.max():g}]."
            )
        return torch.from_numpy((weights / weights.mean()).astype(np.float32))
