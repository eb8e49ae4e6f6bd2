"""The scorers of denoising and imputation."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    GaussianNoise,
    ResidualDenoiser,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.metrics import (
    make_denoising_scorer,
    make_imputation_scorer,
)


def test_scorer_measures_what_it_says(table):
    dae = DenoisingAutoencoder(3, max_iter=5, random_state=0).fit(table)
    noisy = GaussianNoise(0.5, random_state=3).fit_transform(table)
    expected = -np.square(table - dae.denoise(noisy)).mean()
    scorer = make_denoising_scorer("gaussian", 0.5, random_state=3)
    assert scorer(dae, table) == pytest.approx(expected, rel=1e-6)
    assert scorer(dae, table) == scorer(dae, table, np.zeros(60))


def test_scorer_hands_the_same_rows_to_every_candidate(table):
    seen = []

    class Spy:
        def transform(self, X):
            seen.append(X)
            return X

        inverse_transform = staticmethod(lambda X: X)

    scorer = make_denoising_scorer("swap", 0.3)
    scores = {scorer(Spy(), table) for _ in range(3)}
    assert len(scores) == 1
    np.testing.assert_array_equal(seen[0], seen[2])
    assert not np.array_equal(seen[0], table)


@pytest.mark.parametrize(
    "estimator",
    [PCA(2), make_pipeline(StandardScaler(), DenoisingAutoencoder(2, max_iter=2))],
)
@pytest.mark.parametrize("library", ["numpy", "pandas", "polars"])
def test_scorer_serves_frames_pipelines_and_pca(table, estimator, library):
    names = list("abcde")
    X = {
        "numpy": table,
        "pandas": pd.DataFrame(table, columns=names),
        "polars": pl.DataFrame(dict(zip(names, table.T, strict=True))),
    }[library]
    score = make_denoising_scorer("gaussian", 0.1)(estimator.fit(X), X)
    assert -1.2 < score < 0


def test_scorer_serves_missing_values_and_sparse_rows(table):
    dae = DenoisingAutoencoder(2, max_iter=2, random_state=0).fit(table)
    scorer = make_denoising_scorer("masking", 0.5)
    holes = table.copy()
    holes[0, 0] = np.nan
    assert np.isfinite(scorer(dae, holes))
    assert scorer(dae, sp.csr_array(table)) == pytest.approx(scorer(dae, table))


@pytest.mark.slow
def test_scorer_can_choose_the_noise_where_score_cannot(digits):
    X = digits[:300]
    grid = {"noise_level": [0.01, 0.5]}
    dae = DenoisingAutoencoder(max_iter=20, random_state=0)
    copied = GridSearchCV(dae, grid, cv=2).fit(X)
    restored = GridSearchCV(
        dae, grid, cv=2, scoring=make_denoising_scorer("gaussian", 0.5)
    ).fit(X)
    assert copied.best_params_ == {"noise_level": 0.01}
    assert restored.best_params_ == {"noise_level": 0.5}


def test_scorer_needs_the_way_back(table):
    pipeline = make_pipeline(PCA(2), LogisticRegression())
    pipeline.fit(table, np.arange(60) % 2)
    with pytest.raises(TypeError, match=r"pipeline\[:-1\]"):
        make_denoising_scorer()(pipeline, table)
    assert make_denoising_scorer()(pipeline[:-1], table) < 0


def test_scorer_pickles_and_shows_its_arguments():
    scorer = pickle.loads(pickle.dumps(make_denoising_scorer("swap", 0.1)))
    assert repr(scorer) == "make_denoising_scorer('swap', 0.1, random_state=0)"
    with pytest.raises(ValueError, match="corruption"):
        make_denoising_scorer("salt")
    with pytest.raises(ValueError, match="random_state"):
        make_denoising_scorer(random_state=None)


# -- tables and imputers --------------------------------------------------------------


def make_table(container="pandas", n_samples=120):
    """Return a table in which the kind tells the size, some cells missing."""
    rng = np.random.RandomState(0)
    kind = rng.choice(["cat", "dog"], n_samples)
    table = pd.DataFrame({"kind": kind, "size": rng.normal(size=n_samples)})
    table["size"] += np.where(kind == "dog", 10, 0)
    table["purrs"] = pd.Categorical(np.where(kind == "dog", "no", "yes"))
    table["born"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(table["size"], "D")
    table = table.mask(rng.uniform(size=table.shape) < 0.1)
    if container == "polars":
        return pl.from_pandas(table)
    return table if container == "pandas" else table.to_numpy(dtype=object)


def make_numbers(container="array"):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(90, 2)) @ rng.normal(size=(2, 4))
    X[rng.uniform(size=X.shape) < 0.1] = np.nan
    if container == "array":
        return X
    frame = pd.DataFrame(X, columns=list("abcd"))
    return frame if container == "pandas" else pl.from_pandas(frame).fill_nan(None)


class Guess:
    """A denoiser of tables that returns what it was fitted with, or the rows."""

    def __init__(self, table=None):
        self.table = table

    def transform(self, X):
        return X

    def inverse_transform(self, X):
        return X if self.table is None else self.table


@pytest.mark.parametrize("container", ["pandas", "polars", "array"])
def test_denoising_of_tables_is_scored(container):
    X = make_table(container)
    swap = make_denoising_scorer("swap", 0.3)
    perfect, none = swap(Guess(X), X), swap(Guess(), X)
    assert perfect == 0
    # 30 % of the cells are those of another row: every other category is wrong, and
    # the squared error of numbers is twice the variance.
    assert -0.6 < none < -0.2
    assert swap(Guess(), X) == none
    dae = TabularDenoisingAutoencoder(
        8, hidden_layer_sizes=(32,), max_iter=20, random_state=0
    ).fit(X)
    assert none < swap(dae, X) < perfect
    hiding = make_denoising_scorer("masking", 0.3)
    assert hiding(dae, X) == hiding(dae, X) > -0.6
    with pytest.raises(ValueError, match=r"Cells of column .* are missing"):
        hiding(Guess(), X)


def test_instances_and_levels_by_name_corrupt_tables():
    X = make_table()
    only = make_denoising_scorer("swap", {"size": 1.0, "born": 0.0})
    assert only(Guess(), X) < 0
    assert only(Guess(X), X) == 0
    assert make_denoising_scorer(SwapNoise(0.3))(Guess(), X) < 0
    with pytest.raises(ValueError, match="no impossible categories, got Gaussian"):
        make_denoising_scorer(GaussianNoise(0.3))(Guess(), X)
    with pytest.raises(ValueError, match=r"corruption .*\['masking', 'swap'\]"):
        make_denoising_scorer("gaussian")(Guess(), X)


def test_search_over_an_autoencoder_of_tables():
    dae = TabularDenoisingAutoencoder(
        8, hidden_layer_sizes=(32,), max_iter=20, random_state=0
    )
    scorer = make_denoising_scorer("swap", 0.3)
    search = GridSearchCV(
        dae, {"learning_rate_init": [1e-7, 0.01]}, scoring=scorer, cv=2
    )
    search.fit(make_table())
    assert search.best_params_ == {"learning_rate_init": 0.01}


def imputers():
    dae = DenoisingAutoencoder(4, corruption="conditional_mean", max_iter=2)
    return {
        "ours": DenoisingImputer(dae, n_estimators=1, random_state=0),
        "simple": SimpleImputer(),
        "neighbours": KNNImputer(),
        "with indicators": SimpleImputer(add_indicator=True),
        "pipeline": make_pipeline(SimpleImputer()),
        "frame": SimpleImputer().set_output(transform="pandas"),
    }


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
@pytest.mark.parametrize("name", imputers())
def test_imputers_are_scored_by_hidden_cells(name, container):
    X = make_numbers(container)
    imputer = imputers()[name].fit(X)
    score = make_imputation_scorer()
    value = score(imputer, X)
    assert value == score(imputer, X)
    assert value != make_imputation_scorer(random_state=1)(imputer, X)
    if name not in ("ours", "neighbours"):
        # The mean of a column is off by its variance.
        assert value == pytest.approx(-1, abs=0.4)
    else:
        assert value > -0.6


@pytest.mark.parametrize("container", ["pandas", "polars", "array"])
def test_imputers_of_tables_are_scored(container):
    X = make_table(container)
    tabular = TabularDenoisingAutoencoder(
        8, corruption="masking", max_iter=10, numeric_scaling="standard"
    )
    ours = DenoisingImputer(tabular, n_estimators=1, random_state=0).fit(X)
    score = make_imputation_scorer(0.3)
    assert score(ours, X) > -0.5
    if container == "pandas":
        frequent = SimpleImputer(strategy="most_frequent").fit(X[["kind", "purrs"]])
        assert -0.7 < score(frequent, X[["kind", "purrs"]]) < -0.3


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
def test_marks_of_missing_cells_are_put_in(container):
    X = make_numbers(container)
    expected = make_imputation_scorer()(SimpleImputer().fit(X), X)
    marked = {
        "array": lambda: np.nan_to_num(X, nan=-99),
        "pandas": lambda: X.fillna(-99),
        "polars": lambda: X.fill_null(-99.0),
    }[container]()
    imputer = SimpleImputer(missing_values=-99).fit(marked)
    found = make_imputation_scorer(missing_values=-99)(imputer, marked)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("container", ["array", "pandas", "polars"])
def test_search_over_imputers(container):
    X = make_numbers(container)
    steps = make_pipeline(SimpleImputer())
    ours = imputers()["ours"]
    grid = {"simpleimputer": [SimpleImputer(), KNNImputer(n_neighbors=3), ours]}
    search = GridSearchCV(
        steps, grid, scoring=make_imputation_scorer(), cv=2, error_score="raise"
    ).fit(X)
    assert not isinstance(search.best_params_["simpleimputer"], SimpleImputer)
    grid = {"n_estimators": [1], "autoencoder__noise_level": [0.1, 0.5]}
    scorer = pickle.loads(pickle.dumps(make_imputation_scorer(0.3)))
    search = GridSearchCV(ours, grid, scoring=scorer, cv=2, error_score="raise").fit(X)
    assert search.best_score_ > -0.8


def test_columns_left_out_do_not_count_and_one_cell_is_hidden_at_least():
    X = np.column_stack([make_numbers(), np.arange(90.0)])
    fitted = X.copy()
    fitted[:, 4] = np.nan
    with pytest.warns(UserWarning, match="Skipping features"):
        imputer = SimpleImputer().fit(fitted)
        value = make_imputation_scorer()(imputer, X)
    assert value == pytest.approx(-1, abs=0.4)
    assert make_imputation_scorer(1e-12)(SimpleImputer().fit(X), X) < 0


def test_what_cannot_be_scored_is_refused():
    X, score = make_numbers(), make_imputation_scorer()
    with pytest.raises(TypeError, match="needs an imputer with transform"):
        score(LogisticRegression(), X)
    with pytest.raises(TypeError, match="sparse"):
        score(SimpleImputer().fit(X), sp.csr_matrix(X))
    with pytest.raises(ValueError, match="no observed cell"):
        score(SimpleImputer().fit(X), np.full((3, 4), np.nan))
    with pytest.raises(ValueError, match="must return the columns of X"):
        score(make_pipeline(SimpleImputer(), PCA(2)).fit(X), X)
    with pytest.raises(ValueError, match="fraction"):
        make_imputation_scorer(0.0)
    assert repr(make_imputation_scorer(0.3)).startswith("make_imputation_scorer(0.3,")


@pytest.mark.parametrize("container", [list, np.array])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_images_are_scored_by_a_denoiser(container, dtype):
    images = np.random.RandomState(0).uniform(size=(3, 20, 20))
    images = (255 * images).astype(np.uint8) if dtype == np.uint8 else images
    level = 25.0 if dtype == np.uint8 else 0.1
    given = container(list(images))
    model = ResidualDenoiser(level, n_filters=2, n_layers=2, max_iter=1, random_state=0)
    model.fit(given)
    score = make_denoising_scorer("gaussian", level)(model, given)
    # Close to the identity, it leaves the variance of the noise, less what is clipped.
    assert -1.2 * level**2 < score < -0.5 * level**2
    pipeline = make_pipeline(model)
    assert make_denoising_scorer("gaussian", level)(pipeline, given) == score
    assert make_denoising_scorer("gaussian", level, random_state=1)(model, given) != (
        score
    )


def test_images_need_an_estimator_that_denoises():
    with pytest.raises(TypeError, match="whose transform denoises"):
        make_denoising_scorer()(LogisticRegression(), np.zeros((2, 3, 3)))
