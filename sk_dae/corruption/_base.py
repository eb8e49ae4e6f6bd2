"""What all corruption processes share: validation, levels, seeds, missing values."""

from __future__ import annotations

from numbers import Real

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from ..backend.random import seeded_generator
from ..data.rows import as_tensor
from ._cells import choose_cells

__all__ = ["LARGEST", "BaseCorruption"]

#: The greatest number of float32, in which corruption is drawn.
LARGEST = float(np.finfo(np.float32).max)


class BaseCorruption(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Base class of the corruption processes :math:`q(\tilde x \mid x)`.

    A subclass implements :meth:`draw` and, where it must learn something from the
    data, ``learn``.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict of str to float
        How strong the corruption is, for all features, for each, or by the name of
        the feature; those that a dict does not name are left as they are.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`. Training does not use it: an autoencoder hands the
        process a generator of its own.
    """

    _parameter_constraints: dict = {
        "level": [Interval(Real, 0, None, closed="left"), "array-like", dict],
        "random_state": ["random_state"],
    }
    # One where the level is a fraction of cells.
    max_level = LARGEST
    # Whether a cell that had a value may lose it: NaN.
    makes_missing = False
    # Whether a method `fill` replaces missing values, in training and afterwards.
    fills_missing = False
    # What an error calls the level: an estimator's parameter has another name.
    level_name = "level"
    # What the level is multiplied by, in a training that changes it.
    _factor = 1.0

    def __init__(self, level, *, random_state=None):
        self.level = level
        self.random_state = random_state

    @classmethod
    def upgrade_state(cls, state, format):
        """Give attributes of older files their present names."""
        if "_level_name" in state:
            state["level_name"] = state.pop("_level_name")
        return state

    def fit(self, X, y=None):
        """Learn what the process needs to know of the data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. NaN stands for a missing value.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted corruption.
        """
        X = self._validate(X, reset=True)
        # However large the sample of X that it draws, only the seed is taken from a
        # random state that is shared.
        names = getattr(self, "feature_names_in_", None)
        return self.fit_rows(X, np.random.RandomState(self._draw_seed()), names=names)

    def transform(self, X):
        """Corrupt `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Data to corrupt; it is not modified. NaN stays NaN.

        Returns
        -------
        X_corrupted : ndarray of shape (n_samples, n_features), dtype float32
            The corrupted rows.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False, dtype=np.float32)
        if sp.issparse(X):
            X = X.toarray()
        return self.corrupt(as_tensor(X), seeded_generator(self._draw_seed())).numpy()

    def corrupt(self, X, generator=None, *, return_mask=False):
        """Corrupt a tensor.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features), of a floating dtype
            Rows to corrupt, on any device; not modified. NaN stays NaN.

        generator : torch.Generator, default=None
            Where the randomness comes from; of the device of `X`. None draws from
            torch's global generator.

        return_mask : bool, default=False
            Whether to return which cells were corrupted too.

        Returns
        -------
        X_corrupted : Tensor of shape (n_samples, n_features)
            The corrupted rows.

        mask : Tensor of shape (n_samples, n_features), dtype bool
            True where the process drew a new value or added noise. A drawn value may
            equal the old one by chance. Only with `return_mask`.
        """
        check_is_fitted(self)
        # Numbers are drawn in the order of memory: equal rows, equal draws.
        X = X.contiguous()
        corrupted, mask = self.draw(X, generator)
        missing = torch.isnan(X)
        if missing.any():
            corrupted = torch.where(missing, X, corrupted)
        if not return_mask:
            return corrupted
        if mask is None:
            mask = self.mask_of_all(X)
        return corrupted, mask & ~missing

    def mask_of_all(self, X):
        """The mask of a process that chooses all cells: those that have a level."""
        return torch.as_tensor(self.level_on(X), device=X.device).gt(0).expand_as(X)

    def _draw_seed(self):
        return check_random_state(self.random_state).randint(np.iinfo(np.int32).max)

    def _validate(self, X, *, reset, dtype="numeric"):
        # What overflows becomes infinite, and is refused as that.
        with np.errstate(over="ignore"):
            return validate_data(
                self,
                X,
                reset=reset,
                accept_sparse="csr",
                dtype=dtype,
                ensure_all_finite="allow-nan",
            )

    def fit_rows(self, X, random_state, *, names=None, in_place=False):
        """Fit on validated data.

        With `in_place`, the process may keep a view of X instead of a sample, to be
        dropped by `forget_rows` once training is over.
        """
        self._validate_params()
        self.n_features_in_ = X.shape[1]
        if names is not None:
            self.feature_names_in_ = names
        self.set_level(X.shape[1], names)
        self.learn(X, random_state, in_place=in_place)
        return self

    def set_level(self, n_features, names):
        name = f"{self.level_name} of {type(self).__name__}"
        given = self.level
        if isinstance(given, dict):
            given = _levels_by_name(given, names, name)
        try:
            level = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} must be a number or an array of numbers, got {self.level!r}."
            ) from None
        if level.ndim > 1 or (level.ndim == 1 and level.shape != (n_features,)):
            raise ValueError(
                f"{name} must be a number or an array of shape (n_features,) = "
                f"({n_features},), got an array of shape {level.shape}."
            )
        if not (np.all(level >= 0) and np.all(level <= self.max_level)):
            shown = self.level if level.ndim == 0 else f"[{level.min()}, {level.max()}]"
            raise ValueError(f"{name} must be in [0, {self.max_level:g}], got {shown}.")
        self.level_ = float(level) if level.ndim == 0 else level.astype(np.float32)

    def level_on(self, X):
        """The present level as a number, or as a tensor on the device of X."""
        if isinstance(self.level_, float):
            return self._factor * self.level_
        return self._factor * as_tensor(self.level_).to(X.device)

    def scale_level(self, factor):
        """Draw at a multiple of the level from now on."""
        self._factor = factor

    def learn(self, X, random_state, *, in_place):
        """Learn from validated data; most processes have nothing to learn."""

    def forget_rows(self, X, random_state):
        """Replace views of the training data by a bounded sample of it."""

    def draw(self, X, generator):
        """Draw corrupted rows; what :meth:`corrupt` does, without its care for NaN.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows to corrupt; not to be modified.

        generator : torch.Generator or None
            Where the randomness comes from.

        Returns
        -------
        X_corrupted : Tensor of shape (n_samples, n_features)
            The corrupted rows. What becomes of NaN is of no consequence.

        mask : Tensor of shape (n_samples, n_features), dtype bool, or None
            True where a cell was chosen; None where all were.
        """
        raise NotImplementedError

    def choose(self, X, generator):
        """Choose each cell with probability `level`."""
        return choose_cells(X, self.level_on(X), generator)

    def __getstate__(self):
        """Leave the factor of a training behind."""
        return {k: v for k, v in super().__getstate__().items() if k != "_factor"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.non_deterministic = self.random_state is None
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _levels_by_name(levels, names, parameter):
    """Return an array of the levels that a dict gives by the names of the features."""
    if names is None:
        raise ValueError(
            f"{parameter} is a dict, which needs data with feature names (a data frame "
            "whose column names are strings)."
        )
    unknown = [name for name in levels if name not in set(names)]
    if unknown:
        raise ValueError(
            f"{parameter} must name features of X, got {unknown[0]!r}, which is none."
        )
    return [levels.get(name, 0.0) for name in names]
