"""Targets of the regressor that are no numbers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import r2_score

from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderRegressor

TIMES = pd.Series(pd.date_range("2020-01-01", periods=20))
TEXT = pd.Series(["1.5", "2"] * 10)


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(TIMES.to_numpy(), id="array of times"),
        pytest.param(TIMES, id="series of times"),
        pytest.param(TIMES.dt.tz_localize("UTC"), id="aware"),
        pytest.param(TIMES.astype(object), id="objects"),
        pytest.param(TIMES.astype("category"), id="category of times"),
        pytest.param(TIMES - TIMES[0], id="durations"),
        pytest.param(TIMES.dt.to_period("D"), id="periods"),
        pytest.param(TIMES.astype("timestamp[us][pyarrow]"), id="Arrow"),
        pytest.param(pl.Series(TIMES.to_numpy()), id="polars"),
        pytest.param(TIMES.to_frame("y"), id="frame"),
        pytest.param(TEXT.to_numpy().astype(str), id="array of text"),
        pytest.param(["a"] * 20, id="list of text"),
        pytest.param([{}] * 20, id="dicts"),
    ],
)
def test_targets_that_are_no_numbers_are_refused(y):
    X = np.random.RandomState(0).normal(size=(20, 2))
    with pytest.raises(ValueError, match="y must hold numbers"):
        DenoisingAutoencoderRegressor(max_iter=1).fit(X, y)


NUMBERS = np.random.RandomState(1).normal(size=20)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        ("float16", np.float32),
        ("float32", np.float32),
        ("float64", np.float64),
        ("Float32", np.float32),
        ("Float64", np.float64),
        ("halffloat[pyarrow]", np.float32),
        ("float[pyarrow]", np.float32),
        ("double[pyarrow]", np.float64),
        ("Int8", np.float64),
    ],
)
@pytest.mark.parametrize("container", ["series", "frame", "array"])
def test_predictions_have_the_type_of_targets_of_pandas(dtype, wanted, gaps, container):
    values = NUMBERS.round() if dtype == "Int8" else NUMBERS
    short = np.float16 if "half" in dtype else np.float64
    y = pd.Series(values.astype(short)).astype(dtype)
    if gaps:
        y = y.mask(np.arange(20) < 3)
    if container == "frame":
        y = pd.DataFrame({"a": y, "b": y})
    elif container == "array":
        y = y.array
    model = DenoisingAutoencoderRegressor(
        DenoisingAutoencoder(2, max_iter=1), max_iter=1, random_state=0
    )
    X = np.random.RandomState(0).normal(size=(20, 2))
    predicted = model.fit(X, y).predict(X)
    assert predicted.dtype == wanted
    assert predicted.shape == y.shape


@pytest.mark.parametrize("dtype", [pl.Float32, pl.Float64])
def test_predictions_have_the_type_of_targets_of_polars(dtype):
    X = np.random.RandomState(0).normal(size=(20, 2))
    model = DenoisingAutoencoderRegressor(
        DenoisingAutoencoder(2, max_iter=1), max_iter=1, random_state=0
    )
    y = pl.Series([None, *NUMBERS[1:].tolist()], dtype=dtype)
    wanted = np.float32 if dtype == pl.Float32 else np.float64
    assert model.fit(X, y).predict(X).dtype == wanted


@pytest.mark.parametrize("unit", [1e-310, 1e-300, 1.0, 1e300])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_score_is_the_same_in_all_units(unit, n_outputs):
    X = np.random.RandomState(2).normal(size=(40, 3))
    y, weights = X[:, :n_outputs] ** 3, np.linspace(0.1, 2.0, len(X))
    model = DenoisingAutoencoderRegressor(
        DenoisingAutoencoder(2, max_iter=1), max_iter=2, random_state=0
    )
    expected = r2_score(y, model.fit(X, y).predict(X), sample_weight=weights)
    assert model.score(X, y, weights) == expected
    scaled = model.fit(X, unit * y).score(X, unit * y, weights)
    assert scaled == pytest.approx(expected, rel=1e-4)
