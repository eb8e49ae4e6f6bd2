"""The closed form as an estimator: layers, parts, sums over calls, weights, errors."""

import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import sk_dae
from sk_dae import MarginalizedDenoisingAutoencoder, marginalized

PREFIX = "marginalizeddenoisingautoencoder"


def make(n_layers=2, **params):
    return MarginalizedDenoisingAutoencoder(
        n_layers, **{"device": "cpu", "random_state": 0, **params}
    )


def words(n_samples=50, n_features=12, seed=0):
    """Return rows of few words, which come in topics."""
    rng = np.random.RandomState(seed)
    topics = rng.dirichlet(np.full(n_features, 0.3), 4)
    rates = 6 * rng.dirichlet(np.full(4, 0.3), n_samples) @ topics
    return (rng.poisson(rates) > 0).astype(np.float32)


@pytest.fixture
def X():
    return words()


def with_gaps(X):
    X = X.copy()
    X[::3, 1] = np.nan
    X[4, 5:] = np.nan
    return X


def test_layers_follow_from_the_coefficients(X):
    mda = make(3, features="layers", activation="tanh").fit(X)
    h, expected = X, [X]
    for W, b in zip(mda.coefs_, mda.intercepts_, strict=True):
        h = np.tanh(h @ W + b)
        expected.append(h)
    layers = mda.transform(X)
    np.testing.assert_allclose(layers, np.hstack(expected), rtol=1e-4, atol=1e-5)
    code = mda.set_params(features="code").transform(X)
    np.testing.assert_array_equal(code, layers[:, -12:])
    linear = X @ mda.coefs_[0] + mda.intercepts_[0]
    np.testing.assert_allclose(mda.denoise(X), linear, rtol=1e-4, atol=1e-5)
    reconstruction = mda.set_params(features="reconstruction").transform(X)
    np.testing.assert_array_equal(reconstruction, mda.denoise(X))


def test_each_layer_is_the_first_of_what_the_one_before_returns(X):
    stacked = make(2, noise_level=[0.3, 0.6]).fit(X)
    first = make(1, noise_level=0.3).fit(X)
    second = make(1, noise_level=0.6).fit(first.transform(X))
    np.testing.assert_allclose(
        stacked.transform(X), second.transform(first.transform(X)), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("identity", lambda z: z),
        ("relu", lambda z: np.maximum(z, 0)),
        ("tanh", np.tanh),
    ],
)
def test_activation_follows_the_map(X, activation, function):
    mda = make(1, activation=activation).fit(X)
    expected = function(mda.denoise(X))
    np.testing.assert_allclose(mda.transform(X), expected, rtol=1e-5, atol=1e-6)


def test_masked_words_are_restored(digits):
    rng = np.random.RandomState(0)
    masked = digits * (rng.random_sample(digits.shape) >= 0.5)
    mda = make(1, noise_level=0.5).fit(digits[:900])
    before = np.square(masked - digits)[900:].mean()
    after = np.square(mda.denoise(masked) - digits)[900:].mean()
    # The best constant, the mean of each pixel, leaves the variance.
    assert after < 0.6 * digits[900:].var(axis=0).mean()
    assert after < 0.5 * before


@pytest.mark.parametrize("features", ["code", "layers", "reconstruction"])
@pytest.mark.parametrize("n_pivots", [None, 5])
def test_sparse_rows_give_what_dense_ones_give(X, features, n_pivots):
    dense = make(features=features, n_pivots=n_pivots).fit(X)
    expected = dense.transform(X)
    for container in (sp.csr_matrix, sp.csr_array):
        mda = clone(dense).fit(container(X))
        np.testing.assert_allclose(mda.transform(container(X)), expected, rtol=1e-5)
        np.testing.assert_allclose(mda.transform(X), expected, rtol=1e-5)
    assert expected.dtype == np.float32


@pytest.mark.parametrize("n_pivots", [None, 5])
def test_chunks_do_not_matter(X, n_pivots, monkeypatch):
    X = with_gaps(X)
    weights = np.arange(1.0, 51.0)
    whole = make(3, n_pivots=n_pivots).fit(X, sample_weight=weights)
    expected = whole.transform(X)
    monkeypatch.setattr("sk_dae.data.rows.CHUNK_BYTES", 4 * 12 * 7)
    np.testing.assert_allclose(whole.transform(X), expected, rtol=1e-5, atol=1e-6)
    parts = clone(whole).fit(X, sample_weight=weights)
    np.testing.assert_allclose(parts.transform(X), expected, rtol=1e-4, atol=1e-5)
    # Nor whether hidden activations are kept, or computed again.
    monkeypatch.setattr("sk_dae.linear.layers.HELD_BYTES", 0)
    again = clone(whole).fit(X, sample_weight=weights)
    np.testing.assert_allclose(again.transform(X), expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 49), min_size=1, max_size=4, unique=True),
    gaps=st.booleans(),
    weighted=st.booleans(),
)
def test_partial_fit_is_one_fit_with_all_rows(cuts, gaps, weighted):
    X = words()
    X = with_gaps(X) if gaps else X
    weights = np.random.RandomState(0).randint(1, 4, size=50) if weighted else None
    whole = make(1).fit(X, sample_weight=weights)
    parts = make(1)
    edges = sorted({0, 50, *cuts})
    for start, end in itertools.pairwise(edges):
        rows = slice(start, end)
        given_ = {} if weights is None else {"sample_weight": weights[rows]}
        with warnings.catch_warnings():
            # That a column has no value yet.
            warnings.filterwarnings("ignore", "Nothing is observed")
            parts.partial_fit(X[rows], **given_)
    np.testing.assert_allclose(parts.coefs_[0], whole.coefs_[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        parts.transform(X), whole.transform(X), rtol=1e-4, atol=1e-5
    )


def test_partial_fit_goes_on_from_fit_and_after_pickling_and_saving(X, tmp_path):
    whole = make(1).fit(X)
    first = make(1).fit(X[:20])
    sk_dae.save(first, tmp_path / "model")
    pickled, loaded = pickle.loads(pickle.dumps(first)), sk_dae.load(tmp_path / "model")
    for mda in (first, pickled, loaded):
        mda.partial_fit(X[20:])
        np.testing.assert_allclose(mda.transform(X), whole.transform(X), atol=1e-5)


def test_partial_fit_needs_one_layer_and_all_columns(X, monkeypatch):
    with pytest.raises(AttributeError) as error:
        make(2).partial_fit(X)
    assert "n_layers=1, got 2" in str(error.value.__cause__)
    assert not hasattr(make(1, n_pivots=3), "partial_fit")
    mda = make(2).fit(X).set_params(n_layers=1)
    with pytest.raises(ValueError, match="kept no sums"):
        mda.partial_fit(X)
    monkeypatch.setattr(marginalized, "KEPT_WIDTH", 11)
    with pytest.raises(ValueError, match="more than 11 columns"):
        make(1).fit(X).partial_fit(X)


def test_weights_repeat_rows(X):
    X = with_gaps(X)
    weights = np.random.RandomState(0).randint(0, 4, size=50)
    # Column 2 is zero in all rows that count.
    assert not X[weights > 0, 2].any()
    for params in ({}, {"alpha": 0.0}, {"n_pivots": 5}):
        weighted = make(**params).fit(X, sample_weight=weights)
        repeated = make(**params).fit(X.repeat(weights, axis=0))
        np.testing.assert_allclose(
            weighted.transform(X), repeated.transform(X), rtol=1e-4, atol=1e-6
        )


@pytest.mark.parametrize("weight", [1e300, 1e-300])
def test_weights_beyond_float32_are_refused(X, weight):
    with pytest.raises(ValueError, match="sample_weight must be within the range"):
        make().fit(X, sample_weight=np.full(len(X), weight))


def test_few_wide_rows_give_the_same_features(X, monkeypatch):
    X = with_gaps(X)[:5]
    weights = np.arange(1.0, 6.0)
    wide = make(3, alpha=0.1).fit(X, sample_weight=weights)
    assert len(wide._stack.layers[0].factors) == 1
    monkeypatch.setattr("sk_dae.linear.moments.PRECISE_WIDTH", 10)
    narrow = make(3, alpha=0.1).fit(X, sample_weight=weights)
    assert [len(layer.factors) for layer in narrow._stack.layers] == [2, 2, 2]
    np.testing.assert_allclose(narrow.transform(X), wide.transform(X), atol=1e-4)
    np.testing.assert_allclose(narrow.coefs_[0], wide.coefs_[0], atol=1e-4)


def test_missing_values_count_as_the_mean_of_their_column(X):
    holes = with_gaps(X)
    mean = np.nanmean(holes, axis=0)
    filled = np.where(np.isnan(holes), mean, holes)
    mda = make(features="layers").fit(holes)
    expected = make(features="layers").fit(filled)
    np.testing.assert_allclose(
        mda.transform(holes), expected.transform(filled), rtol=1e-4, atol=1e-5
    )
    assert np.isnan(mda.reconstruction_error(holes, per_feature=True)[0, 1])
    assert np.isfinite(mda.score(holes))


@pytest.mark.parametrize("n_pivots", [None, 5])
def test_column_never_observed_says_nothing(X, n_pivots):
    frame = pd.DataFrame(X, columns=[f"w{i}" for i in range(12)])
    frame["w2"] = np.nan
    mda = make(n_pivots=n_pivots)
    with pytest.warns(UserWarning, match="reconstructed as 0: w2"):
        mda.fit(frame)
    assert (mda.denoise(frame)[:, 2] == 0).all()
    np.testing.assert_array_equal(
        mda.transform(frame.assign(w2=9.0)), mda.transform(frame)
    )


# -- parts of the columns --------------------------------------------------------------


def test_pivots_are_the_most_frequent_columns(X):
    mda = make(n_pivots=4).fit(X)
    frequency = (X != 0).sum(axis=0)
    assert frequency[mda.pivots_].min() >= np.delete(frequency, mda.pivots_).max()
    assert mda.transform(X).shape == (50, 4)
    assert [W.shape for W in mda.coefs_] == [(12, 4), (4, 4)]
    assert make().fit(X).pivots_ is None
    assert make(n_pivots=12).fit(X).pivots_ is None


def test_frequency_of_pivots_counts_weights_and_no_gaps():
    X = np.zeros((6, 3), dtype=np.float32)
    X[:4, 0] = X[4:, 1] = 1.0
    assert make(n_pivots=1, noise_level=0.1).fit(X).pivots_ == [0]
    weights = [1, 1, 1, 1, 3, 3]
    assert make(n_pivots=1).fit(X, sample_weight=weights).pivots_ == [1]
    X[:5, 2] = np.nan
    assert make(n_pivots=1).fit(X).pivots_ == [0]


def test_pivots_are_predicted_by_the_mean_of_what_each_part_predicts(X):
    mda = make(1, n_pivots=4, noise_level=0.3, activation="identity").fit(X)
    Z, q = X.astype(np.float64), 0.7
    expected = np.zeros((50, 4))
    for part in mda._stack.by_parts.parts:
        part = part.numpy()
        inputs = np.hstack([Z[:, part], np.ones((50, 1))])
        keep = np.append(np.full(len(part), q), 1.0)
        S = inputs.T @ inputs
        Q = S * np.outer(keep, keep)
        np.fill_diagonal(Q, keep * S.diagonal())
        P = keep[:, None] * (inputs.T @ Z[:, mda.pivots_])
        expected += inputs @ np.linalg.solve(Q, P) / 3
    np.testing.assert_allclose(mda.transform(X), expected, rtol=1e-4, atol=1e-5)


def test_parts_restore_their_own_columns(X):
    mda = make(1, n_pivots=6).fit(X)
    denoised = mda.denoise(X)
    for part in mda._stack.by_parts.parts:
        part = part.numpy()
        alone = make(1).fit(X[:, part])
        np.testing.assert_allclose(
            denoised[:, part], alone.denoise(X[:, part]), rtol=1e-4, atol=1e-5
        )


def test_parts_are_drawn_from_the_random_state(X):
    first, second, third = (
        make(n_pivots=4, random_state=seed).fit(X).transform(X) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, second)
    assert not np.allclose(first, third)


# -- the face of a transformer ---------------------------------------------------------


def test_names_are_those_of_the_layers(X):
    names = [f"w{i}" for i in range(12)]
    frame = pd.DataFrame(X, columns=names)
    mda = make(features="layers", n_pivots=3).fit(frame)
    out = list(mda.get_feature_names_out())
    assert out[:12] == names
    assert out[12] == f"{PREFIX}_layer0_0"
    assert out[-1] == f"{PREFIX}_layer1_2"
    assert len(out) == mda.transform(frame).shape[1] == 18
    frame_out = mda.set_output(transform="pandas").transform(frame)
    assert list(frame_out.columns) == out
    mda.set_params(features="code")
    assert list(mda.get_feature_names_out()) == [f"{PREFIX}{i}" for i in range(3)]
    mda.set_params(features="reconstruction")
    assert list(mda.get_feature_names_out()) == names


def test_there_is_no_inverse(X):
    mda = make().fit(X)
    assert not hasattr(mda, "inverse_transform")
    with pytest.raises(AttributeError) as error:
        mda.inverse_transform(X)
    assert "no decoder" in str(error.value.__cause__)


def test_scores_are_those_of_the_linear_map(X):
    mda = make().fit(X)
    errors = np.square(X - mda.denoise(X))
    np.testing.assert_allclose(
        mda.reconstruction_error(X, per_feature=True), errors, rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(mda.score(X), -errors.mean(), rtol=1e-5)


@pytest.mark.parametrize("n_pivots", [None, 5])
def test_fits_are_bitwise_alike_and_change_no_global_state(X, n_pivots):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, second = (make(n_pivots=n_pivots).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.transform(X), second.transform(X))
    assert torch.equal(before[0], torch.get_rng_state())
    np.testing.assert_array_equal(before[1], np.random.get_state()[1])


@pytest.mark.parametrize("params", [{}, {"n_pivots": 5}, {"noise_level": (0.1, 0.2)}])
def test_saved_and_pickled_models_are_the_same(X, tmp_path, params):
    mda = make(**params).fit(X)
    sk_dae.save(mda, tmp_path / "model")
    for again in (sk_dae.load(tmp_path / "model"), pickle.loads(pickle.dumps(mda))):
        np.testing.assert_array_equal(again.transform(X), mda.transform(X))
        np.testing.assert_array_equal(again.denoise(X), mda.denoise(X))
        assert again.get_params() == mda.get_params()
    sk_dae.save(make(**params), tmp_path / "unfitted")
    assert not hasattr(sk_dae.load(tmp_path / "unfitted"), "device_")


def test_training_rows_are_left_as_they_are(X):
    X = with_gaps(X)
    X.flags.writeable = False
    before = X.copy()
    make().fit(X, sample_weight=np.ones(50)).transform(X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"noise_level": 1.0}, "'noise_level' parameter"),
        ({"noise_level": [0.1, 0.2, 0.3]}, "noise_level must be.*each of the 2 layers"),
        ({"noise_level": [0.1, 1.0]}, "noise_level must be"),
        ({"noise_level": ["a", "b"]}, "noise_level must be"),
        ({"n_layers": 0}, "'n_layers' parameter"),
        ({"alpha": -1.0}, "'alpha' parameter"),
        ({"n_pivots": 0}, "'n_pivots' parameter"),
        ({"activation": "sine"}, "'activation' parameter"),
        ({"features": "all"}, "'features' parameter"),
        ({"device": "cuda:99"}, "device="),
    ],
)
def test_errors_name_the_parameter(X, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params).fit(X)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_fit_that_fails_leaves_the_model_as_it_was(X, method):
    mda = make(1).fit(X)
    before = mda.transform(X)
    bad = X[:, :12].astype(np.float64)
    bad[0, 0] = 1e300
    with pytest.raises(ValueError, match="too large for dtype"):
        getattr(mda, method)(bad)
    with pytest.raises(ValueError, match="sample_weight"):
        getattr(mda, method)(X, sample_weight=-np.ones(50))
    if method == "fit":
        with pytest.raises(ValueError, match="noise_level must be"):
            mda.set_params(noise_level=[0.1, 0.2]).fit(X[:, :5])
    np.testing.assert_array_equal(mda.set_params(noise_level=0.5).transform(X), before)


def test_grid_search_in_a_pipeline():
    X, y = load_digits(return_X_y=True, n_class=3)
    pipeline = make_pipeline(make(1), LogisticRegression(max_iter=200))
    search = GridSearchCV(pipeline, {f"{PREFIX}__noise_level": [0.2, 0.6]}, cv=2)
    assert search.fit(X / 16, y).best_score_ > 0.9


def test_float64_rows_beyond_float32_are_refused_by_transform(X):
    mda = make().fit(X)
    with pytest.raises(ValueError, match="too large for dtype"):
        mda.transform(X.astype(np.float64) * 1e300)
