"""Validation rows that a user gives a predictor."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import weights_of
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    TabularDenoisingAutoencoder,
)

RNG = np.random.RandomState(0)
X, X_VAL = RNG.normal(size=(80, 4)), RNG.normal(size=(30, 4))
LEARNS_NOTHING = {"learning_rate_init": 1e-12, "max_iter": 2}


def classes(X):
    return np.where(X[:, 0] > 0, "up", "down")


def labels(X):
    return (X[:, :2] > 0).astype(int)


def numbers(X):
    return 50 + 3 * X[:, 0]


def two(X):
    return np.column_stack([X[:, 0], 9 * X[:, 1]])


def make(target, autoencoder=None, **params):
    cls = DenoisingAutoencoderRegressor
    if target in (classes, labels):
        cls = DenoisingAutoencoderClassifier
    if autoencoder is None:
        autoencoder = DenoisingAutoencoder(3, hidden_layer_sizes=(6,), max_iter=2)
    defaults = {"max_iter": 3, "random_state": 0, "early_stopping": True, "tol": 0}
    return cls(autoencoder, **{**defaults, **params})


of_all_kinds = pytest.mark.parametrize("target", [classes, labels, numbers, two])


@of_all_kinds
@pytest.mark.parametrize("head_max_iter", [0, 2])
def test_all_rows_are_trained_on_as_without_early_stopping(target, head_max_iter):
    # The best of the head's epochs is the last at this rate, and so is that of all.
    params = {"head_max_iter": head_max_iter, "learning_rate_init": 1e-4}
    model = make(target, validation_fraction=0.9, **params)
    model.fit(X, target(X), X_val=X, y_val=target(X))
    alone = make(target, early_stopping=False, **params).fit(X, target(X))
    assert model.loss_curve_ == alone.loss_curve_
    assert np.argmin(model.validation_loss_curve_) == model.n_iter_ - 1
    assert_array_equal(weights_of(model), weights_of(alone))


@of_all_kinds
def test_gaps_in_validation_rows_alone_leave_the_training_as_it_is(target):
    gaps, y = X_VAL.copy(), target(X_VAL)
    gaps[0, 0] = np.nan
    if target is two:
        y[1, 0] = np.nan
    model = make(target).fit(X, target(X), X_val=gaps, y_val=y)
    alone = make(target, early_stopping=False).fit(X, target(X))
    assert model.loss_curve_ == alone.loss_curve_
    assert np.isfinite(model.validation_loss_curve_).all()


def test_validation_loss_is_that_of_the_given_rows():
    weights = np.r_[0.0, np.arange(1.0, 30.0)]
    wild = X_VAL.copy()
    wild[0] = np.inf
    model = make(numbers, **LEARNS_NOTHING)
    model.fit(
        X, numbers(X), X_val=wild, y_val=numbers(X_VAL), sample_weight_val=weights
    )
    errors = (numbers(X_VAL) - model.predict(X_VAL)) ** 2 / numbers(X).var()
    assert model.best_loss_ == pytest.approx(np.average(errors, weights=weights), 1e-3)


@pytest.mark.parametrize("class_weight", [{"up": 5.0}, "balanced"])
def test_classes_weigh_in_validation_what_they_weigh_in_training(class_weight):
    model = make(classes, class_weight=class_weight, **LEARNS_NOTHING)
    model.fit(X, classes(X), X_val=X_VAL, y_val=classes(X_VAL))
    up = classes(X_VAL) == "up"
    p = model.predict_proba(X_VAL)
    losses = -np.log(np.where(up, p[:, 1], p[:, 0]))
    of_up, of_down = 5.0, 1.0
    if class_weight == "balanced":
        n_up = (classes(X) == "up").sum()
        of_up, of_down = 40 / n_up, 40 / (80 - n_up)
    expected = np.average(losses, weights=np.where(up, of_up, of_down))
    assert model.best_loss_ == pytest.approx(expected, rel=1e-4)


def test_rows_without_a_label_are_not_validated_on():
    y_val = np.where(np.arange(30) < 10, "?", classes(X_VAL))
    some, y = np.where(np.arange(80) < 10, "?", classes(X)), y_val[10:]
    model = make(classes, unlabeled_value="?")
    model.fit(X, some, X_val=X_VAL, y_val=y_val)
    again = make(classes, unlabeled_value="?").fit(X, some, X_val=X_VAL[10:], y_val=y)
    np.testing.assert_allclose(
        model.validation_loss_curve_, again.validation_loss_curve_, rtol=1e-5
    )


def test_an_autoencoder_that_stops_early_stops_by_the_same_rows():
    autoencoder = DenoisingAutoencoder(
        3, hidden_layer_sizes=(6,), max_iter=4, early_stopping=True, random_state=0
    )
    model = make(classes, autoencoder)
    model.fit(X, classes(X), X_val=X_VAL, y_val=classes(X_VAL))
    alone = clone(autoencoder).fit(X, X_val=X_VAL)
    found = model.autoencoder_.validation_loss_curve_
    assert found == alone.validation_loss_curve_


@pytest.mark.filterwarnings("ignore:Nothing is observed")
def test_columns_that_training_has_not_observed_are_not_read():
    empty, others = X.copy(), X_VAL.copy()
    empty[:, 1] = np.nan
    others[:, 1] = 1e6
    curves = [
        make(numbers)
        .fit(empty, numbers(X), X_val=given, y_val=numbers(X_VAL))
        .validation_loss_curve_
        for given in (X_VAL, others)
    ]
    assert curves[0] == curves[1]


def test_a_table_is_read_by_what_was_learned_of_the_training_rows():
    table, given = (
        pd.DataFrame(rows, columns=list("abcd")).assign(kind=classes(rows))
        for rows in (X, X_VAL)
    )
    given.loc[:5, "kind"] = "new"
    autoencoder = TabularDenoisingAutoencoder(3, max_iter=2, early_stopping=True)
    model = make(classes, autoencoder)
    model.fit(table, classes(X), X_val=given, y_val=classes(X_VAL))
    assert list(model.autoencoder_.categories_["kind"]) == ["down", "up"]
    with pytest.raises(ValueError, match="X_val: The feature names"):
        model.fit(
            table,
            classes(X),
            X_val=given.rename(columns={"a": "z"}),
            y_val=classes(X_VAL),
        )


@pytest.mark.parametrize("container", [sp.csr_array, np.ndarray.tolist])
def test_rows_and_labels_come_in_any_container(container):
    model = make(labels).fit(
        X, labels(X), X_val=container(X_VAL), y_val=container(labels(X_VAL))
    )
    again = make(labels).fit(X, labels(X), X_val=X_VAL, y_val=labels(X_VAL))
    np.testing.assert_allclose(
        model.validation_loss_curve_, again.validation_loss_curve_, rtol=1e-5
    )


def test_a_frozen_autoencoder_reads_validation_rows_too():
    autoencoder = DenoisingAutoencoder(3, max_iter=2).fit(X)
    model = make(numbers, FrozenEstimator(autoencoder))
    model.fit(X, numbers(X), X_val=X_VAL, y_val=numbers(X_VAL))
    assert len(model.validation_loss_curve_) == 3


@of_all_kinds
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_val": X_VAL}, "y_val must be given with X_val where y is"),
        ({"y_val": np.zeros(30)}, "X_val must be given with y_val"),
        ({"X_val": X_VAL[:, :3], "y_val": None}, "X_val: X has 3 features"),
        ({"X_val": np.abs(X_VAL) * np.inf, "y_val": None}, "X_val: .*infinity"),
        ({"X_val": 1e300 * X_VAL, "y_val": None}, "X_val: .*too large"),
        ({"X_val": X_VAL[:9], "y_val": None}, "y_val: .*inconsistent numbers"),
        (
            {"X_val": X_VAL, "y_val": np.zeros((30, 7))},
            "y_val: y must have|of the kind",
        ),
        (
            {"X_val": X_VAL, "y_val": None, "sample_weight_val": np.ones(3)},
            "sample_weight_val: ",
        ),
    ],
)
def test_what_cannot_be_validated_on_is_refused_before_any_work(target, given, message):
    given = {
        name: target(X_VAL) if value is None else value for name, value in given.items()
    }
    model = make(target, learning_rate_init=1e30)
    with pytest.raises(ValueError, match=message):
        model.fit(X, target(X), **given)
    assert not hasattr(model, "n_features_in_")


def test_targets_that_training_does_not_know_are_refused():
    y_val = classes(X_VAL)
    with pytest.raises(ValueError, match="y_val: y has classes that are not among"):
        make(classes).fit(
            X, classes(X), X_val=X_VAL, y_val=np.where(X_VAL[:, 1] > 1, "left", y_val)
        )
    with pytest.raises(ValueError, match="y_val: y must have labels"):
        make(classes, unlabeled_value="?").fit(
            X, classes(X), X_val=X_VAL, y_val=np.full(30, "?")
        )
    with pytest.raises(ValueError, match="y_val: y must have targets"):
        make(numbers).fit(X, numbers(X), X_val=X_VAL, y_val=np.full(30, np.nan))
    with pytest.raises(ValueError, match="y_val: y holds targets that are too far"):
        make(numbers).fit(X, numbers(X), X_val=X_VAL, y_val=1e300 * X_VAL[:, 0])


@of_all_kinds
def test_validation_rows_need_early_stopping(target):
    with pytest.raises(ValueError, match="X_val is for early stopping alone"):
        make(target, early_stopping=False).fit(
            X, target(X), X_val=X_VAL, y_val=target(X_VAL)
        )


def test_a_constant_target_stays_the_unit_of_validation():
    model = make(numbers, **LEARNS_NOTHING)
    model.fit(X, np.full(80, 5.0), X_val=X_VAL, y_val=numbers(X_VAL))
    np.testing.assert_allclose(model.predict(X), 5.0)


def test_pipelines_hand_validation_rows_on():
    pipe = make_pipeline(StandardScaler(), make(classes))
    name = pipe.steps[-1][0]
    given = {f"{name}__X_val": X_VAL, f"{name}__y_val": classes(X_VAL)}
    pipe.fit(X, classes(X), **given)
    scaler = StandardScaler().fit(X)
    alone = make(classes)
    alone.fit(scaler.transform(X), classes(X), X_val=X_VAL, y_val=classes(X_VAL))
    assert pipe[-1].validation_loss_curve_ == alone.validation_loss_curve_
    with sklearn.config_context(enable_metadata_routing=True):
        last = make(classes).set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(StandardScaler(), last, transform_input=["X_val"])
        pipe.fit(X, classes(X), X_val=X_VAL, y_val=classes(X_VAL))
    alone.fit(
        scaler.transform(X),
        classes(X),
        X_val=scaler.transform(X_VAL),
        y_val=classes(X_VAL),
    )
    assert pipe[-1].validation_loss_curve_ == alone.validation_loss_curve_
