"""Validation rows that a user gives a fit, in all estimators that stop early."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import weights_of
from sk_dae import (
    DenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

RNG = np.random.RandomState(0)
X, X_VAL = RNG.normal(size=(60, 4)), RNG.normal(size=(20, 4))
COMMON = {"max_iter": 3, "random_state": 0}
SMALL = [
    DenoisingAutoencoder(2, hidden_layer_sizes=(5,), **COMMON),
    StackedDenoisingAutoencoder(
        2, hidden_layer_sizes=(5,), pretrain_max_iter=2, **COMMON
    ),
    TabularDenoisingAutoencoder(2, hidden_layer_sizes=(5,), **COMMON),
]
of_autoencoders = pytest.mark.parametrize(
    "estimator", SMALL, ids=lambda estimator: type(estimator).__name__
)


def stopping(estimator, **params):
    return clone(estimator).set_params(early_stopping=True, tol=0, **params)


def with_gap(X):
    X = X.copy()
    X[0, 0] = np.nan
    return X


@of_autoencoders
@pytest.mark.parametrize("gap", [False, True])
def test_all_rows_are_trained_on_as_without_early_stopping(estimator, gap):
    given = with_gap(X_VAL) if gap else X_VAL
    model = stopping(estimator, validation_fraction=0.9).fit(X, X_val=given)
    alone = clone(estimator).fit(X)
    assert model.loss_curve_ == alone.loss_curve_
    assert len(model.validation_loss_curve_) == model.n_iter_ == 3
    best = np.argmin(model.validation_loss_curve_)
    assert best == 2, "else the weights below are those of an earlier epoch"
    assert_array_equal(weights_of(model), weights_of(alone))


@of_autoencoders
def test_validation_stops_training_and_restores_the_best_epoch(estimator):
    params = {"max_iter": 30, "learning_rate_init": 1e-9, "n_iter_no_change": 2}
    model = stopping(estimator, **params).set_params(tol=1.0).fit(X, X_val=X_VAL)
    # The first epoch is an improvement over none.
    assert model.n_iter_ == 3
    assert model.best_loss_ == min(model.validation_loss_curve_)


def test_validation_rows_are_the_only_ones_that_are_validated_on():
    model = stopping(SMALL[0], corruption=None, learning_rate_init=1e-12)
    model.fit(X, X_val=X_VAL)
    expected = np.square(X_VAL - model.denoise(X_VAL)).mean()
    assert model.best_loss_ == pytest.approx(expected, rel=1e-4)


def test_weights_of_validation_rows_count_and_weightless_ones_are_not_read():
    model = stopping(SMALL[0], corruption=None, learning_rate_init=1e-12)
    weights = np.r_[0.0, np.arange(1.0, 20.0)]
    wild = X_VAL.copy()
    wild[0] = np.inf
    model.fit(X, X_val=wild, sample_weight_val=weights)
    errors = np.square(X_VAL - model.denoise(X_VAL)).mean(axis=1)
    expected = np.average(errors, weights=weights)
    assert model.best_loss_ == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("estimator", SMALL[:2], ids=["one", "stack"])
def test_clean_validation_rows_are_what_is_to_come_out(estimator):
    model = stopping(estimator, corruption=None, learning_rate_init=1e-12)
    model.fit(X, clean=X + 1, X_val=X_VAL, clean_val=X_VAL + 1)
    expected = np.square(X_VAL + 1 - model.denoise(X_VAL)).mean()
    assert model.best_loss_ == pytest.approx(expected, rel=1e-3)


@pytest.mark.filterwarnings("ignore:Nothing is observed")
@of_autoencoders
def test_columns_that_training_has_not_observed_do_not_count(estimator):
    empty = X.copy()
    empty[:, 1] = np.nan
    others = X_VAL.copy()
    others[:, 1] = 1e6
    model = stopping(estimator)
    curves = [
        model.fit(empty, X_val=given).validation_loss_curve_
        for given in (X_VAL, others)
    ]
    assert curves[0] == curves[1]
    assert curves[0][0] < 10


def test_a_table_is_read_by_what_was_learned_of_the_training_rows():
    table = pd.DataFrame(X, columns=list("abcd"))
    table["kind"] = np.where(X[:, 0] > 0, "up", "down")
    given = pd.DataFrame(X_VAL, columns=list("abcd"))
    given["kind"] = np.where(X_VAL[:, 0] > 0, "up", "new")
    model = stopping(SMALL[2]).fit(table, X_val=given)
    assert list(model.categories_["kind"]) == ["down", "up"]
    missing = given.assign(kind=given["kind"].where(given["kind"] == "up"))
    again = stopping(SMALL[2]).fit(table, X_val=missing)
    assert model.validation_loss_curve_ == again.validation_loss_curve_
    with pytest.raises(ValueError, match=r"X_val: .*new"):
        model.set_params(handle_unknown="error").fit(table, X_val=given)


@pytest.mark.parametrize(
    "container",
    [
        sp.csr_array,
        sp.coo_matrix,
        np.ndarray.tolist,
        pd.DataFrame,
        pl.DataFrame,
        lambda X: X.astype(np.float32),
    ],
    ids=["csr", "coo", "list", "pandas", "polars", "float32"],
)
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_validation_rows_come_in_any_container(container):
    model = stopping(SMALL[0]).fit(X, X_val=container(X_VAL))
    expected = stopping(SMALL[0]).fit(X, X_val=X_VAL).validation_loss_curve_
    np.testing.assert_allclose(model.validation_loss_curve_, expected, rtol=1e-5)


@of_autoencoders
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sample_weight_val": np.ones(20)}, "X_val must be given with sample_weight"),
        ({"X_val": X_VAL[:, :3]}, "X_val: X has 3 features"),
        ({"X_val": X_VAL[:0]}, "X_val: .*0 sample"),
        ({"X_val": np.abs(X_VAL) * np.inf}, "X_val: .*infinity"),
        ({"X_val": X_VAL * np.nan}, "X_val: There is no observed value"),
        ({"X_val": X_VAL[0]}, "X_val: .*1D array"),
        ({"X_val": X_VAL, "sample_weight_val": -np.ones(20)}, "sample_weight_val: "),
        ({"X_val": X_VAL, "sample_weight_val": np.ones(3)}, "sample_weight_val: "),
    ],
)
def test_what_cannot_be_validated_on_is_refused_before_any_work(
    estimator, given, message
):
    # One step would be too much: this rate ends every training.
    model = stopping(estimator, learning_rate_init=1e30)
    with pytest.raises(ValueError, match=message):
        model.fit(X, **given)
    assert not hasattr(model, "n_features_in_")


@of_autoencoders
def test_validation_rows_have_the_columns_of_the_training_rows(estimator):
    table, given = (pd.DataFrame(rows, columns=list("abcd")) for rows in (X, X_VAL))
    model = stopping(estimator, learning_rate_init=1e30)
    with pytest.raises(ValueError, match="X_val: The feature names should match"):
        model.fit(table, X_val=given.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        stopping(estimator).fit(table, X_val=X_VAL)


@of_autoencoders
@pytest.mark.parametrize("name", ["X_val", "sample_weight_val"])
def test_validation_rows_need_early_stopping(estimator, name):
    with pytest.raises(ValueError, match=f"{name} is for early stopping alone"):
        clone(estimator).fit(X, **{name: X_VAL})


def test_clean_rows_are_given_for_both_or_for_none():
    model = stopping(SMALL[0])
    with pytest.raises(ValueError, match="clean_val must be given with X_val"):
        model.fit(X, clean=X, X_val=X_VAL)
    with pytest.raises(ValueError, match="clean_val goes with clean"):
        model.fit(X, X_val=X_VAL, clean_val=X_VAL)
    with pytest.raises(ValueError, match="clean_val: clean must have the shape"):
        model.fit(X, clean=X, X_val=X_VAL, clean_val=X_VAL[:3])


def test_validation_rows_keep_to_the_range_of_the_loss():
    model = stopping(SMALL[0], loss="binary_cross_entropy")
    unit = np.clip(np.abs(X), 0, 1)
    with pytest.raises(ValueError, match=r"X_val: The loss .* needs values in \[0, 1"):
        model.fit(unit, X_val=X_VAL)


def test_an_earlier_fit_outlives_refused_validation_rows():
    model = stopping(SMALL[0]).fit(X)
    before = model.transform(X)
    with pytest.raises(ValueError, match="X_val"):
        model.fit(np.ones((9, 2)), X_val=X_VAL)
    assert_array_equal(model.transform(X), before)


def test_a_warm_start_takes_validation_rows_too():
    model = stopping(SMALL[0], warm_start=True).fit(X, X_val=X_VAL)
    model.fit(X, X_val=X_VAL)
    assert len(model.validation_loss_curve_) == 6
    with pytest.raises(TypeError, match="X_val"):
        model.partial_fit(X, X_val=X_VAL)


def test_a_pipeline_hands_validation_rows_on():
    pipe = make_pipeline(StandardScaler(), stopping(SMALL[0]))
    pipe.fit(X, denoisingautoencoder__X_val=X_VAL)
    scaled = StandardScaler().fit(X)
    alone = stopping(SMALL[0]).fit(scaled.transform(X), X_val=X_VAL)
    assert pipe[-1].validation_loss_curve_ == alone.validation_loss_curve_


def test_a_pipeline_transforms_them_where_it_is_told_to():
    with sklearn.config_context(enable_metadata_routing=True):
        last = stopping(SMALL[0]).set_fit_request(X_val=True)
        pipe = make_pipeline(StandardScaler(), last, transform_input=["X_val"])
        pipe.fit(X, X_val=X_VAL)
    scaled = StandardScaler().fit(X)
    alone = stopping(SMALL[0])
    alone.fit(scaled.transform(X), X_val=scaled.transform(X_VAL))
    assert pipe[-1].validation_loss_curve_ == alone.validation_loss_curve_
