"""Results with a column for each feature: their container and their names."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
    load,
    save,
)

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
SMALL = {"max_iter": 2, "random_state": 0}


def errors(estimator, X):
    return estimator.reconstruction_error(X, per_feature=True)


def contributions(estimator, X):
    return estimator.feature_contributions(X)


ESTIMATORS = pytest.mark.parametrize(
    ("estimator", "compute"),
    [
        (DenoisingAutoencoder(2, **SMALL), errors),
        (
            StackedDenoisingAutoencoder(
                2, hidden_layer_sizes=(3,), pretrain_max_iter=1, **SMALL
            ),
            errors,
        ),
        (MarginalizedDenoisingAutoencoder(noise_level=0.3), errors),
        (TabularDenoisingAutoencoder(2, **SMALL), errors),
        (
            DenoisingOutlierDetector(DenoisingAutoencoder(2, **SMALL), random_state=0),
            contributions,
        ),
    ],
    ids=lambda part: type(part).__name__ if hasattr(part, "fit") else "",
)


def make_frame(table):
    return pd.DataFrame(table, columns=list("abcde"), index=np.arange(60) + 100)


@ESTIMATORS
@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("setting", ["set_output", "config"])
def test_columns_keep_their_names(table, estimator, compute, library, setting):
    X = make_frame(table)
    estimator = clone(estimator).fit(X)
    expected = compute(estimator, X)
    assert isinstance(expected, np.ndarray)
    if setting == "set_output":
        found = compute(estimator.set_output(transform=library), X)
    else:
        with config_context(transform_output=library):
            found = compute(estimator, X)
    assert type(found) is FRAMES[library]
    assert list(found.columns) == list("abcde")
    np.testing.assert_array_equal(found.to_numpy(), expected)
    if library == "pandas":
        assert found.index.equals(X.index)
    # Scores of rows stay arrays.
    assert isinstance(estimator.score_samples(X), np.ndarray)


@ESTIMATORS
def test_columns_without_names_are_numbered(table, estimator, compute):
    estimator = clone(estimator).set_output(transform="pandas").fit(table)
    assert list(compute(estimator, table).columns) == ["x0", "x1", "x2", "x3", "x4"]


def test_container_of_a_detector_is_cloned_saved_and_its_own(table, tmp_path):
    detector = DenoisingOutlierDetector(
        DenoisingAutoencoder(2, **SMALL), random_state=0
    ).set_output(transform="pandas")
    assert detector.set_output() is detector
    detector.fit(table)
    copied = copy.copy(detector).set_output(transform="default")
    assert isinstance(copied.feature_contributions(table), np.ndarray)
    save(detector, tmp_path / "detector.safetensors")
    for other in (
        detector,
        clone(detector).fit(table),
        load(tmp_path / "detector.safetensors"),
    ):
        assert isinstance(other.feature_contributions(table), pd.DataFrame)
    with pytest.raises(ValueError, match="transform must be one of"):
        detector.set_output(transform="arrow")
