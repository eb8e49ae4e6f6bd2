"""One seed, one model: whatever the global state, the threads and the watchers."""

import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback, EpochScoring

from helpers import weights_of
from sk_dae import ComposeNoise, DenoisingAutoencoder, GaussianNoise, SwapNoise
from sk_dae.penalties import PENALTIES


class DrawingModule(torch.nn.Module):
    """A user's module, which draws from torch's global generator."""

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)
        self.dropout = torch.nn.Dropout(0.2)

    def encode(self, X):
        return self.encoder(self.dropout(X))

    def decode(self, code):
        return self.decoder(code)


class Watcher(Callback):
    """Listens to everything and does nothing."""

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        pass

    def on_grad_computed(self, net, named_parameters, **kwargs):
        pass


SETTINGS = {
    "default": {},
    "dropout": {"dropout": 0.3},
    "tied": {"tied_weights": True, "activation": "tanh"},
    "swap": {"corruption": "swap"},
    "compose": {"corruption": ComposeNoise([SwapNoise(0.1), GaussianNoise(0.1)])},
    "early_stopping": {"early_stopping": True},
    "module": {"module": DrawingModule},
    **{penalty: {"penalty": penalty} for penalty in PENALTIES},
}


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 4, "max_iter": 4, "random_state": 0, **params}
    )


def global_states():
    name, keys, *rest = np.random.get_state()
    return (
        torch.get_rng_state().numpy().tobytes(),
        (name, keys.tobytes(), *rest),
        random.getstate(),
    )


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
def test_same_seed_gives_bitwise_equal_weights(table, params):
    first = make(**params).fit(table)
    torch.manual_seed(123)
    np.random.seed(456)
    random.seed(789)
    second = make(**params).fit(table)
    assert torch.equal(weights_of(first), weights_of(second))
    assert first.loss_curve_ == second.loss_curve_


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
def test_global_states_are_left_alone(table, params):
    before = global_states()
    dae = make(**params).fit(table)
    dae.transform(table)
    dae.denoise(table)
    dae.set_params(early_stopping=False).partial_fit(table)
    assert global_states() == before


def test_another_seed_gives_another_model(table):
    first, second = make().fit(table), make(random_state=1).fit(table)
    assert not torch.equal(weights_of(first), weights_of(second))


def test_random_state_none_draws_one_integer_from_numpy(table):
    torch_before = torch.get_rng_state()
    np.random.seed(0)
    make(random_state=None).fit(table)
    after = np.random.randint(1000)
    np.random.seed(0)
    np.random.randint(np.iinfo(np.int32).max)
    assert np.random.randint(1000) == after
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_random_state_instance_is_advanced_from_fit_to_fit(table):
    state = np.random.RandomState(0)
    first = make(random_state=state).fit(table)
    second = make(random_state=state).fit(table)
    assert not torch.equal(weights_of(first), weights_of(second))


@pytest.mark.parametrize(
    "callbacks",
    [
        [Watcher()],
        [
            EpochScoring(
                lambda net, X, y=None: 0.0,
                name="zero",
                on_train=True,
                use_caching=False,
            )
        ],
    ],
    ids=["batches", "epochs"],
)
def test_callbacks_do_not_change_the_weights(table, callbacks):
    watched = make(net_callbacks=callbacks).fit(table)
    assert torch.equal(weights_of(watched), weights_of(make().fit(table)))
    assert watched.loss_curve_ == make().fit(table).loss_curve_


def test_verbose_does_not_change_the_weights(table, capsys):
    watched = make(verbose=1).fit(table)
    assert "epoch" in capsys.readouterr().out
    assert torch.equal(weights_of(watched), weights_of(make().fit(table)))


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
def test_two_fits_at_once_give_the_weights_of_one_after_the_other(table, params):
    alone = [make(random_state=i, **params).fit(table) for i in range(2)]
    with ThreadPoolExecutor(2) as pool:
        together = list(
            pool.map(
                lambda i: make(random_state=i, max_iter=4, **params).fit(table),
                range(2),
            )
        )
    for one, other in zip(alone, together, strict=True):
        assert torch.equal(weights_of(one), weights_of(other))


def test_threads_may_transform_with_one_model(digits):
    dae = make(hidden_layer_sizes=(64,)).fit(digits[:200])
    expected = dae.transform(digits)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: dae.transform(digits), range(8)):
            np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
def test_partial_fit_goes_on_where_it_stood_after_pickling(table, penalty):
    params = {"penalty": penalty}
    straight = make(**params).partial_fit(table).partial_fit(table)
    halted = pickle.loads(pickle.dumps(make(**params).partial_fit(table)))
    halted.partial_fit(table)
    assert torch.equal(weights_of(straight), weights_of(halted))


def test_fitted_estimator_keeps_no_generator(table):
    dae = make(dropout=0.5, corruption="swap").fit(table)
    assert b"Generator" not in pickle.dumps(dae)


def test_dropout_does_not_change_the_initial_weights_or_the_order(table):
    # Both come from streams of their own.
    plain = make(max_iter=1, learning_rate_init=1e-12).fit(table)
    dropped = make(max_iter=1, learning_rate_init=1e-12, dropout=0.5).fit(table)
    torch.testing.assert_close(weights_of(plain), weights_of(dropped))
