"""The display of what each feature adds to the unusualness of rows."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import DenoisingAutoencoder, DenoisingOutlierDetector
from sk_dae.plotting import ContributionsDisplay


def make_detector():
    return DenoisingOutlierDetector(
        DenoisingAutoencoder(2, max_iter=2, random_state=0), random_state=0
    )


@pytest.fixture
def frame(table):
    return pd.DataFrame(table, columns=list("abcde"), index=np.arange(60) + 100)


def labels_of(ax, axis):
    return [label.get_text() for label in getattr(ax, f"get_{axis}ticklabels")()]


def test_one_row_has_a_bar_for_each_feature_the_greatest_first(frame):
    detector = make_detector().fit(frame)
    row = frame.iloc[[0]].copy()
    row["c"] = 20.0
    display = ContributionsDisplay.from_estimator(detector, row, max_features=3)
    parts = detector.feature_contributions(row)[0]
    order = np.argsort(-parts)
    np.testing.assert_array_equal(display.features_, order[:3])
    (bars,) = display.bars_
    widths = [bar.get_width() for bar in bars]
    np.testing.assert_allclose(widths[:3], parts[order[:3]])
    np.testing.assert_allclose(sum(widths), -detector.score_samples(row)[0])
    names = frame.columns[order[:3]].tolist()
    assert labels_of(display.ax_, "y") == [*names, "2 others"]
    assert names[0] == "c"
    assert "row 100" in display.ax_.get_title()
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize("library", ["pandas", "polars", "array"])
def test_parts_of_several_rows_add_up_to_their_scores(frame, library):
    detector = make_detector().fit(frame)
    X = {"pandas": frame, "polars": pl.from_pandas(frame), "array": frame.to_numpy()}
    rows = X[library][:4]
    if library == "array":
        detector = make_detector().fit(rows)
    display = ContributionsDisplay.from_estimator(
        detector, rows, max_features=2, alpha=0.5
    )
    assert len(display.bars_) == 3
    for i, score in enumerate(detector.score_samples(rows)):
        last = display.bars_[-1][i]
        np.testing.assert_allclose(last.get_x() + last.get_width(), -score)
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    names = "abcde" if library != "array" else [f"feature {i}" for i in range(5)]
    assert labels == [*(names[j] for j in display.features_), "3 others", "threshold"]
    ticks = labels_of(display.ax_, "y")
    assert ticks == [str(i + 100 * (library == "pandas")) for i in range(4)]
    assert display.bars_[0][0].get_alpha() == 0.5


def test_all_features_can_be_shown_in_given_axes(frame):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    detector = make_detector().fit(frame)
    display = ContributionsDisplay.from_estimator(
        detector, frame[:2], ax=ax, max_features=None
    )
    assert display.ax_ is ax
    assert len(display.bars_) == 5
    # A stored display can be drawn anew.
    assert display.plot().ax_ is not ax


def test_set_output_and_pipelines_keep_the_names(frame):
    detector = make_detector().set_output(transform="pandas").fit(frame)
    display = ContributionsDisplay.from_estimator(detector, frame[:1])
    assert isinstance(display.contributions, np.ndarray)
    pipeline = make_pipeline(StandardScaler(), make_detector()).fit(frame)
    display = ContributionsDisplay.from_estimator(pipeline, frame[:1])
    assert sorted(labels_of(display.ax_, "y")) == list("abcde")
    pipeline = make_pipeline(PCA(2), make_detector()).fit(frame)
    display = ContributionsDisplay.from_estimator(pipeline, frame[:1])
    assert sorted(labels_of(display.ax_, "y")) == ["pca0", "pca1"]


def test_a_display_can_be_made_of_numbers_alone():
    display = ContributionsDisplay([[1.0, 2.0]]).plot()
    assert labels_of(display.ax_, "y") == ["feature 1", "feature 0"]
    assert display.ax_.get_title() == "minus the score: 3"


def test_what_has_no_contributions_is_refused(frame, monkeypatch):
    with pytest.raises(TypeError, match=r"outlier detector .*got PCA"):
        ContributionsDisplay.from_estimator(PCA(2).fit(frame), frame)
    with pytest.raises(NotFittedError):
        ContributionsDisplay.from_estimator(make_detector(), frame)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="matplotlib"):
        ContributionsDisplay([[1.0]]).plot()
