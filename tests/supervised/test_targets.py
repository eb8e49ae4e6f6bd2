"""Targets of the regressor that are no numbers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sk_dae import DenoisingAutoencoderRegressor

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
