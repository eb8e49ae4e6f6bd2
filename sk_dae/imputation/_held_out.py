"""Held-out rows with masked cells, and the errors of predictions there."""

from __future__ import annotations

import numpy as np

__all__ = [
    "draw_errors",
    "draw_masks",
    "errors_by_column",
    "sampling_rounds",
    "split_folds",
]

#: Folds of the rows; each autoencoder is trained without one of them.
_N_FOLDS = 5

#: Held-out rows of a fold that errors are measured on, at most, and how many cells
#: are wanted of all columns, for which the rows are masked more than once.
_HELD_OUT_ROWS = 3000
_HELD_OUT_CELLS = 20_000
_MOST_DRAWS = 20

#: Fractions of the cells that are masked in a held-out row: between these.
_MASKED = (0.05, 0.5)

#: Errors that are kept for each column, at most.
_KEPT_ERRORS = 4000

#: Errors on each side of a prediction that a draw chooses from: a part of all, within
#: bounds.
_WINDOW_PART = 40
_WINDOW = (10, 50)

#: Rounds in which the missing cells of a row are drawn, at most.
_MOST_ROUNDS = 32


def split_folds(n_samples, n_members, random_state):
    """Yield the training rows of each member, and the rows left out.

    Parameters
    ----------
    n_samples, n_members : int
        Number of rows, and of members.

    random_state : RandomState
        Shuffles the rows.

    Yields
    ------
    train, left_out : ndarray of int
        Indices of rows. A single row has to serve for both.
    """
    n_folds = min(max(_N_FOLDS, n_members), n_samples)
    fold = random_state.permutation(n_samples) % n_folds
    for k in range(min(n_members, n_folds)):
        train = np.flatnonzero(fold != k) if n_folds > 1 else np.arange(n_samples)
        yield train, np.flatnonzero(fold == k)


def draw_masks(X, random_state):
    """Yield a bounded number of rows, with masks of cells to hide.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows; NaN stands for a missing value.

    random_state : RandomState
        Draws the rows and the masks.

    Yields
    ------
    rows : ndarray of shape (n_rows, n_features)
        The same in each turn.

    masked : ndarray of shape (n_rows, n_features), dtype bool
        Some of the observed cells.
    """
    if len(X) > _HELD_OUT_ROWS:
        X = X[random_state.permutation(len(X))[:_HELD_OUT_ROWS]]
    n_draws = int(np.clip(_HELD_OUT_CELLS // max(1, X.size), 1, _MOST_DRAWS))
    for _ in range(n_draws):
        rate = random_state.uniform(*_MASKED, size=(len(X), 1))
        yield X, (random_state.uniform(size=X.shape) < rate) & ~np.isnan(X)


def errors_by_column(columns, predicted, error, n_features, random_state):
    """Return the errors of each column in the order of its predictions.

    Parameters
    ----------
    columns, predicted, error : ndarray of shape (n_cells,)
        For each cell its column, its prediction, and its error as a multiple of the
        expected standard deviation.

    n_features : int
        Number of columns.

    random_state : RandomState
        Draws those that are kept, and stands in where a column has none.

    Returns
    -------
    errors : list of ndarray of shape (2, n_errors), dtype float32
        For each column the predictions, in ascending order, and the errors.
    """
    errors = []
    if not n_features:
        return errors
    order = np.argsort(columns, kind="stable")
    ends = np.searchsorted(columns[order], np.arange(1, n_features))
    for cells in np.split(order, ends):
        if len(cells) > _KEPT_ERRORS:
            cells = cells[random_state.permutation(len(cells))[:_KEPT_ERRORS]]
        if not len(cells):
            # Never masked, for want of observed values: as large as expected.
            normal = random_state.standard_normal(200)
            errors.append(np.stack([np.zeros(200), normal]).astype(np.float32))
            continue
        cells = cells[np.argsort(predicted[cells], kind="stable")]
        errors.append(np.stack([predicted[cells], error[cells]]))
    return errors


def draw_errors(errors, predicted, random_state):
    """Draw errors that were made near predictions.

    Parameters
    ----------
    errors : ndarray of shape (2, n_errors)
        The errors of a column, as :func:`errors_by_column` returns them.

    predicted : ndarray of shape (n_cells,)
        Predictions.

    random_state : RandomState
        The source of the draws.

    Returns
    -------
    drawn : ndarray of shape (n_cells,)
        An error for each prediction.
    """
    predictions, made = errors
    n = len(made)
    width = int(np.clip(n // _WINDOW_PART, *_WINDOW))
    first = np.searchsorted(predictions, predicted) - width
    first = np.clip(first, 0, max(0, n - 2 * width))
    return made[first + random_state.randint(min(2 * width, n), size=len(predicted))]


def sampling_rounds(missing, random_state):
    """Yield the masks of the cells that are drawn one round after another.

    Parameters
    ----------
    missing : ndarray of shape (n_samples, n_features), dtype bool
        The cells to draw.

    random_state : RandomState
        Draws the order of each row's cells.

    Yields
    ------
    cells : ndarray of shape (n_samples, n_features), dtype bool
        The cells of a round.
    """
    # The place of each missing cell in the order of its row.
    order = np.where(missing, random_state.uniform(size=missing.shape), np.inf)
    rank = order.argsort(axis=1).argsort(axis=1)
    most = missing.sum(axis=1).max(initial=0)
    n_rounds = min(most, _MOST_ROUNDS)
    if n_rounds:
        rank = rank * n_rounds // most
    for r in range(n_rounds):
        yield missing & (rank == r)
