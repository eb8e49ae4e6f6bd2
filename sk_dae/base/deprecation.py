"""Parameters that have a new name: the old one goes on for a release, and says so."""

from __future__ import annotations

import inspect

from sklearn.utils._param_validation import Hidden, StrOptions

from ..backend.nested_parameters import NestedParameters
from ..backend.suggestions import SuggestingMixin
from ..backend.user_warnings import warn_user

__all__ = ["RenamedParameters", "current_value", "with_new_names"]

#: The default of a parameter that goes by another name now.
DEPRECATED = "deprecated"


class RenamedParameters(SuggestingMixin, NestedParameters):
    """Mixin of the estimators whose parameters may have had other names.

    ``__init__`` of a subclass takes the old names last, with the default "deprecated".
    Their values are taken, with a warning, when a fit begins.
    """

    #: The new names of parameters, by their old names.
    _renamed_parameters: dict = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if not cls._renamed_parameters:
            return
        constraints = cls._parameter_constraints
        cls._parameter_constraints = {
            **constraints,
            **{
                old: [*constraints[new], Hidden(StrOptions({DEPRECATED}))]
                for old, new in cls._renamed_parameters.items()
            },
        }

    @classmethod
    def upgrade_state(cls, state, format):
        """Turn the attributes of a file of format 1 into those of today."""
        return with_new_names(cls, state) if format == 1 else state

    def _validate_params(self):
        super()._validate_params()
        self._warn_of_old_names()

    def settle_names(self):
        """Take the values of old names for the new ones, and warn of them once.

        The estimator is one's own, to be cloned and fitted more than once.
        """
        self._warn_of_old_names()
        for old, new in self._renamed_parameters.items():
            if _is_given(getattr(self, old)):
                self.set_params(**{new: getattr(self, old), old: DEPRECATED})

    def _warn_of_old_names(self):
        for old, new in self._renamed_parameters.items():
            if not _is_given(getattr(self, old)):
                continue
            if not _is_default(self, new):
                raise ValueError(
                    f"{old} is the old name of {new}, and only one of them can be "
                    f"given; got {old}={getattr(self, old)!r} and "
                    f"{new}={getattr(self, new)!r}."
                )
            warn_user(
                f"{old} of {type(self).__name__} was renamed to {new}: the old name is "
                f"deprecated in 0.2 and will be removed in 0.3. Use {new}.",
                FutureWarning,
            )


def current_value(estimator, name):
    """Return the value of a parameter, under whichever name it was given.

    Parameters
    ----------
    estimator : RenamedParameters
        The estimator.

    name : str
        The present name of the parameter.

    Returns
    -------
    value : object
        The value of the old name, where that is set.
    """
    for old, new in estimator._renamed_parameters.items():
        if new == name and _is_given(getattr(estimator, old)):
            return getattr(estimator, old)
    return getattr(estimator, name)


def with_new_names(cls, state):
    """Return what an object had for attributes, by the names of today.

    Parameters that the class did not have then get their defaults.

    Parameters
    ----------
    cls : type
        The class of the object. Without a table of old names, nothing is changed.

    state : dict
        The attributes, as any version has named them.

    Returns
    -------
    state : dict
        The attributes.
    """
    renamed = getattr(cls, "_renamed_parameters", None)
    if renamed is None:
        return state
    defaults = _defaults_of(cls)
    before = defaults.keys() - state.keys()
    if not before:
        return state
    state = dict(state)
    for old, new in renamed.items():
        if new in before and old in state:
            state[new] = state.pop(old)
    if "corruption" in defaults and "noise_level" in state:
        state["noise_level"] = _level_with_effect(
            state["corruption"], state["noise_level"]
        )
    return {
        **{name: defaults[name] for name in defaults.keys() - state.keys()},
        **state,
    }


def _level_with_effect(corruption, level):
    """Return a level that was given before there was "auto", or "auto" for no effect.

    Beside what carries its own level, another one was ignored and is refused now.
    """
    if isinstance(corruption, str) and corruption != "autoencoder":
        return level
    if not isinstance(corruption, list | tuple):
        return "auto"
    levels = level if isinstance(level, list | tuple) else [level] * len(corruption)
    if len(levels) != len(corruption):
        return level
    levels = [
        _level_with_effect(*pair) for pair in zip(corruption, levels, strict=True)
    ]
    return "auto" if all(_is_auto(level) for level in levels) else levels


def _defaults_of(cls):
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return {parameter.name: parameter.default for parameter in parameters}


def _is_auto(level):
    return isinstance(level, str) and level == "auto"


def _is_given(value):
    return not (isinstance(value, str) and value == DEPRECATED)


def _is_default(estimator, name):
    default, value = _defaults_of(type(estimator))[name], getattr(estimator, name)
    return value is default or (type(value) is type(default) and value == default)
