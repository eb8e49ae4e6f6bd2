"""The level of noise, estimated from the finest details."""

import numpy as np
import pytest

from sk_dae.data.noise_estimates import estimate_level


@pytest.mark.parametrize("shape", [(200, 150, 1), (101, 77, 3), (1, 20000, 1)])
@pytest.mark.parametrize("sigma", [0.01, 10.0])
def test_level_of_noise_on_something_smooth_is_found(shape, sigma):
    rng = np.random.RandomState(0)
    smooth = np.linspace(0, 1, shape[1])[None, :, None]
    noisy = smooth + rng.normal(0, sigma, shape)
    # The median of n details is off by 1.2 / sqrt(n): 2 % of the fewest.
    assert estimate_level(noisy) == pytest.approx(sigma, rel=0.06)


def test_missing_pixels_are_left_out():
    noisy = np.random.RandomState(0).normal(0, 1, (200, 200, 1))
    noisy[:30] = np.nan
    noisy[100, 7] = np.nan
    assert estimate_level(noisy) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 1), (2, 1, 3), (3, 3, 1)])
def test_small_images_have_a_level(shape):
    level = estimate_level(np.random.RandomState(0).uniform(size=shape))
    assert np.isfinite(level) and level >= 0


def test_constant_images_have_none():
    assert estimate_level(np.full((20, 20, 1), 7, dtype=np.uint8)) == 0
    assert estimate_level(np.full((20, 20, 1), np.nan)) == 0


@pytest.mark.parametrize("name", ["camera", "coins", "astronaut"])
def test_level_is_that_of_scikit_image(name):
    data = pytest.importorskip("skimage.data")
    restoration = pytest.importorskip("skimage.restoration")
    pytest.importorskip("pywt")
    image = getattr(data, name)()
    channel_axis = -1 if image.ndim == 3 else None
    noisy = image / 255 + np.random.RandomState(0).normal(0, 0.1, image.shape)
    expected = restoration.estimate_sigma(
        noisy, average_sigmas=True, channel_axis=channel_axis
    )
    if channel_axis is None:
        noisy = noisy[..., None]
    # They differ at the borders, which scikit-image mirrors.
    assert estimate_level(noisy) == pytest.approx(expected, rel=0.01)
    assert estimate_level(noisy) == pytest.approx(0.1, rel=0.15)
