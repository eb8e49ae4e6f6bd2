"""Batches: every row once an epoch, with the target and the weight that are its own."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.backend.random import seeded_generator
from sk_dae.data.batches import Batches, split_group
from sk_dae.data.rows import rows_of

CPU = torch.device("cpu")
CONTAINERS = ["dense", "csr", "memmap", "big-endian"]


def numbered(n_samples, container="dense", tmp_path=None):
    """Rows whose first value is their number, from 1 on."""
    X = np.arange(1.0, n_samples + 1, dtype=np.float32)[:, None] * [1.0, 0.0]
    X = X.astype(np.float32)
    if container == "csr":
        return sp.csr_array(X)
    if container == "big-endian":
        return X.astype(">f4")
    if container == "memmap":
        X.tofile(tmp_path / "X")
        return np.memmap(tmp_path / "X", np.float32, mode="r", shape=X.shape)
    return X


def numbers(batch):
    return (batch[:, 0] - 1).long().tolist()


@settings(max_examples=60, deadline=None)
@given(
    n_samples=st.integers(1, 60),
    batch_size=st.integers(1, 70),
    shuffled=st.booleans(),
    subset=st.booleans(),
)
def test_every_row_comes_once_in_batches_of_near_equal_size(
    n_samples, batch_size, shuffled, subset
):
    index = torch.arange(n_samples)
    if subset:
        index = index[::2].flip(0)
    generator = seeded_generator(0) if shuffled else None
    batches = Batches(
        rows_of(numbered(n_samples)), index, batch_size, CPU, generator=generator
    )
    for _ in range(2):
        epoch = [numbers(X) for X, _, _ in batches]
        assert len(epoch) == len(batches)
        seen = [number for batch in epoch for number in batch]
        assert sorted(seen) == sorted(index.tolist())
        if not shuffled:
            assert seen == index.tolist()
        sizes = [len(batch) for batch in epoch]
        assert max(sizes) <= batch_size
        assert max(sizes) - min(sizes) <= 1
    # As few batches as the size allows.
    assert len(batches) == -(-len(index) // batch_size)
    assert batches.n_rows == len(index)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("clean", [None, *CONTAINERS])
def test_targets_and_weights_stay_with_their_rows(container, clean, tmp_path):
    (tmp_path / "X").mkdir()
    (tmp_path / "clean").mkdir()
    X = numbered(30, container, tmp_path / "X")
    targets = None
    if clean is not None:
        targets = rows_of(numbered(30, clean, tmp_path / "clean"))
    weights = torch.arange(30.0)
    batches = Batches(
        rows_of(X),
        torch.arange(3, 30),
        8,
        CPU,
        targets=targets,
        weights=weights,
        generator=seeded_generator(0),
    )
    for rows, target, weight in batches:
        assert rows.dtype == target.dtype == weight.dtype == torch.float32
        assert (target is rows) == (clean is None)
        np.testing.assert_array_equal(target, rows)
        assert weight.long().tolist() == numbers(rows)


def test_without_weights_the_weight_is_none():
    for _, _, weight in Batches(rows_of(numbered(5)), torch.arange(5), 2, CPU):
        assert weight is None


@pytest.mark.parametrize("container", CONTAINERS)
def test_order_is_drawn_anew_each_epoch_and_repeats_with_the_seed(container, tmp_path):
    def epochs(seed):
        batches = Batches(
            rows_of(numbered(40, container, tmp_path)),
            torch.arange(40),
            7,
            CPU,
            generator=seeded_generator(seed),
        )
        return [[numbers(X) for X, _, _ in batches] for _ in range(2)]

    first, second = epochs(0)
    assert first != second
    assert epochs(0) == [first, second]
    assert epochs(1) != [first, second]


@pytest.mark.parametrize("container", CONTAINERS)
def test_container_makes_no_difference(container, tmp_path):
    def epoch(container):
        rows = rows_of(numbered(40, container, tmp_path))
        generator = seeded_generator(0)
        batches = Batches(rows, torch.arange(40), 7, CPU, generator=generator)
        return [numbers(X) for X, _, _ in batches]

    assert epoch(container) == epoch("dense")


def test_batches_are_copies():
    X = numbered(6)
    before = X.copy()
    for rows, _, _ in Batches(rows_of(X), torch.arange(6), 2, CPU):
        rows.zero_()
    np.testing.assert_array_equal(X, before)


def test_global_seed_has_no_say_and_global_state_stays():
    def epoch():
        generator = seeded_generator(0)
        batches = Batches(
            rows_of(numbered(20)), torch.arange(20), 6, CPU, generator=generator
        )
        return [numbers(X) for X, _, _ in batches]

    torch.manual_seed(0)
    expected = epoch()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert epoch() == expected
    assert torch.equal(torch.get_rng_state(), before)


def test_batches_arrive_on_their_device():
    meta = torch.device("meta")
    weights = torch.ones(5)
    targets = rows_of(numbered(5))
    batches = Batches(
        rows_of(numbered(5, "csr")),
        torch.arange(5),
        2,
        meta,
        targets=targets,
        weights=weights,
        generator=seeded_generator(0),
    )
    for X, target, weight in batches:
        assert X.device == target.device == weight.device == meta


@pytest.mark.parametrize("n_rows", [None, 1, 7, 20, 100])
@pytest.mark.parametrize("given", [False, True])
def test_groups_hold_the_batches_one_behind_the_other(n_rows, given):
    rows, more = rows_of(numbered(43)), {}
    if given:
        more = {"targets": rows_of(-numbered(43)), "weights": torch.arange(43.0)}

    def batches():
        return Batches(rows, None, 6, CPU, generator=seeded_generator(0), **more)

    expected, found = list(batches()), []
    for X, target, weight, sizes in batches().groups(n_rows):
        assert len(X) == sum(sizes)
        assert (target is X) == (not given)
        assert n_rows is None or len(sizes) == 1 or sum(sizes[:-1]) < n_rows
        found += split_group(X, target, weight, sizes)
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert (one is None) == (other is None)
            assert one is None or torch.equal(one, other)
