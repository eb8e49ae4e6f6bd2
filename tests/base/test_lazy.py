"""Collections of dask: fitted on by blocks, and transformed when computed."""

import numpy as np
import pytest

from sk_dae import (
    DenoisingAutoencoder,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
NAMES = list("abcde")


def small(**params):
    params = {"hidden_layer_sizes": (8,), "max_iter": 2, "random_state": 0, **params}
    return DenoisingAutoencoder(3, **params)


@pytest.fixture(autouse=True)
def one_process():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture
def X():
    return np.random.RandomState(0).normal(size=(100, 5)).astype(np.float32)


@pytest.fixture
def lazy(X):
    return da.from_array(X, chunks=(30, 2))


@pytest.fixture
def frame(X):
    pd = pytest.importorskip("pandas")
    return pd.DataFrame(X, columns=NAMES)


@pytest.fixture
def lazy_frame(frame):
    dd = pytest.importorskip("dask.dataframe")
    return dd.from_pandas(frame, npartitions=3)


@pytest.mark.parametrize("make", [small, MarginalizedDenoisingAutoencoder])
def test_fit_reads_blocks(make, X, lazy):
    expected = make().fit(X).transform(X)
    np.testing.assert_array_equal(make().fit(lazy).transform(X), expected)


def test_fit_reads_partitions_of_a_frame(frame, lazy_frame):
    streamed, held = small().fit(lazy_frame), small().fit(frame)
    assert list(streamed.feature_names_in_) == NAMES
    np.testing.assert_array_equal(streamed.transform(frame), held.transform(frame))
    np.testing.assert_array_equal(
        small().partial_fit(lazy_frame).transform(frame),
        small().partial_fit(frame).transform(frame),
    )


@pytest.mark.parametrize(
    "estimator",
    [
        small(),
        small(features="reconstruction"),
        MarginalizedDenoisingAutoencoder(1),
        StackedDenoisingAutoencoder(4, max_iter=1, random_state=0),
        TabularDenoisingAutoencoder(2, max_iter=1, random_state=0),
    ],
    ids=lambda estimator: repr(estimator)[:50],
)
@pytest.mark.parametrize(
    "method", ["transform", "denoise", "reconstruction_error", "score_samples"]
)
def test_results_are_lazy_and_those_of_the_blocks(estimator, method, X, lazy):
    if isinstance(estimator, TabularDenoisingAutoencoder) and method == "denoise":
        pytest.skip("gives tables")
    estimator.fit(X)
    of_rows = getattr(estimator, method)
    found = of_rows(lazy)
    assert isinstance(found, da.Array)
    expected = np.concatenate([of_rows(X[i : i + 30]) for i in range(0, 100, 30)])
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_array_equal(found.compute(), expected)


def test_cells_and_codes_are_lazy_too(X, lazy):
    dae = small().fit(X)
    errors = dae.reconstruction_error(lazy, per_feature=True)
    assert errors.shape == X.shape
    expected = dae.reconstruction_error(X, per_feature=True)
    np.testing.assert_allclose(errors, expected, rtol=1e-5, atol=1e-6)
    restored = dae.inverse_transform(dae.transform(lazy))
    np.testing.assert_allclose(restored, dae.denoise(X), rtol=1e-5, atol=1e-6)
    assert dae.score(lazy) == pytest.approx(dae.score(X))


def test_frames_give_arrays(frame, lazy_frame):
    dae = small().fit(frame)
    code, scores = dae.transform(lazy_frame), dae.score_samples(lazy_frame)
    assert isinstance(code, da.Array) and code.shape[1] == 3
    np.testing.assert_allclose(code, dae.transform(frame), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scores, dae.score_samples(frame), rtol=1e-5, atol=1e-6)
    wide = lazy_frame.assign(label="u")
    np.testing.assert_array_equal(
        small().fit(lazy_frame).transform(frame), dae.transform(frame)
    )
    with pytest.raises(ValueError, match="'label' is of type"):
        small().fit(wide)


def test_what_is_fitted_later_does_not_change_a_lazy_result(X, lazy):
    dae = small().fit(X)
    expected, code = dae.transform(X[:30]), dae.transform(lazy)
    dae.fit(X + 1)
    np.testing.assert_array_equal(code[:30].compute(), expected)


def test_wrong_blocks_are_refused_at_once(X, lazy):
    dae = small().fit(X)
    with pytest.raises(ValueError, match="X has 3 features, but DenoisingAutoencoder"):
        dae.transform(lazy[:, :3])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        dae.transform(lazy[:, 0])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D"):
        dae.fit(lazy[:, 0])
    with pytest.raises(ValueError, match=r"compute_chunk_sizes\(\)"):
        dae.fit(lazy[lazy[:, 0] > 0])
    for other in (dask.delayed(X), lazy.to_delayed()[0, 0]):
        with pytest.raises((TypeError, ValueError)):
            dae.transform(other)
    with pytest.raises(ValueError, match="only numbers can be read"):
        dae.fit(lazy.astype(str))
    assert dae.transform(lazy[lazy[:, 0] > 0]).compute().shape[1] == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_two_workers_give_what_one_process_gives(X, lazy):
    distributed = pytest.importorskip("distributed")
    import joblib
    from sklearn.model_selection import GridSearchCV

    dae = small().fit(lazy)
    results = [dae.transform(lazy), dae.denoise(lazy), dae.score_samples(lazy)]
    expected = dask.compute(*results, scheduler="synchronous")
    search = GridSearchCV(small(), {"n_components": [1, 2]}, cv=2)
    scores = search.fit(X).cv_results_["mean_test_score"]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = client.gather(client.compute(results))
        with joblib.parallel_backend("dask"):
            in_workers = search.fit(X).cv_results_["mean_test_score"]
        refitted = small()
        with dask.config.set(scheduler=client):
            refitted.fit(lazy)
    for one, two in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(in_workers, scores)
    np.testing.assert_array_equal(refitted.transform(X), dae.transform(X))
