"""Measures of waveforms."""

import sys

import numpy as np
import pytest

from sk_dae.metrics import (
    perceptual_speech_quality,
    segmental_signal_noise_ratio,
    short_time_objective_intelligibility,
    signal_distortion_ratio,
)

X = np.random.RandomState(0).normal(size=4000)
NOISE = np.random.RandomState(1).normal(size=4000)


def test_signal_distortion_ratio_is_its_formula():
    x, estimate = X - X.mean(), (X + 0.3 * NOISE)
    estimate = estimate - estimate.mean()
    target = (estimate @ x) / (x @ x) * x
    expected = 10 * np.log10((target @ target) / np.sum((target - estimate) ** 2))
    assert signal_distortion_ratio(X, X + 0.3 * NOISE) == pytest.approx(expected)


def test_signal_distortion_ratio_knows_no_scale_and_no_offset():
    expected = signal_distortion_ratio(X, X + NOISE)
    for factor in (1e-200, -3.0, 1e30):
        found = signal_distortion_ratio(X * 5 + 1, (X + NOISE) * factor)
        assert found == pytest.approx(expected)


def test_signal_distortion_ratio_has_ends():
    assert signal_distortion_ratio([1.0, -1.0], [2.0, -2.0]) == np.inf
    assert signal_distortion_ratio([1.0, -1.0], [0.0, 0.0]) == -np.inf
    assert signal_distortion_ratio([1.0, -1.0, 0.0], [1.0, 1.0, -2.0]) == -np.inf
    with pytest.raises(ValueError, match="x_true must not be constant"):
        signal_distortion_ratio([2.0, 2.0], [1.0, 0.0])


def test_segmental_ratio_is_the_mean_of_frames():
    noisy = X + NOISE * np.repeat([0.1, 1.0, 1e-9, 9.0], 1000)
    ratios = [
        10 * np.log10(np.sum(X[part] ** 2) / np.sum((noisy - X)[part] ** 2))
        for part in (slice(i, i + 500) for i in range(0, 4000, 500))
    ]
    found = segmental_signal_noise_ratio(
        X, noisy, sampling_rate=1000, frame_duration=0.5
    )
    assert found == pytest.approx(np.clip(ratios, -10, 35).mean())
    found = segmental_signal_noise_ratio(
        X, noisy, sampling_rate=1000, frame_duration=0.5, limits_db=(0, 20)
    )
    assert found == pytest.approx(np.clip(ratios, 0, 20).mean())


def test_segmental_ratio_leaves_silent_frames_out():
    x = np.concatenate([X[:1000], np.zeros(1000)])
    noisy = x + NOISE[:2000]
    given = {"sampling_rate": 1000, "frame_duration": 0.1}
    assert segmental_signal_noise_ratio(x, noisy, **given) == pytest.approx(
        segmental_signal_noise_ratio(x[:1000], noisy[:1000], **given)
    )
    assert segmental_signal_noise_ratio(X, X, **given) == 35
    with pytest.raises(ValueError, match="x_true must not be silent"):
        segmental_signal_noise_ratio(np.zeros(9), X[:9], **given)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"sampling_rate": "8000"}, "sampling_rate"),
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"frame_duration": -1}, "frame_duration"),
        ({"limits_db": (5, 1)}, "limits_db"),
        ({"limits_db": (1,)}, "limits_db"),
    ],
)
def test_wrong_parameters_are_refused(params, error):
    with pytest.raises(ValueError, match=error):
        segmental_signal_noise_ratio(X, X, **{"sampling_rate": 1000, **params})


@pytest.mark.parametrize(
    ("x", "y", "error"),
    [
        (X, X[1:], "x_pred must have the 4000 samples"),
        (X, np.full(4000, np.nan), "x_pred must be finite"),
        (np.ones((10, 2)), X, "x_true must be a waveform of one channel"),
        ([], [], "x_true must have at least one sample"),
    ],
)
def test_odd_waveforms_are_refused(x, y, error):
    with pytest.raises(ValueError, match=error):
        signal_distortion_ratio(x, y)
    with pytest.raises(ValueError, match=error):
        segmental_signal_noise_ratio(x, y, sampling_rate=1000)


def test_intelligibility_falls_with_the_noise():
    pytest.importorskip("pystoi")
    x = np.tile(X, 3) * (1 + np.sin(np.arange(12_000) / 400))
    noise = np.tile(NOISE, 3)
    found = [
        short_time_objective_intelligibility(x, x + level * noise, sampling_rate=8000)
        for level in (0.0, 0.5, 3.0)
    ]
    assert found[0] == pytest.approx(1.0)
    assert found[0] > found[1] > found[2]
    with pytest.raises(ValueError, match="more frames"):
        short_time_objective_intelligibility(X[:900], X[:900], sampling_rate=8000)
    with pytest.raises(ValueError, match="whole number"):
        short_time_objective_intelligibility(x, x, sampling_rate=8000.5)


def test_quality_falls_with_the_noise():
    pytest.importorskip("pesq")
    time = np.arange(16_000) / 8000
    speech = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20))
    speech = speech * np.clip(np.sin(2 * np.pi * 2 * time), 0, None)
    noise = np.tile(NOISE, 4)
    found = [
        perceptual_speech_quality(speech, speech + level * noise, sampling_rate=8000)
        for level in (0.0, 0.5)
    ]
    assert found[0] > 4
    assert found[1] < found[0] - 1
    with pytest.raises(ValueError, match="8000 or 16000"):
        perceptual_speech_quality(speech, speech, sampling_rate=44_100)
    with pytest.raises(ValueError, match="PESQ"):
        perceptual_speech_quality(X[:100], X[:100], sampling_rate=8000)


@pytest.mark.parametrize(
    ("package", "measure"),
    [
        ("pystoi", short_time_objective_intelligibility),
        ("pesq", perceptual_speech_quality),
    ],
)
def test_missing_packages_are_named(package, measure, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"{package}.*sk-dae\[audio\]"):
        measure(X, X, sampling_rate=8000)
