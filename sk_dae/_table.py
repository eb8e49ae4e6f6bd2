"""Mixed tables as one float matrix, and back: a column in, a column out.

Numeric columns are scaled; times become numbers first; a category becomes its index,
so that a corruption which exchanges cells of a column can make no category that does
not exist. NaN stands for what is missing.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OrdinalEncoder, QuantileTransformer, StandardScaler
from sklearn.utils.validation import validate_data

__all__ = [
    "UNSEEN",
    "TableEncoder",
    "append_columns",
    "check_categorical_features",
    "check_table",
    "columns_without_numbers",
    "is_frame",
    "missing_cells",
    "names_of",
]

#: The index of a category that was never seen.
UNSEEN = -1

#: Values of a column that its ranks are estimated from, at most.
RANK_SAMPLE = 10_000

#: By how many standard deviations the ends of a column are moved out.
MARGIN = 1e-3

#: Times that come as Python's objects.
TIMES = np.dtype("datetime64[us]")

#: What `numeric_scaling` may be.
SCALINGS = ("quantile", "standard")


def is_frame(X):
    """Whether X is a data frame of pandas or polars."""
    return (hasattr(X, "iloc") and hasattr(X, "columns")) or _is_polars(X)


def _is_polars(X):
    return hasattr(X, "get_columns") and hasattr(X, "to_series")


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
    """
    if _is_polars(X):
        import polars as pl

        return X.with_columns(
            pl.Series(name, column)
            for name, column in zip(names, values.T, strict=True)
        )
    import pandas as pd

    columns = pd.DataFrame(values, columns=list(names), index=X.index)
    return pd.concat([X, columns], axis=1)


def names_of(X):
    """Return the names of the columns of a table, or their indices."""
    return list(X.columns) if is_frame(X) else list(range(X.shape[1]))


def columns_without_numbers(X):
    """Return the indices of the columns of a table with categories or times."""
    kinds = [column.kind() for column in _columns_of(X)]
    return [j for j, kind in enumerate(kinds) if kind != "numeric"]


def missing_cells(X):
    """Return the mask of the missing cells of a table."""
    return np.column_stack([column.missing() for column in _columns_of(X)])


def _columns_of(X):
    """Return the columns of a table, each in a wrapper that knows its container."""
    if _is_polars(X):
        return [_PolarsColumn(column) for column in X.get_columns()]
    if is_frame(X):
        return [_PandasColumn(X.iloc[:, i]) for i in range(X.shape[1])]
    return [_ArrayColumn(X[:, i]) for i in range(X.shape[1])]


# -- containers -----------------------------------------------------------------------


class _ArrayColumn:
    """A column of an ndarray."""

    def __init__(self, values):
        self.values = values
        self.dtype = values.dtype

    def kind(self):
        """Return "numeric", "time" or "categorical"."""
        kind = self.values.dtype.kind
        if kind in "mM":
            return "time"
        if kind in "iuf":
            return "numeric"
        return _kind_of_objects(self) if kind == "O" else "categorical"

    def missing(self):
        """Return the mask of the missing values."""
        if self.values.dtype.kind == "O":
            # NaN, NaT and NA are not equal to themselves, or do not say.
            return np.fromiter(
                (_is_missing(value) for value in self.values), bool, len(self.values)
            )
        if self.values.dtype.kind in "fmM":
            return np.isnan(self.values)
        return np.zeros(len(self.values), dtype=bool)

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        values = self.values
        if values.dtype.kind in "mM":
            return _time_to_float(values)
        if values.dtype.kind == "O":
            missing = self.missing()
            if self.kind() == "time":
                # Also where a later table holds times of another type.
                return _time_to_float(np.where(missing, None, values).astype(TIMES))
            values = np.where(missing, np.nan, values)
        return values.astype(np.float64)

    def to_objects(self):
        """Return the values as objects."""
        return self.values.astype(object)


class _PandasColumn(_ArrayColumn):
    """A column of a pandas data frame."""

    def __init__(self, series):
        self.series = series
        self.dtype = series.dtype

    def kind(self):
        """Return "numeric", "time" or "categorical"."""
        kind = getattr(self.dtype, "kind", "O")
        if kind in "iuf":
            return "numeric"
        if kind in "mM":
            return "time"
        if kind == "O" and isinstance(self.dtype, np.dtype):
            return _kind_of_objects(self)
        return "categorical"

    def missing(self):
        """Return the mask of the missing values."""
        return self.series.isna().to_numpy()

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        kind = getattr(self.dtype, "kind", "O")
        if kind == "O":
            return _ArrayColumn(self.to_objects()).to_float()
        if kind in "mM":
            return _time_to_float(self.series.to_numpy(dtype=_numpy_time(self.dtype)))
        return self.series.to_numpy(dtype=np.float64, na_value=np.nan)

    def to_objects(self):
        """Return the values as objects."""
        return self.series.astype(object).to_numpy()


class _PolarsColumn(_ArrayColumn):
    """A column of a polars data frame."""

    def __init__(self, series):
        self.series = series
        self.dtype = series.dtype

    def kind(self):
        """Return "numeric", "time" or "categorical"."""
        if self.dtype.is_numeric():
            return "numeric"
        return "time" if self.dtype.is_temporal() else "categorical"

    def missing(self):
        """Return the mask of the missing values."""
        missing = self.series.is_null().to_numpy()
        if self.dtype.is_float():
            missing = missing | self.series.is_nan().fill_null(False).to_numpy()
        return missing

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        import polars as pl

        series = self.series.to_physical() if self.kind() == "time" else self.series
        return series.cast(pl.Float64).to_numpy().astype(np.float64)

    def to_objects(self):
        """Return the values as objects."""
        values = np.empty(len(self.series), dtype=object)
        values[:] = self.series.to_list()
        return values


def _is_missing(value):
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        # pandas.NA, which compares to nothing.
        return True


def _kind_of_objects(column):
    types = set(map(type, column.to_objects()[~column.missing()]))
    if all(
        issubclass(t, (int, float, np.number, Decimal)) and not issubclass(t, bool)
        for t in types
    ):
        return "numeric"
    if all(issubclass(t, (datetime.date, np.datetime64)) for t in types):
        return "time"
    return "categorical"


def _numpy_time(dtype):
    """Return NumPy's type of the times of a pandas type, in its unit."""
    if isinstance(dtype, np.dtype):
        return TIMES if dtype.kind == "O" else dtype
    known = getattr(dtype, "numpy_dtype", None)
    return known or np.dtype(f"{dtype.kind}8[{getattr(dtype, 'unit', 'ns')}]")


def _time_to_float(values):
    numbers = values.view(np.int64).astype(np.float64)
    numbers[np.isnat(values)] = np.nan
    return numbers


# -- columns --------------------------------------------------------------------------


class NumericColumn:
    """A numeric column, scaled to zero mean and unit variance.

    Parameters
    ----------
    scaling : {"quantile", "standard"}
        Whether its values are first mapped to those of a normal distribution with
        the same ranks.
    """

    #: Number of categories: none.
    n_categories = 0

    def __init__(self, scaling):
        self.scaling = scaling

    def fit(self, values):
        """Learn the scale of a column, given as float64 with NaN."""
        observed = values[~np.isnan(values)][:, None]
        self.empty = not len(observed)
        self.has_missing = len(observed) < len(values)
        self.steps = []
        if self.empty:
            return self
        self.range = observed.min(), observed.max()
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
        self._kinds, self._columns, self._dtypes = [], [], []
        for name, column, is_forced in zip(
            self._names, _columns_of(X), forced, strict=True
        ):
            kind = "categorical" if is_forced else column.kind()
            if kind == "categorical":
                fitted = CategoricalColumn(name, self.max_categories)
                fitted.fit(column.to_objects(), column.missing())
            else:
                fitted = NumericColumn(self.numeric_scaling)
                fitted.fit(self._numbers(column, name))
            self._kinds.append(kind)
            self._columns.append(fitted)
            self._dtypes.append(column.dtype)
        self._container = "array"
        if is_frame(X):
            self._container = "polars" if _is_polars(X) else "pandas"
            self._frame_names = names_of(X)
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
        for j, column in enumerate(_columns_of(X)):
            if self._kinds[j] == "categorical":
                values = self._columns[j].encode(column.to_objects(), column.missing())
            else:
                values = self._columns[j].encode(self._numbers(column, self._names[j]))
            encoded[:, j] = values
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
            column.decode(encoded[:, j]) for j, column in enumerate(self._columns)
        ]
        if self._container == "pandas":
            return self._to_pandas(columns, index)
        if self._container == "polars":
            return self._to_polars(columns)
        if all(kind == "numeric" for kind in self._kinds):
            return np.column_stack(columns).astype(np.float32)
        table = np.empty(encoded.shape, dtype=object)
        for j, values in enumerate(columns):
            table[:, j] = values
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
            elif self._kinds[j] == "numeric":
                cells[j] = rows, np.zeros(len(rows))
        return _fill_cells(X, cells, self._kinds)

    @staticmethod
    def _numbers(column, name):
        try:
            values = column.to_float()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name} was numeric in fit, got values of another kind: {error}"
            ) from None
        if np.isinf(values).any():
            raise ValueError(
                f"Input X contains infinity or a value too large in column {name}."
            )
        return values

    def _to_pandas(self, columns, index):
        import pandas as pd

        parts = zip(columns, self._dtypes, self._kinds, strict=True)
        frame = pd.DataFrame(
            {j: _pandas_series(pd, *part) for j, part in enumerate(parts)}
        )
        frame.columns = self._frame_names
        if index is not None:
            frame.index = index
        return frame

    def _to_polars(self, columns):
        import polars as pl

        parts = zip(columns, self._dtypes, self._kinds, strict=True)
        return pl.DataFrame(
            [
                _polars_series(pl, *part).alias(name)
                for name, part in zip(self._frame_names, parts, strict=True)
            ]
        )


# -- back into containers -------------------------------------------------------------


def _fill_cells(X, cells, kinds):
    """Return a table with values in some cells of its columns.

    Parameters
    ----------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table; not modified.

    cells : dict of int to tuple of (rows, values)
        Of columns by index: which rows, and what they get.

    kinds : sequence of {"numeric", "time", "categorical"}
        Of all columns.

    Returns
    -------
    X_filled : data frame or ndarray of shape (n_samples, n_features)
        The table.
    """
    if _is_polars(X):
        return _fill_polars(X, cells, kinds)
    X = X.copy()
    if is_frame(X):
        import pandas as pd

        for j, (rows, values) in cells.items():
            column = X.iloc[:, j].copy()
            series = _pandas_series(pd, values, column.dtype, kinds[j])
            column.iloc[rows] = series.array
            X.isetitem(j, column)
        return X
    for j, (rows, values) in cells.items():
        if kinds[j] == "time":
            dtype = TIMES if X.dtype.kind == "O" else X.dtype
            # As objects, datetimes of Python.
            values = _float_to_time(values, dtype).astype(X.dtype)
        X[rows, j] = values
    return X


def _fill_polars(X, cells, kinds):
    import polars as pl

    columns = X.get_columns()
    for j, (rows, values) in cells.items():
        column = columns[j]
        series = _polars_series(pl, values, column.dtype, kinds[j])
        columns[j] = column.scatter(rows, series).alias(column.name)
    return pl.DataFrame(columns)


def _pandas_series(pd, values, dtype, kind):
    if kind == "time":
        return _to_pandas_time(pd, values, dtype)
    if kind == "numeric":
        return _to_pandas_numbers(pd, values, dtype)
    return pd.Series(values, dtype=object).astype(dtype)


def _polars_series(pl, values, dtype, kind):
    if kind == "categorical":
        return pl.Series(values=values.tolist(), dtype=dtype, strict=False)
    column = pl.Series(values=values).fill_nan(None)
    if kind == "time" or dtype.is_integer():
        column = column.round().cast(pl.Int64)
    return column.cast(dtype)


def _float_to_time(values, dtype):
    known = ~np.isnan(values)
    numbers = np.where(known, values, 0.0).round().astype(np.int64)
    times = numbers.view(dtype)
    times[~known] = np.array("NaT", dtype=dtype)
    return times


def _to_pandas_time(pd, values, dtype):
    series = pd.Series(_float_to_time(values, _numpy_time(dtype)))
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return series.astype(object)
    if getattr(dtype, "tz", None) is not None:
        series = series.dt.tz_localize("UTC")
    return series.astype(dtype)


def _to_pandas_numbers(pd, values, dtype):
    if dtype.kind in "iu":
        limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        # The greatest float that is no greater: of 64 bits, not all are numbers.
        greatest = np.float64(limits.max)
        if int(greatest) > limits.max:
            greatest = np.nextafter(greatest, 0)
        values = values.round().clip(limits.min, greatest)
    series = pd.Series(values)
    if not isinstance(dtype, np.dtype):
        series = series.where(series.notna(), pd.NA)
    return series.astype(dtype)


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
