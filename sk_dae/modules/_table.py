"""The perceptron for mixed tables."""

from __future__ import annotations

import torch

from ..backend.serialization import serializable
from ._perceptron import MLPAutoencoder

__all__ = ["TableAutoencoder"]


@serializable
class TableAutoencoder(MLPAutoencoder):
    r"""A perceptron for tables of numbers and categories, with values missing.

    The first layer takes the numbers, with zero for a missing one, a one for the
    category of each categorical column and zero for its others, and a one for every
    missing value of the columns that ever miss any. Times a weight, the one of a
    category is what others call its embedding.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for one of numbers.

    n_components : int
        Width of the code.

    n_outputs : int
        Width of the decoder's output.

    indicated : sequence of bool of length n_features
        Columns with an indicator of missing values in the first layer.

    **params : dict
        Further parameters of :class:`MLPAutoencoder`.
    """

    takes_missing = True

    def __init__(self, n_categories, n_components, n_outputs, *, indicated, **params):
        self._n_categories = tuple(int(n) for n in n_categories)
        self._indicated = tuple(bool(flag) for flag in indicated)
        numbers = [j for j, n in enumerate(self._n_categories) if not n]
        categories = [j for j, n in enumerate(self._n_categories) if n]
        indicators = [j for j, flag in enumerate(self._indicated) if flag]
        n_ones = sum(self._n_categories)
        super().__init__(
            len(numbers) + n_ones + len(indicators), n_components, n_outputs, **params
        )
        sizes = torch.tensor([self._n_categories[j] for j in categories]).long()
        for name, values in {
            "numbers": numbers,
            "categories": categories,
            "indicators": indicators,
            "last": sizes - 1,
            "starts": sizes.cumsum(0) - sizes,
        }.items():
            # Not learned, and known from the arguments: no part of what is saved.
            values = torch.as_tensor(values, dtype=torch.int64)
            self.register_buffer(f"_{name}", values, persistent=False)
        self._n_ones = n_ones

    def config(self):
        """Return the arguments that make a module of this form.

        Returns
        -------
        config : dict
            Keyword arguments of the class, less the generator.
        """
        config = super().config()
        del config["n_features"], config["tied_weights"]
        return {
            "n_categories": self._n_categories,
            "indicated": self._indicated,
            **config,
        }

    def expand(self, X):
        """Return what the first layer takes of rows.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows of numbers and indices of categories; NaN where missing, a negative
            index for a category that is none of them.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_inputs)
            Numbers, ones for categories, ones for what is missing.
        """
        parts = [X.index_select(1, self._numbers).nan_to_num_(0.0)]
        if self._n_ones:
            codes = X.index_select(1, self._categories)
            # A corruption that knows nothing of categories may leave their range.
            cells = codes.nan_to_num(-1.0).round_().long()
            unknown = cells < 0
            cells = torch.minimum(cells, self._last).add_(self._starts)
            # The last column takes what has no category, and goes.
            cells.masked_fill_(unknown, self._n_ones)
            ones = X.new_zeros(len(X), self._n_ones + 1).scatter_(1, cells, 1.0)
            parts.append(ones[:, : self._n_ones])
        if len(self._indicators):
            parts.append(X.index_select(1, self._indicators).isnan().to(X.dtype))
        return torch.cat(parts, dim=1)
