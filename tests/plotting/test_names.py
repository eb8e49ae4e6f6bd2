"""Names of the features in displays of rows."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import DenoisingAutoencoder
from sk_dae.plotting import ReconstructionDisplay


def shown(display):
    return [text.get_text() for text in display.axes_[-1].get_xticklabels()]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_lines_are_labelled_by_the_names_of_the_columns(table, library):
    X = pd.DataFrame(table, columns=list("abcde"))
    X = X if library == "pandas" else pl.from_pandas(X)
    dae = DenoisingAutoencoder(2, max_iter=2, random_state=0)
    pipeline = make_pipeline(StandardScaler(), dae).fit(X)
    display = ReconstructionDisplay.from_estimator(pipeline, X, n_samples=2)
    assert shown(display) == list("abcde")
    assert shown(display.plot()) == list("abcde")


def test_many_and_long_names_have_room():
    rows = np.zeros((1, 100))
    names = [f"a long name {i}" for i in range(100)]
    display = ReconstructionDisplay(rows, rows, rows, feature_names=names).plot()
    assert shown(display) == names[::3]
    label = display.axes_[-1].get_xticklabels()[0]
    assert label.get_rotation() == 90
    plain = ReconstructionDisplay(rows, rows, rows).plot()
    assert display.figure_.get_figheight() > plain.figure_.get_figheight()
