"""Fitting: options of the training, resumed training, failures, odd and bad input."""

import copy
import os
import pickle
import random
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from helpers import make, weights_of
from sk_dae import GaussianNoise, MaskingNoise, SwapNoise
from sk_dae.losses import HuberLoss
from sk_dae.modules import MLPAutoencoder


def test_empty_cells_do_not_count(table):
    """Rows filled up with missing values train what the filled cells alone do."""
    holes = table.copy()
    holes[np.random.RandomState(0).uniform(size=table.shape) < 0.3] = np.nan
    dae = make(max_iter=200, corruption="masking").fit(holes)
    filled = dae.denoise(holes)
    missing = np.isnan(holes)
    # The columns are correlated: better than the mean, whose error is one.
    assert np.square(filled - table)[missing].mean() < 0.7


# -- resumed training ------------------------------------------------------------------


def test_partial_fit_learns_from_call_to_call(table):
    dae = make(learning_rate_init=0.01)
    dae.partial_fit(table)
    first = dae.score(table)
    for _ in range(80):
        dae.partial_fit(table)
    assert dae.score(table) > 0.6 * first
    assert dae.n_iter_ == 1
    assert len(dae.loss_curve_) == 81


def test_partial_fit_keeps_the_optimizer_and_fit_drops_it(table):
    dae = make().partial_fit(table).partial_fit(table)
    (state,) = dae.net_.optimizer_state_["state"].values()
    assert state["step"] == 4  # two batches a call
    dae.fit(table)
    assert dae.net_.optimizer_state_ is None
    dae.partial_fit(table)
    assert len(dae.loss_curve_) == 5


@pytest.mark.parametrize(
    ("first", "second"),
    [("adamw", "sgd"), ("sgd", "adamw"), ("rmsprop", "adam"), ("adamw", "adam")],
)
def test_another_optimizer_starts_afresh(table, first, second):
    dae = make(optimizer=first).partial_fit(table)
    dae.set_params(optimizer=second).partial_fit(table)
    (state,) = dae.net_.optimizer_state_["state"].values()
    if second != "sgd":
        assert state["step"] == 2
    group = dae.net_.optimizer_state_["param_groups"][0]
    assert group.get("decoupled_weight_decay", False) == (second == "adamw")


def test_partial_fit_takes_a_new_rate_and_keeps_the_state(table):
    dae = make(optimizer="sgd").partial_fit(table)
    dae.set_params(learning_rate_init=0.5, alpha=0.25).partial_fit(table)
    group = dae.net_.optimizer_state_["param_groups"][0]
    assert group["lr"] == 0.5
    assert group["weight_decay"] == 0.25


def test_partial_fit_counts_missing_values_of_all_calls(table):
    dae = make().partial_fit(table[:30]).partial_fit(table[30:])
    np.testing.assert_allclose(dae._statistics.means, table.mean(axis=0), atol=1e-6)


def test_resumed_training_draws_new_noise(table):
    draws = []

    def record(X, generator):
        draws.append(torch.rand(3, generator=generator))
        return X

    dae = make(corruption=record, batch_size=60, warm_start=True, max_iter=1)
    dae.partial_fit(table).partial_fit(table).fit(table)
    # With another seed: this stream is resumed, and not that of some default.
    other = make(corruption=record, batch_size=60, random_state=1)
    other.partial_fit(table).partial_fit(table)
    assert len({tuple(draw.tolist()) for draw in draws}) == 5


def test_swap_draws_from_all_rows_in_training_and_keeps_few(table):
    seen = []

    class Recording(SwapNoise):
        def draw(self, X, generator):
            drawn = super().draw(X, generator)
            seen.append(drawn[0][:, 0])
            return drawn

    dae = make(corruption=Recording(1.0, n_donors=1), device="cpu").fit(table)
    assert len(torch.cat(seen).unique()) > 30
    assert len(np.unique(dae.corruption_.transform(table)[:, 0])) == 1


def test_partial_fit_refuses_early_stopping_and_other_columns(table):
    with pytest.raises(ValueError, match="early_stopping"):
        make(early_stopping=True).partial_fit(table)
    dae = make().partial_fit(table)
    with pytest.raises(ValueError, match="4 features"):
        dae.partial_fit(table[:, :4])


def test_warm_start_goes_on_from_the_weights(table):
    cold = make().fit(table)
    warm = make(warm_start=True).fit(table)
    assert torch.equal(weights_of(warm), weights_of(cold))
    error = warm.loss_curve_[-1]
    warm.fit(table)
    assert warm.n_iter_ == 4
    assert len(warm.loss_curve_) == 8
    assert warm.loss_curve_[4] < cold.loss_curve_[0]
    assert min(warm.loss_curve_) <= error


@pytest.mark.parametrize(
    "change",
    [{"n_components": 4}, {"hidden_layer_sizes": (8,)}, {"activation": "tanh"}],
    ids=str,
)
def test_training_cannot_go_on_with_another_module(table, change):
    (name,) = change
    dae = make(warm_start=True).fit(table).set_params(**change)
    before = dae.transform(table)
    for method in (dae.fit, dae.partial_fit):
        with pytest.raises(ValueError, match=f"{name} is .*warm_start=False"):
            method(table)
    np.testing.assert_array_equal(dae.transform(table), before)
    dae.set_params(warm_start=False).fit(table)


def test_refit_starts_afresh(table):
    dae = make()
    first = weights_of(dae.fit(table))
    dae.fit(table[:, :4])
    assert dae.n_features_in_ == 4
    assert torch.equal(weights_of(dae.fit(table)), first)
    assert len(dae.loss_curve_) == 4


# -- failures --------------------------------------------------------------------------


class Interrupting(GaussianNoise):
    """Sends the process an interrupt, as Ctrl-C does, in the middle of an epoch."""

    def draw(self, X, generator):
        self.n_calls = getattr(self, "n_calls", 0) + 1
        if self.n_calls == 3:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        return super().draw(X, generator)


@pytest.fixture
def interruptible():
    """Listen to interrupts, which a shell makes processes in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("method", ["fit", "warm_fit", "partial_fit"])
def test_interrupt_leaves_the_earlier_fit_usable(table, method):
    dae = make(warm_start=method == "warm_fit", batch_size=10)
    dae.fit(table)
    before = dae.transform(table)
    corruption = dae.corruption_
    dae.corruption = Interrupting()
    if method == "partial_fit":
        dae.corruption_ = Interrupting()
        dae.corruption_.level_ = 0.2
    with pytest.raises(KeyboardInterrupt):
        getattr(dae, method.removeprefix("warm_"))(table)
    dae.corruption_ = corruption
    np.testing.assert_array_equal(dae.transform(table), before)
    assert dae.n_features_in_ == 5


def test_failed_fit_leaves_the_earlier_fit_usable(table):
    frame = pd.DataFrame(table, columns=list("abcde"))
    dae = make().fit(frame)
    before = dae.transform(frame)
    with pytest.raises(ValueError, match="infinity"):
        dae.fit(np.full((10, 3), np.inf))
    dae.set_params(learning_rate_init=1e30, optimizer="sgd", alpha=0)
    with pytest.raises(ValueError, match="loss became"):
        dae.fit(table[:, :3])
    assert list(dae.feature_names_in_) == list("abcde")
    np.testing.assert_array_equal(dae.transform(frame), before)


def test_failed_first_fit_leaves_an_unfitted_estimator(table):
    dae = make(corruption="masking", noise_level=2.0)
    with pytest.raises(ValueError, match="noise_level"):
        dae.fit(table)
    assert not hasattr(dae, "n_features_in_")
    assert not [name for name in vars(dae) if name.endswith("_")]


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"corruption": "salt"}, "corruption"),
        ({"corruption": 3}, "corruption"),
        ({"noise_level": -1}, "noise_level"),
        ({"loss": "mse"}, "loss"),
        ({"activation": "swish"}, "activation"),
        ({"optimizer": "lion"}, "optimizer"),
        ({"learning_rate": "step"}, "learning_rate"),
        ({"features": "all"}, "features"),
        ({"dropout": 1.0}, "dropout"),
        ({"n_components": 0}, "n_components"),
        ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes"),
        ({"hidden_layer_sizes": (8, 2.5)}, "hidden_layer_sizes"),
        ({"max_iter": 0}, "max_iter"),
        ({"batch_size": 0}, "batch_size"),
        ({"device": "tpu9"}, "device"),
        ({"loss": HuberLoss(-1.0)}, "delta"),
        ({"net_callbacks": "print"}, "net_callbacks"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(table, params, match):
    with pytest.raises(ValueError, match=match):
        make(**params).fit(table)


@pytest.mark.parametrize("corruption", ["masking", "salt_and_pepper", "swap"])
def test_level_beyond_a_fraction_is_refused(table, corruption):
    with pytest.raises(ValueError, match=r"noise_level .*\[0, 1\], got 1.4"):
        make(corruption=corruption, noise_level=1.4).fit(table)
    with pytest.raises(ValueError, match=r"^level .*\[0, 1\], got 1.4"):
        make(corruption=MaskingNoise(1.4)).fit(table)


def test_class_of_a_corruption_is_refused(table):
    with pytest.raises(TypeError, match=r"an instance, GaussianNoise\(...\)"):
        make(corruption=GaussianNoise).fit(table)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_absent_device_is_refused(table, device):
    with pytest.raises(ValueError, match=f"device='{device}' asks for a GPU"):
        make(device=device).fit(table)


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (np.zeros(5), "Expected 2D array"),
        (np.zeros((3, 4, 5)), "dim 3"),
        (np.zeros((0, 5)), "0 sample"),
        (np.zeros((5, 0)), "0 feature"),
        ([["a", "b"], ["c", "d"]], "text in the columns 0"),
        (np.array([[1.0, np.inf], [1.0, 2.0]]), "infinity"),
        (np.array([[1e300, 1.0], [1.0, 2.0]]), "too large for dtype"),
        (sp.csr_matrix(np.array([[1e300, 1.0], [1.0, 2.0]])), "too large for dtype"),
        (np.array([[1j, 2.0]]), "Complex data"),
    ],
    ids=lambda value: None,
)
def test_bad_rows_are_refused(X, match):
    with pytest.raises(ValueError, match=match):
        make().fit(X)


def test_text_column_of_a_frame_is_refused_by_its_name():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    with pytest.raises(ValueError, match="text in the column b"):
        make().fit(frame)


# -- odd input -------------------------------------------------------------------------


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def with_long_indices(X):
    X = sp.csr_matrix(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


ODD = {
    "objects": lambda X: X.astype(object),
    "float64": lambda X: X.astype(np.float64),
    "float16": lambda X: X.astype(np.float16),
    "big endian": lambda X: X.astype(">f8"),
    "fortran": np.asfortranarray,
    "reversed": lambda X: X[::-1][::-1],
    "every other": lambda X: np.repeat(X, 2, axis=0)[::2],
    "read-only": read_only,
    "lists": lambda X: X.tolist(),
    "csr": sp.csr_matrix,
    "csc": sp.csc_array,
    "csr, 64-bit indices": with_long_indices,
    "pandas": pd.DataFrame,
    "nullable": lambda X: pd.DataFrame(X).astype("Float64"),
}


@pytest.mark.parametrize("convert", ODD.values(), ids=ODD)
def test_container_and_layout_do_not_matter(table, convert):
    table = table.astype(np.float16).astype(np.float32)
    expected = make().fit(table)
    X = convert(table)
    dae = make().fit(X)
    torch.testing.assert_close(weights_of(dae), weights_of(expected))
    np.testing.assert_allclose(
        dae.transform(X), expected.transform(table), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.int64, np.uint16, np.uint64, np.ulonglong]
)
def test_integers_and_booleans_are_served(dtype):
    X = np.random.RandomState(0).randint(0, 2, size=(40, 6)).astype(dtype)
    codes = make().fit_transform(X)
    np.testing.assert_allclose(codes, make().fit_transform(X.astype(np.float32)))


@pytest.mark.parametrize("suffix", [np.float32, np.float64])
def test_memory_map_is_served(table, tmp_path, suffix):
    path = tmp_path / "rows.dat"
    X = np.memmap(path, dtype=suffix, mode="w+", shape=table.shape)
    X[:] = table
    X.flush()
    X = np.memmap(path, dtype=suffix, mode="r", shape=table.shape)
    dae = make().fit(X)
    np.testing.assert_allclose(
        dae.transform(X), make().fit_transform(table), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "X",
    [np.ones((1, 3)), np.arange(10.0)[:, None], np.ones((10, 4))],
    ids=["one row", "one feature", "constant"],
)
@pytest.mark.parametrize(
    "corruption", ["gaussian", "masking", "salt_and_pepper", "swap", None]
)
def test_degenerate_rows_are_served(X, corruption):
    dae = make(corruption=corruption).fit(X)
    assert np.isfinite(dae.transform(X)).all()
    assert dae.denoise(X).shape == X.shape


def test_batch_larger_than_the_data_and_code_wider_than_the_rows(table):
    dae = make(batch_size=10_000, n_components=50).fit(table)
    assert dae.transform(table).shape == (60, 50)


def test_input_is_not_modified(table):
    X = table.copy()
    X[0, 0] = np.nan
    before = X.copy()
    make(corruption="swap").fit(X).denoise(X)
    np.testing.assert_array_equal(X, before)


def test_noise_level_per_feature(table):
    dae = make(noise_level=[0, 0, 0, 0, 5.0]).fit(table)
    np.testing.assert_array_equal(dae.corruption_.level_, [0, 0, 0, 0, 5])
    with pytest.raises(ValueError, match=r"noise_level .*shape"):
        make(noise_level=[1.0, 2.0]).fit(table)


# -- own modules -----------------------------------------------------------------------


class Linear(torch.nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.encoder(X)

    def decode(self, code):
        return self.decoder(code)


class NoDecoder(torch.nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()

    def encode(self, X):
        return X


class Flat(Linear):
    def encode(self, X):
        return self.encoder(X).sum(dim=1)


class Narrow(Linear):
    def decode(self, code):
        return self.decoder(code)[:, 1:]


def test_module_class_factory_and_instance_are_served(table):
    by_class = make(module=Linear).fit(table)
    assert by_class.transform(table).shape == (60, 3)

    def factory(n_features, n_components):
        return Linear(n_features, 2 * n_components)

    assert make(module=factory).fit_transform(table).shape == (60, 6)
    instance = Linear(5, 2)
    before = copy.deepcopy(instance.state_dict())
    dae = make(module=instance, max_iter=1, learning_rate_init=1e-12).fit(table)
    for name, value in dae.net_.module_.state_dict().items():
        torch.testing.assert_close(value, before[name])
    make(module=instance, max_iter=5).fit(table)
    for name, value in instance.state_dict().items():
        assert torch.equal(value, before[name])
    assert clone(dae).fit(table).transform(table).shape == (60, 2)


@pytest.mark.parametrize(
    ("module", "error", "match"),
    [
        (NoDecoder, TypeError, "has no decode"),
        (Flat, ValueError, "encode of the module must return"),
        (Linear(5, 3).encoder, TypeError, "has no encode"),
        (lambda n_features, n_components: None, TypeError, "got NoneType"),
        (Narrow, ValueError, "decode of the module must return"),
        (Linear(6, 3), ValueError, "does not take rows of 5 features"),
    ],
)
def test_module_that_breaks_the_contract_is_refused(table, module, error, match):
    with pytest.raises(error, match=match):
        make(module=module).fit(table)


class Listed(Linear):
    """Has a list of the name of the optional method."""

    def __init__(self, n_features, n_components):
        super().__init__(n_features, n_components)
        self.hidden_layers = torch.nn.ModuleList([torch.nn.Linear(1, 1)])


def test_list_of_layers_is_not_the_method(table):
    dae = make(module=Listed).fit(table)
    assert dae.transform(table).shape == (60, 3)
    with pytest.raises(TypeError, match="hidden_layers"):
        dae.set_params(features="layers").transform(table)


@pytest.mark.parametrize(("first", "second"), [(None, Linear), (Linear, None)])
def test_training_cannot_go_on_with_a_module_of_another_kind(table, first, second):
    dae = make(module=first, warm_start=True).fit(table).set_params(module=second)
    with pytest.raises(ValueError, match=r"module is .*warm_start=False"):
        dae.fit(table)


def test_own_perceptron_may_be_given_as_a_module(table):
    dae = make(module=MLPAutoencoder, warm_start=True).fit(table).fit(table)
    assert dae.partial_fit(table).transform(table).shape == (60, 3)


class NumpyDrawing(Linear):
    def __init__(self, n_features, n_components):
        super().__init__(n_features, n_components)
        self.scale = float(np.random.uniform(0.5, 1.5) + random.uniform(0, 1))

    def encode(self, X):
        return self.scale * super().encode(X)


def test_module_may_draw_from_numpy_and_random(table):
    before = np.random.get_state()[1].copy(), random.getstate()
    first = make(module=NumpyDrawing).fit_transform(table)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])
    assert random.getstate() == before[1]
    np.random.seed(5)
    random.seed(5)
    np.testing.assert_array_equal(make(module=NumpyDrawing).fit_transform(table), first)


def test_function_that_moves_missing_values_is_served(table):
    holes = table.copy()
    holes[::5, 1] = np.nan

    def shuffle(X, generator):
        return X[torch.randperm(len(X), generator=generator)]

    assert np.isfinite(make(corruption=shuffle).fit(holes).loss_curve_).all()


def test_layers_of_a_module_that_has_none_are_refused(table):
    with pytest.raises(TypeError, match="hidden_layers"):
        make(module=Linear, features="layers").fit(table)


# -- keeping ---------------------------------------------------------------------------


@pytest.mark.parametrize("corruption", ["gaussian", "swap", None])
def test_pickle_and_copy_give_the_same_features(table, corruption):
    dae = make(corruption=corruption).fit(table)
    expected = dae.transform(table)
    for twin in (pickle.loads(pickle.dumps(dae)), copy.deepcopy(dae)):
        np.testing.assert_array_equal(twin.transform(table), expected)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_model_of_an_absent_device_runs_on_the_cpu(table):
    dae = make().partial_fit(table)
    expected = dae.transform(table)
    # As if it had been trained there; the weights travel as those of the CPU.
    dae._device, dae.device_ = torch.device("cuda:1"), "cuda:1"
    data = pickle.dumps(dae)
    with pytest.warns(UserWarning, match="trained on 'cuda:1'"):
        loaded = pickle.loads(data)
    assert loaded.device_ == "cpu"
    np.testing.assert_array_equal(loaded.transform(table), expected)
    loaded.partial_fit(table)


def test_pickle_holds_the_weights_once(digits):
    dae = make(hidden_layer_sizes=(1000,), max_iter=1).fit(digits[:100])
    size = 4 * weights_of(dae).numel()
    assert size < len(pickle.dumps(dae)) < 1.25 * size + 100_000


def test_swap_keeps_a_bounded_sample_of_the_rows():
    X = np.random.RandomState(0).normal(size=(30_000, 3)).astype(np.float32)
    dae = make(corruption="swap", max_iter=1, hidden_layer_sizes=()).fit(X)
    assert len(pickle.dumps(dae)) < 10_000 * 3 * 4 + 100_000


def test_fit_from_another_thread_is_served(table):
    results = []
    thread = threading.Thread(target=lambda: results.append(make().fit(table)))
    thread.start()
    thread.join()
    assert torch.equal(weights_of(results[0]), weights_of(make().fit(table)))


def test_standardised_table_with_text_needs_a_scaler_first(table):
    scaled = StandardScaler().fit_transform(table * 1000)
    assert np.isfinite(make().fit(scaled).score(scaled))
