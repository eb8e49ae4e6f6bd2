"""Autoencoders that learn from streams, and what they make of them."""

import pickle
import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    RowStream,
    StackedDenoisingAutoencoder,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.data import rows as _rows
from sk_dae.data import sources, streamed_rows

pa = pytest.importorskip("pyarrow")
dataset = pytest.importorskip("pyarrow.dataset")
parquet = pytest.importorskip("pyarrow.parquet")

NAMES = ["a", "b", "c", "d"]


def small(**params):
    params = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, **params}
    return DenoisingAutoencoder(2, **params)


@pytest.fixture
def X():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(300, 2)) @ rng.normal(size=(2, 4))
    X += 0.1 * rng.normal(size=X.shape)
    X[rng.uniform(size=X.shape) < 0.05] = np.nan
    return X


def table_of(X, names=NAMES):
    return pa.table(
        {
            name: pa.array(column, from_pandas=True)
            for name, column in zip(names, X.T, strict=True)
        }
    )


@pytest.fixture
def data(X, tmp_path):
    """The rows as a dataset of one Parquet file of several row groups."""
    parquet.write_table(table_of(X), tmp_path / "X.parquet", row_group_size=70)
    return dataset.dataset(tmp_path / "X.parquet")


@pytest.fixture
def narrow_window(monkeypatch):
    """Shuffle a hundred rows at a time."""
    monkeypatch.setattr(streamed_rows, "WINDOW_BYTES", 100 * 4 * 4)


estimators = pytest.mark.parametrize(
    "estimator",
    [
        small(),
        small(corruption="swap"),
        small(corruption="conditional_mean", features="reconstruction"),
        small(corruption="masking", features="layers", emphasis="double"),
        MarginalizedDenoisingAutoencoder(2),
        MarginalizedDenoisingAutoencoder(1, n_pivots=2, random_state=0),
    ],
    ids=lambda estimator: repr(estimator)[:60],
)
METHODS = ["transform", "denoise", "reconstruction_error", "score_samples"]


@estimators
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_rows_of_one_window_give_what_an_array_gives_bitwise(
    estimator, dtype, X, tmp_path
):
    X = X.astype(dtype)
    parquet.write_table(table_of(X), tmp_path / "X.parquet", row_group_size=70)
    data = dataset.dataset(tmp_path / "X.parquet")
    held = clone(estimator).fit(X)
    streamed = clone(estimator).fit(data)
    assert list(streamed.feature_names_in_) == NAMES
    for method in METHODS:
        expected = getattr(held, method)(X)
        for rows in (data, table_of(X).to_reader(90), RowStream(data)):
            found = getattr(streamed, method)(rows)
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == expected.dtype
    assert streamed.score(data) == held.score(X)


@pytest.mark.parametrize("loss", ["poisson", "negative_binomial"])
def test_counts_of_a_stream_give_what_those_of_an_array_give(loss, X, tmp_path):
    X = np.random.RandomState(0).poisson(3, size=X.shape).astype(float)
    data = dataset.dataset(table_of(X))
    code = small(loss=loss).fit(X).transform(X)
    dae = small(loss=loss).fit(data)
    for rows in (data, table_of(X).to_reader(90)):
        np.testing.assert_array_equal(dae.transform(rows), code)


def test_many_windows_are_learned_from_and_repeat(X, data, narrow_window):
    found = [small(max_iter=20).fit(data) for _ in range(2)]
    np.testing.assert_array_equal(*[dae.transform(data) for dae in found])
    assert found[0].loss_curve_[-1] < 0.8 * found[0].loss_curve_[0]
    held = small(max_iter=20).fit(X)
    assert held.loss_curve_ != found[0].loss_curve_
    assert found[0].loss_curve_[-1] == pytest.approx(held.loss_curve_[-1], rel=0.2)


def test_moments_do_not_depend_on_row_groups(X, data, narrow_window):
    held, streamed = (
        MarginalizedDenoisingAutoencoder(2).fit(rows) for rows in (X, data)
    )
    np.testing.assert_array_equal(held.transform(X), streamed.transform(data))


@pytest.mark.slow
@pytest.mark.parametrize("make", [small, MarginalizedDenoisingAutoencoder])
def test_rows_are_never_held_whole(make, tmp_path, monkeypatch):
    for module, name in (
        (streamed_rows, "WINDOW_BYTES"),
        (_rows, "CHUNK_BYTES"),
        (sources, "PART_BYTES"),
    ):
        monkeypatch.setattr(module, name, 2**16)
    X = np.random.RandomState(0).normal(size=(200_000, 8)).astype(np.float32)
    table = table_of(X, list("abcdefgh"))
    parquet.write_table(table, tmp_path / "X.parquet", row_group_size=10_000)
    data, estimator = dataset.dataset(tmp_path / "X.parquet"), make()
    if make is small:
        estimator.set_params(max_iter=1, batch_size=1024, early_stopping=True)
    estimator.fit(data.head(100).to_pandas())
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    estimator.fit(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Arrow and torch have memory of their own: a row group and batches.
    assert peak - before < X.nbytes / 2


@pytest.mark.parametrize("stream", [False, True])
def test_own_validation_rows_may_be_a_stream(stream, X, data):
    pytest.importorskip("pandas")
    X_val = data if stream else table_of(X).to_pandas()
    dae = small(early_stopping=True).fit(data, X_val=X_val)
    held = small(early_stopping=True).fit(X, X_val=X)
    assert dae.validation_loss_curve_ == held.validation_loss_curve_


def test_rows_are_set_aside_for_early_stopping(data, narrow_window):
    def curve(**params):
        dae = small(early_stopping=True, validation_fraction=0.2, **params).fit(data)
        return dae.validation_loss_curve_

    assert curve() == curve() != curve(random_state=1)
    with pytest.raises(ValueError, match="leaves no row to train on"):
        small(early_stopping=True, validation_fraction=0.999).fit(data)


def test_column_of_which_training_saw_nothing_is_hidden_in_validation(X):
    empty = X.copy()
    empty[:, 1] = np.nan
    curves = []
    for rows, X_val in ((table_of(empty), table_of(X)), (empty, X)):
        if rows is not empty:
            rows, X_val = dataset.dataset(rows), dataset.dataset(X_val)
        with pytest.warns(UserWarning, match="Nothing is observed in these columns"):
            dae = small(early_stopping=True).fit(rows, X_val=X_val)
        curves.append(dae.validation_loss_curve_)
    assert curves[0] == curves[1]


def test_warm_start_goes_on(data):
    dae = small(warm_start=True).fit(data).fit(data)
    assert len(dae.loss_curve_) == 6


# -- partial_fit ----------------------------------------------------------------------


@pytest.mark.parametrize("as_reader", [False, True])
@pytest.mark.parametrize("make", [small, lambda: MarginalizedDenoisingAutoencoder(1)])
def test_partial_fit_takes_streams(make, as_reader, X, data):
    rows = table_of(X).to_reader(90) if as_reader else data
    streamed, held = make().partial_fit(rows), make().partial_fit(X)
    np.testing.assert_array_equal(streamed.transform(data), held.transform(X))
    streamed.partial_fit(data)
    np.testing.assert_array_equal(
        streamed.transform(data), held.partial_fit(X).transform(X)
    )


def test_partial_fit_of_a_reader_that_fails_on_its_way_changes_nothing(
    X, data, monkeypatch
):
    # A chunk of a hundred rows.
    monkeypatch.setattr(_rows, "CHUNK_BYTES", 100 * 4 * 4)
    dae = small().partial_fit(data)
    code, losses = dae.transform(data), list(dae.loss_curve_)
    X[250] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        dae.partial_fit(table_of(X).to_reader(90))
    np.testing.assert_array_equal(dae.transform(data), code)
    assert dae.loss_curve_ == losses


def test_fit_refuses_what_can_be_read_once(X):
    for estimator in (small(), MarginalizedDenoisingAutoencoder()):
        with pytest.raises(ValueError, match="RecordBatchReader can be read only once"):
            estimator.fit(table_of(X).to_reader())


# -- columns --------------------------------------------------------------------------


def test_columns_of_the_fit_are_read_in_their_order(X, data):
    dae = small().fit(data)
    wider = table_of(X).append_column("label", pa.array(["u"] * len(X)))
    wider = dataset.dataset(wider.select(["label", "d", "b", "a", "c"]))
    np.testing.assert_array_equal(dae.transform(wider), dae.transform(data))
    lacking = dataset.dataset(table_of(X[:, :3], NAMES[:3]))
    with pytest.raises(ValueError, match="yet now missing:\n- d"):
        dae.transform(lacking)
    with pytest.raises(ValueError, match="feature names"):
        dae.transform(RowStream(data, columns=["b", "a", "c", "d"]))


def test_column_of_text_is_named_in_a_fit(X):
    data = dataset.dataset(table_of(X).append_column("label", pa.array(["u"] * len(X))))
    with pytest.raises(ValueError, match="'label' is of type string"):
        small().fit(data)
    dae = small().fit(RowStream(data, columns=NAMES))
    assert dae.transform(data).shape == (300, 2)


def test_rows_are_scaled_on_their_way(X, data):
    scaler = StandardScaler()
    for chunk in RowStream(data):
        scaler.partial_fit(chunk)
    stream = RowStream(data, transform=scaler.transform)
    dae = small().fit(stream)
    held = small().fit(scaler.transform(X))
    np.testing.assert_array_equal(
        dae.transform(stream), held.transform(scaler.transform(X))
    )
    assert list(dae.feature_names_in_) == NAMES


def test_transform_to_other_columns_leaves_no_names(data):
    stream = RowStream(data, transform=lambda X: np.nan_to_num(X[:, :3]))
    dae = small().fit(stream)
    assert dae.n_features_in_ == 3 and not hasattr(dae, "feature_names_in_")
    assert dae.transform(stream).shape == (300, 2)


# -- results --------------------------------------------------------------------------


@estimators
def test_batches_of_features_have_names_and_the_values_of_transform(
    estimator, X, data, tmp_path, monkeypatch
):
    monkeypatch.setattr(_rows, "CHUNK_BYTES", 100 * 4 * 4)
    fitted = clone(estimator).fit(data)
    reader = fitted.transform_batches(data)
    assert reader.schema.names == list(fitted.get_feature_names_out())
    dataset.write_dataset(reader, tmp_path / "out", format="parquet")
    written = parquet.read_table(tmp_path / "out")
    found = np.column_stack([written.column(name) for name in written.column_names])
    expected = fitted.transform(data)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    batches = list(fitted.transform_batches(table_of(X).to_reader(50)))
    assert sum(map(len, batches)) == 300 and max(map(len, batches)) == 100


def test_batches_are_for_streams(X, data):
    dae = small().fit(X)
    for rows in (X, "X.parquet"):
        with pytest.raises(TypeError, match=r"must be a RowStream.*Call transform"):
            dae.transform_batches(rows)
    with pytest.raises(AttributeError):
        StackedDenoisingAutoencoder().transform_batches(data)


def test_output_is_a_frame_where_it_is_asked_for(data):
    pytest.importorskip("pandas")
    dae = small().fit(data).set_output(transform="pandas")
    frame = dae.transform(data)
    assert list(frame.columns) == ["denoisingautoencoder0", "denoisingautoencoder1"]


def test_fitted_on_a_stream_pickles_without_it(data):
    dae = small().fit(data)
    again = pickle.loads(pickle.dumps(dae))
    np.testing.assert_array_equal(again.transform(data), dae.transform(data))
    assert b"FileSystemDataset" not in pickle.dumps(dae)


# -- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["sample_weight", "clean", "sample_weight_val", "clean_val"]
)
def test_what_stands_beside_rows_is_refused_beside_a_stream(name, X, data):
    given = {name: np.ones(300) if "weight" in name else X}
    rows = data
    if name.endswith("_val"):
        given["X_val"], rows = data, X
    with pytest.raises(ValueError, match=f"{name} must be None where X is a stream"):
        small(early_stopping=name.endswith("_val")).fit(rows, **given)


def test_weights_are_refused_beside_a_stream_in_closed_form(data):
    for method in ("fit", "partial_fit"):
        estimator = MarginalizedDenoisingAutoencoder(1)
        with pytest.raises(ValueError, match="sample_weight must be None"):
            getattr(estimator, method)(data, sample_weight=np.ones(300))


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("make", [small, MarginalizedDenoisingAutoencoder])
def test_infinity_is_refused(value, make, X, data):
    X[200, 2] = value
    bad = dataset.dataset(table_of(X))
    with pytest.raises(ValueError, match=r"too large for dtype\('float32'\)"):
        make().fit(bad)
    fitted = make().fit(data)
    for method in METHODS:
        with pytest.raises(ValueError, match=r"too large for dtype\('float32'\)"):
            getattr(fitted, method)(bad)


def test_range_of_the_loss_is_checked(X):
    data = dataset.dataset(table_of(np.abs(X)))
    dae = small(loss="poisson").fit(data)
    X[~np.isnan(X)] -= 10
    bad = dataset.dataset(table_of(X))
    for call in (small(loss="poisson").fit, dae.transform):
        with pytest.raises(ValueError, match="Negative values"):
            call(bad)
    with pytest.raises(ValueError, match="Negative values"):
        dae.transform(table_of(X).to_reader())


def test_stream_without_rows_is_refused(X, data):
    dae = small().fit(data)
    empty = table_of(X[:0])
    for call in (small().fit, dae.transform, small().partial_fit):
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            call(dataset.dataset(empty))
    for call in (dae.transform, small().partial_fit):
        with pytest.raises(ValueError, match=r"0 sample\(s\)"):
            call(empty.to_reader())


@pytest.mark.parametrize(
    "estimator",
    [
        DenoisingAutoencoderClassifier(),
        DenoisingAutoencoderClassifier(small()),
        DenoisingAutoencoderRegressor(),
        DenoisingImputer(),
        DenoisingImputer(small()),
        DenoisingOutlierDetector(),
        DenoisingOutlierDetector(small()),
        StackedDenoisingAutoencoder(),
        TabularDenoisingAutoencoder(),
        SwapNoise(),
    ],
    ids=lambda estimator: repr(estimator)[:50],
)
@pytest.mark.parametrize("wrap", [lambda data: data, RowStream])
def test_other_estimators_say_who_reads_streams(estimator, wrap, data):
    y = [np.arange(300) % 2] if hasattr(estimator, "predict") else []
    if isinstance(estimator, DenoisingOutlierDetector):
        y = []
    with pytest.raises(TypeError, match="only DenoisingAutoencoder and Marginalized"):
        clone(estimator).fit(wrap(data), *y)


def test_predictors_on_frozen_autoencoders_refuse_streams(data):
    from sklearn.frozen import FrozenEstimator

    frozen = FrozenEstimator(small().fit(data))
    with pytest.raises(TypeError, match="only DenoisingAutoencoder and Marginalized"):
        DenoisingAutoencoderClassifier(frozen).fit(data, np.arange(300) % 2)


def test_paths_are_pointed_to_the_class_that_opens_them(tmp_path):
    for path in (tmp_path, "X.parquet"):
        with pytest.raises(TypeError, match=r"RowStream\(path\) reads Parquet files"):
            small().fit(path)
