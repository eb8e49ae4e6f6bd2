"""Several labels for each row: indicator matrices as targets of the classifier."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import scale

import sk_dae
from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderClassifier
from sk_dae.losses import BinaryCrossEntropy

RNG = np.random.RandomState(0)
X = RNG.normal(size=(150, 4))
Y = np.column_stack([X[:, 0] > 0, X[:, 1] + X[:, 2] > 0, X[:, 3] > 0.5]).astype(int)


def classifier(**params):
    autoencoder = DenoisingAutoencoder(
        6, hidden_layer_sizes=(12,), code_activation="relu", max_iter=2
    )
    defaults = {"max_iter": 30, "dropout": 0.0, "random_state": 0, "corruption": None}
    defaults["learning_rate_init"] = 0.02
    return DenoisingAutoencoderClassifier(autoencoder, **{**defaults, **params})


@pytest.fixture(scope="module")
def fitted():
    return classifier().fit(X, Y)


def test_labels_are_learned_and_predicted_as_a_matrix(fitted):
    predicted, p = fitted.predict(X), fitted.predict_proba(X)
    assert predicted.shape == p.shape == Y.shape
    assert predicted.dtype == Y.dtype
    assert p.dtype == np.float32
    assert_array_equal(predicted, p > 0.5)
    assert_array_equal(fitted.classes_, [0, 1, 2])
    # All three of a row: an eighth or so would be chance.
    assert fitted.score(X, Y) == accuracy_score(Y, predicted) > 0.7
    # Each has a probability of its own.
    assert p.sum(axis=1).min() < 0.5 < 1.5 < p.sum(axis=1).max()


def test_decisions_and_probabilities_agree(fitted):
    decision, p = fitted.decision_function(X), fitted.predict_proba(X)
    assert_allclose(1 / (1 + np.exp(-decision)), p, rtol=1e-4, atol=1e-6)
    assert_allclose(fitted.predict_log_proba(X), np.log(p), rtol=1e-3, atol=1e-5)


def test_two_labels_have_two_decisions():
    model = classifier(max_iter=2).fit(X, Y[:, :2])
    assert model.decision_function(X).shape == (150, 2)


def test_the_loss_is_binary_cross_entropy(fitted):
    model = classifier(learning_rate_init=1e-12, max_iter=1, batch_size=1000)
    model.fit(X, Y)
    p = model.predict_proba(X)
    expected = -(Y * np.log(p) + (1 - Y) * np.log(1 - p)).mean()
    assert model.loss_curve_[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "container",
    [
        sp.csr_array,
        sp.coo_matrix,
        np.ndarray.tolist,
        pd.DataFrame,
        lambda Y: pd.DataFrame(Y).astype("Int64"),
        lambda Y: pl.DataFrame(Y, schema=["a", "b", "c"]),
        lambda Y: Y.astype(bool),
        lambda Y: Y.astype(np.float32),
        lambda Y: Y.astype(object),
        np.asfortranarray,
    ],
)
def test_labels_come_in_any_container(container, fitted):
    model = classifier().fit(X, container(Y))
    assert_array_equal(model.predict_proba(X), fitted.predict_proba(X))


def test_sparse_labels_are_scored(fitted):
    assert fitted.score(X, sp.csr_array(Y)) == fitted.score(X, Y)


@pytest.mark.parametrize("cls", [sp.csr_array, np.asarray])
@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_one_column_is_no_matrix(cls):
    model = classifier(max_iter=1).fit(X, cls(Y[:, :1]))
    assert model.predict(X).shape == (150,)


@pytest.mark.parametrize(
    ("y", "found"),
    [
        (Y[:, :2] + 1, "2"),
        (np.where(Y, 1, -1), "-1"),
        (np.where(Y, 1.0, 0.5), "0.5"),
        (X[:, :2], str(X[0, 0])),
        (np.where(Y, "yes", "no"), "'yes'|'no'"),
        (Y.astype(str), "'0'|'1'"),
        (pd.DataFrame({"a": ["x"] * 150, "b": 1}), "'x'"),
        (sp.csr_array(Y * 3), "3"),
    ],
)
def test_matrices_of_other_values_are_refused(y, found):
    match = rf"\(150, [23]\).*such as ({found}).*indicator.*MultiOutputClassifier"
    with pytest.raises(ValueError, match=match):
        classifier(learning_rate_init=1e30).fit(X, y)


# -- what is not known ----------


def test_single_cells_and_whole_rows_may_be_unknown():
    some = Y.astype(float)
    some[:50] = np.nan
    some[60:90, 1] = np.nan
    model = classifier(unlabeled_value=np.nan).fit(X, some)
    # Without these rows, and a third of the second label.
    assert model.score(X[:50], Y[:50]) > 0.4
    marked = np.where(np.isnan(some), -1, some).astype(int)
    for given in (marked, sp.csr_array(marked), pd.DataFrame(marked)):
        again = clone(model).set_params(unlabeled_value=-1).fit(X, given)
        assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    objects = np.where(np.isnan(some), "?", some.astype(object))
    again = clone(model).set_params(unlabeled_value="?").fit(X, objects)
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    table = pd.DataFrame(some).astype("Int64")
    again = clone(model).fit(X, table)
    assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_unknown_cells_are_left_out_of_the_loss():
    some = np.where(np.arange(150)[:, None] % 2, Y, -1)
    some[:, 2] = Y[:, 2]
    model = classifier(
        unlabeled_value=-1, learning_rate_init=1e-12, max_iter=1, batch_size=1000
    ).fit(X, some)
    given = model.decision_function(X), Y.astype(np.float32)
    cells = BinaryCrossEntropy().cellwise(*map(torch.as_tensor, given))
    expected = cells.numpy()[some >= 0].mean()
    assert model.loss_curve_[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("y", "params", "message"),
    [
        (np.where(Y, np.nan, 0.0), {}, r"NaN or None.*unlabeled_value=np\.nan"),
        (np.full((150, 2), -1), {"unlabeled_value": -1}, "y must have labels, but"),
        (Y * [1, 1, 0] - [0, 0, 1], {"unlabeled_value": -1}, r"every column.*\[2\]"),
        (Y, {"unlabeled_value": 0}, "none of the values of an indicator matrix"),
        (Y, {"class_weight": "balanced"}, "class_weight must be None"),
        (Y, {"class_weight": {0: 1.0}}, "class_weight must be None"),
        (Y[:-1], {}, "inconsistent numbers of samples"),
    ],
)
def test_what_does_not_go_with_labels_is_refused(y, params, message):
    with pytest.raises(ValueError, match=message):
        classifier(**params).fit(X, y)


# -- with all else ----------


def test_weights_of_rows_count():
    flipped = np.concatenate([Y, 1 - Y])
    weights = np.repeat([1.0, 1e-3], 150)
    model = classifier().fit(np.concatenate([X, X]), flipped, sample_weight=weights)
    assert model.score(X, Y) > 0.85


def test_training_stops_early():
    model = classifier(early_stopping=True, max_iter=60, n_iter_no_change=3, tol=0.01)
    model.fit(X, Y)
    assert model.n_iter_ < 60
    given = model.fit(X[:100], Y[:100], X_val=X[100:], y_val=Y[100:])
    p = np.clip(given.predict_proba(X[100:]).astype(float), 1e-7, 1 - 1e-7)
    expected = -np.where(Y[100:], np.log(p), np.log(1 - p)).mean()
    assert given.best_loss_ == pytest.approx(expected, rel=1e-3)


def test_head_is_trained_first():
    assert classifier(head_max_iter=3).fit(X, Y).score(X, Y) > 0.9


def test_labels_are_saved(fitted, tmp_path):
    sk_dae.save(fitted, tmp_path / "model")
    loaded = sk_dae.load(tmp_path / "model")
    assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_tags_say_so_and_searches_work():
    assert classifier().__sklearn_tags__().classifier_tags.multi_label
    X, y = make_multilabel_classification(80, n_features=5, n_classes=3, random_state=0)
    scores = cross_val_score(classifier(max_iter=5), scale(X), y, cv=2)
    assert scores.min() > 0
    model = MultiOutputClassifier(classifier(max_iter=1)).fit(scale(X), y)
    assert model.predict(scale(X)).shape == y.shape


def test_a_fit_on_classes_after_one_on_labels_starts_anew(fitted):
    model = clone(fitted).set_params(max_iter=2).fit(X, Y)
    model.fit(X, Y[:, 0])
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
