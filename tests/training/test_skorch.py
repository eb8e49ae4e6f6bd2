"""The net as a net of skorch: its methods on arrays, its parameters, its callbacks."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from skorch import NeuralNet
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    LoadInitState,
    LRScheduler,
    PrintLog,
)

from helpers import make, weights_of
from sk_dae import (
    DenoisingAutoencoderRegressor,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)


@pytest.fixture
def fitted(table):
    return make().fit(table)


def test_net_is_a_net_of_skorch(fitted):
    assert isinstance(fitted.net_, NeuralNet)
    assert fitted.net_.initialized_


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, torch.from_numpy])
def test_predict_reconstructs_rows(fitted, table, container):
    predicted = fitted.net_.predict(container(table))
    np.testing.assert_allclose(predicted, fitted.denoise(table), rtol=1e-5, atol=1e-6)


def test_predict_reads_gaps_as_the_estimator_does(table):
    X = table.copy()
    X[::3, 1] = np.nan
    for corruption in ("masking", "conditional_mean"):
        dae = make(corruption=corruption).fit(X)
        np.testing.assert_allclose(
            dae.net_.predict(X), dae.denoise(X), rtol=1e-5, atol=1e-6
        )


def test_predict_gives_data_and_forward_what_the_decoder_gives(digits):
    dae = make(loss="binary_cross_entropy").fit(digits[:100])
    logits = dae.net_.forward(digits[:10])
    np.testing.assert_allclose(
        torch.sigmoid(logits), dae.denoise(digits[:10]), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        dae.net_.predict(digits[:10]), dae.denoise(digits[:10]), rtol=1e-5, atol=1e-6
    )


def test_initialize_leaves_the_fitted_estimator_as_it_was(fitted, table):
    before = fitted.transform(table)
    fitted.net_.initialize()
    np.testing.assert_array_equal(fitted.transform(table), before)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_net_is_trained_further_on_arrays(fitted, table, method):
    net, before = fitted.net_, weights_of(fitted)
    error = np.square(net.predict(table) - table).mean()
    net.set_params(max_epochs=30, batch_size=20)
    getattr(net, method)(table)
    assert not torch.equal(weights_of(fitted), before)
    assert np.square(net.predict(table) - table).mean() < error
    # The estimator holds the net, and is whole.
    np.testing.assert_allclose(
        fitted.denoise(table), net.predict(table), rtol=1e-5, atol=1e-6
    )
    assert len(net.history) == 30 + (len(fitted.loss_curve_) if method != "fit" else 0)
    fitted.fit(table)


def test_training_on_arrays_is_repeatable_and_draws_from_no_global_state(table):
    nets = [make().fit(table).net_ for _ in range(2)]
    state = torch.random.get_rng_state()
    for net in nets:
        net.fit(table)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(*(net.forward(table) for net in nets))


def test_targets_of_their_own_are_restored(fitted, table):
    fitted.net_.set_params(max_epochs=100, lr=0.01).fit(table, -table)
    assert np.square(fitted.net_.predict(table) + table).mean() < 0.5


def test_rows_with_gaps_are_trained_on(fitted, table):
    X = table.copy()
    X[::4, 2] = np.nan
    fitted.net_.fit(X)
    assert np.isfinite(fitted.transform(table)).all()


@pytest.mark.parametrize("X", [[[np.inf] * 5], [["a"] * 5], np.zeros((0, 5))])
def test_bad_rows_are_refused_before_anything_changes(fitted, table, X):
    before = fitted.transform(table)
    for method in ("fit", "partial_fit", "predict"):
        with pytest.raises(ValueError):
            getattr(fitted.net_, method)(X)
    np.testing.assert_array_equal(fitted.transform(table), before)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict"])
def test_rows_of_another_width_are_refused(fitted, table, method):
    before = fitted.transform(table)
    with pytest.raises(ValueError, match="X has 4 features, but the net takes 5"):
        getattr(fitted.net_, method)(table[:, :4])
    np.testing.assert_array_equal(fitted.transform(table), before)


def test_parameters_can_be_set(fitted, table):
    net = fitted.net_.set_params(lr=0.5, optimizer__weight_decay=0.25, max_epochs=1)
    (group,) = net.optimizer_.param_groups
    assert group["lr"] == 0.5
    assert [type(callback) for _, callback in net.callbacks_] == [EpochTimer]
    net.set_params(callbacks__epoch_timer=None, verbose=0).fit(table)
    assert "dur" not in net.history[-1]


def test_parameters_of_callbacks_can_be_set(table):
    net = make(net_callbacks=[("stop", EarlyStopping("train_loss"))]).fit(table).net_
    net.set_params(callbacks__stop__patience=1, callbacks__stop__threshold=100.0)
    assert len(net.set_params(max_epochs=20).fit(table).history) < 20


def test_clone_and_pickle_of_a_net(fitted, table):
    expected = fitted.net_.predict(table)
    loaded = pickle.loads(pickle.dumps(fitted.net_))
    np.testing.assert_array_equal(loaded.predict(table), expected)
    assert loaded.module is loaded.module_
    assert loaded.encoder_input.loss is loaded.criterion_
    copied = clone(fitted.net_).initialize()
    np.testing.assert_array_equal(copied.predict(table), expected)
    with pytest.raises(ValueError, match="corruption of the net is not fitted"):
        copied.fit(table)


@pytest.mark.parametrize("use_caching", [True, False])
@pytest.mark.parametrize("on_train", [True, False])
def test_scorers_by_name_score_reconstructions(table, use_caching, on_train):
    scoring = EpochScoring(
        "neg_mean_squared_error",
        lower_is_better=False,
        on_train=on_train,
        use_caching=use_caching,
        name="mse",
    )
    dae = make(
        net_callbacks=[scoring],
        early_stopping=True,
        corruption=None,
        n_iter_no_change=100,
        max_iter=10,
    ).fit(table)
    scores = -np.array(dae.net_.history[:, "mse"])
    assert scores.shape == (10,)
    if not on_train:
        losses = dae.net_.history[:, "valid_loss"]
        np.testing.assert_allclose(scores, losses, rtol=1e-4)
    elif use_caching:
        # The batches differ in size by a row at most.
        np.testing.assert_allclose(scores, dae.loss_curve_, rtol=0.05)
    else:
        assert scores[-1] < scores[0]


def test_scorer_without_validation_rows_is_silent(table):
    dae = make(net_callbacks=[EpochScoring("r2", on_train=False)]).fit(table)
    assert "r2" not in dae.net_.history[-1]


def test_batches_are_scored(table):
    scoring = BatchScoring("neg_mean_squared_error", on_train=True, name="score")
    dae = make(net_callbacks=[scoring], batch_size=20).fit(table)
    assert np.isfinite(dae.net_.history[:, "score"]).all()


def test_predictions_are_scored(table):
    model = DenoisingAutoencoderRegressor(
        make(),
        max_iter=5,
        early_stopping=True,
        validation_fraction=0.3,
        net_callbacks=[EpochScoring("r2", on_train=False, lower_is_better=False)],
        random_state=0,
    ).fit(table, table[:, 0])
    assert max(model.net_.history[:, "r2"]) <= 1
    rows = model.autoencoder_.net_.encoder_input  # shared with the autoencoder
    assert model.net_.encoder_input is rows
    assert model.net_.predict(table).shape == (60, 1)
    with pytest.raises(ValueError, match="y must be given"):
        model.net_.fit(table)


def test_checkpoint_saves_and_restores_all_parts(table, tmp_path):
    checkpoint = Checkpoint(
        monitor="train_loss_best", dirname=tmp_path, load_best=True, f_criterion="c.pt"
    )
    dae = make(net_callbacks=[checkpoint], max_iter=10).fit(table)
    net = make(max_iter=1, random_state=1).fit(table).net_
    net.load_params(
        f_params=tmp_path / "params.pt",
        f_criterion=tmp_path / "c.pt",
        f_history=tmp_path / "history.json",
    )
    np.testing.assert_array_equal(net.predict(table), dae.net_.predict(table))


def test_training_goes_on_from_a_checkpoint(table, tmp_path):
    checkpoint = Checkpoint(monitor=None, dirname=tmp_path)
    make(net_callbacks=[checkpoint], max_iter=3).fit(table)
    resumed = make(
        net_callbacks=[LoadInitState(Checkpoint(monitor=None, dirname=tmp_path))],
        max_iter=2,
        random_state=5,
    ).fit(table)
    assert len(resumed.net_.history) == 5


def test_scheduler_and_log_of_skorch_act(table):
    lines = []
    dae = make(
        net_callbacks=[
            LRScheduler("ExponentialLR", gamma=0.5, event_name="event_lr"),
            PrintLog(sink=lines.append),
        ],
        learning_rate="constant",
        max_iter=4,
    )
    dae.set_params(verbose=1).fit(table)
    rates = dae.net_.history[:, "event_lr"]
    np.testing.assert_allclose(np.divide(rates[1:], rates[:-1]), 0.5)


@pytest.mark.parametrize(
    "estimator", [StackedDenoisingAutoencoder, TabularDenoisingAutoencoder]
)
def test_nets_of_other_autoencoders_are_whole_too(table, estimator):
    dae = estimator(3, hidden_layer_sizes=(8,), max_iter=2, random_state=0).fit(table)
    before = dae.transform(table)
    dae.net_.initialize()
    np.testing.assert_array_equal(dae.transform(table), before)
    assert dae.net_.predict(table).shape == table.shape


def test_forward_in_training_mode_leaves_the_mode_as_it_was(table):
    model = DenoisingAutoencoderRegressor(
        make(), dropout=0.5, max_iter=2, random_state=0
    ).fit(table, table[:, 0])
    before = model.predict(table)
    model.net_.forward(table, training=True)
    assert not model.net_.module_.training
    np.testing.assert_array_equal(model.predict(table), before)


class CopyingCallback(Callback):
    """Predicts with the net, copies and pickles it in the middle of an epoch."""

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        mode = net.module_.training
        self.expected_ = net.predict(batch[0])
        assert net.module_.training is mode
        self.copies_ = []  # which would be copied too
        self.copies_ = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
        self.rows_ = batch[0].clone()


@pytest.mark.parametrize(
    "params", [{}, {"dropout": 0.2}, {"penalty": "variational"}, {"loss": "poisson"}]
)
def test_net_is_copied_and_pickled_in_training(table, params):
    X = np.abs(table)
    callback = CopyingCallback()
    dae = make(net_callbacks=[callback], max_iter=3, **params).fit(X)
    for net in callback.copies_:
        np.testing.assert_allclose(
            net.predict(callback.rows_), callback.expected_, rtol=1e-5, atol=1e-6
        )
    plain = make(max_iter=3, **params).fit(X)
    np.testing.assert_array_equal(dae.transform(X), plain.transform(X))


def test_checkpoint_pickles_the_net(table, tmp_path):
    checkpoint = Checkpoint(monitor=None, dirname=tmp_path, f_pickle="net.pkl")
    dae = make(net_callbacks=[checkpoint], max_iter=3).fit(table)
    net = pickle.loads((tmp_path / "net.pkl").read_bytes())
    np.testing.assert_array_equal(net.predict(table), dae.net_.predict(table))


@pytest.mark.parametrize(
    "name, args",
    [("fit_loop", (None,)), ("train_step", (None,)), ("validation_step", (None,))],
)
def test_parts_of_a_training_are_refused_outside_of_one(fitted, name, args):
    with pytest.raises(RuntimeError, match="parts of a training"):
        getattr(fitted.net_, name)(*args)


def test_targets_of_another_shape_are_refused(fitted, table):
    before = fitted.transform(table)
    with pytest.raises(ValueError, match="y has 9 columns, but the net gives 5"):
        fitted.net_.fit(table, np.ones((60, 9)))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.net_.fit(table, table[:4])
    model = DenoisingAutoencoderRegressor(make(), max_iter=2, random_state=0)
    model.fit(table, table[:, 0])
    with pytest.raises(ValueError, match="y has 2 columns, but the net gives 1"):
        model.net_.fit(table, table[:, :2])
    np.testing.assert_array_equal(fitted.transform(table), before)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"module": None}, "module must be a torch module with"),
        ({"module__n_components": 2}, "module__n_components cannot be set"),
        ({"criterion": torch.nn.MSELoss}, "criterion must be a loss"),
        ({"criterion__foo": 2}, "Invalid parameter 'foo'"),
        ({"penalty": "l1"}, "penalty must be a penalty"),
        ({"penalty__weight": 1.0}, "penalty__weight cannot be set: penalty .* None"),
    ],
)
def test_unsuitable_parts_are_refused(fitted, table, params, message):
    before = fitted.transform(table)
    with pytest.raises(ValueError, match=message):
        fitted.net_.set_params(**params)
    np.testing.assert_array_equal(fitted.transform(table), before)
    fitted.net_.set_params(lr=0.1).fit(table)


def test_parameters_of_loss_and_penalty_can_be_set(table):
    weights = [1, 1, 1, 1, 6]
    net = make(penalty="l1").fit(table).net_
    net.set_params(criterion__column_weights=weights, penalty__weight=0.25)
    assert net.penalty_.weight == 0.25
    output, target = torch.zeros(1, 5), torch.tensor([[0.0, 0, 0, 0, 1]])
    assert float(net.criterion_(output, target)) == pytest.approx(0.6)
    net.set_params(criterion__column_weights=[1] * 5)
    assert float(net.criterion_(output, target)) == pytest.approx(0.2)


def test_optimizer_can_be_set(fitted, table):
    net = fitted.net_.set_params(optimizer=torch.optim.SGD)
    assert isinstance(net.optimizer_, torch.optim.SGD)
    net.set_params(optimizer="adamw").fit(table)
