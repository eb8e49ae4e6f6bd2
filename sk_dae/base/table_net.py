"""The way from a table to the net that an autoencoder trains on it, and back."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..modules import TableAutoencoder
from ..tables.categories import UNSEEN
from ..tables.checks import check_table
from ..tables.encoder import TableEncoder
from .gradient_descent import GradientDescentAutoencoder
from .perceptron import hidden_sizes

__all__ = ["TableNetAutoencoder"]


class TableNetAutoencoder(GradientDescentAutoencoder):
    """Base class of an autoencoder that trains a ``TableAutoencoder``.

    A subclass has the parameters `hidden_layer_sizes`, `n_components`, `features` and
    `passthrough`, and those of a ``TableEncoder``, which is kept as ``_table``.
    """

    _own_module = TableAutoencoder
    _set_by_validation = (*GradientDescentAutoencoder._set_by_validation, "_table")
    _fate_of_empty_columns = "stay empty"

    def get_feature_names_out(self, input_features=None):
        """Get the names of the features that :meth:`transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns, which the names of the features that `passthrough`
            adds are made of.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name per column.
        """
        names = super().get_feature_names_out(input_features)
        if not self.passthrough:
            return names
        columns = _check_feature_names_in(self, input_features)
        return np.concatenate([self._table.names_of_inputs(columns), names])

    def _validate_rows(self, X, *, reset=False, owner=None):
        if not reset:
            check_is_fitted(self)
        X = check_table(owner or self, X, reset=reset)
        if reset:
            self._table = self._fit_table(X)
        return self._table.transform(X)

    def _fit_table(self, X, encoder=TableEncoder):
        return encoder(
            self.numeric_scaling,
            self.categorical_features,
            self.max_categories,
            indicate_all=self._hides_cells(),
        ).fit(X)

    def _hides_cells(self):
        """Whether the corruption makes missing values."""
        if isinstance(self.corruption, str):
            return self._make_corruption().makes_missing
        return getattr(self.corruption, "makes_missing", False)

    def _validate_training_rows(self, X, *, reset, owner=None):
        X = self._validate_rows(X, reset=reset, owner=owner)
        if not reset:
            # A category that was never seen can be no target.
            for j in np.flatnonzero(self._table.n_categories):
                X[X[:, j] == UNSEEN, j] = np.nan
        return X

    def _build_module(self, config, generator):
        return TableAutoencoder(**config, generator=generator)

    def _layer_widths(self):
        hidden = hidden_sizes(self.hidden_layer_sizes)
        return hidden, self.n_components, hidden[::-1]

    def _features(self, X):
        features = super()._features(X)
        if self.passthrough:
            inputs = self.net_.module_.expand(self.net_.encoder_input(X))
            features = torch.cat([inputs, features], dim=1)
        return features

    @property
    def _n_inputs(self):
        return self.net_.module_.n_features

    @property
    def _start_of_code(self):
        return super()._start_of_code + self.passthrough * self._n_inputs

    @property
    def _n_features_out(self):
        return super()._n_features_out + self.passthrough * self._n_inputs

    @property
    def _widest(self):
        n_outputs = len(self.net_.module_.decoder[-1].bias)
        return max(super()._widest, n_outputs, self._n_inputs)

    def fit_rows(
        self, X, *, table=None, sample_weight=None, feature_names=None, trains=True
    ):
        """Train on the numeric form of a table whose columns are known already.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), dtype float32
            The rows that ``table.transform`` returned.

        table : TableEncoder, default=None
            The fitted encoder, which is kept, not copied; None is the one that has
            read the rows.

        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each row in the loss.

        feature_names : ndarray of shape (n_features,), default=None
            Names of the columns.

        trains : bool, default=True
            Whether to train the net, rather than only build it.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            if table is not None:
                self._table = table
            return super().fit_rows(
                X,
                sample_weight=sample_weight,
                feature_names=feature_names,
                trains=trains,
            )

    def restore_parts(self, encoded):
        """Reconstruct the numeric form of a table, as a meta-estimator has it.

        Parameters
        ----------
        encoded : ndarray of shape (n_samples, n_features), dtype float32
            Scaled numbers and indices of categories; NaN stands for a missing value.

        Returns
        -------
        restored : ndarray of shape (n_samples, n_numbers + n_categories), float32
            The scaled numbers, and after them the probabilities of all categories.
        """

        def restore(X):
            output = self.net_.module_.decode(self._encode(X))
            return self.net_.criterion_.expectations(output)

        width = sum(n or 1 for n in self._table.n_categories)
        return self._map_rows(encoded, restore, width)

    def _squared_errors(self, X):
        output = self.net_.module_.decode(self._encode(X))
        return self.net_.criterion_.squared_errors(output, X)
