"""Saving and loading: one safetensors file, and no code in it."""

from ._persistence import load, save

__all__ = ["load", "save"]
