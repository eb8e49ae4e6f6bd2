"""The skorch net: optimizers, schedules, a loss that diverges."""

import numpy as np
import pytest
import torch

from helpers import make, weights_of


@pytest.mark.parametrize(
    "optimizer", ["adamw", "adam", "sgd", "nesterov", "rmsprop", torch.optim.Adagrad]
)
@pytest.mark.parametrize("learning_rate", ["one_cycle", "cosine", "constant"])
def test_every_optimizer_and_schedule_lowers_the_loss(table, optimizer, learning_rate):
    dae = make(
        optimizer=optimizer,
        learning_rate=learning_rate,
        learning_rate_init=0.01,
        max_iter=20,
    ).fit(table)
    assert dae.loss_curve_[-1] < dae.loss_curve_[0]


def test_one_cycle_rises_and_falls(table):
    rates = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    make(optimizer=Spy, learning_rate_init=0.1, max_iter=20, batch_size=20).fit(table)
    assert len(rates) == 60
    assert np.argmax(rates) == 15
    assert max(rates) == pytest.approx(0.1)
    assert rates[-1] < 1e-3


def test_weight_decay_shrinks_the_weights(table):
    norms = [
        weights_of(make(alpha=alpha, max_iter=50).fit(table)).norm()
        for alpha in (0, 10)
    ]
    assert norms[1] < 0.9 * norms[0]


def test_diverging_loss_names_the_epoch_and_a_way_out(table):
    dae = make(learning_rate_init=1e30, optimizer="sgd", alpha=0)
    with pytest.raises(ValueError, match=r"in epoch \d.*learning_rate_init"):
        dae.fit(table)


def test_history_flags_the_best_epochs(table):
    history = make(max_iter=30, learning_rate_init=0.1).fit(table).net_.history
    losses = history[:, "train_loss"]
    best = [loss < min(losses[:i], default=np.inf) for i, loss in enumerate(losses)]
    assert history[:, "train_loss_best"] == best
    assert not all(best)
