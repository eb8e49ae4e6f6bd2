"""Measures of images: ratio, similarity and noise."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_dae.metrics import (
    estimate_noise_level,
    peak_signal_noise_ratio,
    structural_similarity,
)


@given(scale=st.floats(1e-3, 1e3), error=st.floats(1e-3, 0.5))
def test_psnr_is_that_of_its_formula_in_any_unit(scale, error):
    X = np.array([[0.0, 1.0], [1.0, 0.0]])
    psnr = peak_signal_noise_ratio(scale * X, scale * (X + error))
    assert psnr == pytest.approx(-20 * np.log10(error), abs=1e-6)


def test_psnr_of_rows_is_averaged_over_rows():
    X = np.array([[0.0, 1.0], [0.0, 1.0]])
    noisy = X + np.array([[0.1], [0.01]])
    rows = peak_signal_noise_ratio(X, noisy, average=None)
    np.testing.assert_allclose(rows, [20, 40])
    mean = peak_signal_noise_ratio(X, noisy, average="samples")
    assert mean == pytest.approx(30)
    assert peak_signal_noise_ratio(X, noisy) == pytest.approx(
        -10 * np.log10(np.mean([0.01, 0.0001]))
    )


def test_psnr_of_equal_rows_is_infinite():
    assert peak_signal_noise_ratio([[0.0, 1.0]], [[0.0, 1.0]]) == np.inf


@pytest.mark.parametrize(
    ("args", "kwargs", "match"),
    [
        (([[1.0, 1.0]], [[1.0, 1.0]]), {}, "data_range"),
        (([[1.0, 1.0]], [[1.0]]), {}, "shape"),
        (([[1.0, 0.0]], [[1.0, 0.0]]), {"average": "mean"}, "average"),
        (([[1.0, 0.0]], [[1.0, np.nan]]), {}, "X_pred contains NaN"),
    ],
)
def test_psnr_refuses_bad_arguments(args, kwargs, match):
    with pytest.raises(ValueError, match=match):
        peak_signal_noise_ratio(*args, **kwargs)


def test_psnr_takes_images_of_any_rank():
    rng = np.random.RandomState(0)
    X, noise = rng.uniform(size=(3, 4, 5, 2)), rng.normal(size=(3, 4, 5, 2))
    flat = peak_signal_noise_ratio(X.reshape(3, -1), (X + noise).reshape(3, -1))
    assert peak_signal_noise_ratio(X, X + noise) == flat
    rows = peak_signal_noise_ratio(X, X + noise, average=None)
    assert rows.shape == (3,)
    one = peak_signal_noise_ratio(X[:1], (X + noise)[:1], data_range=np.ptp(X))
    assert rows[0] == pytest.approx(one)


def test_psnr_takes_images_of_several_sizes():
    X = [np.zeros((2, 3)), np.ones((4, 5))]
    noisy = [X[0] + 0.1, X[1] + 0.01]
    rows = peak_signal_noise_ratio(X, noisy, average=None)
    np.testing.assert_allclose(rows, [20, 40])
    assert peak_signal_noise_ratio(X, noisy, average="samples") == pytest.approx(30)
    together = (6 * 0.01 + 20 * 0.0001) / 26
    assert peak_signal_noise_ratio(X, noisy) == pytest.approx(-10 * np.log10(together))
    with pytest.raises(ValueError, match=r"X_pred\[1\] must have the shape"):
        peak_signal_noise_ratio(X, [noisy[0], noisy[1][:2]])
    with pytest.raises(ValueError, match="list of 2 images"):
        peak_signal_noise_ratio(X, noisy[:1])
    with pytest.raises(ValueError, match="data_range"):
        peak_signal_noise_ratio([X[0], X[0][:1]], [X[0], X[0][:1]])


def test_similarity_is_that_of_scikit_image():
    reference = pytest.importorskip("skimage.metrics").structural_similarity
    rng = np.random.RandomState(0)
    X = rng.randint(256, size=(2, 20, 30)).astype(np.uint8)
    noisy = np.clip(X + rng.normal(0, 30, X.shape), 0, 255).astype(np.uint8)
    rows = structural_similarity(X, noisy, average=None)
    for a, b, value in zip(X, noisy, rows, strict=True):
        expected = reference(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert value == pytest.approx(expected, abs=1e-9)
    assert structural_similarity(X, noisy) == pytest.approx(rows.mean())
    assert structural_similarity(X, X) == 1.0
    mixed = structural_similarity([X[0], X[1][:11]], [noisy[0], noisy[1][:11]])
    assert 0 < mixed < 1
    colour = np.moveaxis(np.stack([X[0]] * 3), 0, -1)
    assert structural_similarity(colour, colour, channel_axis=-1) == 1.0


@pytest.mark.parametrize(
    ("X_true", "X_pred", "match"),
    [
        (np.zeros((20, 20)), np.zeros((20, 21)), "shapes of X_true"),
        (np.zeros((20, 10)), np.zeros((20, 10)), "at least 11 pixels"),
        (np.zeros((20, 20), dtype=int), np.zeros((20, 20), dtype=int), "data_range"),
        ([], [], "at least one image"),
    ],
)
def test_similarity_refuses_bad_images(X_true, X_pred, match):
    pytest.importorskip("skimage")
    with pytest.raises(ValueError, match=match):
        structural_similarity(X_true, X_pred)


def test_similarity_says_which_package_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(ImportError, match=r"pip install sk-dae\[image\]"):
        structural_similarity(np.zeros((20, 20)), np.zeros((20, 20)))


def test_levels_of_noise_come_for_one_image_or_for_several():
    rng = np.random.RandomState(0)
    images = [100 + rng.normal(0, sigma, (90, 80)) for sigma in (5, 20)]
    levels = estimate_noise_level(images)
    np.testing.assert_allclose(levels, [5, 20], rtol=0.06)
    one = estimate_noise_level(images[0])
    assert isinstance(one, float) and one == levels[0]
    signal = rng.normal(0, 3, 5000)
    assert estimate_noise_level(signal, n_dims=1) == pytest.approx(3, rel=0.06)
    with pytest.raises(ValueError, match="infinity"):
        estimate_noise_level(np.full((3, 3), np.inf))
