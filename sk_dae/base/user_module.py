"""The module that a user brings: what it must offer, and how wide its layers are."""

from __future__ import annotations

import inspect

import torch

__all__ = ["check_hidden_layers", "measure_widths"]


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
