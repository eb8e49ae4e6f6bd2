"""Denoising of waveforms by their spectrograms."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

import sk_dae
from sk_dae import (
    ColoredNoise,
    DenoisingAutoencoder,
    GaussianNoise,
    MarginalizedDenoisingAutoencoder,
    MaskingNoise,
    RecordedNoise,
    SpectrogramDenoiser,
    StackedDenoisingAutoencoder,
)
from sk_dae.metrics import signal_distortion_ratio

RATE = 1000


def tone(n_samples, pitch=60.0):
    time = np.arange(n_samples) / RATE
    return np.sin(2 * np.pi * pitch * time) * (0.6 + 0.4 * np.sin(9 * time))


def small(autoencoder=None, **params):
    if autoencoder is None:
        autoencoder = DenoisingAutoencoder(
            8, hidden_layer_sizes=(32,), corruption=None, max_iter=20
        )
    given = {"sampling_rate": RATE, "n_context": 2, "n_draws": 8, "random_state": 0}
    return SpectrogramDenoiser(autoencoder, **(given | params))


WAVES = [tone(3000), tone(2001, 75.0), tone(900, 50.0)]
NOISE = np.random.RandomState(0).normal(size=20_000)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(WAVES)


def test_noise_is_taken_out(fitted):
    noisy = WAVES[0] + 0.7 * NOISE[:3000]
    before = signal_distortion_ratio(WAVES[0], noisy)
    assert signal_distortion_ratio(WAVES[0], fitted.denoise(noisy)) > before + 5


@pytest.mark.slow
def test_default_takes_noise_out():
    denoiser = SpectrogramDenoiser(sampling_rate=RATE, n_draws=8, random_state=0)
    noisy = WAVES[0] + 0.7 * NOISE[:3000]
    before = signal_distortion_ratio(WAVES[0], noisy)
    denoised = denoiser.fit(WAVES).denoise(noisy)
    assert signal_distortion_ratio(WAVES[0], denoised) > before + 5


@pytest.mark.parametrize("n_samples", [1, 2, 15, 16, 17, 63, 64, 65, 1000])
def test_any_length_comes_back(fitted, n_samples):
    denoised = fitted.denoise(NOISE[:n_samples])
    assert denoised.shape == (n_samples,)
    assert np.isfinite(denoised).all()


def test_containers_come_back(fitted):
    one = fitted.denoise(WAVES[0])
    several = fitted.denoise([WAVES[0], WAVES[1]])
    assert isinstance(several, list)
    np.testing.assert_array_equal(several[0], one)
    rows = fitted.transform(np.stack([WAVES[0], WAVES[0]]))
    assert rows.shape == (2, 3000)
    np.testing.assert_array_equal(rows[1], one)
    np.testing.assert_array_equal(fitted.denoise(list(WAVES[0])), one)
    (column,) = fitted.denoise((WAVES[0],))
    np.testing.assert_array_equal(column, one)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", ">f4", "int8", "int16", "int32", "int64"]
)
def test_types_come_back(fitted, dtype):
    wave = WAVES[0] / 2
    if np.dtype(dtype).kind == "i":
        wave = np.round(wave * np.iinfo(dtype).max)
    wave = wave.astype(dtype)
    wave.flags.writeable = False
    denoised = fitted.denoise(wave)
    assert denoised.dtype == wave.dtype
    assert np.abs(denoised.astype(float)).max() > 0


def test_int16_is_a_fraction_of_its_range_and_is_clipped(fitted):
    wave = np.full(500, -32768, dtype=np.int16)
    wave[::2] = 32767
    denoised = fitted.denoise(wave)
    floating = fitted.denoise(wave / 32768)
    expected = np.clip(np.rint(floating * 32768), -32768, 32767)
    np.testing.assert_array_equal(denoised, expected.astype(np.int16))


def test_loud_and_soft_are_treated_alike(fitted):
    for factor in (1e-4, 1e20):
        np.testing.assert_allclose(
            fitted.denoise(WAVES[1] * factor) / factor,
            fitted.denoise(WAVES[1]),
            rtol=1e-4,
            atol=1e-5,
        )


def test_silence_stays_silent(fitted):
    np.testing.assert_array_equal(fitted.denoise(np.zeros(300)), np.zeros(300))


@pytest.mark.parametrize("size", [1, 7, 300, 4096, 60_000])
def test_blocks_are_as_the_whole(fitted, size):
    wave = NOISE if size > 7 else NOISE[:1000]
    blocks = [wave[i : i + size] for i in range(0, len(wave), size)]
    blocks.insert(1, wave[:0])
    out = list(fitted.denoise_blocks(iter(blocks)))
    np.testing.assert_allclose(
        np.concatenate(out), fitted.denoise(wave), rtol=1e-4, atol=1e-5
    )
    if size == 300:
        assert len(out) > 3


def test_long_waveform_is_denoised_in_sections_without_a_seam(fitted):
    wave = np.tile(NOISE, 3)
    n_kept = 5000
    np.testing.assert_allclose(
        fitted.denoise(wave)[:n_kept],
        fitted.denoise(wave[: n_kept + 1000])[:n_kept],
        rtol=1e-4,
        atol=1e-5,
    )


def test_blocks_keep_their_type_and_no_other_comes_between(fitted):
    wave = (WAVES[0] * 9000).astype(np.int16)
    out = np.concatenate(list(fitted.denoise_blocks([wave[:1000], wave[1000:]])))
    assert out.dtype == np.int16
    assert np.abs(out.astype(int) - fitted.denoise(wave)).max() <= 1
    with pytest.raises(ValueError, match=r"blocks\[1\].*int16, got float64"):
        list(fitted.denoise_blocks([wave, WAVES[0]]))
    assert list(fitted.denoise_blocks([])) == []
    for wrong in (3, "waves"):
        with pytest.raises(TypeError, match="blocks must be an iterable"):
            fitted.denoise_blocks(wrong)


def test_real_pairs_need_no_corruption():
    noisy = [x + 0.7 * NOISE[: len(x)] for x in WAVES]
    denoiser = small().fit(noisy, clean=WAVES)
    assert denoiser.corruption_ is None
    heard = WAVES[0] + 0.7 * NOISE[10_000:13_000]
    before = signal_distortion_ratio(WAVES[0], heard)
    assert signal_distortion_ratio(WAVES[0], denoiser.denoise(heard)) > before + 3


def test_fit_is_repeatable_and_does_not_modify(fitted):
    waves = [x.copy() for x in WAVES]
    again = small().fit(waves)
    for x, y in zip(waves, WAVES, strict=True):
        np.testing.assert_array_equal(x, y)
    np.testing.assert_array_equal(again.denoise(NOISE), fitted.denoise(NOISE))
    state = np.random.get_state()[1].copy()
    fitted.denoise(NOISE)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_level_of_training_waveforms_does_not_count(fitted):
    loud = small().fit([1000.0 * WAVES[0], WAVES[1] * 1e-3, WAVES[2]])
    np.testing.assert_allclose(
        loud.denoise(NOISE), fitted.denoise(NOISE), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize(
    "corruption",
    [
        "white",
        "pink",
        "brown",
        "colored",
        GaussianNoise(0.5),
        MaskingNoise(0.3),
        ColoredNoise(0.5, snr_db=3),
        [RecordedNoise([NOISE]), "pink"],
        lambda X, generator: X + 0.1,
    ],
)
def test_corruptions_are_taken(corruption):
    denoiser = small(corruption=corruption, n_draws=1).fit(WAVES)
    assert denoiser.corruption_ is not None
    assert np.isfinite(denoiser.denoise(WAVES[0])).all()


@pytest.mark.parametrize("augment", [True, False])
def test_snr_db_is_that_of_named_noise(augment):
    denoiser = small(corruption="pink", snr_db=(60, 60), augment=augment).fit(WAVES)
    # There is hardly any noise to take out.
    kept = denoiser.denoise(WAVES[0])
    assert signal_distortion_ratio(WAVES[0], kept) > 12


@pytest.mark.parametrize(
    "autoencoder",
    [
        DenoisingAutoencoder(4, hidden_layer_sizes=(8,), max_iter=2),
        DenoisingAutoencoder(4, loss="binary_cross_entropy", max_iter=2),
        StackedDenoisingAutoencoder(
            4, hidden_layer_sizes=(8,), max_iter=1, pretrain_max_iter=1
        ),
    ],
)
def test_autoencoders_of_the_package_are_taken(autoencoder):
    denoiser = small(autoencoder, n_draws=1).fit(WAVES)
    assert type(denoiser.autoencoder_) is type(autoencoder)
    assert not hasattr(autoencoder, "n_features_in_")
    assert denoiser.denoise(WAVES[0]).shape == (3000,)


@pytest.mark.parametrize(
    ("autoencoder", "error"),
    [
        (MarginalizedDenoisingAutoencoder(), "clean"),
        (PCA(), "autoencoder"),
        (FrozenEstimator(DenoisingAutoencoder()), "frozen"),
        (DenoisingAutoencoder, "instance"),
        ("dae", "autoencoder"),
    ],
)
def test_other_autoencoders_are_refused(autoencoder, error):
    with pytest.raises((TypeError, ValueError), match=error):
        small(autoencoder).fit(WAVES)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [[]],
        np.empty(0),
        np.empty((0, 5)),
        [WAVES[0], np.empty(0)],
        [WAVES[0], np.array([1.0, np.nan])],
        np.array([np.inf, 1.0]),
        np.ones((2000, 2)),
        [np.ones((100, 2))],
        np.ones((2, 3, 4)),
        np.ones(5, dtype=complex),
        np.ones(5, dtype=np.uint8),
        np.ones(5, dtype=bool),
        np.array(["a", "b"]),
        "recording.wav",
        b"abc",
        None,
        3.0,
        ["recording.wav"],
        [None],
        {"a": WAVES[0]},
        [WAVES[0], 3.0],
        np.array([1e300, 1.0]),
        [[1.0, [2.0]]],
    ],
    ids=lambda wrong: f"{type(wrong).__name__}-{str(wrong)[:12]}",
)
def test_odd_waveforms_are_refused(fitted, wrong):
    for method in (fitted.denoise, small().fit):
        with pytest.raises((TypeError, ValueError), match="X"):
            method(wrong)


def test_stereo_is_named():
    with pytest.raises(ValueError, match=r"one of 2 channels.*mean\(axis=1\)"):
        small().fit(np.ones((2000, 2)))
    with pytest.raises(ValueError, match=r"X\[0\].*one channel.*\(100, 2\)"):
        small().fit([np.ones((100, 2))])


@pytest.mark.parametrize("waves", [[np.zeros(100)], np.zeros((2, 50))])
def test_silence_alone_is_nothing_to_learn(waves):
    with pytest.raises(ValueError, match="silent"):
        small().fit(waves)


@pytest.mark.parametrize("wave", [[0.5], [1.0] * 9, [1e-30, 0.0, -1e-30]])
def test_little_is_enough_to_fit(wave):
    denoiser = small(n_draws=1).fit(np.array(wave))
    assert np.isfinite(denoiser.denoise(NOISE[:100])).all()


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"sampling_rate": "8000"}, "sampling_rate"),
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"sampling_rate": None}, "sampling_rate"),
        ({"sampling_rate": 1e-9}, "window_duration"),
        ({"sampling_rate": np.inf}, "sampling_rate"),
        ({"window_duration": 1e9}, "window_duration"),
        ({"hop_duration": 0.05}, "hop_duration .* at most half"),
        ({"corruption": None}, "corruption must not be None"),
        ({"corruption": []}, "empty list"),
        ({"corruption": ["rain"]}, "colored"),
        ({"corruption": [None]}, "corruption"),
        ({"corruption": "rain"}, "corruption"),
        ({"corruption": RecordedNoise}, "corruption"),
        ({"corruption": RecordedNoise([np.zeros(5)])}, "silent"),
        ({"snr_db": (5, 0)}, "snr_db"),
        ({"snr_db": "loud"}, "snr_db"),
        ({"n_context": -1}, "n_context"),
        ({"n_draws": 0}, "n_draws"),
        ({"device": "nope"}, "device"),
        ({"autoencoder": DenoisingAutoencoder(max_iter=0)}, "max_iter"),
    ],
)
def test_wrong_parameters_are_refused_and_leave_the_fit(params, error):
    denoiser = small(n_draws=1).fit(WAVES)
    before = denoiser.denoise(WAVES[2])
    denoiser.set_params(**params)
    with pytest.raises((TypeError, ValueError), match=error):
        denoiser.fit(WAVES)
    np.testing.assert_array_equal(denoiser.denoise(WAVES[2]), before)


@pytest.mark.parametrize(
    "clean", [WAVES[:2], [WAVES[0]] * 3, "waves", [np.zeros(len(x)) for x in WAVES]]
)
def test_clean_must_belong_to_the_noisy_ones(clean):
    with pytest.raises((TypeError, ValueError), match="clean"):
        small().fit(WAVES, clean=clean)


def test_unfitted_says_so():
    for method in (small().denoise, small().transform, small().denoise_blocks):
        with pytest.raises(ValueError, match="not fitted"):
            method(WAVES)


def test_copies_and_files_denoise_alike(fitted, tmp_path):
    expected = fitted.denoise(NOISE)
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(fitted)).denoise(NOISE), expected
    )
    default = SpectrogramDenoiser(
        sampling_rate=RATE, n_draws=1, corruption=[RecordedNoise([NOISE]), "pink"]
    ).fit(WAVES)
    for denoiser in (fitted, default):
        sk_dae.save(denoiser, tmp_path / "denoiser.safetensors")
        loaded = sk_dae.load(tmp_path / "denoiser.safetensors")
        np.testing.assert_array_equal(loaded.denoise(NOISE), denoiser.denoise(NOISE))
    assert not hasattr(clone(fitted), "autoencoder_")


def test_parameters_of_the_autoencoder_are_set_from_outside():
    denoiser = small().set_params(autoencoder__max_iter=3)
    assert denoiser.fit(WAVES).autoencoder_.n_iter_ == 3
    with pytest.raises(ValueError, match="autoencoder is None"):
        SpectrogramDenoiser().set_params(autoencoder__max_iter=3)


def test_stands_in_a_pipeline():
    pipeline = make_pipeline(small(n_draws=1))
    assert pipeline.fit_transform(WAVES)[1].shape == (2001,)
