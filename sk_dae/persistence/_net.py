"""A trained net as plain data and tensors, and back."""

from __future__ import annotations

import copy

import torch
from skorch.history import History

from ..backend.forked import ForkedGenerators
from ..backend.random import seeded_generator
from ..backend.serialization import find_class, is_serializable

__all__ = ["build_net", "describe_net"]


def describe_net(net):
    """Return the parts of a net that are to be saved.

    Parameters
    ----------
    net : DenoisingNet
        The net, not in training.

    Returns
    -------
    parts : dict
        Plain data, tensors, and objects of registered classes.
    """
    module = net.module_
    wraps = getattr(module, "wraps_module", False)
    own = is_serializable(module) and not wraps
    # By parameter, and not by state: tied weights have two names there.
    tensors = _tensors_of(module)
    optimizer = net.optimizer if isinstance(net.optimizer, str) else "adamw"
    parts = {
        "module": type(module).__name__ if own else None,
        "config": module.config() if own else None,
        "tensors": {name: tensor.detach() for name, tensor in tensors.items()},
        "frozen": [n for n, p in module.named_parameters() if not p.requires_grad],
        "history": [dict(epoch) for epoch in net.history],
        "criterion": net.criterion_,
        "penalty": net.penalty,
        "settings": {"lr": net.lr, "alpha": net.alpha, "optimizer": optimizer},
        "optimizer_state": net.optimizer_state_,
    }
    if wraps:
        parts["wrapper"] = type(module).__name__
        parts["head"] = module.config()
    return parts


def build_net(estimator, parts, user_module):
    """Build the net that was described.

    Parameters
    ----------
    estimator : NetTrainer
        The estimator of the net; all its other attributes are there.

    parts : dict
        The parts that :func:`describe_net` returned.

    user_module : callable, torch.nn.Module or None
        The user's own module.

    Returns
    -------
    net : DenoisingNet
        The net, on the CPU.
    """
    if parts["config"] is not None:
        # Before any memory is taken for it.
        with torch.device("meta"):
            _compare(_tensors_of(_build_module(estimator, parts, user_module)), parts)
    module = _build_module(estimator, parts, user_module)
    _fill(module, parts)
    net = estimator._net_class(
        module,
        parts["criterion"],
        corruption=getattr(estimator, "corruption_", None),
        penalty=parts.get("penalty"),
        device="cpu",
        **parts["settings"],
    )
    net.initialize()
    net.history = History(parts["history"])
    net.optimizer_state_ = parts["optimizer_state"]
    return net


def _build_module(estimator, parts, user_module):
    """Build a module of the right form; its weights are replaced afterwards."""
    # They are drawn, from a generator of its own.
    generator = seeded_generator(0)
    if parts["config"] is not None:
        return find_class(parts["module"])(**parts["config"], generator=generator)
    if isinstance(user_module, torch.nn.Module):
        module = copy.deepcopy(user_module).cpu()
    else:
        autoencoder = getattr(estimator, "autoencoder_", estimator)
        forked = ForkedGenerators(0, torch.device("cpu"), user_module)
        with forked.lent("module"):
            module = user_module(estimator.n_features_in_, autoencoder.n_components)
    module.float()
    if "head" in parts:
        # A file of format 1 does not name it, as there was one.
        wrapper = find_class(parts.get("wrapper", "ModulePredictor"))
        module = wrapper(module, **parts["head"], generator=generator)
    return module


def _tensors_of(module):
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _compare(own, parts):
    """Refuse saved tensors that are not those of a module."""
    if own.keys() != parts["tensors"].keys():
        raise ValueError(
            "module has other parameters than the one that was saved: "
            f"{sorted(own)}, expected {sorted(parts['tensors'])}."
        )
    for name, tensor in parts["tensors"].items():
        if own[name].shape != tensor.shape:
            raise ValueError(
                f"{name} of module has the shape {tuple(own[name].shape)}, expected "
                f"{tuple(tensor.shape)}."
            )
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise ValueError(f"{name} of module has values that are not finite.")


def _fill(module, parts):
    """Put the saved tensors into a module."""
    own = _tensors_of(module)
    _compare(own, parts)
    with torch.no_grad():
        for name, tensor in parts["tensors"].items():
            own[name].copy_(tensor)
    for name in parts["frozen"]:
        own[name].requires_grad_(False)
    module.eval()
