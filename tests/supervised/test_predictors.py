import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from skorch.callbacks import Callback, Freezer
from torch import nn

import sk_dae
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    MaskingNoise,
    StackedDenoisingAutoencoder,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.training.gradients import MLPGradients
from sk_dae.training.net import DenoisingNet, PredictingNet


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X[:600] / 16).astype(np.float32), y[:600]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X).astype(np.float32), y


def small(**params):
    defaults = {
        "n_components": 32,
        "hidden_layer_sizes": (32,),
        "code_activation": "relu",
        "corruption": "masking",
        "max_iter": 5,
    }
    return DenoisingAutoencoder(**{**defaults, **params})


def classifier(autoencoder=None, **params):
    defaults = {"max_iter": 12, "dropout": 0.1, "random_state": 0}
    defaults["learning_rate_init"] = 0.01
    return DenoisingAutoencoderClassifier(
        small() if autoencoder is None else autoencoder, **{**defaults, **params}
    )


def regressor(autoencoder=None, **params):
    defaults = {"max_iter": 30, "dropout": 0.1, "random_state": 0}
    return DenoisingAutoencoderRegressor(
        small() if autoencoder is None else autoencoder, **{**defaults, **params}
    )


def with_gaps(X):
    return np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)


# -- the classifier ----------


@pytest.mark.parametrize(
    "autoencoder",
    [
        small(),
        small(hidden_layer_sizes=()),
        small(tied_weights=True, penalty="l1"),
        small(activation="silu", code_activation="silu", corruption=None),
        small(corruption="conditional_mean", loss="binary_cross_entropy"),
        StackedDenoisingAutoencoder(
            32, hidden_layer_sizes=(32,), pretrain_max_iter=3, max_iter=3
        ),
        StackedDenoisingAutoencoder(
            32, hidden_layer_sizes=(32,), pretrain_max_iter=3, fine_tune=False
        ),
        TabularDenoisingAutoencoder(16, hidden_layer_sizes=(32,), max_iter=3),
    ],
    ids=str,
)
def test_any_autoencoder_can_be_fine_tuned(digits, autoencoder):
    X, y = digits
    model = classifier(autoencoder).fit(X[:400], y[:400])
    # A tenth would be chance.
    assert model.score(X[400:], y[400:]) > 0.7
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.slow
def test_classifier_is_near_the_best_on_breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(
        StandardScaler(),
        DenoisingAutoencoderClassifier(
            DenoisingAutoencoder(
                32, code_activation="relu", corruption="swap", max_iter=20
            ),
            max_iter=20,
            random_state=0,
        ),
    )
    assert cross_val_score(model, X, y, cv=2).mean() > 0.95


def test_probabilities_decisions_and_classes_agree(digits):
    X, y = digits
    labels = np.array([f"digit {i}" for i in range(10)])[y]
    model = classifier(max_iter=5).fit(X, labels)
    p = model.predict_proba(X)
    assert p.dtype == np.float32
    assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert_allclose(np.log(p), model.predict_log_proba(X), atol=1e-4)
    assert_array_equal(model.classes_, np.unique(labels))
    assert_array_equal(model.classes_[p.argmax(axis=1)], model.predict(X))
    assert_array_equal(model.decision_function(X).argmax(axis=1), p.argmax(axis=1))


def test_decision_between_two_classes_has_one_dimension(digits):
    X, y = digits
    model = classifier(max_iter=5).fit(X, y > 4)
    decision, p = model.decision_function(X), model.predict_proba(X)
    assert decision.shape == (len(X),)
    assert_allclose(1 / (1 + np.exp(-decision)), p[:, 1], rtol=1e-4, atol=1e-5)
    assert_array_equal(model.predict(X), decision > 0)


def test_fine_tuning_leaves_the_pretrained_autoencoder_as_it_was(digits):
    X, y = digits
    model = classifier(small(random_state=3)).fit(X, y)
    alone = small(random_state=3).fit(X)
    assert_array_equal(model.autoencoder_.transform(X), alone.transform(X))
    # It has moved: the same weights at first.
    moved = model.net_.module_.encode(torch.from_numpy(X)).detach().numpy()
    assert not np.allclose(moved, alone.transform(X), atol=0.01)


def test_fine_tuning_starts_from_the_pretrained_weights(digits):
    X, y = digits
    # A step too small to move anything.
    model = classifier(learning_rate_init=1e-12, max_iter=1, alpha=0.0).fit(X, y)
    code = model.net_.module_.encode(torch.from_numpy(X)).detach()
    assert_allclose(code, model.autoencoder_.transform(X), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_frozen_autoencoder_is_not_trained_again(digits, make, tmp_path):
    X, y = digits[0][:400], digits[1][:400]
    autoencoder = small(random_state=3).fit(X)
    code, n_iter = autoencoder.transform(X), autoencoder.n_iter_
    model = make(FrozenEstimator(autoencoder)).fit(X, y)
    again = make(small(random_state=3)).fit(X, y)
    assert model.autoencoder_ is autoencoder
    assert_array_equal(autoencoder.transform(X), code)
    assert autoencoder.n_iter_ == n_iter
    # All that differs is what seeds the fine-tuning, which draws no seed for it.
    assert abs(model.score(X, y) - again.score(X, y)) < 0.1
    # A search over the fine-tuning trains the autoencoder once, before it.
    GridSearchCV(model, {"dropout": [0.0, 0.3]}, cv=2).fit(X[:100], y[:100])
    assert_array_equal(autoencoder.transform(X), code)
    sk_dae.save(model, tmp_path / "model.safetensors")
    loaded = sk_dae.load(tmp_path / "model.safetensors")
    assert loaded.autoencoder_ is loaded.autoencoder.estimator
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(loaded.fit(X, y).predict(X), model.predict(X))


def test_a_frozen_autoencoder_must_be_fitted_and_fit_the_rows(digits):
    X, y = digits
    with pytest.raises(NotFittedError):
        classifier(FrozenEstimator(small())).fit(X, y)
    frozen = FrozenEstimator(small(max_iter=1).fit(X))
    with pytest.raises(ValueError, match="pretrain=False"):
        classifier(frozen, pretrain=False).fit(X, y)
    with pytest.raises(ValueError, match="64 features"):
        classifier(frozen).fit(X[:, 1:], y)
    with pytest.raises(TypeError, match="frozen StandardScaler"):
        classifier(FrozenEstimator(StandardScaler().fit(X))).fit(X, y)


@pytest.mark.parametrize(
    ("corruption", "params"),
    [
        ("swap", {"head_max_iter": 2}),
        ("gaussian", {"early_stopping": True}),
        (None, {}),
    ],
)
def test_gaps_that_a_frozen_autoencoder_has_not_seen(digits, corruption, params):
    X, y = digits
    frozen = FrozenEstimator(small(corruption=corruption).fit(X))
    model = classifier(frozen, **params).fit(with_gaps(X[:400]), y[:400])
    assert model.score(with_gaps(X[400:]), y[400:]) > 0.6


def test_columns_that_a_frozen_autoencoder_has_not_seen_stay_unread():
    X = np.random.RandomState(0).normal(size=(400, 5))
    y = X[:, 0] > 0
    empty = X.copy()
    empty[:, 0] = np.nan
    with pytest.warns(UserWarning, match="observed"):
        frozen = FrozenEstimator(small(corruption=None).fit(empty))
    params = {"corruption": None, "dropout": 0.0, "head_max_iter": 5}
    model = classifier(frozen, **params).fit(X, y)
    # The column that decides is hidden in the predictions, so it is in training too.
    loss = -np.log(model.predict_proba(X)[np.arange(400), y.astype(int)]).mean()
    assert_allclose(model.loss_curve_[-1], loss, rtol=0.05)


def test_without_pretraining_the_autoencoder_is_not_trained(digits):
    X, y = digits
    model = classifier(pretrain=False).fit(X[:400], y[:400])
    assert model.autoencoder_.n_iter_ == 0
    assert model.autoencoder_.score(X) < classifier().fit(X, y).autoencoder_.score(X)
    assert model.score(X[400:], y[400:]) > 0.7


class Beginnings:
    """Keeps the codes that a head is trained on, and the encoder it is put on."""

    def __init__(self, monkeypatch):
        train = DenoisingNet.train

        def spied_on(net, run, *args, **kwargs):
            if not hasattr(net.module_, "encoder"):  # the head alone, given codes
                self.codes = run.train.rows.take(torch.arange(400))
            elif isinstance(net, PredictingNet):
                self.encoder = copy.deepcopy(net.module_.encoder)
            return train(net, run, *args, **kwargs)

        monkeypatch.setattr(DenoisingNet, "train", spied_on)


@pytest.mark.parametrize(
    "autoencoder",
    [
        small(),
        small(corruption="conditional_mean"),
        StackedDenoisingAutoencoder(32, pretrain_max_iter=3, max_iter=3),
        TabularDenoisingAutoencoder(
            16, hidden_layer_sizes=(32,), max_iter=3, features="code"
        ),
    ],
    ids=str,
)
def test_head_is_trained_alone_first(digits, autoencoder, monkeypatch):
    X, y = digits[0][:400], digits[1][:400]
    seen = Beginnings(monkeypatch)
    params = {"max_iter": 1, "dropout": 0.0, "alpha": 0.0}
    model = classifier(autoencoder, head_max_iter=60, **params).fit(X, y)
    assert_allclose(seen.codes, model.autoencoder_.transform(X), rtol=1e-4, atol=1e-5)
    # Nothing but the head has changed when the whole net begins to learn.
    before = model.autoencoder_.net_.module_.encoder.parameters()
    for a, b in zip(before, seen.encoder.parameters(), strict=True):
        assert torch.equal(a, b)
    fresh = classifier(autoencoder, **params).fit(X, y)
    assert model.loss_curve_[0] < 0.8 * fresh.loss_curve_[0]
    assert model.n_iter_ == len(model.loss_curve_) == 1


def test_head_is_trained_on_the_codes_of_the_autoencoder(digits, monkeypatch):
    X, y = with_gaps(digits[0][:400]), digits[1][:400]
    seen = Beginnings(monkeypatch)
    # Whatever a corruption of the fine-tuning puts into gaps.
    params = {"head_max_iter": 1, "max_iter": 1, "corruption": "conditional_mean"}
    model = classifier(**params).fit(X, y)
    assert_allclose(seen.codes, model.autoencoder_.transform(X), rtol=1e-4, atol=1e-5)


def test_callbacks_hear_of_the_whole_net_alone(digits):
    X, y = digits
    freezer = Freezer(lambda name: not name.startswith("decoder"))
    model = classifier(head_max_iter=3, net_callbacks=[freezer]).fit(X, y)
    codes = model.net_.module_.encode(torch.from_numpy(X)).detach()
    assert_allclose(codes, model.autoencoder_.transform(X), rtol=1e-4, atol=1e-5)


def test_training_of_the_head_heeds_gaps_and_validation_rows(diabetes):
    X, y = diabetes
    targets = np.c_[y, -y]
    targets[::3, 0] = np.nan
    X = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.1, np.nan, X)
    params = {"head_max_iter": 20, "max_iter": 1, "learning_rate_init": 0.01}
    model = regressor(early_stopping=True, **params).fit(X, targets)
    assert model.score(X[1::3], targets[1::3]) > 0.2


def test_module_of_the_user_gets_its_head_trained_first(digits):
    X, y = digits
    model = classifier(
        small(module=OwnModule), head_max_iter=30, learning_rate_init=0.005, max_iter=1
    ).fit(X[:400], y[:400])
    untrained = classifier(small(module=OwnModule), max_iter=1).fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > untrained.score(X[400:], y[400:]) + 0.2


def test_progress_names_the_head(digits, capsys):
    X, y = digits
    classifier(head_max_iter=2, max_iter=1, verbose=1).fit(X[:100], y[:100])
    shown = capsys.readouterr().out
    assert "head" in shown
    assert "epoch 2/2" in shown


# -- labels ----------


def test_rows_without_label_serve_pretraining_only(digits):
    X, y = digits
    some = np.where(np.arange(len(y)) < 100, y, -1)
    model = classifier(small(random_state=0), unlabeled_value=-1).fit(X, some)
    assert -1 not in model.classes_
    assert_array_equal(
        model.autoencoder_.transform(X), small(random_state=0).fit(X).transform(X)
    )
    others = some.copy()
    model_of_100 = classifier(small(random_state=0), unlabeled_value=-1).fit(X, others)
    assert_array_equal(model.predict_proba(X), model_of_100.predict_proba(X))


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        (np.array(["a", "b", "?"]), "?"),
        (np.array([0, 1, -1]), -1),
        (np.array([0.0, 1.0, np.nan]), np.nan),
        (np.array(["a", "b", np.nan], dtype=object), np.nan),
        (np.array(["a", "b", pd.NA], dtype=object), np.nan),
        (pd.array(["a", "b", None], dtype="string"), np.nan),
        (np.array(["a", "b", None], dtype=object), None),
    ],
    ids=str,
)
def test_unlabeled_value_is_of_any_kind(digits, labels, value):
    X, y = digits
    given = labels[y % 3]
    if value is None:
        with pytest.raises((TypeError, ValueError)):
            classifier(max_iter=1).fit(X, given)
        value = np.nan
    model = classifier(max_iter=1, unlabeled_value=value).fit(X, given)
    assert len(model.classes_) == 2
    assert set(model.predict(X)) <= set(labels[:2])


def test_without_unlabeled_value_minus_one_is_a_class(digits):
    X, y = digits
    model = classifier(max_iter=1).fit(X, np.where(y > 4, 1, -1))
    assert_array_equal(model.classes_, [-1, 1])


@pytest.mark.parametrize("make", [classifier, regressor])
def test_targets_must_not_all_be_missing(digits, make):
    X, y = digits
    params = {"unlabeled_value": -1} if make is classifier else {}
    y = np.full(len(y), -1) if make is classifier else np.full(len(y), np.nan)
    with pytest.raises(ValueError, match="y must have"):
        make(**params).fit(X, y)


# -- weights ----------


def test_class_weights_move_predictions(digits):
    X, y = digits
    y = (y == 8).astype(int)
    even = classifier(max_iter=3).fit(X, y)
    heavy = classifier(max_iter=3, class_weight={0: 1, 1: 50}).fit(X, y)
    assert heavy.predict(X).mean() > even.predict(X).mean()
    balanced = classifier(max_iter=3, class_weight="balanced").fit(X, y)
    by_hand = {0: len(y) / 2 / (y == 0).sum(), 1: len(y) / 2 / (y == 1).sum()}
    same = classifier(max_iter=3, class_weight=by_hand).fit(X, y)
    assert_allclose(balanced.predict_proba(X), same.predict_proba(X), rtol=1e-5)


def test_sample_weights_act_as_class_weights(digits):
    X, y = digits
    y = (y > 4).astype(int)
    by_class = classifier(small(), pretrain=False, class_weight={0: 1, 1: 3})
    by_row = classifier(small(), pretrain=False)
    by_class, by_row = by_class.fit(X, y), by_row.fit(X, y, sample_weight=1 + 2 * y)
    assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), rtol=1e-4)


def test_weights_count_in_the_pretraining(digits):
    X, y = digits
    weights = np.random.RandomState(0).uniform(size=len(y))
    model = classifier(small(random_state=3), max_iter=1)
    model.fit(X, y, sample_weight=weights)
    alone = small(random_state=3).fit(X, sample_weight=weights)
    assert_array_equal(model.autoencoder_.transform(X), alone.transform(X))
    assert model.net_.corruption is None


@pytest.mark.parametrize("fraction", [0.01, 0.5])
def test_rows_of_both_parts_must_count(digits, fraction):
    X, y = digits
    # One row of a class that counts, in one part or the other.
    y = np.where(np.arange(len(y)) == 0, 1, 0)
    model = classifier(
        early_stopping=True,
        validation_fraction=fraction,
        class_weight={0: 0.0, 1: 1.0},
    )
    with pytest.raises(ValueError, match="rows that count"):
        model.fit(X, y)


def test_rows_of_no_weight_teach_nothing(digits):
    X, y = digits
    wrong = y.copy()
    wrong[300:] = (y[300:] + 1) % 10
    weight = (np.arange(len(y)) < 300).astype(float)
    model = classifier(max_iter=40).fit(X, wrong, sample_weight=weight)
    assert model.score(X[300:], y[300:]) > 0.8


# -- the regressor ----------


def test_regressor_beats_the_mean(diabetes):
    X, y = diabetes
    model = regressor().fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.3
    assert model.predict(X).dtype == np.float64


def test_several_outputs_are_predicted_together(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, 1e6 + 1000 * X[:, 0], np.full(len(y), 7.0)])
    model = regressor(max_iter=60).fit(X, Y)
    predicted = model.predict(X)
    assert predicted.shape == Y.shape
    assert np.corrcoef(predicted[:, 1], Y[:, 1])[0, 1] > 0.9
    assert_allclose(predicted[:, 1], Y[:, 1], rtol=0.005)
    assert_allclose(predicted[:, 2], 7, atol=0.7)


def test_missing_targets_are_left_out(diabetes):
    X, y = diabetes
    some = np.where(np.arange(len(y)) < 200, y, np.nan)
    model = regressor(small(random_state=0)).fit(X, some)
    assert model.score(X[200:], y[200:]) > 0.2
    assert_array_equal(
        model.autoencoder_.transform(X), small(random_state=0).fit(X).transform(X)
    )
    Y = np.column_stack([some, y])
    both = regressor().fit(X, Y)
    assert np.isfinite(both.predict(X)).all()
    # Which of two targets is missing does not stop the other from being learned.
    assert np.corrcoef(both.predict(X)[200:, 0], y[200:])[0, 1] > 0.4
    with pytest.raises(ValueError, match="all values of a column"):
        regressor().fit(X, np.column_stack([y, np.full(len(y), np.nan)]))


def test_units_of_the_target_make_no_difference(diabetes):
    X, y = diabetes
    plain = regressor(max_iter=5).fit(X, y).predict(X)
    scaled = regressor(max_iter=5).fit(X, 1e6 * y - 3e6).predict(X)
    assert_allclose((scaled + 3e6) / 1e6, plain, rtol=1e-3)


@pytest.mark.parametrize("constant", [5.0, 0.1, 1e-9, 0.0])
def test_constant_target_is_predicted_as_it_is(diabetes, constant):
    X, y = diabetes
    one = regressor(max_iter=1).fit(X, np.full(len(y), constant))
    assert (one.predict(X) == constant).all()
    both = np.column_stack([y, np.full(len(y), constant)])
    predicted = regressor(max_iter=1).fit(X, both).predict(X)
    assert (predicted[:, 1] == constant).all()
    assert np.ptp(predicted[:, 0]) > 0


def test_targets_beyond_float32_are_predicted(diabetes):
    X, y = diabetes
    plain = regressor(max_iter=5).fit(X, y).predict(X)
    predicted = regressor(max_iter=5).fit(X, y * 1e200).predict(X)
    assert_allclose(predicted / 1e200, plain, rtol=1e-4)


# -- training ----------


@pytest.mark.parametrize("kind", ["relu", "tanh", "silu"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_those_of_autograd(digits, kind, weighted, monkeypatch):
    X, y = digits
    weight = np.linspace(0.5, 2, len(y)) if weighted else None

    def fit():
        autoencoder = small(activation=kind, code_activation=kind)
        model = classifier(autoencoder, pretrain=False, max_iter=2)
        return model.fit(X, y, sample_weight=weight)

    derived = fit()
    monkeypatch.setattr(MLPGradients, "serves", staticmethod(lambda module: False))
    automatic = fit()
    # AdamW on one buffer or on many: to rounding.
    assert_allclose(derived.loss_curve_, automatic.loss_curve_, rtol=1e-3)


def test_dropout_acts_on_every_layer_and_only_in_training(digits):
    X, y = digits
    model = classifier(dropout=0.5).fit(X, y)
    assert model.net_.module_.dropped_layers() == [0, 1]
    assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    without = classifier(dropout=0.0).fit(X, y)
    assert without.loss_curve_[-1] < model.loss_curve_[-1]


def test_corruption_of_the_fine_tuning_is_chosen_apart(digits):
    X, y = digits
    losses = {
        name: classifier(max_iter=5, dropout=0.0, corruption=name, noise_level=0.7)
        .fit(X, y)
        .loss_curve_[-1]
        for name in ("masking", "autoencoder", None)
    }
    # At 0.7, at the 0.2 of the autoencoder, and not at all.
    assert losses["masking"] > losses["autoencoder"] > losses[None]
    with pytest.raises(ValueError, match="noise_level of MaskingNoise"):
        classifier(corruption="masking", noise_level=2.0).fit(X, y)


def test_validation_rows_are_clean_and_keep_the_shares_of_classes(digits):
    X, y = digits
    model = classifier(early_stopping=True, max_iter=200, n_iter_no_change=3).fit(X, y)
    assert len(model.validation_loss_curve_) == model.n_iter_ < 200
    assert model.best_loss_ == min(model.validation_loss_curve_)
    # Validation rows of one class only would make no loss for the others.
    uneven = np.where(np.arange(len(y)) % 20 == 0, 1, 0)
    seen = []

    class Recorder(Callback):
        def on_batch_begin(self, net, batch, training, **kwargs):
            if not training:
                seen.append(batch[1])

    model = classifier(early_stopping=True, max_iter=1, net_callbacks=[Recorder()])
    model.fit(X, uneven)
    shares = torch.cat(seen).mean(dim=0)
    assert_allclose(shares[1], 0.05, atol=0.01)


def test_same_seed_same_model(digits):
    X, y = digits
    first, second = classifier().fit(X, y), classifier().fit(X, y)
    assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    other = classifier(random_state=1).fit(X, y)
    assert not np.array_equal(first.predict_proba(X), other.predict_proba(X))


def test_global_random_states_stay(digits):
    X, y = digits
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    classifier(max_iter=1).fit(X, y).predict(X)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert_array_equal(np.random.get_state()[1], states[1])


def test_failed_fit_harms_nothing(digits):
    X, y = digits
    model = classifier(max_iter=1).fit(X, y)
    before = model.predict_proba(X)
    for params, message in [
        ({"autoencoder__noise_level": 2.0}, "noise_level"),
        ({"dropout": 1.0}, "dropout"),
        ({"learning_rate_init": 1e30, "optimizer": "sgd"}, "loss became"),
    ]:
        failing = clone(model).set_params(**params)
        vars(failing).update({k: v for k, v in vars(model).items() if k[-1] == "_"})
        with pytest.raises(ValueError, match=message):
            failing.fit(X[:, :50], y)
        assert_array_equal(failing.predict_proba(X), before)
        assert failing.n_features_in_ == 64


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"autoencoder": "dae"}, "autoencoder"),
        ({"corruption": "salt"}, "corruption"),
        ({"head_max_iter": -1}, "head_max_iter"),
        ({"class_weight": {0: -1.0}}, "class_weight"),
        ({"class_weight": {0: np.nan}}, "class_weight"),
        ({"class_weight": {0: np.inf}}, "class_weight"),
        (
            {
                "autoencoder": TabularDenoisingAutoencoder(8, max_iter=1),
                "corruption": "gaussian",
            },
            "corruption of a table .*'gaussian'",
        ),
    ],
    ids=str,
)
def test_bad_parameters_are_named(digits, params, message):
    X, y = digits
    with pytest.raises(ValueError, match=message):
        classifier(max_iter=1).set_params(**params).fit(X[:200], y[:200])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"corruption": "masking", "noise_level": 2.0}, "noise_level of MaskingNoise"),
        ({"corruption": "masking", "noise_level": [0.1] * 3}, "noise_level"),
        ({"corruption": SwapNoise(0.1, n_donors=0)}, "n_donors"),
        ({"sample_weight": -1}, "sample_weight"),
    ],
    ids=str,
)
def test_what_is_bad_is_refused_before_the_pretraining(digits, params, message):
    X, y = digits
    begun = []

    class Recorder(Callback):
        def on_train_begin(self, net, **kwargs):
            begun.append(net)

    weight = None
    if "sample_weight" in params:
        weight, params = np.full(len(y), -1.0), {}
    model = classifier(small(net_callbacks=[Recorder()]), **params)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, sample_weight=weight)
    assert not begun


def test_bad_weights_and_rows_are_refused(digits):
    X, y = digits
    one = np.where(np.arange(len(y)) == 5, y, -1)
    with pytest.raises(ValueError, match="no row to train on: 1 rows"):
        classifier(early_stopping=True, unlabeled_value=-1).fit(X, one)
    with pytest.raises(ValueError, match="sample_weight must be non-negative"):
        classifier().fit(X, y, sample_weight=-np.ones(len(y)))
    with pytest.raises(ValueError, match="inconsistent"):
        classifier().fit(X, y[:-1])
    with pytest.raises(ValueError, match="y is None"):
        classifier().fit(X, None)
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    fitted = classifier(max_iter=1).fit(X, y)
    with pytest.raises(ValueError, match=r"63 features, but \w+Classifier"):
        fitted.predict(X[:, :63])
    with pytest.raises(ValueError, match="0 sample"):
        classifier().fit(X[:0], y[:0])
    # Neither is zero everywhere, but their product is.
    with pytest.raises(ValueError, match="class_weight must be"):
        classifier(class_weight={0: 0.0}).fit(X, y, sample_weight=y == 0)


# -- rows ----------


def test_sparse_rows_and_dense_rows_give_the_same_model(digits):
    X, y = digits
    dense = classifier(max_iter=3).fit(X, y)
    sparse = classifier(max_iter=3).fit(sp.csr_matrix(X), y)
    assert_array_equal(dense.predict_proba(X), sparse.predict_proba(sp.csc_matrix(X)))


@pytest.mark.parametrize("corruption", ["masking", "conditional_mean"])
def test_missing_values_are_taken(digits, corruption):
    X, y = digits
    X = np.where(np.random.RandomState(0).uniform(size=X.shape) < 0.2, np.nan, X)
    model = classifier(small(corruption=corruption), early_stopping=True).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    assert model.score(X, y) > 0.7


def test_counts_are_read_as_the_autoencoder_reads_them(digits):
    X, y = digits
    counts = np.round(16 * X)
    model = classifier(small(loss="poisson")).fit(counts, y)
    assert model.score(counts, y) > 0.8
    # With Poisson's loss the encoder reads shares of a row, not its size.
    assert_allclose(
        model.predict_proba(counts), model.predict_proba(3 * counts), atol=0.2
    )


def test_frames_with_text_and_gaps_are_classified():
    rng = np.random.RandomState(0)
    kind = rng.choice(["oak", "elm", "fir"], 300).astype(object)
    size = rng.normal(size=300)
    y = np.where((kind == "oak") ^ (size > 0), "yes", "no")
    kind[rng.uniform(size=300) < 0.05] = None
    size[rng.uniform(size=300) < 0.05] = np.nan
    frame = pd.DataFrame({"kind": kind, "size": size})
    autoencoder = TabularDenoisingAutoencoder(
        16, hidden_layer_sizes=(64,), max_iter=10, features="code"
    )
    model = classifier(autoencoder, max_iter=60).fit(frame[:200], y[:200])
    assert model.score(frame[200:], y[200:]) > 0.75
    new = frame[200:210].assign(kind="ash")
    assert np.isfinite(model.predict_proba(new)).all()
    assert_array_equal(model.feature_names_in_, ["kind", "size"])
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"size": "girth"}))


# -- conventions ----------


def test_parameters_of_the_autoencoder_are_searched(digits):
    X, y = digits
    grid = {"autoencoder__noise_level": [0.1, 0.5], "dropout": [0.0, 0.3]}
    search = GridSearchCV(classifier(max_iter=5), grid, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_score_ > 0.3


class OwnModule(nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.inner = nn.Linear(n_features, n_components)
        self.outer = nn.Linear(n_components, n_features)

    def encode(self, X):
        return torch.tanh(self.inner(X))

    def decode(self, code):
        return self.outer(code)


@pytest.mark.parametrize(
    ("make", "autoencoder"),
    [
        (classifier, small()),
        (regressor, small()),
        (classifier, small(module=OwnModule)),
        (
            regressor,
            TabularDenoisingAutoencoder(8, hidden_layer_sizes=(16,), max_iter=2),
        ),
        (classifier, StackedDenoisingAutoencoder(8, pretrain_max_iter=2, max_iter=2)),
    ],
    ids=lambda a: (
        getattr(a, "__name__", type(a).__name__) + str(getattr(a, "module", ""))
    ),
)
def test_saved_loaded_and_pickled_models_are_the_same(
    digits, autoencoder, make, tmp_path
):
    X, y = digits[0][:100], digits[1][:100]
    model = make(autoencoder, max_iter=3).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    sk_dae.save(model, tmp_path / "model.safetensors")
    module = OwnModule if getattr(autoencoder, "module", None) else None
    loaded = sk_dae.load(tmp_path / "model.safetensors", module=module)
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(
        loaded.autoencoder_.transform(X), model.autoencoder_.transform(X)
    )
    assert loaded.loss_curve_ == model.loss_curve_


def test_model_without_pretraining_is_saved(digits, tmp_path):
    X, y = digits
    model = classifier(pretrain=False, max_iter=1).fit(X, y)
    sk_dae.save(model, tmp_path / "model.safetensors")
    loaded = sk_dae.load(tmp_path / "model.safetensors")
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_module_of_the_user_is_fine_tuned_and_left_alone(digits):
    X, y = digits
    torch.manual_seed(0)
    module = OwnModule(64, 32)
    before = module.inner.weight.detach().clone()
    autoencoder = small(module=module)
    model = classifier(autoencoder, max_iter=40).fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > 0.7
    assert torch.equal(module.inner.weight, before)


def test_gaps_of_the_fine_tuning_are_filled_behind_a_corruption_that_fills_gaps():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 3))
    model = DenoisingAutoencoderRegressor(
        DenoisingAutoencoder(2, corruption="conditional_mean", max_iter=2),
        corruption=MaskingNoise(0.5, fill_value=np.nan),
        max_iter=5,
        random_state=0,
    ).fit(X, X[:, 0])
    assert np.isfinite(model.loss_curve_).all()
    assert np.isfinite(model.predict(X)).all()
