"""Weighted means and covariances of rows, added up in chunks.

Rows come as float32 tensors, NaN stands for missing, and a missing value counts as the
mean of its column: of all rows that are ever added, not of those so far.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..backend.serialization import serializable

__all__ = ["CentredRows", "Moments", "Scatter", "working_dtype"]

#: Up to this many columns, products are formed in float64, which takes no time there.
#: Beyond, they are formed in float32, and summed in float64.
PRECISE_WIDTH = 1024

#: Columns of a block. The products are symmetric, and only blocks on the diagonal and
#: below it are formed.
BLOCK = 1024


@dataclass(frozen=True)
class Moments:
    """Means and covariances of columns.

    Parameters
    ----------
    mean : Tensor of shape (n_features,)
        Zero where nothing was observed.

    covariance : Tensor of shape (n_features, n_features)
        Not corrected for the number of rows.

    observed : Tensor of shape (n_features,), dtype bool
        Whether any value of a column was.
    """

    mean: torch.Tensor
    covariance: torch.Tensor
    observed: torch.Tensor


@dataclass(frozen=True)
class CentredRows:
    """Rows in place of their moments, where they are fewer than the columns.

    Parameters
    ----------
    mean : Tensor of shape (n_features,)
        Zero where nothing was observed.

    rows : Tensor of shape (n_samples, n_features)
        Rows less their mean, multiplied by the roots of their shares of the weight:
        their product with themselves is the covariance.

    observed : Tensor of shape (n_features,), dtype bool
        Whether any value of a column was.
    """

    mean: torch.Tensor
    rows: torch.Tensor
    observed: torch.Tensor

    @classmethod
    def of(cls, rows, weights=None):
        """Return centred rows.

        Parameters
        ----------
        rows : Tensor of shape (n_samples, n_features)
            Rows, NaN where a value is missing. They are overwritten.

        weights : Tensor of shape (n_samples,), default=None
            Weights of the rows; None counts all alike.
        """
        if weights is None:
            weights = rows.new_ones(len(rows))
        shares = (weights / weights.sum(dtype=torch.float64)).to(rows.dtype)
        gaps = torch.isnan(rows)
        observed = (shares[:, None] * ~gaps).sum(dim=0)
        rows.masked_fill_(gaps, 0.0)
        mean = shares @ rows
        mean /= torch.where(observed > 0, observed, 1.0)
        rows -= mean
        rows.masked_fill_(gaps, 0.0)
        # The rest of a column that does not vary is rounding.
        least = 4 * torch.finfo(rows.dtype).eps * mean.abs()
        rows[:, rows.abs().amax(dim=0) <= least] = 0.0
        rows *= shares.sqrt()[:, None]
        return cls(mean, rows, observed > 0)


def working_dtype(width):
    """Return the type in which products of `width` columns are formed."""
    return torch.float64 if width <= PRECISE_WIDTH else torch.float32


@serializable
class Scatter:
    """Sums of the products of all pairs of columns, of rows around a centre.

    The centre is only there for the sake of precision, and need not be the mean.

    Parameters
    ----------
    centre : Tensor of shape (n_features,)
        About the mean of the rows; float64, on the device of the sums.
    """

    def __init__(self, centre):
        self._centre = centre
        width = len(centre)
        self._weight = centre.new_zeros(())
        self._observed = torch.zeros_like(centre)
        self._total = torch.zeros_like(centre)
        self._products = centre.new_zeros(width, width)
        # For rows with gaps: products with the mask of the gaps, and of that mask.
        self._with_gaps = None
        self._of_gaps = None

    def add(self, rows, weights=None):
        """Add rows.

        Parameters
        ----------
        rows : Tensor of shape (n_samples, n_features)
            Rows; NaN stands for missing.

        weights : Tensor of shape (n_samples,), default=None
            Weights of the rows; None counts each once.
        """
        width = rows.shape[1]
        dtype = working_dtype(width)
        rows = rows.to(dtype) - self._centre.to(dtype)
        unweighted = weights is None
        weights = rows.new_ones(len(rows)) if unweighted else weights.to(dtype)
        self._weight += weights.sum(dtype=torch.float64)
        gaps = torch.isnan(rows)
        with_gaps = gaps.any(dim=1)
        if with_gaps.any():
            rows = rows.masked_fill(gaps, 0.0)
            gaps = gaps[with_gaps].to(dtype)
            self._add_gaps(rows[with_gaps], gaps, weights[with_gaps])
        self._observed += weights.sum(dtype=torch.float64)
        self._total += torch.mv(rows.T, weights)
        weighted = rows if unweighted else rows * weights[:, None]
        _add_symmetric(self._products, weighted, rows)

    def _add_gaps(self, rows, gaps, weights):
        if self._of_gaps is None:
            self._with_gaps = torch.zeros_like(self._products)
            self._of_gaps = torch.zeros_like(self._products)
        weighted = gaps * weights[:, None]
        self._observed -= weighted.sum(dim=0, dtype=torch.float64)
        self._with_gaps += rows.T @ weighted
        _add_symmetric(self._of_gaps, weighted, gaps)

    def moments(self):
        r"""Return the moments of all rows so far.

        Let :math:`y` be a row around the centre, with 0 in its gaps, :math:`o` be 1
        where it is observed, and :math:`\delta` the mean less the centre. Around the
        mean, with 0 in its gaps, the row is :math:`y - \delta o`, and so

        .. math:: \sum (y - \delta o) (y - \delta o)^\top
                  = \sum y y^\top - G - G^\top + \delta \delta^\top \sum o o^\top,
                  \quad G = \Bigl(\sum y o^\top\Bigr) \operatorname{diag} \delta .

        Returns
        -------
        moments : Moments
            The covariance is of the type that the products were formed in.
        """
        # The rest of weights that were taken off again is no observation.
        observed = self._observed > 1e-12 * self._weight
        n_observed = torch.where(observed, self._observed, 1.0)
        delta = torch.where(observed, self._total / n_observed, 0.0)
        width = len(delta)
        covariance = delta.new_empty(width, width, dtype=working_dtype(width))
        for start in range(0, width, BLOCK):
            end = min(start + BLOCK, width)
            block = self._around_mean(delta, slice(start, end), slice(end))
            block /= self._weight
            covariance[start:end, :end] = block
            covariance[:start, start:end] = block[:, :start].T
        # A column that does not vary does so by rounding only, which must not be taken
        # for a signal: the noise would be as small.
        square = (self._products.diagonal() / self._weight).to(covariance.dtype)
        least = 4 * torch.finfo(covariance.dtype).eps * square
        constant = covariance.diagonal() <= least
        covariance[constant] = 0.0
        covariance[:, constant] = 0.0
        mean = torch.where(observed, self._centre + delta, 0.0)
        return Moments(mean, covariance, observed)

    def _around_mean(self, delta, rows, columns):
        """Return a block of the sums of products around the mean."""
        left, right = delta[rows, None], delta[columns]
        products = self._products[rows, columns]
        if self._of_gaps is None:
            # Here the sum of the rows is their weight times delta.
            return products - self._weight * left * right
        total, gaps = self._total, self._weight - self._observed
        shift = (total[rows, None] - self._with_gaps[rows, columns]) * right
        shift += left * (total[columns] - self._with_gaps[columns, rows].T)
        both = self._of_gaps[rows, columns] + self._weight
        both -= gaps[rows, None] + gaps[columns]
        return products - shift + both * left * right

    def copy_to(self, device):
        """Return a copy on a device."""
        copied = object.__new__(Scatter)
        vars(copied).update(
            {
                name: None if value is None else value.to(device, copy=True)
                for name, value in vars(self).items()
            }
        )
        return copied


def _add_symmetric(sums, left, right):
    """Add the lower blocks of ``left.T @ right``, which is symmetric."""
    width = len(sums)
    for start in range(0, width, BLOCK):
        end = min(start + BLOCK, width)
        sums[start:end, :end] += left[:, start:end].T @ right[:, :end]
