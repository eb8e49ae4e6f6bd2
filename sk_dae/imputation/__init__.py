"""Imputation: rows with missing values, completed by cross-fitted autoencoders."""

from ._imputer import DenoisingImputer

__all__ = ["DenoisingImputer"]
