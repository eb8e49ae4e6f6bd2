"""Helpers of several test modules that are no fixtures."""

import sys

import pandas as pd
import polars as pl
import torch
from sklearn.utils import validation

from sk_dae import DenoisingAutoencoder
from sk_dae.tables.reading import columns_of


def make(**params):
    """Return an estimator that trains quickly."""
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 4, "random_state": 0, **params}
    )


def weights_of(dae):
    """Return all weights of a fitted estimator as one tensor."""
    return torch.cat([p.detach().flatten() for p in dae.net_.module_.parameters()])


def record_validations(monkeypatch):
    """Return a list that grows by each estimator of the package that validates X."""
    validate_data, owners = validation.validate_data, []

    def recording(estimator, *args, **kwargs):
        # Not scikit-learn's own estimators: a table's columns are scaled by them.
        if type(estimator).__module__.startswith("sk_dae."):
            owners.append(estimator)
        return validate_data(estimator, *args, **kwargs)

    for module in list(sys.modules.values()):
        if vars(module).get("validate_data") is validate_data:
            monkeypatch.setattr(module, "validate_data", recording)
    return owners


def table_of(column):
    """Return a table of one column, which a pandas series names x."""
    if isinstance(column, pd.Series):
        return column.to_frame("x")
    if isinstance(column, pl.Series):
        return pl.DataFrame({"x": column})
    return column[:, None]


def read_column(column):
    """Return what reads a column of an array, of pandas or of polars."""
    return columns_of(table_of(column))[0]
