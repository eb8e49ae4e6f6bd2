"""Prediction for wide sparse rows reads their stored cells, and gives the same."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from sk_dae import DenoisingAutoencoder, StackedDenoisingAutoencoder, load, save

N_FEATURES = 10_000


def rows(n_samples=64, seed=0, dtype=np.float32):
    return sp.random(
        n_samples,
        N_FEATURES,
        density=0.002,
        format="csr",
        dtype=dtype,
        random_state=seed,
    )


def fitted(cls=DenoisingAutoencoder, X=None, **settings):
    settings = {
        "n_components": 3,
        "hidden_layer_sizes": (4,),
        "corruption": "masking",
        "max_iter": 2,
        "random_state": 0,
        **settings,
    }
    return cls(**settings).fit(rows() if X is None else X)


@pytest.fixture(scope="module")
def dae():
    return fitted()


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "method", ["transform", "denoise", "reconstruction_error", "score_samples"]
)
def test_sparse_rows_are_predicted_as_dense_ones(dae, method, dtype):
    X = rows(30, seed=1, dtype=dtype)
    found = getattr(dae, method)(X)
    expected = getattr(dae, method)(X.toarray())
    assert found.dtype == expected.dtype
    assert_close(found, expected)


def test_errors_of_cells(dae):
    X = rows(5, seed=1)
    found = dae.reconstruction_error(X, per_feature=True)
    assert_close(found, dae.reconstruction_error(X.toarray(), per_feature=True))


@pytest.mark.parametrize("features", ["code", "layers", "reconstruction"])
@pytest.mark.parametrize("hidden", [(), (5, 4)])
def test_all_features(features, hidden):
    X = rows(20, seed=1)
    for corruption in ("masking", "gaussian"):
        dae = fitted(
            features=features,
            hidden_layer_sizes=hidden,
            corruption=corruption,
            max_iter=1,
        )
        assert_close(dae.transform(X), dae.transform(X.toarray()))


def test_rows_by_themselves_and_in_chunks(dae, monkeypatch):
    X = rows(30, seed=1)
    whole = dae.transform(X)
    assert_close(
        np.concatenate([dae.transform(X[i : i + 1]) for i in range(30)]), whole
    )
    monkeypatch.setattr("sk_dae.data.rows.CHUNK_BYTES", 3000)
    assert_close(dae.transform(X), whole)


def test_missing_values_cells_stored_twice_and_empty_rows(dae):
    X = rows(20, seed=1)
    X.data[::7] = np.nan
    assert_close(dae.transform(X), dae.transform(X.toarray()))
    twice = sp.csr_matrix(
        (np.ones(4, dtype=np.float32), [7, 3, 7, 9], [0, 3, 3, 4]),
        shape=(3, N_FEATURES),
    )
    assert_close(dae.transform(twice), dae.transform(twice.toarray()))


def test_numbers_too_large_for_float32_are_refused(dae):
    X = rows(20, seed=1, dtype=np.float64)
    X.data[5] = 1e200
    with pytest.raises(ValueError, match="too large for dtype"):
        dae.transform(X)


def test_copies_predict_the_same(dae, tmp_path):
    X = rows(20, seed=1)
    expected = dae.transform(X)
    assert np.array_equal(pickle.loads(pickle.dumps(dae)).transform(X), expected)
    save(dae, tmp_path / "dae.safetensors")
    loaded = load(tmp_path / "dae.safetensors")
    assert np.array_equal(loaded.transform(X), expected)
    assert loaded.reconstruction_sampling == "auto"


def test_a_model_of_passes_goes_on_after_it_was_saved(tmp_path):
    settings = {"n_components": 3, "hidden_layer_sizes": (4,), "random_state": 0}
    dae = DenoisingAutoencoder(corruption="masking", **settings)
    dae.partial_fit(rows()).partial_fit(rows(seed=1))
    save(dae, tmp_path / "dae.safetensors")
    loaded = load(tmp_path / "dae.safetensors")
    pickled = pickle.loads(pickle.dumps(dae))
    X = rows(20, seed=3)
    for model in (dae, loaded, pickled):
        model.partial_fit(rows(seed=2))
    assert np.array_equal(loaded.transform(X), dae.transform(X))
    assert np.array_equal(pickled.transform(X), dae.transform(X))


def test_other_losses_read_rows_as_they_do_dense_ones():
    X = rows(64)
    for settings in ({"loss": "poisson"}, {"loss": "cosine"}):
        dae = fitted(X=X, max_iter=1, **settings)
        assert_close(dae.transform(X), dae.transform(X.toarray()))


def test_the_stack_samples_in_its_first_layer():
    found = {}
    for setting in ("auto", None):
        stack = fitted(
            StackedDenoisingAutoencoder,
            reconstruction_sampling=setting,
            pretrain_max_iter=1,
            max_iter=1,
        )
        found[setting] = stack.layer_loss_curves_
        X = rows(20, seed=1)
        assert_close(stack.transform(X), stack.transform(X.toarray()))
    (first, _), (of_all, _) = found["auto"], found[None]
    assert first != of_all
    np.testing.assert_allclose(first, of_all, rtol=0.1)
