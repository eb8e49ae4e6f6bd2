"""Steps over the stored cells of sparse rows and a sample of their zeros."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .reconstruction_sampling import loss_of_cells
from .steps import StepResult

__all__ = ["SampledStep"]


class SampledStep:
    """A step of a perceptron on sparse rows, at a cost that goes with stored cells.

    The first and the last layer, whose weights are tables with a row for each column
    of the data, are read and updated in the rows that a batch meets. Autograd finds the
    gradients of the layers between them.

    Parameters
    ----------
    module : MLPAutoencoder
        The module.

    loss : BaseLoss
        A loss that is a sum over cells.

    penalty : BasePenalty or None
        A penalty on the code alone.

    generator : torch.Generator
        Where the penalty is drawn from.
    """

    def __init__(self, module, loss, penalty, generator):
        self.module = module
        self.loss = loss
        self.penalty = penalty
        self._generator = generator
        self._first, self._last = module.encoder[0], module.decoder[-1]
        # Gradients of the loss of a row, in place of those of a cell: of many columns,
        # the latter are so small that the constant in AdamW's denominator would count.
        self._scale = float(module.n_features)

    def parameter_groups(self):
        """Return the groups of parameters for the optimizer, and what are tables."""
        tables = {self._first.weight: True, self._last.bias: False}
        if not self._last.tied:
            tables[self._last.weight] = False
        return [{"params": list(self.module.parameters()), "tables": tables}]

    def bind(self, optimizer):
        """Take the optimizer that steps the groups."""
        self._optimizer = optimizer

    def for_epoch(self):
        """Return the step of the next epoch: this one."""
        if not any(p.requires_grad for p in self.module.parameters()):
            raise ValueError(
                "All parameters of the module are frozen, so that nothing is left to "
                "train: let the callback that freezes them leave some."
            )
        self.restore()
        return self

    def restore(self):
        """Lay the weight of the first layer out by the columns of the data."""
        weight = self._first.weight
        if not weight.T.is_contiguous():
            weight.data = weight.data.T.contiguous().T

    def settle(self):
        """Do what steps have put off."""
        self._optimizer.settle()

    def release(self):
        """Lay weights out as they were, and drop the gradients."""
        self._optimizer.settle()
        self._optimizer.zero_grad()
        del self._optimizer
        for layer in (self._first, self._last):
            for parameter in layer.parameters():
                parameter.data = parameter.data.contiguous()

    def __call__(self, prepared, on_gradients):
        """Step the parameters by the gradients of a batch."""
        self._optimizer.zero_grad()
        inputs, target = prepared.inputs, prepared.target
        with torch.no_grad():
            z = inputs.through(self._first)
        z.requires_grad_()
        code = self.module.encode(_FirstLayer(z))
        hidden = self.module.before_output(code)
        with torch.no_grad():
            table, bias = self._last.table(), self._last.bias
            scaled = prepared._replace(weight=prepared.weight * self._scale)
            cells = loss_of_cells(self.loss, hidden.detach(), table, bias, scaled)
            at_hidden = target.with_values(cells.stored).times(table)
            for rows, columns, slope in (cells.near, cells.far):
                at_hidden.index_add_(0, rows, slope @ table[columns])
        loss, value = cells.loss / self._scale, None
        # Torch finds the gradients of a number faster than that of several tensors.
        product = torch.sum(hidden * at_hidden)
        if self.penalty is not None:
            value, at_code = self.penalty.value_and_gradient(
                code.detach(), prepared.row_weight, self._generator
            )
            loss = loss + self.penalty.weight * value
            at_code.mul_(self.penalty.weight * self._scale)
            product = product + torch.sum(code * at_code)
        product.backward()
        with torch.no_grad():
            rows = self._gradients_of_rows(prepared, cells, hidden.detach(), z.grad)
            self._optimizer.step_rows(rows)
        return StepResult(loss, cells.output, value)

    def _gradients_of_rows(self, prepared, cells, hidden, at_first):
        """Return rows of the tables and their gradients; of the rest, set them."""
        inputs, target, order = prepared.inputs, prepared.target, cells.order
        near, far = cells.near, cells.far
        if self._first.bias.requires_grad:
            self._first.bias.grad = at_first.sum(dim=0)
        of_inputs = order
        if inputs.columns is not target.columns:
            of_inputs = inputs.by_columns()
        stored = order.times(cells.stored, hidden)
        stored.addmm_(near.slope.T, hidden[near.rows])
        parts = [(order.columns, stored), (far.columns, far.slope.T @ hidden)]
        first = of_inputs.columns, of_inputs.times(inputs.values, at_first)
        tables = {}
        if self._last.tied:
            tables[self._first.weight] = [parts[0], first, parts[1]]
        else:
            tables[self._last.weight] = parts
            tables[self._first.weight] = [first]
        tables[self._last.bias] = [
            (order.columns, (order.sums(cells.stored) + near.slope.sum(0))[:, None]),
            (far.columns, far.slope.sum(dim=0)[:, None]),
        ]
        return {
            parameter: _added(parts)
            for parameter, parts in tables.items()
            if parameter.requires_grad
        }


class _FirstLayer:
    """What the first layer has made of rows, in the place of the rows.

    Parameters
    ----------
    z : Tensor of shape (n_samples, n_outputs)
        The output of the layer.
    """

    def __init__(self, z):
        self._z = z

    def through(self, layer):
        """Return what a linear layer makes of the rows: what it has made of them."""
        return self._z


def _added(parts):
    """Return rows, of which none comes twice, and sums of their gradients.

    Parameters
    ----------
    parts : list of (rows, gradient)
        Rows in their order, none twice in a part.
    """
    (rows, gradient), *others = parts
    for i, (more, change) in enumerate(others):
        if more is rows:
            gradient += change
            continue
        places = torch.searchsorted(rows, more)
        known = F.pad(rows, (0, 1), value=-1)[places] == more
        gradient.index_add_(0, places[known], change[known])
        rows = torch.cat([rows, more[~known]])
        gradient = torch.cat([gradient, change[~known]])
        if i + 1 < len(others):
            # The next part looks for its rows in these.
            rows, order = rows.sort()
            gradient = gradient[order]
    return rows, gradient
