"""Torch modules that are estimators: parameters of one, and state of the other."""

from __future__ import annotations

import inspect

from sklearn.base import BaseEstimator
from torch import nn

from ..backend.nested_parameters import NestedParameters
from ..backend.suggestions import SuggestingMixin

__all__ = ["EstimatorModule"]


class EstimatorModule(SuggestingMixin, NestedParameters, BaseEstimator, nn.Module):
    """Base class of torch modules whose ``__init__`` follows scikit-learn.

    The module is prepared before ``__init__``, which then need only assign parameters,
    and in a user's class need not call that of its base.
    """

    def __new__(cls, *args, **kwargs):
        self = super().__new__(cls)
        nn.Module.__init__(self)
        return self

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # Without it, a class would show the arguments of `__new__`.
        signature = inspect.signature(cls.__init__)
        parameters = list(signature.parameters.values())[1:]
        cls.__signature__ = signature.replace(parameters=parameters)
