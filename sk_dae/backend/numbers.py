"""Numbers as tensors: torch takes longer to read one of Python's than to multiply."""

from __future__ import annotations

import functools

import torch

__all__ = ["number"]


@functools.lru_cache(maxsize=1024)
def number(value):
    """Return a number as a tensor without dimensions, which is not to be modified.

    Parameters
    ----------
    value : float
        The number; one that comes back often.

    Returns
    -------
    tensor : scalar Tensor, dtype float32
        On the CPU. torch takes it beside tensors of other devices.
    """
    with torch.inference_mode(False):
        return torch.tensor(value, dtype=torch.float32, device="cpu")
