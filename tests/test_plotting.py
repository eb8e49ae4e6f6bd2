"""The displays."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import ComposeNoise, DenoisingAutoencoder, GaussianNoise, MaskingNoise
from sk_dae.metrics import make_denoising_scorer
from sk_dae.plotting import LossCurveDisplay, ReconstructionDisplay


def make(**params):
    return DenoisingAutoencoder(**{"n_components": 3, "max_iter": 4, **params})


def test_loss_curves_are_those_of_the_estimator(table):
    dae = make(early_stopping=True).fit(table)
    display = LossCurveDisplay.from_estimator(dae, linewidth=3)
    train, valid = display.lines_
    np.testing.assert_array_equal(train.get_xdata(), [1, 2, 3, 4])
    np.testing.assert_array_equal(train.get_ydata(), dae.loss_curve_)
    np.testing.assert_array_equal(valid.get_ydata(), dae.validation_loss_curve_)
    assert train.get_linewidth() == 3
    assert display.ax_.get_yscale() == "log"
    assert "SquaredError" in display.ax_.get_ylabel()


def test_loss_curves_of_a_pipeline_go_into_given_axes(table):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    pipeline = make_pipeline(StandardScaler(), make()).fit(table)
    display = LossCurveDisplay.from_estimator(pipeline, ax=ax, log_scale=False)
    assert display.ax_ is ax
    assert len(display.lines_) == 1
    assert ax.get_yscale() == "linear"


def test_validation_curve_stands_at_the_last_epochs(table):
    dae = make(warm_start=True).fit(table)
    dae.set_params(early_stopping=True).fit(table)
    display = LossCurveDisplay.from_estimator(dae)
    epochs, losses = display.lines_[1].get_data()
    assert epochs[np.isfinite(losses)][0] == 5


def test_images_show_original_corrupted_and_denoised(digits):
    dae = make(noise_level=0.3, random_state=0).fit(digits[:200])
    display = ReconstructionDisplay.from_estimator(
        dae, digits, n_samples=5, image_shape=(8, 8)
    )
    assert display.axes_.shape == (3, 5)
    shown = [ax.images[0].get_array() for ax in display.axes_[:, 2]]
    np.testing.assert_array_equal(shown[0], display.original[2].reshape(8, 8))
    noise = display.corrupted - display.original
    assert noise.std() == pytest.approx(0.3, rel=0.15)
    np.testing.assert_allclose(
        shown[2], dae.denoise(display.corrupted)[2].reshape(8, 8), atol=1e-6
    )


def test_noise_of_a_pipeline_is_in_the_units_of_its_step(table):
    raw = table * 100
    pipeline = make_pipeline(StandardScaler(), make(noise_level=0.3)).fit(raw)
    display = ReconstructionDisplay.from_estimator(pipeline, raw, n_samples=60)
    assert (display.corrupted - display.original).std() == pytest.approx(30, rel=0.2)
    assert display.axes_.shape == (60,)


def test_any_transformer_can_be_shown_with_a_named_corruption(table):
    display = ReconstructionDisplay.from_estimator(
        PCA(2).fit(table), table, corruption="masking", noise_level=1.0, n_samples=2
    )
    assert not display.corrupted.any()
    still = ReconstructionDisplay.from_estimator(
        PCA(2).fit(table), table, corruption=None, n_samples=2
    )
    np.testing.assert_array_equal(still.corrupted, still.original)


@pytest.mark.parametrize("library", ["pandas", "polars", "sparse"])
def test_frames_and_sparse_rows_can_be_shown(table, library):
    X = {
        "pandas": lambda: pd.DataFrame(table, columns=list("abcde")),
        "polars": lambda: pl.DataFrame(dict(zip("abcde", table.T, strict=True))),
        "sparse": lambda: sp.csr_matrix(table),
    }[library]()
    for estimator in (make(), make_pipeline(StandardScaler(with_mean=False), make())):
        display = ReconstructionDisplay.from_estimator(estimator.fit(X), X)
        assert display.denoised.shape == (8, 5)


def test_a_search_stands_for_its_best_estimator(table):
    search = GridSearchCV(make(), {"noise_level": [0.1]}, cv=2).fit(table)
    assert len(LossCurveDisplay.from_estimator(search).loss_curve) == 4
    assert ReconstructionDisplay.from_estimator(search, table).axes_.shape == (8,)


def test_bad_arguments_of_displays_are_named(table):
    with pytest.raises(ValueError, match="image_shape must have a product of 5"):
        ReconstructionDisplay.from_estimator(
            make().fit(table), table, image_shape=(2, 2)
        )
    with pytest.raises(ValueError, match="corruption must be given"):
        ReconstructionDisplay.from_estimator(PCA(2).fit(table), table)
    with pytest.raises(TypeError, match=r"autoencoder, .*got PCA"):
        LossCurveDisplay.from_estimator(PCA(2).fit(table))


def test_displays_refuse_an_unfitted_estimator(table):
    for display in (LossCurveDisplay, ReconstructionDisplay):
        args = (table,) if display is ReconstructionDisplay else ()
        with pytest.raises(NotFittedError):
            display.from_estimator(make(), *args)


def test_displays_say_that_matplotlib_is_missing(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="matplotlib"):
        LossCurveDisplay([1.0, 0.5]).plot()
    with pytest.raises(ImportError, match="matplotlib"):
        ReconstructionDisplay.from_estimator(make().fit(table), table)


def outputs_of(estimator):
    """Return what transform gives, of an estimator and of its fitted corruption."""
    return [
        dict(getattr(part, "_sklearn_output_config", {}))
        for part in (estimator, estimator.corruption, estimator.corruption_)
    ]


@pytest.mark.parametrize(
    "process",
    [GaussianNoise(0.1), ComposeNoise([GaussianNoise(0.1), MaskingNoise(0.1)])],
    ids=["plain", "composed"],
)
@pytest.mark.parametrize("output", ["pandas", "polars", "default"])
def test_what_transform_gives_stays_as_the_user_set_it(table, process, output):
    frame = pd.DataFrame(table, columns=[f"x{i}" for i in range(table.shape[1])])
    process.set_output(transform=output)
    dae = make(corruption=process, random_state=0).fit(frame)
    dae.set_output(transform=output)
    dae.corruption_.set_output(transform=output)
    before = outputs_of(dae)
    ReconstructionDisplay.from_estimator(dae, frame)
    ReconstructionDisplay.from_estimator(dae, frame, corruption=process)
    LossCurveDisplay.from_estimator(dae)
    for corruption in (process, dae.corruption_):
        make_denoising_scorer(corruption)(dae, frame)
    assert outputs_of(dae) == before
    expected = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
    assert type(dae.corruption_.transform(frame)) is expected.get(output, np.ndarray)
    assert type(dae.transform(frame)) is expected.get(output, np.ndarray)
