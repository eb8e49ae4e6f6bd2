"""An interrupt leaves `fit`, whatever handles the signal; a stop is a normal end."""

import functools
import signal

import numpy as np
import pytest
from skorch.callbacks import Callback, EarlyStopping

from helpers import make
from sk_dae import StopTraining


class Handler:
    def __call__(self, number, frame):
        raise KeyboardInterrupt

    def method(self, number, frame):
        raise KeyboardInterrupt


def handle(reason, number, frame):
    raise KeyboardInterrupt


HANDLERS = {
    "default": signal.default_int_handler,
    "function": functools.partial(handle, "why").func.__get__("why"),
    "partial": functools.partial(handle, "why"),
    "object": Handler(),
    "method": Handler().method,
}


class Interrupt(Callback):
    """Gets a signal in one of its methods, in the second epoch."""

    def __init__(self, event):
        self.event = event

    def _interrupt(self, event, net):
        if event == self.event and len(net.history) == 2:
            signal.raise_signal(signal.SIGINT)

    def on_epoch_begin(self, net, **kwargs):
        self._interrupt("on_epoch_begin", net)

    def on_batch_end(self, net, **kwargs):
        self._interrupt("on_batch_end", net)

    def on_epoch_end(self, net, **kwargs):
        self._interrupt("on_epoch_end", net)


@pytest.mark.parametrize("event", ["on_epoch_begin", "on_batch_end", "on_epoch_end"])
@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_signal_in_a_callback_is_an_interrupt(table, handler, event):
    dae = make().fit(table)
    expected = dae.transform(table)
    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            dae.set_params(net_callbacks=[Interrupt(event)]).fit(table)
    finally:
        signal.signal(signal.SIGINT, before)
    np.testing.assert_array_equal(dae.transform(table), expected)


class InterruptedAtTheEnd(EarlyStopping):
    def on_train_end(self, net, **kwargs):
        signal.raise_signal(signal.SIGINT)


def test_signal_after_early_stopping_of_skorch_is_an_interrupt(table):
    stopping = InterruptedAtTheEnd("train_loss", patience=1, threshold=100.0)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            make(net_callbacks=[stopping]).fit(table)
    finally:
        signal.signal(signal.SIGINT, before)


class Thrower(Callback):
    """Raises an error in a generator, in whose frame it arises."""

    def __init__(self, error):
        self.error = error

    def on_epoch_end(self, net, **kwargs):
        def wait():
            yield

        waiting = wait()
        next(waiting)
        waiting.throw(self.error)


def test_stop_that_is_thrown_into_a_generator_is_a_normal_end(table):
    dae = make(net_callbacks=[Thrower(StopTraining)]).fit(table)
    assert dae.n_iter_ == 1


def test_interrupt_that_is_thrown_into_a_generator_is_an_interrupt(table):
    with pytest.raises(KeyboardInterrupt):
        make(net_callbacks=[Thrower(KeyboardInterrupt)]).fit(table)
