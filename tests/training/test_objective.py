"""Preparation of a batch for a step."""

import numpy as np
import pytest
import torch

from sk_dae import DenoisingAutoencoder
from sk_dae.corruption import BaseCorruption

X = np.random.RandomState(0).normal(size=(100, 3)).astype(np.float32)


class Shift(BaseCorruption):
    """Adds its level, and records the rows of each draw."""

    def __init__(self, level=1.0, *, rows_per_draw=None, gives_mask=True):
        super().__init__(level)
        self.rows_per_draw = rows_per_draw
        self.gives_mask = gives_mask

    def learn(self, rows, random_state, *, in_place):
        self.sizes_ = []

    def draw(self, X, generator):
        self.sizes_.append(len(X))
        mask = torch.ones_like(X, dtype=torch.bool) if self.gives_mask else None
        return X + self.level_on(X), mask


def fit(corruption, **params):
    params = {"corruption": corruption, "emphasis": "full", **params}
    return DenoisingAutoencoder(
        2, hidden_layer_sizes=(4,), batch_size=10, max_iter=2, random_state=0, **params
    ).fit(X)


@pytest.mark.parametrize("gives_mask", [True, False])
def test_batches_drawn_together_are_those_drawn_one_by_one(gives_mask):
    alone = fit(Shift(gives_mask=gives_mask))
    together = fit(Shift(gives_mask=gives_mask, rows_per_draw=25))
    assert alone.corruption_.sizes_ == [10] * 20
    # Whole batches, until there are enough rows; each epoch by itself.
    assert together.corruption_.sizes_ == [30, 30, 30, 10] * 2
    np.testing.assert_array_equal(alone.transform(X), together.transform(X))


def test_level_that_follows_a_schedule_is_drawn_batch_by_batch():
    model = fit(Shift(rows_per_draw=25), noise_schedule="linear")
    assert model.corruption_.sizes_ == [10] * 20
