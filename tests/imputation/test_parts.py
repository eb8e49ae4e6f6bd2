"""Rows of mixed tables taken apart into numbers and indicators."""

import numpy as np

from sk_dae.imputation._parts import TableParts

NAN = np.nan
#: Categories, numbers, one category alone, categories.
N_CATEGORIES = (3, 0, 1, 2, 0)


def test_parts_are_numbers_and_indicators_but_the_first():
    parts = TableParts(N_CATEGORIES)
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
    parts = TableParts(N_CATEGORIES)
    rng = np.random.RandomState(0)
    rows = np.column_stack(
        [rng.randint(n, size=50) if n else rng.normal(size=50) for n in N_CATEGORIES]
    ).astype(np.float32)
    np.testing.assert_array_equal(parts.join(parts.split(rows)), rows)


def test_probabilities_are_positive_and_the_first_is_what_is_left():
    parts = TableParts((3,))
    p = parts.probabilities(np.array([[0.5, 0.2], [1.2, -0.1]]), 0)
    np.testing.assert_allclose(p[0], [0.3, 0.5, 0.2])
    assert (p > 0).all()
    assert p[1].argmax() == 1


def test_restored_loses_the_first_category_of_each_column():
    # Numbers, then 3, 1 and 2 probabilities.
    restored = np.arange(8.0)[None]
    kept = TableParts(N_CATEGORIES).drop_first(restored)
    np.testing.assert_array_equal(kept, [[0, 1, 3, 4, 7]])


def test_mask_of_cells_covers_their_parts():
    cells = np.array([[True, False, True, False, True]])
    mask = TableParts(N_CATEGORIES).mask(cells)
    np.testing.assert_array_equal(mask, [[False, True, True, True, False]])
