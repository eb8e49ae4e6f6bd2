"""The convolutional autoencoder: samples in and out, and what it shares with others."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import (
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    load,
    save,
)

#: Parameters, and the shape of a sample.
KINDS = {
    "gray": ({}, (6, 5)),
    "colour": ({"channel_axis": -1}, (6, 5, 3)),
    "channels first": ({"channel_axis": 0}, (3, 6, 5)),
    "signal": ({}, (9,)),
    "signal of two channels": ({"channel_axis": -1}, (9, 2)),
    "one pixel": ({}, (1, 1)),
    "wide filters": ({"kernel_size": 4, "pool_size": 3}, (7, 2)),
}


def small(**params):
    return ConvolutionalDenoisingAutoencoder(
        **{
            "n_components": 3,
            "n_filters": (4, 5),
            "max_iter": 2,
            "random_state": 0,
            **params,
        }
    )


def samples(shape, n_samples=12, dtype=np.float64):
    return np.random.default_rng(0).uniform(size=(n_samples, *shape)).astype(dtype)


@pytest.fixture(scope="module")
def bars():
    """Return images of a bar, lying or standing, anywhere."""
    rng = np.random.default_rng(0)
    images = np.zeros((300, 8, 8), dtype=np.float32)
    lies, place = rng.random(300) < 0.5, rng.integers(0, 8, 300)
    images[lies, place[lies]] = 1.0
    images[~lies, :, place[~lies]] = 1.0
    return images, lies


@pytest.mark.parametrize("kind", KINDS)
def test_results_have_the_shape_of_the_samples(kind):
    params, shape = KINDS[kind]
    X = samples(shape)
    dae = small(**params).fit(X)
    assert dae.n_features_in_ == np.prod(shape)
    assert dae.transform(X).shape == (12, 3)
    for restored in (
        dae.denoise(X),
        dae.inverse_transform(dae.transform(X)),
        dae.reconstruction_error(X, per_feature=True),
        dae.set_params(features="reconstruction").transform(X),
        dae.inverse_transform(X),
    ):
        assert restored.shape == X.shape
    flat = X.reshape(12, -1)
    assert dae.denoise(flat).shape == flat.shape
    np.testing.assert_array_equal(dae.denoise(flat).reshape(X.shape), dae.denoise(X))
    np.testing.assert_array_equal(dae.score_samples(flat), dae.score_samples(X))


@pytest.mark.parametrize("kind", KINDS)
def test_flat_rows_with_a_shape_are_the_same_samples(kind):
    params, shape = KINDS[kind]
    X = samples(shape)
    of_images = small(**params).fit(X)
    of_rows = small(input_shape=shape, **params).fit(X.reshape(12, -1))
    np.testing.assert_array_equal(of_rows.transform(X), of_images.transform(X))
    assert of_rows.inverse_transform(of_rows.transform(X)).ndim == 2


def test_axis_of_channels_is_a_matter_of_order_alone():
    X = samples((6, 5, 3))
    last = small(channel_axis=-1).fit(X)
    first = small(channel_axis=0).fit(np.moveaxis(X, -1, 1))
    # Noise and the order of rows are drawn alike, for other pixels.
    for dae in (last, first):
        dae.net_.module_.load_state_dict(last.net_.module_.state_dict())
    codes = first.transform(np.moveaxis(X, -1, 1))
    np.testing.assert_allclose(codes, last.transform(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        np.moveaxis(first.denoise(np.moveaxis(X, -1, 1)), 1, -1), last.denoise(X), 1e-5
    )


def test_layers_are_those_of_the_stages():
    X = samples((6, 5))
    dae = small(features="layers").fit(X)
    # Pixels of 3 x 3 and 2 x 2 after the stages, times the filters.
    assert dae.transform(X).shape == (12, 36 + 20 + 3 + 20 + 36)
    assert len(dae.get_feature_names_out()) == 115
    np.testing.assert_array_equal(
        dae.transform(X)[:, 56:59],
        clone(dae).set_params(features="code").fit(X).transform(X),
    )


def test_neighbourhood_counts(bars):
    """A filter serves all places: a moved image is the same one to the first stage."""
    images, _ = bars
    dae = small(n_filters=(6,), max_iter=5).fit(images)
    layer = dae.net_.module_.encoder[0]
    with torch.no_grad():
        here = layer(torch.from_numpy(images[:1].reshape(1, -1))).reshape(4, 4, 6)
        moved = np.roll(images[:1], 2, axis=2).reshape(1, -1)
        there = layer(torch.from_numpy(moved)).reshape(4, 4, 6)
    np.testing.assert_allclose(there[1:-1, 2:-1], here[1:-1, 1:-2], rtol=1e-5)


@pytest.mark.slow
def test_denoises_better_than_the_noise_and_learns_features(bars):
    images, lies = bars
    dae = small(n_components=16, n_filters=(16,), max_iter=60, noise_level=0.5)
    dae.fit(images[:200])
    clean = images[200:]
    noisy = clean + np.random.default_rng(1).normal(0, 0.5, clean.shape)
    error = np.mean((dae.denoise(noisy) - clean) ** 2)
    assert error < 0.3 * np.mean((noisy - clean) ** 2)
    linear = make_pipeline(dae, StandardScaler(), LogisticRegression())
    assert linear.fit(images[:200], lies[:200]).score(clean, lies[200:]) > 0.9


@pytest.mark.parametrize("kind", ["gray", "channels first", "signal of two channels"])
def test_is_copied_pickled_and_saved_as_it_is(kind, tmp_path):
    params, shape = KINDS[kind]
    X = samples(shape)
    dae = small(**params).fit(X)
    save(dae, tmp_path / "dae.safetensors")
    for other in (
        pickle.loads(pickle.dumps(dae)),
        copy.deepcopy(dae),
        load(tmp_path / "dae.safetensors"),
    ):
        np.testing.assert_array_equal(other.denoise(X), dae.denoise(X))
        assert other.inverse_transform(dae.transform(X)).shape == X.shape
        other.partial_fit(X)


@pytest.mark.parametrize(
    "params",
    [
        {"penalty": "kl"},
        {"penalty": "contractive"},
        {"penalty": "adversarial", "penalty_weight": 0.1},
        {"emphasis": "double", "corruption": "masking"},
        {"noise_schedule": "linear"},
        {"loss": "binary_cross_entropy", "activation": "tanh"},
        {"loss": "poisson", "corruption": "masking"},
        {"dropout": 0.5, "learning_rate": "cosine", "optimizer": "sgd"},
        {"early_stopping": True, "validation_fraction": 0.3},
        {"batch_size": 5, "corruption": None},
    ],
    ids=str,
)
def test_serves_what_all_autoencoders_serve(params):
    X = samples((6, 5))
    one, other = (small(**params).fit(X) for _ in range(2))
    assert np.isfinite(one.loss_curve_).all()
    np.testing.assert_array_equal(one.transform(X), other.transform(X))


def test_draws_samples_in_their_shape():
    X = samples((6, 5))
    dae = small(penalty="variational").fit(X)
    assert dae.sample(4, random_state=0).shape == (4, 6, 5)
    assert not hasattr(small(), "sample")


def test_missing_pixels_are_filled_and_left_out():
    X = samples((6, 5))
    X[0, 0, 0] = np.nan
    X[:, 5, 4] = 0.25
    dae = small().fit(X)
    assert np.isfinite(dae.denoise(X)).all()
    errors = dae.reconstruction_error(X, per_feature=True)
    assert np.isnan(errors[0, 0, 0]) and np.isfinite(errors).sum() == X.size - 1


def test_weights_clean_samples_and_warm_start():
    X, clean = samples((6, 5)), samples((6, 5)) * 0.5
    weights = np.r_[np.zeros(4), np.ones(8)]
    some = small(corruption=None).fit(X[4:], clean=clean[4:])
    weighted = small(corruption=None).fit(X, clean=clean, sample_weight=weights)
    np.testing.assert_allclose(some.denoise(X), weighted.denoise(X), rtol=1e-4)
    further = small(warm_start=True).fit(X)
    n_epochs = len(further.loss_curve_)
    assert len(further.fit(X).loss_curve_) == 2 * n_epochs
    with pytest.raises(ValueError, match=r"n_filters is \(6,\).*warm_start=False"):
        further.set_params(n_filters=6).fit(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, bool])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_memory_of_samples(dtype, order):
    X = (samples((6, 5)) * (9 if dtype == np.uint8 else 2)).astype(dtype)
    X = np.asarray(X, order=order)
    X.setflags(write=False)
    restored = small().fit(X).denoise(X)
    assert restored.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert small().fit(list(X)).denoise(X.tolist()).shape == X.shape
    assert small().fit(torch.tensor(X.astype(float))).denoise(X).shape == X.shape


def test_memory_map_of_images_is_not_read_whole(tmp_path):
    X = samples((6, 5), 40, np.float32)
    path = tmp_path / "images.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    in_memory = small().fit(X).denoise(X)
    np.testing.assert_array_equal(small().fit(mapped).denoise(mapped), in_memory)


def test_frames_and_sparse_rows_hold_flat_samples():
    X = samples((6, 5)).reshape(12, -1)
    frame = pd.DataFrame(X).add_prefix("pixel")
    dae = small(input_shape=(6, 5)).fit(frame)
    assert dae.denoise(frame).shape == X.shape
    assert list(dae.feature_names_in_) == list(frame.columns)
    dae.set_output(transform="pandas").set_params(features="reconstruction")
    assert list(dae.transform(frame).columns) == list(frame.columns)
    X[X < 0.5] = 0
    dense, sparse = small(input_shape=(6, 5)).fit(X), small(input_shape=(6, 5))
    sparse.fit(sp.csr_matrix(X))
    np.testing.assert_allclose(sparse.transform(X), dense.transform(X), rtol=1e-4)


@pytest.mark.parametrize(
    ("params", "X", "match"),
    [
        ({"input_shape": (5, 5)}, samples((6, 5)), r"input_shape=\(5, 5\).*\(6, 5\)"),
        ({"input_shape": (5, 5)}, samples((30,)), r"\(5, 5\) stands for 25.*has 30"),
        ({"input_shape": (0, 5)}, samples((30,)), "positive integers"),
        ({"input_shape": (6.0, 5)}, samples((30,)), "positive integers"),
        ({}, samples((6, 5, 3)), "channel_axis=-1 where it is the last"),
        ({"channel_axis": 3}, samples((6, 5, 3)), "channel_axis=3 is no axis"),
        ({"channel_axis": -1}, samples((30,)), "one axis beside that of the channels"),
        ({"channel_axis": 1}, samples((2, 3, 4, 5)), "two; got the shape"),
        ({}, [np.ones((3, 4)), np.ones((4, 3))], "samples of one shape"),
        ({}, np.full((3, 4, 5), np.inf), "infinity"),
        ({}, np.full((3, 4, 5), "a"), "could not convert|no numbers|text"),
        ({}, samples((6, 5), 0), "0 sample"),
        ({}, samples((0, 5)), "0 feature"),
        ({"n_filters": (0,)}, samples((6, 5)), "n_filters must hold integers"),
        ({"kernel_size": 0}, samples((6, 5)), "kernel_size"),
        ({"pool_size": 1.5}, samples((6, 5)), "pool_size"),
        ({"precision": "float16"}, samples((6, 5)), "precision"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_work(params, X, match):
    dae = small().fit(samples((6, 5)))
    before = dae.denoise(samples((6, 5)))
    with pytest.raises(ValueError, match=match):
        dae.set_params(**params).fit(X)
    np.testing.assert_array_equal(dae.denoise(samples((6, 5))), before)


def test_validates_on_samples_that_are_given():
    X, clean = samples((6, 5)), samples((6, 5)) * 0.5
    dae = small(early_stopping=True)
    dae.fit(X, X_val=X[:4], clean=clean, clean_val=clean[:4])
    assert len(dae.validation_loss_curve_) == 2
    with pytest.raises(ValueError, match=r"X_val: X has samples.*\(5, 6\)"):
        dae.fit(X, X_val=samples((5, 6)))


def test_samples_of_another_shape_are_refused():
    dae = small().fit(samples((6, 5)))
    with pytest.raises(ValueError, match=r"shape \(5, 6\), but .* expecting \(6, 5\)"):
        dae.transform(samples((5, 6)))
    with pytest.raises(ValueError, match="31 features"):
        dae.denoise(samples((31,)))
    with pytest.raises(ValueError, match="clean"):
        small().fit(samples((6, 5)), clean=samples((6, 4)))


@pytest.mark.slow
def test_stands_in_the_estimators_with_an_autoencoder(bars, tmp_path):
    images, lies = bars
    inner = small(n_components=16, n_filters=12, input_shape=(8, 8), max_iter=10)
    rows = images.reshape(300, -1)
    classifier = DenoisingAutoencoderClassifier(inner, max_iter=40, random_state=0)
    classifier.fit(rows[:200], lies[:200])
    assert classifier.score(rows[200:], lies[200:]) > 0.95
    save(classifier, tmp_path / "classifier.safetensors")
    np.testing.assert_array_equal(
        load(tmp_path / "classifier.safetensors").predict_proba(rows),
        classifier.predict_proba(rows),
    )
    # Images as they are, without a shape that is given.
    of_images = clone(classifier).set_params(autoencoder__input_shape=None)
    of_images.fit(images[:200], lies[:200])
    np.testing.assert_array_equal(of_images.predict(images), classifier.predict(rows))
    regressor = DenoisingAutoencoderRegressor(inner, max_iter=3, random_state=0)
    assert regressor.fit(rows, lies).predict(rows).shape == (300,)
    detector = DenoisingOutlierDetector(inner, random_state=0).fit(rows[:100])
    assert detector.score_samples(rows).shape == (300,)
    gaps = rows[:60].astype(float)
    gaps[::7, 3] = np.nan
    imputer = DenoisingImputer(inner, n_estimators=2, random_state=0)
    assert np.isfinite(imputer.fit_transform(gaps)).all()


def test_pipeline_and_search(bars):
    images, lies = bars
    rows = images.reshape(300, -1)[:90]
    pipeline = make_pipeline(small(input_shape=(8, 8)), LogisticRegression())
    search = GridSearchCV(
        pipeline,
        {"convolutionaldenoisingautoencoder__n_filters": [(3,), (3, 4)]},
        cv=2,
    )
    assert search.fit(rows, lies[:90]).predict(rows).shape == (90,)


def test_products_in_bfloat16_train_the_same_net(bars):
    images, _ = bars
    images = images[:64]
    single = small(precision="float32", max_iter=3).fit(images)
    half = small(precision="bfloat16", max_iter=3).fit(images)
    assert {p.dtype for p in half.net_.module_.parameters()} == {torch.float32}
    assert half.denoise(images).dtype == np.float32
    assert not np.array_equal(half.denoise(images), single.denoise(images))
    np.testing.assert_allclose(half.loss_curve_, single.loss_curve_, rtol=0.02)
    np.testing.assert_array_equal(
        half.transform(images),
        small(precision="bfloat16", max_iter=3).fit(images).transform(images),
    )


def test_fine_tuning_and_validation_have_the_precision_too(bars):
    images, lies = bars
    images, lies = images[:64], lies[:64]
    inner = small(precision="bfloat16", max_iter=1)
    classifier = DenoisingAutoencoderClassifier(inner, max_iter=1, random_state=0)
    assert classifier.fit(images, lies).net_.precision is torch.bfloat16
    # Steps so small that the weights stay those of the beginning.
    validated = {
        precision: small(
            precision=precision, early_stopping=True, learning_rate_init=1e-12
        )
        .fit(images)
        .validation_loss_curve_
        for precision in ("float32", "bfloat16")
    }
    assert validated["float32"] != validated["bfloat16"]
    np.testing.assert_allclose(*validated.values(), rtol=0.02)


def test_rows_of_a_meta_estimator_may_be_of_another_length():
    dae = small().fit(samples((6, 5)))
    rows = samples((9,))
    dae.fit_rows(rows)
    assert dae.sample_shape_ == (9,)
    assert dae.denoise(rows).shape == rows.shape


def test_few_samples_get_five_hundred_steps():
    dae = small(n_filters=1, max_iter="auto").fit(samples((2,)))
    assert dae.n_iter_ == 500
