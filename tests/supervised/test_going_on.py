"""Predictors that are trained further: ``partial_fit`` and ``warm_start``."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from skorch.callbacks import Callback

import sk_dae
from helpers import weights_of
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    TabularDenoisingAutoencoder,
)

RNG = np.random.RandomState(0)
X = RNG.normal(size=(120, 4))
Y = np.where(X[:, 0] + X[:, 1] > 0, "up", "down")
Z = 100 + 5 * X[:, 0]
LABELS = (X[:, :3] > 0).astype(int)


def small(cls=DenoisingAutoencoder, **params):
    return cls(4, hidden_layer_sizes=(8,), code_activation="relu", max_iter=3, **params)


def classifier(autoencoder=None, **params):
    autoencoder = small() if autoencoder is None else autoencoder
    defaults = {"max_iter": 5, "dropout": 0.1, "random_state": 0}
    return DenoisingAutoencoderClassifier(autoencoder, **{**defaults, **params})


def regressor(autoencoder=None, **params):
    autoencoder = small() if autoencoder is None else autoencoder
    defaults = {"max_iter": 5, "dropout": 0.1, "random_state": 0}
    return DenoisingAutoencoderRegressor(autoencoder, **{**defaults, **params})


def first(model, X, y, **params):
    """Make the first call of partial_fit."""
    if isinstance(model, DenoisingAutoencoderClassifier) and np.ndim(y) == 1:
        params["classes"] = ["up", "down"]
    return model.partial_fit(X, y, **params)


KINDS = {
    "classes": (classifier, Y),
    "labels": (classifier, LABELS),
    "numbers": (regressor, Z),
    "two": (regressor, np.column_stack([Z, -Z])),
}
of_all_kinds = pytest.mark.parametrize(("make", "y"), KINDS.values(), ids=KINDS)


# -- partial_fit ----------


@of_all_kinds
def test_passes_over_pieces_learn(make, y):
    model = make(learning_rate_init=0.01)
    for _ in range(15):
        for piece in np.array_split(np.arange(len(X)), 3):
            first(model, X[piece], y[piece])
    # That of labels is of all three.
    assert model.score(X, y) > (0.6 if y is LABELS else 0.75)
    assert model.n_iter_ == 1
    assert len(model.loss_curve_) == len(model.net_.history) == 45


def test_classes_are_those_of_the_first_call():
    model = classifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, Y)
    assert not hasattr(model, "n_features_in_")
    model.partial_fit(X[Y == "up"], Y[Y == "up"], classes=["up", "down", "down"])
    assert_array_equal(model.classes_, ["down", "up"])
    assert model.predict_proba(X).shape == (120, 2)
    with pytest.raises(ValueError, match=r"not among those known.*\['left'\]"):
        model.partial_fit(X, np.where(X[:, 0] > 0, Y, "left"))
    with pytest.raises(ValueError, match="classes must be the same as in earlier"):
        model.partial_fit(X, Y, classes=["up", "left"])
    model.partial_fit(X, Y, classes=["up", "down"])


def test_the_mark_for_no_label_is_no_class():
    some = np.where(np.arange(len(X)) < 60, Y, "?")
    model = classifier(unlabeled_value="?")
    model.partial_fit(X, some, classes=np.unique(some))
    assert_array_equal(model.classes_, ["down", "up"])


def test_a_fit_is_gone_on_from():
    model = classifier().fit(X, Y)
    n_before = len(model.net_.history)
    model.partial_fit(X, Y)
    assert len(model.net_.history) == n_before + 1
    # And fit starts afresh.
    again = clone(model).fit(X, Y)
    assert_array_equal(model.fit(X, Y).predict_proba(X), again.predict_proba(X))


def test_first_call_pretrains_as_fit_does():
    model = classifier(small(random_state=3)).partial_fit(X, Y, classes=["up", "down"])
    alone = small(random_state=3).fit(X)
    assert_array_equal(model.autoencoder_.transform(X), alone.transform(X))
    code = model.autoencoder_.transform(X)
    assert_array_equal(model.partial_fit(X, Y).autoencoder_.transform(X), code)


@pytest.mark.parametrize("cls", [DenoisingAutoencoder, TabularDenoisingAutoencoder])
def test_means_that_stand_in_for_gaps_are_those_of_all_calls(cls):
    model = regressor(small(cls)).partial_fit(X[:40], Z[:40])
    model.partial_fit(X[40:60] + 10, Z[40:60])
    if cls is DenoisingAutoencoder:
        means = np.concatenate([X[:40], X[40:60] + 10]).mean(axis=0)
        gaps = np.full((1, 4), np.nan)
        assert_allclose(model.predict(gaps), model.predict(means[None]), rtol=1e-5)
    assert np.isfinite(model.predict(np.full((1, 4), np.nan))).all()


def test_weights_of_rows_compare_across_calls():
    model = regressor()
    model.partial_fit(X[:40], Z[:40], sample_weight=np.full(40, 3.0))
    model.partial_fit(X[40:60] + 10, Z[40:60])
    means = np.average(
        np.concatenate([X[:40], X[40:60] + 10]),
        axis=0,
        weights=np.repeat([3.0, 1.0], [40, 20]),
    )
    gaps = np.full((1, 4), np.nan)
    assert_allclose(model.predict(gaps), model.predict(means[None]), rtol=1e-5)


def test_targets_stay_in_the_units_of_the_first_call():
    model = regressor(learning_rate_init=1e-12).partial_fit(X, Z)
    before = model.predict(X)
    model.partial_fit(X, 1000 * Z)
    assert_allclose(model.predict(X), before, rtol=1e-4)


def test_a_constant_target_is_measured_anew_when_it_changes():
    model = regressor(learning_rate_init=0.01).partial_fit(X[:1], Z[:1])
    assert_allclose(model.predict(X), Z[0])
    for _ in range(40):
        model.partial_fit(X, Z)
    assert model.score(X, Z) > 0.5


def test_predictions_keep_the_type_of_the_first_targets():
    model = regressor().partial_fit(X, Z.astype(np.float32)).partial_fit(X, Z)
    assert model.predict(X).dtype == np.float32


@of_all_kinds
@pytest.mark.parametrize("way", ["pickle", "save"])
def test_training_goes_on_after_pickle_and_save(make, y, way, tmp_path):
    model = first(make(small(), corruption="swap", noise_level=0.3), X, y)
    if way == "pickle":
        again = pickle.loads(pickle.dumps(model))
    else:
        sk_dae.save(model, tmp_path / "model")
        again = sk_dae.load(tmp_path / "model")
    assert_array_equal(
        again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X)
    )
    assert again.loss_curve_ == model.loss_curve_
    models = [one.set_params(warm_start=True).fit(X, y) for one in (model, again)]
    assert models[0].loss_curve_ == models[1].loss_curve_


def test_own_corruption_is_that_of_the_first_call():
    model = regressor(corruption="swap", noise_level=0.5)
    model.partial_fit(X, Z)
    again = pickle.loads(pickle.dumps(model))
    # The rows that donate cells are not those of this call.
    wild = X + 1e3
    model.partial_fit(X, Z)
    again.partial_fit(wild, Z)
    assert np.isfinite(again.loss_curve_).all()
    assert model.net_.corruption is None


@of_all_kinds
def test_a_failed_pass_leaves_the_earlier_fit(make, y):
    model = first(make(), X, y)
    before, history = model.predict(X), len(model.net_.history)
    weights = weights_of(model).clone()
    for other in (
        {"X": X[:, :3], "y": y},
        {"X": np.abs(X) * np.inf, "y": y},
        {"X": X, "y": y[:-1]},
        {"X": X, "y": None},
        {"X": X, "y": np.ones((len(X), 7))},
        {"X": X, "y": y, "sample_weight": -np.ones(len(X))},
    ):
        with pytest.raises(ValueError):
            model.partial_fit(**other)
        with pytest.raises(ValueError):
            clone(model).set_params(warm_start=True).fit(X, y).fit(**other)
    model.set_params(learning_rate_init=1e30)
    with pytest.raises(ValueError, match=r"became|too large"):
        model.partial_fit(X, y).partial_fit(X, y)
    model.set_params(learning_rate_init=1e-3)
    assert len(model.net_.history) == history
    assert_array_equal(weights_of(model), weights)
    assert_array_equal(model.predict(X), before)
    model.partial_fit(X, y)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_early_stopping_is_refused(make):
    y = Y if make is classifier else Z
    with pytest.raises(ValueError, match="does not support early_stopping"):
        first(make(early_stopping=True), X, y)
    with pytest.raises(TypeError, match="X_val"):
        first(make(), X, y, X_val=X)


def test_balanced_classes_are_refused_and_given_weights_count():
    with pytest.raises(ValueError, match="class_weight of partial_fit"):
        first(classifier(class_weight="balanced"), X, Y)
    weighted = first(classifier(class_weight={"up": 2.0}), X, Y)
    by_rows = first(classifier(), X, Y, sample_weight=np.ones(len(X)))
    assert weighted.loss_curve_ != by_rows.loss_curve_


def test_parameters_are_validated_in_every_pass():
    model = regressor().partial_fit(X, Z).set_params(alpha=-1)
    with pytest.raises(ValueError, match="'alpha' parameter"):
        model.partial_fit(X, Z)


class Counting(Callback):
    def __init__(self):
        self.epochs = 0

    def on_epoch_end(self, net, **kwargs):
        self.epochs += 1


def test_callbacks_hear_of_each_pass():
    counting = Counting()
    model = regressor(net_callbacks=[counting])
    for _ in range(3):
        model.partial_fit(X, Z)
    assert counting.epochs == 3


def test_callbacks_of_scikit_learn_hear_of_each_pass():
    pytest.importorskip("sklearn.callback")

    class Recording:
        def __init__(self):
            self.tasks = []

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            self.tasks.append(context.task_name)

        def on_fit_task_end(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

    recording = Recording()
    model = regressor()
    model.set_callbacks(recording).partial_fit(X, Z)
    assert "epoch" in recording.tasks
    n_tasks = len(recording.tasks)
    model.partial_fit(X, Z)
    assert recording.tasks[n_tasks:] == ["fit", "fine-tuning", "epoch"]


def test_a_frozen_autoencoder_stays_as_it_is():
    autoencoder = small(random_state=0).fit(X)
    code = autoencoder.transform(np.full((1, 4), np.nan))
    model = regressor(FrozenEstimator(autoencoder))
    model.partial_fit(X, Z).partial_fit(X + 9, Z)
    assert model.autoencoder_ is autoencoder
    assert_array_equal(autoencoder.transform(np.full((1, 4), np.nan)), code)


def test_a_table_keeps_the_scales_and_categories_of_the_first_call():
    table = pd.DataFrame(X, columns=list("abcd")).assign(kind=Y)
    model = classifier(TabularDenoisingAutoencoder(3, max_iter=2))
    model.partial_fit(table, Y, classes=["up", "down"])
    later = table.assign(kind=np.where(X[:, 3] > 0, "new", Y))
    model.partial_fit(later, Y)
    assert list(model.autoencoder_.categories_["kind"]) == ["down", "up"]
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(table.rename(columns={"a": "z"}), Y)


# -- warm_start ----------


@of_all_kinds
def test_a_warm_start_goes_on_from_the_weights(make, y):
    model = make(warm_start=True).fit(X, y)
    loss, encoder = model.loss_curve_[-1], model.autoencoder_.transform(X)
    # A step too small to move anything.
    before = model.decision_function(X) if make is classifier else model.predict(X)
    model.set_params(learning_rate_init=1e-12, alpha=0.0, max_iter=1).fit(X, y)
    after = model.decision_function(X) if make is classifier else model.predict(X)
    assert_allclose(after, before, rtol=1e-4, atol=1e-5)
    assert model.loss_curve_[-2] == loss
    assert model.n_iter_ == 1
    assert_array_equal(model.autoencoder_.transform(X), encoder)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_first_warm_start_is_a_fit(make):
    y = Y if make is classifier else Z
    assert_array_equal(
        make(warm_start=True).fit(X, y).predict(X), make().fit(X, y).predict(X)
    )


def test_a_warm_start_stops_early_on_the_same_rows():
    model = classifier(warm_start=True, early_stopping=True, max_iter=2).fit(X, Y)
    model.fit(X, Y)
    assert len(model.validation_loss_curve_) == 4
    model.fit(X, Y, X_val=X[:30], y_val=Y[:30])
    assert len(model.validation_loss_curve_) == 6


@pytest.mark.parametrize(
    ("make", "y", "other", "message"),
    [
        (classifier, Y, np.where(X[:, 0] > 0, Y, "left"), "not among those known"),
        (classifier, Y, np.full(len(X), "up"), "must have the classes of the last fit"),
        (classifier, Y, LABELS, "of the kind known, classes"),
        (classifier, LABELS, Y, "of the kind known, an indicator matrix"),
        (classifier, LABELS, LABELS[:, :2], "column for each of the 3 labels"),
        (regressor, Z, np.column_stack([Z, Z]), "1 targets for each row"),
    ],
)
def test_a_warm_start_refuses_other_targets(make, y, other, message):
    model = make(warm_start=True).fit(X, y)
    before = model.predict(X)
    # A rate that would end any training.
    model.set_params(learning_rate_init=1e30)
    with pytest.raises(ValueError, match=message):
        model.fit(X, other)
    assert_array_equal(model.predict(X), before)


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"dropout": 0.7}, "dropout is 0.7"),
        ({"autoencoder__n_components": 9}, "n_components of autoencoder is 9"),
        ({"autoencoder__hidden_layer_sizes": (9,)}, "hidden_layer_sizes of autoenc"),
        ({"autoencoder": TabularDenoisingAutoencoder()}, "autoencoder is a Tabular"),
    ],
)
def test_a_warm_start_refuses_another_net(make, params, message):
    y = Y if make is classifier else Z
    model = make(small(), warm_start=True).fit(X, y).set_params(**params)
    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(X, y)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_warm_start_refuses_other_columns(make):
    y = Y if make is classifier else Z
    model = make(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but Denoising.*4 feat"):
        model.fit(X[:, :3], y)
    assert model.n_features_in_ == 4
