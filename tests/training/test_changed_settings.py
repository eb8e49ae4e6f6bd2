"""Settings of torch that a callback changes in the middle of a training."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, Freezer

from helpers import make, weights_of
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingImputer,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

X = np.random.RandomState(0).normal(size=(40, 4)).astype(np.float32)
GAPS = np.where(np.random.RandomState(1).uniform(size=X.shape) < 0.1, np.nan, X)
y = np.arange(40) % 2
SMALL = {"max_iter": 2, "random_state": 0}


class Changes(Callback):
    """Calls a function at an event of the first epoch."""

    def __init__(self, event, function):
        self.event = event
        self.function = function

    def on_epoch_end(self, net, **kwargs):
        if self.event == "epoch" and len(net.history) == 1:
            self.function()


class ChangesInBatch(Changes):
    """The same at the end of a batch."""

    def on_batch_end(self, net, **kwargs):
        if self.event == "batch" and len(net.history) == 1:
            self.function()


def predictor_around(callbacks):
    dae = make(net_callbacks=callbacks)
    return DenoisingAutoencoderClassifier(dae, **SMALL)


def imputer_around(callbacks):
    dae = DenoisingAutoencoder(2, net_callbacks=callbacks, **SMALL)
    return DenoisingImputer(dae, n_estimators=2, random_state=0)


MODELS = {
    "plain": lambda found: make(net_callbacks=found),
    "swap": lambda found: make(corruption="swap", net_callbacks=found),
    "variational": lambda found: make(penalty="variational", net_callbacks=found),
    "stack": lambda found: StackedDenoisingAutoencoder(
        2, hidden_layer_sizes=(3,), pretrain_max_iter=2, net_callbacks=found, **SMALL
    ),
    "table": lambda found: TabularDenoisingAutoencoder(2, net_callbacks=found, **SMALL),
    "predictor": predictor_around,
    "imputer": imputer_around,
}
SETTINGS = {
    "dtype": (
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.set_default_dtype(torch.float32),
    ),
    "autocast": (
        lambda: torch.set_autocast_enabled("cpu", True),
        lambda: torch.set_autocast_enabled("cpu", False),
    ),
}


@pytest.mark.parametrize("event", ["epoch", "batch"])
@pytest.mark.parametrize(
    "model, setting",
    [
        (model, setting)
        for model in MODELS
        for setting in SETTINGS
        if (model, setting) != ("stack", "autocast")
    ],
)
def test_settings_of_a_callback_change_nothing(model, setting, event):
    change, back = SETTINGS[setting]

    def results(function):
        model_ = MODELS[model]([ChangesInBatch(event, function)])
        try:
            model_.fit(GAPS, y)
        finally:
            back()
        predicts = getattr(model_, "predict_proba", None) or model_.transform
        return predicts(GAPS)

    np.testing.assert_array_equal(results(change), results(lambda: None))


def test_setting_of_a_callback_stays():
    try:
        make(net_callbacks=[Changes("epoch", SETTINGS["dtype"][0])]).fit(X)
        assert torch.get_default_dtype() == torch.float64
    finally:
        SETTINGS["dtype"][1]()


def test_number_of_threads_of_a_callback_stays():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        change = Changes("epoch", lambda: torch.set_num_threads(3))
        make(net_callbacks=[change]).fit(X)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("penalty", [None, "contractive"])
def test_a_module_that_is_frozen_as_a_whole_is_refused(penalty):
    dae = make(net_callbacks=[Freezer("*")], penalty=penalty)
    with pytest.raises(ValueError, match="All parameters of the module are frozen"):
        dae.fit(X)


class Hooks(Callback):
    """Registers a hook of the optimizer, and counts its calls."""

    def __init__(self, kind):
        self.kind = kind

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.calls = 0
        getattr(net.optimizer_, f"register_step_{self.kind}_hook")(self._count)

    def _count(self, optimizer, args, kwargs):
        assert args[0] is optimizer
        self.calls += 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pre", "post"])
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "rmsprop"])
@pytest.mark.parametrize("width", [3, 9000])
def test_hooks_of_the_optimizer_are_called(optimizer, kind, width):
    hooks = Hooks(kind)
    params = {"optimizer": optimizer, "n_components": width, "max_iter": 2}
    hooked = make(net_callbacks=[hooks], batch_size=20, **params).fit(X)
    assert hooks.calls == 4
    alone = make(batch_size=20, **params).fit(X)
    assert torch.equal(weights_of(hooked), weights_of(alone))
