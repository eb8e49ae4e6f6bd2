"""A predictor validates its rows once in a call, and reads a table once."""

import numpy as np
import pandas as pd
import pytest

from helpers import record_validations
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    TabularDenoisingAutoencoder,
)
from sk_dae.tables.encoder import TableEncoder


def make_X():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
    X["kind"] = np.where(X["a"] > 0, "up", "down")
    return X


@pytest.mark.parametrize(
    "cls", [DenoisingAutoencoder, TabularDenoisingAutoencoder], ids=["rows", "table"]
)
@pytest.mark.parametrize("pretrain", [True, False])
def test_rows_are_validated_and_read_once(cls, pretrain, monkeypatch):
    X = make_X()
    y = X["kind"]
    if cls is DenoisingAutoencoder:
        X = X[["a", "b", "c"]]
    model = DenoisingAutoencoderClassifier(
        cls(4, hidden_layer_sizes=(8,), max_iter=2), max_iter=2, pretrain=pretrain
    )
    reads = []
    transform = TableEncoder.transform
    monkeypatch.setattr(
        TableEncoder, "transform", lambda *args: (reads.append(1), transform(*args))[1]
    )
    validations = record_validations(monkeypatch)
    model.fit(X, y)
    assert validations == [model]
    for method in (model.predict, model.predict_proba, model.decision_function):
        validations.clear()
        method(X)
        assert validations == [model]
    assert len(reads) == (4 if cls is TabularDenoisingAutoencoder else 0)
    np.testing.assert_array_equal(model.autoencoder_.feature_names_in_, X.columns)
