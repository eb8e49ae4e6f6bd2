"""The module that is trained: the estimator's own, or one that a user brings."""

from __future__ import annotations

import copy
import inspect

import torch

from ..backend.forked import ForkedGenerators

__all__ = ["ModuleMaker", "check_hidden_layers", "measure_widths"]


class ModuleMaker:
    """Mixin of the estimators that make, or are given, the module that they train.

    A subclass has the parameters `n_components` and `features`, builds its own module
    in ``_build_module`` and names the widths of its layers in ``_layer_widths``. One
    that takes a module of the user's returns it from ``_given_module``.
    """

    #: The class of the estimator's own module.
    _own_module = None

    def _given_module(self):
        """Return the module or the callable that the user gave, or None."""
        return None

    def _module_config(self, n_features, n_outputs):
        """Return what defines the estimator's own module, as a dict."""
        raise NotImplementedError

    def _build_module(self, config, generator):
        """Return the module that `config` defines, initialised from `generator`."""
        raise NotImplementedError

    def _layer_widths(self):
        """Return the widths of the own module: encoder, code, decoder."""
        raise NotImplementedError

    def _make_module(self, n_features, loss, streams, forked):
        """Return a new module and the widths of its layers."""
        given = self._given_module()
        n_outputs = loss.n_outputs(n_features)
        if given is None:
            config = self._module_config(n_features, n_outputs)
            widths = self._layer_widths()
            try:
                return self._build_module(config, streams["init"]), widths
            except RuntimeError as error:
                encoder, code, _ = widths
                raise ValueError(
                    "hidden_layer_sizes and n_components give a net that cannot be "
                    f"made, with layers of {(n_features, *encoder, code)} units: "
                    f"{str(error).splitlines()[0]}"
                ) from error
        if isinstance(given, torch.nn.Module):
            # The net moves it to its device itself.
            module = copy.deepcopy(given).cpu()
        else:
            _check_arguments(given)
            with forked.lent("module"):
                module = given(n_features, int(self.n_components))
        if not isinstance(module, torch.nn.Module):
            raise TypeError(
                "module must be, or return, a torch.nn.Module, got "
                f"{type(module).__name__}."
            )
        # It may have been made under another default of torch.
        module.float()
        for method in ("encode", "decode"):
            if not callable(getattr(module, method, None)):
                raise TypeError(
                    "module must be, or return, a torch.nn.Module with the methods "
                    f"encode and decode; {type(module).__name__} has no {method}."
                )
        if self.features == "layers":
            check_hidden_layers(module)
        with forked.lent("widths"):
            return module, measure_widths(module, n_features, n_outputs)

    def _class_of_module(self):
        """Return the class that the module has, so far as it can be known."""
        given = self._given_module()
        if given is None:
            return self._own_module
        if isinstance(given, type):
            return given
        if isinstance(given, torch.nn.Module):
            return type(given)
        return torch.nn.Module

    def _copy_module(self, n_features, loss):
        """Return a copy of the trained module, which must be of the form asked for."""
        given = self._given_module()
        module = self.net_.module_
        if not isinstance(module, self._class_of_module()):
            raise ValueError(
                f"module is {given!r}, but the one that training would go on "
                f"with is a {type(module).__name__}. Set warm_start=False and call fit "
                "to start afresh."
            )
        if given is None:
            config = self._module_config(n_features, loss.n_outputs(n_features))
            for name, value in module.config().items():
                if config[name] != value:
                    raise ValueError(
                        f"{name} is {config[name]!r}, but the module that training "
                        f"would go on with has {value!r}. Set warm_start=False and "
                        "call fit to start afresh."
                    )
        return copy.deepcopy(module)

    def _forked_generators(self, streams, device):
        """Return where a module of the user's draws from; None without one."""
        given = self._given_module()
        if given is None:
            return None
        return ForkedGenerators(streams.seeds["init"], device, given)


def _check_arguments(given):
    """Refuse a function that does not take what a module is made of."""
    try:
        inspect.signature(given).bind("n_features", "n_components")
    except TypeError as error:
        raise TypeError(
            "module must be a torch.nn.Module, or a function of n_features and "
            f"n_components that returns one, got {given!r}: {error}."
        ) from error
    except ValueError:
        # Something built in that has no signature.
        return


def check_hidden_layers(module):
    if not inspect.ismethod(getattr(module, "hidden_layers", None)):
        raise TypeError(
            "features='layers' needs a module with a method hidden_layers; "
            f"{type(module).__name__} has none."
        )


def measure_widths(module, n_features, n_outputs):
    """Return the widths of a user's module, by passing two rows through it."""
    training = module.training
    module.eval()
    rows = torch.zeros(2, n_features)
    with torch.no_grad():
        try:
            code = module.encode(rows)
        except RuntimeError as error:
            raise ValueError(
                f"encode of the module does not take rows of {n_features} features: "
                f"{error}"
            ) from error
        if code.ndim != 2 or len(code) != 2:
            raise ValueError(
                "encode of the module must return a tensor of shape (n_samples, "
                f"n_components), got {tuple(code.shape)} for {len(rows)} rows."
            )
        output = module.decode(code)
        if output.shape != (2, n_outputs):
            raise ValueError(
                "decode of the module must return a tensor of shape (n_samples, "
                f"{n_outputs}), got {tuple(output.shape)} for {len(rows)} rows."
            )
        encoder, decoder = [], []
        if inspect.ismethod(getattr(module, "hidden_layers", None)):
            encoder, _, decoder = module.hidden_layers(rows)
    module.train(training)
    return (
        tuple(layer.shape[1] for layer in encoder),
        code.shape[1],
        tuple(layer.shape[1] for layer in decoder),
    )
