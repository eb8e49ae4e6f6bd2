"""Images of rectangles and of convex regions, drawn at random.

After the sets "rectangles", "rectangles-image" and "convex" of Larochelle et al.
(2007), 28 x 28 pixels each. What is known of how they were drawn:

- rectangles: the border, one pixel wide, of a rectangle. Height and width lie between 4
  and 28, all pairs that differ by 3 or more are equally likely, and so are all places
  where the rectangle fits. The original files agree with this.
- rectangles-image: a rectangle cut out of one patch of a photograph, laid on another.
  The rectangle covers a quarter to three quarters of the image, its sides are 10 or
  longer and differ by 5 or more: from memory, not checked.
- convex: the intersection of half-planes, as many as a geometric distribution says,
  against the union of 2 to 4 of them, if that is not convex. Described by the authors.

What they do not say, and what was chosen here:

- A half-plane has its edge through a point drawn uniformly over the image, and its
  normal in a direction drawn uniformly. A pixel belongs to it if its centre does.
- The geometric distributions start at 1.
- "Convex" means that no pixel outside the region has its centre in the convex hull of
  the centres inside it. An intersection of half-planes is so by construction; a union
  that is so is drawn anew.
- Both classes are drawn until the mean number of pixels agrees; see `regions`.

References
----------
H. Larochelle, D. Erhan, A. Courville, J. Bergstra and Y. Bengio, "An Empirical
Evaluation of Deep Architectures on Problems with Many Factors of Variation", ICML 2007.
"""

from __future__ import annotations

import numpy as np

__all__ = [
    "draw_rectangles",
    "draw_rectangles_on_patches",
    "draw_regions",
    "intersections",
    "is_convex",
]

SIDE = 28
BATCH = 20_000


def _sizes(shortest, difference, area=(0.0, 1.0)):
    """Return all allowed pairs of height and width, shape (n_pairs, 2)."""
    height, width = np.mgrid[shortest : SIDE + 1, shortest : SIDE + 1].reshape(2, -1)
    share = height * width / SIDE**2
    allowed = abs(height - width) >= difference
    allowed &= (share >= area[0]) & (share <= area[1])
    return np.column_stack([height, width])[allowed]


def _draw_places(n_samples, sizes, rng):
    """Return the top, left, height and width of rectangles of the allowed sizes."""
    height, width = sizes[rng.integers(len(sizes), size=n_samples)].T
    top = rng.integers(SIDE - height + 1)
    left = rng.integers(SIDE - width + 1)
    return top, left, height, width


def _filled(top, left, height, width):
    """Return masks of the rectangles, shape (n_samples, SIDE, SIDE)."""
    at = np.arange(SIDE)
    rows = (at >= top[:, None]) & (at < (top + height)[:, None])
    columns = (at >= left[:, None]) & (at < (left + width)[:, None])
    return rows[:, :, None] & columns[:, None, :]


def draw_rectangles(n_samples, rng):
    """Draw the borders of rectangles.

    Parameters
    ----------
    n_samples : int
        How many.

    rng : numpy.random.Generator
        The source of the draws.

    Returns
    -------
    X : ndarray of shape (n_samples, 784), float32
        1 on the border, 0 elsewhere.

    y : ndarray of shape (n_samples,), int64
        1 where the rectangle is higher than wide, else 0.
    """
    sizes = _sizes(shortest=4, difference=3)
    top, left, height, width = _draw_places(n_samples, sizes, rng)
    border = _filled(top, left, height, width)
    border &= ~_filled(top + 1, left + 1, height - 2, width - 2)
    X = border.reshape(n_samples, -1).astype(np.float32)
    return X, (height > width).astype(np.int64)


def draw_rectangles_on_patches(inside, outside, rng):
    """Cut rectangles out of patches and lay them on others.

    Parameters
    ----------
    inside, outside : ndarray of shape (n_samples, 784), float32
        The patches that show in the rectangle and around it.

    rng : numpy.random.Generator
        The source of the draws.

    Returns
    -------
    X : ndarray of shape (n_samples, 784), float32
        The images.

    y : ndarray of shape (n_samples,), int64
        1 where the rectangle is higher than wide, else 0.
    """
    sizes = _sizes(shortest=10, difference=5, area=(0.25, 0.75))
    top, left, height, width = _draw_places(len(inside), sizes, rng)
    filled = _filled(top, left, height, width).reshape(len(inside), -1)
    return np.where(filled, inside, outside), (height > width).astype(np.int64)


def intersections(n_candidates, p, fewest, rng):
    """Draw intersections of half-planes, and keep those that are large enough.

    Parameters
    ----------
    n_candidates : int
        How many are tried.

    p : float
        Of the geometric distribution of the number of half-planes.

    fewest : int
        Pixels that a region needs to be kept.

    rng : numpy.random.Generator
        The source of the draws.

    Returns
    -------
    regions : ndarray of shape (n_kept, 28, 28), bool
        The pixels in each.
    """
    n_planes = rng.geometric(p, size=n_candidates)
    at = np.arange(SIDE, dtype=np.float32)
    regions = np.ones((n_candidates, SIDE, SIDE), dtype=bool)
    alive = np.arange(n_candidates)
    for drawn in range(n_planes.max()):
        cut = alive[n_planes[alive] > drawn]
        angle = rng.uniform(0, 2 * np.pi, size=len(cut)).astype(np.float32)
        point = rng.uniform(-0.5, SIDE - 0.5, size=(2, len(cut))).astype(np.float32)
        normal = np.stack([np.sin(angle), np.cos(angle)])
        across, along = normal[:, :, None] * (at - point[:, :, None])
        regions[cut] &= across[:, :, None] >= -along[:, None, :]
        # A region that is too small cannot grow again: it is cut no further.
        alive = alive[regions[alive].sum(axis=(1, 2)) >= fewest]
    return regions[alive]


def _draw_until(n_samples, draw):
    """Join what `draw()` returns until there are `n_samples` rows."""
    parts, n_drawn = [], 0
    while n_drawn < n_samples:
        parts.append(draw())
        n_drawn += len(parts[-1])
    return np.concatenate(parts)[:n_samples]


def _unions(n_candidates, rng):
    """Draw unions of 2 to 4 intersections of half-planes that are not convex."""
    n_parts = rng.integers(2, 5, size=n_candidates)
    parts = _draw_until(n_parts.sum(), lambda: intersections(BATCH, 0.07, 10, rng))
    starts = np.concatenate([[0], n_parts.cumsum()[:-1]])
    unions = np.logical_or.reduceat(parts, starts, axis=0)
    return unions[~is_convex(unions)]


def is_convex(regions):
    """Tell which regions hold every pixel whose centre is in their convex hull.

    The hull is found row by row: its right end in a row is the largest of the chords
    between the right ends of a row at or above and a row at or below. All numbers are
    integers, so the answer is exact.

    Parameters
    ----------
    regions : ndarray of shape (n_regions, height, width), bool
        The pixels in each. Every region has at least one.

    Returns
    -------
    convex : ndarray of shape (n_regions,), bool
        Whether each is convex.
    """
    _, n_rows, n_columns = regions.shape
    present = regions.any(axis=2)
    right = np.where(present, n_columns - 1 - regions[:, :, ::-1].argmax(axis=2), -1)
    mirrored = np.where(present, n_columns - 1 - regions.argmax(axis=2), -1)
    hull = np.stack([right, mirrored])
    for end in (0, 1):
        ends = (right, mirrored)[end]
        for first in range(n_rows - 2):
            for last in range(first + 2, n_rows):
                both = present[:, first] & present[:, last]
                between = np.arange(first + 1, last)
                chord = np.outer(ends[:, first], last - between)
                chord += np.outer(ends[:, last], between - first)
                chord //= last - first
                rows = hull[end][:, first + 1 : last]
                np.maximum(rows, np.where(both[:, None], chord, -1), out=rows)
    # The mirrored image has its right end where the image has its left end.
    n_in_hull = np.maximum(hull[0] + hull[1] - (n_columns - 2), 0)
    n_in_hull[(hull < 0).any(axis=0)] = 0
    return n_in_hull.sum(axis=1) == regions.sum(axis=(1, 2))


def draw_regions(n_samples, rng):
    """Draw regions that are convex or not.

    Parameters
    ----------
    n_samples : int
        How many.

    rng : numpy.random.Generator
        The source of the draws.

    Returns
    -------
    X : ndarray of shape (n_samples, 784), float32
        1 in the region, 0 elsewhere.

    y : ndarray of shape (n_samples,), int64
        1 where the region is convex, else 0.
    """
    y = rng.integers(2, size=n_samples)
    n_convex = y.sum()
    regions = np.empty((n_samples, SIDE, SIDE), dtype=np.float32)
    regions[y == 1] = _draw_until(
        n_convex, lambda: intersections(BATCH, 0.195, 19, rng)
    )
    regions[y == 0] = _draw_until(
        n_samples - n_convex, lambda: _unions(BATCH // 4, rng)
    )
    return regions.reshape(n_samples, -1), y
