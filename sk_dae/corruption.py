"""Corruption processes: what a denoising autoencoder learns to undo.

A corruption is a small estimator. ``fit`` learns what it needs from the data (ranges,
donors), ``corrupt`` draws from a generator that it is handed and works on tensors of
any device, and ``transform`` makes noisy arrays, for use on its own.
"""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import (
    BaseEstimator,
    OneToOneFeatureMixin,
    TransformerMixin,
    clone,
)
from sklearn.pipeline import _name_estimators
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.sparsefuncs import min_max_axis
from sklearn.utils.validation import check_is_fitted, validate_data

from ._donors import sample_donors
from ._random import seeded_generator
from ._rows import as_tensor

__all__ = [
    "CORRUPTIONS",
    "BaseCorruption",
    "CallableCorruption",
    "ComposeNoise",
    "GaussianNoise",
    "MaskingNoise",
    "SaltAndPepperNoise",
    "SwapNoise",
    "UniformNoise",
    "make_corruption",
]

_LARGEST = float(np.finfo(np.float32).max)


class BaseCorruption(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Base class of the corruption processes :math:`q(\tilde x \mid x)`.

    A subclass implements :meth:`draw` and, where it must learn something from the
    data, ``_learn``.

    Parameters
    ----------
    level : float or array-like of shape (n_features,)
        How strong the corruption is, for all features or for each.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`. Training does not use it: an autoencoder hands the
        process a generator of its own.
    """

    _parameter_constraints: dict = {
        "level": [Interval(Real, 0, None, closed="left"), "array-like"],
        "random_state": ["random_state"],
    }
    # One where the level is a fraction of cells.
    _max_level = _LARGEST
    # What an error calls the level: an estimator's parameter has another name.
    _level_name = "level"

    def __init__(self, level, *, random_state=None):
        self.level = level
        self.random_state = random_state

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
        return self._fit_rows(X, np.random.RandomState(self._draw_seed()))

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
            mask = self._all_chosen(X)
        return corrupted, mask & ~missing

    def _all_chosen(self, X):
        """The mask of a process that chooses all cells: those that have a level."""
        return torch.as_tensor(self._level_on(X), device=X.device).gt(0).expand_as(X)

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

    def _fit_rows(self, X, random_state, *, in_place=False):
        """Fit on validated data.

        With `in_place`, the process may keep a view of X instead of a sample, to be
        dropped by `_forget_rows` once training is over.
        """
        self._validate_params()
        self.n_features_in_ = X.shape[1]
        self._set_level(X.shape[1])
        self._learn(X, random_state, in_place=in_place)
        return self

    def _set_level(self, n_features):
        name = f"{self._level_name} of {type(self).__name__}"
        try:
            level = np.asarray(self.level, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} must be a number or an array of numbers, got {self.level!r}."
            ) from None
        if level.ndim > 1 or (level.ndim == 1 and level.shape != (n_features,)):
            raise ValueError(
                f"{name} must be a number or an array of shape (n_features,) = "
                f"({n_features},), got an array of shape {level.shape}."
            )
        if not (np.all(level >= 0) and np.all(level <= self._max_level)):
            shown = self.level if level.ndim == 0 else f"[{level.min()}, {level.max()}]"
            raise ValueError(
                f"{name} must be in [0, {self._max_level:g}], got {shown}."
            )
        self.level_ = float(level) if level.ndim == 0 else level.astype(np.float32)

    def _level_on(self, X):
        """The level as a number, or as a tensor on the device of X."""
        if isinstance(self.level_, float):
            return self.level_
        return as_tensor(self.level_).to(X.device)

    def _learn(self, X, random_state, *, in_place):
        """Learn from validated data; most processes have nothing to learn."""

    def _forget_rows(self, X, random_state):
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

    def _chosen(self, X, generator):
        """Choose each cell with probability `level`."""
        return torch.empty_like(X).uniform_(generator=generator) < self._level_on(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.non_deterministic = self.random_state is None
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class GaussianNoise(BaseCorruption):
    r"""Additive isotropic Gaussian noise.

    .. math:: \tilde x_j = x_j + \sigma \varepsilon_j, \quad \varepsilon_j \sim N(0, 1)

    Parameters
    ----------
    level : float or array-like of shape (n_features,), default=0.2
        Standard deviation :math:`\sigma`, in the units of X.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    level_ : float or ndarray of shape (n_features,)
        The validated level.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import GaussianNoise
    >>> X = np.zeros((1000, 2))
    >>> noisy = GaussianNoise(level=[0.0, 1.0], random_state=0).fit_transform(X)
    >>> noisy.std(axis=0).round(1)
    array([0., 1.], dtype=float32)
    """

    def __init__(self, level=0.2, *, random_state=None):
        super().__init__(level, random_state=random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        noise = torch.empty_like(X)
        if isinstance(self.level_, float):
            noise.normal_(0.0, self.level_, generator=generator)
        else:
            noise.normal_(generator=generator).mul_(self._level_on(X))
        return noise.add_(X), None


class UniformNoise(BaseCorruption):
    r"""Additive uniform noise.

    .. math:: \tilde x_j = x_j + u_j, \quad u_j \sim U(-a, a)

    Parameters
    ----------
    level : float or array-like of shape (n_features,), default=0.2
        Half-width :math:`a`, in the units of X.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    level_ : float or ndarray of shape (n_features,)
        The validated level.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import UniformNoise
    >>> noisy = UniformNoise(0.1, random_state=0).fit_transform(np.zeros((1000, 2)))
    >>> bool(np.abs(noisy).max() <= 0.1)
    True
    """

    def __init__(self, level=0.2, *, random_state=None):
        super().__init__(level, random_state=random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        noise = torch.empty_like(X)
        if isinstance(self.level_, float):
            noise.uniform_(-self.level_, self.level_, generator=generator)
        else:
            noise.uniform_(-1.0, 1.0, generator=generator).mul_(self._level_on(X))
        return noise.add_(X), None


class MaskingNoise(BaseCorruption):
    r"""Masking noise: a fraction of the cells is set to a fixed value.

    .. math:: \tilde x_j = \begin{cases} v & \text{with probability } p \\
                                         x_j & \text{otherwise} \end{cases}

    Parameters
    ----------
    level : float or array-like of shape (n_features,), default=0.2
        Fraction :math:`p` of the cells that are masked, in [0, 1].

    fill_value : float, default=0.0
        The value :math:`v` of a masked cell. Zero is the mean of a standardised
        column and the background of an image.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    level_ : float or ndarray of shape (n_features,)
        The validated level.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    References
    ----------
    Vincent, P., Larochelle, H., Bengio, Y. and Manzagol, P.-A. (2008). Extracting and
    composing robust features with denoising autoencoders. ICML.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import MaskingNoise
    >>> masked = MaskingNoise(0.2, random_state=0).fit_transform(np.ones((1000, 4)))
    >>> round(float((masked == 0).mean()), 1)
    0.2
    """

    _max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "fill_value": [Interval(Real, -_LARGEST, _LARGEST, closed="both")],
    }

    def __init__(self, level=0.2, *, fill_value=0.0, random_state=None):
        super().__init__(level, random_state=random_state)
        self.fill_value = fill_value

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self._chosen(X, generator)
        return X.masked_fill(chosen, self.fill_value), chosen


class SaltAndPepperNoise(BaseCorruption):
    r"""Salt-and-pepper noise: a fraction of the cells goes to one of two extremes.

    .. math:: \tilde x_j = \begin{cases} a_j & \text{with probability } p / 2 \\
                                         b_j & \text{with probability } p / 2 \\
                                         x_j & \text{otherwise} \end{cases}

    Parameters
    ----------
    level : float or array-like of shape (n_features,), default=0.2
        Fraction :math:`p` of the cells that are replaced, in [0, 1].

    extremes : {"feature", "data"} or tuple of (float, float), default="feature"
        Where the extremes :math:`a, b` come from: the least and the greatest value of
        each feature, those of all features together (for the pixels of images), or
        the two given numbers.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    extremes_ : ndarray of shape (2, n_features)
        The lower and the upper extreme of each feature.

    level_ : float or ndarray of shape (n_features,)
        The validated level.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import SaltAndPepperNoise
    >>> X = np.full((1000, 2), 0.5)
    >>> noise = SaltAndPepperNoise(0.2, extremes=(0, 1), random_state=0)
    >>> np.unique(noise.fit_transform(X))
    array([0. , 0.5, 1. ], dtype=float32)
    """

    _max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "extremes": [StrOptions({"feature", "data"}), tuple],
    }

    def __init__(self, level=0.2, *, extremes="feature", random_state=None):
        super().__init__(level, random_state=random_state)
        self.extremes = extremes

    def _learn(self, X, random_state, *, in_place):
        if isinstance(self.extremes, str):
            low, high = _feature_extremes(X)
            if self.extremes == "data":
                low, high = np.fmin.reduce(low), np.fmax.reduce(high)
            # Zero where nothing is observed.
            low, high = np.nan_to_num(low), np.nan_to_num(high)
        else:
            low, high = self._given_extremes()
        self.extremes_ = np.empty((2, X.shape[1]), dtype=np.float32)
        self.extremes_[0], self.extremes_[1] = low, high

    def _given_extremes(self):
        try:
            low, high = (float(extreme) for extreme in self.extremes)
            valid = -_LARGEST <= low <= high <= _LARGEST
        except (TypeError, ValueError):
            valid = False
        if not valid:
            raise ValueError(
                "extremes of SaltAndPepperNoise must be 'feature', 'data' or a tuple "
                "(low, high) of finite numbers with low <= high, got "
                f"{self.extremes!r}."
            )
        return low, high

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        # One uniform draw serves the choice of the cell and the coin.
        draw = torch.empty_like(X).uniform_(generator=generator)
        level = self._level_on(X)
        chosen = draw < level
        low, high = as_tensor(self.extremes_).to(X)
        corrupted = torch.where(chosen, torch.where(draw < level / 2, low, high), X)
        return corrupted, chosen


class SwapNoise(BaseCorruption):
    r"""Swap noise: a fraction of the cells takes the value of another row.

    .. math:: \tilde x_j = \begin{cases} x^{(r_j)}_j & \text{with probability } p \\
                                         x_j & \text{otherwise} \end{cases}

    The donor :math:`r_j` is drawn for every cell anew from the observed training
    values of its column, so every corrupted cell holds a possible value. It suits
    tables.

    Parameters
    ----------
    level : float or array-like of shape (n_features,), default=0.15
        Fraction :math:`p` of the cells that are swapped, in [0, 1].

    n_donors : int, default=10000
        Training rows that are kept, at most, to draw from once training is over;
        during training donors come from all rows. Sparse data, data on disk and data
        with missing values are sampled from the start. Wide data is sampled further,
        to 64 MiB.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform` and the sample of the donors.

    Attributes
    ----------
    level_ : float or ndarray of shape (n_features,)
        The validated level.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    References
    ----------
    Jahrer, M. (2017). Winning solution of the Porto Seguro safe driver prediction
    competition.

    Yoon, J., Zhang, Y., Jordon, J. and van der Schaar, M. (2020). VIME: extending the
    success of self- and semi-supervised learning to tabular domain. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import SwapNoise
    >>> X = np.array([[0, 10], [1, 11], [2, 12]])
    >>> swapped = SwapNoise(1.0, random_state=0).fit_transform(X)
    >>> bool(np.isin(swapped[:, 0], X[:, 0]).all())
    True
    """

    _max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "n_donors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, level=0.15, *, n_donors=10_000, random_state=None):
        super().__init__(level, random_state=random_state)
        self.n_donors = n_donors

    def _learn(self, X, random_state, *, in_place):
        self._donors = sample_donors(X, self.n_donors, random_state, in_place=in_place)

    def _forget_rows(self, X, random_state):
        self._donors = sample_donors(X, self.n_donors, random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self._chosen(X, generator)
        return self._donors.swap(X, chosen, generator), chosen


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


#: The strings that `corruption` takes.
CORRUPTIONS = {
    "gaussian": GaussianNoise,
    "uniform": UniformNoise,
    "masking": MaskingNoise,
    "salt_and_pepper": SaltAndPepperNoise,
    "swap": SwapNoise,
}


def make_corruption(corruption, noise_level):
    """Make the process that an estimator's parameters describe.

    Parameters
    ----------
    corruption : str, BaseCorruption, callable or None
        A key of :data:`CORRUPTIONS`, an instance (cloned), a function, or None.

    noise_level : float or array-like of shape (n_features,)
        The level, for a string.

    Returns
    -------
    corruption : BaseCorruption or None
        An unfitted process, or None for no corruption.
    """
    if corruption is None:
        return None
    if isinstance(corruption, str):
        return CORRUPTIONS[corruption](noise_level)
    if isinstance(corruption, BaseCorruption):
        return clone(corruption)
    return CallableCorruption(corruption)


def _feature_extremes(X):
    """Least and greatest observed value of each column; NaN where none is observed."""
    if sp.issparse(X):
        # It counts the zeros that are not stored.
        return min_max_axis(X, axis=0, ignore_nan=True)
    return np.fmin.reduce(X, axis=0), np.fmax.reduce(X, axis=0)
