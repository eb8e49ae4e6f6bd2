"""Training on a GPU; all of it is skipped where torch finds none."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

import sk_dae
from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    GaussianNoise,
    MarginalizedDenoisingAutoencoder,
    MaskingNoise,
    SwapNoise,
)
from sk_dae.penalties import PENALTIES

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="torch finds no GPU"
)


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 5, "random_state": 0, **params}
    )


def test_auto_takes_the_gpu(table):
    dae = make().fit(table)
    assert dae.device_ == "cuda"
    assert next(dae.net_.module_.parameters()).is_cuda


def test_initial_weights_are_those_of_the_cpu(table):
    weights = [
        torch.cat([p.detach().cpu().flatten() for p in dae.net_.module_.parameters()])
        for dae in (
            make(device=device, learning_rate_init=1e-12, max_iter=1).fit(table)
            for device in ("cpu", "cuda")
        )
    ]
    torch.testing.assert_close(*weights)


@pytest.mark.parametrize(
    "params",
    [
        {"corruption": corruption}
        for corruption in (
            "gaussian",
            "uniform",
            "masking",
            "salt_and_pepper",
            "swap",
            ComposeNoise([SwapNoise(), GaussianNoise(), MaskingNoise()]),
            None,
        )
    ]
    + [
        {"dropout": 0.2},
        {"tied_weights": True},
        {"early_stopping": True},
        {"loss": "huber"},
        {"optimizer": "sgd"},
    ]
    + [{"penalty": penalty} for penalty in PENALTIES],
    ids=str,
)
def test_every_setting_trains_with_missing_values_and_weights(table, params):
    holes = table.copy()
    holes[::4, 1] = np.nan
    dae = make(max_iter=30, **params).fit(holes, sample_weight=np.arange(60.0) + 1)
    assert dae.loss_curve_[-1] < dae.loss_curve_[0]
    assert np.isfinite(dae.denoise(holes)).all()
    again = make(max_iter=30, **params).fit(holes, sample_weight=np.arange(60.0) + 1)
    np.testing.assert_allclose(again.loss_curve_, dae.loss_curve_, rtol=1e-3)


def test_sparse_and_mapped_rows_are_served(table, tmp_path):
    import scipy.sparse as sp

    assert np.isfinite(make().fit(sp.csr_matrix(table)).transform(table)).all()
    np.save(tmp_path / "rows.npy", table)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert np.isfinite(make(corruption="swap").fit(mapped).transform(mapped)).all()


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
def test_partial_fit_goes_on_after_pickling(table, penalty):
    dae = make(penalty=penalty).partial_fit(table)
    twin = pickle.loads(pickle.dumps(dae))
    assert twin.device_ == "cuda"
    if penalty is not None:
        assert all(parameter.is_cuda for parameter in twin.penalty_.parameters())
    for estimator in (dae, twin):
        estimator.partial_fit(table)
    np.testing.assert_allclose(twin.loss_curve_, dae.loss_curve_, rtol=1e-3)


def test_model_is_loaded_without_a_gpu(table, tmp_path):
    dae = make(corruption="swap").fit(table)
    (tmp_path / "dae.pickle").write_bytes(pickle.dumps(dae))
    np.save(tmp_path / "rows.npy", table)
    code = (
        "import os, pickle, sys, warnings; os.environ['CUDA_VISIBLE_DEVICES'] = ''\n"
        "import numpy as np, torch; assert not torch.cuda.is_available()\n"
        "warnings.simplefilter('ignore')\n"
        f"dae = pickle.load(open({str(tmp_path / 'dae.pickle')!r}, 'rb'))\n"
        f"X = np.load({str(tmp_path / 'rows.npy')!r})\n"
        f"np.save({str(tmp_path / 'code.npy')!r}, dae.transform(X))\n"
        "assert dae.device_ == 'cpu'\n"
        "dae.set_params(device='cpu').partial_fit(X)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "code.npy"), dae.transform(table), rtol=1e-3, atol=1e-4
    )


class Dropping(torch.nn.Module):
    """A user's module, which draws from torch's global generators."""

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.dropout = torch.nn.Dropout(0.2)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.encoder(self.dropout(X))

    def decode(self, code):
        return self.decoder(code)


@pytest.mark.parametrize("kind", ["class", "instance there"])
def test_module_of_a_user_is_trained_and_global_states_are_left_alone(table, kind):
    module = Dropping if kind == "class" else Dropping(5, 3).cuda()
    before = torch.cuda.get_rng_state()
    first, second = (make(module=module).fit(table) for _ in range(2))
    np.testing.assert_allclose(first.loss_curve_, second.loss_curve_, rtol=1e-3)
    assert torch.equal(before, torch.cuda.get_rng_state())


@pytest.mark.parametrize("penalty", [None, "variational", "adversarial"])
def test_saved_model_goes_on_on_either_device(table, tmp_path, penalty):
    dae = make(corruption="swap", penalty=penalty).partial_fit(table)
    sk_dae.save(dae, tmp_path / "model.safetensors")
    for device in ("cpu", "cuda"):
        loaded = sk_dae.load(tmp_path / "model.safetensors", device=device)
        assert loaded.device_ == device
        np.testing.assert_allclose(
            loaded.transform(table), dae.transform(table), rtol=1e-3, atol=1e-4
        )
        loaded.set_params(device=device).partial_fit(table)


@pytest.mark.parametrize("penalty", ["variational", "adversarial"])
def test_rows_are_drawn_alike_on_both_devices(table, penalty):
    dae = make(penalty=penalty).fit(table)
    drawn = dae.sample(20, random_state=0)
    dae.net_, dae._device = dae.net_.copy_to(torch.device("cpu")), torch.device("cpu")
    np.testing.assert_allclose(
        dae.sample(20, random_state=0), drawn, rtol=1e-3, atol=1e-4
    )


def test_global_states_are_left_alone(table):
    before = torch.get_rng_state(), torch.cuda.get_rng_state()
    make(dropout=0.3, corruption="swap").fit(table).transform(table)
    assert torch.equal(before[0], torch.get_rng_state())
    assert torch.equal(before[1], torch.cuda.get_rng_state())


@pytest.mark.parametrize("n_pivots", [None, 3])
def test_closed_form_is_that_of_the_cpu(table, tmp_path, n_pivots):
    params = {"n_layers": 2, "n_pivots": n_pivots, "random_state": 0}
    holes = table.copy()
    holes[::4, 1] = np.nan
    cpu, gpu = (
        MarginalizedDenoisingAutoencoder(device=device, **params).fit(holes)
        for device in ("cpu", "cuda")
    )
    assert gpu.device_ == "cuda"
    expected = cpu.transform(holes)
    sk_dae.save(gpu, tmp_path / "model.safetensors")
    saved = sk_dae.load(tmp_path / "model.safetensors", device="cpu")
    assert saved.device_ == "cpu"
    for mda in (gpu, saved, pickle.loads(pickle.dumps(gpu))):
        np.testing.assert_allclose(mda.transform(holes), expected, rtol=1e-3, atol=1e-4)


def test_closed_form_goes_on_from_sums_on_either_device(table):
    whole = MarginalizedDenoisingAutoencoder(1, device="cpu").fit(table)
    parts = MarginalizedDenoisingAutoencoder(1, device="cuda").partial_fit(table[:20])
    parts = pickle.loads(pickle.dumps(parts)).partial_fit(table[20:40])
    parts.set_params(device="cpu").partial_fit(table[40:])
    assert parts.device_ == "cpu"
    np.testing.assert_allclose(
        parts.transform(table), whole.transform(table), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_images_are_trained_on_and_loaded_without_it(tmp_path, precision):
    images = np.random.default_rng(0).uniform(size=(40, 8, 8)).astype(np.float32)
    params = {"max_iter": 3, "random_state": 0, "precision": precision}
    dae = sk_dae.ConvolutionalDenoisingAutoencoder(4, n_filters=4, **params)
    dae.fit(images)
    assert dae.device_ == "cuda"
    denoiser = sk_dae.ResidualDenoiser(0.1, n_filters=4, crop_size=8, **params)
    denoiser.fit(images)
    for model in (dae, denoiser):
        restored = model.denoise(images)
        assert restored.shape == images.shape and np.isfinite(restored).all()
        sk_dae.save(model, tmp_path / "model")
        loaded = sk_dae.load(tmp_path / "model", device="cpu")
        np.testing.assert_allclose(
            loaded.denoise(images), restored, rtol=1e-3, atol=1e-4
        )
