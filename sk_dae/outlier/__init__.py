"""Outlier detection by what an autoencoder cannot restore."""

from ._detector import DenoisingOutlierDetector

__all__ = ["DenoisingOutlierDetector"]
