"""Donors of swapped cells: the observed values of each column, equally likely."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sk_dae.backend.random import seeded_generator
from sk_dae.corruption import _donors
from sk_dae.corruption._donors import ColumnDonors, RowDonors, sample_donors
from sk_dae.data.rows import rows_of


def draw(donors, n_rows, n_features, seed=0):
    """Swap every cell of rows whose values, -1, no donor has."""
    rows = torch.full((n_rows, n_features), -1.0)
    chosen = torch.ones(n_rows, n_features, dtype=torch.bool)
    return donors.swap(rows, chosen, seeded_generator(seed)).numpy()


def kinds_of_donors(X):
    return {
        "rows": sample_donors(rows_of(X), 10_000, np.random.RandomState(0)),
        "in place": sample_donors(
            rows_of(X), 10_000, np.random.RandomState(0), in_place=True
        ),
        "sparse": sample_donors(
            rows_of(sp.csr_array(X)), 10_000, np.random.RandomState(0)
        ),
    }


@pytest.mark.parametrize("kind", ["rows", "in place", "sparse"])
@pytest.mark.parametrize("missing", [False, True])
def test_donors_are_distributed_like_the_observed_values(kind, missing):
    rng = np.random.RandomState(0)
    # Zeros, which CSR does not store, in 0 %, 50 % and 100 % of a column.
    X = rng.randint(1, 4, size=(60, 3)).astype(np.float32)
    X *= np.column_stack([np.ones(60), np.arange(60) % 2, np.zeros(60)])
    if missing:
        X[rng.uniform(size=X.shape) < 0.3] = np.nan
    n = 10_000
    drawn = draw(kinds_of_donors(X)[kind], n, 3)
    for j in range(3):
        observed = X[~np.isnan(X[:, j]), j]
        assert set(drawn[:, j]) == set(observed)
        for value in set(observed):
            p = (observed == value).mean()
            # Five standard deviations: a right rate leaves them once in a million.
            tolerance = 5 * np.sqrt(p * (1 - p) / n)
            assert (drawn[:, j] == value).mean() == pytest.approx(p, abs=tolerance)


@pytest.mark.parametrize("kind", ["rows", "in place", "sparse"])
def test_each_cell_has_a_donor_of_its_own(kind):
    # Two columns that hold the row's number: one donor a row would repeat it.
    X = np.repeat(np.arange(1.0, 101.0, dtype=np.float32)[:, None], 2, axis=1)
    n = 10_000
    drawn = draw(kinds_of_donors(X)[kind], n, 2)
    assert set(drawn[:, 0]) == set(drawn[:, 1]) == set(X[:, 0])
    # Independent cells agree once in a hundred, with a standard deviation of 0.1 %.
    assert (drawn[:, 0] == drawn[:, 1]).mean() == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("kind", ["rows", "in place", "sparse"])
def test_only_chosen_cells_are_replaced(kind):
    X = np.arange(1.0, 9.0, dtype=np.float32).reshape(4, 2)
    rows = torch.full((6, 2), -1.0)
    chosen = torch.rand(6, 2, generator=seeded_generator(1)) < 0.5
    swapped = kinds_of_donors(X)[kind].swap(rows, chosen, seeded_generator(0))
    np.testing.assert_array_equal(swapped != -1.0, chosen)
    assert (rows == -1.0).all()


@pytest.mark.parametrize("kind", ["rows", "in place", "sparse"])
def test_same_generator_draws_the_same_donors(kind):
    X = np.random.RandomState(0).normal(size=(50, 3)).astype(np.float32)
    donors = kinds_of_donors(X)[kind]
    np.testing.assert_array_equal(draw(donors, 20, 3, 5), draw(donors, 20, 3, 5))
    assert not np.array_equal(draw(donors, 20, 3, 5), draw(donors, 20, 3, 6))
    copy = pickle.loads(pickle.dumps(donors))
    np.testing.assert_array_equal(draw(copy, 20, 3, 5), draw(donors, 20, 3, 5))


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_column_without_a_donor_stays(make):
    X = make(np.array([[1.0, np.nan], [np.nan, np.nan]], dtype=np.float32))
    drawn = draw(sample_donors(rows_of(X), 10, np.random.RandomState(0)), 5, 2)
    np.testing.assert_array_equal(drawn, np.tile([1.0, -1.0], (5, 1)))


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_data_without_a_donor_leaves_all_as_it_is(make):
    X = make(np.full((2, 3), np.nan, dtype=np.float32))
    drawn = draw(sample_donors(rows_of(X), 10, np.random.RandomState(0)), 5, 3)
    assert (drawn == -1.0).all()


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("n_donors", [1, 7, 30, 100])
def test_sample_holds_different_rows_and_never_more_than_asked(n_donors, in_place):
    X = np.arange(30.0, dtype=np.float32)[:, None]
    donors = sample_donors(
        rows_of(X), n_donors, np.random.RandomState(0), in_place=in_place
    )
    expected = 30 if in_place else min(n_donors, 30)
    assert len(donors.rows.unique()) == len(donors.rows) == expected
    sparse = sample_donors(
        rows_of(sp.csr_array(X + 1)), n_donors, np.random.RandomState(0)
    )
    assert len(sparse.values) == min(n_donors, 30)


def test_wide_rows_are_sampled_to_a_bound_of_bytes(monkeypatch):
    monkeypatch.setattr(_donors, "SAMPLE_BYTES", 4 * 3 * 10)
    X = np.zeros((50, 3))
    donors = sample_donors(rows_of(X), 40, np.random.RandomState(0))
    assert donors.rows.shape == (10, 3)
    # A row is kept however wide it is.
    monkeypatch.setattr(_donors, "SAMPLE_BYTES", 1)
    donors = sample_donors(rows_of(X), 40, np.random.RandomState(0))
    assert donors.rows.shape == (1, 3)


def test_sample_is_a_copy_and_in_place_is_a_view():
    X = np.ones((5, 2), dtype=np.float32)
    copied = sample_donors(rows_of(X), 10, np.random.RandomState(0))
    assert not np.shares_memory(copied.rows.numpy(), X)
    viewed = sample_donors(rows_of(X), 2, np.random.RandomState(0), in_place=True)
    assert np.shares_memory(viewed.rows.numpy(), X)


def with_a_missing_value(X, tmp_path):
    X[3, 0] = np.nan
    return X


def on_disk(X, tmp_path):
    X.tofile(tmp_path / "X")
    return np.asarray(np.memmap(tmp_path / "X", np.float32, mode="r", shape=X.shape))


@pytest.mark.parametrize(
    "make",
    [
        with_a_missing_value,
        on_disk,
        lambda X, tmp_path: X[::-1],
        lambda X, tmp_path: X.astype(">f4"),
        lambda X, tmp_path: sp.csr_array(X),
    ],
    ids=["missing", "on disk", "reversed", "big-endian", "sparse"],
)
def test_what_cannot_be_read_in_place_is_sampled(make, tmp_path):
    X = make(np.ones((50, 2), dtype=np.float32), tmp_path)
    donors = sample_donors(rows_of(X), 10, np.random.RandomState(0), in_place=True)
    n_kept = len(donors.rows) if isinstance(donors, RowDonors) else donors.sizes.max()
    assert n_kept == 10


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "u2", "u4", "f2", "f8"])
@pytest.mark.parametrize("in_place", [False, True])
def test_donors_of_any_dtype_are_cast_to_the_rows(dtype, in_place):
    X = np.array([[1, 0], [1, 0]], dtype=dtype)
    donors = sample_donors(rows_of(X), 10, np.random.RandomState(0), in_place=in_place)
    drawn = draw(donors, 3, 2)
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, np.tile([1.0, 0.0], (3, 1)))


def test_duplicate_entries_of_csr_add_up():
    X = sp.csr_array((np.array([1.0, 2.0]), np.array([0, 0]), np.array([0, 2])))
    drawn = draw(sample_donors(rows_of(X), 10, np.random.RandomState(0)), 4, 1)
    np.testing.assert_array_equal(drawn, 3.0)


def test_column_donors_read_their_own_column():
    donors = ColumnDonors(
        torch.tensor([1.0, 2.0, 3.0]), torch.tensor([2, 0, 1]), torch.tensor([2, 4, 1])
    )
    drawn = draw(donors, 200, 3)
    assert [set(column) for column in drawn.T] == [{1.0, 2.0}, {0.0}, {3.0}]


def test_rows_go_to_a_device_once_and_are_left_behind_by_pickle():
    rows = torch.arange(1.0, 7.0).reshape(3, 2)
    donors = RowDonors(rows.double())
    moved = donors._rows_beside(torch.zeros(1, 2))
    assert moved.dtype == torch.float32
    assert donors._rows_beside(torch.zeros(5, 2)) is moved
    assert donors._rows_beside(torch.zeros(5, 2).double()).dtype == torch.float64
    assert pickle.loads(pickle.dumps(donors))._moved is None
    meta = torch.zeros(4, 2, device="meta")
    assert donors._rows_beside(meta).device == meta.device


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_donors_too_large_for_float32_are_refused(container):
    X = container(np.array([[1.0, 1e300]]))
    with pytest.raises(ValueError, match="too large for dtype"):
        sample_donors(rows_of(X), 10, np.random.RandomState(0))
