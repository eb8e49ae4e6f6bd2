"""Layers of linear maps, fitted one after the other to rows in chunks."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from ..data.rows import rows_of, rows_per_chunk, spans
from . import moments as _scatter
from .maps import LinearMap, PartwiseMap
from .moments import CentredRows, Scatter
from .regression import undo_masking, undo_masking_of_few_rows, undo_masking_of_part

__all__ = ["LayerInputs", "device_of_sums", "fit_layer", "fit_parts", "most_frequent"]

#: Bytes up to which hidden activations of all rows are kept from layer to layer.
#: Beyond, they are computed again for each layer.
HELD_BYTES = 2**30


class LayerInputs:
    """Rows as a layer sees them, in chunks on a device.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Input of the first layer.

    weights : Tensor of shape (n_samples,) or None
        Weight of each row.

    device : torch.device
        Where they are needed.
    """

    def __init__(self, X, weights, device):
        self._X = X
        self.weights = None if weights is None else weights.to(device)
        self.device = device
        self.n_samples, self.width = X.shape
        self._maps = []
        self._held = None

    def __iter__(self):
        """Yield chunks of rows with their weights."""
        yield from self._chunks(rows_of(self._X), self.width)

    def of_columns(self, columns):
        """Yield chunks of some columns of what the first layer sees."""
        if sp.issparse(self._X):
            yield from self._chunks(rows_of(self._X[:, columns]), len(columns))
            return
        index = torch.from_numpy(columns)
        for chunk, weights in self._chunks(rows_of(self._X), self.width):
            yield chunk[:, index.to(chunk.device)], weights

    def _chunks(self, rows, width):
        step = rows_per_chunk(4 * width)
        if self._held is None:
            chunks = self._mapped(rows, step)
        else:
            chunks = self._held.split(step)
        start = 0
        for chunk in chunks:
            span = slice(start, start + len(chunk))
            start += len(chunk)
            yield chunk, None if self.weights is None else self.weights[span]

    def _mapped(self, rows, step):
        for chunk in rows.in_order(step):
            chunk = chunk.to(self.device)
            for map_ in self._maps:
                chunk = map_(chunk)
            yield chunk

    def centre(self, means):
        """Return a centre for sums: means, or those of the first chunk."""
        if means is None:
            first, _ = next(iter(self))
            return first.mean(dim=0, dtype=torch.float64)
        return torch.from_numpy(means).to(self.device, torch.float64)

    def add_to(self, scatter):
        """Add all rows to sums, and return these."""
        for chunk, weights in self:
            scatter.add(chunk, weights)
        return scatter

    def whole(self):
        """Return a copy of all rows."""
        rows = torch.empty(self.n_samples, self.width, device=self.device)
        start = 0
        for chunk, _ in self:
            rows[start : start + len(chunk)] = chunk
            start += len(chunk)
        return rows

    def advance(self, stack):
        """Go on to what the layer after the last of a stack sees."""
        layer, is_first = stack.layers[-1], len(stack.layers) == 1

        def map_(chunk):
            return stack.apply(layer, stack.fill(chunk) if is_first else chunk)

        width = len(layer.bias)
        if 4 * self.n_samples * width > HELD_BYTES:
            self._maps.append(map_)
        elif self._held is not None and self.width == width:
            for span in spans(self.n_samples, 4 * width):
                self._held[span] = map_(self._held[span])
        else:
            held = torch.empty(self.n_samples, width, device=self.device)
            start = 0
            for chunk, _ in self:
                held[start : start + len(chunk)] = map_(chunk)
                start += len(chunk)
            self._held = held
        self.width = width


def device_of_sums(device):
    """Return where sums in float64 can be formed."""
    return torch.device("cpu") if device.type == "mps" else device


def fit_layer(inputs, means, level, alpha):
    """Return a layer, the means of its inputs, which were observed, and the sums."""
    width = inputs.width
    if width > _scatter.PRECISE_WIDTH and inputs.n_samples < width // 2:
        centred = CentredRows.of(inputs.whole(), inputs.weights)
        layer = undo_masking_of_few_rows(centred, level, alpha)
        return layer, centred.mean, centred.observed, None
    scatter = inputs.add_to(Scatter(inputs.centre(means)))
    moments = scatter.moments()
    layer = undo_masking(moments, level, alpha)
    return layer, moments.mean, moments.observed, scatter


def most_frequent(inputs, n_pivots):
    """Return the columns that are most often other than zero, in their order."""
    count = torch.zeros(inputs.width, dtype=torch.float64, device=inputs.device)
    for chunk, weights in inputs:
        found = (chunk != 0) & ~torch.isnan(chunk)
        if weights is None:
            count += found.sum(dim=0)
        else:
            count += weights.to(torch.float64) @ found.to(torch.float64)
    order = np.argsort(-count.cpu().numpy(), kind="stable")
    return np.sort(order[:n_pivots])


def fit_parts(inputs, means, pivots, level, alpha, seed):
    """Return a layer that predicts pivots, by parts of the columns.

    Parameters
    ----------
    inputs : LayerInputs
        The rows.

    means : ndarray of shape (n_features,)
        Means of the columns.

    pivots : ndarray of int
        The columns to predict.

    level, alpha : float
        Noise and ridge.

    seed : int
        Draws the parts.

    Returns
    -------
    layer : LinearMap
        The mean of the predictions from each part.

    by_parts : PartwiseMap
        The predictions of each part of itself.

    mean, observed : Tensor of shape (n_features,)
        As `Moments` has them.
    """
    width, n_pivots = inputs.width, len(pivots)
    n_parts = -(-width // n_pivots)
    order = np.random.RandomState(seed).permutation(width)
    parts = [np.sort(part) for part in np.array_split(order, n_parts)]
    B = torch.empty(width, n_pivots, device=inputs.device)
    bias = torch.zeros(n_pivots, device=inputs.device)
    mean = torch.empty(width, device=inputs.device)
    observed = torch.empty(width, dtype=torch.bool, device=inputs.device)
    maps = []
    for part in parts:
        columns = np.concatenate([part, np.setdiff1d(pivots, part)])
        centre = torch.from_numpy(means[columns]).to(inputs.device, torch.float64)
        scatter = Scatter(centre)
        for chunk, weights in inputs.of_columns(columns):
            scatter.add(chunk, weights)
        moments = scatter.moments()
        place = np.empty(width, dtype=np.int64)
        place[columns] = np.arange(len(columns))
        outputs = torch.from_numpy(place[pivots]).to(inputs.device)
        own, other = undo_masking_of_part(moments, len(part), outputs, level, alpha)
        maps.append(own)
        index = torch.from_numpy(part).to(inputs.device)
        share = other.matrix() / n_parts
        if share.dtype != B.dtype:
            B = B.to(torch.float64)
        B[index] = share.to(B.dtype)
        bias += other.bias / n_parts
        mean[index] = moments.mean[: len(part)].to(mean.dtype)
        observed[index] = moments.observed[: len(part)]
    parts = [torch.from_numpy(part).to(inputs.device) for part in parts]
    return LinearMap([B], bias), PartwiseMap(parts, maps), mean, observed
