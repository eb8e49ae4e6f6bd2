"""The peak signal-to-noise ratio and the denoising scorer."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import DenoisingAutoencoder, GaussianNoise
from sk_dae.metrics import make_denoising_scorer, peak_signal_noise_ratio


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


def test_scorer_measures_what_it_says(table):
    dae = DenoisingAutoencoder(3, max_iter=5, random_state=0).fit(table)
    noisy = GaussianNoise(0.5, random_state=3).fit_transform(table)
    expected = -np.square(table - dae.denoise(noisy)).mean()
    scorer = make_denoising_scorer("gaussian", 0.5, random_state=3)
    assert scorer(dae, table) == pytest.approx(expected, rel=1e-6)
    assert scorer(dae, table) == scorer(dae, table, np.zeros(60))


def test_scorer_hands_the_same_rows_to_every_candidate(table):
    seen = []

    class Spy:
        def transform(self, X):
            seen.append(X)
            return X

        inverse_transform = staticmethod(lambda X: X)

    scorer = make_denoising_scorer("swap", 0.3)
    scores = {scorer(Spy(), table) for _ in range(3)}
    assert len(scores) == 1
    np.testing.assert_array_equal(seen[0], seen[2])
    assert not np.array_equal(seen[0], table)


@pytest.mark.parametrize(
    "estimator",
    [PCA(2), make_pipeline(StandardScaler(), DenoisingAutoencoder(2, max_iter=2))],
)
@pytest.mark.parametrize("library", ["numpy", "pandas", "polars"])
def test_scorer_serves_frames_pipelines_and_pca(table, estimator, library):
    names = list("abcde")
    X = {
        "numpy": table,
        "pandas": pd.DataFrame(table, columns=names),
        "polars": pl.DataFrame(dict(zip(names, table.T, strict=True))),
    }[library]
    score = make_denoising_scorer("gaussian", 0.1)(estimator.fit(X), X)
    assert -1.2 < score < 0


def test_scorer_serves_missing_values_and_sparse_rows(table):
    dae = DenoisingAutoencoder(2, max_iter=2, random_state=0).fit(table)
    scorer = make_denoising_scorer("masking", 0.5)
    holes = table.copy()
    holes[0, 0] = np.nan
    assert np.isfinite(scorer(dae, holes))
    assert scorer(dae, sp.csr_array(table)) == pytest.approx(scorer(dae, table))


def test_scorer_can_choose_the_noise_where_score_cannot(digits):
    X = digits[:700]
    grid = {"noise_level": [0.01, 0.5]}
    dae = DenoisingAutoencoder(max_iter=30, random_state=0)
    copied = GridSearchCV(dae, grid, cv=2).fit(X)
    restored = GridSearchCV(
        dae, grid, cv=2, scoring=make_denoising_scorer("gaussian", 0.5)
    ).fit(X)
    assert copied.best_params_ == {"noise_level": 0.01}
    assert restored.best_params_ == {"noise_level": 0.5}


def test_scorer_needs_the_way_back(table):
    pipeline = make_pipeline(PCA(2), LogisticRegression())
    pipeline.fit(table, np.arange(60) % 2)
    with pytest.raises(TypeError, match=r"pipeline\[:-1\]"):
        make_denoising_scorer()(pipeline, table)
    assert make_denoising_scorer()(pipeline[:-1], table) < 0


def test_scorer_pickles_and_shows_its_arguments():
    scorer = pickle.loads(pickle.dumps(make_denoising_scorer("swap", 0.1)))
    assert repr(scorer) == "make_denoising_scorer('swap', 0.1, random_state=0)"
    with pytest.raises(ValueError, match="corruption"):
        make_denoising_scorer("salt")
    with pytest.raises(ValueError, match="random_state"):
        make_denoising_scorer(random_state=None)
