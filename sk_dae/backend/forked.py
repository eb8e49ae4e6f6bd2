"""A fork of the global generators, for modules of a user's that draw from them."""

from __future__ import annotations

import contextlib
import dis
import functools
import random
import threading
import types
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

__all__ = ["ForkedGenerators", "generators_named_in"]

# Draws from global generators come one at a time.
_LOCK = threading.RLock()

# The generators whose methods the functions of both modules are.
_GLOBAL_OF_NUMPY = np.random.random_sample.__self__
_GLOBAL_OF_PYTHON = random.random.__self__


class ForkedGenerators:
    """A seeded fork of the global generators, for a user's code that draws from them.

    It takes their place only while code runs that draws, under a lock, so that threads
    whose code does not draw go on, and keep what they draw. From which generators code
    draws is found out when it runs for the first time, and again after
    :meth:`watch_again`. NumPy's and Python's are left alone unless the code names them.

    Parameters
    ----------
    seed : int
        Where the fork starts.

    device : torch.device
        Where torch draws besides the CPU. Only CUDA's devices are forked.

    code : object
        A module of the user's, or the function or class that makes one.
    """

    def __init__(self, seed, device, code):
        self._generators = {"torch": _TORCH}
        if device.type == "cuda":
            self._generators["cuda"] = _of_cuda(device)
        for kind in sorted(generators_named_in(code)):
            self._generators[kind] = {"numpy": _NUMPY, "python": _PYTHON}[kind]
        self._seed = seed
        # Where each stands; one that was never drawn from has no entry.
        self._states = {}
        # By the name of a piece of code: what it draws from.
        self._drawn = {}
        self._watched = set()

    def watch_again(self):
        """Find out anew what each piece of code draws from."""
        self._watched.clear()

    @contextlib.contextmanager
    def lent(self, name):
        """Let a piece of code draw from the fork.

        Parameters
        ----------
        name : str
            The name of the code, which draws from the same generators each time.
        """
        drawn = self._drawn.setdefault(name, set())
        watches = name not in self._watched
        self._watched.add(name)
        if not watches and not drawn:
            yield
            return
        with _LOCK:
            lent = [
                (kind, generator, *self._lend(kind, generator))
                for kind, generator in self._generators.items()
                if watches or kind in drawn
            ]
            try:
                yield
            finally:
                for kind, generator, before, start in lent:
                    state = generator.get_state()
                    generator.set_state(before)
                    if not _same(state, start):
                        drawn.add(kind)
                        self._states[kind] = state

    def _lend(self, kind, generator):
        """Put the fork of a generator in its place; return the states of both."""
        before = generator.get_state()
        if kind in self._states:
            generator.set_state(self._states[kind])
        else:
            generator.seed(self._seed)
        return before, generator.get_state()


class _Generator(NamedTuple):
    """A global generator, by its functions."""

    get_state: Callable
    set_state: Callable
    seed: Callable


_TORCH = _Generator(
    torch.random.get_rng_state,
    torch.random.set_rng_state,
    lambda seed: torch.random.default_generator.manual_seed(seed),
)
_NUMPY = _Generator(
    np.random.get_state,
    np.random.set_state,
    lambda seed: np.random.seed(seed % 2**32),
)
_PYTHON = _Generator(random.getstate, random.setstate, random.seed)


def _of_cuda(device):
    """Return the generator of one of CUDA's devices."""
    index = torch.cuda.current_device() if device.index is None else device.index
    return _Generator(
        lambda: torch.cuda.get_rng_state(index),
        lambda state: torch.cuda.set_rng_state(state, index),
        lambda seed: torch.cuda.default_generators[index].manual_seed(seed),
    )


def _same(state, other):
    if isinstance(state, torch.Tensor):
        return torch.equal(state, other)
    if isinstance(state, np.ndarray):
        return np.array_equal(state, other)
    if isinstance(state, tuple):
        return all(map(_same, state, other))
    return state == other


def generators_named_in(code):
    """Return which of NumPy's and Python's generators code may draw from.

    Parameters
    ----------
    code : object
        A function, a class, a torch module, or an object that is called. Objects
        that it names are looked into as well, but for those of libraries.

    Returns
    -------
    kinds : set of {"numpy", "python"}
        By the names in the code. Code that names NumPy need not draw.
    """
    kinds, seen, found = set(), {}, [code]
    while found:
        thing = found.pop()
        if id(thing) in seen:
            continue
        # Kept, or another object could get the identity of one.
        seen[id(thing)] = thing
        owner = getattr(thing, "__self__", None)
        # By identity: an array, or a data frame, is not simply equal to a module.
        if thing is np or thing is np.random or owner is _GLOBAL_OF_NUMPY:
            kinds.add("numpy")
        elif thing is random or owner is _GLOBAL_OF_PYTHON:
            kinds.add("python")
        elif isinstance(thing, functools.partial):
            found += [thing.func, *thing.args, *thing.keywords.values()]
        elif isinstance(thing, property):
            found.append(thing.fget)
        elif isinstance(thing, staticmethod | classmethod | types.MethodType):
            found.append(thing.__func__)
        elif isinstance(thing, types.FunctionType):
            if not _is_of_library(thing):
                found += _values_named_in(thing, kinds)
        elif isinstance(thing, type):
            if not _is_of_library(thing):
                found += [*vars(thing).values(), *thing.__mro__]
        elif isinstance(thing, nn.Module):
            for part in thing.modules():
                found += [type(part), *filter(callable, vars(part).values())]
        elif callable(thing):
            found.append(type(thing))
    return kinds


def _is_of_library(thing):
    """Whether a function or a class draws from torch's generator, if at all."""
    library = (thing.__module__ or "").partition(".")[0]
    return library in ("builtins", "sk_dae", "sklearn", "torch")


def _values_named_in(function, kinds):
    """Return the objects that the code of a function names.

    The kinds of generators that are imported in it are added to `kinds`.
    """
    loaded, attributes, codes = set(), set(), [function.__code__]
    while codes:
        code = codes.pop()
        codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
        for instruction in dis.get_instructions(code):
            name = instruction.argval
            if instruction.opname == "IMPORT_NAME":
                package = name.partition(".")[0]
                kinds |= {"numpy": {"numpy"}, "random": {"python"}}.get(package, set())
            elif instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                loaded.add(name)
            elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                attributes.add(name)
    known = function.__globals__
    values = [known[name] for name in loaded if name in known]
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # an empty one
            values.append(cell.cell_contents)
    for module in [v for v in values if isinstance(v, types.ModuleType)]:
        if module not in (np, torch):
            values += [vars(module)[n] for n in attributes if n in vars(module)]
    return values
