"""skorch's callbacks, and scikit-learn's where it has them."""

import functools
import os
import signal
import time

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    PrintLog,
    TrainEndCheckpoint,
)

from helpers import weights_of
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    StopTraining,
)
from sk_dae.metrics import make_denoising_scorer


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 6, "random_state": 0, **params}
    )


# -- skorch ----------------------------------------------------------------------------


class Recorder(Callback):
    """Writes down what it is told."""

    def initialize(self):
        self.events = []
        return self

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.events.append("train_begin")

    def on_epoch_begin(self, net, **kwargs):
        self.events.append("epoch_begin")

    def on_batch_begin(self, net, batch=None, training=None, **kwargs):
        self.events.append("batch_begin")

    def on_grad_computed(self, net, named_parameters, **kwargs):
        names = [name for name, parameter in named_parameters if parameter.grad is None]
        assert not names
        self.events.append("grad_computed")

    def on_batch_end(self, net, batch=None, training=None, loss=None, **kwargs):
        X, target = batch
        assert X.shape == target.shape == kwargs["y_pred"].shape
        self.events.append("batch_end")

    def on_epoch_end(self, net, **kwargs):
        self.events.append("epoch_end")

    def on_train_end(self, net, X=None, y=None, **kwargs):
        self.events.append("train_end")


def test_skorch_callbacks_hear_every_event(table):
    recorder = Recorder()
    make(net_callbacks=[recorder], max_iter=2, batch_size=30).fit(table)
    batch = ["batch_begin", "grad_computed", "batch_end"]
    epoch = ["epoch_begin", *batch, *batch, "epoch_end"]
    assert recorder.events == ["train_begin", *epoch, *epoch, "train_end"]


class StopAt(Callback):
    """Stops at the end of an epoch."""

    def __init__(self, epoch, error=StopTraining):
        self.epoch = epoch
        self.error = error

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise self.error


class StopWithin(Callback):
    """Stops in the middle of the second epoch, or before anything was done."""

    def __init__(self, event, n_calls):
        self.event = event
        self.n_calls = n_calls

    def _count(self, event):
        if event == self.event:
            self.n_calls -= 1
            if self.n_calls == 0:
                raise StopTraining

    def on_train_begin(self, net, **kwargs):
        self._count("on_train_begin")

    def on_batch_begin(self, net, **kwargs):
        self._count("on_batch_begin")

    def on_batch_end(self, net, **kwargs):
        self._count("on_batch_end")


def test_callback_may_stop_within_an_epoch(table):
    recorder = Recorder()
    stop = StopWithin("on_batch_end", 4)
    dae = make(net_callbacks=[stop, recorder], batch_size=20).fit(table)
    assert dae.n_iter_ == 2
    assert len(dae.loss_curve_) == 2
    assert dae.net_.history[:, "train_batch_count"] == [3, 1]
    # The callback behind the one that stopped has heard of the last batch too.
    assert recorder.events[-2:] == ["batch_end", "train_end"]


@pytest.mark.parametrize("event", ["on_train_begin", "on_batch_begin"])
def test_stop_before_the_first_step_is_an_error(table, event):
    dae = make().fit(table)
    before = dae.transform(table)
    dae.set_params(net_callbacks=[StopWithin(event, 1)])
    with pytest.raises(ValueError, match="before its first step"):
        dae.fit(table)
    np.testing.assert_array_equal(dae.transform(table), before)


class StopAtTheStart(Callback):
    """Stops at the beginning of the third epoch."""

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) == 3:
            raise StopTraining


@pytest.mark.parametrize("early_stopping", [False, True])
def test_epoch_that_was_not_begun_does_not_count(table, early_stopping, capsys):
    dae = make(
        net_callbacks=[StopAtTheStart()], verbose=1, early_stopping=early_stopping
    ).fit(table)
    assert dae.n_iter_ == len(dae.loss_curve_) == 2


def test_stop_before_the_first_validation_leaves_no_validation_curve(table):
    stop = StopWithin("on_batch_end", 1)
    dae = make(net_callbacks=[stop], early_stopping=True).fit(table)
    assert dae.validation_loss_curve_ is None
    assert dae.best_loss_ == dae.loss_curve_[0]


@pytest.mark.parametrize("listens", [False, True])
def test_checkpoints_of_skorch_keep_the_best_epoch(table, tmp_path, listens):
    checkpoint = Checkpoint(dirname=tmp_path, load_best=True)
    callbacks = [checkpoint, TrainEndCheckpoint(dirname=tmp_path / "end")]
    if listens:
        callbacks.append(Recorder())
    make(net_callbacks=callbacks, early_stopping=True).fit(table)
    assert (tmp_path / "params.pt").exists()
    assert (tmp_path / "end" / "train_end_params.pt").exists()


def test_schedule_goes_on_when_a_part_is_frozen(table):
    rates = []

    class Spy(Callback):
        def on_epoch_end(self, net, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.5)
    callbacks = [Freezer("encoder.0.bias"), Spy(), schedule]
    make(net_callbacks=callbacks, learning_rate="constant").fit(table)
    np.testing.assert_allclose(rates, 0.003 * 0.5 ** np.arange(6.0))


class Meddler(Callback):
    """Does to parameters and gradients what other libraries do."""

    def on_batch_begin(self, net, **kwargs):
        net.module_.zero_grad()

    def on_batch_end(self, net, **kwargs):
        net.optimizer_.zero_grad()
        for parameter in net.module_.parameters():
            parameter.data = parameter.data.clone()


def test_detached_parameters_and_gradients_are_attached_again(table):
    meddled = make(net_callbacks=[Meddler()]).fit(table)
    assert torch.equal(weights_of(meddled), weights_of(make().fit(table)))


class Interrupted(Callback):
    """Receives Ctrl-C while it is at work."""

    def on_epoch_end(self, net, **kwargs):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_callback_that_raises_stop_training_stops_the_fit(table):
    dae = make(net_callbacks=[StopAt(2)]).fit(table)
    assert dae.n_iter_ == 2
    assert dae.transform(table).shape == (60, 3)


def test_other_errors_of_callbacks_come_through(table):
    dae = make().fit(table)
    before = dae.transform(table)
    for error in (KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(error):
            dae.set_params(net_callbacks=[StopAt(2, error)]).fit(table)
        np.testing.assert_array_equal(dae.transform(table), before)


def raise_interrupt(number, frame):
    raise KeyboardInterrupt


class Handler:
    def __call__(self, number, frame):
        raise_interrupt(number, frame)


@pytest.mark.parametrize(
    "handler",
    [
        signal.default_int_handler,
        raise_interrupt,
        functools.partial(raise_interrupt),
        Handler(),
    ],
)
def test_interrupt_during_a_callback_is_an_interrupt(table, handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            make(net_callbacks=[Interrupted()]).fit(table)
    finally:
        signal.signal(signal.SIGINT, before)


def test_skorch_early_stopping_is_a_normal_stop(table):
    stop = EarlyStopping(monitor="train_loss", patience=2, threshold=10.0)
    dae = make(net_callbacks=[stop], max_iter=50).fit(table)
    assert dae.n_iter_ == 3


def test_gradient_clipping_and_schedulers_of_skorch_act(table):
    free = make().fit(table)
    clipped = make(net_callbacks=[GradientNormClipping(1e-6)], optimizer="sgd").fit(
        table
    )
    assert not torch.equal(weights_of(free), weights_of(clipped))
    schedule = LRScheduler(torch.optim.lr_scheduler.StepLR, step_size=1, gamma=0.1)
    dae = make(net_callbacks=[schedule], learning_rate="constant").fit(table)
    rates = dae.net_.history[:, "event_lr"]
    np.testing.assert_allclose(rates, 0.003 * 0.1 ** np.arange(6.0), rtol=1e-6)


def test_frozen_parameters_stay_as_they_are(table):
    free = make(max_iter=1, learning_rate_init=1e-12).fit(table)
    frozen = make(net_callbacks=[Freezer("encoder.*")]).fit(table)
    for name, start in free.net_.module_.named_parameters():
        end = dict(frozen.net_.module_.named_parameters())[name]
        close = torch.allclose(start, end, rtol=1e-5, atol=1e-6)
        assert close == name.startswith("encoder")


def test_named_callbacks_and_print_log_are_served(table):
    lines = []
    make(net_callbacks=[("log", PrintLog(sink=lines.append))]).fit(table)
    assert any("train_loss" in line for line in lines)


def test_scores_of_skorch_are_recorded(table):
    scoring = EpochScoring(
        lambda net, X, y=None: 1.5, name="mine", on_train=True, use_caching=False
    )
    dae = make(net_callbacks=[scoring]).fit(table)
    assert dae.net_.history[:, "mine"] == [1.5] * 6


# -- scikit-learn ----------------------------------------------------------------------

sklearn_callback = pytest.importorskip(
    "sklearn.callback", reason="scikit-learn has callbacks from 1.9 on"
)


class Memory:
    """Keeps the fitted estimator of each epoch; stops after `stop_after` of them."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.fitted = []
        self.n_rows = []
        self.hooks = []

    def setup(self, estimator, context):
        self.hooks.append("setup")

    def teardown(self, estimator, context):
        self.hooks.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        if context.task_name == "epoch":
            self.fitted.append(fitted_estimator)
            self.n_rows.append(None if X is None else len(X))
            return len(self.fitted) == self.stop_after


def monitor():
    return sklearn_callback.ScoringMonitor(
        scoring={"restored": make_denoising_scorer("gaussian", 0.2)}
    )


def check_scores(log, n_epochs):
    """Check that every epoch was scored, and that training improved the score."""
    scores = [row["restored"] for row in log.data if "restored" in row]
    assert len(scores) == n_epochs
    assert np.isfinite(scores).all()
    assert scores[-1] > scores[0]


def test_scoring_monitor_scores_every_epoch(table):
    watcher = monitor()
    watched = make().set_callbacks(watcher).fit(table)
    check_scores(watcher.get_logs(), 6)
    assert torch.equal(weights_of(watched), weights_of(make().fit(table)))


def test_scoring_monitor_scores_inside_a_pipeline(table):
    watcher = monitor()
    make_pipeline(
        StandardScaler(), make().set_callbacks(watcher), LogisticRegression()
    ).fit(table, np.arange(60) % 2)
    check_scores(watcher.get_logs(), 6)


@pytest.mark.slow
def test_scoring_monitor_scores_inside_a_grid_search(table):
    watcher = monitor()
    pipeline = make_pipeline(
        StandardScaler(), make().set_callbacks(watcher), LogisticRegression()
    )
    GridSearchCV(
        pipeline,
        {"denoisingautoencoder__noise_level": [0.1, 0.2]},
        cv=2,
        n_jobs=2,
    ).fit(table, np.arange(60) % 2)
    logs = watcher.get_logs(select="all")
    assert sum(len(log.data) for log in logs) == 6 * 5
    assert all("restored" in row for log in logs for row in log.data)


@pytest.mark.parametrize("make_rows", [np.asarray, np.ndarray.tolist, sp.dia_array])
def test_scoring_monitor_scores_the_labeled_rows_of_a_classifier(table, make_rows):
    labels = np.where(np.arange(60) % 3, np.arange(60) % 2, -1)
    watcher = sklearn_callback.ScoringMonitor(scoring="accuracy")
    model = DenoisingAutoencoderClassifier(
        make(), max_iter=6, unlabeled_value=-1, random_state=0
    ).set_callbacks(watcher)
    model.fit(make_rows(table), labels.tolist())
    scores = [row["accuracy"] for row in watcher.get_logs().data if "accuracy" in row]
    labeled = labels >= 0
    assert len(scores) == 6
    assert scores[-1] == model.score(table[labeled], labels[labeled])
    assert scores[-1] != model.score(table, labels)


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param([True], id="one target"),
        pytest.param([True, True], id="all of two"),
        pytest.param([False, True], id="one of two"),
    ],
)
def test_scoring_monitor_scores_the_rows_of_a_regressor_with_all_targets(
    table, missing
):
    targets = table[:, : len(missing)].astype(np.float64)
    targets[::3, missing] = np.nan
    watcher = sklearn_callback.ScoringMonitor(scoring="r2")
    model = DenoisingAutoencoderRegressor(make(), max_iter=6, random_state=0)
    model.set_callbacks(watcher).fit(table, targets)
    scores = [row["r2"] for row in watcher.get_logs().data if "r2" in row]
    known = np.isfinite(targets).all(axis=1)
    assert len(scores) == 6
    assert scores[-1] == model.score(table[known], targets[known])


def test_callback_hears_of_labeled_rows_where_none_has_all_targets(table):
    targets = table[:, :2].astype(np.float64)
    targets[::2, 0] = targets[1::2, 1] = targets[:10] = np.nan
    memory = Memory()
    model = DenoisingAutoencoderRegressor(make(), max_iter=6, random_state=0)
    model.set_callbacks(memory).fit(table, targets)
    assert memory.n_rows == [len(table) - 10] * 6


def test_progress_bar_is_drawn(table, capsys):
    pytest.importorskip("rich")
    watched = make().set_callbacks(sklearn_callback.ProgressBar()).fit(table)
    assert "DenoisingAutoencoder - fit" in capsys.readouterr().out
    assert torch.equal(weights_of(watched), weights_of(make().fit(table)))


def test_callback_sees_the_estimator_of_its_epoch(table):
    memory = Memory()
    dae = make().set_callbacks(memory).fit(table)
    scores = [fitted.score(table) for fitted in memory.fitted]
    assert len(set(scores)) == 6
    np.testing.assert_array_equal(
        memory.fitted[-1].transform(table), dae.transform(table)
    )
    assert memory.hooks == ["setup", "teardown"]


def test_callback_that_returns_true_stops_the_fit(table):
    dae = make().set_callbacks(Memory(stop_after=2)).fit(table)
    assert dae.n_iter_ == 2


def test_callbacks_are_torn_down_when_the_fit_fails(table):
    memory = Memory()
    dae = make(learning_rate_init=1e30, optimizer="sgd", alpha=0)
    with pytest.raises(ValueError, match="loss became"):
        dae.set_callbacks(memory).fit(table)
    assert memory.hooks == ["setup", "teardown"]
    assert not hasattr(dae, "_callback_fit_ctx")
