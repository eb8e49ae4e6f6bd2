"""The outlier detector: its scores, threshold, explanations and inputs."""

import copy
import pickle
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.base import clone, is_outlier_detector
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_dae import DenoisingAutoencoder, DenoisingOutlierDetector, MultiScaleNoise

MODULE = sys.modules[DenoisingOutlierDetector.__module__]


def small(**params):
    """An autoencoder that trains in no time."""
    return DenoisingAutoencoder(
        **{"n_components": 4, "hidden_layer_sizes": (16,), "max_iter": 10, **params}
    )


def make(autoencoder=None, **params):
    if autoencoder is None:
        autoencoder = small()
    return DenoisingOutlierDetector(autoencoder, **{"random_state": 0, **params})


def make_X(n_samples=200, seed=0):
    """Five columns that hang together, in units far apart."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, 2)) @ np.random.RandomState(1).normal(size=(2, 5))
    X += 0.1 * rng.normal(size=X.shape)
    return X * [1e-4, 1.0, 10.0, 1e3, 1e6] + [0.0, 1.0, -1e3, 0.0, 1e7]


@pytest.fixture(scope="module")
def X():
    X = make_X()
    X.flags.writeable = False
    return X


@pytest.fixture(scope="module")
def detector(X):
    return make().fit(X)


# -- what it finds --------------------------------------------------------------------


def test_rows_that_break_a_relation_are_found(X):
    rng = np.random.RandomState(2)
    usual = make_X(300, seed=3)
    # Every value is an ordinary one for its column.
    odd = np.column_stack([rng.permutation(column) for column in usual.T])
    scores = DenoisingOutlierDetector(random_state=0).fit(X).score_samples
    labels = np.repeat([0, 1], 300)
    area = roc_auc_score(labels, -scores(np.vstack([usual, odd])))
    assert area > 0.9


def test_contribution_names_the_feature(X):
    rows = make_X(50, seed=4)
    for j in range(5):
        odd = rows.copy()
        odd[:, j] += 10 * X[:, j].std()
        contributions = make().fit(X).feature_contributions(odd)
        assert (contributions.argmax(axis=1) == j).mean() > 0.9


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"scoring_noise_level": 0.0},
        {"n_folds": None},
        {"scoring_noise_level": 0, "n_folds": None},
        {"n_folds": 99, "n_draws": 1},
        {"n_draws": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_contributions_add_up_to_the_score(X, params, missing):
    X = X.copy()
    gaps = np.random.RandomState(0).uniform(size=X.shape) < missing
    X[gaps] = np.nan
    detector = make(**params).fit(X)
    contributions = detector.feature_contributions(X)
    scores = detector.score_samples(X)
    assert contributions.shape == X.shape
    assert contributions.dtype == scores.dtype == np.float64
    assert (contributions[~gaps] >= 0).all()
    assert (contributions[gaps] == 0).all()
    np.testing.assert_allclose(contributions.sum(axis=1), -scores)
    # The mean of the training rows; with gaps, between those of more and of fewer.
    assert scores.mean() == pytest.approx(-1.0, rel=0.05 if missing else 1e-5)


# -- the threshold --------------------------------------------------------------------


def test_methods_agree_on_the_threshold(X, detector):
    rows = np.vstack([X, make_X(20, seed=5) * 3])
    scores = detector.score_samples(rows)
    decision = detector.decision_function(rows)
    np.testing.assert_array_equal(decision, scores - detector.offset_)
    np.testing.assert_array_equal(detector.predict(rows), np.where(decision < 0, -1, 1))
    assert set(detector.predict(rows)) == {-1, 1}
    assert is_outlier_detector(detector)


def test_auto_is_twice_the_mean_of_the_training_rows(X, detector):
    assert detector.offset_ == -2.0
    scores = detector.score_samples(X)
    np.testing.assert_array_equal(
        detector.predict(X) == -1, scores < 2 * scores.mean() - 1e-6
    )


@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.5])
def test_contamination_is_the_fraction_of_training_rows(X, contamination):
    labels = make(contamination=contamination).fit_predict(X)
    assert (labels == -1).sum() == pytest.approx(contamination * len(X), abs=1)


def test_contamination_moves_the_threshold_and_nothing_else(X, detector):
    other = make(contamination=0.2).fit(X)
    np.testing.assert_array_equal(other.score_samples(X), detector.score_samples(X))


# -- draws ----------------------------------------------------------------------------


@pytest.mark.parametrize("missing", [False, True])
def test_score_of_a_row_does_not_depend_on_the_others(
    X, detector, missing, monkeypatch
):
    X = X.copy()
    if missing:
        X[::3, 1] = np.nan
    scores = detector.score_samples(X)
    np.testing.assert_array_equal(scores, detector.score_samples(X))
    order = np.random.RandomState(0).permutation(len(X))
    close = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(detector.score_samples(X[order]), scores[order], **close)
    one_by_one = [detector.score_samples(row[None])[0] for row in X[:20]]
    np.testing.assert_allclose(one_by_one, scores[:20], **close)
    monkeypatch.setattr(MODULE, "BLOCK_ROWS", 7)
    np.testing.assert_allclose(detector.score_samples(X), scores, **close)


def test_random_state_repeats_and_others_differ(X, detector):
    np.testing.assert_array_equal(
        make().fit(X).score_samples(X), detector.score_samples(X)
    )
    other = make(random_state=1).fit(X).score_samples(X)
    assert not np.array_equal(other, detector.score_samples(X))


def test_global_random_states_stay(X):
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    make().fit(X).score_samples(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_autoencoder_is_cloned_and_seeded_where_it_is_not(X):
    given = small()
    detector = make(given).fit(X)
    assert given.random_state is None
    assert not hasattr(given, "net_")
    assert detector.autoencoder_ is not given
    assert isinstance(detector.autoencoder_.random_state, int)
    assert make(small(random_state=7)).fit(X).autoencoder_.random_state == 7


@pytest.mark.usefixtures("quick_defaults")
def test_default_autoencoder_learns_from_many_scales(X):
    detector = DenoisingOutlierDetector(random_state=0).fit(X[:40])
    assert isinstance(detector.autoencoder_, DenoisingAutoencoder)
    assert isinstance(detector.autoencoder_.corruption_, MultiScaleNoise)


def test_usual_errors_are_learned_from_a_sample_of_many_rows(X, monkeypatch):
    everything = make().fit(X)
    monkeypatch.setattr(MODULE, "N_REFERENCES", 100)
    for contamination in ("auto", 0.1):
        sampled = make(contamination=contamination).fit(X)
        scores = sampled.score_samples(X)
        # One scale for each kind and feature: they differ by what 100 rows do not tell.
        np.testing.assert_allclose(scores, everything.score_samples(X), rtol=0.4)
    assert (scores < sampled.offset_).sum() == 20


# -- input ----------------------------------------------------------------------------


def test_units_make_no_difference(X, detector):
    other = make().fit(X * 1000.0 - 5.0).score_samples(X * 1000.0 - 5.0)
    np.testing.assert_allclose(other, detector.score_samples(X), rtol=1e-2)


@pytest.mark.parametrize("wrong", [1e12, -1e12, 1e300])
def test_gross_errors_in_training_do_no_harm(X, detector, wrong):
    dirty = X.copy()
    dirty[:3, 2] = wrong
    scores = make().fit(dirty).score_samples(dirty)
    assert scores[:3].max() < scores[3:].min()
    assert np.isfinite(scores).all()
    clean = detector.score_samples(X)
    assert np.corrcoef(np.log(-scores[3:]), np.log(-clean[3:]))[0, 1] > 0.6


def test_columns_without_spread_are_harmless(X):
    rare = (np.arange(len(X)) == 9).astype(float)
    wide = np.column_stack([X, np.full(len(X), 7.0), rare])
    detector = make().fit(wide)
    contributions = detector.feature_contributions(wide)
    assert np.isfinite(contributions).all()
    assert contributions[:, 5].max() < contributions[:, :5].max()
    # A column that never varied speaks where it does.
    wide[0, 5] = 107.0
    assert detector.predict(wide[:1]) == -1
    assert detector.feature_contributions(wide[:1]).argmax() == 5


def test_one_feature_is_enough():
    X = np.random.RandomState(0).normal(size=(300, 1))
    scores = make().fit(X).score_samples([[0.0], [6.0], [20.0]])
    assert scores[0] > scores[1] > scores[2]


def test_missing_values_are_left_out(X):
    X = X.copy()
    X[np.random.RandomState(0).uniform(size=X.shape) < 0.2] = np.nan
    detector = make().fit(X)
    rows = make_X(5, seed=6)
    rows[:, 3] = np.nan
    rows[4] = np.nan
    scores = detector.score_samples(rows)
    assert (scores[:4] < 0).all()
    assert scores[4] == 0
    assert detector.predict(rows)[4] == 1


def test_column_without_a_value_does_not_count(X):
    gone = X.copy()
    gone[:, 1] = np.nan
    with pytest.warns(UserWarning, match="Nothing is observed"):
        detector = make().fit(gone)
    # A value that training never saw is no evidence either.
    assert (detector.feature_contributions(X)[:, 1] == 0).all()
    assert detector.score_samples(gone).mean() == pytest.approx(-1.0, rel=1e-5)


@pytest.mark.parametrize("make_frame", [pd.DataFrame, pl.DataFrame])
def test_frames_give_what_their_arrays_give(X, detector, make_frame):
    frame = make_frame({name: X[:, j] for j, name in enumerate("abcde")})
    fitted = make().fit(frame)
    assert list(fitted.feature_names_in_) == list("abcde")
    np.testing.assert_array_equal(
        fitted.score_samples(frame), detector.score_samples(X)
    )
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[list("edcba")])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, object])
def test_other_dtypes_are_taken(dtype):
    X = np.random.RandomState(0).poisson(20, size=(100, 3))
    expected = make().fit(X.astype(float)).score_samples(X.astype(float))
    actual = make().fit(X.astype(dtype)).score_samples(X.astype(dtype))
    np.testing.assert_allclose(actual, expected, rtol=1e-3)


@pytest.mark.parametrize("method", ["fit", "predict", "feature_contributions"])
def test_infinity_and_sparse_X_are_refused(X, detector, method):
    call = getattr(copy.copy(detector), method)
    infinite = X.copy()
    infinite[3, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        call(infinite)
    with pytest.raises(TypeError, match=r"(?i)sparse"):
        call(sp.csr_array(X))


def test_X_is_left_as_it_was():
    X = make_X()
    before = X.copy()
    make().fit(X).feature_contributions(X)
    np.testing.assert_array_equal(X, before)


# -- parameters -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {"autoencoder": MinMaxScaler()},
        {"autoencoder": "dae"},
        {"contamination": 0.0},
        {"contamination": 0.6},
        {"contamination": "legacy"},
        {"scoring_noise_level": -1.0},
        {"n_folds": 1},
        {"n_folds": 2.0},
        {"n_draws": 0},
        {"random_state": "seed"},
    ],
    ids=str,
)
def test_wrong_parameters_are_named(X, params):
    (name,) = params
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        DenoisingOutlierDetector(**params).fit(X)


@pytest.mark.parametrize(
    "method",
    ["predict", "decision_function", "score_samples", "feature_contributions"],
)
def test_unfitted_detector_says_so(X, method):
    with pytest.raises(NotFittedError):
        getattr(make(), method)(X)


@pytest.mark.parametrize("first", [True, False])
def test_failed_fit_changes_nothing(X, detector, first):
    detector = make() if first else copy.deepcopy(detector)
    before = {} if first else detector.score_samples(X)
    names = set(vars(detector))
    detector.set_params(autoencoder=small(learning_rate_init=1e30, optimizer="sgd"))
    with pytest.raises(ValueError, match="loss became"):
        detector.fit(X[:, :3])
    assert set(vars(detector)) == names
    if not first:
        np.testing.assert_array_equal(detector.score_samples(X), before)


def test_grid_search_reaches_the_autoencoder(X):
    rows = np.vstack([X, make_X(20, seed=8) * [1, -1, 1, -1, 1]])
    labels = np.repeat([1, -1], [200, 20])
    search = GridSearchCV(
        make(),
        {"autoencoder__noise_level": [0.1, 1.0], "n_draws": [2]},
        scoring="roc_auc",
        cv=StratifiedKFold(2),
    ).fit(rows, labels)
    assert search.best_params_["autoencoder__noise_level"] in (0.1, 1.0)
    assert search.best_score_ > 0.5
    assert set(search.predict(rows)) <= {-1, 1}


def test_detector_ends_a_pipeline(X):
    pipeline = make_pipeline(MinMaxScaler(), make()).fit(X)
    assert set(pipeline.predict(X)) <= {-1, 1}
    assert pipeline.score_samples(X).shape == (len(X),)


def test_pickled_detector_scores_the_same(X, detector):
    loaded = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(
        loaded.decision_function(X), detector.decision_function(X)
    )
    assert not hasattr(clone(detector), "offset_")


@pytest.mark.slow
def test_rows_off_the_surface_are_odd_though_no_feature_tells_of_another():
    # In the middle of a sphere every value is what the others make expect.
    rng = np.random.RandomState(0)
    sphere = rng.normal(size=(900, 6))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    middle = 0.05 * rng.normal(size=(200, 6))
    detector = DenoisingOutlierDetector(random_state=0).fit(sphere[:600])
    scores = detector.score_samples(np.vstack([sphere[600:], middle]))
    assert roc_auc_score(np.repeat([1, 0], [300, 200]), scores) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_gaps_alone_make_no_outlier(missing):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(900, 3)) @ rng.normal(size=(3, 12))
    X += 0.2 * rng.normal(size=X.shape)
    train, new = X[:600].copy(), X[600:]
    train[rng.uniform(size=train.shape) < missing] = np.nan
    detector = DenoisingOutlierDetector(random_state=0).fit(train)
    for n_missing in (0, 6, 9):
        gaps = rng.uniform(size=new.shape).argsort(axis=1) < n_missing
        rows = np.where(gaps, np.nan, new)
        assert detector.score_samples(rows).mean() > -1.5
        assert (detector.predict(rows) == -1).mean() < 0.25


def test_column_that_few_rows_observe_counts():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(11_000, 3))
    X[:, 2] = np.nan
    # By chance, one of the few may be among the references.
    X[:2, 2] = [1.0, 2.0]
    detector = DenoisingOutlierDetector(
        DenoisingAutoencoder(
            4, hidden_layer_sizes=(), corruption=MultiScaleNoise(), max_iter=1
        ),
        n_draws=1,
        random_state=0,
    ).fit(X)
    usual, far = detector.feature_contributions([[0, 0, 1.5], [0, 0, 1e6]])[:, 2]
    assert far > 10 * usual


@pytest.mark.parametrize("noise_level", [-0.1, 1001, np.inf, "high"])
def test_wrong_noise_level_is_named(noise_level):
    with pytest.raises(ValueError, match="noise_level"):
        DenoisingOutlierDetector(scoring_noise_level=noise_level).fit(np.eye(4))
