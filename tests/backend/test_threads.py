"""Threads: one for small nets, all for large ones, and as before afterwards."""

import contextlib
import threading

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from helpers import make, weights_of
from sk_dae import (
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.backend.threads import (
    FEW_PRODUCTS,
    FEW_PRODUCTS_OF_FEW_ROWS,
    FEW_ROWS,
    limited_threads,
)

CPU = torch.device("cpu")


@contextlib.contextmanager
def threads(n_threads):
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
        assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)


def threads_of_mkl():
    _, found, rest = torch.__config__.parallel_info().partition("mkl_get_max_threads()")
    return int(rest.split()[1]) if found else None


@pytest.mark.parametrize(("side", "n_threads"), [(8, 1), (32, 3)])
def test_nets_of_small_images_take_one_thread(side, n_threads):
    watch = Counter()
    images = np.random.default_rng(0).uniform(size=(64, side, side))
    with threads(3):
        ConvolutionalDenoisingAutoencoder(
            4, max_iter=1, net_callbacks=[watch], random_state=0
        ).fit(images)
    assert watch.found_ == [n_threads]


@pytest.mark.parametrize(
    "n_rows, n_weights, limited",
    [
        (32, 100, True),
        (FEW_ROWS, FEW_PRODUCTS_OF_FEW_ROWS // FEW_ROWS, True),
        (FEW_ROWS, FEW_PRODUCTS_OF_FEW_ROWS // FEW_ROWS + 1, False),
        (256, FEW_PRODUCTS // 256, True),
        (256, FEW_PRODUCTS // 256 + 1, False),
        (1, None, False),
        # The net of the README, and the small one of benchmarks/training_speed.py.
        (32, 2 * (64 * 256 + 256 * 64), True),
        (256, 2 * (32 * 64 + 64 * 32 + 32 * 16), False),
    ],
)
def test_small_nets_take_one_thread(n_rows, n_weights, limited):
    with threads(3):
        with limited_threads(n_rows, n_weights, CPU):
            assert torch.get_num_threads() == (1 if limited else 3)
            assert threads_of_mkl() in (1 if limited else 3, None)
        assert threads_of_mkl() in (3, None)
        with pytest.raises(ZeroDivisionError), limited_threads(1, 1, CPU):
            raise ZeroDivisionError


def test_other_devices_are_left_alone():
    with threads(3), limited_threads(1, 1, torch.device("cuda")):
        assert torch.get_num_threads() == 3


def test_other_threads_of_python_keep_theirs():
    found = []
    with threads(3):
        with limited_threads(1, 1, CPU):
            thread = threading.Thread(
                target=lambda: found.append(torch.get_num_threads())
            )
            thread.start()
            thread.join()
            assert torch.get_num_threads() == 1
    assert found == [3]


class Counter(Callback):
    """Notes how many threads there are in training."""

    def on_train_begin(self, net, **kwargs):
        self.found_ = [torch.get_num_threads()]


class Module(torch.nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.encoder(X)

    def decode(self, code):
        return self.decoder(code)


@pytest.mark.parametrize(
    "estimator, n_threads",
    [
        (make(), 1),
        (make(penalty="l1"), 1),
        # A Jacobian of the code is much more work.
        (make(penalty="contractive"), 3),
        # Nothing is known of a module of the user's.
        (make(module=Module), 3),
        (make(hidden_layer_sizes=(40_000,), max_iter=1), 3),
        (
            StackedDenoisingAutoencoder(
                3, hidden_layer_sizes=6, pretrain_max_iter=1, max_iter=1
            ),
            1,
        ),
        (TabularDenoisingAutoencoder(3, hidden_layer_sizes=6, max_iter=1), 1),
        (DenoisingAutoencoderClassifier(make(), max_iter=1), 1),
    ],
)
def test_trainings_of_small_nets_take_one_thread(table, estimator, n_threads):
    counter = Counter()
    y = (table[:, 0] > 0).astype(int)
    with threads(3):
        estimator.set_params(net_callbacks=[counter]).fit(table, y)
        assert torch.get_num_threads() == 3
    assert counter.found_ == [n_threads]


@pytest.mark.parametrize("width, n_threads", [(8, 1), (200_000, 3)])
def test_predictions_of_small_nets_take_one_thread(
    table, width, n_threads, monkeypatch
):
    dae = make(hidden_layer_sizes=(width,), max_iter=1).fit(table)
    found = []

    def encode(X, encode=dae.net_.module_.encode):
        found.append(torch.get_num_threads())
        return encode(X)

    monkeypatch.setattr(dae.net_.module_, "encode", encode)
    with threads(3):
        dae.transform(table)
    assert set(found) == {n_threads}


def test_small_nets_are_the_same_for_any_number_of_threads(digits):
    X, models = digits[:300], []
    for n_threads in (1, 2, 3):
        with threads(n_threads):
            models.append(make(hidden_layer_sizes=(32,)).fit(X))
    for model in models[1:]:
        assert torch.equal(weights_of(model), weights_of(models[0]))
        np.testing.assert_array_equal(model.transform(X), models[0].transform(X))
