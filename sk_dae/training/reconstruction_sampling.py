"""Reconstruction sampling: of the zeros of sparse rows, a random sample is restored.

Dauphin, Y., Glorot, X. and Bengio, Y. (2011). Large-scale learning of embeddings with
reconstruction sampling. ICML.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from ..backend.random import seeded_generator
from ..data.rows import SparseRows
from ..data.sparse_batches import SparseBatch, StoredRows, is_wide
from ..modules import MLPAutoencoder

__all__ = [
    "ColumnSampler",
    "SampledCells",
    "SampledObjective",
    "find_sampling",
    "loss_of_cells",
]

#: Columns whose zeros are restored: at least so many, and so many for each cell that a
#: row has stored on average.
LEAST_COLUMNS, COLUMNS_PER_CELL = 512, 4

#: Rows whose zeros are restored in columns that have stored cells: at least so many,
#: and one of so many of a batch.
LEAST_ROWS, ROWS_PER_ROW = 16, 8


def find_sampling(net, run, listens):
    """Return the objective of a training that samples zeros, or None.

    Parameters
    ----------
    net : DenoisingNet
        The net, with the parameter `reconstruction_sampling`.

    run : TrainingRun
        The material of the training.

    listens : bool
        Whether a callback looks at single batches.

    Returns
    -------
    objective : SampledObjective or None
        None where all cells are to be restored.

    Raises
    ------
    ValueError
        If a share of the columns was asked for and settings do not allow it.
    """
    setting = net.reconstruction_sampling
    rows, targets = run.train.rows, run.train.targets
    if setting is None or run.device.type != "cpu":
        return None
    if not isinstance(rows, SparseRows) or not isinstance(targets, SparseRows | None):
        return None
    if setting == "auto" and not is_wide(rows):
        return None
    obstacle = _obstacle(net, run, listens)
    if obstacle is None:
        return SampledObjective.of(net, run, setting)
    if setting == "auto":
        return None
    raise ValueError(
        f"reconstruction_sampling must be 'auto' or None {obstacle}, got {setting}."
    )


def _obstacle(net, run, listens):
    """Return with what zeros cannot be sampled, as a phrase, or None."""
    module, loss, corruption, penalty = (
        net.module_,
        net.criterion_,
        net.corruption,
        net.penalty,
    )
    if type(module) is not MLPAutoencoder:
        return f"with a module of the class {type(module).__name__}"
    if not _has_cells(loss) or loss.column_weights is not None:
        weighted = "" if loss.column_weights is None else " with column_weights"
        return f"with the loss {type(loss).__name__}{weighted}"
    if corruption is not None:
        name = f"with the corruption {type(corruption).__name__}"
        if not (corruption.keeps_zeros and _holds(corruption, "keeps_zeros", "draw")):
            return f"{name}, which changes zeros"
        if not isinstance(corruption.level_, float):
            return f"{name} and a level for each feature"
    if net.emphasis is not None:
        return "with emphasis"
    if penalty is not None and not (
        penalty.of_code_alone and not penalty.trained_by_net()
    ):
        return f"with the penalty {type(penalty).__name__}"
    if net.optimizer != "adamw":
        return "with an optimizer other than 'adamw'"
    if net.lr * net.alpha >= 1.0:
        return "with a weight decay that turns weights round in one step"
    if net.precision is not None:
        return f"with products in {net.precision}"
    if run.has_missing or run.valid_has_missing or run.completes:
        return "with missing values"
    if listens:
        return "with callbacks that look at single batches"
    return None


def _has_cells(loss):
    """Whether a loss is a sum over cells that the encoder reads as they are."""
    methods = ("cellwise", "forward", "value_and_gradient")
    return (
        loss.cell_by_cell
        and all(_holds(loss, "cell_by_cell", method) for method in methods)
        and not loss.transforms_input
        and not loss.trained_by_net()
    )


def _holds(part, claim, method):
    """Whether the class that claims something knows the method that it is about.

    It may not hold for a subclass that has a method of its own.
    """
    claims, has = (
        next((i for i, cls in enumerate(type(part).__mro__) if name in vars(cls)), 0)
        for name in (claim, method)
    )
    return claims <= has


class SampledCells(NamedTuple):
    """A batch, ready for a step over some of its cells.

    Parameters
    ----------
    inputs : SparseBatch
        Input of the encoder.

    target : SparseBatch
        Target of the output, whose stored cells all count.

    rows : Tensor of shape (n_drawn,), dtype int64
        The rows whose zeros count in columns that have stored cells.

    columns : Tensor of shape (n_sampled,), dtype int64
        The columns whose zeros count in all rows, in their order, but for those that
        have stored cells.

    column_weight : Tensor of shape (n_sampled,)
        How many cells each of those stands for; one on average over the draws.

    weight : Tensor of shape (n_samples,)
        Weight of each cell of a row in the loss.

    row_weight : Tensor of shape (n_samples,) or None
        Weights of the rows for the penalty.

    size : int
        Weight of the batch in the mean loss of an epoch.
    """

    inputs: SparseBatch
    target: SparseBatch
    rows: torch.Tensor
    columns: torch.Tensor
    column_weight: torch.Tensor
    weight: torch.Tensor
    row_weight: torch.Tensor | None
    size: int


class ColumnSampler:
    r"""Draws the columns of a batch whose zeros are restored.

    Column :math:`j` is expected to be drawn :math:`m q_j` times, where

    .. math:: q_j = \frac{1}{2} \left(\frac{1}{d} + \frac{c_j}{\sum_k c_k}\right)

    and :math:`c_j` is how often it is stored: columns that are often stored have large
    reconstructions, and so large gradients at their zeros. Each drawn column weighs as
    often as it was drawn over :math:`m q_j`, so that sums over columns are right on
    average. With all columns, each is drawn once.

    Parameters
    ----------
    n_sampled : int
        How many draws, :math:`m`.

    counts : ndarray of shape (n_features,)
        How often each column is stored.
    """

    def __init__(self, n_sampled, counts):
        n_features = len(counts)
        self.n_sampled = min(n_sampled, n_features)
        shares = np.full(n_features, 1.0 / n_features)
        if self.n_sampled < n_features and counts.any():
            shares = (shares + counts / counts.sum()) / 2.0
        ends = np.cumsum(shares)
        self._ends = torch.from_numpy(ends / ends[-1])
        self._expected = torch.from_numpy(shares * self.n_sampled)

    def draw(self, generator):
        """Return columns, in their order, and their weights.

        Parameters
        ----------
        generator : torch.Generator
            Where they are drawn from.

        Returns
        -------
        columns : Tensor of shape (n_drawn,), dtype int64
            The columns; those that come twice are one.

        weights : Tensor of shape (n_drawn,)
            Their weights.
        """
        n_features = len(self._ends)
        if self.n_sampled == n_features:
            return torch.arange(n_features), torch.ones(n_features)
        # One draw from each of as many equal parts.
        places = torch.arange(self.n_sampled, dtype=torch.float64)
        places += torch.rand(self.n_sampled, generator=generator, dtype=torch.float64)
        places /= self.n_sampled
        drawn = torch.searchsorted(self._ends, places, right=True)
        drawn.clamp_(max=n_features - 1)
        columns, times = torch.unique_consecutive(drawn, return_counts=True)
        return columns, (times / self._expected[columns]).float()


class SampledObjective:
    """Corrupt the stored cells of batches, and draw the zeros that are restored.

    It takes the place of an ``Objective``.

    Parameters
    ----------
    loss : BaseLoss
        The loss.

    corruption : BaseCorruption or None
        The fitted process, which keeps zeros.

    sampler : ColumnSampler
        Draws columns.
    """

    def __init__(self, loss, corruption, sampler):
        self.loss = loss
        self.corruption = corruption
        self._sampler = sampler

    @classmethod
    def of(cls, net, run, setting):
        """Return the objective of a training, for a setting that is not None."""
        rows = run.train.rows if run.train.targets is None else run.train.targets
        matrix = StoredRows(rows).matrix
        n_samples, n_features = matrix.shape
        if setting == "auto":
            n_sampled = max(LEAST_COLUMNS, COLUMNS_PER_CELL * matrix.nnz // n_samples)
        else:
            n_sampled = max(1, round(setting * n_features))
        counts = np.bincount(matrix.indices, minlength=n_features)
        sampler = ColumnSampler(n_sampled, counts)
        bias = net.module_.decoder[-1].bias
        if sampler.n_sampled < n_features and not bias.any():
            # A column that is seldom drawn would take long to get there.
            means = np.asarray(matrix.sum(axis=0, dtype=np.float64)).ravel() / n_samples
            means = torch.from_numpy(means.astype(np.float32))
            with torch.no_grad():
                bias.copy_(net.criterion_.output_of_means(means))
        return cls(net.criterion_, net.corruption, sampler)

    @property
    def in_validation(self):
        """The objective of validation rows: itself."""
        return self

    def without_corruption(self):
        """Return the same objective of rows that nothing corrupts."""
        return SampledObjective(self.loss, None, self._sampler)

    def read(self, batches):
        """Return batches of the stored cells."""
        targets = batches.targets
        return batches.with_rows(
            StoredRows(batches.rows), None if targets is None else StoredRows(targets)
        )

    def prepare_ahead(self, batches, generator):
        """Return the batches as they are: each is prepared by itself."""
        return batches

    def prepare(self, batch, generator, *, corrupts=True):
        """Return a batch as a step takes it.

        Parameters
        ----------
        batch : tuple of (X, target, weight)
            As :meth:`read` has ``Batches`` yield it.

        generator : torch.Generator or None
            Where corruption and columns are drawn from. None draws the same columns
            each time.

        corrupts : bool, default=True
            Whether the rows are corrupted.

        Returns
        -------
        prepared : SampledCells
            Inputs, target, cells and their weights.
        """
        inputs, target, row_weight = batch
        if generator is None:
            generator = seeded_generator(0)
        if corrupts and self.corruption is not None:
            values, _ = self.corruption.draw(inputs.values[None], generator)
            inputs = inputs.with_values(values[0])
        n_rows, n_features = target.shape
        weight = torch.full((n_rows,), 1.0 / (n_rows * n_features))
        if row_weight is not None:
            weight *= row_weight
        columns, column_weight = self._sampler.draw(generator)
        n_drawn = max(LEAST_ROWS, n_rows // ROWS_PER_ROW)
        rows = torch.arange(n_rows)
        if n_drawn < n_rows and self._sampler.n_sampled < n_features:
            rows = torch.randperm(n_rows, generator=generator)[:n_drawn]
        return SampledCells(
            inputs, target, rows, columns, column_weight, weight, row_weight, n_rows
        )

    def evaluate(self, module, prepared, precision=None):
        """Return the loss of a prepared batch, and the output in the stored cells."""
        hidden = module.before_output(module.encode(prepared.inputs))
        layer = module.decoder[-1]
        cells = loss_of_cells(self.loss, hidden, layer.table(), layer.bias, prepared)
        return cells.loss, cells.output


class Block(NamedTuple):
    """Derivatives by the output in some rows and columns.

    Parameters
    ----------
    rows : Tensor of shape (n_rows,), dtype int64
        The rows of the batch.

    columns : Tensor of shape (n_columns,), dtype int64
        The columns.

    slope : Tensor of shape (n_rows, n_columns)
        The derivatives.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    slope: torch.Tensor


class LossOfCells(NamedTuple):
    """The loss of a batch over some of its cells, and its derivatives.

    Parameters
    ----------
    loss : scalar Tensor
        The loss.

    output : Tensor of shape (n_stored,)
        Output in the stored cells.

    stored : Tensor of shape (n_stored,)
        Derivatives by the output there.

    order : ColumnOrder
        The stored cells, column after column.

    near, far : Block
        Derivatives at zeros in columns that the batch has stored cells in, and in
        others.
    """

    loss: torch.Tensor
    output: torch.Tensor
    stored: torch.Tensor
    order: object
    near: Block
    far: Block


def loss_of_cells(loss, hidden, table, bias, prepared):
    r"""Return the loss of a batch over its stored cells and a sample of its zeros.

    .. math:: \sum_{x_{ij} \ne 0} w_i \ell(z_{ij}, x_{ij})
              + \frac{n}{|I|} \sum_{j \in U} \sum_{i \in I, x_{ij} = 0}
              w_i \ell(z_{ij}, 0)
              + \sum_{j \in J \setminus U} v_j \sum_i w_i \ell(z_{ij}, 0),
              \qquad z = H W^T + b

    Columns :math:`U` with a stored cell always meet zeros too, of some rows :math:`I`:
    an optimizer that divides by the size of past gradients would let stored cells pull
    further than zeros that come less often. The others are sampled by column.

    Parameters
    ----------
    loss : BaseLoss
        The loss, a sum over cells.

    hidden : Tensor of shape (n_samples, n_inputs)
        Input of the last layer, :math:`H`.

    table : Tensor of shape (n_features, n_inputs)
        Its weight, :math:`W`.

    bias : Tensor of shape (n_features,)
        Its bias.

    prepared : SampledCells
        The batch.

    Returns
    -------
    cells : LossOfCells
        Loss and derivatives.
    """
    target, weight, rows = prepared.target, prepared.weight, prepared.rows
    of_cells, order = target.rows(), target.by_columns()
    output = target.inner_products(hidden, table).add_(bias[target.columns])
    value, stored = loss.value_and_gradient(output, target.values, weight[of_cells])

    weights = weight[rows] * (len(hidden) / len(rows))
    weights = weights[:, None].repeat(1, len(order.columns))
    # Cells that are stored have counted already.
    place = torch.full((len(hidden),), -1)
    place[rows] = torch.arange(len(rows))
    found = place[of_cells] >= 0
    places = torch.searchsorted(order.columns, target.columns[found])
    weights[place[of_cells[found]], places] = 0.0

    def at_zeros(rows, columns, weights):
        z = torch.addmm(bias[columns], hidden[rows], table[columns].T)
        part, slope = loss.value_and_gradient(z, torch.zeros_like(z), weights)
        return part, Block(rows, columns, slope)

    of_near, near = at_zeros(rows, order.columns, weights)
    known = F.pad(order.columns, (0, 1), value=-1)
    known = known[torch.searchsorted(order.columns, prepared.columns)]
    others = known != prepared.columns
    weights = torch.outer(weight, prepared.column_weight[others])
    of_far, far = at_zeros(torch.arange(len(hidden)), prepared.columns[others], weights)
    return LossOfCells(value + of_near + of_far, output, stored, order, near, far)
