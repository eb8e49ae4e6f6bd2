"""Mixed tables as one float matrix, and back: a column in, a column out.

Numeric columns are scaled; times become numbers first; a category becomes its index,
so that a corruption which exchanges cells of a column can make no category that does
not exist. NaN stands for what is missing.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OrdinalEncoder, QuantileTransformer, StandardScaler
from sklearn.utils.validation import validate_data

from ._columns import columns_of, fill_columns, is_frame, is_polars, write

__all__ = [
    "UNSEEN",
    "TableEncoder",
    "append_columns",
    "check_categorical_features",
    "check_table",
    "columns_without_numbers",
    "missing_cells",
    "names_of",
]

#: The index of a category that was never seen.
UNSEEN = -1

#: Values of a column that its ranks are estimated from, at most.
RANK_SAMPLE = 10_000

#: By how many standard deviations the ends of a column are moved out.
MARGIN = 1e-3

#: The greatest number that a column may hold in fit: float32's.
GREATEST = float(np.finfo(np.float32).max)

#: What `numeric_scaling` may be.
SCALINGS = ("quantile", "standard")


def check_table(estimator, X, *, reset):
    """Return a table as a data frame or an ndarray, once its columns are checked.

    Parameters
    ----------
    estimator : estimator
        The one that gets it, and keeps or compares its columns.

    X : data frame or array-like of shape (n_samples, n_features)
        What a user gave.

    reset : bool
        Whether the columns are those to be learned.

    Returns
    -------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table. Numbers may be NaN; what else a column may hold is left to those
        who read it.
    """
    if is_frame(X):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        if not all(X.shape):
            raise ValueError(
                f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) "
                f"(shape={X.shape}) while a minimum of 1 is required by "
                f"{type(estimator).__name__}."
            )
        return X
    if not hasattr(X, "dtype") and np.asarray(X).dtype.kind in "OSU":
        # Not as strings what came as numbers.
        X = np.asarray(X, dtype=object)
    # Numbers are checked as such; what else there is, column by column.
    kind = getattr(getattr(X, "dtype", None), "kind", "f")
    checks = {"dtype": "numeric", "ensure_all_finite": "allow-nan"}
    if kind in "OSUmMb":
        checks = {"dtype": None, "ensure_all_finite": False}
    return validate_data(estimator, X, reset=reset, **checks)


def append_columns(X, values, names):
    """Return a data frame with columns behind its own.

    Parameters
    ----------
    X : data frame of shape (n_samples, n_features)
        The frame; not modified.

    values : ndarray of shape (n_samples, n_columns)
        What the columns hold.

    names : sequence of str of length n_columns
        Their names.

    Returns
    -------
    X : data frame of shape (n_samples, n_features + n_columns)
        The longer rows.

    Raises
    ------
    ValueError
        If a column has one of the names already.
    """
    taken = [name for name in names if name in X.columns]
    if taken:
        raise ValueError(
            f"X has a column {taken[0]!r} already, which is the name of a column to be "
            "added; rename it."
        )
    if is_polars(X):
        import polars as pl

        return X.with_columns(
            pl.Series(name, column)
            for name, column in zip(names, values.T, strict=True)
        )
    X = X.copy()
    for name, column in zip(names, values.T, strict=True):
        X[name] = column
    return X


def names_of(X):
    """Return the names of the columns of a table, or their indices."""
    return list(X.columns) if is_frame(X) else list(range(X.shape[1]))


def columns_without_numbers(X):
    """Return the indices of the columns of a table with categories or times."""
    kinds = [column.kind() for column in columns_of(X)]
    return [j for j, kind in enumerate(kinds) if kind != "numeric"]


def missing_cells(X):
    """Return the mask of the missing cells of a table."""
    return np.column_stack([column.missing() for column in columns_of(X)])


# -- columns --------------------------------------------------------------------------


class NumericColumn:
    """A numeric column, scaled to zero mean and unit variance.

    Parameters
    ----------
    scaling : {"quantile", "standard"}
        Whether its values are first mapped to those of a normal distribution with
        the same ranks.

    name : str
        For messages.
    """

    #: Number of categories: none.
    n_categories = 0

    def __init__(self, scaling, name):
        self.scaling = scaling
        self.name = name

    def fit(self, values):
        """Learn the scale of a column, given as float64 with NaN."""
        observed = values[~np.isnan(values)][:, None]
        self.empty = not len(observed)
        self.has_missing = len(observed) < len(values)
        self.steps = []
        if self.empty:
            return self
        self.range = observed.min(), observed.max()
        if max(map(abs, self.range)) > GREATEST:
            raise ValueError(
                f"Input X contains a value too large for dtype('float32') in column "
                f"{self.name}."
            )
        observed = self._add_step(StandardScaler(), observed)
        if self.scaling == "quantile":
            sample = observed
            if len(observed) > RANK_SAMPLE:
                # Which values of a large column tell its ranks is of no note.
                chosen = np.random.RandomState(0).choice(len(observed), RANK_SAMPLE)
                sample = observed[chosen]
            # What lies at the ends of the range is mapped to the ends of the normal
            # distribution: of a column of zeros and few other values, all zeros would
            # lie far out. Beyond these two lies nothing.
            ends = [[observed.min() - MARGIN], [observed.max() + MARGIN]]
            sample = np.vstack([sample, ends])
            quantiles = QuantileTransformer(
                n_quantiles=min(1000, len(sample)),
                output_distribution="normal",
                subsample=None,
            )
            quantiles.set_output(transform="default").fit(sample)
            self.steps.append(quantiles)
            self._add_step(StandardScaler(), quantiles.transform(observed))
        return self

    def _add_step(self, step, values):
        # Whatever a user wants transformers to return.
        step.set_output(transform="default").fit(values)
        self.steps.append(step)
        return step.transform(values)

    def encode(self, values):
        """Return the scaled values."""
        if self.empty:
            return np.full(len(values), np.nan)
        values = values[:, None]
        for step in self.steps:
            values = step.transform(values)
        return values[:, 0]

    def decode(self, encoded, within_range=False):
        """Return the values of scaled ones, which need not leave the range in fit."""
        if self.empty:
            return np.full(len(encoded), np.nan)
        values = encoded.astype(np.float64)[:, None]
        for step in reversed(self.steps):
            values = step.inverse_transform(values)
        values = values[:, 0]
        if within_range:
            # To the last digit, which the scaled ends do not hold as float32.
            low, high = self.scaled_range
            values = np.where(encoded <= low, self.range[0], values)
            values = np.where(encoded >= high, self.range[1], values)
        if within_range or self.scaling == "quantile":
            values = values.clip(*self.range)
        return values

    @property
    def scaled_range(self):
        """The least and the greatest scaled value, as float32."""
        return self.encode(np.array(self.range)).astype(np.float32)


class CategoricalColumn:
    """A column of categories, as their indices.

    Parameters
    ----------
    name : str
        For messages.

    max_categories : int
        The most categories that are told apart: the rarest share the last index, and
        what was never seen counts among them.
    """

    def __init__(self, name, max_categories):
        self.name = name
        self.max_categories = max_categories

    def fit(self, values, missing):
        """Learn the categories of a column of objects."""
        observed = values[~missing]
        self.empty = not len(observed)
        self.has_missing = bool(missing.any())
        self.n_categories, self.entropy = 1, 0.0
        self.categories = np.array([None], dtype=object)
        if self.empty:
            return self
        self._refuse_mixture(observed)
        self.encoder = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=UNSEEN,
            max_categories=self.max_categories,
        ).set_output(transform="default")
        codes = self.encoder.fit_transform(observed[:, None])[:, 0].astype(np.intp)
        counts = np.bincount(codes)
        self.n_categories = len(counts)
        frequencies = counts / counts.sum()
        self.entropy = float(-(frequencies * np.log(frequencies)).sum())
        # A rare category comes back as the most frequent of the rare ones.
        categories, all_counts = np.unique(observed, return_counts=True)
        codes_of_categories = self.encoder.transform(categories[:, None])[:, 0]
        self.has_rare = len(categories) > self.n_categories
        self.categories = np.empty(self.n_categories, dtype=object)
        for i in np.argsort(all_counts, kind="stable"):
            self.categories[int(codes_of_categories[i])] = categories[i]
        return self

    def encode(self, values, missing):
        """Return the indices of categories; NaN where missing, else `UNSEEN`."""
        codes = np.full(len(values), np.nan)
        if not self.empty and not missing.all():
            observed = values[~missing]
            self._refuse_mixture(observed)
            codes[~missing] = self.encoder.transform(observed[:, None])[:, 0]
            if self.has_rare:
                codes[codes == UNSEEN] = self.n_categories - 1
        return codes

    def decode(self, encoded, within_range=False):
        """Return the categories of indices, which have no range."""
        return self.categories[encoded.astype(np.intp)]

    def _refuse_mixture(self, values):
        numbers = (int, float, np.number, np.bool_)
        types = {
            "number"
            if issubclass(t, numbers)
            else "str"
            if issubclass(t, str)
            else t.__name__
            for t in set(map(type, values))
        }
        if len(types) > 1 or types - {"str", "number"}:
            raise TypeError(
                "The categories of a column must be uniformly strings or numbers: "
                f"column {self.name} has {', '.join(sorted(types))}. Convert it, or "
                "leave it out."
            )


class TableEncoder(BaseEstimator):
    """A table as a float32 matrix with a column for each of its columns.

    Parameters
    ----------
    numeric_scaling : {"quantile", "standard"}, default="quantile"
        How numeric columns are scaled.

    categorical_features : "from_dtype" or sequence, default="from_dtype"
        Which columns hold categories: those that hold no numbers and no times; or
        indices, names or a mask of further ones.

    max_categories : int, default=100
        The most categories of a column.

    indicate_all : bool, default=False
        Whether any column may miss values later on, rather than those that did in fit.
    """

    def __init__(
        self,
        numeric_scaling="quantile",
        categorical_features="from_dtype",
        max_categories=100,
        indicate_all=False,
    ):
        self.numeric_scaling = numeric_scaling
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.indicate_all = indicate_all

    def fit(self, X):
        """Learn the columns of a table.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            The table.

        Returns
        -------
        self : object
            The fitted encoder.
        """
        self._names = [str(name) for name in names_of(X)]
        forced = check_categorical_features(self.categorical_features, names_of(X))
        self._columns, self._types = [], []
        for name, column, is_forced in zip(
            self._names, columns_of(X), forced, strict=True
        ):
            column_type = column.type()
            if is_forced:
                column_type.kind = "categorical"
            self._types.append(column_type)
            if column_type.kind == "categorical":
                fitted = CategoricalColumn(name, self.max_categories)
                fitted.fit(column.to_objects(), column.missing())
            else:
                fitted = NumericColumn(self.numeric_scaling, name)
                fitted.fit(self._numbers(column, len(self._columns)))
            self._columns.append(fitted)
        self._frame_names = self._level_names = None
        if is_frame(X):
            self._frame_names = names_of(X)
            if getattr(X.columns, "nlevels", 1) > 1:
                self._level_names = list(X.columns.names)
        return self

    @property
    def indicated(self):
        """Tuple that says of each column whether it may miss values."""
        return tuple(
            column.has_missing or self.indicate_all for column in self._columns
        )

    @property
    def categories(self):
        """The categories of each column that has any, by its name."""
        return {
            name: column.categories
            for name, column in zip(self._names, self._columns, strict=True)
            if column.n_categories and not column.empty
        }

    def names_of_inputs(self, names):
        """Return a name for each input of a module that takes the matrix.

        Parameters
        ----------
        names : sequence of str
            Names of the columns.

        Returns
        -------
        names : ndarray of str objects
            Of the numbers, the categories and the indicators of missing values.
        """
        pairs = list(zip(names, self._columns, strict=True))
        numbers = [name for name, column in pairs if not column.n_categories]
        categories = [
            f"{name}_{category}"
            for name, column in pairs
            if column.n_categories
            for category in column.categories
        ]
        missing = [
            f"missingindicator_{name}"
            for name, indicated in zip(names, self.indicated, strict=True)
            if indicated
        ]
        return np.array([*numbers, *categories, *missing], dtype=object)

    @property
    def n_categories(self):
        """Tuple with the number of categories of each column; 0 where numeric."""
        return tuple(column.n_categories for column in self._columns)

    @property
    def entropies(self):
        """Tuple with the entropy of each categorical column, in nats; else None."""
        return tuple(getattr(column, "entropy", None) for column in self._columns)

    def transform(self, X):
        """Return a table as a matrix.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            A table of the same columns.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features), dtype float32
            The matrix; NaN where a value is missing, `UNSEEN` for a category that was
            not there in fit.
        """
        encoded = np.empty(X.shape, dtype=np.float32)
        for j, column in enumerate(columns_of(X)):
            fitted = self._columns[j]
            if fitted.empty:
                encoded[:, j] = np.nan
            elif self._types[j].kind == "categorical":
                encoded[:, j] = fitted.encode(column.to_objects(), column.missing())
            else:
                with np.errstate(over="ignore"):
                    encoded[:, j] = fitted.encode(self._numbers(column, j))
                if np.isinf(encoded[:, j]).any():
                    raise ValueError(
                        "Input X contains a value too large for dtype('float32'), once "
                        f"scaled, in column {self._names[j]}."
                    )
        return encoded

    def inverse_transform(self, encoded, index=None):
        """Return a table of the container, the columns and the types of the first.

        Parameters
        ----------
        encoded : ndarray of shape (n_samples, n_features)
            A matrix without missing values.

        index : pandas.Index, default=None
            Of the data frame, where it is one of pandas.

        Returns
        -------
        X : data frame or ndarray of shape (n_samples, n_features)
            The table.
        """
        columns = [
            write(column.decode(encoded[:, j]), column_type, name)
            for j, (column, column_type, name) in enumerate(
                zip(self._columns, self._types, self._names, strict=True)
            )
        ]
        container = self._types[0].container
        if container == "pandas":
            return self._to_pandas(columns, index)
        if container == "polars":
            import polars as pl

            names = self._frame_names
            return pl.DataFrame(
                [c.alias(name) for c, name in zip(columns, names, strict=True)]
            )
        kinds = {column.dtype.kind for column in columns}
        if kinds <= set("iuf"):
            return np.column_stack(columns).astype(np.float32)
        if kinds <= set("mM") and len(kinds) == 1:
            return np.column_stack(columns)
        table = np.empty(encoded.shape, dtype=object)
        for j, values in enumerate(columns):
            table[:, j] = values.astype(object)
        return table

    def fill(self, X, gaps, encoded, *, within_range=False):
        """Return a table with cells filled.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            A table of the same columns; not modified.

        gaps : ndarray of shape (n_samples, n_features), dtype bool
            The cells to fill. Where nothing was observed in fit, 0 does for a column
            of numbers, and others stay as they are.

        encoded : ndarray of shape (n_samples, n_features)
            A matrix with what to fill them with.

        within_range : bool, default=False
            Whether numbers must not leave the range that they had in fit.

        Returns
        -------
        X_filled : data frame or ndarray of shape (n_samples, n_features)
            The table, in the container that it came in. All other cells are as they
            were.
        """
        cells = {}
        for j in np.flatnonzero(gaps.any(axis=0)):
            column, rows = self._columns[j], np.flatnonzero(gaps[:, j])
            if not column.empty:
                cells[j] = rows, column.decode(encoded[rows, j], within_range)
            elif self._types[j].kind == "numeric":
                cells[j] = rows, np.zeros(len(rows))
        return fill_columns(
            X, cells, self._types, self._names, within_bounds=within_range
        )

    def _to_pandas(self, columns, index):
        import pandas as pd

        frame = pd.DataFrame(dict(enumerate(columns)))
        if self._level_names is None:
            frame.columns = self._frame_names
        else:
            frame.columns = pd.MultiIndex.from_tuples(self._frame_names)
            frame.columns.names = self._level_names
        if index is not None:
            frame.index = index
        return frame

    def _numbers(self, column, j):
        """Return a column of numbers or times as floats, if it still holds these."""
        name, in_fit = self._names[j], self._types[j].kind
        kind = column.kind()
        if kind == "categorical" and column.missing().all():
            return np.full(len(column.missing()), np.nan)
        alike = kind == in_fit or column.missing().all()
        if not alike and not (kind == "categorical" and in_fit == "numeric"):
            raise ValueError(
                f"Column {name} was {in_fit} in fit, got {kind} values in "
                f"{column.dtype}."
            )
        try:
            values = column.to_float()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name} was {in_fit} in fit, got values that are not: {error}"
            ) from None
        if np.isinf(values).any():
            raise ValueError(
                f"Input X contains infinity or a value too large in column {name}."
            )
        return values


def check_categorical_features(categorical_features, names):
    """Return which columns a parameter `categorical_features` names.

    Parameters
    ----------
    categorical_features : "from_dtype" or array-like
        Indices, names, or a mask.

    names : list
        Names of the columns.

    Returns
    -------
    mask : ndarray of shape (n_features,), dtype bool
        True for the columns that it names.
    """
    mask = np.zeros(len(names), dtype=bool)
    if isinstance(categorical_features, str):
        return mask
    given = np.asarray(categorical_features)
    if given.dtype == bool and given.shape == mask.shape:
        return given.copy()
    for item in given.ravel().tolist():
        is_index = isinstance(item, int) and not isinstance(item, bool)
        if is_index and 0 <= item < len(names):
            mask[item] = True
        elif item in names:
            mask[names.index(item)] = True
        else:
            raise ValueError(
                "categorical_features must be 'from_dtype', or hold indices or names "
                f"of columns of X, or a mask of them, got {item!r}."
            )
    return mask
