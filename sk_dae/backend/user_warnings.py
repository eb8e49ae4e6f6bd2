"""Warnings that point to the user's line, however deep in a pipeline they arise."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import warnings

__all__ = ["warn_user"]

#: Packages whose frames lie between the user's line and a warning.
_PACKAGES = (__name__.partition(".")[0], "joblib", "sklearn", "skorch", "torch")


def _folder(package):
    path = os.path.dirname(importlib.util.find_spec(package).origin)
    return os.path.join(path, "")


_INSIDE = (*map(_folder, _PACKAGES), contextlib.__file__)


def warn_user(message, category=UserWarning):
    """Warn at the line that called scikit-learn or this package.

    Parameters
    ----------
    message : str
        The message.

    category : type, default=UserWarning
        The class of the warning.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INSIDE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
