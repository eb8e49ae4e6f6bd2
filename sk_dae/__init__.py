"""Denoising autoencoders as scikit-learn estimators."""

from .autoencoder import DenoisingAutoencoder
from .corruption import (
    ComposeNoise,
    GaussianNoise,
    MaskingNoise,
    SaltAndPepperNoise,
    SwapNoise,
    UniformNoise,
)

__version__ = "0.1.0.dev0"

__all__ = [
    "ComposeNoise",
    "DenoisingAutoencoder",
    "GaussianNoise",
    "MaskingNoise",
    "SaltAndPepperNoise",
    "SwapNoise",
    "UniformNoise",
    "load",
    "save",
]


def __getattr__(name):
    # Imported when first used.
    if name in ("load", "save"):
        from . import persistence

        return getattr(persistence, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
