"""Mixed precision: products in bfloat16 where the processor has instructions for them.

Weights, the state of the optimizer, losses and all that comes back stay float32.
"""

from __future__ import annotations

import contextlib
import functools

import torch

__all__ = ["PRECISIONS", "autocast", "find_precision"]

#: The strings that a parameter `precision` takes.
PRECISIONS = ("auto", "float32", "bfloat16")


def find_precision(name, device):
    """Return the type that products of a training are computed in.

    Parameters
    ----------
    name : {"auto", "float32", "bfloat16"}
        The parameter `precision`; "auto" is bfloat16 on an accelerator or a processor
        with instructions for it, where that is faster, and float32 elsewhere.

    device : torch.device
        Where the net is.

    Returns
    -------
    dtype : torch.dtype or None
        None stands for float32, without anything that casts.
    """
    if name == "float32" or (name == "auto" and not is_fast(device.type)):
        return None
    return torch.bfloat16


@contextlib.contextmanager
def autocast(dtype, device_type):
    """Compute the products of a block in a type; None leaves them as they are.

    Parameters
    ----------
    dtype : torch.dtype or None
        Result of :func:`find_precision`.

    device_type : str
        Type of the device that the net is on.
    """
    if dtype is None:
        yield
        return
    with torch.autocast(device_type, dtype):
        yield


@functools.cache
def is_fast(device_type):
    if device_type == "cuda":
        # Older ones only imitate it.
        return torch.cuda.get_device_capability() >= (8, 0)
    if device_type == "cpu":
        has = torch.cpu.get_capabilities()
        return any(has.get(name, False) for name in ("amx_bf16", "avx512_bf16"))
    return False
