"""Measures of denoising, and scorers of denoising and imputation."""

from ._images import peak_signal_noise_ratio
from ._scorers import make_denoising_scorer, make_imputation_scorer

__all__ = [
    "make_denoising_scorer",
    "make_imputation_scorer",
    "peak_signal_noise_ratio",
]
