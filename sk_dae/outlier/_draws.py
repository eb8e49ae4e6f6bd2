"""Draws that a detector makes once: noise, folds, and gaps in training rows."""

from __future__ import annotations

import numpy as np
from sklearn.utils.random import sample_without_replacement

__all__ = ["GAPS", "draw_folds", "draw_noise", "with_gaps"]

#: Fractions of the cells that are hidden in training rows to learn the usual errors of
#: rows with gaps, and in how many rows.
GAPS, N_GAPPED = (0.25, 0.5, 0.75, 0.9), 500


def draw_noise(scale, n_draws, n_features, random_state):
    """Return the noise of each draw; the second half is the first's mirror image.

    Noise of the other sign takes off part of the error that the first adds.
    """
    if scale == 0:
        return np.zeros((1, n_features), dtype=np.float32)
    n_drawn = -(-int(n_draws) // 2)
    drawn = random_state.normal(scale=scale, size=(n_drawn, n_features))
    return np.concatenate([drawn, -drawn])[:n_draws].astype(np.float32)


def draw_folds(n_folds, n_draws, n_features, random_state):
    """Return the fold of each feature in every split, or None where none hides."""
    if n_folds is None:
        return None
    # Further folds would be empty.
    folds = np.arange(n_features) % min(n_folds, n_features)
    return np.array([random_state.permutation(folds) for _ in range(n_draws)])


def with_gaps(rows, random_state):
    """Yield training rows as they are, and some of them with ever more gaps."""
    yield rows
    if len(rows) > N_GAPPED:
        chosen = sample_without_replacement(
            len(rows), N_GAPPED, random_state=random_state
        )
        rows = rows[np.sort(chosen)]
    draws = random_state.uniform(size=rows.shape)
    for fraction in GAPS:
        yield np.where(draws < fraction, np.float32(np.nan), rows)
