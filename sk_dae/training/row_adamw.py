"""AdamW that updates some rows of large tables, at a cost that goes with those rows."""

from __future__ import annotations

import math

import numpy as np
import torch

from ..backend.eager_optimizers import AdamW

__all__ = ["RowAdamW"]

#: Numbers of a table that are updated at a time, so that they stay in the cache.
BLOCK = 2**17


class RowAdamW(AdamW):
    r"""AdamW whose steps touch only those rows of a table that have a gradient.

    A row that a step leaves out keeps its moments, and the correction of their bias
    counts the steps that touched the row. Its weight decay is put off: once touched
    again, or by :meth:`settle`, it is multiplied by :math:`\prod_t (1 - \eta_t
    \lambda)` over the steps between. All other parameters are stepped as by
    ``torch.optim.AdamW``.

    Parameters
    ----------
    groups : list of dict
        Groups of parameters on the CPU.

    tables : dict of Parameter to bool
        The parameters that are tables, and whether they are held transposed: with a
        row of the table for each column of the parameter.

    lr, weight_decay : float
        As in ``torch.optim.AdamW``; their product is below one.
    """

    def __init__(self, groups, tables, *, lr, weight_decay):
        super().__init__(groups, lr=lr, weight_decay=weight_decay, fused=True)
        # Where torch's schedulers look whether `step` was called before theirs.
        self._opt_called = True
        self._tables = tables
        # Logarithms of what weights have been multiplied by since the last `settle`:
        # of those that are up to date, and of each row.
        self._decay = 0.0
        self._decays = {p: torch.zeros(len(self._table(p, p))) for p in tables}

    def step_rows(self, gradients):
        """Do a step.

        Parameters
        ----------
        gradients : dict of Parameter to (rows, gradient)
            Indices of rows of each table, of which none comes twice, and their
            gradient. All other parameters have theirs where torch keeps it.
        """
        self.step()
        (group, *_) = self.param_groups
        now = self._decay + math.log1p(-group["lr"] * group["weight_decay"])
        for parameter, (rows, gradient) in gradients.items():
            self._update(parameter, rows, gradient, group, now)
        self._decay = now

    def _update(self, parameter, rows, gradient, group, now):
        weights = self._table(parameter, parameter)
        state = self._state_of(parameter)
        # torch's own AdamW, which may go on from here, wants it.
        state["step"] += 1.0
        n_steps = state["n_row_steps"][rows] + 1.0
        state["n_row_steps"][rows] = n_steps
        decay = (now - self._decays[parameter][rows]).exp_()
        self._decays[parameter][rows] = now
        beta1, beta2 = group["betas"]
        corrections = (1.0 - beta2**n_steps).sqrt_()
        rate = corrections * (group["lr"] / (1.0 - beta1**n_steps))
        columns = [part[:, None] for part in (decay, corrections * group["eps"], rate)]
        tensors = (weights, *(self._table(parameter, state[name]) for name in _MOMENTS))
        size = max(1, BLOCK // weights.shape[1])
        places = [weights.new_empty(size, weights.shape[1]) for _ in range(4)]
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            index, change = rows[part], gradient[part]
            w, m, v, root = (place[: len(index)] for place in places)
            for tensor, place in zip(tensors, (w, m, v), strict=True):
                torch.index_select(tensor, 0, index, out=place)
            decay, eps, rate = (column[part] for column in columns)
            m.lerp_(change, 1.0 - beta1)
            v.mul_(beta2).addcmul_(change, change, value=1.0 - beta2)
            # torch's root of zeros, of which there are many, takes ten times as long.
            np.sqrt(v.numpy(), out=root.numpy())
            root.add_(eps)
            torch.div(m, root, out=root).mul_(rate)
            w.mul_(decay).sub_(root)
            for tensor, place in zip(tensors, (w, m, v), strict=True):
                tensor.index_copy_(0, index, place)

    def _state_of(self, parameter):
        """Return the moments of a table, laid out as its weights are."""
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            for name in _MOMENTS:
                state[name] = torch.zeros_like(parameter)
        if "n_row_steps" not in state:
            n_rows = len(self._decays[parameter])
            state["n_row_steps"] = torch.full((n_rows,), float(state["step"]))
        for name in _MOMENTS:
            if state[name].stride() != parameter.stride():
                state[name] = torch.empty_like(parameter).copy_(state[name])
        return state

    def _table(self, parameter, tensor):
        tensor = tensor.detach()
        if tensor.ndim == 1:
            return tensor[:, None]
        return tensor.T if self._tables[parameter] else tensor

    @torch.no_grad()
    def settle(self):
        """Multiply all rows by the decay that was put off."""
        if not self._decay:
            return
        for parameter, decays in self._decays.items():
            # A callback may have frozen the table.
            if parameter.requires_grad:
                factors = (self._decay - decays).exp_()
                self._table(parameter, parameter).mul_(factors[:, None])
            decays.zero_()
        self._decay = 0.0


_MOMENTS = ("exp_avg", "exp_avg_sq")
