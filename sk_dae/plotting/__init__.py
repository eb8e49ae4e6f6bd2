"""Displays, which need matplotlib: losses, reconstructions, outliers, spectrograms."""

from ._contributions import ContributionsDisplay
from ._loss_curves import LossCurveDisplay
from ._reconstruction import ReconstructionDisplay
from ._spectrogram import SpectrogramDisplay

__all__ = [
    "ContributionsDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "SpectrogramDisplay",
]
