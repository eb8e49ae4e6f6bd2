"""A numeric column, scaled to zero mean and unit variance."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from ..backend.serialization import serializable
from .quantiles import weighted_quantiles
from .rounding import clip_floats
from .units import binary_units

__all__ = ["SCALINGS", "NumericColumn"]

#: Values of a column that its ranks are estimated from, at most.
RANK_SAMPLE = 10_000

#: Quantiles that a column is mapped by, at most.
N_QUANTILES = 1000

#: By how many standard deviations the ends of a column are moved out.
MARGIN = 1e-3

#: Values of `numeric_scaling`.
SCALINGS = ("quantile", "standard")

serializable(QuantileTransformer)
serializable(StandardScaler)


@serializable
class NumericColumn:
    """A numeric column, scaled to zero mean and unit variance.

    Parameters
    ----------
    scaling : {"quantile", "standard"}
        Whether its values are first mapped to those of a normal distribution with
        the same ranks.

    name : str
        For messages.
    """

    #: Number of categories: none.
    n_categories = 0

    #: The power of two that values are divided by before they are scaled, so that no
    #: square of them leaves the range of float64.
    unit = 1.0

    def __init__(self, scaling, name):
        self.scaling = scaling
        self.name = name

    def fit(self, values, weights=None):
        """Learn the scale of a column, given as float64 with NaN, of weighted rows."""
        known = ~np.isnan(values)
        observed = values[known][:, None]
        self.empty = not len(observed)
        self.has_missing = len(observed) < len(values)
        self.steps = []
        if self.empty:
            return self
        self.range = observed.min(), observed.max()
        self.unit = float(binary_units(np.abs(self.range).max()))
        least = None
        if weights is not None:
            weights = weights / binary_units(weights.max())
            least, weights = weights.min(), weights[known]
        observed = self._add_step(StandardScaler(), observed / self.unit, weights)
        if self.scaling == "quantile" and weights is not None:
            quantiles = _weighted_quantiles(observed[:, 0], weights, least)
            self.steps.append(quantiles)
            self._add_step(StandardScaler(), quantiles.transform(observed), weights)
        elif self.scaling == "quantile":
            sample = observed
            if len(observed) > RANK_SAMPLE:
                # Which values of a large column tell its ranks is of no note.
                chosen = np.random.RandomState(0).choice(len(observed), RANK_SAMPLE)
                sample = observed[chosen]
            # Values at the ends of the range are mapped to the ends of the normal
            # distribution: of a column of zeros and few other values, all zeros would
            # lie far out. Beyond these two lies nothing.
            ends = [[observed.min() - MARGIN], [observed.max() + MARGIN]]
            quantiles = _quantile_transformer(np.vstack([sample, ends]))
            self.steps.append(quantiles)
            self._add_step(StandardScaler(), quantiles.transform(observed))
        return self

    def _add_step(self, step, values, weights=None):
        # Whatever a user wants transformers to return.
        step.set_output(transform="default")
        # Without the argument where there is none to give: it takes another path.
        step.fit(values) if weights is None else step.fit(values, sample_weight=weights)
        self.steps.append(step)
        return step.transform(values)

    def encode(self, values):
        """Return the scaled values."""
        if self.empty:
            return np.full(len(values), np.nan)
        values = values[:, None] / self.unit
        for step in self.steps:
            values = step.transform(values)
        return values[:, 0]

    def decode(self, encoded, within_range=False):
        """Return the values of scaled ones, which need not leave the range in fit."""
        if self.empty:
            return np.full(len(encoded), np.nan)
        values = encoded.astype(np.float64)[:, None]
        for step in reversed(self.steps):
            values = step.inverse_transform(values)
        with np.errstate(over="ignore"):
            values = clip_floats(values[:, 0] * self.unit, np.finfo(np.float64))
        if within_range:
            # To the last digit, which the scaled ends do not hold as float32.
            low, high = self.scaled_range
            values = np.where(encoded <= low, self.range[0], values)
            values = np.where(encoded >= high, self.range[1], values)
        if within_range or self.scaling == "quantile":
            values = values.clip(*self.range)
        return values

    @property
    def scaled_range(self):
        """The least and the greatest scaled value, as float32."""
        return self.encode(np.array(self.range)).astype(np.float32)


def _quantile_transformer(sample):
    """Return what maps values to a normal distribution, by the ranks of a sample."""
    quantiles = QuantileTransformer(
        n_quantiles=min(N_QUANTILES, len(sample)),
        output_distribution="normal",
        subsample=None,
    )
    return quantiles.set_output(transform="default").fit(sample)


def _weighted_quantiles(observed, weights, least):
    """Return the same of weighted values, and of two ends of the least weight."""
    sample = np.append(observed, [observed.min() - MARGIN, observed.max() + MARGIN])
    weights = np.append(weights, [least, least])
    n_quantiles = round(min(weights.sum() / least, N_QUANTILES))
    levels = np.linspace(0.0, 1.0, n_quantiles)
    # As many values as quantiles: they are the quantiles.
    found = weighted_quantiles(sample, weights, levels, least)
    return _quantile_transformer(found[:, None])
