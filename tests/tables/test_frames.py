"""Data frames told apart, named, put together."""

import datetime

import numpy as np
import pandas as pd
import polars as pl

from sk_dae.tables.frames import is_frame, polars_to_pandas


def test_frames_are_known():
    assert is_frame(pd.DataFrame())
    assert is_frame(pl.DataFrame())
    assert not is_frame(np.zeros((1, 1)))
    assert not is_frame([[1]])
    assert not is_frame(pd.Series([1]))


def test_polars_frame_as_one_of_pandas():
    frame = pl.DataFrame(
        {
            "number": [1.5, None],
            "integer": [1, 2],
            "text": ["a", None],
            "time": [datetime.datetime(2020, 1, 1), None],
            "flag": [True, False],
        }
    )
    converted = polars_to_pandas(frame)
    assert list(converted.columns) == frame.columns
    kinds = [dtype.kind for dtype in converted.dtypes]
    assert kinds[:2] + kinds[3:] == ["f", "i", "M", "b"]
    assert converted.isna().sum().tolist() == [1, 0, 1, 1, 0]
