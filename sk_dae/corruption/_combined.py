"""Processes made of others, and of functions."""

from __future__ import annotations

import torch
from sklearn.base import clone
from sklearn.pipeline import _name_estimators
from sklearn.utils.metaestimators import _BaseComposition

from ._base import BaseCorruption

__all__ = ["CallableCorruption", "ComposeNoise"]


class ComposeNoise(_BaseComposition, BaseCorruption):
    """Several corruptions, one after the other.

    Parameters
    ----------
    corruptions : list of corruptions
        Applied in this order. Their parameters are reached by their lower-case class
        name, as in ``corruption__maskingnoise__level``.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    corruptions_ : list of corruptions
        The fitted processes.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import ComposeNoise, GaussianNoise, MaskingNoise
    >>> noise = ComposeNoise([GaussianNoise(0.1), MaskingNoise(0.5)], random_state=0)
    >>> noise.set_params(maskingnoise__level=1.0).fit_transform(np.ones((2, 2)))
    array([[0., 0.],
           [0., 0.]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "corruptions": [list, tuple],
        "random_state": ["random_state"],
    }

    def __init__(self, corruptions, *, random_state=None):
        self.corruptions = corruptions
        self.random_state = random_state

    @property
    def _named_corruptions(self):
        # Whatever else was passed is refused by fit, not by get_params.
        if not isinstance(self.corruptions, list | tuple):
            return []
        return _name_estimators(self.corruptions)

    @_named_corruptions.setter
    def _named_corruptions(self, named):
        self.corruptions = [corruption for _, corruption in named]

    def get_params(self, deep=True):
        """Get the parameters of this process and of those that it is made of.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the single processes.

        Returns
        -------
        params : dict
            Parameter names and values.
        """
        return self._get_params("_named_corruptions", deep=deep)

    def set_params(self, **params):
        """Set the parameters of this process and of those that it is made of.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self : object
            This process.
        """
        # First, since the other names are those of the processes that it brings.
        if "corruptions" in params:
            self.corruptions = params.pop("corruptions")
        return self._set_params("_named_corruptions", **params)

    @property
    def _makes_missing(self):
        return any(corruption._makes_missing for corruption in self.corruptions_)

    def _set_level(self, n_features):
        """A composition has no level of its own."""

    def _learn(self, X, random_state, *, in_place):
        if not len(self.corruptions):
            raise ValueError("corruptions of ComposeNoise must not be empty.")
        for corruption in self.corruptions:
            if not isinstance(corruption, BaseCorruption):
                raise TypeError(
                    "corruptions of ComposeNoise must hold corruption instances, got "
                    f"{corruption!r}."
                )
        self.corruptions_ = [
            clone(corruption)._fit_rows(X, random_state, in_place=in_place)
            for corruption in self.corruptions
        ]

    def _forget_rows(self, X, random_state):
        for corruption in self.corruptions_:
            corruption._forget_rows(X, random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        corrupted, touched = X, torch.zeros_like(X, dtype=torch.bool)
        for corruption in self.corruptions_:
            corrupted, mask = corruption.draw(corrupted, generator)
            touched |= corruption._all_chosen(X) if mask is None else mask
        return corrupted, touched


class CallableCorruption(BaseCorruption):
    """A function as a corruption; it takes rows and a generator.

    Parameters
    ----------
    function : callable
        Called as ``function(X, generator)`` with a float32 tensor of shape
        (n_samples, n_features), a copy that it may modify, and a ``torch.Generator``
        of its device; returns the corrupted tensor.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae.corruption import CallableCorruption
    >>> def flip(X, generator):
    ...     return -X
    >>> CallableCorruption(flip).fit_transform(np.ones((1, 2)))
    array([[-1., -1.]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "function": [callable],
        "random_state": ["random_state"],
    }

    def __init__(self, function, *, random_state=None):
        self.function = function
        self.random_state = random_state

    # For all one knows.
    _makes_missing = True

    def _set_level(self, n_features):
        """A function has no level."""

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        # A copy: X is the clean target too, and may be the memory of the caller.
        corrupted = self.function(X.clone(), generator)
        if not torch.is_tensor(corrupted) or corrupted.shape != X.shape:
            shape = tuple(getattr(corrupted, "shape", ()))
            raise ValueError(
                "a callable corruption must return a tensor of the shape of its input, "
                f"{tuple(X.shape)}, got {type(corrupted).__name__} of shape {shape}."
            )
        corrupted = corrupted.to(X)
        return corrupted, corrupted != X
