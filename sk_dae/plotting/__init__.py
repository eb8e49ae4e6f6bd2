"""Displays, which need matplotlib: of losses, rows, filters, outliers and signals."""

from ._contributions import ContributionsDisplay
from ._filters import FiltersDisplay
from ._loss_curves import LossCurveDisplay
from ._reconstruction import ReconstructionDisplay
from ._spectrogram import SpectrogramDisplay

__all__ = [
    "ContributionsDisplay",
    "FiltersDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "SpectrogramDisplay",
]
