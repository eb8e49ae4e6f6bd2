"""Tables with categories, times and gaps in the outlier detector."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.utils import get_tags

import sk_dae
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingOutlierDetector,
    TabularDenoisingAutoencoder,
)

CITIES = {"Oslo": "north", "Bergen": "north", "Rome": "south", "Bari": "south"}


def make_table(n_rows=300, seed=0, missing=0.05):
    """A table whose region follows from the city, and whose costs from the size."""
    rng = np.random.RandomState(seed)
    city = rng.choice([*CITIES], n_rows)
    size = rng.normal(size=n_rows) + 2 * np.isin(city, ["Rome", "Bari"])
    X = pd.DataFrame(
        {
            "size": size,
            "cost": 1e6 + 300 * size + rng.normal(scale=30, size=n_rows),
            "city": city,
            "region": [CITIES[name] for name in city],
            "day": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.randint(0, 300, n_rows), "D"),
        }
    )
    X[["city", "region"]] = X[["city", "region"]].astype(object)
    return X.mask(rng.uniform(size=X.shape) < missing)


def small(cls=TabularDenoisingAutoencoder, **params):
    return cls(
        **{"n_components": 4, "hidden_layer_sizes": (8,), "max_iter": 3, **params}
    )


def make(autoencoder=None, **params):
    return DenoisingOutlierDetector(autoencoder or small(), random_state=0, **params)


@pytest.fixture(scope="module")
def X():
    return make_table()


@pytest.fixture(scope="module")
def detector(X):
    return make().fit(X)


@pytest.fixture(scope="module")
def trained(X):
    """The default detector."""
    return DenoisingOutlierDetector(random_state=0).fit(make_table(600))


def area(detector, odd):
    usual = make_table(300, seed=1)
    labels = np.repeat([0, 1], [len(usual), len(odd)])
    scores = -np.r_[detector.score_samples(usual), detector.score_samples(odd)]
    return roc_auc_score(labels, scores)


def test_rare_combinations_of_categories_are_found(trained):
    odd = make_table(100, seed=2, missing=0)
    odd["region"] = odd["region"].map({"north": "south", "south": "north"})
    assert area(trained, odd) > 0.9
    contributions = trained.feature_contributions(odd)
    assert np.isin(contributions.argmax(axis=1), [2, 3]).mean() > 0.8


def test_numbers_that_break_a_relation_are_found(trained):
    odd = make_table(100, seed=2, missing=0)
    odd["cost"] = np.random.RandomState(0).permutation(odd["cost"])
    assert area(trained, odd) > 0.8


def test_gross_errors_are_found(trained):
    odd = make_table(100, seed=2, missing=0)
    odd["cost"] *= 10
    assert area(trained, odd) > 0.99
    assert (trained.feature_contributions(odd).argmax(axis=1) == 1).all()


def test_category_never_seen_is_unusual(trained):
    odd = make_table(100, seed=2, missing=0)
    odd["city"] = "Atlantis"
    assert area(trained, odd) > 0.9
    assert (trained.feature_contributions(odd).argmax(axis=1) == 2).mean() > 0.8


@pytest.mark.usefixtures("quick_defaults")
def test_the_data_chooses_the_default_autoencoder(trained):
    assert isinstance(trained.autoencoder_, TabularDenoisingAutoencoder)
    numbers = make_table(50)[["size", "cost"]]
    detector = DenoisingOutlierDetector(random_state=0).fit(numbers)
    assert type(detector.autoencoder_) is DenoisingAutoencoder


@pytest.mark.parametrize("params", [{}, {"n_folds": None}, {"scoring_noise_level": 0}])
def test_contributions_are_those_of_the_columns(X, params):
    detector = make(**params).fit(X)
    contributions = detector.feature_contributions(X)
    scores = detector.score_samples(X)
    assert contributions.shape == X.shape
    assert (contributions >= 0).all()
    assert (contributions[X.isna().to_numpy()] == 0).all()
    np.testing.assert_allclose(contributions.sum(axis=1), -scores)
    assert scores.mean() == pytest.approx(-1.0, rel=0.05)


def test_contamination_is_the_fraction_of_training_rows(X):
    detector = make(contamination=0.1)
    assert (detector.fit_predict(X) == -1).mean() == pytest.approx(0.1, abs=0.01)


def test_names_and_columns(X, detector):
    assert detector.feature_names_in_.tolist() == X.columns.tolist()
    assert detector.n_features_in_ == 5
    with pytest.raises(ValueError, match="yet now missing"):
        detector.predict(X.drop(columns="city"))
    with pytest.raises(ValueError, match="must be in the same order"):
        detector.predict(X[X.columns[::-1]])
    with pytest.raises(ValueError, match="cost"):
        detector.predict(X.assign(cost="dear"))


def test_score_of_a_row_does_not_depend_on_the_others(X, detector):
    together = detector.score_samples(X)
    alone = [detector.score_samples(X.iloc[[i]])[0] for i in range(3)]
    # Some libraries round a row of a product by its place among the others.
    np.testing.assert_allclose(alone, together[:3], rtol=1e-5)


@pytest.mark.parametrize("container", ["polars", "arrow", "array", "category"])
def test_containers(X, detector, container):
    if container == "polars":
        table = pytest.importorskip("polars").from_pandas(X)
    elif container == "arrow":
        table = X.convert_dtypes(dtype_backend="pyarrow")
    elif container == "category":
        table = X.astype({"city": "category", "region": "category"})
    else:
        table = X.to_numpy(dtype=object)
    scores = make().fit(table).score_samples(table)
    np.testing.assert_allclose(scores, detector.score_samples(X), rtol=1e-6)


@pytest.mark.usefixtures("quick_defaults")
def test_clone_save_and_load(X, detector, tmp_path):
    again = clone(detector).fit(X)
    np.testing.assert_array_equal(again.score_samples(X), detector.score_samples(X))
    for model in (detector, DenoisingOutlierDetector(random_state=0).fit(X)):
        sk_dae.save(model, tmp_path / "detector")
        loaded = sk_dae.load(tmp_path / "detector")
        np.testing.assert_array_equal(loaded.score_samples(X), model.score_samples(X))
        assert loaded.autoencoder_.denoise(X).equals(model.autoencoder_.denoise(X))


def test_autoencoder_inside_restores_tables(trained):
    X = make_table(100, seed=3, missing=0)
    restored = trained.autoencoder_.denoise(X)
    assert restored.dtypes.tolist() == X.dtypes.tolist()
    assert (restored["city"] == X["city"]).mean() > 0.9
    assert restored["cost"].corr(X["cost"]) > 0.9
    # Beyond the bend of the scale too.
    far = X.assign(cost=X["cost"].median())
    assert restored["cost"].between(X["cost"].min() - 500, X["cost"].max() + 500).all()
    assert far.shape == trained.autoencoder_.denoise(far).shape


def test_grid_search_reaches_the_autoencoder():
    X = make_table(80)
    search = GridSearchCV(
        make(),
        {"autoencoder__corruption": ["swap", "masking"], "n_draws": [2]},
        scoring="roc_auc",
        cv=StratifiedKFold(2),
    ).fit(X, np.where(np.arange(80) < 8, -1, 1))
    assert search.best_estimator_.n_draws == 2
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e19, 1e34])
def test_rows_far_from_those_of_a_frozen_autoencoder_have_scores(X, scale):
    numbers = X[["size", "cost"]] / [1, 1e6]
    for inner in (small(), small(numeric_scaling="standard")):
        frozen = FrozenEstimator(inner.fit(numbers))
        far = pd.concat([numbers.iloc[:20], scale * numbers.iloc[20:40]])
        detector = make(frozen, n_draws=3).fit(far)
        scores = detector.score_samples(far)
        assert np.isfinite(scores).all()
        assert scores[:20].min() > np.median(scores[20:])
        assert np.isfinite(detector.feature_contributions(-far)).all()


def test_frozen_autoencoders(X):
    numbers = X[["size", "cost"]] / [1, 1e6]
    for inner, table in (
        (small().fit(X), X),
        (small(DenoisingAutoencoder).fit(numbers), numbers),
    ):
        detector = make(FrozenEstimator(inner)).fit(table)
        assert np.isfinite(detector.score_samples(table)).all()
        with pytest.raises(ValueError, match="feature"):
            detector.predict(table.iloc[:, 1:])
        with pytest.raises(ValueError, match="feature"):
            make(FrozenEstimator(inner)).fit(table.iloc[:, 1:])
    with pytest.raises(ValueError, match="text and times in the columns city"):
        make(FrozenEstimator(inner)).fit(X)


@pytest.mark.parametrize("cls", [DenoisingAutoencoder, TabularDenoisingAutoencoder])
def test_frozen_autoencoder_must_be_fitted(X, cls):
    with pytest.raises(NotFittedError, match=cls.__name__):
        make(FrozenEstimator(cls())).fit(X[["size", "cost"]])


def test_failed_fit_changes_nothing(X):
    detector = make().fit(X)
    before = detector.score_samples(X)
    with pytest.raises(TypeError, match="city"):
        detector.fit(X.assign(city=[[i] for i in range(len(X))]))
    np.testing.assert_array_equal(detector.score_samples(X), before)


def test_numbers_keep_to_tables_if_these_were_asked_for(X):
    numbers = X[["size", "cost"]]
    detector = make().fit(numbers)
    assert isinstance(detector.autoencoder_, TabularDenoisingAutoencoder)
    assert np.isfinite(detector.score_samples(numbers)).all()
    detector = make().fit(X[["city", "region"]])
    assert np.isfinite(detector.score_samples(X[["city", "region"]])).all()


def test_columns_without_a_value_or_spread():
    X = make_table(60).assign(empty=None, constant="same", zero=0)
    detector = make()
    with pytest.warns(UserWarning, match="empty"):
        detector.fit(X)
    contributions = detector.feature_contributions(X)
    assert np.isfinite(contributions).all()
    assert (contributions[:, 5] == 0).all()


def test_tags():
    assert get_tags(DenoisingOutlierDetector()).input_tags.categorical
    assert get_tags(make()).input_tags.string
    numbers = DenoisingOutlierDetector(DenoisingAutoencoder())
    assert not get_tags(numbers).input_tags.categorical
