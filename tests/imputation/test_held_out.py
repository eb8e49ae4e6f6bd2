"""Masks, folds and errors: what learning from masked cells stands on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_dae.imputation._held_out import (
    draw_errors,
    draw_masks,
    errors_by_column,
    sampling_rounds,
    split_folds,
)


@given(
    n_samples=st.integers(1, 40), n_members=st.integers(1, 8), seed=st.integers(0, 9)
)
def test_members_are_trained_on_the_rows_they_do_not_leave_out(
    n_samples, n_members, seed
):
    dealt = list(split_folds(n_samples, n_members, np.random.RandomState(seed)))
    assert len(dealt) == min(n_members, n_samples)
    left_out = np.concatenate([out for _, out in dealt])
    assert len(set(left_out)) == len(left_out)
    for train, out in dealt:
        assert len(train) > 0
        if n_samples > 1:
            assert sorted([*train, *out]) == list(range(n_samples))


def test_one_row_serves_for_both():
    ((train, left_out),) = split_folds(1, 3, np.random.RandomState(0))
    assert train.tolist() == left_out.tolist() == [0]


@pytest.mark.parametrize(("n_samples", "most"), [(10, 20), (5000, 1)])
def test_only_observed_cells_are_masked(n_samples, most):
    X = np.random.RandomState(0).normal(size=(n_samples, 7)).astype(np.float32)
    X[::3, 2] = np.nan
    drawn = list(draw_masks(X, np.random.RandomState(0)))
    assert len(drawn) == most
    for rows, masked in drawn:
        assert len(rows) == min(n_samples, 3000)
        assert masked.any()
        assert not (masked & np.isnan(rows)).any()


@given(st.integers(0, 9), st.integers(1, 60))
def test_each_missing_cell_is_drawn_once(seed, n_features):
    rng = np.random.RandomState(seed)
    missing = rng.uniform(size=(5, n_features)) < 0.7
    rounds = list(sampling_rounds(missing, rng))
    assert len(rounds) == min(32, missing.sum(axis=1).max())
    total = np.sum(rounds, axis=0) if rounds else np.zeros(missing.shape)
    np.testing.assert_array_equal(total, missing)
    if n_features <= 32:
        # One cell of a row at a time.
        assert all(cells.sum(axis=1).max() == 1 for cells in rounds)


def test_errors_are_drawn_from_those_made_near_by():
    rng = np.random.RandomState(0)
    predicted = rng.uniform(-1, 1, size=4000)
    # Small errors on the left, large ones on the right; of another column, none.
    error = np.where(predicted < 0, 0.01, 10.0) * rng.choice([-1, 1], size=4000)
    errors = errors_by_column(np.zeros(4000, int), predicted, error, 2, rng)
    drawn = draw_errors(errors[0], np.array([-0.9] * 50 + [0.9] * 50), rng)
    np.testing.assert_allclose(np.abs(drawn[:50]), 0.01, rtol=1e-5)
    np.testing.assert_allclose(np.abs(drawn[50:]), 10, rtol=1e-5)
    unknown = draw_errors(errors[1], np.zeros(3000), rng)
    assert abs(unknown.std() - 1) < 0.2


def test_few_errors_and_many_are_bounded():
    rng = np.random.RandomState(0)
    (few,) = errors_by_column(np.zeros(1, int), np.ones(1), np.full(1, 3.0), 1, rng)
    assert draw_errors(few, np.array([-5.0, 5.0]), rng).tolist() == [3.0, 3.0]
    n = 10_000
    (many,) = errors_by_column(
        np.zeros(n, int), rng.normal(size=n), np.zeros(n), 1, rng
    )
    assert many.shape == (2, 4000)
    assert (np.diff(many[0]) >= 0).all()
