"""The way from a table to the net that an autoencoder trains on it, and back."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from ..backend.user_warnings import warn_user
from ..data.checks import name_columns
from ..losses import TableLoss
from ..modules import TableAutoencoder
from ..tables.categories import UNSEEN
from ..tables.checks import check_table
from ..tables.encoder import TableEncoder
from ..tables.frames import is_frame, names_of
from ..tables.reading import columns_of
from ..tables.unseen import show_unseen
from .current import check_parameters
from .deprecation import current_value
from .gradient_descent import GradientDescentAutoencoder
from .perceptron import find_code_activation, hidden_sizes

__all__ = ["TableNetAutoencoder"]


def _hides_cells_of(owner, autoencoder):
    """Whether the one that fine-tunes an autoencoder makes missing values."""
    hides = getattr(owner, "_hides_cells_of", None)
    return hides is not None and hides(autoencoder)


class TableNetAutoencoder(GradientDescentAutoencoder):
    """Base class of an autoencoder that trains a ``TableAutoencoder``.

    A subclass has the parameters of the perceptron, `features`, `passthrough` and
    `mask_loss_weight`, and those of a ``TableEncoder``, which is kept as ``_table``.
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

    def _check_features(self):
        check_parameters(self, "features", "passthrough")

    def _validate_rows(self, X, *, reset=False, owner=None, weights=None):
        if not reset:
            check_is_fitted(self)
        return self._check_columns(X, reset=reset, owner=owner, weights=weights)

    def _check_columns(self, X, *, reset, owner=None, weights=None):
        X = check_table(
            owner or self,
            X,
            reset=reset,
            categorical_features=self.categorical_features,
        )
        if reset:
            self._table = self._fit_table(X, owner, weights)
        # It may have been set since the fit.
        return self._table.transform(X, self.handle_unknown)

    def _fit_table(self, X, owner=None, weights=None, encoder=TableEncoder):
        return encoder(
            self.numeric_scaling,
            self.categorical_features,
            self.max_categories,
            indicate_all=self._hides_cells() or _hides_cells_of(owner, self),
            handle_unknown=self.handle_unknown,
        ).fit(X, weights)

    def _hides_cells(self):
        """Whether the corruption makes missing values."""
        process = self._make_corruption()
        return process is not None and process.makes_missing

    def _validate_training_rows(self, X, *, reset, owner=None, weights=None):
        rows = self._validate_rows(X, reset=reset, owner=owner, weights=weights)
        if not reset:
            # A category that was never seen can be no target.
            unseen = (rows == UNSEEN) & (np.array(self._table.n_categories) > 0)
            if unseen.any():
                if self.handle_unknown == "ignore":
                    _warn_of_new_categories(X, unseen)
                rows[unseen] = np.nan
            if self._hides_cells():
                self._warn_without_indicators()
        return rows

    def _validate_validation_rows(self, X):
        rows = self._check_columns(X, reset=False)
        return self._without_unseen(rows)

    def _without_unseen(self, rows):
        """Return encoded rows in which categories that were never seen are missing."""
        unseen = (rows == UNSEEN) & (np.array(self._table.n_categories) > 0)
        return np.where(unseen, np.float32(np.nan), rows) if unseen.any() else rows

    def _warn_without_indicators(self):
        """Warn that a fitted module cannot tell hidden cells from others."""
        without = np.flatnonzero(~np.array(self._table.indicated))
        if len(without):
            names = getattr(self, "feature_names_in_", None)
            warn_user(
                "The corruption hides cells of columns in which nothing was missing "
                "when the autoencoder was first fitted, so that it has no indicators "
                f"of missing values there: {name_columns(without, names)}. Fit it anew "
                "with such a corruption."
            )

    def _make_loss(self):
        return TableLoss.balanced(
            self._table.n_categories,
            self._table.entropies,
            float(current_value(self, "mask_loss_weight")),
        )

    def _module_config(self, n_features, n_outputs):
        hidden = hidden_sizes(self.hidden_layer_sizes)
        return {
            "n_categories": self._table.n_categories,
            "indicated": self._table.indicated,
            "n_components": int(self.n_components),
            "n_outputs": n_outputs,
            "hidden_layer_sizes": hidden,
            "activation": self.activation,
            "code_activation": find_code_activation(
                self.code_activation, self.activation, hidden
            ),
            "dropout": float(self.dropout),
        }

    def _build_module(self, config, generator):
        return TableAutoencoder(**config, generator=generator)

    def _layer_widths(self):
        hidden = hidden_sizes(self.hidden_layer_sizes)
        return hidden, int(self.n_components), hidden[::-1]

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

    def fit_rows(self, X, *, table=None, **params):
        """Train on the numeric form of a table whose columns are known already.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), dtype float32
            The rows that ``table.transform`` returned.

        table : TableEncoder, default=None
            The fitted encoder, which is kept, not copied; None is the one that has
            read the rows.

        **params : dict
            As in other autoencoders.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            if table is not None:
                self._table = table
            return super().fit_rows(X, **params)

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
        if not output.isfinite().all():
            self._refuse_outputs()
        return self.net_.criterion_.squared_errors(output, X)

    def _left_out(self, X):
        # Categories that were never seen have no error either.
        return torch.ones_like(X, dtype=torch.bool)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


def _warn_of_new_categories(X, unseen):
    """Warn of categories that a net has no outputs for, as it was built without."""
    X = X if is_frame(X) else np.asarray(X, dtype=object)
    names, columns = names_of(X), columns_of(X)
    cells = {
        names[j]: columns[j].to_objects()[unseen[:, j]]
        for j in np.flatnonzero(unseen.any(axis=0))
    }
    warn_user(
        "Categories that the first call did not have are left out of the loss, as the "
        f"net has no outputs for them, in these columns: {show_unseen(cells)}. Give a "
        "first call with all categories."
    )
