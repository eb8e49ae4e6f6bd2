"""The peak signal-to-noise ratio."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_dae.metrics import peak_signal_noise_ratio


@given(scale=st.floats(1e-3, 1e3), error=st.floats(1e-3, 0.5))
def test_psnr_is_that_of_its_formula_in_any_unit(scale, error):
    X = np.array([[0.0, 1.0], [1.0, 0.0]])
    psnr = peak_signal_noise_ratio(scale * X, scale * (X + error))
    assert psnr == pytest.approx(-20 * np.log10(error), abs=1e-6)


def test_psnr_of_rows_is_averaged_over_rows():
    X = np.array([[0.0, 1.0], [0.0, 1.0]])
    noisy = X + np.array([[0.1], [0.01]])
    rows = peak_signal_noise_ratio(X, noisy, average=None)
    np.testing.assert_allclose(rows, [20, 40])
    mean = peak_signal_noise_ratio(X, noisy, average="samples")
    assert mean == pytest.approx(30)
    assert peak_signal_noise_ratio(X, noisy) == pytest.approx(
        -10 * np.log10(np.mean([0.01, 0.0001]))
    )


def test_psnr_of_equal_rows_is_infinite():
    assert peak_signal_noise_ratio([[0.0, 1.0]], [[0.0, 1.0]]) == np.inf


@pytest.mark.parametrize(
    ("args", "kwargs", "match"),
    [
        (([[1.0, 1.0]], [[1.0, 1.0]]), {}, "data_range"),
        (([[1.0, 1.0]], [[1.0]]), {}, "shape"),
        (([[1.0, 0.0]], [[1.0, 0.0]]), {"average": "mean"}, "average"),
        (([[1.0, 0.0]], [[1.0, np.nan]]), {}, "X_pred contains NaN"),
    ],
)
def test_psnr_refuses_bad_arguments(args, kwargs, match):
    with pytest.raises(ValueError, match=match):
        peak_signal_noise_ratio(*args, **kwargs)
