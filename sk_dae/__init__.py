"""Denoising autoencoders as scikit-learn estimators."""

from importlib import import_module

from .autoencoder import DenoisingAutoencoder
from .corruption import (
    BlockNoise,
    ColoredNoise,
    ComposeNoise,
    ConditionalMeanNoise,
    GaussianNoise,
    MarginalNoise,
    MaskingNoise,
    MultiScaleNoise,
    PoissonNoise,
    RecordedNoise,
    SaltAndPepperNoise,
    SpeckleNoise,
    SwapNoise,
    UniformNoise,
)
from .data.streams import RowStream
from .training.interrupts import StopTraining

__version__ = "0.1.0.dev0"

__all__ = [
    "BlockNoise",
    "ColoredNoise",
    "ComposeNoise",
    "ConditionalMeanNoise",
    "ConvolutionalDenoisingAutoencoder",
    "DenoisingAutoencoder",
    "DenoisingAutoencoderClassifier",
    "DenoisingAutoencoderRegressor",
    "DenoisingImputer",
    "DenoisingOutlierDetector",
    "GaussianNoise",
    "MarginalNoise",
    "MarginalizedDenoisingAutoencoder",
    "MaskingNoise",
    "MultiScaleNoise",
    "PoissonNoise",
    "RecordedNoise",
    "ResidualDenoiser",
    "RowStream",
    "SaltAndPepperNoise",
    "ShortTimeFourierTransformer",
    "SlidingWindows",
    "SpeckleNoise",
    "SpectrogramDenoiser",
    "StackedDenoisingAutoencoder",
    "StopTraining",
    "SwapNoise",
    "TabularDenoisingAutoencoder",
    "UniformNoise",
    "inspect",
    "load",
    "save",
]


# Names that are imported when they are first used, and from where.
_LATER = {
    "ConvolutionalDenoisingAutoencoder": "convolutional",
    "DenoisingAutoencoderClassifier": "supervised",
    "DenoisingAutoencoderRegressor": "supervised",
    "DenoisingImputer": "imputation",
    "DenoisingOutlierDetector": "outlier",
    "MarginalizedDenoisingAutoencoder": "marginalized",
    "ResidualDenoiser": "residual",
    "ShortTimeFourierTransformer": "signals",
    "SlidingWindows": "signals",
    "SpectrogramDenoiser": "signals",
    "StackedDenoisingAutoencoder": "stacked",
    "TabularDenoisingAutoencoder": "tabular",
    "inspect": "persistence",
    "load": "persistence",
    "save": "persistence",
}


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_LATER})
