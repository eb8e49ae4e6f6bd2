"""Tiles of an image that overlap."""

import numpy as np
import pytest

from sk_dae.data.tiles import tiles


@pytest.mark.parametrize("step", [1, 2, 4])
@pytest.mark.parametrize(
    ("shape", "largest", "overlap"),
    [
        ((8, 8), (8, 8), (2, 2)),
        ((100, 8), (40, 40), (7, 7)),
        ((64, 200), (32, 48), (10, 3)),
        ((1, 400), (1, 100), (0, 9)),
        ((40, 40), (4, 4), (30, 30)),
    ],
)
def test_tiles_cover_the_image_once_and_reach_as_far_as_they_must(
    shape, largest, overlap, step
):
    step = tuple(min(step, n) for n in shape)
    count = np.zeros(shape, dtype=int)
    image = np.arange(count.size).reshape(shape)
    for cut, place, part in tiles(shape, largest, overlap, step):
        count[place] += 1
        np.testing.assert_array_equal(image[cut][part], image[place])
        axes = zip(cut, place, shape, overlap, step, strict=True)
        for outer, inner, size, reach, k in axes:
            assert outer.start == 0 or inner.start - outer.start >= reach
            assert outer.stop == size or outer.stop - inner.stop >= reach
            assert outer.start % k == 0
    assert (count == 1).all()


def test_an_image_that_is_small_enough_is_one_tile():
    assert len(list(tiles((64, 64), (64, 64), (20, 20), (4, 4)))) == 1


def test_tiles_are_no_larger_than_asked_for():
    for cut, _, _ in tiles((4000, 3000), (640, 640), (44, 44), (4, 4)):
        assert all(piece.stop - piece.start <= 640 for piece in cut)
