"""The denoiser of images and signals: what it learns, takes and refuses."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from skorch.callbacks import Callback

import sk_dae
from sk_dae import ResidualDenoiser, StopTraining
from sk_dae.base import tiled_prediction
from sk_dae.metrics import make_denoising_scorer
from sk_dae.modules import ResidualNet


def make(noise_level=25.0, **params):
    """Return a denoiser that trains in no time."""
    return ResidualDenoiser(
        noise_level,
        **{
            "n_filters": 4,
            "n_layers": 8,
            "crop_size": 16,
            "max_iter": 2,
            "random_state": 0,
            **params,
        },
    )


def blobs(n_images=6, shape=(32, 40), dtype=np.uint8, seed=0):
    """Return smooth images, of one size."""
    rng = np.random.RandomState(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    images = []
    for _ in range(n_images):
        a, b, c = rng.uniform(0, 0.4, size=3)
        images.append(0.5 + 0.4 * np.sin(a * rows + b * columns + 20 * c))
    images = np.array(images)
    if dtype == np.uint8:
        return (255 * images).astype(np.uint8)
    return images.astype(dtype)


@pytest.fixture(scope="module")
def denoiser():
    return make().fit(blobs())


def mean_square(a, b):
    return float(np.mean(np.square(a.astype(float) - b)))


# -- what it learns -------------------------------------------------------------------


def test_noise_of_the_trained_level_is_removed():
    images = blobs(20)
    model = make(n_filters=8, crop_size=32, max_iter=60, learning_rate_init=0.01)
    model.fit(images[:16])
    clean = images[16:]
    noise = np.random.RandomState(1).normal(0, 25, clean.shape)
    noisy = (clean + noise) / 255
    left = mean_square(255 * model.denoise(noisy), clean)
    # A small net after 120 steps; one that learns nothing leaves all of the variance.
    assert left < 0.5 * 25**2
    assert model.loss_curve_[-1] < 0.5 * (25 / 255) ** 2


def test_level_that_is_given_decides_how_much_is_removed():
    images = blobs(16)
    model = make((5, 50), n_filters=8, crop_size=32, max_iter=60)
    model.set_params(learning_rate_init=0.01).fit(images)
    noisy = (images[0] + np.random.RandomState(1).normal(0, 25, (32, 40))) / 255
    changes = [
        mean_square(model.denoise(noisy, noise_level=level / 255), noisy)
        for level in (5, 25, 50)
    ]
    assert changes[0] < changes[1] < changes[2]
    # Without one, it is estimated.
    estimated = mean_square(255 * model.denoise(noisy), images[0])
    assert estimated < 0.7 * mean_square(255 * noisy, images[0])


def test_real_pairs_are_learned_from():
    clean = blobs(16)
    noisy = clean + np.random.RandomState(0).normal(0, 25, clean.shape)
    model = make("auto", corruption=None, n_filters=8, crop_size=32, max_iter=60)
    model.set_params(learning_rate_init=0.01).fit(noisy / 255, clean=clean / 255)
    left = mean_square(255 * model.denoise(noisy / 255), clean)
    assert left < 0.5 * 25**2
    assert model.noise_level_ is None


@pytest.mark.parametrize(
    ("corruption", "level"),
    [
        ("gaussian", 20),
        ("uniform", 30),
        ("speckle", 0.2),
        ("poisson", 3.0),
        ("masking", 0.3),
        ("salt_and_pepper", 0.3),
    ],
)
def test_corruptions_have_their_level_in_the_units_of_the_images(corruption, level):
    images = blobs(8)
    in_units = corruption in ("gaussian", "uniform", "poisson")
    bytes_ = make(level, corruption=corruption).fit(images)
    floats = make(level / 255 if in_units else level, corruption=corruption)
    floats.fit(images / 255)
    assert bytes_.noise_level_ == level
    # Divided by the range in two ways, which differ in their rounding.
    np.testing.assert_allclose(bytes_.loss_curve_, floats.loss_curve_, rtol=1e-3)


@pytest.mark.parametrize(
    ("corruption", "level"),
    [("gaussian", (0.0, 51.0)), ("uniform", 0.2), ("masking", 0.2), ("poisson", 0.1)],
)
def test_automatic_levels_are_those_that_are_documented(corruption, level):
    model = make("auto", corruption=corruption, max_iter=1).fit(blobs())
    in_units = corruption in ("uniform", "poisson")
    expected = 255 * level if in_units else level
    assert model.noise_level_ == pytest.approx(expected)


def test_salt_and_pepper_has_the_extremes_of_the_pixels():
    images = 50 + (blobs() // 4)
    model = make("auto", corruption="salt_and_pepper", max_iter=1).fit(images)
    assert model.noise_level_ == 0.2


def test_each_epoch_has_other_crops_and_other_noise():
    image = blobs(1, shape=(64, 64))[0]
    fixed = make(crop_size=64, augment=False, learning_rate_init=1e-12, max_iter=2)
    assert len(set(fixed.fit(image).loss_curve_)) == 2
    assert fixed.n_iter_ == 2


def test_callback_stops_a_training_of_automatic_length():
    class Stop(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise StopTraining

    model = make(max_iter="auto", net_callbacks=[Stop()]).fit(blobs())
    assert model.n_iter_ == 1


def test_early_stopping_restores_the_best_epoch():
    images = blobs(10)
    model = make(early_stopping=True, max_iter=4, validation_fraction=0.3)
    model.fit(list(images))
    curve = model.validation_loss_curve_
    assert len(curve) == model.n_iter_
    assert model.best_loss_ == min(curve)


@pytest.mark.parametrize("shape", [(64, 20), (20, 64)])
def test_early_stopping_sets_a_strip_of_one_image_aside(shape):
    model = make(early_stopping=True).fit(blobs(1, shape=shape)[0])
    assert len(model.validation_loss_curve_) == 2
    with pytest.raises(ValueError, match="leaves no pixel to train on"):
        make(early_stopping=True).fit(np.array([[7]], dtype=np.uint8))


# -- what comes back ------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.int16, np.float16, np.float32, np.float64]
)
def test_images_keep_their_dtype(dtype):
    images = blobs(3, dtype=np.float64)
    scale = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    images = (scale * images).astype(dtype)
    model = make(0.1 * scale).fit(images)
    made = model.denoise(images)
    assert made.dtype == dtype
    assert made.shape == images.shape
    # Trained for two epochs, it still is close to the identity.
    assert mean_square(made / scale, images / scale) < 0.05


def test_bytes_are_rounded_and_clipped():
    model = make().fit(blobs())
    image = np.full((16, 16), 255, dtype=np.uint8)
    image[:, ::2] = 0
    made = model.denoise(image)
    exact = 255 * model.denoise(image / 255)
    np.testing.assert_array_equal(made, np.rint(exact).clip(0, 255))


def test_a_model_of_bytes_takes_floats_and_the_other_way(denoiser):
    image = blobs(1)[0]
    a, b = denoiser.denoise(image), denoiser.denoise(image / 255)
    np.testing.assert_allclose(a, 255 * b, atol=0.51)


def test_container_is_that_of_the_input(denoiser):
    stack = blobs(3)
    one = denoiser.denoise(stack[0])
    assert one.shape == stack[0].shape
    many = denoiser.denoise(stack)
    assert isinstance(many, np.ndarray) and many.shape == stack.shape
    of_list = denoiser.denoise(list(stack))
    assert isinstance(of_list, list) and len(of_list) == 3
    for i in range(3):
        np.testing.assert_array_equal(many[i], of_list[i])
    np.testing.assert_array_equal(many[0], one)
    objects = np.empty(2, dtype=object)
    objects[:] = [stack[0], stack[1][:7]]
    assert denoiser.denoise(objects)[1].shape == (7, 40)


@pytest.mark.parametrize("axis", [-1, 0, 1, 2, -3])
def test_channels_are_where_they_were(axis):
    images = np.stack([blobs(4, seed=seed) for seed in range(3)], axis=-1)
    last = make(channel_axis=-1).fit(list(images))
    moved = [np.moveaxis(image, -1, axis) for image in images]
    model = make(channel_axis=axis).fit(moved)
    assert model.n_channels_ == 3
    expected, made = last.denoise(list(images)), model.denoise(moved)
    for a, b in zip(expected, made, strict=True):
        assert b.shape == moved[0].shape
        np.testing.assert_array_equal(np.moveaxis(a, -1, axis), b)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 1), (3, 500), (501, 2), (5, 7), (33, 64), (64, 33)]
)
def test_images_of_any_size_are_denoised(denoiser, shape):
    image = np.random.RandomState(0).randint(256, size=shape).astype(np.uint8)
    assert denoiser.denoise(image).shape == shape
    blind = make((0, 50)).fit(blobs())
    assert blind.denoise(image).shape == shape


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 500), (2, 2), (70, 3)])
def test_images_of_any_size_are_learned_from(shape):
    image = np.random.RandomState(0).randint(256, size=shape).astype(np.uint8)
    model = make().fit(image)
    assert np.isfinite(model.loss_curve_).all()
    assert model.denoise(image).shape == shape


def test_sizes_may_be_mixed():
    images = [blobs(1, shape=shape)[0] for shape in [(8, 50), (40, 6), (30, 30)]]
    model = make().fit(images)
    assert [image.shape for image in model.denoise(images)] == [
        image.shape for image in images
    ]


def test_result_does_not_depend_on_the_other_images(denoiser):
    images = [*blobs(3), *blobs(2, shape=(17, 9)), *blobs(1)]
    images = [image / 255 for image in images]
    together = denoiser.denoise(images)
    for image, made in zip(images, together, strict=True):
        np.testing.assert_allclose(made, denoiser.denoise(image), atol=1e-6)


@pytest.mark.parametrize("n_layers", [2, 4, 6, 8, 12])
@pytest.mark.parametrize("shape", [(123, 50), (46, 131)])
def test_tiles_leave_no_seams(n_layers, shape, monkeypatch):
    image = np.random.RandomState(0).uniform(size=shape)
    model = make((0.0, 0.2), n_layers=n_layers, learning_rate_init=0.02)
    model.set_params(n_filters=2).fit(blobs(2, dtype=float))
    whole = model.denoise(image)
    assert mean_square(whole, image) > 1e-4
    monkeypatch.setattr(tiled_prediction, "MOST_PIXELS", 60**2)
    np.testing.assert_allclose(model.denoise(image), whole, rtol=0, atol=1e-5)


def test_nothing_further_than_the_reach_has_a_say():
    for n_layers in (2, 4, 6, 8, 12):
        net = ResidualNet((16, 16), n_filters=2, n_layers=n_layers)
        with torch.no_grad():
            net.last.weight.fill_(1.0)
        size = 120
        images = torch.zeros(1, size, size, 1, requires_grad=True)
        for centre in (60, 61, 62, 63):
            out = net.denoise(images)[0, centre, centre, 0]
            (gradient,) = torch.autograd.grad(out, images)
            rows = torch.nonzero(gradient[0, ..., 0].abs().sum(1))[:, 0]
            reach = net.reach[0]
            assert centre - reach <= rows.min()
            assert rows.max() <= centre + reach


# -- signals --------------------------------------------------------------------------


def test_signals_are_denoised():
    times = np.arange(400)
    clean = [50 * np.sin(times / k) for k in range(8, 24)]
    model = make(
        10.0,
        n_dims=1,
        n_filters=8,
        crop_size=64,
        max_iter=20,
        learning_rate_init=0.01,
    ).fit(clean)
    signal = 50 * np.sin(times[:333] / 12.5)
    noisy = signal + np.random.RandomState(1).normal(0, 10, signal.shape)
    made = model.denoise(noisy)
    assert made.shape == signal.shape
    assert mean_square(made, signal) < 0.25 * 10**2


def test_mean_of_the_training_images_does_not_matter():
    rng = np.random.RandomState(0)
    signals = [rng.normal(size=n) for n in (30, 50)]
    a = make(0.1, n_dims=1).fit(signals)
    b = make(0.1, n_dims=1).fit([signal + 64.0 for signal in signals])
    # To the rounding of the greater numbers.
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-3)


def test_signals_may_have_channels():
    rng = np.random.RandomState(0)
    signals = [rng.normal(size=(n, 3)) for n in (1, 2, 50, 131)]
    model = make(0.1, n_dims=1, channel_axis=-1).fit(signals)
    made = model.denoise(signals)
    assert [one.shape for one in made] == [one.shape for one in signals]
    assert model.denoise(signals[2]).shape == (50, 3)
    assert model.denoise(rng.normal(size=(4, 20, 3))).shape == (4, 20, 3)


def test_rows_of_an_array_are_signals():
    rows = np.random.RandomState(0).normal(size=(5, 30))
    model = make(0.1, n_dims=1).fit(rows)
    assert model.denoise(rows).shape == rows.shape
    assert model.denoise(rows[0]).shape == (30,)
    assert make(0.1, n_dims=1).fit(np.ones((3, 9))).denoise(rows).shape == rows.shape


# -- missing pixels -------------------------------------------------------------------


def test_missing_pixels_are_filled_in():
    images = blobs(8, dtype=float)
    model = make(0.05, n_filters=8, max_iter=10, crop_size=32).fit(images)
    image = images[0].copy()
    lost = np.random.RandomState(0).uniform(size=image.shape) < 0.3
    lost[5:9, 5:9] = True
    image[lost] = np.nan
    before = image.copy()
    made = model.denoise(image)
    np.testing.assert_array_equal(image, before)
    assert np.isfinite(made).all()
    assert mean_square(made[lost], images[0][lost]) < 0.02


def test_missing_pixels_are_left_out_of_the_loss():
    images = blobs(4, dtype=float)
    hidden = images.copy()
    hidden[:, 3:20, 5:9] = np.nan
    model = make(0.1, learning_rate_init=1e-12).fit(hidden)
    # The untrained net leaves the noise as it is.
    assert model.loss_curve_[0] == pytest.approx(0.01, rel=0.05)


def test_a_channel_that_is_missing_has_the_mean_of_the_others():
    images = np.random.RandomState(0).uniform(size=(3, 20, 20, 2))
    model = make(0.1, channel_axis=-1).fit(images)
    images[0, ..., 1] = np.nan
    assert np.isfinite(model.denoise(images)).all()


# -- what is refused, before any work -------------------------------------------------

NOTHING = np.full((4, 4), np.nan)
BAD_IMAGES = {
    "empty list": ([], ValueError, "at least one image"),
    "no pixels": (np.zeros((0, 5)), ValueError, "no pixel"),
    "text": ("image.png", TypeError, "got str"),
    "texts": (["a", "b"], TypeError, r"images\[0\] must be an array of numbers"),
    "array of text": (np.array([["a"]]), ValueError, "real numbers"),
    "number": (3.0, TypeError, "got float"),
    "none": (None, TypeError, "got NoneType"),
    "dict": ({"a": 1}, TypeError, "got dict"),
    "one axis": (np.zeros(5), ValueError, "2 or 3 axes"),
    "four axes": (np.zeros((2, 4, 4, 3)), ValueError, "2 or 3 axes"),
    "wrong in a list": ([np.zeros((4, 4)), np.zeros(4)], ValueError, r"images\[1\]"),
    "nested lists": ([[1.0, 2.0], [3.0, 4.0]], ValueError, r"images\[0\]"),
    "bool": (np.zeros((4, 4), dtype=bool), ValueError, "bool"),
    "complex": (np.zeros((4, 4), dtype=complex), ValueError, "complex"),
    "times": (np.zeros((4, 4), dtype="M8[s]"), ValueError, "real numbers"),
    "objects": (np.array([[None, 1], [2, 3]]), ValueError, "real numbers"),
    "ragged": ([[[1.0], [2.0, 3.0]]], ValueError, "cannot be read"),
    "infinity": (np.array([[1.0, np.inf]]), ValueError, "infinity"),
    "minus infinity": (np.array([[1.0, -np.inf]]), ValueError, "infinity"),
    "too large": (np.array([[1.0, 1e39]]), ValueError, "too large"),
    "nothing observed": (NOTHING, ValueError, "no observed pixel"),
    "one of nothing": ([np.zeros((4, 4)), NOTHING], ValueError, r"images\[1\]"),
    "int64": (np.zeros((4, 4), dtype=np.int64), ValueError, "data_range"),
    "mixed dtypes": (
        [np.zeros((4, 4)), np.zeros((4, 4), dtype=np.uint8)],
        ValueError,
        "one dtype",
    ),
    "masked": (np.ma.masked_array(np.zeros((4, 4))), TypeError, "masked"),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_odd_images_are_refused(case, denoiser):
    images, error, match = BAD_IMAGES[case]
    with pytest.raises(error, match=match):
        make().fit(images)
    with pytest.raises(error, match=match):
        denoiser.denoise(images)
    with pytest.raises(error, match=match):
        denoiser.transform(images)


def test_sparse_matrices_are_refused(denoiser):
    for images in (sp.csr_array(np.eye(4)), [sp.csr_array(np.eye(4))]):
        with pytest.raises(TypeError, match="sparse"):
            make().fit(images)
        with pytest.raises(TypeError, match="sparse"):
            denoiser.denoise(images)


def test_wrong_channels_are_refused():
    colours = np.zeros((3, 8, 8, 3))
    model = make(0.1, channel_axis=-1).fit(colours)
    for images in (np.zeros((8, 8, 1)), [np.zeros((8, 8, 4))]):
        with pytest.raises(ValueError, match="must have 3 channels"):
            model.denoise(images)
    with pytest.raises(ValueError, match="one number of channels"):
        make(0.1, channel_axis=-1).fit([np.zeros((8, 8, 3)), np.zeros((8, 8, 1))])
    with pytest.raises(ValueError, match="channel_axis must be an axis"):
        make(0.1, channel_axis=3).fit(colours)


def test_constant_images_are_learned_from():
    for value in (0, 255):
        images = np.full((2, 20, 20), value, dtype=np.uint8)
        assert make().fit(images).denoise(images).dtype == np.uint8
        assert make((0, 50)).fit(images).denoise(images).shape == images.shape


@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda image: image[::-1, ::-1],
        lambda image: np.repeat(image, 2, axis=1)[:, ::2],
        lambda image: image.astype(image.dtype.newbyteorder(">")),
    ],
    ids=["fortran", "reversed", "strided", "big_endian"],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_layout_in_memory_does_not_matter(layout, dtype):
    images = [layout(image) for image in blobs(3, dtype=dtype)]
    plain = [np.ascontiguousarray(image.astype(dtype)) for image in images]
    level = 25.0 if dtype == np.uint8 else 0.1
    a, b = make(level).fit(images), make(level).fit(plain)
    assert a.loss_curve_ == b.loss_curve_
    np.testing.assert_array_equal(a.denoise(images), b.denoise(plain))


def test_read_only_images_are_taken_and_nothing_is_written():
    images = blobs(3)
    images.flags.writeable = False
    make().fit(images).denoise(images)


def test_data_range_is_what_values_are_relative_to():
    images = blobs(4)
    bytes_ = make().fit(images)
    wide = make(data_range=255).fit(images.astype(np.int64))
    assert bytes_.loss_curve_ == wide.loss_curve_
    made = wide.denoise(images.astype(np.int64))
    assert made.dtype == np.int64
    np.testing.assert_array_equal(made, bytes_.denoise(images))
    assert wide.denoise(images.astype(np.int32)).dtype == np.int32


def test_floats_beyond_their_range_are_warned_of(denoiser):
    images = blobs(4).astype(float)
    with pytest.warns(UserWarning, match="data_range=255"):
        make().fit(images)
    with pytest.warns(UserWarning, match=r"expected in \[0, 1\]"):
        denoiser.denoise(images)
    make(data_range=255).fit(images)
    with pytest.raises(ValueError, match="too large"):
        make(0.1, data_range=1e-10).fit(np.full((4, 4), 1e30))


@pytest.mark.parametrize(
    "level", [-1, (1, 2, 3), (5, 5), (9, 2), (-1, 3), (0, np.inf), "high", ("a", 1)]
)
def test_wrong_levels_are_refused(level):
    with pytest.raises(ValueError, match="noise_level"):
        make(level).fit(blobs())


def test_levels_that_do_not_go_with_the_corruption_are_refused():
    with pytest.raises(ValueError, match="must be a number with a corruption other"):
        make((0.1, 0.2), corruption="masking").fit(blobs())
    with pytest.raises(ValueError, match="noise_level"):
        make(1.5, corruption="masking").fit(blobs())
    with pytest.raises(ValueError, match="Negative values"):
        make(0.1, corruption="poisson").fit(-blobs(dtype=float))
    with pytest.raises(ValueError, match="needs clean"):
        make(corruption=None).fit(blobs())


@pytest.mark.parametrize("level", [-0.1, [0.1, 0.2], "high", np.nan, [[0.1]]])
def test_wrong_levels_of_prediction_are_refused(level):
    model = make((0, 50)).fit(blobs())
    with pytest.raises(ValueError, match="noise_level must be None"):
        model.denoise(blobs(3), noise_level=level)


def test_level_of_prediction_needs_a_net_that_takes_one(denoiser):
    with pytest.raises(ValueError, match=r"trained for a range .* this one was for 25"):
        denoiser.denoise(blobs(1), noise_level=25)


def test_levels_may_differ_from_image_to_image():
    model = make((0, 50)).fit(blobs())
    images = blobs(3)
    made = model.denoise(images, noise_level=[5, 20, 50])
    for image, level, one in zip(images, [5, 20, 50], made, strict=True):
        np.testing.assert_array_equal(one, model.denoise(image, noise_level=level))


def test_clean_must_match():
    images = blobs(3)
    with pytest.raises(ValueError, match="counterpart of every image"):
        make().fit(images, clean=images[:2])
    with pytest.raises(ValueError, match="shapes of images, but image 1"):
        make().fit(list(images), clean=[images[0], images[1][:9], images[2]])
    with pytest.raises(ValueError, match="clean contains infinity"):
        make(0.1).fit(np.zeros((4, 4)), clean=np.full((4, 4), np.inf))


def test_odd_number_of_layers_is_refused():
    with pytest.raises(ValueError, match="n_layers must be even"):
        make(n_layers=5).fit(blobs())


def test_prediction_needs_a_fit():
    with pytest.raises(NotFittedError):
        make().denoise(blobs())


def test_failed_fit_leaves_the_earlier_one():
    model = make().fit(blobs())
    before = model.denoise(blobs())
    for images in (np.full((4, 4), np.nan), [], "text"):
        with pytest.raises((TypeError, ValueError)):
            model.fit(images)
    with pytest.raises(ValueError, match="loss became"):
        clone(model).set_params(learning_rate_init=1e30, max_iter=9).fit(blobs())
    model.set_params(learning_rate_init=1e30, max_iter=9)
    with pytest.raises(ValueError):
        model.fit(blobs(3, shape=(20, 20)))
    np.testing.assert_array_equal(model.denoise(blobs()), before)


# -- conventions ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"noise_level": (0, 50)},
        {"corruption": "salt_and_pepper", "noise_level": 0.3},
        {"early_stopping": True},
    ],
    ids=str,
)
def test_equal_seeds_give_equal_models(params):
    images = list(blobs())
    a, b = make(**params).fit(images), make(**params).fit(images)
    np.testing.assert_array_equal(a.denoise(images), b.denoise(images))
    assert a.loss_curve_ == b.loss_curve_
    c = make(**{**params, "random_state": 1}).fit(images)
    assert a.loss_curve_ != c.loss_curve_


@pytest.mark.parametrize("level", [25.0, (0, 50)])
def test_saved_copied_and_pickled_models_are_equal(level, tmp_path):
    images = blobs()
    model = make(level).fit(images)
    expected = model.denoise(images)
    sk_dae.save(model, tmp_path / "model.safetensors")
    for copy in (
        sk_dae.load(tmp_path / "model.safetensors"),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(copy.denoise(images), expected)
        assert copy.get_params() == model.get_params()
        assert copy.noise_level_ == model.noise_level_
        assert copy.loss_curve_ == model.loss_curve_
        # It can be trained anew.
        assert copy.fit(images).loss_curve_ == model.loss_curve_


def test_clone_is_not_fitted():
    model = make((0, 50)).fit(blobs())
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "net_")


def test_prediction_changes_nothing(denoiser):
    before = pickle.dumps(denoiser)
    denoiser.denoise(blobs())
    assert pickle.dumps(denoiser) == before


def test_it_stands_in_a_pipeline():
    images = blobs()
    model = make_pipeline(FunctionTransformer(np.flip), make())
    made = model.fit(images).transform(images)
    np.testing.assert_array_equal(made, model[-1].denoise(np.flip(images)))
    np.testing.assert_array_equal(
        make().fit_transform(images), make().fit(images).transform(images)
    )


def test_its_parameters_can_be_searched_over():
    search = GridSearchCV(
        make(max_iter=1),
        {"n_filters": [2, 4]},
        scoring=make_denoising_scorer("gaussian", 25.0),
        cv=2,
    ).fit(blobs())
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_rows_of_the_net_are_flattened_crops():
    model = make().fit(blobs())
    crops = np.random.RandomState(0).uniform(size=(3, 256)).astype(np.float32)
    made = model.net_.predict(crops)
    expected = model.denoise(crops.reshape(3, 16, 16))
    np.testing.assert_allclose(made, expected.reshape(3, -1), atol=1e-6)
    with pytest.raises(ValueError, match="rows of 256 pixels"):
        model.net_.predict(crops[:, :9])


def test_rows_without_a_level_have_none_of_the_noise():
    model = make((0, 50)).fit(blobs())
    crops = np.random.RandomState(0).uniform(size=(3, 256)).astype(np.float32)
    made = model.net_.predict(crops)
    expected = model.denoise(crops.reshape(3, 16, 16), noise_level=0)
    np.testing.assert_allclose(made, expected.reshape(3, -1), atol=1e-6)
    with pytest.raises(ValueError, match="rows of 256 pixels"):
        model.net_.predict(crops[:, :9])


def test_large_weights_are_looked_at_after_the_last_step():
    # Beyond a hundred, the training rows go through the net once more.
    model = make((0, 50), optimizer="sgd", learning_rate_init=1e-6, max_iter=1)

    class Enlarge(Callback):
        def on_epoch_end(self, net, **kwargs):
            with torch.no_grad():
                net.module_.last.bias.fill_(200.0)

    model.set_params(net_callbacks=[Enlarge()]).fit(blobs())
    assert model.net_.module_.last.bias.max() == 200


@pytest.mark.parametrize("size", [1e-40, 1e-30, 1e30])
def test_signals_of_any_magnitude_are_denoised(size):
    signals = [size * np.sin(np.arange(50) / k) for k in (2, 3, 4)]
    small = make(0.1, n_dims=1).fit([signal / size for signal in signals])
    model = make(0.1 * size, n_dims=1).fit(signals)
    expected = small.denoise(signals[0] / size)
    np.testing.assert_allclose(model.denoise(signals[0]) / size, expected, atol=1e-4)


def test_default_net_has_fewer_than_half_a_million_weights():
    model = ResidualDenoiser(25, max_iter=1, crop_size=4).fit(
        np.zeros((4, 4), dtype=np.uint8)
    )
    n_weights = sum(p.numel() for p in model.net_.module_.parameters())
    assert n_weights < 500_000


def test_products_may_be_of_bfloat16():
    images = blobs()
    a, b = make(precision="float32").fit(images), make(precision="bfloat16").fit(images)
    # Eight bits of a product are as good as a loss that is off by a few percent.
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=0.1)
    assert a.loss_curve_ != b.loss_curve_
    assert all(p.dtype == torch.float32 for p in b.net_.module_.parameters())
    assert b.denoise(images / 255).dtype == np.float64


def test_small_crops_do_not_count_as_few_products():
    net = ResidualNet((64, 64), n_filters=64, n_layers=12)
    assert (
        sum(layer.n_products for layer in net.modules() if hasattr(layer, "n_products"))
        > 10**7
    )
