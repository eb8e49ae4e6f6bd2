"""Tiles of an image that overlap: what is cut out, and which part of it counts."""

from __future__ import annotations

import itertools

__all__ = ["tiles"]


def tiles(shape, largest, overlap, step):
    """Yield the tiles of an image.

    The part of a tile that counts is as far from its borders as `overlap` says, but
    where the border is that of the image.

    Parameters
    ----------
    shape : sequence of int
        The size of the image; multiples of `step`.

    largest : sequence of int
        The greatest size of a tile.

    overlap : sequence of int
        How far around a pixel a tile must reach.

    step : sequence of int
        Multiples of it are where tiles begin and end.

    Yields
    ------
    cut : tuple of slice
        The tile, in the image.

    place : tuple of slice
        The part of it that counts, in the image.

    part : tuple of slice
        The same, in the tile.
    """
    axes = [_along(*axis) for axis in zip(shape, largest, overlap, step, strict=True)]
    for tile in itertools.product(*axes):
        yield tuple(zip(*tile, strict=True))


def _along(size, largest, overlap, step):
    if size <= largest:
        whole = slice(0, size)
        return [(whole, whole, whole)]
    overlap = -(-overlap // step) * step
    core = max(step, (largest - 2 * overlap) // step * step)
    # Tiles of nearly one size, so that none is a strip.
    n_tiles = -(-size // core)
    core = -(-size // (n_tiles * step)) * step
    found = []
    for start in range(0, size, core):
        stop = min(start + core, size)
        first, last = max(0, start - overlap), min(size, stop + overlap)
        found.append(
            (
                slice(first, last),
                slice(start, stop),
                slice(start - first, stop - first),
            )
        )
    return found
