"""The fork of the global generators: lent while code draws, and only then."""

import functools
import random
import threading

import numpy as np
import pandas as pd
import pytest
import torch
from numpy import random as numpy_random

from helpers import weights_of
from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderRegressor
from sk_dae.backend.forked import ForkedGenerators, generators_named_in

CPU = torch.device("cpu")


class Module(torch.nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.encoder(self.add_noise(X) if self.training else X)

    def decode(self, code):
        return self.decoder(code)

    def add_noise(self, X):
        return X


class FromTorch(Module):
    def add_noise(self, X):
        return X + 0.1 * torch.randn(X.shape)


class FromNumPy(Module):
    def add_noise(self, X):
        return X + 0.1 * torch.from_numpy(np.random.normal(size=X.shape)).float()


class FromPython(Module):
    def add_noise(self, X):
        return X * random.uniform(0.9, 1.1)


def scaled(X):
    return X * float(numpy_random.uniform(0.9, 1.1))


class FromAFunction(Module):
    def add_noise(self, X):
        return scaled(X)


class InBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, X):
        return X.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * torch.rand(())


class FromBackward(Module):
    def decode(self, code):
        return self.decoder(InBackward.apply(code))


class Late(Module):
    """Draws from the third epoch on."""

    n_calls = 0

    def add_noise(self, X):
        self.n_calls += 1
        return X + 0.1 * torch.randn(X.shape) if self.n_calls > 4 else X


DRAWING = [FromTorch, FromNumPy, FromPython, FromAFunction, FromBackward, Late]


def make(**params):
    defaults = {"n_components": 3, "max_iter": 5, "batch_size": 30, "random_state": 0}
    return DenoisingAutoencoder(**{**defaults, **params})


def global_states():
    name, keys, *rest = np.random.get_state()
    return (
        torch.get_rng_state().numpy().tobytes(),
        (name, keys.tobytes(), *rest),
        random.getstate(),
    )


def seed_all(seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


@pytest.mark.parametrize("module", [Module, *DRAWING])
def test_module_draws_the_same_whatever_the_global_states(table, module):
    seed_all(0)
    before = global_states()
    first = make(module=module).fit(table)
    assert global_states() == before
    seed_all(1)
    second = make(module=module).fit(table)
    assert torch.equal(weights_of(first), weights_of(second))


@pytest.mark.parametrize("module", DRAWING[:3])
def test_its_draws_are_no_constants(table, module):
    plain, drawing = make(module=Module).fit(table), make(module=module).fit(table)
    assert not torch.equal(weights_of(plain), weights_of(drawing))
    assert len(set(drawing.loss_curve_)) == 5


@pytest.mark.parametrize("module", DRAWING[:3])
def test_predictor_and_net_draw_from_a_fork_too(table, module):
    found = []
    for seed in range(2):
        seed_all(seed)
        before = global_states()
        model = DenoisingAutoencoderRegressor(
            make(module=module, max_iter=1),
            max_iter=2,
            early_stopping=True,
            random_state=0,
        ).fit(table, table[:, 0])
        net = make(module=module, max_iter=1).fit(table).net_
        found.append((model.predict(table), net.partial_fit(table).predict(table)))
        assert global_states() == before
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_draws_of_a_callback_are_the_users(table):
    from skorch.callbacks import Callback

    drawn = []

    class Drawing(Callback):
        def on_epoch_end(self, net, **kwargs):
            drawn.append(np.random.random_sample())

    np.random.seed(3)
    make(module=FromNumPy, net_callbacks=[Drawing()]).fit(table)
    np.testing.assert_array_equal(drawn, np.random.RandomState(3).random_sample(5))


class Slow(Module):
    """Waits for the other fits in every step, as no two could under one lock."""

    barrier = None

    def add_noise(self, X):
        self.n_calls = getattr(self, "n_calls", 0) + 1
        if self.n_calls == 2 and Slow.barrier is not None:
            Slow.barrier.wait(30)
        return X


def test_modules_that_do_not_draw_train_at_the_same_time(table):
    alone = [make(module=Slow, random_state=i).fit(table) for i in range(3)]
    Slow.barrier, fitted = threading.Barrier(3), [None] * 3

    def fit(i):
        fitted[i] = make(module=Slow, random_state=i).fit(table)

    threads = [threading.Thread(target=fit, args=(i,)) for i in range(3)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        Slow.barrier = None
    for one, other in zip(alone, fitted, strict=True):
        assert torch.equal(weights_of(one), weights_of(other))


@pytest.mark.parametrize("module", [Module, FromTorch])
def test_draws_of_other_threads_are_not_undone(table, module):
    stop, drawn = threading.Event(), []

    def draw():
        while not stop.is_set():
            drawn.append(np.random.random_sample())
            stop.wait(1e-5)

    np.random.seed(4)
    thread = threading.Thread(target=draw)
    thread.start()
    make(module=module, max_iter=20).fit(table)
    stop.set()
    thread.join()
    expected = np.random.RandomState(4).random_sample(len(drawn))
    np.testing.assert_array_equal(drawn, expected)


def local_import(X):
    import numpy.random as generators

    return generators.normal(size=len(X))


bound = np.random.normal


@pytest.mark.parametrize(
    "code, kinds",
    [
        (Module, set()),
        (Module(2, 1), set()),
        (FromTorch, set()),
        (FromNumPy, {"numpy"}),
        (FromNumPy(2, 1), {"numpy"}),
        (FromAFunction, {"numpy"}),
        (FromPython, {"python"}),
        (lambda n, k: FromPython(n, k), {"python"}),
        (functools.partial(FromNumPy, 3), {"numpy"}),
        (local_import, {"numpy"}),
        (lambda: bound(), {"numpy"}),
        (torch.nn.Dropout(0.2), set()),
    ],
)
def test_generators_are_found_by_their_names(code, kinds):
    assert generators_named_in(code) == kinds


@pytest.mark.parametrize(
    "value",
    [np.ones(3), pd.DataFrame({"a": [1, 2]}), torch.ones(3), [np.ones(2)]],
    ids=["array", "frame", "tensor", "list"],
)
def test_module_may_name_values_that_are_not_simply_equal(table, value):
    class Scaled(Module):
        def add_noise(self, X):
            return X * len(value)

    assert generators_named_in(Scaled) == set()
    dae = DenoisingAutoencoder(2, module=Scaled, max_iter=1).fit(table)
    assert np.isfinite(dae.transform(table)).all()


def test_each_piece_of_code_is_watched_once():
    forked = ForkedGenerators(0, CPU, FromTorch)
    with forked.lent("idle"):
        pass
    torch.manual_seed(1)
    before = torch.get_rng_state()
    with forked.lent("drawing"):
        first = torch.rand(2)
    with forked.lent("drawing"):
        second = torch.rand(2)
    assert torch.equal(torch.get_rng_state(), before)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat([first, second]), expected)
    with forked.lent("idle"):  # known not to draw
        torch.rand(1)
    assert not torch.equal(torch.get_rng_state(), before)
    forked.watch_again()
    before = torch.get_rng_state()
    with forked.lent("idle"):
        torch.rand(1)
    assert torch.equal(torch.get_rng_state(), before)
