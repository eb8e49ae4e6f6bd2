"""A numeric column, scaled to zero mean and unit variance."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from ..backend.serialization import serializable
from .rounding import clip_floats
from .units import binary_units

__all__ = ["SCALINGS", "NumericColumn"]

#: Values of a column that its ranks are estimated from, at most.
RANK_SAMPLE = 10_000

#: By how many standard deviations the ends of a column are moved out.
MARGIN = 1e-3

#: What `numeric_scaling` may be.
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

    def fit(self, values):
        """Learn the scale of a column, given as float64 with NaN."""
        observed = values[~np.isnan(values)][:, None]
        self.empty = not len(observed)
        self.has_missing = len(observed) < len(values)
        self.steps = []
        if self.empty:
            return self
        self.range = observed.min(), observed.max()
        self.unit = float(binary_units(np.abs(self.range).max()))
        observed = self._add_step(StandardScaler(), observed / self.unit)
        if self.scaling == "quantile":
            sample = observed
            if len(observed) > RANK_SAMPLE:
                # Which values of a large column tell its ranks is of no note.
                chosen = np.random.RandomState(0).choice(len(observed), RANK_SAMPLE)
                sample = observed[chosen]
            # Values at the ends of the range are mapped to the ends of the normal
            # distribution: of a column of zeros and few other values, all zeros would
            # lie far out. Beyond these two lies nothing.
            ends = [[observed.min() - MARGIN], [observed.max() + MARGIN]]
            sample = np.vstack([sample, ends])
            quantiles = QuantileTransformer(
                n_quantiles=min(1000, len(sample)),
                output_distribution="normal",
                subsample=None,
            )
            quantiles.set_output(transform="default").fit(sample)
            self.steps.append(quantiles)
            self._add_step(StandardScaler(), quantiles.transform(observed))
        return self

    def _add_step(self, step, values):
        # Whatever a user wants transformers to return.
        step.set_output(transform="default").fit(values)
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
