"""The loss of directions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine

import sk_dae
from helpers import make
from sk_dae.losses import BaseLoss, CosineLoss


def draw(seed, n_samples=5, n_features=4):
    generator = torch.Generator().manual_seed(seed)
    shape = 2, n_samples, n_features
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_is_the_distance_of_scipy(weighted):
    z, x = draw(0)
    weight = torch.rand(5, 4, dtype=torch.float64) if weighted else None
    w = np.full((5, 4), 1 / 20) if weight is None else weight.numpy()
    expected = sum(w[i].sum() * cosine(z[i], x[i], w[i]) for i in range(5))
    assert CosineLoss()(z, x, weight).item() == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_lengths_do_not_matter(scale, seed):
    z, x = draw(seed)
    loss = CosineLoss()
    torch.testing.assert_close(loss(scale * z, x), loss(z, x))
    torch.testing.assert_close(loss(z, scale * x), loss(z, x))
    torch.testing.assert_close(loss.to_data(scale * z), loss.to_data(z))
    assert 0 <= loss(z, x) <= 2


@pytest.mark.parametrize("columns", [None, [1.0, 0.0, 2.0, 1.0]])
@pytest.mark.parametrize("shape", [None, (5, 4), (5, 1)], ids=str)
def test_gradient_is_that_of_autograd(columns, shape):
    z, x = draw(1)
    x[1] = 0.0
    weight = None if shape is None else torch.rand(shape, dtype=torch.float64) / 20
    z[4] *= 1e-9
    if shape == (5, 4):
        weight[2] = 0.0
        weight[3, 1] = 0.0
    loss = CosineLoss(column_weights=columns)
    value, gradient = loss.value_and_gradient(z, x, weight)
    expected = BaseLoss.value_and_gradient(loss, z, x, weight)
    torch.testing.assert_close(value, expected[0])
    torch.testing.assert_close(gradient, expected[1])
    assert (gradient[1] == 0).all()


def test_gradient_is_that_of_finite_differences():
    z, x = draw(2)
    assert torch.autograd.gradcheck(lambda z: CosineLoss()(z, x), z.requires_grad_())


def test_nothing_at_all_has_a_finite_gradient():
    zero = torch.zeros(2, 3)
    for output, target in ((zero, zero), (zero, zero + 1), (zero + 1, zero)):
        value, gradient = CosineLoss().value_and_gradient(output, target)
        assert value == 1
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_only_the_shares_of_the_cells_of_a_row_matter(factor):
    z, x = draw(4)
    weight = torch.rand(5, 4, dtype=torch.float64)
    value, gradient = CosineLoss().value_and_gradient(z, x, weight)
    found = CosineLoss().value_and_gradient(z, x, factor * weight)
    torch.testing.assert_close(found[0] / factor, value)
    torch.testing.assert_close(found[1] / factor, gradient)


def test_reconstruction_gets_the_length_of_what_is_observed():
    z, x = draw(5)
    x[0, :2] = x[3, 1] = torch.nan
    restored = CosineLoss().match_scale(CosineLoss().to_data(z), x)
    seen = ~x.isnan()
    lengths = (restored * seen).norm(dim=1)
    torch.testing.assert_close(lengths, x.nan_to_num().norm(dim=1))
    # In the directions of what the decoder gave.
    factors = restored / z
    torch.testing.assert_close(factors, factors[:, :1].expand(5, 4))


def test_cell_of_no_weight_is_as_if_absent():
    z, x = draw(3)
    weight = torch.ones(5, 4, dtype=torch.float64)
    weight[:, 2] = 0.0
    kept = [0, 1, 3]
    expected = CosineLoss()(z[:, kept], x[:, kept], weight[:, kept])
    torch.testing.assert_close(CosineLoss()(z, x, weight), expected)


def test_embeddings_are_restored_up_to_their_length(table, tmp_path):
    X = table * np.geomspace(0.1, 10, len(table), dtype=np.float32)[:, None]
    dae = make(loss="cosine", max_iter=100, noise_level=0.05).fit(X)
    restored = dae.denoise(X)
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(restored, axis=1), 1, rtol=1e-5)
    cosines = (restored * X / lengths).sum(axis=1)
    assert np.median(cosines) > 0.95
    # Two unit vectors are sqrt(2 - 2 cos) apart.
    errors = dae.reconstruction_error(X, per_feature=True).sum(axis=1)
    expected = lengths[:, 0] ** 2 * (2 - 2 * cosines)
    np.testing.assert_allclose(errors, expected, rtol=1e-2, atol=1e-3)
    sk_dae.save(dae, tmp_path / "model.safetensors")
    loaded = sk_dae.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.denoise(X), restored)


def test_missing_cells_are_left_out(table):
    X = table.copy()
    X[::4, 1] = np.nan
    X[3] = np.nan
    dae = make(loss="cosine", emphasis="double", corruption="masking").fit(X)
    errors = dae.reconstruction_error(X, per_feature=True)
    np.testing.assert_array_equal(np.isnan(errors), np.isnan(X))
    assert np.isfinite(dae.loss_curve_).all()
