import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.backend.random import seeded_generator
from sk_dae.corruption._cells import BitCells, BoolCells, choose_cells, positions

KINDS = [BitCells, BoolCells]


def make_rows(n_rows=301, n_features=7):
    # An odd number of cells: the last word of bits serves one of them only.
    return torch.from_numpy(
        np.random.RandomState(0).normal(size=(n_rows, n_features)).astype(np.float32)
    )


def bits_of(X):
    return X.view(torch.int32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0.001, 0.2, 0.5, 0.9])
def test_cells_are_chosen_at_the_rate_of_the_level(kind, level):
    X = torch.zeros(1000, 100)
    rate = kind(X, level, seeded_generator(1)).mask.double().mean().item()
    # Five standard deviations of a mean of 100,000 draws.
    assert abs(rate - level) < 5 * (level * (1 - level) / 1e5) ** 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_each_feature_has_its_rate(kind):
    level = torch.tensor([0.0, 0.1, 0.5, 1.0])
    rates = kind(torch.zeros(100_000, 4), level, seeded_generator(0)).mask
    rates = rates.double().mean(dim=0)
    assert rates[0] == 0
    assert rates[3] == 1
    np.testing.assert_allclose(rates, level, atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_none_and_all_are_exact(kind, level):
    mask = kind(torch.zeros(1000, 1000), level, seeded_generator(0)).mask
    assert (mask == bool(level)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_of_a_cell_says_nothing_of_its_neighbours(kind):
    mask = kind(torch.zeros(2000, 50), 0.3, seeded_generator(2)).mask.double() - 0.3
    for lag in (1, 2, 50):
        flat = mask.reshape(-1)
        correlation = (flat[lag:] * flat[:-lag]).mean().item() / 0.21
        assert abs(correlation) < 5 / 1e5**0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0.1, 0.7])
def test_the_coin_is_fair_and_independent_of_the_choice(kind, level):
    X = torch.full((1000, 100), 0.5)
    cells = kind(X, level, seeded_generator(3))
    either = cells.filled_with_either(torch.zeros(100), torch.ones(100))
    chosen = either[cells.mask]
    assert set(chosen.unique().tolist()) == {0.0, 1.0}
    assert abs(chosen.mean().item() - 0.5) < 5 * 0.5 / len(chosen) ** 0.5
    assert (either[~cells.mask] == 0.5).all()


@pytest.mark.parametrize("kind", KINDS)
def test_either_value_is_exact_to_the_last_bit(kind):
    X = torch.zeros(100, 2)
    low, high = torch.tensor([0.1, -7.3]), torch.tensor([0.7, 1e-45])
    either = kind(X, 1.0, seeded_generator(0)).filled_with_either(low, high)
    for j in range(2):
        assert set(either[:, j].tolist()) == {low[j].item(), high[j].item()}


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    level=st.floats(0, 1),
    value=st.one_of(st.floats(width=32, allow_nan=False), st.integers(-9, 9)),
)
@pytest.mark.parametrize("kind", KINDS)
def test_other_cells_keep_their_bits(kind, seed, level, value):
    X = make_rows(11, 5)
    X[0] = torch.tensor([-0.0, 0.0, torch.nan, torch.inf, 1e-45])
    before = X.clone()
    cells = kind(X, level, seeded_generator(seed))
    filled = cells.filled(value)
    assert torch.equal(bits_of(X), bits_of(before))
    assert torch.equal(bits_of(filled)[~cells.mask], bits_of(X)[~cells.mask])
    wanted = torch.full((), float(value))
    assert (bits_of(filled)[cells.mask] == bits_of(wanted)).all()


def test_other_dtypes_are_served_too():
    X = make_rows().double()
    cells = choose_cells(X, 0.5, seeded_generator(0))
    assert isinstance(cells, BoolCells)
    assert cells.filled(0.0).dtype == torch.float64


def test_an_odd_number_of_cells_and_none_at_all():
    for shape in [(1, 1), (3, 3), (0, 4)]:
        cells = choose_cells(torch.zeros(shape), 1.0, seeded_generator(0))
        assert cells.mask.shape == shape
        assert cells.mask.all()


def test_positions_are_those_of_nonzero():
    mask = torch.rand(50, 9, generator=seeded_generator(0)) < 0.3
    np.testing.assert_array_equal(positions(mask), mask.reshape(-1).nonzero()[:, 0])
