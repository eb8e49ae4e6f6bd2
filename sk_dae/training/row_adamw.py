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

    A row whose gradient was zero for the last :math:`k - 1` steps makes up for them
    when it is touched,

    .. math:: m \leftarrow \beta_1^k m + (1 - \beta_1^k) g, \qquad
              v \leftarrow \beta_2^k v + (1 - \beta_2) g^2,

    so that a gradient moves it as far, all in all, as with ``torch.optim.AdamW``, which
    would work off the momentum in the steps between. Its weight decay is put off: it is
    multiplied by :math:`\prod_t (1 - \eta_t \lambda)` when it is touched, or by
    :meth:`settle`. All other parameters are stepped as by ``torch.optim.AdamW``.

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
        state = self._state_of(parameter)
        # torch's own AdamW, which may go on from here, wants it.
        step = float(state["step"].add_(1.0))
        rows = rows.numpy()
        factors = self._factors(parameter, state, rows, group, now, step)
        beta1, beta2 = group["betas"]
        root_of_bias = math.sqrt(1.0 - beta2**step)
        eps, rate = (x * root_of_bias for x in (group["eps"], group["lr"]))
        rate /= 1.0 - beta1**step
        tensors = (parameter, *(state[name] for name in _MOMENTS))
        # NumPy reads and writes rows by index faster than torch.
        tables = [self._table(parameter, tensor).numpy() for tensor in tensors]
        width = tables[0].shape[1]
        size = max(1, min(BLOCK // width, len(rows)))
        places = [torch.empty(size, width) for _ in range(4)]
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            index, change = rows[part], gradient[part]
            w, m, v, root = blocks = [place[: len(index)] for place in places]
            for table, block in zip(tables, blocks, strict=False):
                np.take(table, index, axis=0, out=block.numpy(), mode="clip")
            decay, of_mean, of_square = (factor[part] for factor in factors)
            m.lerp_(change, of_mean)
            v.mul_(of_square).addcmul_(change, change, value=1.0 - beta2)
            # torch's root of zeros, of which there are many, takes ten times as long.
            np.sqrt(v.numpy(), out=root.numpy())
            root.add_(eps)
            w.mul_(decay).addcdiv_(m, root, value=-rate)
            for table, block in zip(tables, blocks, strict=False):
                table[index] = block.numpy()

    def _factors(self, parameter, state, rows, group, now, step):
        """Return what rows catch up: decay, and the weights of the moments."""
        last, decays = state["row_steps"].numpy(), self._decays[parameter].numpy()
        n_steps = step - last[rows].astype(np.float64)
        beta1, beta2 = group["betas"]
        factors = np.exp(now - decays[rows]), 1.0 - beta1**n_steps, beta2**n_steps
        last[rows], decays[rows] = step, now
        return [
            torch.from_numpy(part.astype(np.float32, copy=False))[:, None]
            for part in factors
        ]

    def _state_of(self, parameter):
        """Return the moments of a table, laid out as its weights are."""
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros(())
            for name in _MOMENTS:
                state[name] = torch.zeros_like(parameter)
        if "row_steps" not in state:
            n_rows = len(self._decays[parameter])
            state["row_steps"] = torch.full((n_rows,), float(state["step"]))
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
