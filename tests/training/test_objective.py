"""Preparation of a batch for a step."""

import numpy as np
import pytest
import torch

from sk_dae import DenoisingAutoencoder
from sk_dae.corruption import BaseCorruption
from sk_dae.data.batches import Batches
from sk_dae.data.rows import rows_of
from sk_dae.losses import SquaredError
from sk_dae.training.objective import EncoderInput, Objective

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


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("emphasis", [None, (1.0, 0.25)])
@pytest.mark.parametrize("corrupted", [False, True])
def test_batches_prepared_together_are_those_prepared_alone(
    missing, weighted, emphasis, corrupted
):
    rows = X[:43].copy()
    if missing:
        rows[::3, 1] = rows[:6, 0] = np.nan
        rows[40] = np.nan
    weights = torch.linspace(0.5, 2.0, 43) if weighted else None
    batches = Batches(rows_of(rows), None, 6, torch.device("cpu"), weights=weights)
    noise = Shift(rows_per_draw=20).fit(X) if corrupted else None
    loss = SquaredError()
    objective = Objective(
        loss,
        EncoderInput(loss, torch.zeros(3) if missing else None),
        corruption=noise,
        emphasis=emphasis,
        has_missing=missing,
    )
    together = list(objective.prepare_ahead(batches, None))
    assert len(together) == len(batches) == 8  # of five rows and of six
    for batch, ahead in zip(batches, together, strict=True):
        assert torch.equal(ahead[0], batch[0]) or missing
        expected, found = objective.prepare(batch, None), objective.prepare(ahead, None)
        assert float(found.size) == float(expected.size)
        for one, other in zip(found[:4], expected[:4], strict=True):
            assert (one is None) == (other is None)
            if one is not None:
                assert torch.equal(one, other)
