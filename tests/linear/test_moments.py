"""Sums over rows: moments that do not depend on how the rows were split."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.linear import moments as _scatter
from sk_dae.linear.moments import CentredRows, Scatter


def rows_with(n_samples, n_features, gaps, seed=0):
    """Return rows far from zero, some of them incomplete, and weights."""
    rng = np.random.RandomState(seed)
    X = 3 + rng.normal(size=(n_samples, n_features)) @ rng.normal(
        size=(n_features,) * 2
    )
    X[rng.random_sample(X.shape) < gaps] = np.nan
    return torch.from_numpy(X.astype(np.float32)), torch.from_numpy(
        rng.randint(1, 4, size=n_samples).astype(np.float32)
    )


def direct_moments(X, weights):
    """Return what the definition says, with the mean for what is missing."""
    X, weights = X.double().numpy(), weights.double().numpy()
    observed = ~np.isnan(X)
    mean = (weights[:, None] * np.where(observed, X, 0)).sum(0)
    mean /= np.maximum(weights @ observed, 1e-9)
    Z = np.where(observed, X - mean, 0)
    return mean, (weights[:, None] * Z).T @ Z / weights.sum()


@settings(max_examples=40, deadline=None)
@given(
    gaps=st.sampled_from([0.0, 0.3]),
    cuts=st.lists(st.integers(0, 30), max_size=3),
    centre=st.floats(-5, 5),
)
def test_moments_do_not_depend_on_the_centre_or_the_chunks(gaps, cuts, centre):
    X, weights = rows_with(30, 6, gaps)
    scatter = Scatter(torch.full((6,), centre, dtype=torch.float64))
    edges = [0, *sorted(cuts), 30]
    for start, end in itertools.pairwise(edges):
        scatter.add(X[start:end], weights[start:end])
    moments = scatter.moments()
    mean, covariance = direct_moments(X, weights)
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(moments.covariance, covariance, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
def test_wide_rows_are_added_in_blocks_of_float32(gaps, monkeypatch):
    X, weights = rows_with(40, 23, gaps)
    monkeypatch.setattr(_scatter, "PRECISE_WIDTH", 5)
    monkeypatch.setattr(_scatter, "BLOCK", 7)
    scatter = Scatter(torch.zeros(23, dtype=torch.float64))
    scatter.add(X, weights)
    moments = scatter.moments()
    assert moments.covariance.dtype == torch.float32
    _, covariance = direct_moments(X, weights)
    np.testing.assert_allclose(moments.covariance, covariance, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("weighted", [False, True])
def test_centred_rows_hold_the_covariance(weighted):
    X, weights = rows_with(10, 6, 0.2)
    X[:, 2] = torch.nan
    weights = weights if weighted else torch.ones(10)
    centred = CentredRows.of(X.clone(), weights if weighted else None)
    mean, covariance = direct_moments(X, weights)
    np.testing.assert_allclose(centred.mean, mean, rtol=1e-5)
    np.testing.assert_allclose(
        centred.rows.T @ centred.rows, covariance, rtol=1e-4, atol=1e-5
    )
    assert centred.observed.tolist() == [True, True, False, True, True, True]


def test_column_observed_only_in_rows_of_no_weight_is_not_observed():
    X = torch.tensor([[1.0, torch.nan], [2.0, torch.nan], [3.0, 5.0]])
    scatter = Scatter(torch.zeros(2, dtype=torch.float64))
    scatter.add(X, torch.tensor([0.1, 0.2, 0.0]))
    moments = scatter.moments()
    assert moments.observed.tolist() == [True, False]
    assert moments.mean[1] == 0
    assert (moments.covariance[1] == 0).all()


def test_a_copy_is_left_alone():
    X, _ = rows_with(10, 3, 0.2)
    scatter = Scatter(torch.zeros(3, dtype=torch.float64))
    scatter.add(X)
    copied = scatter.copy_to(torch.device("cpu"))
    before = copied.moments().covariance
    scatter.add(X + 1)
    assert torch.equal(copied.moments().covariance, before)


def test_columns_that_do_not_vary_have_no_variance_at_all():
    X = torch.full((30, 3), 0.1)
    X[:, 1] = torch.linspace(-1, 1, 30)
    scatter = Scatter(torch.full((3,), 0.0123, dtype=torch.float64))
    scatter.add(X)
    covariance = scatter.moments().covariance
    assert covariance[1, 1] > 0
    covariance[1, 1] = 0.0
    assert not covariance.any()
    centred = CentredRows.of(X.clone(), torch.rand(30))
    assert not centred.rows[:, [0, 2]].any()
