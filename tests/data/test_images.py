"""Images of any size: read, padded, filled, and given back in their dtype."""

import numpy as np
import pytest

from sk_dae.data.images import as_dtype, fill_gaps, padded, range_of, read_images


@pytest.mark.parametrize(
    ("images", "kind", "shapes"),
    [
        (np.zeros((4, 5)), "one", [(4, 5, 1)]),
        (np.zeros((2, 4, 5)), "stack", [(4, 5, 1)] * 2),
        ([np.zeros((4, 5)), np.zeros((1, 2))], "list", [(4, 5, 1), (1, 2, 1)]),
        ((np.zeros((4, 5)),), "list", [(4, 5, 1)]),
    ],
)
def test_images_are_read_with_the_channels_last(images, kind, shapes):
    read = read_images(images)
    assert read.kind == kind
    assert [image.shape for image in read.arrays] == shapes
    back = read.wrapped(read.arrays)
    if kind == "list":
        assert [image.shape for image in back] == [image.shape for image in images]
    else:
        assert back.shape == images.shape


def test_nothing_is_copied():
    images = np.zeros((2, 4, 5, 3))
    for image in read_images(images, channel_axis=0).arrays:
        assert np.shares_memory(image, images)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64, np.float16])
def test_numbers_are_clipped_to_their_dtype(dtype):
    made = as_dtype(np.array([-1e30, 0.4, 1.6, 1e30]), np.dtype(dtype))
    limits = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    assert made.dtype == dtype
    assert made[0] == limits.min
    # The floats that can be cast to 64 bits end a little before the integers.
    assert float(made[-1]) == pytest.approx(float(limits.max), rel=1e-12)
    if np.dtype(dtype).kind != "f":
        assert made[1:3].tolist() == [0, 2]


def test_ranges_are_those_of_pixels():
    assert range_of(np.dtype("u1")) == 255
    assert range_of(np.dtype("u2")) == 65535
    assert range_of(np.dtype("f2")) == range_of(np.dtype("f8")) == 1
    assert range_of(np.dtype("i8")) is None


def test_small_images_are_mirrored():
    image = np.arange(6.0).reshape(2, 3, 1)
    made = padded(image, (3, 5))
    np.testing.assert_array_equal(made[2], made[1])
    assert made[0, :, 0].tolist() == [0, 1, 2, 2, 1]
    assert padded(image, (2, 2)) is image
    assert padded(np.ones((1, 1, 2)), (8, 8)).shape == (8, 8, 2)


def test_gaps_are_filled_from_their_neighbours():
    rows, columns = np.mgrid[:40, :30]
    image = (rows + 2.0 * columns)[..., None]
    holed = image.copy()
    holed[10:20, 5:8] = np.nan
    holed[0, 0] = np.nan
    filled = fill_gaps(holed)
    known = ~np.isnan(holed)
    np.testing.assert_array_equal(filled[known], image[known].astype(np.float32))
    assert np.abs(filled - image).max() < 8
    assert np.isnan(holed).sum() == 31


def test_one_observed_pixel_is_enough():
    image = np.full((50, 300, 1), np.nan)
    image[0, 0] = 7.0
    np.testing.assert_allclose(fill_gaps(image), 7.0, rtol=1e-5)


def test_images_without_gaps_are_returned_as_they_are():
    for image in (np.ones((3, 3, 1)), np.ones((3, 3, 1), dtype=np.uint8)):
        assert fill_gaps(image) is image
