"""The denoising autoencoder: what its own parameters do."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from helpers import make
from sk_dae import DenoisingAutoencoder


def test_training_beats_the_noise_and_pca(digits):
    train, test = digits[:1200], digits[1200:]
    noisy = test + np.random.RandomState(0).normal(0, 0.5, test.shape)
    dae = DenoisingAutoencoder(
        noise_level=0.5, max_iter=40, random_state=0, device="cpu"
    ).fit(train)
    noisy_train = train + np.random.RandomState(1).normal(0, 0.5, train.shape)
    pca = PCA(12, random_state=0).fit(noisy_train)
    by_pca = pca.inverse_transform(pca.transform(noisy))
    error = np.square(dae.denoise(noisy) - test).mean()
    assert error < 0.8 * np.square(by_pca - test).mean()
    assert error < 0.2 * np.square(noisy - test).mean()


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "binary_cross_entropy"]
)
def test_every_loss_is_lowered(digits, loss):
    dae = make(loss=loss, max_iter=10).fit(digits[:300])
    assert dae.loss_curve_[-1] < 0.9 * dae.loss_curve_[0]
    if loss == "binary_cross_entropy":
        denoised = dae.denoise(digits[:10])
        assert denoised.min() >= 0
        assert denoised.max() <= 1


def test_tied_weights_are_the_transposed_ones(table):
    dae = make(tied_weights=True).fit(table)
    module = dae.net_.module_
    own = sum(p.numel() for p in module.parameters())
    # Two matrices once, and the biases of both halves.
    assert own == 5 * 256 + 256 * 3 + 256 + 3 + 256 + 5
    code = torch.randn(2, 3)
    first, last = module.encoder
    hidden = torch.relu(code @ last.weight + module.decoder[0].bias)
    expected = hidden @ first.weight + module.decoder[1].bias
    torch.testing.assert_close(module.decode(code), expected)


def test_code_activation_is_automatic(table):
    assert (make(hidden_layer_sizes=()).fit_transform(table) >= 0).all()
    assert (make().fit_transform(table) < 0).any()
    bounded = make(code_activation="tanh").fit_transform(table)
    assert np.abs(bounded).max() <= 1
