"""Columns that are not scaled: a warning after a training that ended badly."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingImputer,
    DenoisingOutlierDetector,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

SMALL = {"max_iter": 2, "random_state": 0}


def wide():
    """Return columns of unlike units."""
    return np.random.RandomState(0).normal(size=(60, 4)) * [1.0, 1.0, 1e6, 30.0]


@pytest.mark.parametrize(
    ("estimator", "method"),
    [
        (DenoisingAutoencoder(4, **SMALL), "fit"),
        (DenoisingAutoencoder(4, **SMALL), "partial_fit"),
        (DenoisingAutoencoder(4, loss="absolute_error", **SMALL), "fit"),
        (DenoisingAutoencoder(4, loss="huber", **SMALL), "fit"),
        (StackedDenoisingAutoencoder(4, pretrain_max_iter=2, **SMALL), "fit"),
        (
            StackedDenoisingAutoencoder(
                4, pretrain_max_iter=2, fine_tune=False, **SMALL
            ),
            "fit",
        ),
        (DenoisingAutoencoderClassifier(max_iter=2), "fit"),
    ],
    ids=str,
)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_matrix])
def test_widest_column_is_named_once(estimator, method, container):
    X = container(wide())
    if isinstance(estimator, DenoisingAutoencoderClassifier):
        estimator.set_params(autoencoder=DenoisingAutoencoder(4, **SMALL))
    with pytest.warns(
        UserWarning, match=r"column 2 is the widest.*StandardScaler"
    ) as w:
        getattr(estimator, method)(X, np.arange(60) % 2)
    assert len(w) == 1


def test_column_of_a_frame_is_named():
    X = pd.DataFrame(wide(), columns=list("abcd")).assign(b=np.nan)
    X.loc[:5, "b"] = 1.0
    with pytest.warns(UserWarning, match="column c is the widest"):
        DenoisingAutoencoder(4, **SMALL).fit(X)


def test_time_stamps_are_wide():
    X = np.column_stack([np.arange(60) / 60, 1.7e9 + np.arange(60)])
    with pytest.warns(UserWarning, match="column 1 is the widest"):
        DenoisingAutoencoder(4, **SMALL).fit(X)


@pytest.mark.parametrize(
    "estimator",
    [
        TabularDenoisingAutoencoder(4, **SMALL),
        DenoisingImputer(n_estimators=2, random_state=0),
        DenoisingOutlierDetector(random_state=0),
        DenoisingAutoencoder(4, loss="cosine", **SMALL),
    ],
    ids=repr,
)
@pytest.mark.usefixtures("quick_defaults")
def test_estimators_that_scale_inside_do_not_warn(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.fit(wide())


@pytest.mark.parametrize("n_epochs", [1, 5])
def test_usual_data_gives_no_warning(n_epochs):
    scaler = StandardScaler()
    sets = [load_digits().data[:300], load_iris().data]
    sets += [scaler.fit_transform(f().data) for f in (load_wine, load_breast_cancer)]
    counts = np.random.RandomState(0).poisson(200, size=(60, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for X in sets:
            DenoisingAutoencoder(4, max_iter=n_epochs, random_state=0).fit(X)
        for loss in ("poisson", "negative_binomial"):
            DenoisingAutoencoder(
                4, loss=loss, corruption="masking", max_iter=n_epochs, random_state=0
            ).fit(counts)
