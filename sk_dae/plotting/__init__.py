"""Displays, which need matplotlib: losses, reconstructions, and what makes outliers."""

from ._contributions import ContributionsDisplay
from ._loss_curves import LossCurveDisplay
from ._reconstruction import ReconstructionDisplay

__all__ = ["ContributionsDisplay", "LossCurveDisplay", "ReconstructionDisplay"]
