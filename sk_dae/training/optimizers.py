"""Optimizers by name, and AdamW for flat buffers, without the cost of calling it."""

from __future__ import annotations

import inspect

import torch
from torch.optim.optimizer import (
    _global_optimizer_post_hooks,
    _global_optimizer_pre_hooks,
)

from ..backend.eager_optimizers import SGD, Adam, AdamW, RMSprop
from ..backend.numbers import number
from .row_adamw import RowAdamW

__all__ = ["OPTIMIZERS", "FlatAdamW", "make_optimizer"]

#: The strings that `optimizer` takes.
OPTIMIZERS = {
    "adamw": AdamW,
    "adam": Adam,
    "sgd": SGD,
    "nesterov": SGD,
    "rmsprop": RMSprop,
}

# Options of the names beyond the class. The fused kernels go through memory once.
_OPTIONS = {
    "adamw": {"fused": True},
    "adam": {"fused": True},
    "sgd": {"fused": True, "momentum": 0.9},
    "nesterov": {"fused": True, "momentum": 0.9, "nesterov": True},
    "rmsprop": {},
}


class FlatAdamW(AdamW):
    """AdamW over a few buffers, by torch's fused kernel and nothing around it.

    The step of ``torch.optim.AdamW`` groups tensors, runs hooks and records for the
    profiler, which takes as long as the arithmetic on a hundred thousand values. The
    state is that of ``torch.optim.AdamW``, and so are the results, bit for bit.

    Parameters
    ----------
    groups : list of dict
        Groups of parameters on the CPU.

    lr, weight_decay : float
        As in ``torch.optim.AdamW``.
    """

    def __init__(self, groups, *, lr, weight_decay):
        super().__init__(groups, lr=lr, weight_decay=weight_decay, fused=True)
        # Where torch's schedulers look whether `step` was called before theirs.
        self._opt_called = True

    def step_buffers(self):
        """Update each buffer by its gradient, and call torch's hooks, if any."""
        hooks = (
            _global_optimizer_pre_hooks,
            self._optimizer_step_pre_hooks,
            self._optimizer_step_post_hooks,
            _global_optimizer_post_hooks,
        )
        if not any(hooks):
            self._update_buffers()
            return
        before, own_before, own_after, after = hooks
        with torch.enable_grad():
            for hook in (*before.values(), *own_before.values()):
                hook(self, (self,), {})
            self._update_buffers()
            for hook in (*own_after.values(), *after.values()):
                hook(self, (self,), {})

    def _update_buffers(self):
        if torch.is_grad_enabled():
            with torch.no_grad():
                self._update_buffers()
            return
        for group in self.param_groups:
            for buffer in group["params"]:
                state = self.state[buffer]
                if not state:
                    state["step"] = torch.zeros(())
                    state["exp_avg"] = torch.zeros_like(buffer)
                    state["exp_avg_sq"] = torch.zeros_like(buffer)
                self._update(buffer, group, state)

    def _update(self, buffer, group, state):
        beta1, beta2 = group["betas"]
        step = state["step"].add_(number(1.0))
        torch._fused_adamw_(
            [buffer],
            [buffer.grad],
            [state["exp_avg"]],
            [state["exp_avg_sq"]],
            [],
            [step],
            amsgrad=False,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )


def make_optimizer(optimizer, groups, *, lr, alpha):
    """Return an optimizer over some groups of parameters.

    Parameters
    ----------
    optimizer : str or type
        A key of :data:`OPTIMIZERS`, or a class.

    groups : list of dict
        Groups as torch takes them. One with a ``rate_factor`` has that multiple of the
        learning rate. ``tables``, in the first, says which parameters ``RowAdamW`` is
        to step by rows.

    lr : float
        Learning rate.

    alpha : float
        Weight decay; ignored by a class that has none.

    Returns
    -------
    optimizer : torch.optim.Optimizer
        An instance.
    """
    if "tables" in groups[0]:
        tables = groups[0].pop("tables")
        return RowAdamW(groups, tables, lr=lr, weight_decay=alpha)
    options = {"lr": lr}
    cls = optimizer
    if isinstance(optimizer, str):
        options.update(_OPTIONS[optimizer])
        cls = OPTIMIZERS[optimizer]
    if _takes_decay(cls):
        options["weight_decay"] = alpha
    for group in groups:
        if "rate_factor" in group:
            group["lr"] = lr * group["rate_factor"]
    if optimizer == "adamw" and _is_flat(groups):
        return FlatAdamW(groups, lr=lr, weight_decay=alpha)
    return _made(cls, groups, options)


def _made(cls, groups, options):
    """Return an optimizer of a class, or of a function with the same arguments."""
    is_class = isinstance(cls, type) and issubclass(cls, torch.optim.Optimizer)
    expected = (
        f"optimizer must be one of {sorted(OPTIMIZERS)}, a class of torch.optim, or a "
        "function that takes groups of parameters and lr and returns an instance of "
        "one"
    )
    try:
        made = cls(groups, **options)
    except (TypeError, ValueError) as error:
        if is_class and isinstance(error, ValueError):
            raise ValueError(f"optimizer {cls.__name__} refused: {error}") from error
        raise TypeError(f"{expected}; {cls!r} failed: {error}") from error
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"{expected}; {cls!r} returned {type(made).__name__}.")
    return made


def _takes_decay(cls):
    """Whether a class or a function has an argument for weight decay."""
    try:
        return "weight_decay" in inspect.signature(cls).parameters
    except ValueError:
        # Something built in that has no signature.
        return False


def _is_flat(groups):
    """Whether groups begin with a flat buffer that has a gradient, on the CPU."""
    first, *more = groups[0]["params"]
    buffers = [buffer for group in groups for buffer in group["params"]]
    return (
        not more
        and first.grad is not None
        and all(buffer.device.type == "cpu" for buffer in buffers)
    )
