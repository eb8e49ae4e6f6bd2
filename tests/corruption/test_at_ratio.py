"""Noise at a signal-to-noise ratio."""

import pickle

import numpy as np
import pytest
import torch

import sk_dae
from sk_dae import ColoredNoise, DenoisingAutoencoder, RecordedNoise

CLIP = np.random.RandomState(1).normal(size=3000) * np.linspace(1, 2, 3000)
X = (
    np.random.RandomState(0).normal(size=(40, 500))
    * 10.0 ** np.arange(-20, 20)[:, None]
)


def ratios_db(X, noisy):
    X = X.astype(np.float64)
    scale = np.abs(X).max(axis=1, keepdims=True)
    noise = (noisy - X) / scale
    return 10 * np.log10(np.mean((X / scale) ** 2, axis=1) / np.mean(noise**2, axis=1))


@pytest.mark.parametrize("make", [ColoredNoise, lambda **kw: RecordedNoise(CLIP, **kw)])
@pytest.mark.parametrize("snr_db", [-20.0, 0, 15, (-3, 9), [2.0, 2.0]])
def test_noise_is_added_at_the_ratio(make, snr_db):
    noise = make(snr_db=snr_db, random_state=0)
    found = ratios_db(X, noise.fit_transform(X))
    low, high = np.ravel([snr_db])[[0, -1]]
    # float32 rounding of noise beside a signal.
    assert found.min() >= low - 0.01
    assert found.max() <= high + 0.01
    if low < high:
        # 40 uniform draws end farther from the ends with a probability below 1e-4.
        assert found.min() < low + 0.25 * (high - low)
        assert found.max() > high - 0.25 * (high - low)


@pytest.mark.parametrize("noise", [ColoredNoise(), RecordedNoise(CLIP)])
def test_silence_stays_silent_and_gaps_stay_gaps(noise):
    rows = np.zeros((3, 100), dtype=np.float32)
    np.testing.assert_array_equal(noise.fit_transform(rows), rows)
    rows = np.ones((3, 100))
    rows[1, ::2] = np.nan
    noisy = noise.fit_transform(rows)
    np.testing.assert_array_equal(np.isnan(noisy), np.isnan(rows))


@pytest.mark.parametrize(
    ("color", "exponent"),
    [("white", 0), ("pink", 1), ("brown", 2), ("blue", -1), ("violet", -2), (0.5, 0.5)],
)
def test_power_falls_with_the_frequency(color, exponent):
    rows = np.ones((400, 1000))
    noise = ColoredNoise(color, snr_db=0, random_state=0).fit_transform(rows) - rows
    window = np.hanning(1000)
    power = (np.abs(np.fft.rfft(noise * window, axis=1)) ** 2).mean(axis=0)
    frequencies = np.arange(10, 450)
    slope = np.polyfit(np.log(frequencies), np.log(power[frequencies]), 1)[0]
    # 400 rows: the slope has a standard error of about 0.01.
    assert abs(slope + exponent) < 0.1


def test_stretches_are_those_of_the_clips():
    ramp = np.arange(1.0, 101.0)
    noise = RecordedNoise([ramp, -ramp[:7]], snr_db=0, random_state=0)
    rows = np.ones((200, 30))
    drawn = noise.fit_transform(rows) - rows
    long = drawn[:, 0] > 0
    assert 60 < long.sum() < 140
    steps = np.diff(drawn[long], axis=1)
    # A stretch of a ramp is a ramp: it never passes the end of the clip.
    np.testing.assert_allclose(steps, steps[:, :1].repeat(29, axis=1), atol=1e-5)
    short = drawn[~long]
    # A clip of seven samples is repeated.
    np.testing.assert_allclose(short[:, 7:], short[:, :-7], atol=1e-6)
    assert len(np.unique(short[:, 0].round(4))) == 7


def test_pauses_of_a_clip_stay_pauses():
    clip = np.concatenate([np.zeros(1000), CLIP[:1000]])
    noise = RecordedNoise([clip], snr_db=0, random_state=0)
    rows = np.ones((100, 50))
    drawn = noise.fit_transform(rows) - rows
    assert (np.abs(drawn).max(axis=1) == 0).any()


def test_integers_and_floats_are_one_clip():
    clip = (CLIP * 5000).astype(np.int16)
    drawn = [
        RecordedNoise(c, random_state=0).fit_transform(X[15:25])
        for c in (clip, [clip / 32768], [clip.astype(float).tolist()])
    ]
    np.testing.assert_allclose(drawn[0], drawn[1], rtol=1e-5)
    np.testing.assert_allclose(drawn[0], drawn[2], rtol=1e-5)


@pytest.mark.parametrize(
    ("clips", "error"),
    [
        (None, "clips"),
        ([], "at least one recording"),
        (3.0, "clips"),
        ("rain.wav", "clips"),
        ([np.zeros(10)], r"clips\[0\].*silent"),
        ([CLIP, np.zeros(10)], r"clips\[1\].*silent"),
        ([np.empty(0)], r"clips\[0\].*at least one sample"),
        ([np.array([1.0, np.nan])], r"clips\[0\].*NaN at sample 1"),
        ([np.array([1.0, np.inf])], r"clips\[0\].*infinity"),
        ([np.ones((100, 2))], r"clips\[0\].*one channel"),
        ([np.array(["a"])], r"clips\[0\].*floats or signed integers"),
        ([np.ones(3, dtype=complex)], r"clips\[0\].*floats or signed integers"),
        ([np.ones(3, dtype=np.uint8)], r"clips\[0\].*uint8"),
        (["rain.wav"], r"clips\[0\]"),
    ],
)
def test_odd_clips_are_refused(clips, error):
    with pytest.raises((TypeError, ValueError), match=error):
        RecordedNoise(clips).fit(X)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"snr_db": (5, 1)}, "snr_db"),
        ({"snr_db": (1, 2, 3)}, "snr_db"),
        ({"snr_db": np.nan}, "snr_db"),
        ({"snr_db": 1000}, "snr_db"),
        ({"snr_db": (0, "10")}, "snr_db"),
        ({"snr_db": None}, "snr_db"),
        ({"color": "mauve"}, "color"),
        ({"color": 5.0}, "color"),
        ({"color": (2, 1)}, "color"),
        ({"color": (0, "pink")}, "color"),
    ],
)
def test_wrong_parameters_are_refused(params, error):
    with pytest.raises((TypeError, ValueError), match=error):
        ColoredNoise(**params).fit(X)


@pytest.mark.parametrize("noise", [ColoredNoise(), RecordedNoise([CLIP, CLIP[:9]])])
def test_autoencoder_trains_with_it_and_is_saved(noise, tmp_path):
    rows = X[18:23] / X[18:23].std()
    dae = DenoisingAutoencoder(
        4, corruption=noise, noise_schedule="linear", max_iter=3, random_state=0
    ).fit(rows)
    for copy in (dae, pickle.loads(pickle.dumps(dae))):
        sk_dae.save(copy, tmp_path / "dae")
        loaded = sk_dae.load(tmp_path / "dae")
        np.testing.assert_array_equal(loaded.denoise(rows), dae.denoise(rows))
    generators = [torch.Generator().manual_seed(1) for _ in range(2)]
    rows = torch.from_numpy(rows)
    torch.testing.assert_close(
        loaded.corruption_.corrupt(rows, generators[0]),
        dae.corruption_.corrupt(rows, generators[1]),
        rtol=0,
        atol=0,
    )
