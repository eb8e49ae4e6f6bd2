"""Scorers of denoising and imputation, for model selection."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import (
    Interval,
    MissingValues,
    StrOptions,
    validate_params,
)

from ..backend.suggestions import with_suggestions
from ..corruption import CORRUPTIONS, BaseCorruption, corrupt_alike, make_corruption
from ..data.images import as_dtype
from ..tables.checks import columns_without_numbers, missing_cells
from ..tables.comparing import mean_error
from ..tables.encoder import TableEncoder
from ..tables.frames import is_frame, is_polars
from ..tables.hiding import hide_cells
from ..tables.reading import columns_of
from ..tabular import CORRUPTIONS as TABLE_CORRUPTIONS

__all__ = ["make_denoising_scorer", "make_imputation_scorer"]


@with_suggestions
@validate_params(
    {
        "corruption": [StrOptions(set(CORRUPTIONS)), BaseCorruption, callable],
        "noise_level": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
            "array-like",
            dict,
        ],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def make_denoising_scorer(corruption="gaussian", noise_level="auto", *, random_state=0):
    """Make a scorer that corrupts rows and measures how well they are restored.

    The score of an estimator is minus the mean squared error of
    ``inverse_transform(transform(corrupt(X)))`` against `X`. The corruption belongs to
    the scorer and not to the estimator, and is the same draw for every candidate, so
    that candidates trained with different noise, pipelines and other transformers
    such as PCA are judged by the same rows.

    Images, as lists or arrays of more than two axes, are scored by a denoiser such as
    :class:`~sk_dae.ResidualDenoiser`, or a pipeline of transformers of images that ends
    in one: minus the mean squared error of the observed pixels of
    ``transform(corrupt(images))``. Corruption acts on each value by itself, and images
    keep their dtype: integers are rounded and clipped.

    A table with categories or times is corrupted as by
    :class:`~sk_dae.TabularDenoisingAutoencoder`, by "swap" or "masking", or by an
    instance that works on its numeric form. Its score is minus the mean error of its
    observed cells: the squared error of numbers and times over the variance of their
    column, and 1 for a wrong category.

    Parameters
    ----------
    corruption : str, BaseCorruption or callable, default="gaussian"
        Corruption of the rows; as the parameter of
        :class:`~sk_dae.DenoisingAutoencoder`. It acts on what the scored estimator is
        given: before the scaler of a pipeline, in the units of the raw data. Where
        columns differ in scale, give a level for each, or scale the data first.

    noise_level : "auto", float, array-like of shape (n_features,) or dict, \
            default="auto"
        The level, where `corruption` is a string; "auto" is the default of the process,
        as in :class:`~sk_dae.DenoisingAutoencoder`. Beside an instance or a callable,
        which carries its own, only "auto" is allowed.

    random_state : int, default=0
        Seeds the corruption.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, with an estimator that has
        ``transform`` and ``inverse_transform``; greater is better.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sk_dae.metrics import make_denoising_scorer
    >>> X = load_digits().data / 16
    >>> scorer = make_denoising_scorer("gaussian", 0.5)
    >>> search = GridSearchCV(PCA(), {"n_components": [1, 6, 64]}, scoring=scorer)
    >>> search.fit(X).best_params_
    {'n_components': 6}
    """
    # Refuses what does not go together.
    make_corruption(corruption, noise_level)
    return _DenoisingScorer(corruption, noise_level, random_state)


class _DenoisingScorer:
    """A class, since a closure would not reach the workers of a parallel search."""

    def __init__(self, corruption, noise_level, random_state):
        self.corruption = corruption
        self.noise_level = noise_level
        self.random_state = random_state

    def __repr__(self):
        return (
            f"make_denoising_scorer({self.corruption!r}, {self.noise_level!r}, "
            f"random_state={self.random_state})"
        )

    def __call__(self, estimator, X, y=None):
        if _are_images(X) and not hasattr(estimator, "inverse_transform"):
            return self._score_images(estimator, X)
        if not hasattr(estimator, "inverse_transform"):
            raise TypeError(
                "A denoising score needs an estimator with transform and "
                f"inverse_transform, got {estimator!r}. In a pipeline that ends in a "
                "predictor, score the part before it, pipeline[:-1]."
            )
        if _is_table(X):
            return self._score_table(estimator, X)
        process = make_corruption(self.corruption, self.noise_level)
        process.set_params(random_state=self.random_state)
        corrupted = corrupt_alike(process, X)
        restored = estimator.inverse_transform(estimator.transform(corrupted))
        clean = X.toarray() if sp.issparse(X) else np.asarray(X)
        return -float(np.nanmean(np.square(clean - np.asarray(restored))))

    def _score_images(self, estimator, images):
        if not hasattr(estimator, "transform"):
            raise TypeError(
                "A denoising score of images needs an estimator whose transform "
                f"denoises them, got {estimator!r}."
            )
        process = make_corruption(self.corruption, self.noise_level)
        state = np.random.RandomState(self.random_state)
        clean, noisy = [np.asarray(image) for image in images], []
        for image in clean:
            process.set_params(random_state=state.randint(2**31 - 1))
            noisy.append(_corrupt_image(process, image))
        if isinstance(images, np.ndarray):
            noisy = np.stack(noisy)
        restored = estimator.transform(noisy)
        errors = [
            np.square(np.asarray(b, np.float64) - a).ravel()
            for a, b in zip(clean, restored, strict=True)
        ]
        return -float(np.nanmean(np.concatenate(errors)))

    def _score_table(self, estimator, X):
        corruption = self.corruption
        if isinstance(corruption, str):
            if corruption not in TABLE_CORRUPTIONS:
                raise ValueError(
                    "corruption of a denoising score of a table with categories or "
                    f"times must be one of {sorted(TABLE_CORRUPTIONS)}, an instance or "
                    f"a callable, got {corruption!r}."
                )
            process = make_corruption(
                corruption, self.noise_level, processes=TABLE_CORRUPTIONS
            )
        else:
            process = make_corruption(corruption, self.noise_level)
        process.set_params(random_state=self.random_state)
        corrupted = _corrupt_table(process, X)
        restored = estimator.inverse_transform(estimator.transform(corrupted))
        observed = ~missing_cells(X)
        return -mean_error(X, restored, observed, observed)


@validate_params(
    {
        "fraction": [Interval(Real, 0, 1, closed="neither")],
        "missing_values": [MissingValues()],
        "random_state": [Interval(Integral, 0, 2**32 - 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def make_imputation_scorer(fraction=0.2, *, missing_values=np.nan, random_state=0):
    """Make a scorer that hides observed cells and measures how they are filled.

    The score of an imputer is minus the mean error of the hidden cells: the squared
    error of numbers and times over the variance of their column, and 1 for a wrong
    category. The mean of each column scores about -1 on numbers. The same cells are
    hidden for every candidate. Columns that an imputer leaves out do not count.

    Parameters
    ----------
    fraction : float in (0, 1), default=0.2
        Probability that an observed cell is hidden. At least one is.

    missing_values : int, float, str, np.nan, pandas.NA or None, default=np.nan
        Mark of a missing value in the rows, and in place of the hidden cells,
        as the imputer's parameter of this name.

    random_state : int, default=0
        Seeds the choice of the cells.

    Returns
    -------
    scorer : callable
        Called as ``scorer(estimator, X, y=None)``, with an imputer: an estimator whose
        ``transform`` returns the columns of `X` completed, in an array or a data
        frame; greater is better.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.impute import KNNImputer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sk_dae.metrics import make_imputation_scorer
    >>> X = load_iris().data
    >>> search = GridSearchCV(
    ...     KNNImputer(), {"n_neighbors": [5, 100]}, scoring=make_imputation_scorer()
    ... )
    >>> search.fit(X).best_params_
    {'n_neighbors': 5}
    """
    return _ImputationScorer(fraction, missing_values, random_state)


class _ImputationScorer:
    """A class, since a closure would not reach the workers of a parallel search."""

    def __init__(self, fraction, missing_values, random_state):
        self.fraction = fraction
        self.missing_values = missing_values
        self.random_state = random_state

    def __repr__(self):
        return (
            f"make_imputation_scorer({self.fraction!r}, "
            f"missing_values={self.missing_values!r}, "
            f"random_state={self.random_state})"
        )

    def __call__(self, estimator, X, y=None):
        if sp.issparse(X):
            raise TypeError(
                "An imputation score needs rows in an array or a data frame, got a "
                "sparse matrix."
            )
        if not hasattr(estimator, "transform"):
            raise TypeError(
                "An imputation score needs an imputer with transform, got "
                f"{estimator!r}. In a pipeline that ends in a predictor, score the "
                "part before it, pipeline[:-1]."
            )
        if not (is_frame(X) or hasattr(X, "dtype")):
            rows = np.asarray(X)
            X = np.asarray(X, dtype=object) if rows.dtype.kind in "SU" else rows
        mark = self.missing_values
        is_mark = not (mark is None or is_pandas_na(mark) or is_scalar_nan(mark))
        observed = ~missing_cells(X)
        if is_mark:
            observed &= ~_equal(X, mark)
        draws = np.random.RandomState(self.random_state).uniform(size=observed.shape)
        draws[~observed] = 2.0
        hidden = draws < max(self.fraction, np.nextafter(draws.min(initial=1.0), 1.0))
        rows = _put(X, hidden, mark) if is_mark else hide_cells(X, hidden)
        filled = estimator.transform(rows)
        if sp.issparse(filled):
            filled = filled.toarray()
        places = _places_of_columns(estimator, X.shape[1], filled.shape[1])
        return -mean_error(X, filled, hidden, observed, places)


def _are_images(X):
    """Whether X is a stack of images or a list of them."""
    if isinstance(X, list | tuple):
        return len(X) > 0 and all(getattr(image, "ndim", 0) > 1 for image in X)
    return getattr(X, "ndim", 2) > 2


def _corrupt_image(process, image):
    """Return an image of the same dtype, each value of which is corrupted by itself."""
    corrupted = corrupt_alike(process, image.reshape(-1, 1)).reshape(image.shape)
    return as_dtype(corrupted.astype(np.float64), image.dtype)


def _is_table(X):
    """Whether rows hold categories or times."""
    if not is_frame(X):
        if not isinstance(X, np.ndarray) or X.ndim != 2 or X.dtype.kind not in "OSUmM":
            return False
    return bool(columns_without_numbers(X))


def _corrupt_table(process, X):
    """Return a table of which some cells have other values or none."""
    encoder = TableEncoder("standard", max_categories=len(X) + 1).fit(X)
    encoded = rows = encoder.transform(X)
    if is_frame(X):
        rows = type(X)(dict(zip(X.columns, encoded.T, strict=True)))
    corrupted = np.asarray(corrupt_alike(process, rows))
    known = ~np.isnan(encoded)
    hidden = known & np.isnan(corrupted)
    changed = known & ~hidden & (corrupted != encoded)
    n_categories = np.array(encoder.n_categories)
    possible = (corrupted >= 0) & (corrupted < n_categories)
    possible &= corrupted == np.floor(np.nan_to_num(corrupted))
    if (changed & ~possible)[:, n_categories > 0].any():
        raise ValueError(
            f"corruption of a table must make no impossible categories, got {process}."
        )
    return hide_cells(encoder.fill(X, changed, corrupted), hidden)


def _equal(X, mark):
    """Return where cells equal a mark."""
    return np.column_stack(
        [
            np.fromiter(
                (
                    isinstance(value, str) == isinstance(mark, str) and value == mark
                    for value in np.where(column.missing(), None, column.to_objects())
                ),
                bool,
                len(X),
            )
            for column in columns_of(X)
        ]
    )


def _put(X, cells, mark):
    """Return rows with a mark in some cells."""
    if is_polars(X):
        return X.with_columns(
            X[name].scatter(np.flatnonzero(cells[:, j]), mark)
            for j, name in enumerate(X.columns)
        )
    X = X.copy()
    if not is_frame(X):
        X[cells] = mark
        return X
    for j in np.flatnonzero(cells.any(axis=0)):
        column = X.iloc[:, j].copy()
        column.iloc[np.flatnonzero(cells[:, j])] = mark
        X.isetitem(j, column)
    return X


def _places_of_columns(estimator, n_features, n_filled):
    """Return where the columns of the rows lie among those of an imputer, or None."""
    try:
        found = list(estimator.get_feature_names_out())
    except (AttributeError, ValueError):
        found = []
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        names = [f"x{j}" for j in range(n_features)]
    if len(found) == n_filled and set(found) & set(names):
        return [found.index(name) if name in found else None for name in names]
    if n_filled == n_features and not found:
        return None
    raise ValueError(
        f"{type(estimator).__name__} must return the columns of X, under their names "
        "where it leaves some out or adds some."
    )
