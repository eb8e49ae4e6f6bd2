"""Rows in order, of a number that is not told, serve all that learns from rows."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

from sk_dae import (
    ComposeNoise,
    ConditionalMeanNoise,
    GaussianNoise,
    MarginalNoise,
    PoissonNoise,
    SaltAndPepperNoise,
    SwapNoise,
)
from sk_dae.backend.random import seeded_generator
from sk_dae.data.rows import Rows, rows_of
from sk_dae.data.statistics import ColumnStatistics, columns_outside


class Stream(Rows):
    """Rows that come in chunks, whose number is not told."""

    def __init__(self, X, chunk_rows=7):
        self.shape = (None, X.shape[1])
        self._X, self._chunk_rows = X, chunk_rows

    def chunks(self):
        for start in range(0, self._X.shape[0], self._chunk_rows):
            yield self._X[start : start + self._chunk_rows]


every_container = pytest.mark.parametrize("make", [np.asarray, sp.csr_array])


@pytest.fixture
def X():
    rng = np.random.RandomState(0)
    X = rng.poisson(1.0, size=(60, 4)).astype(np.float64)
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    return X


@every_container
def test_statistics_of_a_stream_are_those_of_the_array(X, make):
    streamed = ColumnStatistics.of(Stream(make(X)))
    held = ColumnStatistics.of(X)
    np.testing.assert_array_equal(streamed.n_observed, held.n_observed)
    np.testing.assert_array_equal(streamed.total, held.total)
    assert streamed.has_missing is held.has_missing
    np.testing.assert_array_equal(
        columns_outside(Stream(make(X)), 0, 3), columns_outside(X, 0, 3)
    )


@every_container
@pytest.mark.parametrize(
    "process",
    [
        *(GaussianNoise(0.5), PoissonNoise(0.5), SwapNoise(0.5), MarginalNoise(0.5)),
        *(SaltAndPepperNoise(0.5), SaltAndPepperNoise(0.5, extremes="data")),
        *(ConditionalMeanNoise(0.5), ComposeNoise([SwapNoise(), GaussianNoise()])),
    ],
    ids=lambda process: type(process).__name__,
)
def test_corruption_learns_from_a_stream_as_from_the_array(X, make, process):
    # The samples are larger than X, and so do not depend on the random state.
    rows = torch.from_numpy(X.astype(np.float32))
    corrupted = []
    for source in (Stream(make(X)), rows_of(X)):
        fitted = clone(process).fit_rows(source, np.random.RandomState(0))
        fitted.forget_rows(source, np.random.RandomState(0))
        corrupted.append(fitted.corrupt(rows, seeded_generator(0)).numpy())
    np.testing.assert_array_equal(*corrupted)


def test_negative_values_in_a_stream_are_refused(X):
    X[-1, 0] = -1.0
    with pytest.raises(ValueError, match="Negative values"):
        PoissonNoise().fit_rows(Stream(X), np.random.RandomState(0))


@pytest.mark.parametrize("n_samples", [1, 6, 10, 11, 60])
def test_sample_of_a_stream_is_bounded_and_without_replacement(n_samples):
    X = np.arange(2.0 * n_samples).reshape(-1, 2)
    sample = Stream(X).sample(10, np.random.RandomState(0))
    assert sample.dtype == X.dtype
    assert len(sample) == len(np.unique(sample[:, 0])) == min(10, n_samples)
    assert np.isin(sample[:, 0], X[:, 0]).all()
    if n_samples <= 10:
        np.testing.assert_array_equal(sample, X)
    bounded = Stream(X).sample(10, np.random.RandomState(0), max_bytes=3 * 2 * 4)
    assert len(bounded) == min(3, n_samples)


def test_every_row_of_a_stream_is_as_likely():
    X = np.arange(20)[:, None]
    state = np.random.RandomState(0)
    counts = np.zeros(20)
    for _ in range(2000):
        counts[Stream(X, 6).sample(5, state)[:, 0]] += 1
    # A row is drawn 500 times; five standard deviations of sqrt(2000 / 4 * 3 / 4).
    assert np.abs(counts - 500).max() < 5 * 19.4


def test_streams_cannot_be_read_at_random(X):
    with pytest.raises(TypeError, match="Stream can be read in order only"):
        Stream(X).take(torch.tensor([0]))


# -- the protocol on rows that are held ------------------------------------------------


def on_disk(X, path):
    X.tofile(path)
    return np.memmap(path, dtype=X.dtype, mode="r", shape=X.shape)


@pytest.mark.parametrize("kind", ["dense", "fortran", "disk", "sparse", "big-endian"])
@pytest.mark.parametrize("in_order", [True, False])
def test_samples_of_all_containers_hold_the_same_rows(kind, in_order, tmp_path):
    X = np.arange(1.0, 91.0).reshape(30, 3)
    container = {
        "dense": X,
        "fortran": np.asfortranarray(X),
        "disk": on_disk(X, tmp_path / "X"),
        "sparse": sp.csr_array(X),
        "big-endian": X.astype(">f8"),
    }[kind]
    rows = rows_of(container)
    assert rows_of(rows) is rows
    expected = rows_of(X).sample(9, np.random.RandomState(3), in_order=in_order)
    sample = rows.sample(9, np.random.RandomState(3), in_order=in_order)
    assert sample.dtype == container.dtype
    sample = sample.toarray() if kind == "sparse" else sample
    np.testing.assert_array_equal(sample, expected)
    assert (np.diff(expected[:, 0]) > 0).all() == in_order
    chunks = [c.toarray() if kind == "sparse" else c for c in rows.chunks()]
    np.testing.assert_array_equal(np.concatenate(chunks), X)
    assert (rows.array is container) == (kind in ("dense", "fortran"))


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_sample_of_all_rows_is_what_is_held_and_draws_nothing(make):
    X = make(np.ones((4, 2)))
    state = np.random.RandomState(0)
    assert rows_of(X).sample(4, state) is X
    assert state.randint(1000) == np.random.RandomState(0).randint(1000)
