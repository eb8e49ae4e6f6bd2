"""Processes whose noise is the stronger, the larger the value."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from ..backend.serialization import serializable
from ._base import BaseCorruption

__all__ = ["PoissonNoise", "SpeckleNoise"]

#: Counts beyond it vary by less than float32 can tell; torch draws wrong ones beyond
#: the greatest integer.
LARGEST_RATE = 2.0**50


@serializable
class SpeckleNoise(BaseCorruption):
    r"""Multiplicative Gaussian noise, the speckle of radar and ultrasound images.

    .. math:: \tilde x_j = x_j (1 + \sigma \varepsilon_j), \quad
              \varepsilon_j \sim N(0, 1)

    Zero stays zero. Made for data whose zero means nothing at all, not for
    standardised columns.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.2
        Standard deviation :math:`\sigma` relative to the value.

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
    Goodman, J. W. (1976). Some fundamental properties of speckle. Journal of the
    Optical Society of America, 66.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import SpeckleNoise
    >>> X = np.tile([0.0, 1.0, 10.0], (1000, 1))
    >>> noisy = SpeckleNoise(0.1, random_state=0).fit_transform(X)
    >>> noisy.std(axis=0).round(1)
    array([0. , 0.1, 1. ], dtype=float32)
    """

    keeps_zeros = True

    def __init__(self, level=0.2, *, random_state=None):
        super().__init__(level, random_state=random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        factors = torch.empty_like(X)
        level = self.level_on(X)
        if isinstance(level, float):
            factors.normal_(1.0, level, generator=generator)
        else:
            factors.normal_(generator=generator).mul_(level).add_(1.0)
        return factors.mul_(X), None


@serializable
class PoissonNoise(BaseCorruption):
    r"""Shot noise: values become counts of photons, or of molecules, and back.

    .. math:: \tilde x_j = g n_j, \quad n_j \sim \operatorname{Poisson}(x_j / g)

    The mean stays :math:`x_j`, and the variance is :math:`g x_j`. Made for values that
    are counts or proportional to counts; negative ones are refused.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.1
        The worth :math:`g` of one count, in the units of X: the variance that a value
        of one gets. Zero leaves a feature as it is.

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
    Makitalo, M. and Foi, A. (2011). Optimal inversion of the Anscombe transformation
    in low-count Poisson image denoising. IEEE Transactions on Image Processing, 20.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import PoissonNoise
    >>> X = np.full((1000, 1), 4.0)
    >>> noisy = PoissonNoise(0.25, random_state=0).fit_transform(X)
    >>> bool((noisy % 0.25 == 0).all())
    True
    >>> round(float(noisy.mean())), round(float(noisy.var()))
    (4, 1)
    """

    keeps_zeros = True

    def __init__(self, level=0.1, *, random_state=None):
        super().__init__(level, random_state=random_state)

    def _validate(self, X, *, reset, dtype="numeric"):
        X = super()._validate(X, reset=reset, dtype=dtype)
        _refuse_negative(X)
        return X

    def learn(self, rows, random_state, *, in_place):
        for chunk in rows.chunks():
            _refuse_negative(chunk)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        # Behind another process, as in a composition, a value may be below zero.
        signal = X.nan_to_num(0.0).clamp_(min=0.0)
        level = self.level_on(X)
        if isinstance(level, float):
            # One that float32 cannot hold is none either.
            if level < torch.finfo(torch.float32).tiny:
                return X.clone(), None
            return _count(signal, level, generator), None
        active = level > 0
        worth = torch.where(active, level, 1.0)
        return torch.where(active, _count(signal, worth, generator), X), None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags


def _count(signal, level, generator):
    """Draw counts with a mean of `signal`, in units of `level`."""
    rate = signal / level
    counted = torch.poisson(rate.clamp(max=LARGEST_RATE), generator).mul_(level)
    return torch.where(rate > LARGEST_RATE, signal, counted)


def _refuse_negative(X):
    values = X.data if sp.issparse(X) else X
    least = np.fmin.reduce(values, axis=None) if values.size else 0.0
    if least < 0:
        # The words that scikit-learn has for it.
        raise ValueError(
            "Negative values in data passed to PoissonNoise: it needs X to be 0 or "
            f"more, got {least:g}."
        )
