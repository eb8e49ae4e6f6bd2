"""Likelihoods of counts, whose rows may differ in size: Poisson, negative binomial."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ..backend.serialization import serializable
from ..data.rows import rows_per_chunk
from ..data.weights import effective_number
from ..tables.quantiles import weighted_quantiles
from ._base import BaseLoss

__all__ = ["NegativeBinomialLoss", "PoissonLoss"]

#: The least size of a row, so that one without a count has a logarithm.
LEAST_SIZE = 1e-12

#: The counts that a column without any is taken to have had in all rows together.
LEAST_TOTAL = 0.5

#: The greatest sum of the absolute values of a row, where the encoder reads it.
#: They all push a hidden unit the same way; of a row of 20 000 columns, one step of
#: the optimizer would push it so far that it never came back.
GREATEST_SUM = 100.0

#: The range of the logarithm of a dispersion. Below it, the counts are as good as
#: Poisson's; above, they are nearly all zero.
LOG_DISPERSIONS = (-6.0, 5.0)

#: Learning rate of the dispersions, as a multiple of that of the weights.
RATE_FACTOR = 7.0


class _CountLoss(BaseLoss):
    """Base class of the likelihoods of counts: sizes of rows, rates of columns.

    A subclass has ``_cells`` and ``_slope``: what each count costs, and the derivative
    by the logarithm of the mean.

    Parameters
    ----------
    normalize : bool, default=True
        Whether the total of a row is its size, which is left out of what is learned.

    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.
    """

    _parameter_constraints: dict = {
        **BaseLoss._parameter_constraints,
        "normalize": ["boolean"],
    }

    target_range = (0.0, math.inf)
    input_range = (0.0, math.inf)
    takes_missing = True

    def __init__(self, normalize=True, column_weights=None):
        super().__init__(column_weights)
        self.normalize = normalize

    # -- sizes and rates --------------------------------------------------------------

    def learn(self, rows, statistics):
        """Learn the usual counts of columns, and the sizes of rows."""
        n_samples, n_features = rows.shape
        n_counted = n_samples
        if rows.weights is not None:
            n_counted = effective_number(rows.weights)
        rates = np.maximum(statistics.precise_means, LEAST_TOTAL / n_counted).astype(
            np.float32
        )
        self.register_buffer("rates_", torch.from_numpy(rates))

        def over_rows(function):
            parts = rows.in_order(rows_per_chunk(4 * n_features))
            return torch.cat([function(X) for X in parts]).numpy()

        sizes = over_rows(self.size_factors)
        some = (sizes > LEAST_SIZE)[:, 0]
        if some.any():
            self.rates_ *= _median(sizes[:, 0], rows.weights, some)
        self.register_buffer("_input_scale", torch.ones(()))
        sums = over_rows(lambda X: self.to_input(X).abs().nansum(dim=1))
        self._input_scale *= min(
            1.0, GREATEST_SUM / max(_median(sums, rows.weights), 1e-6)
        )

    @property
    def library_size_(self):
        """Median total of the training rows, which reconstructions have."""
        return float(self.rates_.sum(dtype=torch.float64))

    def size_factors(self, X):
        """Return the size of each row, relative to the median of the training rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Counts; NaN where missing.

        Returns
        -------
        factors : Tensor of shape (n_samples, 1)
            The total of each row over what the median row has in the columns that are
            observed; one for every row without `normalize`.
        """
        if not self.normalize:
            return X.new_ones(len(X), 1)
        rates = self._rates_for(X)
        total, expected = X.sum(dim=1, keepdim=True), rates.sum()
        if total.isnan().any():
            observed = X.isnan().logical_not_().to(X.dtype)
            total = X.nansum(dim=1, keepdim=True)
            expected = torch.mv(observed, rates)[:, None].clamp_(min=LEAST_SIZE)
        return (total / expected).clamp_(min=LEAST_SIZE)

    def _rates_for(self, X):
        """Return the rates of the columns; ones for a loss that has learned nothing."""
        rates = self._buffers.get("rates_")
        return X.new_ones(X.shape[1]) if rates is None else rates.to(X.dtype)

    # -- the data ---------------------------------------------------------------------

    def to_input(self, X):
        """Return logarithms of the counts, at the median size, less the usual ones.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Counts, corrupted or not; NaN where missing. Values that a corruption has
            made negative count as zero.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_features)
            Zero for a count that is what it is in the median row.
        """
        X = X.clamp(min=0.0)
        inputs = X.div_(self.size_factors(X)).log1p_()
        if "rates_" not in self._buffers:
            return inputs
        return inputs.sub_(self.rates_.log1p()).mul_(self._input_scale)

    def to_data(self, output):
        """Return the expected counts of rows of median size."""
        return output.exp() * self._rates_for(output)

    def match_scale(self, reconstruction, X):
        """Return the expected counts at the sizes of the rows."""
        return reconstruction * self.size_factors(X)

    # -- the value --------------------------------------------------------------------

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        cells = self._cells(*self._expect(output, target))
        return cells.mean() if reduction == "mean" else cells

    @torch.no_grad()
    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        weight = self._with_columns(weight, target)
        if weight is None:
            weight = 1.0 / target.numel()
        log_mean, counts = self._expect(output, target)
        loss = self._cells(log_mean, counts).mul_(weight).sum()
        return loss, self._slope(log_mean, counts).mul_(weight)

    def _expect(self, output, target):
        """Return the logarithms of the means, and the counts with zeros for gaps."""
        log_mean = output + self.size_factors(target).log()
        return log_mean + self._rates_for(target).log(), target.nan_to_num(nan=0.0)

    def _cells(self, log_mean, counts):
        raise NotImplementedError

    def _slope(self, log_mean, counts):
        raise NotImplementedError


@serializable
class PoissonLoss(_CountLoss):
    r"""Likelihood of Poisson counts: half their deviance.

    .. math:: \ell(x, \mu) = \mu - x + x \log \frac{x}{\mu}, \qquad
              \mu_{ij} = s_i \, r_j \, e^{z_{ij}}

    It is zero for :math:`\mu = x`, and otherwise by how much the log-likelihood falls
    short of that. Here :math:`r_j` is the count of column :math:`j` in a row of median
    size, and :math:`s_i` the size of row :math:`i`, its total over the median total.
    Both are known from the data; the decoder's output :math:`z` says by how much a cell
    departs from them, and :math:`z = 0` says that it does not.

    The encoder reads :math:`\log(1 + x_{ij} / s_i)` less :math:`\log(1 + r_j)`, and a
    row twice as large is encoded alike. So reconstructions, :math:`r_j e^{z_{ij}}`,
    are expected counts of rows of median size, `library_size_`. Reconstruction errors
    are taken at a row's own size.

    Counts need not be integers. A row without any has the size zero, and teaches
    nothing.

    Parameters
    ----------
    normalize : bool, default=True
        Whether the total of a row is its size, as of molecules in a cell or words in
        a text, of which it is known that more were drawn. False takes all rows for
        equally large (:math:`s_i = 1`): the total is then part of what is learned, as
        the brightness of an image is.

    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Attributes
    ----------
    rates_ : Tensor of shape (n_features,)
        The counts :math:`r_j` of a row of median size. A column without a count has
        half a count in all rows together.

    library_size_ : float
        Their sum.

    References
    ----------
    Eraslan, G., Simon, L. M., Mircea, M., Mueller, N. S. and Theis, F. J. (2019).
    Single-cell RNA-seq denoising using a deep count autoencoder. Nature
    Communications, 10.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import PoissonLoss
    >>> PoissonLoss(normalize=False)(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]))
    tensor(0.5000)

    The loss of a fitted autoencoder knows the sizes:

    >>> import numpy as np
    >>> from sk_dae import DenoisingAutoencoder
    >>> X = np.array([[2, 4, 2], [4, 8, 4], [6, 12, 6]] * 20)
    >>> dae = DenoisingAutoencoder(1, loss="poisson", corruption="masking", max_iter=5)
    >>> loss = dae.fit(X).net_.criterion_
    >>> loss.library_size_
    16.0
    >>> loss.size_factors(torch.tensor([[10.0, 20.0, 10.0]]))
    tensor([[2.5000]])
    """

    def _cells(self, log_mean, counts):
        return log_mean.exp() - counts * log_mean + _of_perfect(counts)

    def _slope(self, log_mean, counts):
        return log_mean.exp().sub_(counts)


@serializable
class NegativeBinomialLoss(_CountLoss):
    r"""Likelihood of negative binomial counts, which vary more than Poisson's.

    With the mean :math:`\mu_{ij}` of :class:`PoissonLoss` and a dispersion
    :math:`\alpha_j` for each column, the variance is :math:`\mu + \alpha \mu^2`, and
    with :math:`\theta = 1 / \alpha`

    .. math:: \ell(x, \mu) = x \log x - x
              - \log \frac{\Gamma(x + \theta)}{\Gamma(\theta)}
              - \theta \log \frac{\theta}{\theta + \mu}
              - x \log \frac{\mu}{\theta + \mu} ,

    by how much the log-likelihood falls short of that of Poisson counts with
    :math:`\mu = x`, as that of :class:`PoissonLoss` does: the two can be compared.
    A count that the reconstruction misses costs less than with :class:`PoissonLoss`
    where the column is known to vary. The dispersions start at one and are learned
    along with the weights, by the same optimizer.

    Parameters
    ----------
    normalize : bool, default=True
        Whether the total of a row is its size; see :class:`PoissonLoss`.

    column_weights : array-like of shape (n_features,), default=None
        Weights of the columns; see :class:`BaseLoss`.

    Attributes
    ----------
    dispersions_ : Tensor of shape (n_features,)
        The dispersions :math:`\alpha_j`.

    rates_ : Tensor of shape (n_features,)
        The counts of a row of median size.

    library_size_ : float
        Their sum.

    References
    ----------
    Eraslan, G., Simon, L. M., Mircea, M., Mueller, N. S. and Theis, F. J. (2019).
    Single-cell RNA-seq denoising using a deep count autoencoder. Nature
    Communications, 10.

    Lopez, R., Regier, J., Cole, M. B., Jordan, M. I. and Yosef, N. (2018). Deep
    generative modeling for single-cell transcriptomics. Nature Methods, 15.


    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import NegativeBinomialLoss
    >>> loss = NegativeBinomialLoss(normalize=False)
    >>> loss(torch.zeros(1, 1), torch.tensor([[1.0]]))
    tensor(0.3863)
    """

    rate_factor = RATE_FACTOR

    def learn(self, rows, statistics):
        """Learn rates and sizes; the dispersions start at one."""
        super().learn(rows, statistics)
        self.log_dispersions = nn.Parameter(torch.zeros_like(self.rates_))

    @classmethod
    def upgrade_state(cls, state, format):
        """Turn the attributes of an older file into those of today."""
        if "_log_dispersions" in state:
            logs = state.pop("_log_dispersions")
            state["log_dispersions"] = nn.Parameter(logs)
        for name in ("_moments", "_n_updates"):
            state.pop(name, None)
        return state

    @property
    def dispersions_(self):
        """How much more a count varies than a Poisson count of its mean."""
        return self.log_dispersions.detach().clamp(*LOG_DISPERSIONS).exp()

    def _logs_for(self, X):
        """Return the logarithms of the dispersions; zeros before they are learned."""
        logs = self._parameters.get("log_dispersions")
        if logs is None:
            return X.new_zeros(X.shape[1])
        return logs.clamp(*LOG_DISPERSIONS).to(X.dtype)

    def _cells(self, log_mean, counts):
        logs = self._logs_for(counts)
        theta = torch.exp(-logs)
        ratio = log_mean + logs  # of the mean to theta
        chosen = torch.lgamma(counts + theta) - torch.lgamma(theta)
        unlikely = theta * F.softplus(ratio) + counts * F.softplus(-ratio)
        return unlikely - chosen + _of_perfect(counts)

    def _slope(self, log_mean, counts):
        ratio = log_mean + self._logs_for(counts)
        return log_mean.exp().sub_(counts).mul_(torch.sigmoid(-ratio))

    @torch.no_grad()
    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        value, gradient = super().value_and_gradient(output, target, weight)
        if self.trained_by_net():
            weight = self._with_columns(weight, target)
            weight = 1.0 / target.numel() if weight is None else weight
            slopes = self._slope_of_dispersions(*self._expect(output, target))
            slopes = slopes.mul_(weight).sum(dim=0)
            self.log_dispersions.grad = slopes.to(self.log_dispersions.dtype)
        return value, gradient

    def _slope_of_dispersions(self, log_mean, counts):
        """Return the derivatives of the cells by the logarithms of the dispersions."""
        logs = self._logs_for(counts)
        theta = torch.exp(-logs)
        ratio = log_mean + logs
        chosen = torch.digamma(counts + theta) - torch.digamma(theta)
        excess = counts - log_mean.exp()
        return theta * (chosen - F.softplus(ratio)) - excess * torch.sigmoid(-ratio)


def _median(values, weights, chosen=slice(None)):
    """Return the median of some values, which may be weighted."""
    if weights is None:
        return float(np.median(values[chosen]))
    unit = weights.min()
    return float(weighted_quantiles(values[chosen], weights[chosen], 0.5, unit))


def _of_perfect(counts):
    """Return the Poisson log-likelihood of counts that are their means, plus log x!.

    Which has no part in any gradient, and takes longer than all the rest.
    """
    return torch.xlogy(counts, counts).sub_(counts)
