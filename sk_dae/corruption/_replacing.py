"""Processes that replace the values of some cells."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils._missing import is_scalar_nan
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.sparsefuncs import min_max_axis

from ..backend.serialization import serializable
from ..data.rows import as_tensor
from ._base import LARGEST, BaseCorruption
from ._donors import sample_donors

__all__ = ["MaskingNoise", "SaltAndPepperNoise", "SwapNoise"]


@serializable
class MaskingNoise(BaseCorruption):
    r"""Masking noise: a fraction of the cells is set to a fixed value.

    .. math:: \tilde x_j = \begin{cases} v & \text{with probability } p \\
                                         x_j & \text{otherwise} \end{cases}

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.2
        Fraction :math:`p` of the cells that are masked, in [0, 1].

    fill_value : float, default=0.0
        The value :math:`v` of a masked cell. Zero is the mean of a standardised
        column and the background of an image. NaN masks as missing values are: an
        autoencoder then sees what it sees of a value that is missing.

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

    max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "fill_value": [Interval(Real, -LARGEST, LARGEST, closed="both"), "nan"],
    }

    def __init__(self, level=0.2, *, fill_value=0.0, random_state=None):
        super().__init__(level, random_state=random_state)
        self.fill_value = fill_value

    @property
    def makes_missing(self):
        return is_scalar_nan(self.fill_value)

    @property
    def keeps_zeros(self):
        return self.fill_value == 0

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self.choose(X, generator)
        return chosen.filled(float(self.fill_value)), chosen.mask


@serializable
class SaltAndPepperNoise(BaseCorruption):
    r"""Salt-and-pepper noise: a fraction of the cells goes to one of two extremes.

    .. math:: \tilde x_j = \begin{cases} a_j & \text{with probability } p / 2 \\
                                         b_j & \text{with probability } p / 2 \\
                                         x_j & \text{otherwise} \end{cases}

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.2
        Fraction :math:`p` of the cells that are replaced, in [0, 1].

    extremes : {"feature", "data"} or pair of float, default="feature"
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

    max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "extremes": [StrOptions({"feature", "data"}), tuple, list],
    }

    def __init__(self, level=0.2, *, extremes="feature", random_state=None):
        super().__init__(level, random_state=random_state)
        self.extremes = extremes

    def learn(self, rows, random_state, *, in_place):
        if isinstance(self.extremes, str):
            low, high = _feature_extremes(rows)
            if self.extremes == "data":
                low, high = np.fmin.reduce(low), np.fmax.reduce(high)
            # Zero where nothing is observed.
            low, high = np.nan_to_num(low), np.nan_to_num(high)
        else:
            low, high = self._given_extremes()
        self.extremes_ = np.empty((2, rows.shape[1]), dtype=np.float32)
        self.extremes_[0], self.extremes_[1] = low, high

    def _given_extremes(self):
        try:
            low, high = (float(extreme) for extreme in self.extremes)
            valid = -LARGEST <= low <= high <= LARGEST
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
        chosen = self.choose(X, generator)
        low, high = as_tensor(self.extremes_).to(X)
        return chosen.filled_with_either(low, high), chosen.mask


@serializable
class SwapNoise(BaseCorruption):
    r"""Swap noise: a fraction of the cells takes the value of another row.

    .. math:: \tilde x_j = \begin{cases} x^{(r_j)}_j & \text{with probability } p \\
                                         x_j & \text{otherwise} \end{cases}

    The donor :math:`r_j` is drawn for every cell anew from the observed training
    values of its column, so every corrupted cell holds a possible value. It suits
    tables.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.15
        Fraction :math:`p` of the cells that are swapped, in [0, 1].

    n_donors : int, default=10000
        Training rows that are kept, at most, to draw from once training is over;
        during training on the CPU donors come from all rows. On other devices, and of
        sparse data, data on disk and data with missing values, rows are sampled from
        the start. Wide data is sampled further,
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

    max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "n_donors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, level=0.15, *, n_donors=10_000, random_state=None):
        super().__init__(level, random_state=random_state)
        self.n_donors = n_donors

    def learn(self, rows, random_state, *, in_place):
        self._donors = sample_donors(
            rows, self.n_donors, random_state, in_place=in_place
        )

    def forget_rows(self, rows, random_state):
        self._donors = sample_donors(rows, self.n_donors, random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self.choose(X, generator).mask
        return self._donors.swap(X, chosen, generator), chosen


def _feature_extremes(rows):
    """Least and greatest observed value of each column; NaN where none is observed."""
    low = high = None
    for chunk in rows.chunks():
        if sp.issparse(chunk):
            # It counts the zeros that are not stored.
            least, greatest = min_max_axis(chunk, axis=0, ignore_nan=True)
        else:
            least, greatest = (f.reduce(chunk, axis=0) for f in (np.fmin, np.fmax))
        if low is None:
            low, high = least, greatest
        low, high = np.fmin(low, least), np.fmax(high, greatest)
    return low, high
