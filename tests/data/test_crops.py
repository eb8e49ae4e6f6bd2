"""Random crops as rows."""

import numpy as np
import pytest
import torch

from sk_dae.data.crops import CropBatches, CropPlaces, CropRows, PixelRows


def numbered(*shapes):
    """Return images whose pixels all differ."""
    images, start = [], 0
    for shape in shapes:
        size = int(np.prod(shape))
        images.append(np.arange(start, start + size, dtype=np.float64).reshape(shape))
        start += size
    return images


def crops_of(images, crop_shape, augment=False, seed=0):
    sizes = [image.shape[:2] for image in images]
    generator = torch.Generator().manual_seed(seed)
    places = CropPlaces(sizes, crop_shape, augment, generator)
    return CropRows(images, [1.0] * len(images), places)


def test_every_image_has_as_many_crops_as_tile_it():
    rows = crops_of(numbered((10, 8, 1), (4, 4, 1), (5, 4, 1)), (4, 4))
    assert np.bincount(rows.places.images).tolist() == [6, 1, 2]
    assert rows.shape == (9, 16)


@pytest.mark.parametrize("augment", [False, True])
def test_rows_are_crops_of_their_images(augment):
    images = numbered((9, 7, 2), (4, 12, 2))
    rows = crops_of(images, (4, 4), augment)
    made = rows.take(torch.arange(rows.shape[0])).reshape(-1, 4, 4, 2).numpy()
    for crop, image in zip(made, rows.places.images, strict=True):
        first = int(crop.min())
        columns = images[image].shape[1]
        top, left = divmod((first - int(images[image].min())) // 2, columns)
        cut = images[image][top : top + 4, left : left + 4]
        turns = [np.rot90(cut, k) for k in range(4)]
        turns += [np.rot90(cut[:, ::-1], k) for k in range(4)]
        same = [np.array_equal(crop, turn) for turn in turns]
        assert sum(same) == 1
        assert augment or same[0]


def test_all_flips_and_turns_and_places_occur():
    rows = crops_of(numbered((5, 5, 1)) * 300, (4, 4), augment=True)
    assert set(rows.places.turns.tolist()) == set(range(8))
    assert len(np.unique(rows.places.corners, axis=0)) == 4
    oblong = crops_of(numbered((9, 9, 1)) * 100, (4, 8), augment=True)
    assert set(oblong.places.turns.tolist()) == set(range(4))
    signals = crops_of(numbered((1, 90, 1)) * 100, (1, 8), augment=True)
    assert set(signals.places.turns.tolist()) == {0, 1}


def test_a_row_stays_what_it_is_until_places_are_drawn():
    rows = crops_of(numbered((40, 40, 1)), (4, 4))
    index = torch.arange(rows.shape[0])
    first = rows.take(index)
    torch.testing.assert_close(rows.take(index.flip(0)).flip(0), first)
    rows.places.draw(torch.Generator().manual_seed(1))
    assert not torch.equal(rows.take(index), first)


def test_targets_are_crops_of_the_same_places():
    images = numbered((20, 20, 1))
    rows = crops_of(images, (4, 4), augment=True)
    targets = CropRows([image + 0.5 for image in images], [1.0], rows.places)
    generator = torch.Generator().manual_seed(2)
    cpu = torch.device("cpu")
    batches = CropBatches(rows, None, 7, cpu, targets=targets, generator=generator)
    seen = []
    for _ in range(2):
        pairs = [(X, target) for X, target, _ in batches]
        for X, target in pairs:
            torch.testing.assert_close(target, X + 0.5)
        seen.append(torch.cat([X for X, _ in pairs]).sum().item())
    assert seen[0] != seen[1]


def test_batches_in_order_draw_no_places():
    rows = crops_of(numbered((20, 20, 1)), (4, 4))
    generator = torch.Generator().manual_seed(2)
    cpu = torch.device("cpu")
    batches = CropBatches(rows, None, 7, cpu, generator=generator).in_order()
    first = torch.cat([X for X, *_ in batches])
    torch.testing.assert_close(torch.cat([X for X, *_ in batches]), first)


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float64, ">u2"])
def test_values_are_divided_by_their_scale(dtype):
    image = np.full((4, 4, 1), 51, dtype=dtype)
    places = CropPlaces([(4, 4)], (4, 4), False, torch.Generator())
    rows = CropRows([image], [255.0], places).take(torch.arange(1))
    assert rows.dtype == torch.float32
    torch.testing.assert_close(rows, torch.full((1, 16), 0.2))


def test_pixels_are_rows_of_their_channels():
    images = numbered((3, 4, 2), (1, 1, 2))
    rows = PixelRows(images, [2.0, 4.0])
    chunks = np.concatenate(list(rows.chunks()))
    assert rows.shape == (None, 2)
    expected = np.concatenate([images[0].reshape(-1, 2) / 2, images[1][0] / 4])
    np.testing.assert_allclose(chunks, expected)
