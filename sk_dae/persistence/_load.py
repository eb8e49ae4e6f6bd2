"""Reading an estimator; nothing that the file brings is run."""

from __future__ import annotations

import os

import numpy as np
import torch

from ..backend.devices import find_device
from ..backend.serialization import is_standalone, make_object
from ..backend.settings import own_settings
from ..tables.descriptions import make
from ..tables.values import make_value
from ._format import import_package
from ._net import build_net
from ._read import read_parts, warn_of_versions
from ._trained import trained_within

__all__ = ["load"]

#: How a header that says something impossible makes itself felt.
_DAMAGES = (
    AttributeError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    TypeError,
)

#: Bytes that an array of strings may take beyond a multiple of its characters: one
#: keeps the width of the longest string that it may hold.
_STRING_BYTES, _STRING_FACTOR = 2**20, 1000


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
        If the file is none of sk_dae, or of a newer version; if it is damaged: what is
        read has to have the checksum of what was written; if a module is missing; if
        it holds an object of a class of your own that is not registered
        (:func:`~sk_dae.persistence.serializable`).

    Warns
    -----
    UserWarning
        If it was written with another major version of the package or of one that the
        model depends on.

    See Also
    --------
    save : Writes the file.
    """
    path = os.fsdecode(path)
    import_package()
    header, arrays = read_parts(path)
    try:
        reader = _Reader(arrays, module, header["format"])
        estimator = reader.decode(header["estimator"])
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    except _DAMAGES as error:
        raise ValueError(f"{path} is damaged: {error!r}.") from error
    if not is_standalone(estimator):
        raise ValueError(f"{path} holds no estimator of sk_dae.")
    warn_of_versions(header, path)
    for autoencoder in trained_within(estimator):
        _place(autoencoder, device)
    return estimator


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
            return _strings(self.decode(content[0]), np.dtype(content[1]))
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


def _strings(values, dtype):
    """Return an array of strings, unless its type claims more than they can need."""
    n_characters = len(str(values))
    n_values = str(values).count(",") + 1
    if n_values * dtype.itemsize > _STRING_BYTES + _STRING_FACTOR * n_characters:
        raise ValueError(f"{n_values} strings of {dtype.itemsize} bytes each.")
    return np.array(values, dtype=dtype)
