"""The weights of cells in the training of SpectrogramDenoiser's own autoencoder."""

import numpy as np
import pytest
import torch

from sk_dae import DenoisingAutoencoder, SpectrogramDenoiser

RATE = 1000
TIME = np.arange(4000) / RATE
WAVE = np.sin(2 * np.pi * 60 * TIME) * np.sin(7 * TIME)


def fitted(n_draws=2, **params):
    given = {"sampling_rate": RATE, "n_draws": n_draws, "random_state": 0}
    return SpectrogramDenoiser(**given, **params).fit(WAVE)


@pytest.fixture(scope="module")
def loss():
    return fitted().autoencoder_.net_.criterion_


def targets(loss, masks, weights):
    return loss.pack(torch.as_tensor(masks), torch.as_tensor(weights))


def test_error_of_a_cell_is_weighted(loss):
    n_columns = int(loss.n_columns)
    middle = loss.middle(n_columns)
    generator = torch.Generator().manual_seed(0)
    masks = torch.rand(5, n_columns, generator=generator)
    weights = torch.rand(5, n_columns, generator=generator) * 20 + 0.1
    output = torch.randn(5, middle.stop - middle.start, generator=generator)
    errors = loss.cellwise(output, targets(loss, masks, weights))
    expected = (output.sigmoid() - masks[:, middle]).square() * weights[:, middle]
    torch.testing.assert_close(errors[:, middle], expected, rtol=0.1, atol=1e-3)
    assert not errors[:, : middle.start].any()
    mean = loss(output, targets(loss, masks, weights))
    torch.testing.assert_close(mean, errors.mean())


@pytest.mark.parametrize("weight", [0.0, 1e-9, 1.0, 40.0, 1e9, np.inf])
@pytest.mark.parametrize("mask", [0.0, 0.3, 1.0])
def test_mask_survives_any_weight(loss, mask, weight):
    n_columns = int(loss.n_columns)
    row = np.ones((1, n_columns), dtype=np.float32)
    middle = loss.middle(n_columns)
    logit = np.log(max(mask, 1e-9) / max(1 - mask, 1e-9))
    output = torch.full((1, middle.stop - middle.start), logit)
    errors = loss.cellwise(output, targets(loss, mask * row, weight * row))
    assert errors.abs().max() < 1e-4


@pytest.fixture
def given(monkeypatch):
    """Return what DenoisingAutoencoder is trained with, instead of a training."""
    seen = {}

    def fit_rows(self, X, **params):
        seen.update(params, max_iter=self.max_iter)

    monkeypatch.setattr(DenoisingAutoencoder, "fit_rows", fit_rows)
    return seen


def test_loud_cells_weigh_more(given):
    fitted(corruption="white")
    assert np.unique(np.floor(given["clean"])).size > 20
    assert "sample_weight" not in given


def test_an_autoencoder_of_ones_own_gets_masks_and_weights_of_rows(given):
    fitted(autoencoder=DenoisingAutoencoder(4, corruption=None))
    assert given["clean"].min() >= 0
    assert given["clean"].max() <= 1
    assert len(np.unique(given["sample_weight"])) > 20


@pytest.mark.parametrize("n_draws, n_epochs", [(1, 6), (200, 5)])
def test_more_rows_are_passed_over_less_often(given, n_draws, n_epochs):
    fitted(n_draws, augment=False)
    assert given["max_iter"] == n_epochs
