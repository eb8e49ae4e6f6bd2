"""Displays, which need matplotlib: losses, reconstructions, filters, and outliers."""

from ._contributions import ContributionsDisplay
from ._filters import FiltersDisplay
from ._loss_curves import LossCurveDisplay
from ._reconstruction import ReconstructionDisplay

__all__ = [
    "ContributionsDisplay",
    "FiltersDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
]
