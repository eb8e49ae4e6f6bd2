"""Measures of denoising, and scorers of denoising and imputation."""

from ._images import (
    estimate_noise_level,
    peak_signal_noise_ratio,
    structural_similarity,
)
from ._scorers import make_denoising_scorer, make_imputation_scorer

__all__ = [
    "estimate_noise_level",
    "make_denoising_scorer",
    "make_imputation_scorer",
    "peak_signal_noise_ratio",
    "structural_similarity",
]
