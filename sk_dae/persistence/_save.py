"""Writing an estimator: arrays as tensors, all else as JSON in the header.

Plain values are written as they are; an object of a registered class is written as the
name of the class and the attributes.
"""

from __future__ import annotations

import json
import math
import os

import numpy as np
import torch
from sklearn.base import is_classifier, is_outlier_detector, is_regressor
from torch import nn

from ..backend.atomic_file import write_atomically
from ..backend.serialization import (
    get_state,
    is_serializable,
    is_standalone,
    left_out,
    parameter_defaults,
)
from ..backend.user_warnings import warn_user
from ..tables.categories import CategoricalColumn
from ..tables.descriptions import UnsavedType, describe
from ..tables.types import ColumnType, is_dtype
from ..tables.values import describe_value
from ..training.net import DenoisingNet
from ._checksum import CHECKSUM, checksum
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
        The file, of the safetensors format. An old one is replaced in one step, once
        the new one is on the disk: whatever ends the process, one of the two is there.
        The new one has the permissions of the old one.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.

    OSError
        If the file cannot be written; an old one is then as it was.

    TypeError
        If a part cannot be written without code: a callable, a ``RandomState``, an
        object of a class of your own that is not registered
        (:func:`~sk_dae.persistence.serializable`); the type of a column in a table
        that has no plain form. For a fitted model with a `module` of your own, the
        weights are saved, and :func:`load` takes the module.

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
    from safetensors.numpy import save as as_bytes

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
            warn_user(f"{name} are not saved.")
    path = os.fsdecode(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"path lies in a folder that is not there: {folder}")
    predicts = any(
        is_one(estimator)
        for is_one in (is_classifier, is_regressor, is_outlier_detector)
    )
    writer = _Writer(
        fitted=any(True for _ in trained_within(estimator)), writes_tables=not predicts
    )
    written_by = versions()
    header = {
        "format": FORMAT,
        "version": written_by["sk_dae"],  # where older versions look for it
        "versions": written_by,
        "checksum": CHECKSUM,
        "estimator": writer.encode(estimator, type(estimator).__name__),
    }
    text = json.dumps(header)
    metadata = {"sk_dae": text, CHECKSUM: checksum(text, writer.arrays)}
    write_atomically(path, [as_bytes(writer.arrays, metadata)])


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

    writes_tables : bool
        Whether the estimator may have to write columns in the types of those in fit.

    Attributes
    ----------
    arrays : dict of str to ndarray
        The body of the file.
    """

    def __init__(self, *, fitted, writes_tables):
        self._fitted = fitted
        self._writes_tables = writes_tables
        # A file refers to an object that is met again by its number. They are kept
        # alive, or another could get the identity of one.
        self._objects, self._numbers = [], {}
        self.arrays = {}

    def encode(self, value, name):
        """Return `value` as JSON can hold it; `name` says where it was found."""
        if isinstance(value, np.generic) and value.dtype.kind not in "mM":
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
            items = [
                [self.encode(k, name), self.encode(v, f"{name}.{k}")]
                for k, v in value.items()
            ]
            return {"dict": items}
        if isinstance(value, np.ndarray) and value.dtype.kind == "O":
            items = [self.encode(v, f"{name}[{i}]") for i, v in enumerate(value)]
            return {"objects": items}
        if isinstance(value, np.ndarray) and value.dtype.kind in "US":
            items = self.encode(value.tolist(), name)
            return {"strings": [items, value.dtype.newbyteorder("=").str]}
        if isinstance(value, np.ndarray) and value.dtype.kind in "mM":
            dtype = value.dtype.newbyteorder("=")
            self.arrays[name] = value.astype(dtype).view(np.int64)
            return {"times": [name, dtype.str]}
        if isinstance(value, np.ndarray) and self._is_tensor(value):
            dtype = value.dtype.newbyteorder("=")
            self.arrays[name] = value.astype(dtype, order="C")
            return {"array": name}
        if isinstance(value, np.ndarray):
            raise TypeError(
                f"{name} cannot be saved: a file holds no {value.dtype.name}. Convert "
                "it to another type before fit."
            )
        if isinstance(value, torch.Tensor):
            self.arrays[name] = value.detach().cpu().contiguous().numpy()
            if isinstance(value, nn.Parameter):
                return {"parameter": [name, value.requires_grad]}
            return {"tensor": name}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if is_dtype(value) or isinstance(value, UnsavedType):
            return {"dtype": describe(value, needed=self._writes_tables)}
        if isinstance(value, DenoisingNet):
            return {"net": self.encode(describe_net(value), name)}
        if is_serializable(value):
            return self._encode_object(value, name)
        try:
            return {"value": describe_value(value)}
        except TypeError as error:
            raise TypeError(
                f"{name} cannot be saved: {error} A class of your own can be "
                "registered by sk_dae.persistence.serializable."
            ) from None

    @staticmethod
    def _is_tensor(array):
        """Whether the format has a type for an array of numbers."""
        return array.dtype.kind in "biuf" and array.dtype.itemsize <= 8

    def _encode_object(self, value, name):
        if id(value) in self._numbers:
            return {"again": self._numbers[id(value)]}
        if isinstance(value, ColumnType):
            self._check_type(value)
        state = get_state(value)
        if callable(state.get("module")):
            if "net_" not in state and not self._fitted:
                raise TypeError(
                    f"{name}.module cannot be saved before a fit: it is code."
                )
            state["module"] = {"of": "the user"}
        try:
            encoded = self.encode(state, name)
        except TypeError as error:
            if not isinstance(value, CategoricalColumn):
                raise
            raise TypeError(
                f"The categories of column {value.name} cannot be saved: {error}"
            ) from None
        self._numbers[id(value)] = len(self._objects)
        self._objects.append(value)
        return {"class": type(value).__name__, "state": encoded}

    def _check_type(self, column_type):
        """Refuse a type that cannot be saved, by the name of its column."""
        try:
            describe(column_type.dtype, needed=self._writes_tables)
        except TypeError:
            column = "of a column"
            if column_type.name is not None:
                column = f"of column {column_type.name}"
            raise TypeError(
                f"The type {column_type.dtype} {column} cannot be saved; convert the "
                "column to another type before fit."
            ) from None
