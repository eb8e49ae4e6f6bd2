"""The base of all corruptions: validation, levels, seeds and missing values."""

from __future__ import annotations

from numbers import Real

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from ..backend.nested_parameters import NestedParameters
from ..backend.random import seeded_generator
from ..backend.settings import own_settings
from ..backend.suggestions import SuggestingMixin
from ..data.rows import as_tensor, rows_of
from ..data.statistics import refuse_too_large
from ..data.text import validate_numbers
from ..tables.numbers import as_numbers
from ._cells import choose_cells

__all__ = ["LARGEST", "BaseCorruption"]

#: The greatest number of float32, in which corruption is drawn.
LARGEST = float(np.finfo(np.float32).max)


class BaseCorruption(
    SuggestingMixin,
    NestedParameters,
    OneToOneFeatureMixin,
    TransformerMixin,
    BaseEstimator,
):
    r"""Base class of the corruption processes :math:`q(\tilde x \mid x)`.

    A subclass implements :meth:`draw` and, where it must learn something from the
    data, :meth:`learn`. The notes say what else it may override.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict of str to float
        How strong the corruption is, for all features, for each, or by the name of
        the feature; those that a dict does not name are left as they are.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`. Training does not use it: an autoencoder hands the
        process a generator of its own.

    Attributes
    ----------
    level_ : float or ndarray of shape (n_features,)
        The validated level.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    Notes
    -----
    Class attributes of a subclass, or its properties, where they depend on parameters:

    - ``max_level``: the greatest level that is valid; 1.0 where it is a fraction of
      cells. The greatest number of float32 by default.
    - ``makes_missing``: whether a cell that had a value may become NaN. False by
      default.
    - ``fills_missing``: whether :meth:`fill` replaces missing values, in training and
      at prediction. False by default; elsewhere the mean of the column is put in.
    - ``keeps_zeros``: whether zeros stay zeros, and every cell is drawn by itself, so
      that with one level for all features :meth:`draw` also takes the stored cells of
      sparse rows alone, as one row. False by default.
    - ``rows_per_draw``: how many rows a training draws at once, where its batches are
      smaller; for a process whose :meth:`draw` costs more for the call than for the
      rows. None, the default, draws for each batch by itself.

    Methods of a subclass:

    - :meth:`draw` corrupts rows. It is the only one that must be there. It gets the
      present level from :meth:`level_on`, and the cells to replace from :meth:`choose`.
    - :meth:`learn` learns from the training rows, :meth:`forget_rows` lets go of them.
    - :meth:`fill` replaces missing values, with ``fills_missing``.
    - :meth:`set_level` and :meth:`scale_level` validate the level and change it during
      training, for a process whose level is not one number or one for each feature.

    A caller, such as an autoencoder, fits a process by :meth:`fit_rows`, draws by
    :meth:`corrupt`, and sets ``level_name``, the name of the level in errors, to that
    of its own parameter.
    """

    _parameter_constraints: dict = {
        "level": [Interval(Real, 0, None, closed="left"), "array-like", dict],
        "random_state": ["random_state"],
    }
    max_level = LARGEST
    makes_missing = False
    fills_missing = False
    keeps_zeros = False
    rows_per_draw = None
    level_name = "level"
    # A training that changes the level multiplies it by this.
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

    @own_settings()
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
        before = dict(vars(self))
        try:
            X = self._validate(X, reset=True)
            names = getattr(self, "feature_names_in_", None)
            # However large the sample of X that it draws, only the seed is taken from
            # a random state that is shared.
            random_state = np.random.RandomState(self._draw_seed())
            rows = rows_of(X)
            refuse_too_large(rows)
            return self.fit_rows(rows, random_state, feature_names=names)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    @own_settings()
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
        # Once more: they may have been set since the fit.
        self._validate_params()
        X = self._validate(X, reset=False, dtype=np.float32)
        if sp.issparse(X):
            X = X.toarray()
        corrupted = self.corrupt(as_tensor(X), seeded_generator(self._draw_seed()))
        # Noise may lead out of float32.
        return corrupted.clamp(-LARGEST, LARGEST).numpy()

    @own_settings(grad=False)
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
        """Return the mask of a process that chooses all cells: those that have a level.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        mask : Tensor of shape (n_samples, n_features), dtype bool
            True in the features whose level is above zero.
        """
        return torch.as_tensor(self.level_on(X), device=X.device).gt(0).expand_as(X)

    def _draw_seed(self):
        return check_random_state(self.random_state).randint(np.iinfo(np.int32).max)

    def _validate(self, X, *, reset, dtype="numeric"):
        # An overflow gives infinity, which is refused as such.
        with np.errstate(over="ignore", invalid="ignore"):
            return validate_numbers(
                self,
                as_numbers(X),
                reset=reset,
                accept_sparse="csr",
                dtype=dtype,
                ensure_all_finite="allow-nan",
            )

    def fit_rows(self, rows, random_state, *, feature_names=None, in_place=False):
        """Fit on validated rows, as an estimator that trains with the process does.

        Parameters
        ----------
        rows : Rows
            Training rows.

        random_state : RandomState
            Draws what is sampled from the rows.

        feature_names : ndarray of shape (n_features,), default=None
            Names of the features.

        in_place : bool, default=False
            Whether the process may keep a view of the rows instead of a sample, which
            the caller then ends by :meth:`forget_rows`.

        Returns
        -------
        self : object
            The fitted corruption.
        """
        self._validate_params()
        self.n_features_in_ = rows.shape[1]
        if feature_names is not None:
            self.feature_names_in_ = feature_names
        self.set_level(self.n_features_in_, feature_names)
        self.learn(rows, random_state, in_place=in_place)
        return self

    def set_level(self, n_features, feature_names):
        """Validate the level, and keep it in ``level_``.

        Parameters
        ----------
        n_features : int
            Number of features.

        feature_names : ndarray of shape (n_features,) or None
            Names of the features.

        Raises
        ------
        ValueError
            If the level is not valid for these features.
        """
        name = f"{self.level_name} of {type(self).__name__}"
        given = self.level
        if isinstance(given, dict):
            given = _levels_by_name(given, feature_names, name)
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
        """Return the present level: the given one times the factor of the training.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        level : float or Tensor of shape (n_features,)
            A number for all features, or a tensor on the device of `X` with one for
            each.
        """
        if isinstance(self.level_, float):
            return self._factor * self.level_
        return self._factor * as_tensor(self.level_).to(X.device)

    def scale_level(self, factor):
        """Draw at a multiple of the level from now on.

        Parameters
        ----------
        factor : float
            The present level is this times ``level_``; 1.0 after a fit.

        Raises
        ------
        ValueError
            If the process has no level that can be multiplied.
        """
        self._factor = factor

    def learn(self, rows, random_state, *, in_place):
        """Learn from the training rows; most processes have nothing to learn.

        Parameters
        ----------
        rows : Rows
            Validated rows: dense or sparse, in memory, on disk or a stream. Read in
            order with ``rows.chunks()`` or sampled with ``rows.sample(n_rows,
            random_state)``, both of which return arrays or CSR matrices in which NaN
            stands for a missing value; ``rows.shape[0]`` is None where the number of
            rows is not known. ``rows.weights`` is None, or has the positive weights of
            the rows, which samples are drawn in proportion to.

        random_state : RandomState
            Where the randomness comes from.

        in_place : bool
            Whether a view of ``rows.array`` may be kept until :meth:`forget_rows`.
        """

    def forget_rows(self, rows, random_state):
        """Replace views of the training rows by a bounded sample of them.

        Parameters
        ----------
        rows : Rows
            The rows of the fit.

        random_state : RandomState
            Draws the sample.
        """

    def fill(self, X):
        """Replace missing values, where ``fills_missing`` is true.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN stands for a missing value. Not to be modified.

        Returns
        -------
        X_filled : Tensor of shape (n_samples, n_features)
            The completed rows.
        """
        raise NotImplementedError

    def draw(self, X, generator):
        """Draw corrupted rows.

        :meth:`corrupt` calls it, and puts NaN back where it was.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows to corrupt; not to be modified.

        generator : torch.Generator or None
            Where the randomness comes from.

        Returns
        -------
        X_corrupted : Tensor of shape (n_samples, n_features)
            The corrupted rows. It does not matter what becomes of NaN.

        mask : Tensor of shape (n_samples, n_features), dtype bool, or None
            True where a cell was chosen; None where all were.
        """
        raise NotImplementedError

    def choose(self, X, generator):
        """Choose each cell with the present level as probability.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows.

        generator : torch.Generator or None
            Where the randomness comes from.

        Returns
        -------
        cells : object
            Its ``mask`` is a bool tensor of the shape of `X`. ``filled(value)`` returns
            the rows with one value in the chosen cells, and ``filled_with_either(low,
            high)`` with one of two values for each feature, by a fair coin.
        """
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
