"""A detector validates its rows once in a call."""

import numpy as np
import pandas as pd
import pytest

from helpers import record_validations
from sk_dae import DenoisingAutoencoder, DenoisingOutlierDetector


def make_X():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 4))
    X[rng.uniform(size=X.shape) < 0.1] = np.nan
    return X


def small(cls=DenoisingAutoencoder):
    return cls(4, hidden_layer_sizes=(8,), max_iter=2)


class Plain:
    """An autoencoder that has nothing but a fit and a denoise."""

    def get_params(self, deep=True):
        """Return no parameters."""
        return {}

    def fit(self, X):
        """Learn the means."""
        self.means = np.nanmean(X, axis=0)

    def denoise(self, X):
        """Return the means, which is a poor restoration."""
        return np.tile(self.means, (len(X), 1))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
@pytest.mark.parametrize("contamination", ["auto", 0.1])
def test_rows_are_validated_once(container, contamination, monkeypatch):
    X = container(make_X())
    detector = DenoisingOutlierDetector(
        small(), contamination=contamination, random_state=0
    )
    validations = record_validations(monkeypatch)
    detector.fit(X)
    assert 1 <= len(validations) <= 3
    for method in (
        detector.score_samples,
        detector.decision_function,
        detector.predict,
        detector.feature_contributions,
    ):
        validations.clear()
        method(X)
        assert validations == [detector]


def test_autoencoder_needs_no_more_than_fit_and_denoise():
    X = make_X()
    detector = DenoisingOutlierDetector(Plain(), random_state=0).fit(X)
    far = np.array([[100.0, -100.0, 100.0, -100.0]])
    assert detector.score_samples(far) < detector.score_samples(X).min()


def test_a_denoise_that_a_subclass_defines_is_called():
    class Zeros(DenoisingAutoencoder):
        def denoise(self, X):
            return np.zeros_like(X)

    X = make_X()
    detector = DenoisingOutlierDetector(
        small(Zeros), scoring_noise_level=0.0, n_folds=None
    )
    detector.fit(X)
    scaled = (X - np.nanmean(X, axis=0)) / np.nanstd(X, axis=0)
    order = np.argsort(-np.nanmean(scaled**2, axis=1))
    assert set(np.argsort(detector.score_samples(X))[:5]) & set(order[:5])
