"""Classes of all types come back as they were given, and saved ones too."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import sk_dae
from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderClassifier

X = np.random.RandomState(0).normal(size=(20, 3))
CODES = np.arange(20) % 2
DAYS = np.array([1, 3], "m8[D]")[CODES]

#: Labels, and the type of the classes.
LABELS = {
    "text": (np.array(["a", "bb"])[CODES], "<U2"),
    "text of polars": (pl.Series(["a", "bb"] * 10), "<U2"),
    "text of pandas": (pd.Series(["a", "bb"] * 10), object),
    "objects": (np.array(["a", "bb"], dtype=object)[CODES], object),
    "booleans": (CODES > 0, bool),
    "small integers": (CODES.astype("u1"), "u1"),
    "durations": (DAYS, "m8[D]"),
    "durations in ns": (DAYS.astype("m8[ns]"), "m8[ns]"),
    "durations in a list": (list(DAYS), "m8[D]"),
    "durations of pandas": (pd.Series(DAYS.astype("m8[ns]")), "m8[ns]"),
    "durations of Arrow": (
        pd.Series(DAYS.astype("m8[ns]")).astype("duration[ns][pyarrow]"),
        "m8[ns]",
    ),
    "durations of polars": (pl.Series(DAYS.astype("m8[us]")), "m8[us]"),
    "days": (np.array(["2020-01-01", "2020-01-02"], "M8[D]")[CODES], "M8[D]"),
}


def classifier(**params):
    autoencoder = DenoisingAutoencoder(2, max_iter=1)
    return DenoisingAutoencoderClassifier(
        autoencoder, max_iter=1, random_state=0, **params
    )


@pytest.mark.parametrize("kind", LABELS)
def test_classes_keep_their_type_in_predictions_and_in_a_file(kind, tmp_path):
    y, dtype = LABELS[kind]
    fitted = classifier().fit(X, y)
    sk_dae.save(fitted, tmp_path / "model")
    for model in (fitted, sk_dae.load(tmp_path / "model")):
        assert model.classes_.dtype == dtype
        assert model.predict(X).dtype == dtype
        assert set(model.classes_) == set(np.asarray(y))


def test_classes_that_no_file_holds_are_refused(tmp_path):
    if np.dtype("g") == np.dtype("d"):
        pytest.skip("a long double is a double here")
    fitted = classifier().fit(X, CODES.astype("g"))
    with pytest.raises(TypeError, match=r"classes_ cannot be saved.*longdouble|float"):
        sk_dae.save(fitted, tmp_path / "model")


@pytest.mark.parametrize("unit", ["h", "D", "ns"])
def test_duration_may_stand_for_no_label_in_any_unit(unit):
    unlabeled = np.timedelta64(1, "D").astype(f"m8[{unit}]")
    y = np.array([1, 2, 3], "m8[D]")[np.arange(20) % 3]
    fitted = classifier(unlabeled_value=unlabeled).fit(X, y)
    np.testing.assert_array_equal(fitted.classes_, np.array([2, 3], "m8[D]"))


@pytest.mark.parametrize(
    ("y", "missing"),
    [
        (DAYS, np.timedelta64("NaT")),
        (CODES.astype("M8[s]"), np.datetime64("NaT")),
        (np.array(["a", "bb"], dtype=object)[CODES], None),
        (CODES.astype(float), np.nan),
    ],
    ids=["durations", "times", "objects", "floats"],
)
@pytest.mark.parametrize("n_missing", [1, 2])
def test_missing_labels_are_counted(y, missing, n_missing):
    y = y.copy()
    y[:n_missing] = missing
    rows = "1 row" if n_missing == 1 else "2 rows"
    with pytest.raises(ValueError, match=rf"contains NaN or None in {rows}\."):
        classifier().fit(X, y)
    assert len(classifier(unlabeled_value=np.nan).fit(X, y).classes_) == 2
