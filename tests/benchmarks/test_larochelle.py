"""The generated sets of the benchmarks: what is known of the originals holds."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy.spatial import ConvexHull, QhullError

import _larochelle
from _larochelle import SETS, SIZES, make_set
from _shapes import (
    draw_rectangles,
    draw_rectangles_on_patches,
    draw_regions,
    is_convex,
)
from _variations import draw_patches, on_ground, rotate, uniform_noise

SMALL = (60, 20, 40)


@pytest.fixture(scope="module")
def photographs():
    """Gray images with smooth and flat parts."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, size=(25, 10, 10)).astype(np.uint8)
    images = noise.repeat(6, axis=1).repeat(6, axis=2)
    images[:, :, :20] = 128
    return images


@pytest.fixture(scope="module")
def folder(tmp_path_factory, photographs):
    """Stand-ins for the files, with "digits" of which no two are equal."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("data")
    X = np.zeros((200, 28, 28), dtype=np.uint8)
    X[:, 8:20, 8:20] = rng.integers(0, 256, size=(200, 12, 12))
    X = X.reshape(200, -1)
    y = (np.arange(200) % 10).astype(np.uint8)
    np.savez(
        folder / "mnist.npz",
        X_train=X[:150],
        y_train=y[:150],
        X_test=X[150:],
        y_test=y[150:],
    )
    (folder / "images").mkdir()
    np.savez(folder / "images" / "bsd400_train.npz", X=photographs)
    return folder


def sides(X):
    """Return height and width of what is not black in each image."""
    images = X.reshape(-1, 28, 28) > 0
    return images.any(axis=2).sum(axis=1), images.any(axis=1).sum(axis=1)


def fills_its_hull(region):
    """Tell by Qhull whether no pixel outside a region has its centre in the hull."""
    centres = np.argwhere(region)
    try:
        hull = ConvexHull(centres)
    except QhullError:  # all centres on a line: one without gaps is convex
        first, last = centres[0], centres[-1]
        return len(centres) == np.gcd(*(last - first)) + 1
    normals, offsets = hull.equations[:, :2], hull.equations[:, 2]
    grid = np.argwhere(np.ones(region.shape))
    inside = (grid @ normals.T + offsets <= 1e-9).all(axis=1)
    return inside.sum() == len(centres)


@pytest.mark.parametrize("name", SETS)
def test_sets_are_images_with_classes(name, folder):
    data = make_set(name, folder, sizes=SMALL)
    assert data.name == name
    for part, n_samples in zip(("train", "valid", "test"), SMALL, strict=True):
        X, y = getattr(data, f"X_{part}"), getattr(data, f"y_{part}")
        assert X.shape == (n_samples, 784)
        assert X.dtype == np.float32
        assert X.min() >= 0 and X.max() <= 1
        assert y.shape == (n_samples,)
        assert y.dtype == np.int64


@pytest.mark.parametrize("name", SETS)
def test_the_seed_decides(name, folder):
    first, again, other = (
        make_set(name, folder, seed, sizes=SMALL) for seed in (3, 3, 4)
    )
    for a, b in zip(astuple(first)[1:], astuple(again)[1:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first.X_train, other.X_train)


def test_generating_moves_no_global_stream(folder):
    before = np.random.get_state()[1].copy()
    make_set("bg-img-rot", folder, sizes=SMALL)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_sizes_are_those_of_the_originals():
    assert SIZES["rect"] == (1_000, 200, 50_000)
    assert SIZES["convex"] == (6_000, 2_000, 50_000)
    others = {SIZES[name] for name in SETS if name not in ("rect", "convex")}
    assert others == {(10_000, 2_000, 50_000)}


def test_no_digit_is_in_two_parts(folder):
    data = make_set("basic", folder, sizes=(120, 30, 50))
    rows = np.concatenate([data.X_train, data.X_valid, data.X_test])
    assert len(np.unique(rows, axis=0)) == 200


def test_digits_keep_their_classes(folder):
    data = make_set("basic", folder, sizes=(120, 30, 50))
    with np.load(folder / "mnist.npz") as file:
        X = np.concatenate([file["X_train"], file["X_test"]]).astype(np.float32) / 255
        y = np.concatenate([file["y_train"], file["y_test"]])
    for row, label in zip(data.X_test, data.y_test, strict=True):
        assert label == y[(row == X).all(axis=1)].item()


def test_too_many_digits_are_refused(folder):
    with pytest.raises(ValueError, match="sizes must sum to 200 at most, got 210"):
        make_set("rot", folder, sizes=(150, 30, 30))


def test_an_unknown_name_is_refused(folder):
    with pytest.raises(ValueError, match=r"name must be one of .*, got 'mnist'"):
        make_set("mnist", folder)


def test_photographs_are_few_and_always_the_same(folder):
    first, again = (_larochelle._read_photographs(folder) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(first.reshape(len(first), -1), axis=0)) == 20


@pytest.mark.parametrize("quarters", range(5))
def test_a_quarter_turn_moves_pixels_and_changes_none(quarters):
    X = np.random.default_rng(0).random((3, 784), dtype=np.float32)
    turned = rotate(X, np.full(3, quarters * np.pi / 2))
    expected = np.rot90(X.reshape(3, 28, 28), quarters, axes=(1, 2))
    np.testing.assert_allclose(turned.reshape(3, 28, 28), expected, atol=1e-4)


def test_rotation_keeps_the_mass_of_a_digit():
    """The mass of a smooth image well within the frame is kept to 1 %."""
    at = np.arange(28) - 13.5
    blob = np.exp(-((at[:, None] - 3) ** 2 + 2 * (at + 2) ** 2) / 10)
    X = blob.reshape(1, -1).astype(np.float32).repeat(50, axis=0)
    turned = rotate(X, np.linspace(0, 2 * np.pi, 50))
    np.testing.assert_allclose(turned.sum(axis=1), blob.sum(), rtol=0.01)
    assert turned.min() >= 0


def test_angles_are_uniform(tmp_path):
    """A dot above the middle lands in every eighth of the circle equally often."""
    dots = np.zeros((4_000, 28, 28), dtype=np.uint8)
    dots[:, 2:4, 13:15] = 255
    X, y = dots.reshape(-1, 784), np.zeros(4_000, dtype=np.uint8)
    np.savez(tmp_path / "mnist.npz", X_train=X, y_train=y, X_test=X[:0], y_test=y[:0])
    turned = make_set("rot", tmp_path, sizes=(4_000, 0, 0)).X_train
    at = np.arange(28) - 13.5
    mass = turned.reshape(-1, 28, 28)
    angles = np.arctan2((mass.sum(axis=2) * at).sum(1), (mass.sum(axis=1) * at).sum(1))
    counts, _ = np.histogram(angles, bins=8, range=(-np.pi, np.pi))
    # The count of a bin has a standard deviation of 21.
    assert abs(counts - 500).max() < 5 * 21


def test_noise_is_uniform():
    noise = uniform_noise(2_000, np.random.default_rng(0))
    counts, _ = np.histogram(noise, bins=20, range=(0, 1))
    n = noise.size / 20
    assert abs(counts - n).max() < 5 * np.sqrt(n)
    # Every pixel by itself: means of 2 000 draws, whose deviation is 0.0065.
    assert abs(noise.mean(axis=0) - 0.5).max() < 5 * 0.0065


def test_a_ground_shows_where_the_digit_is_darker():
    rng = np.random.default_rng(0)
    X, ground = rng.random((2, 5, 784), dtype=np.float32)
    merged = on_ground(X, ground)
    np.testing.assert_array_equal(merged, np.where(X > ground, X, ground))


def test_patches_are_cut_out_and_not_flat(photographs):
    patches = draw_patches(300, photographs, np.random.default_rng(0))
    assert (patches.std(axis=1) >= 0.1).all()
    windows = np.lib.stride_tricks.sliding_window_view(
        photographs.astype(np.float32) / 255, (28, 28), axis=(1, 2)
    )
    for patch in patches[:5].reshape(-1, 28, 28):
        assert (windows == patch).all(axis=(3, 4)).any()


def test_rectangles_are_borders_of_allowed_sizes():
    X, y = draw_rectangles(40_000, np.random.default_rng(0))
    height, width = sides(X)
    assert set(np.unique(X)) == {0, 1}
    # A border has as many pixels as its outline, and all of them at its four sides.
    np.testing.assert_array_equal(X.sum(axis=1), 2 * (height + width) - 4)
    images = X.reshape(-1, 28, 28)
    np.testing.assert_array_equal((images.sum(axis=2) == width[:, None]).sum(axis=1), 2)
    np.testing.assert_array_equal(
        (images.sum(axis=1) == height[:, None]).sum(axis=1), 2
    )
    assert min(height.min(), width.min()) == 4
    assert abs(height - width).min() == 3
    pairs, counts = np.unique(
        np.column_stack([height, width]), axis=0, return_counts=True
    )
    assert len(pairs) == 506
    # Poisson around 79 each.
    assert abs(counts - 40_000 / 506).max() < 5 * np.sqrt(40_000 / 506)
    np.testing.assert_array_equal(y, height > width)
    assert abs(y.mean() - 0.5) < 5 * 0.0025


def test_rectangles_lie_everywhere_they_fit():
    X, _ = draw_rectangles(40_000, np.random.default_rng(0))
    height, width = sides(X)
    images = X.reshape(-1, 28, 28) > 0
    top, left = images.any(axis=2).argmax(axis=1), images.any(axis=1).argmax(axis=1)
    for start, length in ((top, height), (left, width)):
        counts = np.bincount(start[length == 20], minlength=9)
        assert len(counts) == 9
        mean = counts.mean()
        assert abs(counts - mean).max() < 5 * np.sqrt(mean)


def test_rectangles_on_patches_show_one_in_the_other():
    n_samples = 5_000
    outside = np.zeros((n_samples, 784), dtype=np.float32)
    X, y = draw_rectangles_on_patches(outside + 1, outside, np.random.default_rng(0))
    height, width = sides(X)
    np.testing.assert_array_equal(X.sum(axis=1), height * width)
    assert min(height.min(), width.min()) >= 10
    assert abs(height - width).min() >= 5
    share = X.mean(axis=1)
    assert share.min() >= 0.25 and share.max() <= 0.75
    np.testing.assert_array_equal(y, height > width)
    assert abs(y.mean() - 0.5) < 5 * 0.0071


@pytest.fixture(scope="module")
def regions():
    X, y = draw_regions(4_000, np.random.default_rng(0))
    return X.reshape(-1, 28, 28), y


def test_convex_regions_are_convex_and_the_others_are_not(regions):
    images, y = regions
    for image, label in zip(images[:600] > 0, y[:600], strict=True):
        assert fills_its_hull(image) == label


def test_convexity_agrees_with_the_hull_on_any_pixels():
    """Few pixels on a small grid: gaps, lines, points and empty rows."""
    rng = np.random.default_rng(0)
    images = rng.random((3_000, 5, 4)) < rng.uniform(0.1, 0.9, size=(3_000, 1, 1))
    images = images[images.any(axis=(1, 2))]
    expected = [fills_its_hull(image) for image in images]
    assert 0 < np.mean(expected) < 1
    np.testing.assert_array_equal(is_convex(images), expected)


def test_regions_have_balanced_classes_and_enough_pixels(regions):
    """The means are about 420 and 444 pixels: a size says little about the class."""
    images, y = regions
    n_pixels = images.sum(axis=(1, 2))
    assert set(np.unique(images)) == {0, 1}
    assert n_pixels[y == 1].min() >= 19
    assert n_pixels[y == 0].mean() / n_pixels[y == 1].mean() == pytest.approx(
        1, abs=0.15
    )
    assert abs(y.mean() - 0.5) < 5 * 0.008
