"""Reading an estimator; nothing that the file brings is run."""

from __future__ import annotations

import json
import os

import numpy as np
import torch

from ..backend.devices import find_device
from ..backend.serialization import is_standalone, make_object
from ..backend.settings import own_settings
from ..tables.descriptions import make
from ..tables.values import make_value
from ._format import FORMAT, import_package
from ._net import build_net
from ._trained import trained_within

__all__ = ["load"]


@own_settings()
def load(path, *, device=None, module=None):
    """Load an estimator that :func:`save` wrote.

    Parameters
    ----------
    path : str or path-like
        The file.

    device : str or torch.device, default=None
        Where the net should be: as the parameter `device` of the estimator. None means
        the device that it was trained on, and the CPU where that is absent.

    module : callable or torch.nn.Module, default=None
        The module of your own that the model was trained with.

    Returns
    -------
    estimator : DenoisingAutoencoder
        The estimator.

    Raises
    ------
    ValueError
        If the file is none of sk_dae, or of a newer version; if a module is missing;
        if it holds an object of a class of your own that is not registered
        (:func:`~sk_dae.persistence.serializable`).

    See Also
    --------
    save : Writes the file.
    """
    from safetensors import SafetensorError, safe_open

    path = os.fsdecode(path)
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("sk_dae")
            arrays = {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is not a safetensors file: {error}") from None
    if text is None:
        raise ValueError(f"{path} was not written by sk_dae.save.")
    try:
        header = json.loads(text)
        _check_format(header, path)
        reader = _Reader(arrays, module, header["format"])
        estimator = reader.decode(header["estimator"])
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r}.") from error
    if not is_standalone(estimator):
        raise ValueError(f"{path} holds no estimator of sk_dae.")
    for autoencoder in trained_within(estimator):
        _place(autoencoder, device)
    return estimator


def _check_format(header, path):
    """Refuse a file of a newer format, by the version that wrote it."""
    package = import_package()
    if header["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by sk_dae {header['version']}, in format "
            f"{header['format']}. This is sk_dae {package.__version__}, which reads "
            f"formats up to {FORMAT}."
        )


def _place(estimator, device):
    """Move the net of a loaded estimator from the CPU to where it belongs."""
    try:
        found = find_device(estimator.device_ if device is None else device)
    except ValueError:
        if device is not None:
            raise
        found = torch.device("cpu")
    estimator._move_to(found)


class _Reader:
    """Turns JSON and arrays back into objects.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The body of the file.

    module : callable, torch.nn.Module or None
        The user's own module.

    format : int
        The format of the file.
    """

    def __init__(self, arrays, module, format):
        self._arrays = arrays
        self._module = module
        self._format = format
        # In the order in which they were written.
        self._objects = []

    def decode(self, value):
        """Return the object that `value` describes."""
        if not isinstance(value, dict):
            return value
        if "class" in value:
            return self._decode_object(value)
        ((kind, content),) = value.items()
        if kind == "again":
            return self._objects[content]
        if kind == "float":
            return float(content)
        if kind in ("list", "tuple"):
            items = [self.decode(item) for item in content]
            return items if kind == "list" else tuple(items)
        if kind == "dict":
            return {self.decode(key): self.decode(item) for key, item in content}
        if kind == "objects":
            # An assignment would take tuples for a second dimension.
            items = map(self.decode, content)
            return np.fromiter(items, dtype=object, count=len(content))
        if kind == "strings":
            return np.array(self.decode(content[0]), dtype=content[1])
        if kind == "array":
            return self._arrays[content]
        if kind == "tensor":
            return torch.from_numpy(self._arrays[content])
        if kind == "parameter":
            name, learns = content
            tensor = torch.from_numpy(self._arrays[name])
            return torch.nn.Parameter(tensor, requires_grad=learns)
        if kind == "device":
            return torch.device(content)
        if kind == "dtype":
            return make(content)
        if kind == "value":
            return make_value(content)
        if kind == "times":
            return self._arrays[content[0]].view(content[1])
        if kind == "net":
            return self.decode(content)
        raise ValueError(f"The file holds a {kind!r}, which sk_dae does not know.")

    def _decode_object(self, value):
        state = self.decode(value["state"])
        if state.get("module") is not None:
            if self._module is None:
                raise ValueError(
                    "module must be given: the model was trained with a module of "
                    "your own, of which the file holds only the weights."
                )
            state["module"] = self._module
        instance = make_object(value["class"], state, self._format)
        if "net_" in state:
            instance._adopt_net(build_net(instance, instance.net_, self._module))
        self._objects.append(instance)
        return instance
