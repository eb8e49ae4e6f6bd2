"""Weights and errors that are learned from masked cells of held-out rows."""

import numpy as np
import pandas as pd
import pytest

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
)
from sk_dae.imputation._cross_fitting import CrossFittedCompletion, learn_from_errors
from sk_dae.imputation._parts import NumberParts, TableParts
from sk_dae.tables.encoder import TableEncoder

NAN = np.nan


@pytest.mark.parametrize("parts", [TableParts((0, 2)), NumberParts(2)])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_weight_is_found(weight, parts):
    rng = np.random.RandomState(0)
    index = np.repeat([0, 1], 5000)
    expected, restored = rng.normal(size=(2, 10_000))
    values = expected + weight * (restored - expected) + rng.normal(size=10_000)
    found, errors = learn_from_errors(
        index, values, expected, restored, np.ones(10_000), parts, rng
    )
    assert abs(found - weight) < 0.05
    assert (errors[1] is None) == (not parts.is_number(1))
    assert errors[0].shape == (2, 4000)


def test_predictions_of_a_useless_net_give_way_to_the_linear_guess():
    rng = np.random.RandomState(0)
    x = rng.normal(size=400)
    X = pd.DataFrame({"x": x, "y": 2 * x, "sign": np.where(x > 0, "plus", "minus")})
    autoencoder = TabularDenoisingAutoencoder(
        1,
        hidden_layer_sizes=(),
        corruption="masking",
        max_iter=1,
        learning_rate_init=1e-9,
    )
    table = TableEncoder("standard").fit(X)
    rows = table.transform(X)
    completion = CrossFittedCompletion.fit(rows, autoencoder, 2, rng, table=table)
    assert completion.weight < 0.2
    hidden = rows.copy()
    hidden[:, 1] = NAN
    assert np.abs(completion.fill(hidden) - rows)[:, 1].mean() < 0.2


def test_each_autoencoder_is_trained_on_all_rows_but_a_fifth():
    seen = []

    class Spy(DenoisingAutoencoder):
        def fit(self, X, y=None, **params):
            seen.append(len(X))
            return super().fit(X, y, **params)

    X = np.random.RandomState(0).normal(size=(50, 3))
    X[::5, 0] = NAN
    DenoisingImputer(Spy(2, max_iter=1), n_estimators=2).fit(X)
    assert seen == [40, 40]
