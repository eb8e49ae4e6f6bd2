"""Completing rows with missing values: one best guess, or several plausible ones."""

from __future__ import annotations

import warnings
from numbers import Integral

import numpy as np
from sklearn.base import _fit_context
from sklearn.impute._base import _BaseImputer
from sklearn.utils import check_random_state
from sklearn.utils._mask import _get_mask
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)
from sklearn.utils.validation import (
    FLOAT_DTYPES,
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)

from ._completion import NumericCompletion
from ._data import name_columns
from .autoencoder import DenoisingAutoencoder

__all__ = ["DenoisingImputer"]

#: Rows from which on few autoencoders, trained for longer, serve better than many.
_MANY_ROWS = 5000
#: Number of autoencoders, and steps of the training of each: below, and from there on.
_FEW_ROWS_DEFAULTS = 5, 1500
_MANY_ROWS_DEFAULTS = 2, 2000


class DenoisingImputer(_BaseImputer):
    r"""Fill missing values with what denoising autoencoders restore.

    To fill gaps is to undo a corruption. Autoencoders are trained to restore cells
    that are masked at random, beginning with the best linear guess of them; each is
    trained without one part of the rows, on which it is measured how far the
    autoencoders are to be trusted over that guess, and by how much they err.

    :meth:`transform` gives one completion, close on average. :meth:`sample` gives
    several that differ as the truth might, for analyses that must know how uncertain
    a filled cell is. Observed cells come back as they were. The data need not be
    scaled. Read more in the :ref:`User Guide <imputation>`.

    Parameters
    ----------
    autoencoder : estimator or None, default=None
        An autoencoder of the package, not fitted, to be cloned; it gets standardised
        columns. None stands for::

            DenoisingAutoencoder(
                256,
                hidden_layer_sizes=(256,),
                code_activation="relu",
                corruption="conditional_mean",
                noise_level=0.3,
                emphasis="full",
                max_iter=...,
            )

        with as many epochs as make 1,500 steps, or 2,000 for 5,000 rows or more; at
        least 5 and at most 200.

    n_estimators : int or "auto", default="auto"
        Number of autoencoders; their predictions are averaged. "auto" is 5, and 2 for
        5,000 rows or more.

    missing_values : int, float, np.nan or pandas.NA, default=np.nan
        What stands for a missing value.

    add_indicator : bool, default=False
        Whether to append to the completed columns those of a
        :class:`~sklearn.impute.MissingIndicator`: for every column that had missing
        values in fit, which cells were missing.

    keep_empty_features : bool, default=False
        Whether to keep columns without any observed value in fit, filled with 0,
        rather than leave them out.

    random_state : int, RandomState instance or None, default=None
        Seeds the folds, the autoencoders (in place of their own `random_state`) and
        the measurement of the errors.

    Attributes
    ----------
    estimators_ : list of estimators
        The trained autoencoders.

    weight_ : float
        Weight in [0, 1] of the autoencoders over the linear guess.

    indicator_ : MissingIndicator or None
        What appends the indicators; None where `add_indicator` is False.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    See Also
    --------
    sklearn.impute.IterativeImputer : Predicts each column from all others in turn.
    DenoisingAutoencoder : Takes missing values itself; no imputer is needed before it.

    References
    ----------
    Gondara, L. and Wang, K. (2018). MIDA: multiple imputation using denoising
    autoencoders. PAKDD.

    Lall, R. and Robinson, T. (2022). The MIDAS touch: accurate and scalable
    missing-data imputation with deep learning. Political Analysis, 30.

    Rubin, D. B. (1987). Multiple imputation for nonresponse in surveys. Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import DenoisingImputer
    >>> x = np.random.RandomState(0).uniform(size=(200, 1))
    >>> X = np.hstack([x, 3 * x, 1 - x])
    >>> X[0, 1] = np.nan
    >>> imputer = DenoisingImputer(n_estimators=1, random_state=0).fit(X)
    >>> filled = imputer.transform(X[:1])[0, 1]
    >>> bool(abs(filled - 3 * X[0, 0]) < 0.1)
    True
    >>> imputer.sample(X[:1], n_imputations=4, random_state=0).shape
    (4, 1, 3)
    """

    _parameter_constraints: dict = {
        **_BaseImputer._parameter_constraints,
        "autoencoder": [HasMethods(["fit", "denoise"]), None],
        "n_estimators": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        autoencoder=None,
        *,
        n_estimators="auto",
        missing_values=np.nan,
        add_indicator=False,
        keep_empty_features=False,
        random_state=None,
    ):
        super().__init__(
            missing_values=missing_values,
            add_indicator=add_indicator,
            keep_empty_features=keep_empty_features,
        )
        self.autoencoder = autoencoder
        self.n_estimators = n_estimators
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Train the autoencoders and measure their errors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training rows, with missing values or without.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted imputer.
        """
        before = dict(vars(self))
        try:
            self._fit(X)
        except BaseException:
            # An earlier fit stands as it was.
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _fit(self, X):
        X, missing = self._validate(X, reset=True)
        self._fit_indicator(missing)
        if self.indicator_ is not None:
            # Whatever a user wants transformers to return, this one's go to an array.
            self.indicator_.set_output(transform="default")
        empty = missing.all(axis=0)
        self._is_empty = empty
        if empty.any() and not self.keep_empty_features:
            names = getattr(self, "feature_names_in_", None)
            warnings.warn(
                "Nothing is observed in these columns, which are left out: "
                f"{name_columns(np.flatnonzero(empty), names)}.",
                UserWarning,
                stacklevel=4,
            )
        self._mean, self._scale, self._limits = _measure_columns(X, missing)
        random_state = check_random_state(self.random_state)
        if empty.all():
            self._completion = None
            return
        rows = self._standardise(X, missing)
        few = len(rows) < _MANY_ROWS
        n_members, n_steps = _FEW_ROWS_DEFAULTS if few else _MANY_ROWS_DEFAULTS
        if self.n_estimators != "auto":
            n_members = self.n_estimators
        autoencoder = self.autoencoder
        if autoencoder is None:
            autoencoder = _default_autoencoder(len(rows), n_steps)
        self._completion = NumericCompletion.fit(
            rows, autoencoder, n_members, random_state
        )

    @property
    def estimators_(self):
        """The trained autoencoders."""
        check_is_fitted(self)
        return [] if self._completion is None else self._completion.autoencoders

    @property
    def weight_(self):
        """Weight of the autoencoders over the linear guess."""
        check_is_fitted(self)
        return 0.0 if self._completion is None else self._completion.weight

    def transform(self, X):
        """Fill the missing values of `X` with their expected value.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to complete.

        Returns
        -------
        X_filled : ndarray of shape (n_samples, n_features_out)
            The completed rows; with `add_indicator`, the indicators after them.
        """
        X, missing = self._validate(X)
        filled = self._fill(X, missing, NumericCompletion.fill)
        return self._concatenate_indicator(filled, self._transform_indicator(missing))

    @validate_params(
        {
            "self": "no_validation",
            "X": "no_validation",
            "n_imputations": [Interval(Integral, 1, None, closed="left")],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
    def sample(self, X, n_imputations=5, random_state=None):
        """Fill the missing values of `X` with draws, several times over.

        A row's cells are drawn one after another, each given the observed ones and
        those drawn before, so that they agree with one another; within the range of
        the column's observed values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to complete.

        n_imputations : int, default=5
            How often.

        random_state : int, RandomState instance or None, default=None
            Where the draws come from. None draws anew in each call.

        Returns
        -------
        X_filled : ndarray of shape (n_imputations, n_samples, n_features)
            The completed rows, without indicators. Observed cells are the same in
            all.
        """
        X, missing = self._validate(X)
        random_state = check_random_state(random_state)
        return np.stack(
            [
                self._fill(
                    X,
                    missing,
                    NumericCompletion.sample,
                    random_state,
                    within_limits=True,
                )
                for _ in range(n_imputations)
            ]
        )

    def get_feature_names_out(self, input_features=None):
        """Get the names of the columns that :meth:`transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input's features.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name per column.
        """
        check_is_fitted(self)
        input_features = _check_feature_names_in(self, input_features)
        return self._concatenate_indicator_feature_names_out(
            input_features[self._kept], input_features
        )

    # -- numeric rows -----------------------------------------------------------------

    @property
    def _kept(self):
        """Mask of the columns that are returned."""
        return ~self._is_empty | self.keep_empty_features

    def _validate(self, X, *, reset=False):
        """Return rows of floats and where they are missing."""
        if not reset:
            check_is_fitted(self)
        may_be_nan = is_scalar_nan(self.missing_values) or is_pandas_na(
            self.missing_values
        )
        X = validate_data(
            self,
            X,
            reset=reset,
            dtype=FLOAT_DTYPES,
            ensure_all_finite="allow-nan" if may_be_nan else True,
        )
        return X, _get_mask(X, self.missing_values)

    def _standardise(self, X, missing):
        """Return the columns that are not empty, float32, with NaN for missing."""
        full = ~self._is_empty
        rows = np.empty((len(X), full.sum()), dtype=np.float32)
        for i, j in enumerate(np.flatnonzero(full)):
            rows[:, i] = (X[:, j] - self._mean[j]) / self._scale[j]
        rows[missing[:, full]] = np.nan
        return rows

    def _fill(self, X, missing, complete, *args, within_limits=False):
        """Return rows with their gaps filled by a method of the completion."""
        filled = X.copy()
        filled[missing & self._is_empty] = 0.0
        full = np.flatnonzero(~self._is_empty)
        incomplete = np.flatnonzero(missing[:, full].any(axis=1))
        if len(incomplete) and self._completion is not None:
            gaps = missing[incomplete]
            rows = self._standardise(X[incomplete], gaps)
            rows = complete(self._completion, rows, *args)
            for i, j in enumerate(full):
                cells = gaps[:, j]
                values = self._mean[j] + self._scale[j] * rows[cells, i].astype(float)
                if within_limits:
                    # A draw that was stopped at a bound gets it to the last digit,
                    # which float32, in which rows are completed, does not hold.
                    low, high = self._completion.limits[:, i]
                    values[rows[cells, i] <= low] = self._limits[0, j]
                    values[rows[cells, i] >= high] = self._limits[1, j]
                    values.clip(*self._limits[:, j], out=values)
                filled[incomplete[cells], j] = values
        return filled if self.keep_empty_features else filled[:, full]

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_completion")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = is_scalar_nan(self.missing_values) or is_pandas_na(
            self.missing_values
        )
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _default_autoencoder(n_samples, n_steps):
    """Return what `autoencoder=None` stands for, for a number of rows and steps."""
    # An autoencoder's own batches: a sixty-fourth of the rows, within bounds.
    n_batches = -(-n_samples // int(np.clip(n_samples // 64, 32, 512)))
    return DenoisingAutoencoder(
        256,
        hidden_layer_sizes=(256,),
        code_activation="relu",
        corruption="conditional_mean",
        noise_level=0.3,
        emphasis="full",
        max_iter=int(np.clip(round(n_steps / n_batches), 5, 200)),
    )


def _measure_columns(X, missing):
    """Return what is known of the observed values of each column.

    Returns
    -------
    mean, scale : ndarray of shape (n_features,)
        Mean and standard deviation; 0 and 1 where nothing is observed.

    limits : ndarray of shape (2, n_features)
        The least and the greatest value.
    """
    n_features = X.shape[1]
    mean, scale = np.zeros(n_features), np.ones(n_features)
    limits = np.zeros((2, n_features))
    for j in range(n_features):
        values = X[~missing[:, j], j].astype(np.float64)
        if len(values):
            limits[:, j] = values.min(), values.max()
            # About a value of the column, for the sake of large means.
            origin = values[0]
            values -= origin
            mean[j] = origin + values.mean()
            scale[j] = values.std() or 1.0
    return mean, scale, limits
