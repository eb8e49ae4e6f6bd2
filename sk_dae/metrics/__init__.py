"""Measures of denoised images and signals; scorers of denoising and imputation."""

from ._images import (
    estimate_noise_level,
    peak_signal_noise_ratio,
    structural_similarity,
)
from ._scorers import make_denoising_scorer, make_imputation_scorer
from ._signals import (
    perceptual_speech_quality,
    segmental_signal_noise_ratio,
    short_time_objective_intelligibility,
    signal_distortion_ratio,
)

__all__ = [
    "estimate_noise_level",
    "make_denoising_scorer",
    "make_imputation_scorer",
    "peak_signal_noise_ratio",
    "perceptual_speech_quality",
    "segmental_signal_noise_ratio",
    "short_time_objective_intelligibility",
    "signal_distortion_ratio",
    "structural_similarity",
]
