"""The loss of mixed tables."""

import numpy as np
import pytest
import torch

from sk_dae.losses import TableLoss


def test_constant_guess_costs_one_in_each_column_of_a_balanced_loss():
    p = np.array([0.2, 0.3, 0.5])
    entropy = -(p * np.log(p)).sum()
    loss = TableLoss.balanced([3, 0], [entropy, None])
    codes = np.repeat([0.0, 1.0, 2.0], [20, 30, 50])
    numbers = np.linspace(-1, 1, 100)
    target = np.column_stack([codes, numbers / numbers.std()]).astype(np.float32)
    guess = torch.tensor([[0.0, *np.log(p)]], dtype=torch.float32).expand(100, -1)
    cells = loss.cellwise(guess, torch.from_numpy(target))
    np.testing.assert_allclose(cells.mean(dim=0), [1, 1], rtol=1e-5)


def test_balance_of_a_nearly_constant_column_is_bounded():
    assert TableLoss.balanced([2, 0], [1e-9, None]).scales == [0.1, None]


@pytest.mark.parametrize(
    ("n_categories", "expected"),
    [
        ([2, 0, 3], [[7, 0.5, 0.5, 1 / 3, 1 / 3, 1 / 3]]),
        ([0, 0], [[7, 7]]),
        ([2], [[0.5, 0.5]]),
    ],
)
def test_expectations_are_numbers_and_probabilities(n_categories, expected):
    loss = TableLoss(n_categories, mask_loss_weight=1.0)
    output = torch.ones(1, loss.n_outputs(len(n_categories)))
    output[:, : n_categories.count(0)] = 7
    np.testing.assert_allclose(loss.expectations(output), expected, rtol=1e-6)
