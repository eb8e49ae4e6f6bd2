"""Saving to one file, and loading from it without running code."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

import sk_dae
from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    GaussianNoise,
    MaskingNoise,
    SaltAndPepperNoise,
    SwapNoise,
)
from sk_dae.losses import HuberLoss


class Linear(torch.nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.norm = torch.nn.BatchNorm1d(n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.norm(self.encoder(X))

    def decode(self, code):
        return self.decoder(code)


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 3, "random_state": 0, **params}
    )


def round_trip(dae, tmp_path, **options):
    path = tmp_path / "model.safetensors"
    sk_dae.save(dae, path)
    return sk_dae.load(path, **options)


SETTINGS = {
    "default": {},
    "tied": {"tied_weights": True, "dropout": 0.2, "hidden_layer_sizes": (8, 4)},
    "shallow": {"hidden_layer_sizes": (), "corruption": None},
    "early stopping": {"early_stopping": True, "tol": 0.0},
    "levels": {"noise_level": np.linspace(0, 1, 5)},
    "swap": {"corruption": SwapNoise(0.2, n_donors=20)},
    "salt": {"corruption": SaltAndPepperNoise(0.2, extremes=(-1, 1))},
    "composed": {"corruption": ComposeNoise([MaskingNoise(), GaussianNoise()])},
    "loss": {"loss": HuberLoss(0.5), "features": "layers"},
}


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("missing", [False, True])
def test_loaded_estimator_is_the_saved_one(table, tmp_path, params, missing):
    X = table.copy()
    if missing:
        X[::5, 2] = np.nan
    dae = make(**params).fit(pd.DataFrame(X, columns=list("abcde")))
    X = pd.DataFrame(X, columns=list("abcde"))
    loaded = round_trip(dae, tmp_path)
    np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))
    np.testing.assert_array_equal(loaded.denoise(X), dae.denoise(X))
    assert repr(loaded) == repr(dae)
    assert loaded.loss_curve_ == dae.loss_curve_
    assert loaded.validation_loss_curve_ == dae.validation_loss_curve_
    assert list(loaded.feature_names_in_) == list("abcde")
    # It goes on from where the saved one stood, draw for draw.
    for estimator in (dae, loaded):
        estimator.set_params(early_stopping=False).partial_fit(X)
    np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))


def test_partial_fit_goes_on_with_the_state_of_the_optimizer(table, tmp_path):
    dae = make().partial_fit(table)
    loaded = round_trip(dae, tmp_path)
    for estimator in (dae, loaded):
        estimator.partial_fit(table)
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


def test_unfitted_estimator_is_saved_with_its_parameters(tmp_path):
    dae = make(corruption=MaskingNoise(0.3), noise_level=float("inf"))
    loaded = round_trip(dae, tmp_path)
    assert repr(loaded) == repr(dae)
    assert not hasattr(loaded, "net_")


@pytest.mark.parametrize("module", [Linear, Linear(5, 3)], ids=["class", "instance"])
def test_own_module_is_given_again(table, tmp_path, module):
    dae = make(module=module).fit(table)
    with pytest.raises(ValueError, match="module must be given"):
        round_trip(dae, tmp_path)
    loaded = round_trip(dae, tmp_path, module=Linear)
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))
    with pytest.raises(ValueError, match="module has other parameters"):
        round_trip(dae, tmp_path, module=lambda n, k: torch.nn.Linear(n, k))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"corruption": lambda X, generator: X}, "corruption.* cannot be saved"),
        ({"optimizer": torch.optim.Adagrad}, "optimizer.* cannot be saved"),
        ({"random_state": np.random.RandomState(0)}, "random_state.* cannot be saved"),
    ],
    ids=["corruption", "optimizer", "random_state"],
)
def test_code_is_refused_by_name(table, tmp_path, params, match):
    with pytest.raises(TypeError, match=match):
        sk_dae.save(make(**params).fit(table), tmp_path / "model.safetensors")


def test_callbacks_are_left_out_with_a_warning(table, tmp_path):
    from skorch.callbacks import GradientNormClipping

    dae = make(callbacks=[GradientNormClipping(1.0)]).fit(table)
    with pytest.warns(UserWarning, match="callbacks are not saved"):
        loaded = round_trip(dae, tmp_path)
    assert loaded.callbacks is None
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


def test_file_is_small_plain_and_holds_no_pickle(table, tmp_path):
    dae = make(corruption="swap").fit(table)
    path = tmp_path / "model.safetensors"
    sk_dae.save(dae, path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["sk_dae"])
        n_values = sum(file.get_tensor(name).size for name in file.keys())
    assert header["estimator"]["class"] == "DenoisingAutoencoder"
    n_weights = sum(p.numel() for p in dae.net_.module_.parameters())
    assert n_values < n_weights + table.size + 40_000
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(path.read_bytes())


def test_other_files_are_refused(table, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="not a safetensors file"):
        sk_dae.load(path)
    save_file({"a": table}, path)
    with pytest.raises(ValueError, match=r"not written by sk_dae\.save"):
        sk_dae.load(path)
    with pytest.raises(FileNotFoundError):
        sk_dae.load(tmp_path / "absent")


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        ({"class": "Popen", "state": {"dict": []}}, "'Popen'"),
        ({"call": "os.system"}, "'call'"),
    ],
)
def test_header_can_name_nothing_but_the_classes_of_the_package(
    table, tmp_path, estimator, match
):
    header = {"format": 1, "version": "0", "estimator": estimator}
    path = tmp_path / "model.safetensors"
    save_file({"a": table}, path, metadata={"sk_dae": json.dumps(header)})
    with pytest.raises(ValueError, match=match):
        sk_dae.load(path)


def test_newer_format_is_refused(table, tmp_path):
    header = {"format": 99, "version": "9.9", "estimator": None}
    path = tmp_path / "model.safetensors"
    save_file({"a": table}, path, metadata={"sk_dae": json.dumps(header)})
    with pytest.raises(ValueError, match=r"written by sk_dae 9\.9"):
        sk_dae.load(path)


def test_only_estimators_of_the_package_are_saved(tmp_path):
    with pytest.raises(TypeError, match="estimator of sk_dae, got dict"):
        sk_dae.save({}, tmp_path / "model.safetensors")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_device_is_that_of_the_argument_or_what_is_there(table, tmp_path):
    dae = make().fit(table)
    dae.device_ = "cuda:3"
    assert round_trip(dae, tmp_path).device_ == "cpu"
    with pytest.raises(ValueError, match="asks for a GPU that is not there"):
        round_trip(dae, tmp_path, device="cuda")
