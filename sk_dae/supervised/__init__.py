"""Prediction: an autoencoder, fine-tuned with a linear layer on its code."""

from ._classifier import DenoisingAutoencoderClassifier
from ._regressor import DenoisingAutoencoderRegressor

__all__ = ["DenoisingAutoencoderClassifier", "DenoisingAutoencoderRegressor"]
