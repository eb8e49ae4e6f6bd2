"""Loss curves of estimators with autoencoders inside."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
)
from sk_dae.plotting import LossCurveDisplay


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 4, "random_state": 0, **params}
    )


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_an_imputer_shows_the_curves_of_its_members(table, early_stopping):
    imputer = DenoisingImputer(
        make(early_stopping=early_stopping), n_estimators=3, random_state=0
    ).fit(table)
    display = LossCurveDisplay.from_estimator(imputer)
    assert len(display.lines_) == 3 * (1 + early_stopping)
    for line, member in zip(display.lines_, imputer.estimators_, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), member.loss_curve_)
    for line, member in zip(display.lines_[3:], imputer.estimators_, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), member.validation_loss_curve_)
    kinds = ["training of 3 autoencoders"]
    if early_stopping:
        kinds += ["validation of 3 autoencoders", "best epochs"]
    assert legend_of(display) == kinds
    # Those of a kind are of one color.
    assert len({line.get_color() for line in display.lines_[:3]}) == 1


def test_a_detector_shows_the_curve_of_its_autoencoder(table):
    detector = DenoisingOutlierDetector(make(), random_state=0).fit(table)
    display = LossCurveDisplay.from_estimator(detector)
    assert display.loss_curve == detector.autoencoder_.loss_curve_
    assert legend_of(display) == ["training"]
    frozen = DenoisingOutlierDetector(FrozenEstimator(make().fit(table))).fit(table)
    assert len(LossCurveDisplay.from_estimator(frozen).loss_curve) == 4


def test_pipelines_are_looked_through(table):
    imputer = DenoisingImputer(make(), n_estimators=2, random_state=0)
    detector = DenoisingOutlierDetector(make(max_iter=3), random_state=0)
    pipeline = make_pipeline(StandardScaler(), detector).fit(table)
    assert len(LossCurveDisplay.from_estimator(pipeline).loss_curve) == 3
    pipeline = make_pipeline(imputer, make(max_iter=2)).fit(table)
    assert len(LossCurveDisplay.from_estimator(pipeline).loss_curve) == 2
    y = np.arange(60) % 2
    classifier = DenoisingAutoencoderClassifier(make(), max_iter=5, random_state=0)
    pipeline = make_pipeline(StandardScaler(), classifier).fit(table, y)
    assert len(LossCurveDisplay.from_estimator(pipeline).loss_curve) == 5


def test_estimators_without_curves_are_refused(table):
    detector = DenoisingOutlierDetector(
        MarginalizedDenoisingAutoencoder(noise_level=0.3)
    ).fit(table)
    with pytest.raises(TypeError, match=r"loss curve .*got Marginalized"):
        LossCurveDisplay.from_estimator(detector)
    empty = DenoisingImputer(make(), keep_empty_features=True)
    empty.fit(np.full((4, 2), np.nan))
    with pytest.raises(ValueError, match="nothing was observed"):
        LossCurveDisplay.from_estimator(empty)
