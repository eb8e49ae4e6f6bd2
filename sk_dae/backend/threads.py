"""Threads: one for nets that are too small to gain from more.

Threads of a product of matrices wait for one another at its end. On a machine whose
cores are busy with something else, one of them is always late, and a step of a small
net takes a hundred times as long.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util

import torch
from threadpoolctl import ThreadpoolController

__all__ = ["limited_threads"]

#: Products of a weight and a value, in a batch, up to which one thread does.
FEW_PRODUCTS = 2**21

#: The same for batches of few rows, which are those of small data.
FEW_ROWS = 32
FEW_PRODUCTS_OF_FEW_ROWS = 2**23


@contextlib.contextmanager
def limited_threads(n_rows, n_weights, device):
    """Use one thread for a net that is too small to gain from more.

    The shapes alone decide which net is small, so that equal fits stay equal to the
    last bit. Other threads of Python keep the number that they have, as does this one
    afterwards.

    Parameters
    ----------
    n_rows : int
        Rows of a batch.

    n_weights : int or None
        Weights that each row meets; None for a net that nothing is known of, which
        keeps its threads.

    device : torch.device
        Where the net is.
    """
    if (
        n_weights is None
        or not _is_small(n_rows, n_weights)
        or device.type != "cpu"
        # It also settles the number in a thread that is new to torch.
        or torch.get_num_threads() == 1
    ):
        yield
        return
    libraries = _openmp_libraries()
    before = [library.get_num_threads() for library in libraries]
    set_threads_of_mkl = _setter_of_mkl()
    before_of_mkl = set_threads_of_mkl(1)
    for library in libraries:
        library.set_num_threads(1)
    try:
        yield
    finally:
        # A number that a callback has set in the meantime stays.
        for library, n_threads in zip(libraries, before, strict=True):
            if library.get_num_threads() == 1:
                library.set_num_threads(n_threads)
        of_mkl = set_threads_of_mkl(before_of_mkl)
        if of_mkl > 1:
            set_threads_of_mkl(of_mkl)


def _is_small(n_rows, n_weights):
    few = FEW_PRODUCTS_OF_FEW_ROWS if n_rows <= FEW_ROWS else FEW_PRODUCTS
    return n_rows * n_weights <= few


@functools.cache
def _openmp_libraries():
    """Return the libraries whose number of threads is one for each calling thread.

    ``torch.set_num_threads`` is no way: threads that start later inherit its number.
    """
    controller = ThreadpoolController().select(user_api="openmp")
    return controller.lib_controllers


@functools.cache
def _setter_of_mkl():
    """Return what sets MKL's threads of the calling thread, and returns those before.

    They count for more than OpenMP's once ``torch.set_num_threads`` was called. Zero
    stands for OpenMP's.
    """
    path = importlib.util.find_spec("torch._C").origin
    try:
        # Found in the libraries that this one needs.
        setter = ctypes.CDLL(path).MKL_Set_Num_Threads_Local
    except (AttributeError, OSError):
        return lambda n_threads: 0
    setter.argtypes, setter.restype = [ctypes.c_int], ctypes.c_int
    return setter
