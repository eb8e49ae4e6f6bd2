"""Saving and loading: one safetensors file, and no code in it.

Arrays go into the file as tensors. All else goes into its header as JSON: plain
values, and the attributes of objects of the few classes listed here. Loading makes
those objects and runs nothing that the file brings.
"""

from __future__ import annotations

import copy
import json
import math
import os
import warnings

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator
from sklearn.preprocessing import OrdinalEncoder, QuantileTransformer, StandardScaler
from skorch.history import History

from ..autoencoder import DenoisingAutoencoder
from ..backend.devices import find_device
from ..backend.random import forked_global_generators, seeded_generator
from ..base.deprecation import current_value, with_new_names
from ..corruption import (
    BlockNoise,
    ComposeNoise,
    ConditionalMeanNoise,
    GaussianNoise,
    MarginalNoise,
    MaskingNoise,
    MultiScaleNoise,
    PoissonNoise,
    SaltAndPepperNoise,
    SpeckleNoise,
    SwapNoise,
    UniformNoise,
)
from ..corruption._donors import ColumnDonors, RowDonors
from ..corruption._marginal import QuantileTable
from ..data.statistics import ColumnStatistics
from ..imputation._imputer import DenoisingImputer
from ..imputation._inputs import IncompleteNumbers, IncompleteTable
from ..imputation._numeric_completion import NumericCompletion
from ..imputation._table_completion import TableCompletion
from ..linear.gaussian import IncompleteGaussian
from ..linear.maps import LinearMap, LinearStack, PartwiseMap
from ..linear.moments import Scatter
from ..losses import LOSSES, TableLoss
from ..losses._prediction import CategoricalCrossEntropy, PredictionError
from ..marginalized import MarginalizedDenoisingAutoencoder
from ..modules import MLPAutoencoder, TableAutoencoder
from ..modules._predictors import MLPPredictor, ModulePredictor, TablePredictor
from ..outlier._detector import DenoisingOutlierDetector
from ..outlier._scaling import FencedScaler
from ..penalties import PENALTIES
from ..stacked import StackedDenoisingAutoencoder
from ..supervised._classifier import DenoisingAutoencoderClassifier
from ..supervised._regressor import DenoisingAutoencoderRegressor
from ..tables import types as _dtypes
from ..tables.categories import CategoricalColumn
from ..tables.encoder import TableEncoder
from ..tables.scaling import NumericColumn
from ..tables.types import ColumnType
from ..tabular import TabularDenoisingAutoencoder
from ..training.net import DenoisingNet

__all__ = ["load", "save"]

#: Raised by one when a file can no longer be read by older versions.
FORMAT = 1

_ESTIMATORS = (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

_CLASSES = {
    cls.__name__: cls
    for cls in (
        *_ESTIMATORS,
        BlockNoise,
        ComposeNoise,
        ConditionalMeanNoise,
        GaussianNoise,
        MarginalNoise,
        MaskingNoise,
        MultiScaleNoise,
        PoissonNoise,
        SaltAndPepperNoise,
        SpeckleNoise,
        SwapNoise,
        UniformNoise,
        CategoricalColumn,
        CategoricalCrossEntropy,
        ColumnDonors,
        ColumnStatistics,
        ColumnType,
        IncompleteGaussian,
        IncompleteNumbers,
        IncompleteTable,
        FencedScaler,
        LinearMap,
        LinearStack,
        NumericColumn,
        NumericCompletion,
        PartwiseMap,
        PredictionError,
        QuantileTable,
        RowDonors,
        Scatter,
        TableCompletion,
        TableEncoder,
        TableLoss,
        *LOSSES.values(),
        *PENALTIES.values(),
        # Of scikit-learn's, those that hold nothing but plain data, or one of these.
        FrozenEstimator,
        MissingIndicator,
        OrdinalEncoder,
        QuantileTransformer,
        StandardScaler,
    )
}

_MODULES = {
    cls.__name__: cls
    for cls in (MLPAutoencoder, MLPPredictor, TableAutoencoder, TablePredictor)
}

# Of an object's state, what belongs to the process that it lives in,
# and what can be made again.
_TRANSIENT = frozenset(
    {
        "_skl_callbacks",
        "_metadata_request",
        "_parent_callback_ctx",
        "_layout",
        "_column_weights",
    }
)


def save(estimator, path):
    """Save an estimator, fitted or not, to a file.

    Parameters
    ----------
    estimator : DenoisingAutoencoder
        What to save. Callbacks and metadata requests are left out.

    path : str or path-like
        The file, of the safetensors format; an old one is replaced.

    Raises
    ------
    FileNotFoundError
        If the folder of `path` does not exist.

    TypeError
        If a part cannot be written without code: a callable, a class of your own, a
        ``RandomState``. For a fitted model with a `module` of your own, the weights
        are saved, and :func:`load` takes the module.

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

    from .. import __version__

    if type(estimator) not in _ESTIMATORS:
        raise TypeError(
            f"estimator must be an estimator of sk_dae, got {type(estimator).__name__}."
        )
    if hasattr(estimator, "net_callbacks") and current_value(
        estimator, "net_callbacks"
    ):
        warnings.warn("net_callbacks are not saved.", UserWarning, stacklevel=2)
    folder = os.path.dirname(os.path.abspath(os.fsdecode(path)))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"path lies in a folder that is not there: {folder}")
    writer = _Writer(fitted=any(True for _ in _trained_within(estimator)))
    header = {
        "format": FORMAT,
        "version": __version__,
        "estimator": writer.encode(estimator, type(estimator).__name__),
    }
    save_file(writer.arrays, os.fsdecode(path), metadata={"sk_dae": json.dumps(header)})


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
        If the file is none of sk_dae, or of a newer version; if a module is missing.

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
        if header["format"] > FORMAT:
            raise ValueError(
                f"{path} was written by sk_dae {header['version']}, whose format this "
                "version does not know."
            )
        estimator = _Reader(arrays, module).decode(header["estimator"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error!r}.") from error
    if type(estimator) not in _ESTIMATORS:
        raise ValueError(f"{path} holds no estimator of sk_dae.")
    for autoencoder in _trained_within(estimator):
        _place(autoencoder, device)
    return estimator


def _trained_within(value):
    """Yield the fitted autoencoders that an object is, or holds."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _trained_within(item)
    elif isinstance(value, FrozenEstimator):
        yield from _trained_within(list(vars(value).values()))
    elif isinstance(value, (*_ESTIMATORS, NumericCompletion, TableCompletion)):
        if getattr(value, "_learned", None) in vars(value):
            yield value
        yield from _trained_within(list(vars(value).values()))


def _place(estimator, device):
    """Move what a loaded estimator has learned from the CPU to where it belongs."""
    try:
        found = find_device(estimator.device_ if device is None else device)
    except ValueError:
        if device is not None:
            raise
        found = torch.device("cpu")
    estimator._move_to(found)


class _Writer:
    """Turns objects into JSON and arrays.

    Parameters
    ----------
    fitted : bool, default=False
        Whether what is written holds a trained net: a module of the user's may then
        be left to them.

    Attributes
    ----------
    arrays : dict of str to ndarray
        What belongs into the body of the file.
    """

    def __init__(self, *, fitted=False):
        self._fitted = fitted
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
            return {"tensor": name}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if _dtypes.is_dtype(value):
            return {"dtype": _dtypes.describe(value)}
        if isinstance(value, DenoisingNet):
            return {"net": self._encode_net(value, name)}
        if _CLASSES.get(type(value).__name__) is type(value):
            return self._encode_object(value, name)
        raise TypeError(
            f"{name} cannot be saved: {type(value).__name__} is neither plain data nor "
            "of sk_dae."
        )

    def _encode_object(self, value, name):
        state = {k: v for k, v in vars(value).items() if k not in _TRANSIENT}
        if "net_callbacks" in state:
            state |= {"net_callbacks": None, "callbacks": "deprecated"}
        if callable(state.get("module")):
            if "net_" not in state and not self._fitted:
                raise TypeError(
                    f"{name}.module cannot be saved before a fit: it is code."
                )
            state["module"] = {"of": "the user"}
        frozen = state.get("autoencoder")
        if (
            isinstance(frozen, FrozenEstimator)
            and state.get("autoencoder_") is frozen.estimator
        ):
            # The same object, written once.
            state["autoencoder_"] = None
        if isinstance(value, RowDonors):
            state["_moved"] = None
        return {"class": type(value).__name__, "state": self.encode(state, name)}

    def _encode_net(self, net, name):
        module = net.module_
        own = _MODULES.get(type(module).__name__) is type(module)
        # By parameter, and not by state: tied weights have two names there.
        tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        optimizer = net.optimizer if isinstance(net.optimizer, str) else "adamw"
        parts = {
            "module": type(module).__name__ if own else None,
            "config": module.config() if own else None,
            "tensors": tensors,
            "frozen": [n for n, p in module.named_parameters() if not p.requires_grad],
            "history": [dict(epoch) for epoch in net.history],
            "criterion": net.criterion_,
            "penalty": net.penalty,
            "settings": {"lr": net.lr, "alpha": net.alpha, "optimizer": optimizer},
            "optimizer_state": net.optimizer_state,
        }
        if isinstance(module, ModulePredictor):
            parts["head"] = module.config()
        return self.encode(parts, name)


class _Reader:
    """Turns JSON and arrays back into objects.

    Parameters
    ----------
    arrays : dict of str to ndarray
        The body of the file.

    module : callable, torch.nn.Module or None
        The user's own module.
    """

    def __init__(self, arrays, module):
        self._arrays = arrays
        self._module = module

    def decode(self, value):
        """Return the object that `value` describes."""
        if not isinstance(value, dict):
            return value
        if "class" in value:
            return self._decode_object(value)
        ((kind, content),) = value.items()
        if kind == "float":
            return float(content)
        if kind in ("list", "tuple"):
            items = [self.decode(item) for item in content]
            return items if kind == "list" else tuple(items)
        if kind == "dict":
            return {key: self.decode(item) for key, item in content}
        if kind == "objects":
            items = np.empty(len(content), dtype=object)
            items[:] = [self.decode(item) for item in content]
            return items
        if kind == "array":
            return self._arrays[content]
        if kind == "tensor":
            return torch.from_numpy(self._arrays[content])
        if kind == "device":
            return torch.device(content)
        if kind == "dtype":
            return _dtypes.make(content)
        if kind == "net":
            return self.decode(content)
        raise ValueError(f"The file holds a {kind!r}, which sk_dae does not know.")

    def _decode_object(self, value):
        name = value["class"]
        if name not in _CLASSES:
            raise ValueError(f"The file holds a {name!r}, which sk_dae does not know.")
        state = with_new_names(_CLASSES[name], self.decode(value["state"]))
        if state.get("module") is not None:
            if self._module is None:
                raise ValueError(
                    "module must be given: the model was trained with a module of "
                    "your own, of which the file holds only the weights."
                )
            state["module"] = self._module
        if state.get("autoencoder_", self) is None:
            state["autoencoder_"] = state["autoencoder"].estimator
        instance = object.__new__(_CLASSES[name])
        vars(instance).update(state)
        if "net_" in state:
            instance.net_ = self._build_net(instance, state["net_"])
        return instance

    def _build_net(self, estimator, parts):
        n_features = estimator.n_features_in_
        autoencoder = getattr(estimator, "autoencoder_", estimator)
        generator = seeded_generator(0)
        if parts["config"] is not None:
            # Its weights are drawn, from a generator of its own, and replaced.
            cls = _MODULES[parts["module"]]
            module = cls(**parts["config"], generator=generator)
        elif isinstance(self._module, torch.nn.Module):
            module = copy.deepcopy(self._module).cpu()
        else:
            with forked_global_generators(0, torch.device("cpu")):
                module = self._module(n_features, autoencoder.n_components)
        if "head" in parts:
            module = ModulePredictor(module, **parts["head"], generator=generator)
        own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        if own.keys() != parts["tensors"].keys():
            raise ValueError(
                "module has other parameters than the one that was saved: "
                f"{sorted(own)}, expected {sorted(parts['tensors'])}."
            )
        with torch.no_grad():
            for name, tensor in parts["tensors"].items():
                if own[name].shape != tensor.shape:
                    raise ValueError(
                        f"{name} of module has the shape {tuple(own[name].shape)}, "
                        f"expected {tuple(tensor.shape)}."
                    )
                own[name].copy_(tensor)
        for name in parts["frozen"]:
            own[name].requires_grad_(False)
        net = estimator._net_class(
            module,
            parts["criterion"],
            corruption=getattr(estimator, "corruption_", None),
            penalty=parts.get("penalty"),
            device="cpu",
            **parts["settings"],
        )
        net.initialize()
        net.release()
        net.history = History(parts["history"])
        net.optimizer_state = parts["optimizer_state"]
        return net
