"""Displays of images and of filters."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sk_dae import (
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    StackedDenoisingAutoencoder,
)
from sk_dae.plotting import FiltersDisplay, ReconstructionDisplay

SMALL = {"max_iter": 1, "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def images(*shape):
    return np.random.default_rng(0).uniform(size=(10, *shape))


def of_images(**params):
    return ConvolutionalDenoisingAutoencoder(2, n_filters=3, **SMALL, **params)


@pytest.mark.parametrize(
    ("params", "shape", "drawn"),
    [
        ({}, (6, 5), (6, 5)),
        ({"channel_axis": -1}, (6, 5, 3), (6, 5, 3)),
        ({"channel_axis": 0}, (3, 6, 5), (6, 5, 3)),
        ({"channel_axis": 0}, (1, 6, 5), (6, 5)),
    ],
)
def test_images_are_drawn_as_they_are(params, shape, drawn):
    X = images(*shape)
    dae = of_images(corruption=None, **params).fit(X)
    for given in (X, X.reshape(10, -1)):
        display = ReconstructionDisplay.from_estimator(dae, given, n_samples=4)
        assert display.axes_.shape == (3, 4)
        chosen = np.random.RandomState(0).permutation(10)[0]
        shown = np.asarray(display.axes_[0, 0].get_images()[0].get_array())
        assert shown.shape == drawn
        expected = X[chosen]
        if drawn != shape:
            expected = np.moveaxis(expected, 0, -1).reshape(drawn)
        if len(drawn) == 3:
            all_shown = X[np.random.RandomState(0).permutation(10)[:4]]
            low, high = all_shown.min(), all_shown.max()
            expected = (expected - low) / (high - low)
        np.testing.assert_allclose(shown, expected)


def test_signals_are_drawn_as_lines():
    X = images(12)
    display = ReconstructionDisplay.from_estimator(of_images().fit(X), X, n_samples=3)
    assert display.axes_.shape == (3,)


@pytest.mark.parametrize("cls", [DenoisingAutoencoder, StackedDenoisingAutoencoder])
def test_filters_of_a_perceptron_have_the_shape_of_images(cls):
    X = images(30)
    dae = cls(3, hidden_layer_sizes=(12,), **SMALL).fit(X)
    display = FiltersDisplay.from_estimator(dae, image_shape=(6, 5), n_filters=11)
    assert display.axes_.shape == (2, 10)
    assert display.filters.shape == (11, 6, 5)
    weight = dae.net_.module_.encoder[0].weight.detach().numpy()
    # The one of the least length is left out.
    kept = np.delete(weight, np.square(weight).sum(axis=1).argmin(), axis=0)
    np.testing.assert_array_equal(display.filters.reshape(11, 30), kept)
    shown = display.axes_[0, 0].get_images()[0]
    assert shown.get_clim() == pytest.approx((-abs(kept[0]).max(), abs(kept[0]).max()))
    assert not display.axes_[1, 1].axison
    lines = FiltersDisplay.from_estimator(dae)
    assert lines.filters.shape == (12, 30) and len(lines.axes_[0, 0].lines) == 1


@pytest.mark.parametrize(
    ("params", "shape", "filters"),
    [
        ({}, (6, 5), (3, 3, 3)),
        ({"channel_axis": -1, "kernel_size": 2}, (6, 5, 3), (3, 2, 2, 3)),
        ({}, (12,), (3, 3)),
        ({"channel_axis": -1}, (12, 2), (3, 3, 2)),
    ],
)
def test_filters_of_convolutions_need_no_shape(params, shape, filters):
    dae = of_images(**params).fit(images(*shape))
    display = FiltersDisplay.from_estimator(dae)
    assert display.filters.shape == filters


def test_filters_are_found_in_pipelines_and_predictors():
    X, y = images(12), np.arange(10) % 2
    dae = DenoisingAutoencoder(3, hidden_layer_sizes=(4,), **SMALL)
    pipeline = make_pipeline(dae, LogisticRegression()).fit(X, y)
    assert FiltersDisplay.from_estimator(pipeline).filters.shape == (4, 12)
    classifier = DenoisingAutoencoderClassifier(dae, **SMALL).fit(X, y)
    assert FiltersDisplay.from_estimator(classifier).filters.shape == (4, 12)


def test_what_has_no_filters_is_refused():
    X = images(12)
    with pytest.raises(TypeError, match="PCA"):
        FiltersDisplay.from_estimator(PCA(2).fit(X))
    dae = DenoisingAutoencoder(3, hidden_layer_sizes=(4,), **SMALL).fit(X)
    with pytest.raises(ValueError, match="product of 12"):
        FiltersDisplay.from_estimator(dae, image_shape=(3, 3))
