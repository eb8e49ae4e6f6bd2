"""The format of a file, and the versions that its header names."""

from __future__ import annotations

import platform
from importlib import import_module

import numpy as np
import scipy
import sklearn
import skorch
import torch

__all__ = ["FORMAT", "import_package", "versions"]

#: Raised by one when a file can no longer be read by older versions.
FORMAT = 2


def import_package():
    """Import all public names of the package, so that its classes register themselves.

    Returns
    -------
    package : module
        The package.
    """
    package = import_module(__package__.partition(".")[0])
    for name in package.__all__:
        getattr(package, name)
    return package


def versions():
    """Return the versions of this package and of those that a model depends on.

    Returns
    -------
    versions : dict of str to str
        Them, by the name of the package.
    """
    return {
        "sk_dae": import_package().__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "skorch": skorch.__version__,
    }
