"""The classes that a saved file may hold: each registers itself where it is defined.

A file names the classes of its objects, and no modules: loading makes objects of
classes that are registered here, and of no others.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import torch
from torch import nn

__all__ = [
    "find_class",
    "get_state",
    "is_serializable",
    "is_standalone",
    "left_out",
    "make_object",
    "parameter_defaults",
    "serializable",
]

# State of the process, which scikit-learn keeps in its estimators.
_OF_THE_PROCESS = frozenset(
    {"_metadata_request", "_parent_callback_ctx", "_skl_callbacks"}
)

# Where torch keeps buffers, parameters, modules and hooks.
_OF_TORCH = frozenset(vars(nn.Module())) - {"training"}


@dataclass(frozen=True)
class _Entry:
    cls: type
    leave_out: frozenset
    standalone: bool


# By name and by alias, and by class.
_BY_NAME: dict[str, _Entry] = {}
_BY_CLASS: dict[type, _Entry] = {}


def serializable(cls=None, *, aliases=(), leave_out=(), standalone=False):
    """Register a class, so that its objects can be saved and loaded.

    Use it as a decorator, with or without arguments. A file holds the name of the class
    and the attributes of its objects: plain values, arrays, tensors, and objects of
    registered classes. Loading sets the attributes and does not call ``__init__``. A
    subclass is registered by itself.

    Attributes may change from one version of a class to the next:

    - A parameter of ``__init__`` that the file lacks gets its default, in a class that
      follows scikit-learn's conventions (``get_params``).
    - A classmethod ``upgrade_state(cls, state, format)`` turns the attributes that a
      file holds, a dict, into those of today, and returns them. It is called for every
      file, with the number of the file's format, so it has to check what is there. The
      base classes' methods are called first, each by itself and without ``super``.
    - In a ``torch.nn.Module``, tensors become buffers. A file that was written
      before the class was a module is read in the same way.

    Parameters
    ----------
    cls : type
        The class.

    aliases : sequence of str, default=()
        Names that the class had in older files.

    leave_out : sequence of str, default=()
        Attributes that belong to the process or can be made again, here and in
        subclasses. They are not saved, and the class must do without them.

    standalone : bool, default=False
        Whether a file may hold an object of this class alone: it is an estimator.

    Returns
    -------
    cls : type
        The class, as it was.

    Raises
    ------
    ValueError
        If another class has the name.

    Examples
    --------
    >>> from sk_dae.corruption import BaseCorruption
    >>> from sk_dae.persistence import serializable
    >>> @serializable(aliases=["FlipNoise"])
    ... class SignNoise(BaseCorruption):
    ...     def __init__(self, level=0.1, *, whole_rows=False, random_state=None):
    ...         super().__init__(level, random_state=random_state)
    ...         self.whole_rows = whole_rows
    ...
    ...     @classmethod
    ...     def upgrade_state(cls, state, format):
    ...         if "rows" in state:  # the name of the parameter in older files
    ...             state["whole_rows"] = state.pop("rows")
    ...         return state
    """
    if cls is None:
        return lambda cls: serializable(
            cls, aliases=aliases, leave_out=leave_out, standalone=standalone
        )
    entry = _Entry(cls, frozenset(leave_out), standalone)
    for name in (cls.__name__, *aliases):
        other = _BY_NAME.get(name)
        if other is not None and not _replaces(cls, other.cls):
            raise ValueError(
                f"{_full_name(cls)} cannot be registered as {name!r}, which is the "
                f"name of {_full_name(other.cls)}. Give it another name."
            )
        _BY_NAME[name] = entry
    _BY_CLASS[cls] = entry
    return cls


def _full_name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"


def _replaces(cls, other):
    """Whether a class may take the name of another.

    It may if it is the same class, defined anew, or a class of this package, which is
    perhaps imported later than a user's.
    """
    return _full_name(cls) == _full_name(other) or (_is_own(cls) and not _is_own(other))


def _is_own(cls):
    own = __name__.partition(".")[0]
    return cls.__module__.partition(".")[0] in (own, "sklearn", "torch")


def find_class(name):
    """Return the class that is registered under a name or an alias, or None.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    cls : type or None
        The class.
    """
    entry = _BY_NAME.get(name)
    return None if entry is None else entry.cls


def is_serializable(value):
    """Whether the class of an object is registered, and not only a base class of it."""
    return find_class(type(value).__name__) is type(value)


def is_standalone(value):
    """Whether a file may hold an object alone."""
    return is_serializable(value) and _BY_CLASS[type(value)].standalone


def left_out(cls):
    """Return the names of the attributes that are not saved.

    Parameters
    ----------
    cls : type
        A class, registered or not.

    Returns
    -------
    names : set of str
        Those that the class and its bases leave out.
    """
    entries = (_BY_CLASS.get(base) for base in cls.__mro__)
    return _OF_THE_PROCESS.union(*(entry.leave_out for entry in entries if entry))


def get_state(value):
    """Return the attributes of an object that are to be saved.

    Parameters
    ----------
    value : object
        An object of a registered class.

    Returns
    -------
    state : dict of str to object
        Its attributes; of a torch module, the buffers, parameters and modules too.
    """
    state = dict(vars(value))
    if isinstance(value, nn.Module):
        for name in _OF_TORCH:
            state.pop(name, None)
        for kind in ("buffer", "parameter"):
            slots = getattr(value, f"_{kind}s").items()
            state |= {n: EmptySlot(kind) if v is None else v for n, v in slots}
        for name in value._non_persistent_buffers_set:
            del state[name]
        state |= value._modules
    for name in left_out(type(value)):
        state.pop(name, None)
    return state


def make_object(name, state, format):
    """Make an object of a registered class, from what a file holds of it.

    Parameters
    ----------
    name : str
        The name of the class, or an alias.

    state : dict of str to object
        The attributes.

    format : int
        The format of the file.

    Returns
    -------
    value : object
        The object.

    Raises
    ------
    ValueError
        If no class of that name is registered.
    """
    cls = find_class(name)
    if cls is None:
        raise ValueError(
            f"The file holds a {name!r}, which sk_dae does not know. A class of your "
            "own must be registered (sk_dae.persistence.serializable) before a file "
            "with it is loaded."
        )
    for base in reversed(cls.__mro__):
        if "upgrade_state" in vars(base):
            state = vars(base)["upgrade_state"].__get__(None, cls)(dict(state), format)
    state = {**parameter_defaults(cls), **state}
    value = object.__new__(cls)
    if not isinstance(value, nn.Module):
        vars(value).update(state)
        return value
    nn.Module.__init__(value)
    for name, part in state.items():
        if isinstance(part, EmptySlot):
            getattr(value, f"register_{part.kind}")(name, None)
        elif isinstance(part, nn.Parameter):
            value.register_parameter(name, part)
        elif isinstance(part, torch.Tensor):
            value.register_buffer(name, part)
        elif isinstance(part, nn.Module):
            value.add_module(name, part)
        else:
            vars(value)[name] = part
    return value


def parameter_defaults(cls):
    """Return the defaults of the parameters that an estimator stores as attributes.

    Parameters
    ----------
    cls : type
        A class.

    Returns
    -------
    defaults : dict of str to object
        By parameter; none for a class without ``get_params``.
    """
    if not hasattr(cls, "get_params"):
        return {}
    parameters = inspect.signature(cls.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


@serializable
class EmptySlot:
    """Stands for a buffer or a parameter of a torch module that is None.

    Parameters
    ----------
    kind : {"buffer", "parameter"}
        Kind of the slot.
    """

    def __init__(self, kind):
        self.kind = kind
