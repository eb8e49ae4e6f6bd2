"""Likelihoods of counts: against scipy, with sizes, and inside an autoencoder."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson
from sklearn.base import clone
from skorch.callbacks import Callback

import sk_dae
from helpers import make
from sk_dae import MaskingNoise
from sk_dae.data.rows import rows_of
from sk_dae.data.statistics import ColumnStatistics
from sk_dae.losses import BaseLoss, NegativeBinomialLoss, PoissonLoss

CLASSES = [PoissonLoss, NegativeBinomialLoss]
NAMES = ["poisson", "negative_binomial"]
both = pytest.mark.parametrize("cls", CLASSES)
by_name = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def counts():
    """Counts of three topics in 150 rows of very unlike sizes, 20 columns."""
    rng = np.random.RandomState(0)
    topics = rng.dirichlet(np.full(20, 0.3), 3)
    shares = topics[rng.randint(3, size=150)]
    X = rng.poisson(rng.lognormal(4, 0.7, (150, 1)) * shares).astype(np.float64)
    X[7] = 0.0
    X[:, 3] = 0.0
    X.flags.writeable = False
    return X


def learned(cls, X, **params):
    return cls(**params).fit_rows(rows_of(X), ColumnStatistics.of(X))


def parameter(values):
    return torch.nn.Parameter(torch.as_tensor(values, dtype=torch.float64))


def draw(seed, n_samples=6, n_features=4):
    rng = np.random.RandomState(seed)
    output = torch.from_numpy(rng.normal(size=(n_samples, n_features)))
    return output, torch.from_numpy(rng.poisson(3.0, output.shape).astype(float))


def as_tensor(X):
    return torch.from_numpy(X.astype(np.float32))


def assert_equal_states(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name])


def small(name, **params):
    params = {"corruption": "masking", "hidden_layer_sizes": (16,), **params}
    return make(loss=name, **params)


# -- values ----------------------------------------------------------------------------


def test_poisson_loss_is_the_likelihood_up_to_a_constant():
    z, x = draw(0)
    cells = PoissonLoss(normalize=False).cellwise(z, x).numpy()
    z, x = z.numpy(), x.numpy()
    expected = poisson.logpmf(x, x) - poisson.logpmf(x, np.exp(z))
    np.testing.assert_allclose(cells, expected, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0, 20.0])
def test_negative_binomial_loss_is_the_likelihood_up_to_a_constant(alpha):
    z, x = draw(1)
    loss = NegativeBinomialLoss(normalize=False)
    loss.log_dispersions = parameter(np.full(4, np.log(alpha)))
    cells = loss.cellwise(z, x).detach().numpy()
    theta, mean, x = 1 / alpha, np.exp(z.numpy()), x.numpy()
    expected = poisson.logpmf(x, x) - nbinom.logpmf(x, theta, theta / (theta + mean))
    np.testing.assert_allclose(cells, expected, atol=1e-10)


def test_negative_binomial_of_little_dispersion_is_poisson():
    z, x = draw(2)
    loss = NegativeBinomialLoss(normalize=False)
    loss.log_dispersions = parameter(np.full(4, -6.0))
    expected = PoissonLoss(normalize=False).cellwise(z, x)
    torch.testing.assert_close(loss.cellwise(z, x), expected, rtol=0.02, atol=0.02)


@both
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_count_costs_less_than_nothing(cls, seed):
    z, x = draw(seed)
    assert (cls().cellwise(z, x) >= -1e-9).all()


@both
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("shape", [None, (6, 4), (6, 1)], ids=str)
@pytest.mark.parametrize("columns", [None, [1.0, 0.0, 2.0, 1.0]])
def test_gradient_is_that_of_autograd(cls, fitted, missing, shape, columns):
    z, x = draw(3)
    x[2] = 0.0
    loss = cls(column_weights=columns)
    if fitted:
        loss = learned(cls, x.numpy(), column_weights=columns)
    weight = None if shape is None else torch.rand(shape, dtype=torch.float64)
    if missing:
        x[0, 1] = x[3, 0] = torch.nan
        weight = (1.0 if weight is None else weight) * ~x.isnan() / 24
    value, gradient = loss.value_and_gradient(z, x, weight)
    expected = BaseLoss.value_and_gradient(loss, z, x, weight)
    torch.testing.assert_close(value, expected[0])
    torch.testing.assert_close(gradient, expected[1])
    assert torch.isfinite(gradient).all()


@both
def test_gradient_is_that_of_finite_differences(cls):
    z, x = draw(4)
    assert torch.autograd.gradcheck(lambda z: cls()(z, x), z.requires_grad_())


def test_slope_of_the_dispersions_is_that_of_autograd():
    z, x = draw(5)
    loss = NegativeBinomialLoss()
    logs = loss.log_dispersions = parameter(torch.randn(4, dtype=torch.float64))
    for weight in (None, torch.rand(len(x), 4, dtype=torch.float64)):
        expected = torch.autograd.grad(loss(z, x, weight), logs)[0]
        loss.value_and_gradient(z, x, weight)
        torch.testing.assert_close(logs.grad, expected)


# -- sizes and rates -------------------------------------------------------------------


@both
def test_rates_are_those_of_the_median_row(cls, counts):
    loss = learned(cls, counts)
    totals = counts.sum(axis=1)
    median = np.median(totals[totals > 0])
    assert loss.library_size_ == pytest.approx(median, rel=1e-2)
    seen = np.arange(20) != 3
    shares = counts.sum(axis=0) / counts.sum()
    np.testing.assert_allclose(loss.rates_[seen], median * shares[seen], rtol=1e-2)
    # Half a count in all rows together.
    assert 0 < loss.rates_[3] < 1 / 150
    factors = loss.size_factors(as_tensor(counts))[:, 0]
    np.testing.assert_allclose(factors, totals / loss.library_size_, 1e-5, 1e-9)


@both
def test_missing_counts_do_not_make_a_row_smaller(cls, counts):
    loss = learned(cls, counts)
    x = loss.rates_.repeat(2, 1)
    x[0, ::2] = torch.nan
    np.testing.assert_allclose(loss.size_factors(x), 1.0, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100.0), normalize=st.booleans())
def test_encoder_reads_rows_of_any_size_alike(counts, factor, normalize):
    loss = learned(PoissonLoss, counts, normalize=normalize)
    X = as_tensor(counts[:20])
    same = torch.allclose(loss.to_input(X * factor), loss.to_input(X), atol=1e-4)
    assert same == (normalize or abs(factor - 1) < 1e-3) or abs(factor - 1) < 0.01


def test_encoder_reads_zero_of_the_usual_row(counts):
    loss = learned(PoissonLoss, counts)
    usual = loss.to_input(3 * loss.rates_[None])
    torch.testing.assert_close(usual, torch.zeros(1, 20), rtol=0, atol=1e-6)
    read = loss.to_input(as_tensor(counts))
    assert torch.isfinite(read).all()
    assert read.abs().sum(dim=1).median() <= 100


def test_encoder_reads_little_of_wide_rows():
    X = np.random.RandomState(0).poisson(1.0, (30, 3000))
    loss = learned(PoissonLoss, X)
    read = loss.to_input(as_tensor(X)).abs().sum(dim=1)
    assert read.median().item() == pytest.approx(100, rel=1e-3)


def test_without_sizes_rates_are_means(counts):
    loss = learned(PoissonLoss, counts, normalize=False)
    np.testing.assert_allclose(loss.rates_[4:], counts.mean(axis=0)[4:], rtol=1e-5)
    assert (loss.size_factors(torch.ones(2, 20)) == 1).all()


@both
def test_sparse_counts_teach_what_dense_ones_do(cls, counts):
    dense, sparse = learned(cls, counts), learned(cls, sp.csr_matrix(counts))
    assert_equal_states(dense.state_dict(), sparse.state_dict())


# -- dispersions -----------------------------------------------------------------------


def test_dispersions_are_learned():
    rng = np.random.RandomState(0)
    alphas = np.repeat([0.05, 0.5, 3.0], 5)
    # A gamma mixture of Poisson counts is negative binomial.
    X = rng.poisson(20 * rng.gamma(1 / alphas, alphas, (3000, 15))).astype(np.float64)
    loss = learned(NegativeBinomialLoss, X, normalize=False)
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.02)
    for _ in range(10):
        for batch in as_tensor(X).float().split(100):
            loss.value_and_gradient(torch.zeros(100, 15), batch)
            optimizer.step()
    np.testing.assert_allclose(loss.dispersions_, alphas, rtol=0.25)


def test_dispersions_stay_within_bounds():
    X = np.ones((40, 3))
    dae = small("negative_binomial", max_iter=300, batch_size=40).fit(X)
    logs = dae.net_.criterion_.dispersions_.log()
    assert (logs >= -6.0 - 1e-5).all()
    assert (logs <= 5.0 + 1e-5).all()


def test_rows_without_weight_teach_no_dispersion():
    z, x = draw(6)
    slopes = []
    for last in (x[5], 100 * x[5] + 50):
        target = torch.cat([x[:5], last[None]]).float()
        loss = learned(NegativeBinomialLoss, x.numpy(), normalize=False)
        weight = torch.tensor([1.0, 1, 1, 1, 1, 0])[:, None]
        loss.value_and_gradient(z.float(), target, weight)
        slopes.append(loss.log_dispersions.grad)
    assert torch.equal(*slopes)


# -- inside an autoencoder -------------------------------------------------------------


@by_name
def test_denoised_counts_are_of_median_size(counts, name):
    dae = small(name, max_iter=60).fit(counts)
    restored = dae.denoise(counts)
    assert (restored >= 0).all()
    size = dae.net_.criterion_.library_size_
    assert np.median(restored.sum(axis=1)) == pytest.approx(size, rel=0.1)
    np.testing.assert_allclose(restored.sum(axis=1), size, rtol=0.4)
    np.testing.assert_array_equal(
        restored, dae.inverse_transform(dae.transform(counts))
    )
    # Three times the molecules, the same cell.
    np.testing.assert_allclose(dae.denoise(3 * counts), restored, rtol=1e-3, atol=1e-4)
    assert dae.loss_curve_[-1] < dae.loss_curve_[0]


@by_name
def test_errors_are_taken_at_the_size_of_the_row(counts, name):
    dae = small(name).fit(counts)
    factors = counts.sum(axis=1, keepdims=True) / dae.net_.criterion_.library_size_
    expected = (counts - factors * dae.denoise(counts)) ** 2
    errors = dae.reconstruction_error(counts, per_feature=True)
    np.testing.assert_allclose(errors, expected, rtol=1e-3, atol=1e-3)
    scores = dae.score_samples(counts)
    np.testing.assert_allclose(scores, -expected.mean(axis=1), rtol=1e-3, atol=1e-4)


@by_name
@pytest.mark.parametrize(
    "params",
    [{}, {"early_stopping": True}, {"emphasis": "double"}, {"corruption": "gaussian"}],
    ids=str,
)
def test_sparse_counts_are_denoised_as_dense_ones(counts, name, params):
    sparse = sp.csr_matrix(counts)
    dense = small(name, **params).fit(counts)
    other = small(name, **params).fit(sparse)
    np.testing.assert_array_equal(other.denoise(sparse), dense.denoise(counts))
    assert np.isfinite(dense.loss_curve_).all()


@by_name
@pytest.mark.parametrize("corruption", ["masking", "conditional_mean", "swap"])
def test_missing_counts_are_left_out(counts, name, corruption):
    X = counts.copy()
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.2] = np.nan
    X[5] = np.nan
    dae = small(name, corruption=corruption).fit(X)
    assert np.isfinite(dae.denoise(X)).all()
    errors = dae.reconstruction_error(X, per_feature=True)
    np.testing.assert_array_equal(np.isnan(errors), np.isnan(X))
    assert np.isfinite(dae.transform(X)).all()


def test_masked_counts_may_be_missing_ones(counts):
    corruption = MaskingNoise(0.3, fill_value=np.nan)
    dae = small("poisson", corruption=corruption, max_iter=30).fit(counts)
    assert dae.loss_curve_[-1] < dae.loss_curve_[0]


@by_name
def test_row_without_a_count_is_the_usual_row(counts, name):
    dae = small(name).fit(counts)
    empty = np.zeros((1, 20))
    assert np.isfinite(dae.transform(empty)).all()
    assert np.isfinite(dae.denoise(empty)).all()
    assert dae.reconstruction_error(empty)[0] == pytest.approx(0, abs=1e-12)
    assert np.isfinite(
        small(name).fit(np.zeros((20, 3))).denoise(np.ones((1, 3)))
    ).all()


@by_name
def test_negative_counts_are_refused(counts, name):
    X = pd.DataFrame(counts, columns=[f"gene{i}" for i in range(20)])
    bad = X.copy()
    bad.iloc[3, 5] = -1.0
    match = r"Negative values .*(Poisson|NegativeBinomial)Loss.*: gene5\. Do not"
    with pytest.raises(ValueError, match=match):
        small(name).fit(bad)
    with pytest.raises(ValueError, match=match):
        small(name, corruption=None).fit(bad, clean=X)
    dae = small(name).fit(X)
    for method in (dae.transform, dae.denoise, dae.score):
        with pytest.raises(ValueError, match=match):
            method(bad)
    # Nothing was harmed.
    dae.denoise(X)


@by_name
def test_fractions_are_counts(counts, name):
    dae = small(name).fit(counts / 7)
    assert dae.net_.criterion_.library_size_ == pytest.approx(
        learned(PoissonLoss, counts).library_size_ / 7, rel=1e-2
    )


@by_name
def test_clean_counts_have_sizes_of_their_own(counts, name):
    thinned = np.random.RandomState(0).binomial(counts.astype(int), 0.5)
    dae = small(name, corruption=None).fit(thinned, clean=counts)
    expected = learned(PoissonLoss, counts).library_size_
    assert dae.net_.criterion_.library_size_ == pytest.approx(expected)


@by_name
def test_rates_are_kept_when_training_goes_on(counts, name):
    dae = small(name, warm_start=True).fit(counts)
    rates = dae.net_.criterion_.rates_.clone()
    old = dae.net_.criterion_
    state = copy.deepcopy(old.state_dict())
    dae.partial_fit(2 * counts)
    assert torch.equal(dae.net_.criterion_.rates_, rates)
    # The training that went on has left the loss of the other alone.
    assert_equal_states(old.state_dict(), state)
    dae.fit(2 * counts)
    assert torch.equal(dae.net_.criterion_.rates_, rates)
    dae.set_params(loss=PoissonLoss(normalize=False), warm_start=False)
    dae.fit(2 * counts)
    assert not torch.equal(dae.net_.criterion_.rates_, rates)


def test_another_loss_learns_for_itself(counts):
    dae = small("poisson", warm_start=True).fit(counts)
    for name in ("negative_binomial", "squared_error", "poisson"):
        dae.set_params(loss=name).fit(counts)
        found = set(dae.net_.criterion_.state_dict())
        afresh = small(name).fit(counts).net_.criterion_
        assert found == set(afresh.state_dict())


@by_name
def test_early_stopping_restores_the_loss_too(counts, name):
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(copy.deepcopy(net.criterion_.state_dict()))

    dae = small(
        name,
        net_callbacks=[Watch()],
        early_stopping=True,
        max_iter=40,
        n_iter_no_change=3,
        learning_rate_init=0.03,
    ).fit(counts)
    best = int(np.argmin(dae.validation_loss_curve_))
    assert_equal_states(dae.net_.criterion_.state_dict(), seen[best])


@by_name
def test_models_of_counts_are_saved_and_pickled(counts, name, tmp_path):
    dae = small(name).fit(counts)
    sk_dae.save(dae, tmp_path / "counts.safetensors")
    loaded = sk_dae.load(tmp_path / "counts.safetensors")
    state = dae.net_.criterion_.state_dict()
    for copied in (loaded, pickle.loads(pickle.dumps(dae))):
        np.testing.assert_array_equal(copied.denoise(counts), dae.denoise(counts))
        assert_equal_states(copied.net_.criterion_.state_dict(), state)
    for estimator in (dae, loaded):
        estimator.partial_fit(counts)
    np.testing.assert_array_equal(loaded.denoise(counts), dae.denoise(counts))


def test_learned_loss_is_taken_over_and_copied(counts):
    loss = learned(NegativeBinomialLoss, counts)
    taken = NegativeBinomialLoss().fit_rows(
        rows_of(counts), ColumnStatistics.of(counts), loss
    )
    assert_equal_states(taken.state_dict(), loss.state_dict())
    taken.rates_.zero_()
    with torch.no_grad():
        taken.log_dispersions.fill_(1.0)
    assert (loss.rates_ > 0).all()
    assert (loss.dispersions_ == 1).all()
    assert not clone(loss).state_dict()


class Module(torch.nn.Module):
    takes_missing = False

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        assert not X.isnan().any()
        return self.encoder(X)

    def decode(self, code):
        return self.decoder(code)


@by_name
@pytest.mark.parametrize("missing", [False, True])
def test_own_module_learns_counts(counts, name, missing):
    X = counts.copy()
    if missing:
        X[::3, 2] = np.nan
    dae = small(name, module=Module, max_iter=10).fit(X)
    assert dae.loss_curve_[-1] < dae.loss_curve_[0]
    if name == "negative_binomial":
        assert (dae.net_.criterion_.dispersions_ != 1).all()
