"""Digits rotated and laid on noise or on photographs; patches of photographs.

After the variations of MNIST of Larochelle et al. (2007), 28 x 28 pixels in [0, 1].
The authors leave this open, and here it was chosen:

- A digit is turned about the middle of the image, and its pixels are interpolated
  bilinearly. What leaves the image is lost; what enters is black.
- A digit and its ground are merged by the larger of the two values.
- A patch has "low variance", and is drawn anew, if the standard deviation of its pixels
  is less than a tenth of the range from black to white.

References
----------
H. Larochelle, D. Erhan, A. Courville, J. Bergstra and Y. Bengio, "An Empirical
Evaluation of Deep Architectures on Problems with Many Factors of Variation", ICML 2007.
"""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["draw_patches", "on_ground", "rotate", "uniform_noise"]

SIDE = 28
CHUNK = 5_000
LEAST_DEVIATION = 0.1


def rotate(X, angles):
    """Turn images about their middle.

    Parameters
    ----------
    X : ndarray of shape (n_samples, 784), float32
        The images.

    angles : ndarray of shape (n_samples,)
        In radians, counterclockwise.

    Returns
    -------
    rotated : ndarray of shape (n_samples, 784), float32
        The turned images.
    """
    images = torch.tensor(X, dtype=torch.float32).reshape(-1, 1, SIDE, SIDE)
    cos, sin = torch.tensor(np.stack([np.cos(angles), np.sin(angles)])).float()
    # From a place in the turned image to the place in the image it is read from. Rows
    # count downwards, so a counterclockwise turn reads from further clockwise.
    rows = torch.stack([cos, -sin, 0 * cos]), torch.stack([sin, cos, 0 * cos])
    maps = torch.stack(rows).permute(2, 0, 1)
    rotated = torch.empty_like(images)
    for start in range(0, len(images), CHUNK):
        part = slice(start, start + CHUNK)
        grid = torch.nn.functional.affine_grid(
            maps[part], images[part].shape, align_corners=False
        )
        rotated[part] = torch.nn.functional.grid_sample(
            images[part], grid, mode="bilinear", align_corners=False
        )
    return rotated.reshape(len(X), -1).numpy()


def uniform_noise(n_samples, rng):
    """Draw images whose pixels are uniform on [0, 1).

    Parameters
    ----------
    n_samples : int
        How many.

    rng : numpy.random.Generator
        The source of the draws.

    Returns
    -------
    ground : ndarray of shape (n_samples, 784), float32
        The images.
    """
    return rng.random((n_samples, SIDE * SIDE), dtype=np.float32)


def draw_patches(n_samples, photographs, rng):
    """Draw patches of photographs that are not flat.

    Parameters
    ----------
    n_samples : int
        How many.

    photographs : ndarray of shape (n_photographs, height, width), uint8
        Gray images; all are equally likely, and so are all places in them.

    rng : numpy.random.Generator
        The source of the draws.

    Returns
    -------
    patches : ndarray of shape (n_samples, 784), float32
        In [0, 1]. The standard deviation of the pixels of each is 0.1 or more.
    """
    patches = np.empty((n_samples, SIDE * SIDE), dtype=np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(
        photographs, (SIDE, SIDE), axis=(1, 2)
    )
    open_rows = np.arange(n_samples)
    while len(open_rows):
        places = [rng.integers(n, size=len(open_rows)) for n in windows.shape[:3]]
        drawn = windows[tuple(places)].reshape(len(open_rows), -1)
        patches[open_rows] = drawn.astype(np.float32) / 255
        open_rows = open_rows[patches[open_rows].std(axis=1) < LEAST_DEVIATION]
    return patches


def on_ground(X, ground):
    """Lay digits on a ground: the larger of the two values, pixel by pixel.

    Parameters
    ----------
    X, ground : ndarray of shape (n_samples, 784), float32
        The digits and what is behind them.

    Returns
    -------
    merged : ndarray of shape (n_samples, 784), float32
        Both.
    """
    return np.maximum(X, ground)
