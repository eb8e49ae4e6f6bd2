"""Writing an estimator: arrays as tensors, all else as JSON in the header.

Plain values are written as they are; an object of a registered class is written as the
name of the class and the attributes.
"""

from __future__ import annotations

import json
import math
import os
import warnings

import numpy as np
import torch
from torch import nn

from ..backend.serialization import (
    get_state,
    is_serializable,
    is_standalone,
    left_out,
    parameter_defaults,
)
from ..tables import types as column_types
from ..training.net import DenoisingNet
from ._format import FORMAT, import_package, versions
from ._net import describe_net
from ._trained import trained_within

__all__ = ["save"]


def save(estimator, path):
    """Save an estimator, fitted or not, to a file.

    Parameters
    ----------
    estimator : DenoisingAutoencoder
        An estimator of the package. Callbacks and metadata requests are left out.

    path : str or path-like
        The file, of the safetensors format; an old one is replaced.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.

    TypeError
        If a part cannot be written without code: a callable, a ``RandomState``, an
        object of a class of your own that is not registered
        (:func:`~sk_dae.persistence.serializable`). For a fitted model with a `module`
        of your own, the weights are saved, and :func:`load` takes the module.

    See Also
    --------
    load : The way back.

    Examples
    --------
    >>> import os, tempfile
    >>> import sk_dae
    >>> from sklearn.datasets import load_iris
    >>> X = load_iris().data
    >>> dae = sk_dae.DenoisingAutoencoder(2, max_iter=2, random_state=0).fit(X)
    >>> path = os.path.join(tempfile.mkdtemp(), "iris.safetensors")
    >>> sk_dae.save(dae, path)
    >>> loaded = sk_dae.load(path)
    >>> bool((loaded.transform(X) == dae.transform(X)).all())
    True
    """
    from safetensors.numpy import save_file

    import_package()
    if not is_standalone(estimator):
        raise TypeError(
            "estimator must be an estimator of sk_dae, got "
            f"{type(estimator).__name__}.{_describe_way(estimator)}"
        )
    defaults = parameter_defaults(type(estimator))
    for name in sorted(left_out(type(estimator)) & defaults.keys()):
        value = getattr(estimator, name)
        if value and value != defaults[name]:
            warnings.warn(f"{name} are not saved.", UserWarning, stacklevel=2)
    folder = os.path.dirname(os.path.abspath(os.fsdecode(path)))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"path lies in a folder that is not there: {folder}")
    writer = _Writer(fitted=any(True for _ in trained_within(estimator)))
    written_by = versions()
    header = {
        "format": FORMAT,
        "version": written_by["sk_dae"],  # where older versions look for it
        "versions": written_by,
        "estimator": writer.encode(estimator, type(estimator).__name__),
    }
    save_file(writer.arrays, os.fsdecode(path), metadata={"sk_dae": json.dumps(header)})


def _describe_way(given):
    """Return how to save what holds estimators of the package, or nothing."""
    if isinstance(given, DenoisingNet):
        return " Save the estimator whose net_ it is."
    found = {}
    if isinstance(given, list | tuple):
        found = {f"[{i}]": part for i, part in enumerate(given)}
    elif isinstance(getattr(given, "steps", None), list):
        found = {f"[{name!r}]": part for name, part in given.steps}
    for name in ("best_estimator_", "estimator_", "estimator"):
        if hasattr(given, name):
            found[f".{name}"] = getattr(given, name)
            break
    for path, part in found.items():
        if is_standalone(part):
            return (
                f" It holds one, which can be saved alone: given{path}. The whole can "
                "be pickled, with joblib for instance."
            )
    return ""


class _Writer:
    """Turns objects into JSON and arrays.

    Parameters
    ----------
    fitted : bool
        Whether what is written holds a trained net: a module of the user's may then
        be left to them.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The body of the file.
    """

    def __init__(self, *, fitted):
        self._fitted = fitted
        # A file refers to an object that is met again by its number. They are kept
        # alive, or another could get the identity of one.
        self._objects, self._numbers = [], {}
        self.arrays = {}

    def encode(self, value, name):
        """Return `value` as JSON can hold it; `name` says where it was found."""
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, range):
            value = tuple(value)
        if isinstance(value, list | tuple):
            items = [self.encode(item, f"{name}[{i}]") for i, item in enumerate(value)]
            return {type(value).__name__: items}
        if isinstance(value, dict):
            items = [[k, self.encode(v, f"{name}.{k}")] for k, v in value.items()]
            return {"dict": items}
        if isinstance(value, np.ndarray) and value.dtype.kind in "OUS":
            items = [self.encode(v, f"{name}[{i}]") for i, v in enumerate(value)]
            return {"objects": items}
        if isinstance(value, np.ndarray):
            self.arrays[name] = value.copy(order="C")
            return {"array": name}
        if isinstance(value, torch.Tensor):
            self.arrays[name] = value.detach().cpu().contiguous().numpy()
            if isinstance(value, nn.Parameter):
                return {"parameter": [name, value.requires_grad]}
            return {"tensor": name}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if column_types.is_dtype(value):
            return {"dtype": column_types.describe(value)}
        if isinstance(value, DenoisingNet):
            return {"net": self.encode(describe_net(value), name)}
        if is_serializable(value):
            return self._encode_object(value, name)
        raise TypeError(
            f"{name} cannot be saved: {type(value).__name__} is neither plain data nor "
            "of sk_dae. A class of your own can be registered by "
            "sk_dae.persistence.serializable."
        )

    def _encode_object(self, value, name):
        if id(value) in self._numbers:
            return {"again": self._numbers[id(value)]}
        state = get_state(value)
        if callable(state.get("module")):
            if "net_" not in state and not self._fitted:
                raise TypeError(
                    f"{name}.module cannot be saved before a fit: it is code."
                )
            state["module"] = {"of": "the user"}
        encoded = self.encode(state, name)
        self._numbers[id(value)] = len(self._objects)
        self._objects.append(value)
        return {"class": type(value).__name__, "state": encoded}
