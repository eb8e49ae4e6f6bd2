"""The Gaussian of rows with gaps: what it finds, expects, and how sure it is."""

import numpy as np
import pytest
import torch

from sk_dae import ConditionalMeanNoise, DenoisingAutoencoder
from sk_dae.linear import gaussian
from sk_dae.linear.gaussian import MAX_FEATURES, IncompleteGaussian


def draw(n_samples, seed=0):
    """Return rows of a Gaussian, its mean and its covariance."""
    rng = np.random.RandomState(seed)
    mean = np.array([1.0, -2.0, 100.0])
    root = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [5.0, 5.0, 10.0]])
    return rng.normal(size=(n_samples, 3)) @ root.T + mean, mean, root @ root.T


def conditional(row, mean, covariance):
    """Return the mean and the standard deviation of a row's gaps, from the book."""
    m = np.isnan(row)
    gain = covariance[np.ix_(m, ~m)] @ np.linalg.inv(covariance[np.ix_(~m, ~m)])
    expected = mean[m] + gain @ (row - mean)[~m]
    left = covariance[np.ix_(m, m)] - gain @ covariance[np.ix_(~m, m)]
    return expected, np.sqrt(np.diag(left))


def known(mean, covariance):
    """Return a Gaussian whose mean and covariance are known."""
    scales = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scales, scales)
    return IncompleteGaussian(
        *(torch.tensor(t).float() for t in (mean, scales, 0 * mean, correlation))
    )


@pytest.mark.parametrize("gaps", [[0], [1, 2], [0, 1, 2], []])
def test_fill_and_spread_are_those_of_the_book(gaps):
    X, mean, covariance = draw(4)
    X[:, gaps] = np.nan
    gaussian = known(mean, covariance)
    rows = torch.tensor(X).float()
    filled, spread = gaussian.fill(rows).numpy(), gaussian.spread(rows).numpy()
    for i in range(len(X)):
        expected, deviation = conditional(X[i], mean, covariance)
        np.testing.assert_allclose(filled[i, gaps], expected, rtol=1e-4)
        np.testing.assert_allclose(spread[i, gaps], deviation, rtol=1e-3)
    kept = [j for j in range(3) if j not in gaps]
    np.testing.assert_array_equal(filled[:, kept], rows.numpy()[:, kept])


def test_em_finds_what_gaps_at_random_hide():
    # A gap is the likelier the greater the first column is, so that the observed
    # values of the others are too small on average.
    X, mean, covariance = draw(6000)
    rng = np.random.RandomState(1)
    chance = 1 / (1 + np.exp(-2 * (X[:, :1] - 1)))
    gaps = rng.uniform(size=X.shape) < chance
    gaps[:, 0] = False
    rows = np.where(gaps, np.nan, X)
    gaussian = IncompleteGaussian.fit(torch.tensor(rows))
    found = (gaussian.means + gaussian.scales * gaussian.shift).numpy()
    scale = np.sqrt(np.diag(covariance))
    assert abs(np.nanmean(rows[:, 1]) - mean[1]) > 0.3
    # Within a few standard errors, 0.013 without gaps.
    np.testing.assert_allclose((found - mean) / scale, 0, atol=0.06)
    outer = np.outer(gaussian.scales, gaussian.scales)
    np.testing.assert_allclose(
        gaussian.covariance.numpy() * outer / np.outer(scale, scale),
        covariance / np.outer(scale, scale),
        atol=0.06,
    )


def test_few_rows_shrink_the_covariance():
    rows = torch.tensor([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    gaussian = IncompleteGaussian.fit(rows)
    # Three rows and two more of independent columns: three fifths of the correlation.
    assert gaussian.covariance[0, 1] == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_constant_columns(value):
    rows = torch.tensor([[value, 1.0], [value, 2.0], [np.nan, 3.0]])
    filled = IncompleteGaussian.fit(rows).fill(rows)
    assert filled[2, 0] == pytest.approx(value, rel=1e-4, abs=1e-4)


def test_columns_without_any_value_are_filled_with_zero():
    rows = torch.tensor([[np.nan, 1.0], [np.nan, 2.0]])
    gaussian = IncompleteGaussian.fit(rows)
    assert torch.equal(gaussian.fill(rows)[:, 0], torch.zeros(2))


def test_too_many_columns_count_as_independent():
    X = torch.randn(20, MAX_FEATURES + 1, generator=torch.Generator().manual_seed(0))
    gaussian = IncompleteGaussian.fit(X)
    assert gaussian.covariance is None
    X[0, 0] = torch.nan
    assert gaussian.fill(X)[0, 0] == pytest.approx(float(gaussian.means[0]))


def test_no_rows_give_no_rows():
    gaussian = known(*draw(1)[1:])
    assert gaussian.fill(torch.empty(0, 3)).shape == (0, 3)
    assert gaussian.spread(torch.empty(0, 3)).shape == (0, 3)


# -- as a corruption ---------------------------------------------------------------


def test_noise_puts_in_the_conditional_mean():
    X, mean, covariance = draw(5000)
    noise = ConditionalMeanNoise([0, 1, 0], random_state=0).fit(X)
    corrupted = noise.transform(X)
    np.testing.assert_allclose(corrupted[:, [0, 2]], X[:, [0, 2]].astype(np.float32))
    rows = X.copy()
    rows[:, 1] = np.nan
    expected = [conditional(row, mean, covariance)[0][0] for row in rows]
    np.testing.assert_allclose(corrupted[:, 1], expected, atol=0.1)


def test_autoencoder_fills_missing_values_as_in_training():
    X, _, _ = draw(200)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    X[::2, 1] = np.nan
    dae = DenoisingAutoencoder(
        2, corruption="conditional_mean", noise_level=0.3, max_iter=3, random_state=0
    ).fit(X)
    filled = dae.corruption_.fill(torch.tensor(X).float())
    np.testing.assert_array_equal(dae.transform(X), dae.transform(filled.numpy()))


@pytest.mark.parametrize("fraction", [0.1, 0.45])
def test_systems_of_the_gaps_lead_to_the_same_gaussian(fraction, monkeypatch):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(150, 6)) @ rng.normal(size=(6, 20))
    X += rng.normal(size=X.shape)
    X[rng.uniform(size=X.shape) < fraction] = np.nan
    X[:3] = np.nan
    X = torch.from_numpy(X)
    by_gaps = IncompleteGaussian.fit(X)
    monkeypatch.setattr(gaussian, "_GAP_FRACTION", -1.0)
    by_observed = IncompleteGaussian.fit(X)
    torch.testing.assert_close(by_gaps.shift, by_observed.shift)
    torch.testing.assert_close(by_gaps.covariance, by_observed.covariance)
