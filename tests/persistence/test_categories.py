"""Categories in saved files."""

import datetime
import enum
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import sk_dae
from sk_dae import (
    DenoisingAutoencoderClassifier,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
)

N = 20


def tabular(**params):
    return TabularDenoisingAutoencoder(
        2, **{"hidden_layer_sizes": (4,), "max_iter": 1, "random_state": 0, **params}
    )


def frame(values):
    values = [values[i % len(values)] for i in range(N)]
    column = np.fromiter(values, dtype=object, count=N)
    return pd.DataFrame({"size": np.arange(float(N)), "kind": pd.Series(column)})


def test_categories_of_plain_values_are_saved(tmp_path):
    path = tmp_path / "model.safetensors"
    for values in (["a", "b"], [1, 2.5, None], [True, False], [(1, "a"), (2, ("b",))]):
        X = frame(values)
        dae = tabular(
            categorical_features=["kind"], max_categories=2, handle_unknown="error"
        ).fit(X)
        sk_dae.save(dae, path)
        loaded = sk_dae.load(path)
        np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))
        pd.testing.assert_frame_equal(loaded.denoise(X), dae.denoise(X))
        known = dae.categories_["kind"].tolist()
        assert loaded.categories_["kind"].tolist() == known
        with pytest.raises(ValueError, match="kind was categorical, of"):
            loaded.transform(X.assign(kind=b"a"))


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@pytest.mark.parametrize(
    "values",
    [
        [pd.Interval(0, 1), pd.Interval(1, 2)],
        [pd.Period("2020-01", "M"), pd.Period("2020-02", "M")],
        [datetime.time(1), datetime.time(2)],
        [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)],
        [uuid.UUID(int=1), uuid.UUID(int=2)],
        [Decimal(1), Decimal(2)],
        [b"a", b"b"],
        [(1, b"a"), (2, b"b")],
        [Colour.RED, Colour.BLUE],
        [int, str],
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "fit",
    [
        lambda dae, X: dae.fit(X),
        lambda dae, X: DenoisingImputer(dae, n_estimators=1, random_state=0).fit(X),
        lambda dae, X: DenoisingAutoencoderClassifier(
            dae, max_iter=1, random_state=0
        ).fit(X, np.arange(N) % 2),
    ],
    ids=["tabular", "imputer", "classifier"],
)
def test_other_categories_are_saved_or_refused_by_the_name_of_the_column(
    tmp_path, values, fit
):
    X, path = frame(values), tmp_path / "model.safetensors"
    fitted = fit(tabular(categorical_features=["kind"]), X)
    if isinstance(values[0], enum.Enum | type):
        message = "The categories of column kind cannot be saved: .*known"
        with pytest.raises(TypeError, match=message):
            sk_dae.save(fitted, path)
    try:
        sk_dae.save(fitted, path)
    except TypeError as error:
        assert "column kind" in str(error)
        assert not path.exists()
        return
    method = "predict" if hasattr(fitted, "predict") else "transform"
    expected = getattr(fitted, method)(X)
    np.testing.assert_array_equal(getattr(sk_dae.load(path), method)(X), expected)
