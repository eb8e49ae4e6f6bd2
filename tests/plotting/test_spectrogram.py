"""Spectrograms side by side."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from sk_dae.plotting import SpectrogramDisplay

TONE = np.sin(2 * np.pi * 1000 * np.arange(4000) / 8000)


@pytest.fixture(autouse=True)
def closing():
    yield
    plt.close("all")


def test_waveforms_stand_side_by_side():
    display = SpectrogramDisplay.from_waveforms(
        {"clean": TONE, "half": TONE[:2000] / 2}, sampling_rate=8000
    )
    assert [ax.get_title() for ax in display.axes_] == ["clean", "half"]
    assert display.axes_[0].get_ylabel() == "Frequency (kHz)"
    first, second = display.images_
    assert first.get_extent() == pytest.approx((0, 0.5, 0, 4))
    assert second.get_extent() == pytest.approx((0, 0.25, 0, 4))
    # The loudest value of all is 0 dB, at 1 kHz, and half of it 6 dB below.
    levels = first.get_array()
    assert levels.max() == pytest.approx(0)
    assert levels[:, 60].argmax() == pytest.approx(len(levels) / 4, abs=1)
    assert second.get_array()[:, 30].max() == pytest.approx(-6.02, abs=0.05)
    assert levels.min() >= -60


def test_one_waveform_is_drawn_on_given_axes():
    _, ax = plt.subplots()
    display = SpectrogramDisplay.from_waveforms(
        TONE, sampling_rate=500.0, axes=ax, range_db=40, cmap="gray"
    )
    assert display.axes_[0] is ax
    assert display.figure_ is ax.figure
    assert ax.get_ylabel() == "Frequency (Hz)"
    assert display.images_[0].get_clim() == (-40, 0)
    assert display.images_[0].get_cmap().name == "gray"


def test_silence_is_dark():
    display = SpectrogramDisplay.from_waveforms(np.zeros(900), sampling_rate=8000)
    assert (display.images_[0].get_array() == -60).all()


@pytest.mark.parametrize(
    ("waveforms", "params", "error"),
    [
        ({}, {}, "at least one waveform"),
        ({"a": [np.nan]}, {}, r"waveforms\['a'\] must be finite"),
        (np.ones((5, 2)), {}, "one channel"),
        (TONE, {"range_db": 0}, "range_db"),
        (TONE, {"axes": []}, "axes"),
        (TONE, {"sampling_rate": "8 kHz"}, "sampling_rate"),
    ],
)
def test_wrong_input_is_refused(waveforms, params, error):
    with pytest.raises((TypeError, ValueError), match=error):
        SpectrogramDisplay.from_waveforms(waveforms, **{"sampling_rate": 8000} | params)
