"""Processes that add noise to every cell."""

from __future__ import annotations

import torch

from ..backend.serialization import serializable
from ._base import BaseCorruption

__all__ = ["GaussianNoise", "UniformNoise"]


@serializable
class GaussianNoise(BaseCorruption):
    r"""Additive isotropic Gaussian noise.

    .. math:: \tilde x_j = x_j + \sigma \varepsilon_j, \quad \varepsilon_j \sim N(0, 1)

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.2
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
        level = self.level_on(X)
        if isinstance(level, float):
            noise.normal_(0.0, level, generator=generator)
        else:
            noise.normal_(generator=generator).mul_(level)
        return noise.add_(X), None


@serializable
class UniformNoise(BaseCorruption):
    r"""Additive uniform noise.

    .. math:: \tilde x_j = x_j + u_j, \quad u_j \sim U(-a, a)

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.2
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
        level = self.level_on(X)
        if isinstance(level, float):
            noise.uniform_(-level, level, generator=generator)
        else:
            noise.uniform_(-1.0, 1.0, generator=generator).mul_(level)
        return noise.add_(X), None
