"""The loss of mixed tables: numbers and categories, balanced."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..backend.serialization import serializable
from ..backend.user_warnings import warn_user
from ._base import BaseLoss

__all__ = ["TableLoss"]

#: The least entropy, in nats, that a column's loss is divided by: of a column that is
#: nearly constant, the few other cells would outweigh all the rest.
LEAST_ENTROPY = 0.1


@serializable(leave_out=["_layout"])
class TableLoss(BaseLoss):
    r"""Squared error of numbers and cross-entropy of categories, balanced.

    .. math:: \ell_j = \begin{cases} (x_j - \hat x_j)^2 & \text{numbers} \\
                        -\frac{1}{s_j} \log p_j(x_j) & \text{categories}\end{cases}

    Numbers are expected with unit variance, categories as indices. With the entropy of
    the column for :math:`s_j`, the best constant guess costs one in either case.

    The decoder gives the numbers, then a logit for every category of each column, and
    then, with `mask_loss_weight`, a logit for every cell.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for one of numbers.

    scales : sequence of float of length n_features, default=None
        Divisor of the cross-entropy of each column; None means 1.

    mask_loss_weight : float, default=0.0
        Weight of the estimate, for every cell, of whether it was corrupted; 0 means
        that there is none. The target is then followed by the mask.

    mask_weight : float, default="deprecated"
        The old name of `mask_loss_weight`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    References
    ----------
    Yoon, J., Zhang, Y., Jordon, J. and van der Schaar, M. (2020). VIME: extending the
    success of self- and semi-supervised learning to tabular domain. NeurIPS.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.losses import TableLoss
    >>> loss = TableLoss([2, 0])
    >>> loss(torch.zeros(1, 3), torch.tensor([[0.0, 1.0]]))
    tensor(0.8466)
    >>> loss.to_data(torch.tensor([[0.5, -1.0, 1.0]]))
    tensor([[1.0000, 0.5000]])
    """

    _parameter_constraints: dict = {}

    _renamed_parameters: dict = {"mask_weight": "mask_loss_weight"}

    def __init__(
        self,
        n_categories,
        scales=None,
        mask_loss_weight=0.0,
        mask_weight="deprecated",
    ):
        if mask_weight != "deprecated":
            if mask_loss_weight != 0.0:
                raise ValueError(
                    "mask_weight is the old name of mask_loss_weight, and only one of "
                    f"them can be given; got mask_weight={mask_weight!r} and "
                    f"mask_loss_weight={mask_loss_weight!r}."
                )
            warn_user(
                "mask_weight of TableLoss was renamed to mask_loss_weight: the old "
                "name is deprecated in 0.2 and will be removed in 0.3. Use "
                "mask_loss_weight.",
                FutureWarning,
            )
            mask_loss_weight, mask_weight = mask_weight, "deprecated"
        self.n_categories = n_categories
        self.scales = scales
        self.mask_loss_weight = mask_loss_weight
        self.mask_weight = mask_weight

    def __getstate__(self):
        """Leave the layout behind, which the parameters define."""
        return {k: v for k, v in super().__getstate__().items() if k != "_layout"}

    @classmethod
    def balanced(cls, n_categories, entropies, mask_loss_weight=0.0):
        """Return the loss of which a constant guess costs the same in each column.

        Parameters
        ----------
        n_categories : sequence of int of length n_features
            Number of categories of each column; 0 for one of numbers.

        entropies : sequence of float or None of length n_features
            The entropy of each column of categories, in nats.

        mask_loss_weight : float, default=0.0
            As in the class.

        Returns
        -------
        loss : TableLoss
            The loss.
        """
        scales = [
            None if entropy is None else max(entropy, LEAST_ENTROPY)
            for entropy in entropies
        ]
        return cls(n_categories, scales, mask_loss_weight)

    @property
    def estimates_mask(self):
        """Whether the target of a batch is followed by the mask of the corruption."""
        return self.mask_loss_weight > 0

    def n_outputs(self, n_features):
        """Return how many outputs the decoder needs, as in ``BaseLoss``."""
        n_outputs = sum(max(1, n) for n in self.n_categories)
        return n_outputs + (n_features if self.estimates_mask else 0)

    def _layout_on(self, device):
        layout = getattr(self, "_layout", None)
        if layout is None or layout.numbers.device != device:
            layout = self._layout = _TableLayout(self.n_categories, self.scales, device)
        return layout

    def to_data(self, output):
        """Return numbers, and the most probable category of each column."""
        layout = self._layout_on(output.device)
        codes = [
            block.argmax(dim=1, keepdim=True).to(output.dtype)
            for block in layout.logits(output).split(layout.sizes, dim=1)
        ]
        cells = torch.cat([output[:, : layout.n_numbers], *codes], dim=1)
        return cells.index_select(1, layout.order)

    def cellwise(self, output, target, *, reduction="none"):
        """Return the loss of every cell, or their mean; as in ``BaseLoss``."""
        layout = self._layout_on(output.device)
        numbers = target.index_select(1, layout.numbers)
        errors = (output[:, : layout.n_numbers] - numbers).square()
        log_p, *_ = layout.log_probabilities(output, target)
        cells = torch.cat([errors, log_p * -layout.inverse_scales], dim=1)
        cells = cells.index_select(1, layout.order)
        if self.estimates_mask:
            n = layout.n_columns
            estimate = F.binary_cross_entropy_with_logits(
                output[:, -n:], target[:, n:], reduction="none"
            )
            cells = torch.cat([cells, self.mask_loss_weight * estimate], dim=1)
        return cells.mean() if reduction == "mean" else cells

    @torch.no_grad()
    def value_and_gradient(self, output, target, weight=None):
        """Return the loss of a batch and its gradient, as in ``BaseLoss``."""
        layout = self._layout_on(output.device)
        if weight is None:
            weight = output.new_full((1, 1), 1.0 / target.numel())
        weight = weight.expand(len(target), target.shape[1])
        gradient = torch.empty_like(output)

        error = output[:, : layout.n_numbers] - target.index_select(1, layout.numbers)
        slope = error * weight.index_select(1, layout.numbers)
        loss = (error * slope).sum()
        gradient[:, : layout.n_numbers] = slope.mul_(2.0)

        log_p, ratios, sums, cells = layout.log_probabilities(output, target)
        weights = weight.index_select(1, layout.categories) * layout.inverse_scales
        loss -= (log_p * weights).sum()
        slope = ratios.mul_((weights / sums).index_select(1, layout.column_of))
        slope.scatter_add_(1, cells, -weights)
        gradient[:, layout.n_numbers : layout.n_numbers + layout.n_logits] = slope

        if self.estimates_mask:
            n = layout.n_columns
            logits, mask = output[:, -n:], target[:, n:]
            weights = weight[:, n:] * self.mask_loss_weight
            loss += F.binary_cross_entropy_with_logits(
                logits, mask, weights, reduction="sum"
            )
            gradient[:, -n:] = torch.sigmoid(logits).sub_(mask).mul_(weights)
        return loss, gradient

    def probabilities(self, output):
        """Return the probabilities of all categories.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.

        Returns
        -------
        probabilities : Tensor of shape (n_samples, n_categories)
            Those of a column after those of another.
        """
        layout = self._layout_on(output.device)
        blocks = layout.logits(output).split(layout.sizes, dim=1)
        # There may be no columns of categories.
        blocks = [output[:, :0], *(block.softmax(dim=1) for block in blocks)]
        return torch.cat(blocks, dim=1)

    def expectations(self, output):
        """Return the numbers and the probabilities of all categories.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            The output of the decoder.

        Returns
        -------
        expectations : Tensor of shape (n_samples, n_numbers + n_categories)
            The numbers, and after them the probabilities, column after column.
        """
        numbers = output[:, : self._layout_on(output.device).n_numbers]
        return torch.cat([numbers, self.probabilities(output)], dim=1)

    def squared_errors(self, output, target):
        """Return the squared error of each cell.

        Parameters
        ----------
        output : Tensor of shape (n_samples, n_outputs)
            Output of the decoder.

        target : Tensor of shape (n_samples, n_features)
            The rows; NaN where missing, a negative index for an unknown category.

        Returns
        -------
        errors : Tensor of shape (n_samples, n_features)
            For categories half the squared distance between the probabilities and
            certainty, which is in [0, 1]; NaN where the target is missing or unknown.
        """
        layout = self._layout_on(output.device)
        unknown = target.isnan()
        unknown[:, layout.categories] |= target[:, layout.categories] < 0
        target = target.masked_fill(unknown, 0.0)
        log_p, ratios, sums, _ = layout.log_probabilities(output, target)
        squares = (ratios.square() @ layout.indicator) / sums.square()
        numbers = target.index_select(1, layout.numbers)
        errors = [
            (output[:, : layout.n_numbers] - numbers).square(),
            0.5 * squares + 0.5 - log_p.exp(),
        ]
        errors = torch.cat(errors, dim=1).index_select(1, layout.order)
        return errors.masked_fill(unknown, torch.nan)


class _TableLayout:
    """Where in a decoder's output the columns of a table are found.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for one of numbers.

    scales : sequence of float of length n_features, or None
        Divisor of the cross-entropy of each column.

    device : torch.device
        Where the tensors are needed.
    """

    def __init__(self, n_categories, scales, device):
        numbers = [j for j, n in enumerate(n_categories) if not n]
        categories = [j for j, n in enumerate(n_categories) if n]
        self.n_columns, self.n_numbers = len(n_categories), len(numbers)
        self.sizes = [n_categories[j] for j in categories]
        self.n_logits = sum(self.sizes)

        def index(values):
            return torch.tensor(values, dtype=torch.int64, device=device)

        self.numbers, self.categories = index(numbers), index(categories)
        # From numbers before categories to the order of the columns.
        self.order = index([*numbers, *categories]).argsort()
        sizes = index(self.sizes)
        self.starts = sizes.cumsum(0) - sizes
        #: For each logit, which of the categorical columns it is of.
        self.column_of = index(range(len(categories))).repeat_interleave(sizes)
        self.indicator = F.one_hot(self.column_of, max(1, len(categories))).float()
        self.indicator = self.indicator[:, : len(categories)]
        self.inverse_scales = torch.ones(len(categories), device=device)
        if scales is not None:
            self.inverse_scales /= torch.tensor(
                [float(scales[j]) for j in categories], device=device
            )

    def logits(self, output):
        """Return the logits of the categories."""
        return output[:, self.n_numbers : self.n_numbers + self.n_logits]

    def log_probabilities(self, output, target):
        """Return the log-probability of the category of each categorical cell.

        Returns
        -------
        log_p : Tensor of shape (n_samples, n_categorical)
            The log-probabilities.

        ratios : Tensor of shape (n_samples, n_logits)
            The probability of each category, as a ratio to the column's most probable.

        sums : Tensor of shape (n_samples, n_categorical)
            Their sum in each column.

        cells : Tensor of shape (n_samples, n_categorical)
            Which logits are those of the target.
        """
        logits = self.logits(output)
        shape = len(output), len(self.categories)
        cells = target.index_select(1, self.categories).long() + self.starts
        with torch.no_grad():
            greatest = logits.new_full(shape, -torch.inf).scatter_reduce_(
                1, self.column_of.expand(logits.shape), logits, "amax"
            )
        logits = logits - greatest.index_select(1, self.column_of)
        ratios = logits.exp()
        sums = ratios @ self.indicator
        return logits.gather(1, cells) - sums.log(), ratios, sums, cells
