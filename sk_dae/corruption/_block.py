"""The process that masks cells which lie side by side."""

from __future__ import annotations

import math
from numbers import Integral, Real

import torch
from sklearn.utils._missing import is_scalar_nan
from sklearn.utils._param_validation import Interval, StrOptions

from ..backend.serialization import serializable
from ._base import LARGEST, BaseCorruption

__all__ = ["BlockNoise"]


@serializable
class BlockNoise(BaseCorruption):
    r"""Block noise: spans of a signal, patches of an image, or bands are masked.

    Blocks of one size are dropped on each row, at random and independently of one
    another; they may overlap, and reach beyond the edges. Their number is such that
    each cell is covered with probability `p`, at the edges too:

    .. math:: \#\text{blocks in a place} \sim \operatorname{Poisson}(-\log(1 - p) / b)

    where a cell can be covered from :math:`b` places. A cell that
    masking noise hides can often be read from the next one; under a block it cannot.

    Parameters
    ----------
    level : float, default=0.2
        Fraction :math:`p` of the cells that are masked, in [0, 1).

    shape : tuple of int, default=None
        Form of a row: ``(height, width)`` or ``(height, width, n_channels)`` of an
        image, ``(n_frequencies, n_times)`` of a spectrogram. None is a signal of
        `n_features` values.

    block_size : int, tuple of int or None, or "auto", default="auto"
        Size of a block along each axis of `shape`; an int for all of them. None in a
        tuple is the whole of an axis: ``(8, None)`` masks bands of eight frequencies
        for all times, ``(7, 7, None)`` patches of all channels. "auto" is a quarter of
        each axis.

    fill_value : float, default=0.0
        The value of a masked cell; NaN masks as missing values are.

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    level_ : float
        The validated level.

    block_size_ : tuple of int
        Size of a block along each axis.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    See Also
    --------
    MaskingNoise : Masks single cells, independently of one another.

    References
    ----------
    Pathak, D., Krahenbuhl, P., Donahue, J., Darrell, T. and Efros, A. A. (2016).
    Context encoders: feature learning by inpainting. CVPR.

    Park, D. S., Chan, W., Zhang, Y., Chiu, C.-C., Zoph, B., Cubuk, E. D. and Le, Q. V.
    (2019). SpecAugment: a simple data augmentation method for automatic speech
    recognition. Interspeech.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import BlockNoise
    >>> noise = BlockNoise(0.25, block_size=3, random_state=2)
    >>> noise.fit_transform(np.ones((2, 12))).astype(int)
    array([[1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1],
           [0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1]])
    """

    _parameter_constraints: dict = {
        "level": [Interval(Real, 0, 1, closed="left")],
        "shape": [tuple, list, None],
        "block_size": [
            Interval(Integral, 1, None, closed="left"),
            tuple,
            list,
            StrOptions({"auto"}),
        ],
        "fill_value": [Interval(Real, -LARGEST, LARGEST, closed="both"), "nan"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        level=0.2,
        *,
        shape=None,
        block_size="auto",
        fill_value=0.0,
        random_state=None,
    ):
        super().__init__(level, random_state=random_state)
        self.shape = shape
        self.block_size = block_size
        self.fill_value = fill_value

    @property
    def makes_missing(self):
        return is_scalar_nan(self.fill_value)

    def set_level(self, n_features, feature_names):
        if not isinstance(self.level, Real) or not 0 <= self.level < 1:
            raise ValueError(
                f"{self.level_name} of BlockNoise must be one number in [0, 1), got "
                f"{self.level!r}."
            )
        self.level_ = float(self.level)
        self._shape = self._check_shape(n_features)
        self.block_size_ = self._check_block_size()

    def _check_shape(self, n_features):
        if self.shape is None:
            return (n_features,)
        shape = tuple(self.shape)
        valid = all(isinstance(size, Integral) and size > 0 for size in shape)
        if not (valid and math.prod(shape) == n_features):
            raise ValueError(
                "shape of BlockNoise must be positive integers whose product is the "
                f"number of features, {n_features}, got {self.shape!r}."
            )
        return tuple(int(size) for size in shape)

    def _check_block_size(self):
        given, shape = self.block_size, self._shape
        if isinstance(given, str):
            return tuple(max(1, round(size / 4)) for size in shape)
        sizes = [given] * len(shape) if isinstance(given, Integral) else list(given)
        valid = len(sizes) == len(shape) and all(
            size is None or (isinstance(size, Integral) and size > 0) for size in sizes
        )
        if not valid:
            raise ValueError(
                "block_size of BlockNoise must be 'auto', a positive integer or one "
                f"for each axis of the shape {shape}, None for all of an axis, got "
                f"{given!r}."
            )
        return tuple(
            n if size is None else min(int(size), n)
            for size, n in zip(sizes, shape, strict=True)
        )

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        chosen = self._covered(X, generator)
        return X.masked_fill(chosen, float(self.fill_value)), chosen

    def _covered(self, X, generator):
        """Return the mask of the cells that blocks cover."""
        # Where along an axis a block may begin: before the edge too, unless it takes
        # the whole axis.
        begins = [
            1 if size == n else n + size - 1
            for size, n in zip(self.block_size_, self._shape, strict=True)
        ]
        n_places = len(X) * math.prod(begins)
        covering = math.prod(
            1 if size == n else size
            for size, n in zip(self.block_size_, self._shape, strict=True)
        )
        rate = -math.log1p(-self._factor * self.level_) / covering
        # Each place has a Poisson number of blocks, so the whole has one too, and their
        # places are uniform.
        n_blocks = torch.full((), rate * n_places, dtype=torch.float64)
        n_blocks = int(torch.poisson(n_blocks.to(X.device), generator))
        places = torch.randint(
            n_places, (n_blocks,), generator=generator, device=X.device
        )
        # Blocks are painted on rows with room beyond their edges.
        room = [
            begin + size - 1
            for begin, size in zip(begins, self.block_size_, strict=True)
        ]
        corners = torch.zeros_like(places)
        stride = 1
        strides = []
        for begin, width in zip(begins[::-1], room[::-1], strict=True):
            corners += (places % begin) * stride
            places = places // begin
            strides.append(stride)
            stride *= width
        corners += places * stride
        offsets = torch.zeros(1, dtype=torch.int64, device=X.device)
        for size, step in zip(self.block_size_, strides[::-1], strict=True):
            along = torch.arange(size, device=X.device) * step
            offsets = (offsets[:, None] + along).reshape(-1)
        covered = torch.zeros(len(X) * stride, dtype=torch.bool, device=X.device)
        covered[(corners[:, None] + offsets).reshape(-1)] = True
        covered = covered.view(len(X), *room)
        for axis, n in enumerate(self._shape):
            size = self.block_size_[axis]
            covered = covered.narrow(axis + 1, 0 if size == n else size - 1, n)
        return covered.reshape(X.shape)
