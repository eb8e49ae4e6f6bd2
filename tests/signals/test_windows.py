"""Series as rows of windows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk_dae
from sk_dae import DenoisingAutoencoder, SlidingWindows

SERIES = np.random.RandomState(0).normal(size=(50, 3))


@pytest.mark.parametrize(
    ("length", "step"), [(1, 1), (2, 1), (2, 2), (7, 1), (7, 5), (7, 7)]
)
@pytest.mark.parametrize("n_times", [7, 8, 49, 50])
def test_series_comes_back(length, step, n_times):
    for X in (SERIES[:n_times], SERIES[:n_times, 0]):
        windows = SlidingWindows(length, step=step)
        rows = windows.fit_transform(X)
        np.testing.assert_allclose(windows.inverse_transform(rows), X)
        np.testing.assert_array_equal(rows[0], X[:length].ravel())
        np.testing.assert_array_equal(rows[-1], X[-length:].ravel())


def test_overlaps_are_averaged():
    windows = SlidingWindows(2).fit(np.arange(3.0))
    rows = [[0.0, 1.0], [3.0, np.nan]]
    np.testing.assert_array_equal(windows.inverse_transform(rows), [0.0, 2.0, np.nan])


def test_another_length_is_asked_for():
    windows = SlidingWindows(4, step=3).fit(SERIES)
    rows = windows.transform(SERIES[:12])
    np.testing.assert_allclose(windows.inverse_transform(rows, 12), SERIES[:12])
    assert len(windows.inverse_transform(rows)) == 13
    with pytest.raises(ValueError, match="n_times=40"):
        windows.inverse_transform(rows, 40)
    with pytest.raises(ValueError, match="12 columns"):
        windows.inverse_transform(rows[:, 1:])


def test_names_are_of_channels_and_times():
    frame = pd.DataFrame(SERIES, columns=["a", "b", "c"])
    windows = SlidingWindows(2).fit(frame)
    names = ["a_t0", "b_t0", "c_t0", "a_t1", "b_t1", "c_t1"]
    assert windows.get_feature_names_out().tolist() == names
    np.testing.assert_array_equal(windows.transform(frame)[0], SERIES[:2].ravel())


def test_autoencoder_denoises_a_series_in_a_pipeline():
    time = np.arange(400)
    clean = np.sin(time / 5.0)
    noisy = clean + np.random.RandomState(0).normal(scale=0.5, size=400)
    pipeline = make_pipeline(
        SlidingWindows(40),
        StandardScaler(),
        DenoisingAutoencoder(2, noise_level=0.5, max_iter=30, random_state=0),
    )
    restored = pipeline.inverse_transform(pipeline.fit_transform(noisy))
    assert restored.shape == (400,)
    assert np.mean((restored - clean) ** 2) < 0.2 * np.mean((noisy - clean) ** 2)


@pytest.mark.parametrize(
    ("params", "X", "error"),
    [
        ({"window_length": 0}, SERIES, "window_length"),
        ({"window_length": 2.0}, SERIES, "window_length"),
        ({"step": 3, "window_length": 2}, SERIES, "step must be at most"),
        ({"window_length": 51}, SERIES, "at least window_length=51"),
        ({}, np.array([np.inf] * 40), "infinity"),
        ({}, np.array(["a"] * 40), "convert|numbers|text"),
        ({}, np.ones((2, 3, 4)), "dim 3"),
        ({}, [], "0 sample|window_length"),
    ],
)
def test_wrong_input_is_refused(params, X, error):
    windows = SlidingWindows(4).fit(SERIES).set_params(**{"window_length": 8, **params})
    with pytest.raises(ValueError, match=error):
        windows.fit(X)
    assert windows.transform(SERIES).shape == (47, 12)


def test_is_saved(tmp_path):
    windows = SlidingWindows(4).fit(SERIES)
    sk_dae.save(windows, tmp_path / "windows")
    loaded = sk_dae.load(tmp_path / "windows")
    np.testing.assert_array_equal(loaded.transform(SERIES), windows.transform(SERIES))
