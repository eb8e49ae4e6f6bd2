"""torch's optimizers without the start-up time of its compiler."""

from __future__ import annotations

import inspect

import torch
from torch.optim import Optimizer

__all__ = ["SGD", "Adam", "AdamW", "RMSprop"]


class EagerMixin:
    """Mixin of torch's optimizers that leaves the compiler of graphs alone.

    At its first call a method of torch's loads the compiler, to be skipped by it. That
    takes longer than the fit of a small net, so the functions inside are called here.
    """

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.step = torch.no_grad()(inspect.unwrap(cls.step))


class AdamW(EagerMixin, torch.optim.AdamW):
    """As ``torch.optim.AdamW``."""


class Adam(EagerMixin, torch.optim.Adam):
    """As ``torch.optim.Adam``."""


class SGD(EagerMixin, torch.optim.SGD):
    """As ``torch.optim.SGD``."""


class RMSprop(EagerMixin, torch.optim.RMSprop):
    """As ``torch.optim.RMSprop``."""
