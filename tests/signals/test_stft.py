"""Frames of the short-time Fourier transform."""

import numpy as np
import pytest

import sk_dae
from sk_dae import ShortTimeFourierTransformer

X = np.random.RandomState(0).normal(size=5000)


def stft(**params):
    given = {"window_duration": 0.064, "hop_duration": 0.016, "sampling_rate": 1000}
    return ShortTimeFourierTransformer(**(given | params))


@pytest.mark.parametrize("n_samples", [1, 2, 15, 16, 17, 63, 64, 65, 999, 1000, 5000])
@pytest.mark.parametrize("hop", [0.001, 0.016, 0.032])
@pytest.mark.parametrize("window", ["hann", "hamming", "cosine", ("kaiser", 8.0)])
def test_waveforms_come_back_exactly(n_samples, hop, window):
    transformer = stft(hop_duration=hop, window=window)
    frames = transformer.fit_transform([X[:n_samples]])
    (restored,) = transformer.inverse_transform(frames, n_samples=n_samples)
    np.testing.assert_allclose(restored, X[:n_samples], atol=1e-10)
    (longer,) = transformer.inverse_transform(frames)
    assert 0 <= len(longer) - n_samples < hop * 1000
    np.testing.assert_allclose(longer[n_samples:], 0, atol=1e-10)


def test_a_frame_is_the_transform_of_its_samples():
    frames = stft().fit_transform(X)
    window = np.hanning(65)[:64]
    expected = np.fft.rfft(window * X[160 - 32 : 160 + 32])
    np.testing.assert_allclose(frames[10], expected, atol=1e-10)


def test_rows_come_back_exactly_as_rows():
    rows = X.reshape(5, 1000)
    transformer = stft()
    out = transformer.fit_transform(rows)
    assert out.dtype == np.float64
    assert out.shape == (5, len(transformer.get_feature_names_out()))
    np.testing.assert_allclose(transformer.inverse_transform(out), rows, atol=1e-10)
    frames = transformer.transform(list(rows))
    np.testing.assert_allclose(out[2].reshape(-1, 33, 2)[..., 1], frames[2].imag)
    assert transformer.get_feature_names_out()[:3].tolist() == [
        "frame0_bin0_real",
        "frame0_bin0_imag",
        "frame0_bin1_real",
    ]


def test_magnitudes_have_no_inverse():
    transformer = stft(output="magnitude")
    magnitudes = transformer.fit_transform(X)
    np.testing.assert_allclose(magnitudes, np.abs(stft().fit_transform(X)))
    with pytest.raises(ValueError, match="output='complex'"):
        transformer.inverse_transform(magnitudes)


def test_integers_are_fractions_of_their_range():
    wave = (X * 3000).astype(np.int16)
    np.testing.assert_allclose(
        stft().fit_transform(wave), stft().fit_transform(wave / 32768)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [np.empty(0)],
        np.array([np.nan]),
        np.array([1j]),
        "waves",
        None,
        [np.ones((4, 2))],
        np.ones((2, 2, 2)),
        np.array(["a"]),
    ],
)
def test_odd_waveforms_are_refused(wrong):
    for method in (stft().fit, stft().fit(X).transform):
        with pytest.raises((TypeError, ValueError), match=r"X|sample"):
            method(wrong)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"sampling_rate": "8 kHz"}, "sampling_rate"),
        ({"sampling_rate": -1}, "sampling_rate"),
        ({"hop_duration": 0.05}, "hop_duration"),
        ({"window_duration": 1e-6}, "window_duration"),
        ({"window": "hat"}, "window"),
        ({"window": ("kaiser",)}, "window"),
        ({"output": "phase"}, "output"),
    ],
)
def test_wrong_parameters_are_refused(params, error):
    with pytest.raises(ValueError, match=error):
        stft(**params).fit(X)


@pytest.mark.parametrize(
    ("frames", "n_samples", "error"),
    [
        ([np.ones((3, 4), dtype=complex)], None, "33"),
        ([np.full((3, 33), np.nan, dtype=complex)], None, "finite"),
        ([np.ones((3, 33), dtype=complex)], 31, None),
        ([np.ones((3, 33), dtype=complex)], 1000, "n_samples"),
        ([np.ones((3, 33), dtype=complex)], [20, 30], "n_samples"),
        (np.ones((2, 7)), None, "multiple of 66"),
    ],
)
def test_wrong_frames_are_refused(frames, n_samples, error):
    transformer = stft().fit(X)
    if error is None:
        (wave,) = transformer.inverse_transform(frames, n_samples)
        assert wave.shape == (n_samples,)
        return
    with pytest.raises(ValueError, match=error):
        transformer.inverse_transform(frames, n_samples)


def test_is_saved(tmp_path):
    transformer = stft(window=("kaiser", 8.0)).fit(X)
    sk_dae.save(transformer, tmp_path / "stft")
    loaded = sk_dae.load(tmp_path / "stft")
    np.testing.assert_array_equal(loaded.transform(X), transformer.transform(X))
