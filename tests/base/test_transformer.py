"""Results of an autoencoder: features, names, reconstructions, scores, errors."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris

from sk_dae import DenoisingAutoencoder

FEATURES = ("code", "layers", "reconstruction")


def make(**params):
    """Return an estimator that trains quickly."""
    defaults = {
        "n_components": 3,
        "hidden_layer_sizes": (8, 4),
        "max_iter": 3,
        "random_state": 0,
    }
    return DenoisingAutoencoder(**{**defaults, **params})


@pytest.fixture(scope="module")
def rows():
    rng = np.random.RandomState(0)
    return rng.normal(size=(50, 6)).astype(np.float32)


@pytest.mark.parametrize(
    ("features", "width"), [("code", 3), ("layers", 27), ("reconstruction", 6)]
)
def test_transform_has_one_column_per_name(rows, features, width):
    dae = make(features=features).fit(rows)
    out = dae.transform(rows)
    assert out.shape == (50, width)
    assert out.dtype == np.float32
    assert len(dae.get_feature_names_out()) == width


def test_layers_are_encoder_code_and_decoder_side_by_side(rows):
    dae = make(features="layers").fit(rows)
    names = dae.get_feature_names_out()
    prefix = "denoisingautoencoder_"
    assert names[0] == prefix + "encoder0_0"
    assert names[8] == prefix + "encoder1_0"
    assert list(names[12:15]) == [prefix + f"code{i}" for i in range(3)]
    assert names[15] == prefix + "decoder0_0"
    assert names[19] == prefix + "decoder1_0"
    assert names[-1] == prefix + "decoder1_7"
    layers = dae.transform(rows)
    code = dae.set_params(features="code").transform(rows)
    np.testing.assert_array_equal(layers[:, 12:15], code)
    assert list(dae.get_feature_names_out())[2] == "denoisingautoencoder2"


def test_reconstruction_keeps_the_names_of_the_input(rows):
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    dae = make(features="reconstruction").fit(frame)
    assert list(dae.get_feature_names_out()) == list("abcdef")


@pytest.mark.parametrize("features", FEATURES)
def test_inverse_transform_of_transform_is_the_denoised_input(rows, features):
    dae = make(features=features).fit(rows)
    restored = dae.inverse_transform(dae.transform(rows))
    np.testing.assert_allclose(restored, dae.denoise(rows), rtol=1e-5, atol=1e-6)


def test_inverse_transform_refuses_another_width(rows):
    dae = make().fit(rows)
    with pytest.raises(ValueError, match=r"X has 4 features.*expecting 3 features"):
        dae.inverse_transform(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="contains NaN"):
        dae.inverse_transform(np.full((2, 3), np.nan))


@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix, sp.csr_array])
def test_scores_are_minus_the_mean_squared_error(rows, container):
    dae = make(loss="absolute_error").fit(rows)
    X = container(rows)
    errors = np.square(rows - dae.denoise(X))
    np.testing.assert_allclose(
        dae.reconstruction_error(X, per_feature=True), errors, rtol=1e-5
    )
    np.testing.assert_allclose(dae.score_samples(X), -errors.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(dae.score(X), -errors.mean(), rtol=1e-5)


def test_missing_values_enter_as_the_mean_and_leave_the_error(rows):
    holes = rows.copy()
    holes[::3, 1] = np.nan
    holes[5] = np.nan
    dae = make().fit(holes)
    filled = np.where(np.isnan(holes), np.nanmean(holes, axis=0), holes)
    np.testing.assert_allclose(
        dae.transform(holes), dae.transform(filled), rtol=1e-5, atol=1e-6
    )
    assert not np.isnan(dae.denoise(holes)).any()
    errors = dae.reconstruction_error(holes, per_feature=True)
    np.testing.assert_array_equal(np.isnan(errors), np.isnan(holes))
    per_row = dae.reconstruction_error(holes)
    assert np.isnan(per_row[5])
    seen = np.delete(np.arange(50), 5)
    np.testing.assert_allclose(
        per_row[seen], np.nanmean(errors[seen], axis=1), rtol=1e-5
    )
    assert np.isfinite(dae.score(holes))


def test_rows_without_any_value_have_no_score(rows):
    dae = make().fit(rows)
    assert np.isnan(dae.score(np.full((3, 6), np.nan)))


def test_features_are_checked_again_when_they_were_set_after_the_fit(rows):
    dae = make().fit(rows).set_params(features="all")
    with pytest.raises(ValueError, match="'features' parameter of"):
        dae.transform(rows)


def test_missing_values_at_prediction_only_are_served(rows):
    dae = make().fit(rows)
    holes = rows.copy()
    holes[0, 0] = np.nan
    assert np.isfinite(dae.transform(holes)).all()


def test_all_missing_column_is_reconstructed_as_zero_with_a_warning(rows):
    frame = pd.DataFrame(rows, columns=list("abcdef"))
    frame["c"] = np.nan
    dae = make()
    with pytest.warns(UserWarning, match="reconstructed as 0: c"):
        dae.fit(frame)
    assert (dae.denoise(frame)[:, 2] == 0).all()
    # Nothing was learned about the column, so a value in it says nothing.
    observed = frame.assign(c=100.0)
    np.testing.assert_array_equal(dae.transform(observed), dae.transform(frame))


@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(range(20)),
    cut=st.integers(1, 19),
    features=st.sampled_from(FEATURES),
)
def test_rows_do_not_depend_on_their_neighbours(order, cut, features):
    X = np.random.RandomState(1).normal(size=(20, 6)).astype(np.float32)
    dae = make(features=features, max_iter=1).fit(X)
    whole = dae.transform(X)
    tolerance = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(dae.transform(X[order]), whole[order], **tolerance)
    parts = np.concatenate([dae.transform(X[:cut]), dae.transform(X[cut:])])
    np.testing.assert_allclose(parts, whole, **tolerance)


def test_chunks_of_prediction_are_bounded_by_bytes(rows, monkeypatch):
    dae = make().fit(rows)
    whole = dae.transform(rows)
    seen = []
    encode = dae.net_.module_.encode
    monkeypatch.setattr("sk_dae.data.rows.CHUNK_BYTES", 4 * 8 * 7)
    monkeypatch.setattr(
        dae.net_.module_, "encode", lambda X: seen.append(len(X)) or encode(X)
    )
    np.testing.assert_allclose(dae.transform(rows), whole, rtol=1e-5, atol=1e-6)
    assert max(seen) == 7
    assert sum(seen) == 50


def test_transform_changes_no_attribute_and_repeats_bitwise(rows):
    dae = make().fit(rows)
    before = {name: id(value) for name, value in vars(dae).items()}
    first = dae.transform(rows)
    np.testing.assert_array_equal(dae.transform(rows), first)
    assert {name: id(value) for name, value in vars(dae).items()} == before


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_in_and_out(library):
    frame = load_iris(as_frame=True).data
    if library == "polars":
        frame = pl.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
    dae = make().set_output(transform=library)
    out = dae.fit_transform(frame)
    assert type(out).__module__.startswith(library)
    assert list(out.columns) == [f"denoisingautoencoder{i}" for i in range(3)]
    assert list(dae.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        dae.transform(frame[list(frame.columns[::-1])])


def test_column_transformer_names_the_features():
    frame = load_iris(as_frame=True).data
    union = ColumnTransformer(
        [("dae", make(), ["sepal length (cm)", "sepal width (cm)"])],
        remainder="passthrough",
    )
    union.fit(frame)
    assert union.get_feature_names_out()[0] == "dae__denoisingautoencoder0"


def test_float64_beyond_float32_is_refused_at_prediction(rows):
    dae = make().fit(rows)
    X = rows.astype(np.float64)
    X[3, 2] = 1e300
    with pytest.raises(ValueError, match="too large for dtype"):
        dae.transform(X)
