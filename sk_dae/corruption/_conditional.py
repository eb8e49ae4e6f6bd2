"""The process that masks cells and puts in what the other cells make expect."""

from __future__ import annotations

import torch

from ..backend.serialization import serializable
from ..linear.gaussian import IncompleteGaussian
from ._base import BaseCorruption

__all__ = ["ConditionalMeanNoise"]


@serializable
class ConditionalMeanNoise(BaseCorruption):
    r"""Masking noise that fills the masked cells with their conditional mean.

    .. math:: \tilde x_M = \mu_M + \Sigma_{MO} \Sigma_{OO}^{-1} (x_O - \mu_O)

    where :math:`M` are the masked cells of a row, each chosen with probability `p`,
    and the missing ones, and :math:`O` all others. Mean and covariance are fitted to
    the rows with their gaps, by expectation maximisation, and shrunk as `n_features`
    more rows of independent columns would do.

    An autoencoder trained with it starts from the best linear guess, and learns what
    is not linear; it gets missing values filled the same way, in training and
    afterwards. Made for imputation.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.3
        Fraction :math:`p` of the cells that are masked, in [0, 1].

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

    See Also
    --------
    MaskingNoise : Puts in one value for all.

    Notes
    -----
    A row needs the solution of a linear system of `n_features` unknowns. Beyond 256
    features the columns count as independent, and the conditional mean is the mean.
    At most 10,000 rows are fitted to, chosen at random.

    References
    ----------
    Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977). Maximum likelihood from
    incomplete data via the EM algorithm. Journal of the Royal Statistical Society B,
    39.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import ConditionalMeanNoise
    >>> x = np.random.RandomState(0).normal(size=(500, 1))
    >>> X = np.hstack([x, 2 * x])
    >>> masked = ConditionalMeanNoise([1, 0], random_state=0).fit_transform(X)
    >>> bool(np.abs(masked - X).max() < 0.05)
    True
    """

    max_level = 1.0
    fills_missing = True
    rows_per_draw = 256

    def __init__(self, level=0.3, *, random_state=None):
        super().__init__(level, random_state=random_state)

    def learn(self, rows, random_state, *, in_place):
        self._gaussian = IncompleteGaussian.fit_sample(rows, random_state)

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self.choose(X, generator).mask
        return self._gaussian.fill(X, torch.isnan(X) | chosen), chosen

    def fill(self, X):
        """Replace missing values by their conditional mean.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        X_filled : Tensor of shape (n_samples, n_features)
            The completed rows.
        """
        # Complete rows need no system solved.
        return self._gaussian.fill(X) if torch.isnan(X).any() else X
