"""Images through a net in tiles, of which a bounded number of pixels is in work."""

from __future__ import annotations

import numpy as np
import torch

from ..backend.settings import own_settings
from ..data.images import padded
from ..data.tiles import tiles

__all__ = ["denoise_arrays"]

#: Pixels that go through the net at once, at most. Each takes about 300 bytes there.
MOST_PIXELS = 640**2


def denoise_arrays(module, images, scales, levels, device):
    """Denoise images of any sizes; those that are small go through together.

    Parameters
    ----------
    module : ResidualNet
        The trained module.

    images : list of ndarray of shape (height, width, n_channels)
        Images without gaps.

    scales : list of float
        The number that the values of each are divided by for the net.

    levels : list of float or None
        The level of the noise in each, in the units of the net; None where it is not
        told.

    device : torch.device
        Where the net is.

    Yields
    ------
    denoised : ndarray of shape (height, width, n_channels), dtype float32
        An image, in the units of the net.
    """
    step = module.step
    for group in _groups(images, step):
        shape = images[group[0]].shape[:2]
        whole = tuple(-(-n // k) * k for n, k in zip(shape, step, strict=True))
        level = None
        if levels is not None:
            level = torch.tensor([levels[i] for i in group], dtype=torch.float32)
            level = level.to(device)
        made = np.empty((len(group), *whole, module.n_channels), dtype=np.float32)
        for cut, place, part in tiles(whole, _largest(whole), module.reach, step):
            pixels = np.stack([_cut(images[i], cut, scales[i]) for i in group])
            with own_settings(), torch.inference_mode():
                out = module.denoise(torch.from_numpy(pixels).to(device), level)
                made[:, *place] = out[:, *part].cpu().numpy()
        yield from made[:, : shape[0], : shape[1]]


def _groups(images, step):
    """Yield lists of indices of neighbouring images of one size, of bounded pixels."""
    group = []
    for i, image in enumerate(images):
        if group:
            first = images[group[0]]
            n_pixels = (len(group) + 1) * first[..., 0].size
            if image.shape != first.shape or n_pixels > MOST_PIXELS:
                yield group
                group = []
        group.append(i)
    if group:
        yield group


def _largest(shape):
    """Return the greatest size of a tile: a square, or a stretch of a signal."""
    side = round(MOST_PIXELS**0.5)
    return tuple(MOST_PIXELS // min(side, other) for other in reversed(shape))


def _cut(image, cut, scale):
    """Return a tile as float32; one at an end is mirrored up to a whole step."""
    tile = image[cut]
    shape = [piece.stop - piece.start for piece in cut]
    tile = padded(tile, shape)
    # Not in float32, where a small scale would be rounded.
    return (tile / np.float64(scale)).astype(np.float32)
