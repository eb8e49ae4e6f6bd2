"""Maps that undo masking, against the definition and against each other."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.linear import moments as _scatter
from sk_dae.linear import regression as _closed_form
from sk_dae.linear.moments import CentredRows, Scatter
from sk_dae.linear.regression import (
    undo_masking,
    undo_masking_of_few_rows,
    undo_masking_of_part,
)


def rows(n_samples=60, n_features=5, seed=0):
    """Return correlated rows with a mean."""
    rng = np.random.RandomState(seed)
    X = 1 + rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, n_features))
    return (X + 0.3 * rng.normal(size=X.shape)).astype(np.float32)


def moments_of(X):
    scatter = Scatter(torch.zeros(X.shape[1], dtype=torch.float64))
    scatter.add(torch.from_numpy(X))
    return scatter.moments()


def definition(X, level, alpha):
    """Return W and b by the paper's formulas, with a constant for the bias."""
    n_samples, n_features = X.shape
    X1 = np.hstack([X.astype(np.float64), np.ones((n_samples, 1))])
    S = X1.T @ X1
    q = np.append(np.full(n_features, 1 - level), 1.0)
    Q = S * np.outer(q, q)
    np.fill_diagonal(Q, q * S.diagonal())
    P = S[:n_features] * q
    # The ridge that the module documents, in the units of these sums.
    ridge = alpha * (1 - level) * np.square(X.astype(np.float64)).mean() * n_samples
    Q[:n_features, :n_features] += ridge * np.eye(n_features)
    W = np.linalg.solve(Q, P.T)
    return W[:n_features], W[n_features]


@settings(max_examples=40, deadline=None)
@given(
    level=st.floats(0.01, 0.99),
    alpha=st.sampled_from([0.0, 0.1]),
    seed=st.integers(0, 9),
)
def test_map_is_that_of_the_definition(level, alpha, seed):
    X = rows(seed=seed)
    map_ = undo_masking(moments_of(X), level, alpha)
    W, b = definition(X, level, alpha)
    np.testing.assert_allclose(map_.factors[0], W, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(map_.bias, b, rtol=1e-4, atol=1e-5)


def test_map_is_the_regression_on_very_many_corruptions():
    X = rows()
    level, n_draws = 0.4, 1000
    rng = np.random.RandomState(0)
    tall = np.tile(X.astype(np.float64), (n_draws, 1))
    corrupted = tall * (rng.random_sample(tall.shape) >= level)
    corrupted = np.hstack([corrupted, np.ones((len(tall), 1))])
    W = np.linalg.lstsq(corrupted, tall, rcond=None)[0]
    map_ = undo_masking(moments_of(X), level, 0.0)
    # 60 000 drawn rows: the error of a coefficient is about 1 / sqrt(60 000),
    # that of the bias a few times that.
    np.testing.assert_allclose(map_.factors[0], W[:-1], atol=0.02)
    np.testing.assert_allclose(map_.bias, W[-1], atol=0.04)


def test_no_other_map_restores_better():
    X = torch.from_numpy(rows()).double()
    level, q = 0.3, 0.7
    map_ = undo_masking(moments_of(X.float().numpy()), level, 0.0)

    def expected_error(W, b):
        """Bias and variance of the prediction, averaged over all corruptions."""
        predicted = q * X @ W + b
        variance = q * level * X.square() @ W.square()
        return ((X - predicted).square() + variance).sum(dim=1).mean()

    W, b = map_.factors[0].double(), map_.bias.double()
    best = expected_error(W, b)
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        step = 0.01 * torch.randn(W.shape, generator=generator, dtype=W.dtype)
        assert expected_error(W + step, b) > best
        assert expected_error(W, b + step[0]) > best


@pytest.mark.parametrize("level", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_few_rows_give_the_same_map_in_two_narrow_matrices(level, alpha):
    X = rows(8, 30)
    direct = undo_masking(moments_of(X), level, alpha)
    narrow = undo_masking_of_few_rows(
        CentredRows.of(torch.from_numpy(X.copy())), level, alpha
    )
    assert [tuple(factor.shape) for factor in narrow.factors] == [(30, 8), (8, 30)]
    np.testing.assert_allclose(narrow.matrix(), direct.factors[0], rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(narrow.bias, direct.bias, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("n_samples", [8, 60])
def test_without_noise_the_training_rows_are_restored(n_samples):
    # Columns that depend on each other leave the matrix singular.
    X = rows(n_samples, 12)
    X[:, 3] = X[:, 4]
    X[:, 5] = 0.0
    for map_ in (
        undo_masking(moments_of(X), 0.0, 0.0),
        undo_masking_of_few_rows(CentredRows.of(torch.from_numpy(X.copy())), 0.0, 0.0),
    ):
        np.testing.assert_allclose(map_(torch.from_numpy(X)), X, atol=2e-3)


def test_float32_is_enough_or_not_used(monkeypatch):
    X = rows(200, 40)
    precise = {level: undo_masking(moments_of(X), level, 0.0) for level in (0.5, 1e-6)}
    monkeypatch.setattr(_scatter, "PRECISE_WIDTH", 10)
    asked = []
    delicate = _closed_form._is_delicate
    monkeypatch.setattr(
        _closed_form, "_is_delicate", lambda A: asked.append(delicate(A)) or asked[-1]
    )
    for level, map_ in precise.items():
        coarse = undo_masking(moments_of(X), level, 0.0)
        np.testing.assert_allclose(coarse.factors[0], map_.factors[0], atol=1e-3)
    assert asked == [False, True]


def test_part_that_is_all_predicts_what_all_predict():
    X = rows(60, 6)
    moments = moments_of(X)
    whole = undo_masking(moments, 0.4, 0.01)
    own, other = undo_masking_of_part(moments, 6, torch.tensor([4, 1]), 0.4, 0.01)
    np.testing.assert_allclose(own.factors[0], whole.factors[0], atol=1e-6)
    np.testing.assert_allclose(other.factors[0], whole.factors[0][:, [4, 1]], atol=1e-6)
    np.testing.assert_allclose(other.bias, whole.bias[[4, 1]], atol=1e-6)


def test_part_predicts_columns_outside_as_a_regression_does():
    X = rows(60, 6)
    _, other = undo_masking_of_part(moments_of(X), 4, torch.tensor([5]), 0.3, 0.0)
    S = X.T.astype(np.float64) @ X
    n, q = len(X), 0.7
    Q = np.empty((5, 5))
    Q[:4, :4] = q * q * S[:4, :4]
    Q[np.arange(4), np.arange(4)] = q * S.diagonal()[:4]
    Q[4, :4] = Q[:4, 4] = q * X[:, :4].sum(axis=0)
    Q[4, 4] = n
    P = np.append(q * S[:4, 5], X[:, 5].sum())
    W = np.linalg.solve(Q, P)
    np.testing.assert_allclose(other.factors[0][:, 0], W[:4], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.bias[0], W[4], rtol=1e-4)
