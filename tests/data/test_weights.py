"""Weights of rows: those of weight zero are not there, and statistics are weighted."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.corruption import CORRUPTIONS, BaseCorruption, SwapNoise
from sk_dae.data.rows import rows_of
from sk_dae.data.statistics import ColumnStatistics
from sk_dae.tables.encoder import TableEncoder
from sk_dae.tables.quantiles import weighted_quantiles

SMALL = {"max_iter": 2, "random_state": 0, "hidden_layer_sizes": (4,)}
PLAIN = DenoisingAutoencoder(3, **SMALL)
STACKED = StackedDenoisingAutoencoder(
    3, pretrain_max_iter=1, corruption="swap", **SMALL
)
TABULAR = TabularDenoisingAutoencoder(3, **SMALL)
RUN = {"max_iter": 2, "random_state": 0}
N = 60


def numbers(n_zero):
    """Return rows, of which the last have wild values, and a target of each."""
    rng = np.random.RandomState(0)
    X = rng.uniform(0, 1, size=(N + n_zero, 5))
    y = X @ np.arange(5.0)
    X[N:], y[N:] = 1e4, 1e6
    order = rng.permutation(len(X))
    return X[order], y[order], (order < N).astype(float)


def containers(X):
    """Return rows in every container that they may come in."""
    return {
        "array": X,
        "float32": X.astype(np.float32),
        "list": X.tolist(),
        "csr": sp.csr_matrix(X),
        "coo": sp.coo_array(X),
        "pandas": pd.DataFrame(X, columns=list("abcde")),
        "polars": pl.DataFrame(X, schema=list("abcde")),
    }


def rows_where(X, mask):
    """Return the rows of a mask."""
    if isinstance(X, list):
        return np.asarray(X)[mask].tolist()
    if isinstance(X, pl.DataFrame):
        return X.filter(pl.Series(mask))
    return sp.csr_array(X)[mask] if sp.issparse(X) else X[mask]


def assert_same(estimator, X, y, weights, method="fit", **params):
    """Compare a fit with rows of weight zero to the one without them, bit by bit."""
    kept, arguments = weights > 0, () if y is None else (y,)
    targets = () if y is None else (y[kept],)
    whole = getattr(clone(estimator), method)(
        X, *arguments, sample_weight=weights, **params
    )
    params = {name: rows_where(value, kept) for name, value in params.items()}
    part = getattr(clone(estimator), method)(
        rows_where(X, kept), *targets, sample_weight=weights[kept], **params
    )
    queries = rows_where(X, kept)
    for name in ("transform", "predict"):
        if hasattr(whole, name):
            assert_array_equal(
                getattr(whole, name)(queries), getattr(part, name)(queries)
            )


# -- rows of weight zero --------------------------------------------------------------


@pytest.mark.parametrize("container", list(containers(np.zeros((2, 5)))))
@pytest.mark.parametrize(
    "estimator", [PLAIN, STACKED, MarginalizedDenoisingAutoencoder()], ids=repr
)
@pytest.mark.parametrize("uneven", [False, True])
def test_rows_of_weight_zero_are_not_there(estimator, container, uneven):
    X, _, weights = numbers(5)
    if uneven:
        weights = weights * np.linspace(0.5, 2, len(weights))
    assert_same(estimator, containers(X)[container], None, weights)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("container", ["array", "csr"])
def test_corruptions_learn_nothing_of_weightless_rows(corruption, container):
    X, _, weights = numbers(5)
    estimator = clone(PLAIN).set_params(corruption=corruption, early_stopping=True)
    assert_same(estimator, containers(X)[container], None, weights)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("loss", "clean"), [("squared_error", True), ("poisson", False)]
)
def test_pairs_and_counts_do_without_them_too(method, loss, clean):
    X, _, weights = numbers(5)
    X[weights == 0] = -3.0
    X[weights > 0] = (X[weights > 0] * 10).round()
    params = {"clean": X + 1} if clean else {}
    estimator = clone(PLAIN).set_params(loss=loss)
    assert_same(estimator, X, None, weights, method, **params)


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize(
    ("inner", "early_stopping"),
    [(PLAIN, False), (PLAIN, True), (STACKED, True), (TABULAR, False)],
    ids=repr,
)
def test_predictors_do_without_them(inner, labels, early_stopping):
    X, y, weights = numbers(6)
    # Some of the weightless rows have a target, others none.
    some = np.flatnonzero(weights == 0)[::2]
    if labels:
        classes = (y > np.median(y)).astype(int)
        classes[weights == 0] = 7
        classes[some] = -1
        classes[np.flatnonzero(weights)[:5]] = -1
        model = DenoisingAutoencoderClassifier(
            inner, class_weight="balanced", unlabeled_value=-1, **RUN
        )
        y = classes
    else:
        y[some] = np.nan
        y[np.flatnonzero(weights)[:5]] = np.nan
        model = DenoisingAutoencoderRegressor(inner, corruption="swap", **RUN)
    model.set_params(early_stopping=early_stopping)
    assert_same(model, X, y, weights)
    assert_same(model, X, y, weights * np.linspace(0.5, 2, len(y)))


def test_regressor_is_not_harmed_by_weightless_targets():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 4))
    y = X @ [1.0, 2.0, 3.0, 4.0]
    wrong, weights = y.copy(), np.ones(300)
    wrong[:15], weights[:15] = 1e6, 0.0
    model = DenoisingAutoencoderRegressor(
        clone(PLAIN).set_params(hidden_layer_sizes=(32,), n_components=16),
        max_iter=60,
        dropout=0.0,
        learning_rate_init=0.01,
        random_state=0,
    ).fit(X, wrong, sample_weight=weights)
    assert model.score(X, y) > 0.8


def mixed(n_zero):
    """Return a table whose last rows have values of their own."""
    X, _, weights = numbers(n_zero)
    kind = np.where(weights > 0, np.where(X[:, 0] > 0.5, "a", "b"), "never")
    when = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(len(X)), "D")
    return pd.DataFrame({"x": X[:, 1], "kind": kind, "when": when}), weights


@pytest.mark.parametrize("container", ["pandas", "polars", "object"])
@pytest.mark.parametrize("scaling", ["quantile", "standard"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_tables_do_without_them(container, scaling, method):
    X, weights = mixed(5)
    if container == "polars":
        X = pl.from_pandas(X)
    elif container == "object":
        X = X.drop(columns="when").to_numpy(dtype=object)
    estimator = clone(TABULAR).set_params(numeric_scaling=scaling)
    assert_same(estimator, X, None, weights, method)
    fitted = clone(estimator).fit(X, sample_weight=weights)
    (categories,) = fitted.categories_.values()
    assert list(categories) == ["a", "b"]


@pytest.mark.parametrize(
    "estimator",
    [
        PLAIN,
        STACKED,
        TABULAR,
        MarginalizedDenoisingAutoencoder(),
        DenoisingAutoencoderClassifier(PLAIN, **RUN),
        DenoisingAutoencoderRegressor(PLAIN, **RUN),
    ],
    ids=repr,
)
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_weights_that_say_nothing_are_refused(estimator, bad):
    X, y, _ = numbers(0)
    weights = np.full(N, bad) if bad == 0 else np.where(np.arange(N) == 3, bad, 1.0)
    with pytest.raises(ValueError, match=r"[Ss]ample.weight"):
        clone(estimator).fit(X, (y > 5).astype(int), sample_weight=weights)


# -- weighted statistics --------------------------------------------------------------


def repeated(n_missing=0, sparse=False):
    """Return rows, whole weights, and the rows repeated that often."""
    rng = np.random.RandomState(1)
    X = rng.normal(size=(40, 4)) + rng.normal(size=(40, 1))
    X[:, 1] = (X[:, 1] > 0).astype(float)
    if n_missing:
        X.flat[rng.permutation(X.size)[:n_missing]] = np.nan
    weights = rng.randint(1, 5, size=40).astype(float)
    weights[0] = 1.0
    many = np.repeat(X, weights.astype(int), axis=0)
    return (
        (sp.csr_matrix(X), weights, sp.csr_matrix(many))
        if sparse
        else (
            X,
            weights,
            many,
        )
    )


@pytest.mark.parametrize("n_missing", [0, 20])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("factor", [1.0, 0.37])
def test_whole_weights_are_repetitions(n_missing, sparse, factor):
    X, weights, many = repeated(n_missing, sparse)
    found = ColumnStatistics.of(rows_of(X, weights=factor * weights))
    expected = ColumnStatistics.of(many)
    assert_allclose(found.means, expected.means, rtol=1e-6)
    assert_allclose(found.n_observed, factor * expected.n_observed)
    for name in ("salt_and_pepper", "marginal", "conditional_mean"):
        process = CORRUPTIONS[name](0.5)
        one, other = (
            clone(process).fit_rows(rows, np.random.RandomState(0))
            for rows in (rows_of(X, weights=factor * weights), rows_of(many))
        )
        rows = torch.from_numpy(np.nan_to_num(repeated()[0])).float()
        one, other = (
            fitted.corrupt(rows, torch.Generator().manual_seed(0))
            for fitted in (one, other)
        )
        assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scaling", ["quantile", "standard"])
def test_columns_of_tables_are_scaled_as_if_repeated(scaling):
    X, weights, many = repeated(20)
    found = TableEncoder(scaling).fit(X, 3.0 * weights)
    expected = TableEncoder(scaling).fit(many)
    assert_allclose(found.transform(X), expected.transform(X), rtol=1e-4, atol=1e-5)
    letters = np.array(list("aaabbcccdde") * 4, dtype=object)[:40, None]
    many = np.repeat(letters, weights.astype(int), axis=0)
    found = TableEncoder(max_categories=3).fit(letters, weights)
    expected = TableEncoder(max_categories=3).fit(many)
    assert_array_equal(found.transform(letters), expected.transform(letters))
    assert_array_equal(found.categories["0"], expected.categories["0"])
    assert_allclose(found.entropies, expected.entropies)


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("kind", ["dense", "missing", "csr"])
def test_donors_donate_by_their_weight(in_place, kind):
    values = np.array([0.0, 1.0, 2.0, 5.0])
    weights = np.array([4.0, 1.0, 3.0, 2.0])
    X = np.column_stack([values, values[::-1]])
    if kind == "missing":
        X, weights = np.vstack([X, [np.nan, 1.0]]), np.append(weights, 1.0)
    rows = rows_of(sp.csr_matrix(X) if kind == "csr" else X, weights=weights)
    process = SwapNoise(1.0).fit_rows(rows, np.random.RandomState(0), in_place=in_place)
    n = 40_000
    drawn = process.corrupt(torch.full((n, 2), 9.0), torch.Generator().manual_seed(0))
    for j in range(2):
        for value in values:
            p = weights[X[:, j] == value].sum() / weights[~np.isnan(X[:, j])].sum()
            share = float((drawn[:, j] == value).float().mean())
            # Four standard errors.
            assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)


@pytest.mark.parametrize("n_rows", [200, 20])
def test_processes_of_users_get_weighted_samples(n_rows):
    class Mean(BaseCorruption):
        def learn(self, rows, random_state, *, in_place):
            self.mean_ = rows.sample(n_rows, random_state).mean(axis=0)

        def draw(self, X, generator):
            return X, None

    X, weights, many = repeated()
    fitted = Mean(0.1).fit_rows(rows_of(X, weights=weights), np.random.RandomState(0))
    tolerance = 1e-6 if n_rows == 200 else 0.5
    assert_allclose(fitted.mean_, many.mean(axis=0), atol=tolerance)
    dae = clone(PLAIN).set_params(corruption=Mean(0.1)).fit(X, sample_weight=weights)
    assert_allclose(dae.corruption_.mean_, fitted.mean_, atol=2 * tolerance)


def test_targets_are_standardised_by_weight():
    X, weights, _ = repeated()
    model = DenoisingAutoencoderRegressor(PLAIN, **RUN)
    y = X[:, [0, 2]].copy()
    y[5, 0] = np.nan
    found = model.fit(X, y, sample_weight=weights).predict(X[:1])
    often = weights.astype(int)
    y_many = np.repeat(y, often, axis=0)
    shift = clone(model).fit(X, (y - np.nanmean(y_many, axis=0)), sample_weight=weights)
    assert_allclose(
        found - shift.predict(X[:1]), np.nanmean(y_many, axis=0)[None], atol=1e-4
    )


@pytest.mark.parametrize(
    "estimator",
    [
        clone(PLAIN).set_params(corruption="swap"),
        clone(PLAIN).set_params(corruption="marginal"),
        STACKED,
        TABULAR,
        DenoisingAutoencoderRegressor(PLAIN, **RUN),
    ],
    ids=repr,
)
def test_a_common_factor_changes_nothing(estimator):
    X, y, _ = numbers(0)
    weights = np.linspace(0.5, 2, N)
    one = clone(estimator).fit(X, y, sample_weight=weights)
    other = clone(estimator).fit(X, y, sample_weight=4.0 * weights)
    third = clone(estimator).fit(X, y, sample_weight=0.3 * weights)
    name = "predict" if hasattr(one, "predict") else "transform"
    assert_array_equal(getattr(one, name)(X), getattr(other, name)(X))
    assert_allclose(
        getattr(one, name)(X), getattr(third, name)(X), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("estimator", [PLAIN, STACKED, TABULAR], ids=repr)
@pytest.mark.parametrize("weight", [0.1, 3.0])
def test_equal_weights_are_none(estimator, weight):
    X, _, _ = numbers(0)
    one = clone(estimator).set_params(corruption="swap").fit(X)
    other = clone(one).fit(X, sample_weight=np.full(N, weight))
    assert_array_equal(one.transform(X), other.transform(X))


@pytest.mark.parametrize("seed", range(3))
def test_quantiles_of_equal_weights_are_those_of_numpy(seed):
    values = np.random.RandomState(seed).normal(size=37).round(1)
    levels = np.linspace(0, 1, 23)
    found = weighted_quantiles(values, np.full(37, 0.7), levels, 0.7)
    assert_allclose(found, np.quantile(values, levels), atol=1e-12)


def test_means_follow_the_weights_of_all_calls():
    X, _, _ = numbers(0)
    dae = clone(PLAIN).set_params(corruption=None)
    dae.partial_fit(X, sample_weight=np.full(N, 3.0))
    dae.partial_fit(X + 1, sample_weight=np.ones(N))
    gaps = np.full((1, 5), np.nan)
    filled = (0.75 * X.mean(axis=0) + 0.25 * (X + 1).mean(axis=0))[None]
    assert_allclose(dae.transform(gaps), dae.transform(filled), atol=1e-5)


@pytest.mark.parametrize("factor", [2.0**-1000, 2.0**600, 2.0**1000])
@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_weights_of_a_table_have_no_unit(factor, scaling):
    X, _, weights = numbers(5)
    weights = weights * np.linspace(0.5, 2, len(weights))
    model = TabularDenoisingAutoencoder(
        2, max_iter=1, numeric_scaling=scaling, random_state=0, device="cpu"
    )
    expected = model.fit(X, sample_weight=weights).transform(X)
    given = model.fit(X, sample_weight=weights * factor).transform(X)
    assert_array_equal(given, expected)
