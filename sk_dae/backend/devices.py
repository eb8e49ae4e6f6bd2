"""Devices: which one a parameter names, and whether it is there."""

from __future__ import annotations

import torch

from .suggestions import names_suggested

__all__ = ["find_device"]


def find_device(device):
    """Return the device that the parameter `device` names.

    Parameters
    ----------
    device : str or torch.device
        "auto" is the GPU where CUDA finds one, and the CPU elsewhere.

    Returns
    -------
    device : torch.device
        A device that is there.

    Raises
    ------
    ValueError
        If the name is none of torch's, or this machine has no such device.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(
            "device must be 'auto', 'cpu', 'cuda', 'cuda:<index>' or 'mps', got "
            f"{device!r}.{names_suggested(device, ('auto', 'cpu', 'cuda', 'mps'))}"
        ) from None
    if found.type == "cuda":
        n_devices = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (found.index or 0) >= n_devices:
            raise ValueError(
                f"device={str(device)!r} asks for a GPU that is not there: torch finds "
                f"{n_devices} CUDA devices. Use 'auto' or 'cpu', or install a build of "
                "torch with CUDA."
            )
    elif found.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(
            "device='mps' asks for a GPU of Apple that is not there. Use 'auto' or "
            "'cpu'."
        )
    elif found.type not in ("cpu", "mps"):
        try:
            # Every fit needs one there, and a name without a device cannot give it.
            torch.Generator(device=found)
        except RuntimeError:
            raise ValueError(
                f"device={str(device)!r} asks for a device that is not there. Use "
                "'auto' or 'cpu'."
            ) from None
    return found
