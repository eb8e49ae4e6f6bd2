"""A Gaussian fitted to rows with gaps, and its conditional means of missing cells."""

from __future__ import annotations

import numpy as np
import torch

from ..backend.serialization import serializable
from ..data.rows import rows_of
from ..data.weights import effective_number

__all__ = ["IncompleteGaussian"]

#: Beyond, a row's system of equations costs more than the net; columns then count as
#: independent.
MAX_FEATURES = 256

#: Floating-point operations that one step of EM may take, where rows abound.
_EM_COST = 2e9
_EM_ROWS = 10_000
_EM_STEPS = 15
_EM_TOLERANCE = 3e-3

#: Variance added to each standardised column, so that float32 can solve the systems.
_NUGGET = 1e-4

#: Standard deviations from the mean, at most, that a value counts for.
_FARTHEST = 1e15

#: EM solves systems of the missing cells, and not of the observed ones, from so many
#: columns on and up to such a fraction of missing cells.
_GAP_FEATURES = 16
_GAP_FRACTION = 0.5

#: Bytes that the matrices of a chunk of rows may take; so few stay in the cache.
_CHUNK_BYTES = 2**20


@serializable
class IncompleteGaussian:
    r"""Mean and covariance of rows with gaps, by expectation maximisation.

    The columns are standardised. With the covariance :math:`\hat\Sigma` that EM's last
    step found in :math:`n` rows of :math:`d` columns, and its diagonal :math:`D`, the
    estimate is shrunk to

    .. math:: \Sigma = \frac{n \hat\Sigma + d D}{n + d},

    as if `d` more rows had been seen, of independent columns. Beyond
    `MAX_FEATURES` columns all count as independent.

    Parameters
    ----------
    means, scales : Tensor of shape (n_features,)
        Mean and standard deviation of the observed values of each column.

    shift : Tensor of shape (n_features,)
        The mean that EM found, in units of the scales.

    covariance : Tensor of shape (n_features, n_features) or None
        Covariance of the standardised columns; None where they count as independent.
    """

    def __init__(self, means, scales, shift, covariance):
        self.means = means
        self.scales = scales
        self.shift = shift
        self.covariance = covariance

    @classmethod
    def fit(cls, X, max_features=MAX_FEATURES, weights=None):
        """Fit to rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        max_features : int, default=256
            Beyond, columns count as independent.

        weights : ndarray of shape (n_samples,), default=None
            Positive weights of the rows; None counts all alike.

        Returns
        -------
        gaussian : IncompleteGaussian
            The fitted distribution.
        """
        X = X.double()
        missing = torch.isnan(X)
        shares = None
        if weights is None:
            n_observed = (~missing).sum(dim=0).clamp(min=1)
            means = torch.nansum(X, dim=0) / n_observed
            X = torch.where(missing, 0.0, X - means)
            scales = (X.square().sum(dim=0) / n_observed).sqrt()
        else:
            # As many rows as the weights stand for.
            n_rows = effective_number(weights)
            shares = torch.from_numpy(weights * (n_rows / weights.sum()))
            n_observed = shares @ (~missing).double()
            n_observed = torch.where(missing.all(dim=0), 1.0, n_observed)
            means = shares @ torch.where(missing, 0.0, X) / n_observed
            X = torch.where(missing, 0.0, X - means)
            scales = (shares @ X.square() / n_observed).sqrt()
        # A constant column has but a rounding error of its mean.
        constant = scales <= 1e-12 * means.abs().clamp(min=1e-300)
        scales = torch.where(constant, 1.0, scales)
        X = torch.where(constant, 0.0, X / scales)
        shift, covariance = torch.zeros_like(means), None
        if 0 < X.shape[1] <= max_features:
            shift, covariance = _expectation_maximisation(X, missing, shares)
        return cls(
            *(None if t is None else t.float() for t in (means, scales, shift)),
            None if covariance is None else covariance.float(),
        )

    @classmethod
    def fit_sample(cls, rows, random_state):
        """Fit to as many rows as are enough, drawn at random.

        Parameters
        ----------
        rows : Rows
            Rows; NaN stands for a missing value.

        random_state : RandomState
            Draws the rows.

        Returns
        -------
        gaussian : IncompleteGaussian
            The fitted distribution.
        """
        n_rows = cls.n_rows(rows.shape[1])
        sample, weights = rows.weighted_sample(n_rows, random_state, in_order=False)
        return cls.fit(rows_of(sample).span(slice(None)), weights=weights)

    @staticmethod
    def n_rows(n_features):
        """Return how many rows are enough to fit to, for the sake of time.

        Parameters
        ----------
        n_features : int
            Number of columns.

        Returns
        -------
        n_rows : int
            Number of rows.
        """
        if n_features > MAX_FEATURES:
            return _EM_ROWS
        cost = max(1, n_features) ** 3
        return int(np.clip(_EM_COST // cost, 10 * n_features, _EM_ROWS))

    def fill(self, X, missing=None):
        """Replace missing values by their conditional mean, given the observed ones.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        missing : Tensor of shape (n_samples, n_features), dtype bool, default=None
            Cells to replace, those with NaN among them; None means just these.

        Returns
        -------
        X_filled : Tensor of shape (n_samples, n_features)
            The completed rows.
        """
        if missing is None:
            missing = torch.isnan(X)
        means, scales, shift = (t.to(X) for t in (self.means, self.scales, self.shift))
        if self.covariance is None:
            return torch.where(missing, means + scales * shift, X)
        covariance = self.covariance.to(X)
        identity = torch.eye(len(covariance), dtype=X.dtype, device=X.device)
        centred = X.sub(means).div_(scales).sub_(shift)
        # Rows in other units than those that were learned from.
        centred = centred.clamp_(-_FARTHEST, _FARTHEST).masked_fill_(missing, 0.0)
        parts = []
        for rows in _chunks(X):
            gaps = missing[rows]
            # As in `_root`, by fewer passes: training calls this for every batch.
            either = gaps.unsqueeze(2) | gaps.unsqueeze(1)
            root, _ = torch.linalg.cholesky_ex(
                torch.where(either, identity, covariance)
            )
            solved = torch.cholesky_solve(centred[rows].unsqueeze(2), root).squeeze(2)
            parts.append(solved @ covariance)
        expected = torch.cat(parts) if len(parts) > 1 else parts[0]
        return torch.where(missing, expected.add_(shift).mul_(scales).add_(means), X)

    def spread(self, X):
        """Compute the conditional standard deviation of all cells.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        spread : Tensor of shape (n_samples, n_features)
            Standard deviation of the missing cells given the observed ones, in the
            units of X; that of the nugget for observed cells.
        """
        scales = self.scales.to(X)
        if self.covariance is None:
            return scales.expand(X.shape)
        covariance = self.covariance.to(X)
        missing = torch.isnan(X)
        parts = []
        for rows in _chunks(X):
            root, observed = _root(covariance, missing[rows])
            half = torch.linalg.solve_triangular(
                root, covariance * observed.unsqueeze(2), upper=False
            )
            parts.append(covariance.diagonal() - half.square().sum(dim=1))
        variance = torch.cat(parts) if len(parts) > 1 else parts[0]
        return variance.clamp(min=_NUGGET).sqrt() * scales


def _chunks(X):
    step = max(1, _CHUNK_BYTES // (X.element_size() * X.shape[1] ** 2))
    # At least one chunk, so that no rows give no rows.
    return [slice(i, i + step) for i in range(0, max(1, len(X)), step)]


def _root(covariance, missing):
    """Return the Cholesky roots of the rows' systems, and where they are observed.

    In place of the missing columns stand those of the identity: all systems then have
    the same size.
    """
    observed = (~missing).to(covariance.dtype)
    systems = observed.unsqueeze(2) * covariance * observed.unsqueeze(1)
    systems.diagonal(dim1=1, dim2=2).add_(1.0 - observed)
    root, _ = torch.linalg.cholesky_ex(systems)
    return root, observed


def _expectation_maximisation(X, missing, shares=None):
    """Return mean and shrunk covariance of standardised rows, zero where missing."""
    n_samples, n_features = X.shape
    if shares is not None:
        n_samples = float(shares.sum())
    shrinkage = n_features / (n_features + n_samples)
    nugget = _NUGGET * torch.eye(n_features, dtype=X.dtype)
    mean = torch.zeros(n_features, dtype=X.dtype)
    covariance = torch.eye(n_features, dtype=X.dtype)
    few_gaps = n_features >= _GAP_FEATURES and missing.double().mean() <= _GAP_FRACTION
    expect = _expect_by_gaps if few_gaps else _expect
    for _ in range(_EM_STEPS):
        total, square = expect(X, missing, mean, covariance, shares)
        shift = total / n_samples
        found = square / n_samples - torch.outer(shift, shift)
        found = (1 - shrinkage) * found + shrinkage * found.diagonal().diag() + nugget
        change = (found - covariance).abs().max()
        mean, covariance = mean + shift, found
        if change < _EM_TOLERANCE:
            break
    return mean, covariance


def _expect(X, missing, mean, covariance, shares=None):
    """Return the expected sums of centred rows and of their products."""
    total, square = torch.zeros_like(mean), torch.zeros_like(covariance)
    for rows in _chunks(X):
        gaps = missing[rows]
        root, observed = _root(covariance, gaps)
        half = torch.linalg.solve_triangular(
            root, covariance * observed.unsqueeze(2), upper=False
        )
        centred = (X[rows] - mean) * observed
        white = torch.linalg.solve_triangular(root, centred.unsqueeze(2), upper=False)
        expected = (half * white).sum(dim=1)
        filled = torch.where(gaps, expected, centred)
        weighted = filled if shares is None else filled * shares[rows, None]
        total += weighted.sum(dim=0)
        square += weighted.T @ filled
        # The missing cells of a row vary, and with one another.
        hidden = gaps.to(X.dtype)
        half = half * hidden.unsqueeze(1)
        counted = hidden
        if shares is not None:
            half *= shares[rows].sqrt()[:, None, None]
            counted = hidden * shares[rows, None]
        half = half.reshape(-1, X.shape[1])
        square += covariance * (counted.T @ hidden) - half.T @ half
    return total, square


def _expect_by_gaps(X, missing, mean, covariance, shares=None):
    r"""Do the same by systems as small as the gaps of a row are few.

    With the precision :math:`P = \Sigma^{-1}`, the missing cells :math:`m` have the
    conditional covariance :math:`P_{mm}^{-1}` and the conditional mean
    :math:`-P_{mm}^{-1} P_{mo} x_o`, given the observed cells :math:`o`.
    """
    n_features = X.shape[1]
    root, _ = torch.linalg.cholesky_ex(covariance)
    precision = torch.cholesky_inverse(root).contiguous()
    filled = torch.where(missing, 0.0, X - mean)
    square = torch.zeros_like(covariance)
    for rows, width in _chunks_by_gaps(missing, X.element_size()):
        # The columns of the gaps come first; observed ones pad them to the width.
        columns = missing[rows].logical_not().byte().argsort(dim=1, stable=True)
        columns = columns[:, :width]
        is_gap = missing[rows].gather(1, columns)
        pairs = columns.unsqueeze(2) * n_features + columns.unsqueeze(1)
        both = is_gap.unsqueeze(2) & is_gap.unsqueeze(1)
        systems = torch.where(both, precision.view(-1)[pairs], 0.0)
        systems.diagonal(dim1=1, dim2=2).add_((~is_gap).to(X.dtype))
        root, _ = torch.linalg.cholesky_ex(systems)
        told = (filled[rows] @ precision).gather(1, columns) * is_gap
        expected = -torch.cholesky_solve(told.unsqueeze(2), root).squeeze(2)
        filled[rows] = filled[rows].scatter_add(1, columns, expected)
        hidden = torch.where(both, torch.cholesky_inverse(root), 0.0)
        if shares is not None:
            hidden *= shares[rows][:, None, None]
        square.view(-1).index_add_(0, pairs.flatten(), hidden.flatten())
    weighted = filled if shares is None else filled * shares[:, None]
    return weighted.sum(dim=0), square + weighted.T @ filled


def _chunks_by_gaps(missing, item_bytes):
    """Yield the rows with gaps, those with alike many at a time, and the most gaps."""
    n_gaps, order = missing.sum(dim=1).sort(stable=True)
    start = int((n_gaps == 0).sum())
    while start < len(order):
        step = max(1, _CHUNK_BYTES // (item_bytes * int(n_gaps[start]) ** 2))
        rows = order[start : start + step]
        yield rows, int(n_gaps[start : start + step].max())
        start += step
