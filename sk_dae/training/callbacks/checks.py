"""The needs of skorch's callbacks, checked before a training, and their errors."""

from __future__ import annotations

from skorch.callbacks import (
    Callback,
    Checkpoint,
    InputShapeSetter,
    LoadInitState,
    PassthroughScoring,
    TrainEndCheckpoint,
)
from skorch.exceptions import SkorchException

__all__ = ["check_callbacks", "explain", "without_files"]

#: Callbacks that read or write the files of a whole net.
_WITH_FILES = (Checkpoint, LoadInitState, TrainEndCheckpoint)

#: Errors that skorch, and the scorers that it calls, raise.
_ERRORS = (
    AttributeError,
    LookupError,
    RuntimeError,
    SkorchException,
    TypeError,
    ValueError,
)


def check_callbacks(callbacks, *, validates):
    """Refuse callbacks that cannot do their work.

    Parameters
    ----------
    callbacks : list or None
        The parameter `net_callbacks`.

    validates : bool
        Whether there are validation rows.

    Raises
    ------
    TypeError
        If one is no callback of skorch.

    ValueError
        If one needs what the net does not have.
    """
    found = [_callback_in(item) for item in callbacks or ()]
    scores = {_name_of_score(one): one.on_train for one in found if _scores(one)}
    for callback in found:
        name = _name(callback)
        if isinstance(callback, InputShapeSetter) or callback is InputShapeSetter:
            raise ValueError(
                f"net_callbacks holds an {name}, which has nothing to set: the module "
                "is made for the columns of X. Leave it out."
            )
        watched = _watched_by(callback)
        if watched is None or validates:
            continue
        on_train = scores.get(watched.removesuffix("_best"))
        if on_train is None and watched.startswith("valid_"):
            on_train = False
        if on_train is False:
            raise ValueError(
                f"net_callbacks holds a callback, {name}, that watches {watched!r}, "
                "which there is with validation rows only: set early_stopping=True, or "
                f"let it watch the training ({name}(monitor='train_loss'))."
            )


def _callback_in(item):
    """Return the callback in an item of the list, which may be a named one."""
    callback = item
    if isinstance(item, tuple | list) and len(item) == 2 and isinstance(item[0], str):
        callback = item[1]
    if callback is None or isinstance(callback, Callback):
        return callback
    if isinstance(callback, type) and issubclass(callback, Callback):
        return callback
    raise TypeError(
        "net_callbacks must hold callbacks of skorch (skorch.callbacks.Callback), or "
        f"pairs of a name and a callback, got {item!r}."
    )


def _name(callback):
    cls = callback if isinstance(callback, type) else type(callback)
    return cls.__name__


def _scores(callback):
    # EpochScoring and BatchScoring have one base, whose name is private.
    return isinstance(callback, Callback) and hasattr(callback, "on_train")


def _name_of_score(callback):
    given = callback.name
    if given is None:
        given = getattr(callback, "scoring", None)
    return given if isinstance(given, str) else getattr(given, "__name__", None)


def _watched_by(callback):
    """Return the entry of the history that a callback reads, or None."""
    if isinstance(callback, type):
        if not issubclass(callback, Callback):
            return None
        try:
            callback = callback()
        except TypeError:
            return None
    watched = getattr(callback, "monitor", None)
    if isinstance(callback, PassthroughScoring) and not callback.on_train:
        watched = callback.name if callback.name.startswith("valid_") else "valid_loss"
    return watched if isinstance(watched, str) else None


def explain(callback, error):
    """Return an error that says what a callback of skorch misses.

    Parameters
    ----------
    callback : Callback
        The callback.

    error : Exception
        The error that came out of it.

    Returns
    -------
    error : Exception
        An error that names the callback, or the given one, where it is not an error of
        skorch and its scorers.
    """
    if not type(callback).__module__.startswith("skorch.") or not isinstance(
        error, _ERRORS
    ):
        return error
    name, scoring = _name(callback), getattr(callback, "scoring", None)
    if isinstance(scoring, str):
        return ValueError(
            f"net_callbacks holds a callback, {name}({scoring!r}), whose scorer does "
            "not go with what the net is trained on and gives, which are arrays of "
            f"numbers: {error} Use a scorer of regression such as "
            "'neg_mean_squared_error', or a function of the net, X and y."
        )
    if scoring is not None:
        return error  # an error of a scorer of the user's
    watched = _watched_by(callback)
    if watched is not None and isinstance(error, LookupError | SkorchException):
        return ValueError(
            f"net_callbacks holds a callback, {name}, that watches {watched!r}, which "
            "is not recorded when it looks. There is 'train_loss', with "
            "early_stopping=True 'valid_loss', and what callbacks before it record."
        )
    if isinstance(error, ValueError):
        return error
    return ValueError(f"net_callbacks holds a callback, {name}, that failed: {error}")


def without_files(callbacks):
    """Return the callbacks that need no files of a whole net.

    Parameters
    ----------
    callbacks : list or None
        The parameter `net_callbacks`.

    Returns
    -------
    callbacks : list
        For the training of a part of the net.
    """
    return [
        item
        for item in callbacks or ()
        if not isinstance(_callback_in(item), _WITH_FILES)
        and _callback_in(item) not in _WITH_FILES
    ]
