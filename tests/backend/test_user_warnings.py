"""Warnings point to the line of the user, whatever lies between."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import make
from sk_dae import (
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
    save,
)

OLD = {"callbacks": None, "max_iter": 1, "random_state": 0}


def lines_of(action):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    # Beside ours, the scaler warns of empty columns.
    own = ("Nothing is observed", "renamed", "not saved")
    caught = [w for w in caught if any(words in str(w.message) for words in own)]
    assert caught
    return {warning.filename for warning in caught}


WAYS = {
    "fit": lambda est, X, y: est.fit(X, y),
    "fit_transform": lambda est, X, y: est.fit_transform(X, y),
    "pipeline": lambda est, X, y: make_pipeline(est).fit(X, y),
    "longer_pipeline": lambda est, X, y: make_pipeline(
        StandardScaler(), est, StandardScaler()
    ).fit_transform(X, y),
    "search": lambda est, X, y: GridSearchCV(
        est, {"random_state": [0]}, cv=2, scoring=lambda est, X, y=None: 0.0
    ).fit(X, y),
}
EMPTY = [
    make(max_iter=1),
    StackedDenoisingAutoencoder(
        3, hidden_layer_sizes=6, pretrain_max_iter=1, max_iter=1
    ),
    TabularDenoisingAutoencoder(3, hidden_layer_sizes=6, max_iter=1),
    MarginalizedDenoisingAutoencoder(),
    DenoisingImputer(make(max_iter=1), n_estimators=1),
]


@pytest.mark.parametrize("way", ["fit", "fit_transform", "pipeline", "longer_pipeline"])
@pytest.mark.parametrize("estimator", EMPTY)
def test_warning_of_an_empty_column_points_here(table, estimator, way):
    X = table.copy()
    X[:, 1] = np.nan
    if way == "longer_pipeline":
        estimator = make_pipeline(clone(estimator))
    assert lines_of(lambda: WAYS[way](clone(estimator), X, None)) == {__file__}


RENAMED = [
    make(**OLD),
    StackedDenoisingAutoencoder(3, hidden_layer_sizes=6, pretrain_iter=1, **OLD),
    TabularDenoisingAutoencoder(3, hidden_layer_sizes=6, mask_weight=1.0, **OLD),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("estimator", RENAMED)
def test_warning_of_an_old_name_points_here(table, estimator, way):
    estimator = clone(estimator).set_params(callbacks=[])
    assert lines_of(lambda: WAYS[way](estimator, table, None)) == {__file__}


@pytest.mark.parametrize("way", ["fit", "pipeline", "search"])
@pytest.mark.parametrize(
    "estimator",
    [
        DenoisingAutoencoderClassifier(make(max_iter=1), max_iter=1, head_iter=1),
        DenoisingAutoencoderRegressor(make(max_iter=1), max_iter=1, head_iter=1),
        DenoisingOutlierDetector(make(max_iter=1), noise_level=0.5),
    ],
)
def test_warning_of_other_estimators_points_here(table, estimator, way):
    y = (table[:, 0] > 0).astype(int)
    assert lines_of(lambda: WAYS[way](clone(estimator), table, y)) == {__file__}


def test_warning_of_save_points_here(table, tmp_path):
    dae = make(net_callbacks=[("none", None)]).fit(table)
    assert lines_of(lambda: save(dae, tmp_path / "model")) == {__file__}


def test_frames_are_no_hindrance(table):
    X = pd.DataFrame(table, columns=list("abcde")).assign(b=np.nan)
    dae = make(max_iter=1).set_output(transform="pandas")
    assert lines_of(lambda: dae.fit_transform(X)) == {__file__}
