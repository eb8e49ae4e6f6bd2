"""The process that draws new values from the distribution of each column."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import torch
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from ..backend.serialization import serializable
from ._base import BaseCorruption
from ._cells import positions
from ._quantiles import column_quantiles

__all__ = ["MarginalNoise", "QuantileTable"]

#: Bytes that the quantiles may take, and rows that they are estimated from.
QUANTILE_BYTES = 2**26
N_ROWS = 100_000


@serializable
class MarginalNoise(BaseCorruption):
    r"""A fraction of the cells is drawn anew from the distribution of their column.

    .. math:: \tilde x_j = \begin{cases}
              \hat F_j^{-1}(u_j), \quad u_j \sim U(0, 1)
              & \text{with probability } p \\
              x_j & \text{otherwise} \end{cases}

    The distribution :math:`\hat F_j` is that of the observed training values, kept as
    quantiles, with straight lines between. So no training row is kept, new values may
    lie between the observed ones, and what most of a column has comes back exactly.

    Parameters
    ----------
    level : float, array-like of shape (n_features,) or dict, default=0.15
        Fraction :math:`p` of the cells that are drawn anew, in [0, 1].

    n_quantiles : int, default=1000
        Number of quantiles of a column, at most; there are no more than rows, and
        fewer for wide data, so that all take at most 64 MiB. They are those of 100,000
        training rows at most, drawn at random.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform` and the choice of the rows.

    Attributes
    ----------
    level_ : float or ndarray of shape (n_features,)
        The validated level.

    quantiles_ : ndarray of shape (n_quantiles, n_features), dtype float32
        From the least to the greatest; NaN where nothing is observed.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    See Also
    --------
    SwapNoise : Takes values of other rows, so that each is one that occurs.

    References
    ----------
    Yoon, J., Zhang, Y., Jordon, J. and van der Schaar, M. (2020). VIME: extending the
    success of self- and semi-supervised learning to tabular domain. NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import MarginalNoise
    >>> X = np.random.RandomState(0).exponential(size=(1000, 1))
    >>> drawn = MarginalNoise(1.0, random_state=0).fit_transform(X)
    >>> bool(drawn.min() >= X.min().astype(np.float32))
    True
    >>> bool(abs(np.median(drawn) - np.median(X)) < 0.1)
    True
    """

    max_level = 1.0
    _parameter_constraints: dict = {
        **BaseCorruption._parameter_constraints,
        "n_quantiles": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(self, level=0.15, *, n_quantiles=1000, random_state=None):
        super().__init__(level, random_state=random_state)
        self.n_quantiles = n_quantiles

    def learn(self, rows, random_state, *, in_place):
        sample, weights = rows.weighted_sample(N_ROWS, random_state)
        n_samples, n_features = sample.shape
        if weights is not None:
            # As many as there are rows of the least weight.
            n_samples = round(min(weights.sum() / weights.min(), N_ROWS))
        most = max(2, QUANTILE_BYTES // (4 * n_features))
        n_quantiles = max(2, min(self.n_quantiles, most, n_samples))
        quantiles = column_quantiles(sample, n_quantiles, weights)
        if np.isinf(quantiles).any():
            raise ValueError("Input X contains a value too large for dtype('float32').")
        self._table = QuantileTable(torch.from_numpy(quantiles))

    @property
    def quantiles_(self):
        """The quantiles, from the least to the greatest."""
        check_is_fitted(self, "_table")
        return self._table.values.T.numpy()

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self.choose(X, generator).mask
        return self._table.draw(X, chosen, generator), chosen


@serializable(leave_out=["_moved"])
class QuantileTable:
    """Quantiles of columns, from which new values are drawn.

    Parameters
    ----------
    values : Tensor of shape (n_features, n_quantiles)
        Side by side the quantiles of a column; NaN where it has none.
    """

    # A copy on an accelerator, made when it is first needed.
    _moved = None

    def __init__(self, values):
        self.values = values
        self.has_unknown = bool(values.isnan().any())

    def __getstate__(self):
        """Leave the copy on an accelerator behind."""
        return {**vars(self), "_moved": None}

    def draw(self, X, chosen, generator):
        """Return X with each `chosen` cell drawn anew.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            The rows; not modified.

        chosen : Tensor of shape (n_samples, n_features), dtype bool
            Which cells.

        generator : torch.Generator
            Where the draws come from.

        Returns
        -------
        X_drawn : Tensor of shape (n_samples, n_features)
            The rows. A column without quantiles stays as it is.
        """
        n_features, n = self.values.shape
        if X.device.type == "cpu":
            # A few cells are chosen: draw for those only.
            cells = positions(chosen)
            starts = cells.remainder(n_features).mul_(n)
            position = torch.rand(len(cells), generator=generator).mul_(n - 1)
            drawn = _interpolate(self.values, starts, position).to(X.dtype)
            corrupted = X.reshape(-1).clone()
            if self.has_unknown:
                drawn = torch.where(drawn.isnan(), corrupted[cells], drawn)
            return corrupted.index_copy_(0, cells, drawn).view(X.shape)
        # Counting the chosen cells would make an accelerator wait.
        position = torch.rand(X.shape, generator=generator, device=X.device).mul_(n - 1)
        starts = torch.arange(n_features, device=X.device) * n
        drawn = _interpolate(self._beside(X), starts.expand(X.shape), position)
        drawn = drawn.to(X.dtype)
        return torch.where(chosen & ~drawn.isnan(), drawn, X)

    def _beside(self, X):
        """Return the quantiles on the device of X, sent there once."""
        if self._moved is None or self._moved.device != X.device:
            self._moved = self.values.to(X.device)
        return self._moved


def _interpolate(table, starts, position):
    """Return values of a table, read row by row, at positions behind `starts`."""
    flat = table.view(-1)
    below = position.long().clamp_(max=table.shape[1] - 2)
    place = starts + below
    low, high = flat.take(place), flat.take(place + 1)
    return torch.lerp(low, high, position.sub_(below))
