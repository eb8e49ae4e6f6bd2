"""Tables with categories, times and gaps in the classifier and the regressor."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import get_tags

import sk_dae
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    TabularDenoisingAutoencoder,
)


def make_table(n_rows=120, seed=0):
    rng = np.random.RandomState(seed)
    X = pd.DataFrame(
        {
            "size": rng.normal(size=n_rows),
            "colour": rng.choice(["red", "green", "blue"], n_rows),
            "kind": pd.Categorical(rng.choice(["a", "b"], n_rows)),
            "day": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(rng.randint(0, 300, n_rows), "D"),
        }
    )
    value = X["size"] + 2 * (X["colour"] == "red") - (X["kind"] == "a")
    hidden = rng.uniform(size=X.shape) < 0.05
    hidden[:, 1] = False
    return X.mask(hidden), value.to_numpy()


@pytest.fixture(scope="module")
def data():
    X, value = make_table()
    return X, np.where(value > value.mean(), "high", "low"), value


def small(cls=TabularDenoisingAutoencoder, **params):
    return cls(
        **{"n_components": 4, "hidden_layer_sizes": (8,), "max_iter": 3, **params}
    )


def quick(owner=DenoisingAutoencoderClassifier, autoencoder=None, **params):
    return owner(autoencoder or small(), **{"max_iter": 3, "random_state": 0, **params})


@pytest.mark.slow
def test_default_learns_from_a_table(data):
    X, y, value = data
    X_test, value_test = make_table(200, seed=1)
    y_test = np.where(value_test > value.mean(), "high", "low")
    classifier = DenoisingAutoencoderClassifier(random_state=0, max_iter=40).fit(X, y)
    assert isinstance(classifier.autoencoder_, TabularDenoisingAutoencoder)
    assert classifier.score(X_test, y_test) > 0.8
    regressor = DenoisingAutoencoderRegressor(random_state=0, max_iter=40)
    assert regressor.fit(X, value).score(X_test, value_test) > 0.5


def test_the_data_chooses_the_default_autoencoder(data):
    X, y, _ = data
    for table, cls in (
        (X[["size"]], DenoisingAutoencoder),
        (X[["size"]].to_numpy(dtype=object), DenoisingAutoencoder),
        (X[["size", "day"]], TabularDenoisingAutoencoder),
        (X[["size", "kind"]].to_numpy(dtype=object), TabularDenoisingAutoencoder),
    ):
        model = DenoisingAutoencoderClassifier(pretrain=False, max_iter=1)
        assert type(model.fit(table, y).autoencoder_) is cls


@pytest.mark.parametrize(
    "params",
    [
        {"early_stopping": True},
        {"class_weight": "balanced", "head_max_iter": 1},
        {"corruption": "masking", "noise_level": 0.3},
        {"corruption": None, "pretrain": False},
    ],
    ids=str,
)
def test_parameters_of_the_fine_tuning(data, params):
    X, y, _ = data
    model = quick(**params).fit(X, y)
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (len(X), 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert set(model.predict(X)) <= {"high", "low"}


def test_corruption_of_tables_alone(data):
    X, y, _ = data
    with pytest.raises(ValueError, match="corruption of a table must be one of"):
        quick(corruption="gaussian").fit(X, y)


def test_rows_without_a_label_and_weights(data):
    X, y, value = data
    some = np.where(np.arange(len(y)) < 60, y, None)
    model = quick(unlabeled_value=np.nan).fit(X, some)
    assert model.classes_.tolist() == ["high", "low"]
    weights = np.where(np.arange(len(y)) < 60, 1.0, 2.0)
    model.fit(X, y, sample_weight=weights)
    missing = np.where(np.arange(len(y)) < 60, value, np.nan)
    model = quick(DenoisingAutoencoderRegressor).fit(X, missing, sample_weight=weights)
    assert np.isfinite(model.predict(X)).all()


def test_names_columns_and_unseen_categories(data):
    X, y, _ = data
    model = quick().fit(X, y)
    assert model.feature_names_in_.tolist() == X.columns.tolist()
    assert model.n_features_in_ == 4
    assert len(model.predict(X.assign(colour="violet"))) == len(X)
    with pytest.raises(ValueError, match="yet now missing"):
        model.predict(X.drop(columns="colour"))
    with pytest.raises(ValueError, match="must be in the same order"):
        model.predict(X[X.columns[::-1]])


def test_clone_save_and_load(data, tmp_path):
    X, y, _ = data
    model = quick().fit(X, y)
    expected = model.predict_proba(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).predict_proba(X), expected)
    sk_dae.save(model, tmp_path / "model")
    loaded = sk_dae.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    default = DenoisingAutoencoderClassifier(max_iter=1, pretrain=False).fit(X, y)
    sk_dae.save(default, tmp_path / "default")
    loaded = sk_dae.load(tmp_path / "default")
    np.testing.assert_array_equal(loaded.predict_proba(X), default.predict_proba(X))


@pytest.mark.parametrize(
    "owner", [DenoisingAutoencoderClassifier, DenoisingAutoencoderRegressor]
)
def test_searches(data, owner):
    X, y, value = data
    y = y if owner is DenoisingAutoencoderClassifier else value
    search = GridSearchCV(
        quick(owner), {"autoencoder__corruption": ["swap", "masking"]}, cv=2
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(cross_val_score(quick(owner), X, y, cv=2)).all()


def test_frozen_table_autoencoder(data):
    X, y, _ = data
    frozen = small().fit(X)
    model = quick(autoencoder=FrozenEstimator(frozen)).fit(X, y)
    assert model.autoencoder_ is frozen
    assert len(model.predict(X)) == len(X)


def test_polars(data):
    polars = pytest.importorskip("polars")
    X, y, _ = data
    model = quick().fit(polars.from_pandas(X), y)
    np.testing.assert_allclose(
        model.predict_proba(polars.from_pandas(X)),
        quick().fit(X, y).predict_proba(X),
        rtol=1e-5,
    )


def test_tags_and_what_is_no_autoencoder(data):
    X, _, _ = data
    for owner in (DenoisingAutoencoderClassifier, DenoisingAutoencoderRegressor):
        assert get_tags(owner()).input_tags.categorical
        assert get_tags(owner()).input_tags.sparse
        assert get_tags(owner(small())).input_tags.string
        assert not get_tags(owner(small(DenoisingAutoencoder))).input_tags.string
        with pytest.raises(NotFittedError):
            owner([np.nan]).predict(X)
    with pytest.raises(NotFittedError):
        DenoisingAutoencoderClassifier([np.nan]).predict_proba(X)
