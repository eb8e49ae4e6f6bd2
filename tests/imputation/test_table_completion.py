"""Parts of mixed rows, and what is learned of their predictions."""

import numpy as np
import pandas as pd
import pytest

from sk_dae import TabularDenoisingAutoencoder
from sk_dae.imputation._table_completion import TableCompletion, _learn_from, _Parts
from sk_dae.tables.encoder import TableEncoder

NAN = np.nan
#: Categories, numbers, one category alone, categories.
N_CATEGORIES = (3, 0, 1, 2, 0)


def test_parts_are_numbers_and_indicators_but_the_first():
    parts = _Parts(N_CATEGORIES)
    rows = np.array(
        [[0, 1.5, 0, 1, -2], [2, NAN, 0, 0, 7], [NAN, 0, NAN, NAN, 0], [-1, 0, 0, 1, 0]]
    )
    expected = [
        [1.5, -2, 0, 0, 1],
        [NAN, 7, 0, 1, 0],
        [0, 0, NAN, NAN, NAN],
        # A category that was never seen is not known to be any.
        [0, 0, NAN, NAN, 1],
    ]
    np.testing.assert_array_equal(parts.split(rows), expected)


def test_parts_go_together_again():
    parts = _Parts(N_CATEGORIES)
    rng = np.random.RandomState(0)
    rows = np.column_stack(
        [rng.randint(n, size=50) if n else rng.normal(size=50) for n in N_CATEGORIES]
    ).astype(np.float32)
    np.testing.assert_array_equal(parts.join(parts.split(rows)), rows)


def test_probabilities_are_positive_and_the_first_is_what_is_left():
    parts = _Parts((3,))
    p = parts.probabilities(np.array([[0.5, 0.2], [1.2, -0.1]]), 0)
    np.testing.assert_allclose(p[0], [0.3, 0.5, 0.2])
    assert (p > 0).all()
    assert p[1].argmax() == 1


def test_restored_loses_the_first_category_of_each_column():
    # Numbers, then 3, 1 and 2 probabilities.
    restored = np.arange(8.0)[None]
    kept = _Parts(N_CATEGORIES).split_restored(restored)
    np.testing.assert_array_equal(kept, [[0, 1, 3, 4, 7]])


def test_mask_of_cells_covers_their_parts():
    cells = np.array([[True, False, True, False, True]])
    mask = _Parts(N_CATEGORIES).mask(cells)
    np.testing.assert_array_equal(mask, [[False, True, True, True, False]])


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_weight_is_found(weight):
    rng = np.random.RandomState(0)
    parts = _Parts((0, 2))
    index = np.repeat([0, 1], 5000)
    expected, restored = rng.normal(size=(2, 10_000))
    values = expected + weight * (restored - expected) + rng.normal(size=10_000)
    found, errors = _learn_from(
        index, values, expected, restored, np.ones(10_000), parts, rng
    )
    assert abs(found - weight) < 0.05
    assert errors[1] is None
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
    completion = TableCompletion.fit(X, table, rows, autoencoder, 2, rng)
    assert completion.weight < 0.2
    hidden = rows.copy()
    hidden[:, 1] = NAN
    assert np.abs(completion.fill(hidden) - rows)[:, 1].mean() < 0.2
