"""Fixtures that several test modules share."""

import inspect

import matplotlib
import numpy as np
import pytest
from sklearn.datasets import load_digits

from sk_dae import DenoisingImputer, DenoisingOutlierDetector

matplotlib.use("Agg")


@pytest.fixture(scope="session")
def digits():
    """Digits with pixels in [0, 1], float32."""
    X = (load_digits().data / 16).astype(np.float32)
    X.flags.writeable = False
    return X


@pytest.fixture
def table():
    """A standardised table of 60 rows and 5 correlated columns."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 5))
    X += 0.1 * rng.normal(size=X.shape)
    return ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)


@pytest.fixture
def quick_defaults(monkeypatch):
    """Train the default autoencoder of an imputer or a detector in no time."""
    module = inspect.getmodule(DenoisingImputer)
    monkeypatch.setattr(module, "_FEW_ROWS_DEFAULTS", (2, 5))
    monkeypatch.setattr(module, "_MANY_ROWS_DEFAULTS", (2, 5))
    monkeypatch.setattr(inspect.getmodule(DenoisingOutlierDetector), "N_EPOCHS", 3)


@pytest.fixture(autouse=True)
def close_figures():
    """Close what a test has drawn."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def pytest_collection_modifyitems(items):
    """Mark the samples of the guides as slow: they train for long enough to show it."""
    for item in items:
        if item.path.suffix == ".rst":
            item.add_marker(pytest.mark.slow)
