"""Linear maps between columns of very different scales."""

import numpy as np
import pytest
import torch

from sk_dae import MarginalizedDenoisingAutoencoder
from sk_dae.linear.maps import LinearMap


def rows_of_mixed_scales(seed):
    rng = np.random.RandomState(seed)
    n, p = rng.randint(2, 40), rng.randint(2, 9)
    X = rng.normal(size=(n, p)) * 10.0 ** rng.randint(-30, 30, size=p)
    X[rng.rand(n, p) < 0.2] = np.nan
    return X


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Nothing is observed")
@pytest.mark.parametrize("activation", ["identity", "relu", "tanh"])
@pytest.mark.parametrize(
    "params",
    [
        {"n_pivots": 1},
        {"n_pivots": 3},
        {"alpha": 0},
        {"alpha": 0, "noise_level": 0},
        {"alpha": 0, "n_pivots": 2, "noise_level": 0.99},
        {"alpha": 1e300},
    ],
    ids=str,
)
def test_closed_form_is_finite_at_any_scales(params, activation):
    for seed in range(20):
        X = rows_of_mixed_scales(seed)
        estimator = MarginalizedDenoisingAutoencoder(activation=activation, **params)
        estimator.fit(X)
        for method in ("transform", "denoise"):
            assert np.isfinite(getattr(estimator, method)(X)).all()
        for numbers in estimator.coefs_ + estimator.intercepts_:
            assert np.isfinite(numbers).all()


def test_small_columns_predict_large_ones():
    x = np.random.RandomState(0).normal(size=200)
    X = np.column_stack([1e-30 * x, 1e30 * x])
    estimator = MarginalizedDenoisingAutoencoder(
        1, noise_level=0.0, alpha=0.0, n_pivots=1, activation="identity"
    ).fit(X)
    # Each column is a part of its own, of which the mean is taken.
    (large,) = estimator.transform(X).T
    np.testing.assert_allclose(large, X[:, estimator.pivots_[0]], rtol=1e-4)


def test_coefficients_that_float32_does_not_hold_are_split():
    matrix = torch.tensor([[1e60, 2e60], [1.0, 2.0]], dtype=torch.float64)
    map_ = LinearMap([matrix], torch.zeros(2))
    assert all(factor.dtype == torch.float32 for factor in map_.factors)
    assert map_.matrix().dtype == torch.float64
    torch.testing.assert_close(map_.matrix(), matrix, rtol=1e-6, atol=0.0)
    image = map_(torch.tensor([[1e-30, 1e30]]))
    torch.testing.assert_close(image, torch.tensor([[2e30, 4e30]]), rtol=1e-5, atol=0)
    copied = map_.copy_to(torch.device("cpu"))
    assert len(copied.factors) == len(map_.factors) == 3


def test_other_coefficients_stay_as_they_are():
    matrix = torch.tensor([[1e30, 2.0]], dtype=torch.float64)
    assert len(LinearMap([matrix], torch.zeros(2)).factors) == 1
