"""Which parts of an object were trained, and hold what they learned on a device."""

from __future__ import annotations

from ..backend.serialization import is_serializable
from ..base.fitted import FittedMixin

__all__ = ["trained_within"]


def trained_within(value):
    """Find the fitted autoencoders that an object is, or holds.

    Parameters
    ----------
    value : object
        An object of a registered class, or a list of them.

    Yields
    ------
    estimator : FittedMixin
        One that has been fitted; each once.
    """
    yield from _search(value, set())


def _search(value, seen):
    if isinstance(value, list | tuple):
        parts = value
    elif is_serializable(value) and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, FittedMixin) and value._learned in vars(value):
            yield value
        parts = list(vars(value).values())
    else:
        return
    for part in parts:
        yield from _search(part, seen)
