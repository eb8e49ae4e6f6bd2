"""Callbacks of skorch: all that it documents work, or are refused in one sentence."""

import numpy as np
import pytest
import torch
from skorch.callbacks import (
    BatchScoring,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    EpochTimer,
    Freezer,
    GradientNormClipping,
    Initializer,
    InputShapeSetter,
    LoadInitState,
    LRScheduler,
    ParamMapper,
    PassthroughScoring,
    PrintLog,
    TrainEndCheckpoint,
    Unfreezer,
    WarmRestartLR,
)

from helpers import make
from sk_dae import (
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

SMALL = {"max_iter": 3, "random_state": 0}
ESTIMATORS = {
    "autoencoder": make(max_iter=3),
    "stacked": StackedDenoisingAutoencoder(
        3, hidden_layer_sizes=6, pretrain_max_iter=2, **SMALL
    ),
    "tabular": TabularDenoisingAutoencoder(3, hidden_layer_sizes=6, **SMALL),
    "classifier": DenoisingAutoencoderClassifier(make(max_iter=2), **SMALL),
    "regressor": DenoisingAutoencoderRegressor(make(max_iter=2), **SMALL),
}
every_estimator = pytest.mark.parametrize("name", ESTIMATORS)


def fit(name, table, callbacks, **params):
    estimator = ESTIMATORS[name]
    y = table[:, 0]
    if name == "classifier":
        y = (y > 0).astype(int)
    fresh = type(estimator)(**estimator.get_params(deep=False))
    return fresh.set_params(net_callbacks=callbacks, **params).fit(table, y)


WORKING = {
    "timer": lambda path: [EpochTimer()],
    "class": lambda path: [EpochTimer],
    "named": lambda path: [("timer", EpochTimer())],
    "print": lambda path: [PrintLog(sink=lambda *args: None)],
    "clipping": lambda path: [GradientNormClipping(1.0)],
    "freezer": lambda path: [Freezer("encoder.0.*")],
    "unfreezer": lambda path: [Freezer("*.bias"), Unfreezer("*.bias", at=2)],
    "initializer": lambda path: [Initializer("*.bias", fn=torch.nn.init.zeros_)],
    "mapper": lambda path: [ParamMapper("*.bias", fn=lambda p: None, at=2)],
    "scheduler": lambda path: [LRScheduler("StepLR", step_size=1)],
    "plateau": lambda path: [LRScheduler("ReduceLROnPlateau")],
    "restarts": lambda path: [LRScheduler(WarmRestartLR)],
    "patience": lambda path: [EarlyStopping("train_loss", load_best=True)],
    "checkpoint": lambda path: [Checkpoint(monitor=None, dirname=path)],
    "best": lambda path: [
        Checkpoint(monitor="train_loss_best", dirname=path, load_best=True)
    ],
    "end": lambda path: [TrainEndCheckpoint(dirname=path)],
    "resumed": lambda path: [
        LoadInitState(Checkpoint(monitor=None, dirname=path)),
        Checkpoint(monitor=None, dirname=path),
    ],
    "pass_through": lambda path: [PassthroughScoring("train_loss", on_train=True)],
    "score": lambda path: [
        EpochScoring("neg_mean_squared_error", on_train=True),
        BatchScoring("neg_mean_squared_error", on_train=True),
    ],
    "own_score": lambda path: [
        EpochScoring(lambda net, X, y=None: 1.0, on_train=True, name="valid_one"),
        EarlyStopping("valid_one"),
    ],
}


# All of them for the three that train in ways of their own: at once, layer by layer and
# with targets.
ALIKE = {"tabular", "regressor"}
FOR_THE_OTHERS = {"class", "named", "plateau", "best"}


@pytest.mark.parametrize(
    ("name", "callback"),
    [
        (name, callback)
        for name in ESTIMATORS
        for callback in WORKING
        if name not in ALIKE or callback in FOR_THE_OTHERS
    ],
)
def test_callbacks_of_skorch_work(table, tmp_path, name, callback):
    for _ in range(2 if callback == "resumed" else 1):
        model = fit(name, table, WORKING[callback](tmp_path))
    assert np.isfinite(model.loss_curve_).all()


def test_early_stopping_of_skorch_works_with_validation_rows(table):
    for name in ESTIMATORS:
        model = fit(name, table, [EarlyStopping()], early_stopping=True)
        assert model.validation_loss_curve_


WATCHING = [
    EarlyStopping(),
    Checkpoint(),
    LRScheduler("ReduceLROnPlateau", monitor="valid_loss"),
    PassthroughScoring("valid_loss"),
    ("stop", EarlyStopping()),
    EarlyStopping,
]


@every_estimator
@pytest.mark.parametrize("callback", WATCHING)
def test_one_that_watches_validation_rows_says_how_to_get_them(table, name, callback):
    with pytest.raises(ValueError, match=r"net_callbacks .* set early_stopping=True"):
        fit(name, table, [callback])


def test_one_that_watches_a_score_of_validation_rows_is_refused_too(table):
    scoring = EpochScoring("r2", on_train=False, lower_is_better=False)
    with pytest.raises(ValueError, match=r"watches 'r2'.* set early_stopping=True"):
        fit("autoencoder", table, [scoring, EarlyStopping("r2")])
    model = fit(
        "autoencoder", table, [scoring, EarlyStopping("r2")], early_stopping=True
    )
    assert "r2" in model.net_.history[-1]


@every_estimator
@pytest.mark.parametrize(
    "callbacks, error, message",
    [
        ([EarlyStopping("foo")], ValueError, "EarlyStopping, that watches 'foo'"),
        ([Checkpoint(monitor="foo_best")], ValueError, "Checkpoint, that watches"),
        ([InputShapeSetter()], ValueError, "InputShapeSetter, which has nothing"),
        ([InputShapeSetter], ValueError, "InputShapeSetter, which has nothing"),
        (["a"], TypeError, "net_callbacks must hold callbacks of skorch"),
        ([["a"]], TypeError, "net_callbacks must hold callbacks of skorch"),
        ([("a", 1)], TypeError, "net_callbacks must hold callbacks of skorch"),
        ([1.5], TypeError, "net_callbacks must hold callbacks of skorch"),
    ],
)
def test_unsuitable_callbacks_are_refused(
    table, tmp_path, monkeypatch, name, callbacks, error, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        fit(name, table, callbacks)


@every_estimator
@pytest.mark.parametrize("scorer", ["accuracy", "top_k_accuracy", "nonsense"])
@pytest.mark.parametrize("cls", [EpochScoring, BatchScoring])
def test_scorer_that_does_not_go_with_the_net_is_refused(table, name, scorer, cls):
    with pytest.raises(
        ValueError, match=rf"net_callbacks .*{cls.__name__}\('{scorer}'"
    ):
        fit(name, table, [cls(scorer, on_train=True)])


def test_error_of_a_scorer_of_the_users_is_left_alone(table):
    def score(net, X, y=None):
        raise ValueError("mine")

    with pytest.raises(ValueError, match=r"^mine$"):
        fit("autoencoder", table, [EpochScoring(score, on_train=True)])


def test_files_are_those_of_the_whole_stack(table, tmp_path):
    model = fit("stacked", table, [Checkpoint(monitor=None, dirname=tmp_path)])
    state = torch.load(tmp_path / "params.pt")
    for name, weight in model.net_.module_.state_dict().items():
        assert torch.equal(weight, state[name])


def test_other_callbacks_of_a_stack_see_its_layers(table):
    from skorch.callbacks import Callback

    class Counter(Callback):
        n_trainings = 0

        def on_train_begin(self, net, **kwargs):
            Counter.n_trainings += 1

    fit("stacked", table, [Counter()])
    assert Counter.n_trainings == 3
