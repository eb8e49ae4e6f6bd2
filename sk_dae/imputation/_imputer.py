"""Completing rows with missing values: one best guess, or several plausible ones."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.impute import MissingIndicator
from sklearn.impute._base import _BaseImputer
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    MissingValues,
    StrOptions,
    validate_params,
)
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..backend.serialization import serializable
from ..backend.user_warnings import warn_user
from ..base.current import check_parameters
from ..base.deprecation import RenamedParameters
from ..base.fitted import restored_on_failure
from ..base.inner_autoencoder import InnerAutoencoder, holds_more_than_numbers
from ..base.meta_estimator import refuse_loss_of_other_scales
from ..data.checks import name_columns
from ..tables.frames import append_columns, is_frame
from ..training.callbacks.sklearn_bridge import (
    CallbackSupportMixin,
    begin_tasks,
    end_tasks,
    with_callbacks,
)
from ._containers import in_container, readable_in
from ._cross_fitting import CrossFittedCompletion
from ._inputs import IncompleteNumbers, IncompleteTable
from ._marks import are_several, hide_marks, is_hidden_first, is_missing_value, marks_of

__all__ = ["DenoisingImputer"]

# The base class uses it.
serializable(MissingIndicator)

#: Rows from which on few autoencoders, trained for longer, serve better than many.
_MANY_ROWS = 5000
#: Number of autoencoders, and steps of the training of each: below, and from there on.
_FEW_ROWS_DEFAULTS = 5, 1500
_MANY_ROWS_DEFAULTS = 2, 2000


@serializable(standalone=True)
class DenoisingImputer(InnerAutoencoder, CallbackSupportMixin, _BaseImputer):
    r"""Fill missing values with the reconstructions of denoising autoencoders.

    To fill gaps is to undo a corruption. Autoencoders are trained to restore cells
    that are masked at random, beginning with the best linear guess of them; each is
    trained without one part of the rows, on which it is measured how far the
    autoencoders are to be trusted over that guess, and by how much they err.

    :meth:`transform` gives one completion, close on average. :meth:`sample` gives
    several that differ as the truth might, for analyses that must know how uncertain
    a filled cell is. Observed cells come back as they were. The data need not be
    scaled.

    Tables with columns of strings, booleans, categorical types or times are taken as
    they come, in a data frame of pandas or polars or an array of objects. Rows come
    back in the container that they came in, a data frame with its types, whatever the
    columns hold; an array of numbers as floats, or where floats do not hold all
    observed numbers, such as integers beyond 2**53, as it came. ``set_output`` chooses
    another container. Read more in the :ref:`User Guide <imputation>`.

    Parameters
    ----------
    autoencoder : estimator or None, default=None
        An autoencoder of the package, or another with the methods ``fit`` and
        ``denoise``, to be cloned and so not frozen; it gets standardised columns, for
        which its loss must be made. For tables with categories it must be
        a :class:`TabularDenoisingAutoencoder`, which is also what takes numbers for
        categories if it is told to. None stands for::

            DenoisingAutoencoder(
                256,
                hidden_layer_sizes=(256,),
                code_activation="relu",
                corruption="conditional_mean",
                noise_level=0.3,
                emphasis="full",
                max_iter=...,
            )

        or for tables with categories::

            TabularDenoisingAutoencoder(
                256,
                hidden_layer_sizes=(256,),
                code_activation="relu",
                numeric_scaling="standard",
                corruption="masking",
                noise_level=0.3,
                emphasis="full",
                max_iter=...,
            )

        with as many epochs as make 1,500 steps, or 2,000 for 5,000 rows or more; at
        least 5 and at most 200.

    n_estimators : int or "auto", default="auto"
        Number of autoencoders; their predictions are averaged. "auto" is 5, and 2 for
        5,000 rows or more.

    missing_values : int, float, str, np.nan, pandas.NA, None or list, default=np.nan
        Mark of a missing value, or a list of all marks, such as
        ``["?", -1]``. A number counts in columns of numbers and among categories, a
        string in columns of strings and objects. NaN, None and pandas.NA count besides,
        but for a single number as the mark of rows of numbers alone, where NaN is
        refused, as by scikit-learn's imputers.

    add_indicator : bool, default=False
        Whether to append to the completed columns those of a
        :class:`~sklearn.impute.MissingIndicator`: for every column that had missing
        values in fit, which cells were missing.

    keep_empty_features : bool, default=False
        Whether to keep columns without any observed value in fit, rather than leave
        them out; filled with 0, if they are of numbers.

    min_value : str, float, array-like, dict or None, default="observed"
        The least value that a gap is filled with: a number for all columns of numbers,
        an array of shape (n_features,), or a dict by name. "observed" is the least
        observed value of a column of numbers or times; it holds for columns that a dict
        does not name. None, and an infinite number, is no bound. Observed cells may
        lie beyond.

    max_value : str, float, array-like, dict or None, default="observed"
        The greatest value that a gap is filled with, likewise.

    device : str, torch.device or None, default=None
        Where the autoencoders are trained, whatever the `device` of `autoencoder` is.
        None leaves it that; it is "auto" where `autoencoder` is None.

    random_state : int, RandomState instance or None, default=None
        Seeds the folds, the autoencoders (in place of their own `random_state`) and
        the measurement of the errors.

    verbose : int, default=0
        Whether to show lines of progress of the trainings. 0 leaves a given
        autoencoder its own.

    Attributes
    ----------
    estimators_ : list of estimators
        The trained autoencoders.

    weight_ : float
        Weight in [0, 1] of the autoencoders over the linear guess.

    indicator_ : MissingIndicator or None
        Appends the indicators; None where `add_indicator` is False.

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

    A table with categories:

    >>> import pandas as pd
    >>> X = pd.DataFrame(
    ...     {
    ...         "legs": [4, 4, 2, 2] * 25,
    ...         "kind": ["cat", None, "bird", "bird"] * 25,
    ...     }
    ... )
    >>> imputer = DenoisingImputer(n_estimators=1, random_state=0)
    >>> imputer.fit_transform(X)["kind"].value_counts().to_dict()
    {'cat': 50, 'bird': 50}
    """

    _parameter_constraints: dict = {
        **_BaseImputer._parameter_constraints,
        "missing_values": [MissingValues(), list, tuple],
        "autoencoder": [HasMethods(["fit", "denoise"]), None],
        "n_estimators": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "min_value": [StrOptions({"observed"}), Real, "array-like", dict, None],
        "max_value": [StrOptions({"observed"}), Real, "array-like", dict, None],
        "device": [str, torch.device, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _gives_tables_back = True

    def __init__(
        self,
        autoencoder=None,
        *,
        n_estimators="auto",
        missing_values=np.nan,
        add_indicator=False,
        keep_empty_features=False,
        min_value="observed",
        max_value="observed",
        device=None,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            missing_values=missing_values,
            add_indicator=add_indicator,
            keep_empty_features=keep_empty_features,
        )
        self.autoencoder = autoencoder
        self.n_estimators = n_estimators
        self.min_value = min_value
        self.max_value = max_value
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Train the autoencoders and measure their errors.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Training rows, with missing values or without.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted imputer.
        """
        with restored_on_failure(self):
            self._fit(X)
        return self

    def _fit(self, X):
        refuse_loss_of_other_scales(self.autoencoder, self)
        self._refuse_frozen(
            "each of several is trained without one part of the rows, to be measured "
            "on it"
        )
        autoencoder = self.autoencoder
        if autoencoder is not None:
            autoencoder = self._copy_of_autoencoder()
            if isinstance(autoencoder, RenamedParameters):
                # Each member is a clone of it, and need not warn again.
                autoencoder.settle_names()
        self._rows = self._make_rows(X)
        X, missing = self._rows.validate(self, X, reset=True)
        self._fit_indicator(missing)
        if self.indicator_ is not None:
            # Whatever a user wants transformers to return, this one's go to an array.
            self.indicator_.set_output(transform="default")
        few = len(missing) < _MANY_ROWS
        n_members, n_steps = _FEW_ROWS_DEFAULTS if few else _MANY_ROWS_DEFAULTS
        if self.n_estimators != "auto":
            n_members = self.n_estimators
        random_state = check_random_state(self.random_state)
        if autoencoder is None:
            autoencoder = self._rows.make_autoencoder(
                len(missing), n_steps, self._inner_params()
            )
        rows = self._rows.learn(X, missing, autoencoder)
        names = getattr(self, "feature_names_in_", None)
        self._rows.bound(self.min_value, self.max_value, names)
        self._completion = None
        if not self._rows.empty.all():
            begin_tasks(self, 2 * n_members, X)
            self._completion = CrossFittedCompletion.fit(
                rows,
                autoencoder,
                n_members,
                random_state,
                table=self._rows.table,
                owner=self,
            )
            end_tasks(self, X)
        empty = self._rows.empty
        if empty.any() and not self.keep_empty_features:
            warn_user(
                "Nothing is observed in these columns, which are left out: "
                f"{name_columns(np.flatnonzero(empty), names)}.",
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
        X : data frame or array-like of shape (n_samples, n_features)
            Rows to complete.

        Returns
        -------
        X_filled : ndarray or data frame of shape (n_samples, n_features_out)
            The completed rows; with `add_indicator`, the indicators after them. They
            come in the container of `X`, unless `set_output` chooses another: a data
            frame with its types, where numbers in columns of integers are rounded, and
            times to the resolution that their column had in fit.
        """
        X, missing = self._validate(X)
        incomplete, rows = self._rows.encode(X, missing)
        if len(rows):
            rows = self._completion.fill(rows)
        filled = self._named(self._rows.fill(X, missing, incomplete, rows, self._kept))
        indicators = self._transform_indicator(missing)
        if indicators is not None and is_frame(filled):
            names = self.get_feature_names_out()[self._kept.sum() :]
            filled, indicators = append_columns(filled, indicators, names), None
        filled = readable_in(self._container, filled)
        if indicators is None:
            return filled
        return self._concatenate_indicator(filled, indicators)

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
        the column's observed values, and the bounds `min_value` and `max_value`.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Rows to complete.

        n_imputations : int, default=5
            How often.

        random_state : int, RandomState instance or None, default=None
            The source of the draws. None draws anew in each call.

        Returns
        -------
        X_filled : ndarray of shape (n_imputations, n_samples, n_kept), or list
            The completed rows, without indicators, in the container that
            :meth:`transform` gives: an array of all, or a list of `n_imputations` data
            frames. Observed cells are the same in all.
        """
        given = X
        X, missing = self._validate(X)
        random_state = check_random_state(random_state)
        incomplete, rows = self._rows.encode(X, missing)
        names = _check_feature_names_in(self, None)[self._kept]
        draws = []
        for _ in range(n_imputations):
            drawn = rows
            if len(rows):
                drawn = self._completion.sample(rows, random_state)
            drawn = self._rows.fill(
                X, missing, incomplete, drawn, self._kept, within_range=True
            )
            drawn = self._named(drawn)
            draws.append(in_container(self._container, drawn, given, names))
        return draws if is_frame(draws[0]) else np.stack(draws)

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
        self._check_format()
        input_features = _check_feature_names_in(self, input_features)
        return self._concatenate_indicator_feature_names_out(
            input_features[self._kept], input_features
        )

    # -- parts ------------------------------------------------------------------------

    def _make_rows(self, X):
        """Return the reader of X: of numbers, or of a table."""
        hides = is_hidden_first(self.missing_values)
        if hides:
            X = hide_marks(X, marks_of(self.missing_values)).values
        if self._reads_tables(X):
            return IncompleteTable()
        # With an autoencoder of numbers, what an array holds is to become numbers.
        if is_frame(X) and holds_more_than_numbers(X):
            return IncompleteTable()
        rows = IncompleteNumbers()
        rows.hides_marks = hides
        return rows

    @property
    def _container(self):
        """The container that the user has asked for."""
        return _get_output_config("transform", self)["dense"]

    def _named(self, filled):
        """Return completed rows with the names that they have for scikit-learn.

        Those of a data frame keep their own, unless the fit saw none: what comes out
        must not depend on the container of later rows.
        """
        if is_frame(filled) and not hasattr(self, "feature_names_in_"):
            if all(isinstance(name, str) for name in filled.columns):
                names = _check_feature_names_in(self, None)[self._kept]
                filled.columns = list(names)
        return filled

    def _validate(self, X):
        check_is_fitted(self)
        self._check_format()
        return self._rows.validate(self, X, reset=False)

    def _check_format(self):
        """Check what says how rows look, and may have been set since the fit."""
        check_parameters(self, *_BaseImputer._parameter_constraints)

    @property
    def _kept(self):
        """Mask of the columns that are returned."""
        return ~self._rows.empty | self.keep_empty_features

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_completion")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        mark = self.missing_values
        tags.input_tags.allow_nan = are_several(mark) or is_missing_value(mark)
        tags.input_tags.string = self._may_take_tables
        tags.input_tags.categorical = self._may_take_tables
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
