"""Saving and loading: one safetensors file, and no code in it."""

from ..backend.serialization import serializable
from ._inspect import SavedModel, inspect
from ._load import load
from ._save import save

__all__ = ["SavedModel", "inspect", "load", "save", "serializable"]
