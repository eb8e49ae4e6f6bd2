"""Processes made of others, and of functions."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.base import clone
from sklearn.pipeline import _name_estimators
from sklearn.utils.metaestimators import _BaseComposition

from ..backend.serialization import serializable
from ._base import BaseCorruption

__all__ = ["CallableCorruption", "ComposeNoise"]


@serializable
class ComposeNoise(_BaseComposition, BaseCorruption):
    """Several corruptions, one after the other, or one of several.

    Parameters
    ----------
    corruptions : list of corruptions
        Applied in this order. Their parameters are reached by their lower-case class
        name, as in ``corruption__maskingnoise__level``.

    probabilities : array-like of shape (n_corruptions,), default=None
        How probable it is that a process acts on a row, for each process and row
        independently; all act on all rows by default.

    one_of : bool, default=False
        Whether each row gets one process alone, drawn with `probabilities`, which then
        add up to 1, or to less if some rows are to stay clean; by default all processes
        are as probable.

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

    One half of the rows gets this, the other half that:

    >>> noise.set_params(one_of=True)
    ComposeNoise(...)
    >>> masked = (noise.fit_transform(np.ones((1000, 2))) == 0).all(axis=1)
    >>> round(float(masked.mean()), 1)
    0.5
    """

    _parameter_constraints: dict = {
        "corruptions": [list, tuple],
        "probabilities": ["array-like", None],
        "one_of": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self, corruptions, *, probabilities=None, one_of=False, random_state=None
    ):
        self.corruptions = corruptions
        self.probabilities = probabilities
        self.one_of = one_of
        self.random_state = random_state

    @property
    def _named_corruptions(self):
        # Anything else is refused by fit, not by get_params.
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
    def makes_missing(self):
        # Before a fit they have not been checked.
        corruptions = getattr(self, "corruptions_", self.corruptions)
        if not isinstance(corruptions, list | tuple):
            return False
        return any(getattr(c, "makes_missing", False) for c in corruptions)

    def set_level(self, n_features, feature_names):
        """A composition has no level of its own."""

    def scale_level(self, factor):
        for corruption in self.corruptions_:
            corruption.scale_level(factor)

    def learn(self, rows, random_state, *, in_place):
        if not len(self.corruptions):
            raise ValueError("corruptions of ComposeNoise must not be empty.")
        for corruption in self.corruptions:
            if not isinstance(corruption, BaseCorruption):
                raise TypeError(
                    "corruptions of ComposeNoise must hold corruption instances, got "
                    f"{corruption!r}."
                )
        self._spans = self._row_spans()
        names = getattr(self, "feature_names_in_", None)
        self.corruptions_ = [
            clone(corruption).fit_rows(
                rows, random_state, feature_names=names, in_place=in_place
            )
            for corruption in self.corruptions
        ]

    def _row_spans(self):
        """Return which draws from [0, 1) make each process act on a row, or None."""
        n = len(self.corruptions)
        if self.probabilities is None:
            if not self.one_of:
                return None
            p = np.full(n, 1.0 / n)
        else:
            try:
                p = np.asarray(self.probabilities, dtype=np.float64)
            except (TypeError, ValueError):
                p = np.array(np.nan)
            if p.shape != (n,) or not ((p >= 0) & (p <= 1)).all():
                raise ValueError(
                    f"probabilities of ComposeNoise must be {n} numbers in [0, 1], one "
                    f"for each process, got {self.probabilities!r}."
                )
        if not self.one_of:
            return [(0.0, end) for end in p.tolist()]
        if p.sum() > 1.0 + 1e-6:
            raise ValueError(
                "probabilities of ComposeNoise must add up to 1 or less with one_of="
                f"True, got {self.probabilities!r}."
            )
        ends = p.cumsum()
        return list(zip((ends - p).tolist(), ends.tolist(), strict=True))

    def forget_rows(self, rows, random_state):
        for corruption in self.corruptions_:
            corruption.forget_rows(rows, random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        corrupted, touched = X, torch.zeros_like(X, dtype=torch.bool)
        one_draw = None
        if self.one_of:
            one_draw = X.new_empty(len(X), 1).uniform_(generator=generator)
        lost = None
        for k, corruption in enumerate(self.corruptions_):
            drawn, mask = corruption.draw(corrupted, generator)
            if mask is None:
                mask = corruption.mask_of_all(X)
            if lost is not None:
                # The next processes leave missing what one has made missing.
                drawn = drawn.masked_fill(lost, torch.nan)
            if self._spans is not None:
                draw = one_draw
                if draw is None:
                    draw = X.new_empty(len(X), 1).uniform_(generator=generator)
                start, end = self._spans[k]
                acts = (start <= draw) & (draw < end)
                drawn, mask = torch.where(acts, drawn, corrupted), mask & acts
            corrupted = drawn
            touched |= mask
            if corruption.makes_missing:
                lost = corrupted.isnan()
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

    # Nothing is known of what the function does.
    makes_missing = True

    def set_level(self, n_features, feature_names):
        """A function has no level."""

    def scale_level(self, factor):
        raise ValueError(
            "noise_schedule must be 'constant' with a function as corruption, which "
            "has no level to change."
        )

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
