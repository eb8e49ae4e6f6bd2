"""The transformer's face of an autoencoder: features, names, scores and errors.

Knows nothing of nets; a subclass says how a tensor is encoded and decoded.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
)

from ..backend.nested_parameters import NestedParameters
from ..backend.suggestions import SuggestingMixin
from ..data.text import naming_text, validate_numbers
from ..tables.numbers import as_numbers
from .current import check_parameters
from .feature_output import in_output_container
from .lazy import lazy_on_dask
from .row_mapping import RowMapping

__all__ = ["BaseAutoencoder"]

#: The greatest number of float32, in place of errors that are greater.
LARGEST = float(np.finfo(np.float32).max)


def _has_decoder(estimator):
    """Refuse to invert what does not decode."""
    if not estimator._decodes:
        raise AttributeError(
            f"{type(estimator).__name__} has no inverse_transform: it has no decoder."
        )
    return True


class BaseAutoencoder(
    RowMapping, SuggestingMixin, NestedParameters, TransformerMixin, BaseEstimator
):
    """Base class of the autoencoders.

    A subclass sets ``_device``, ``_data_type``, ``_statistics`` and
    ``_target_statistics`` (the ``ColumnStatistics`` of what went in and of what should
    have come out), ``_widths`` (the widths of the encoder's hidden layers, the code,
    and the decoder's hidden layers) and implements ``_encode``, ``_decode`` and
    ``_hidden_layers``. One that does not decode implements ``_features`` and
    ``_reconstruct`` instead.
    """

    #: Whether rows can be read from a stream.
    _reads_streams = False

    #: Whether there is a decoder, and so an inverse.
    _decodes = True

    #: The type of rows in the units of the data. Files of earlier versions do not have
    #: it, as they gave float32 whatever the type of the data.
    _data_type = np.dtype(np.float32)

    _parameter_constraints: dict = {
        "features": [StrOptions({"code", "layers", "reconstruction"})],
    }

    @lazy_on_dask
    def transform(self, X):
        """Compute the features of `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The features that the parameter `features` names: the code or all layers
            side by side, as float32, or the reconstruction, as :meth:`denoise` has it.
        """
        X = self._validate_rows(X)
        self._check_features()
        decodes = self.features == "reconstruction"
        dtype = self._data_type if decodes else np.float32
        return self._map_rows(
            X,
            self._features,
            self._n_features_out,
            dtype,
            takes_stored=True,
            decodes=decodes,
        )

    @available_if(_has_decoder)
    @lazy_on_dask
    def inverse_transform(self, X):
        """Reconstruct rows from their features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Features from :meth:`transform`. The code among all layers is decoded; a
            reconstruction is returned as it is.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            Rows in the units of the training data, of the type of :meth:`denoise`.
        """
        check_is_fitted(self)
        self._check_features()
        dtype = self._data_type if self.features == "reconstruction" else np.float32
        with naming_text(X, self):
            X = check_array(as_numbers(X), dtype=dtype, input_name="X")
        if X.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self._n_features_out} features as input to inverse_transform: the "
                f"width of transform with features={self.features!r}."
            )
        if self.features == "reconstruction":
            return X.copy()
        start = self._start_of_code
        code = X[:, start : start + self._n_code]
        return self._map_rows(
            code, self._decode_to_data, self.n_features_in_, self._data_type
        )

    @lazy_on_dask
    def denoise(self, X):
        """Reconstruct `X` from its code.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Noisy rows; NaN stands for a missing value.

        Returns
        -------
        X_denoised : ndarray of shape (n_samples, n_features)
            The reconstruction, without missing values: float32 where the rows of the
            fit were float32 or float16, float64 elsewhere.
        """
        X = self._validate_rows(X)
        return self._map_rows(
            X, self._reconstruct, X.shape[1], self._data_type, takes_stored=True
        )

    @lazy_on_dask
    def reconstruction_error(self, X, *, per_feature=False):
        """Compute how far the reconstruction of each row is from it.

        With a loss of counts or of directions, a reconstruction is brought to the size
        or the length of its row first.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; missing values are left out.

        per_feature : bool, default=False
            Whether to return the squared error of every cell.

        Returns
        -------
        error : ndarray of shape (n_samples,) or (n_samples, n_features), dtype float32
            Mean squared error of each row over its observed cells, NaN for a row
            without any; or the squared error of each cell, NaN where it is missing, in
            a data frame where `set_output` asks for one.
        """
        given, X = X, self._validate_rows(X)
        settings = {"finite": False, "takes_stored": True}
        if per_feature:
            errors = self._map_rows(X, self._cell_errors, X.shape[1], **settings)
            return in_output_container(self, errors, given)
        return self._map_rows(X, self._row_errors, 1, **settings)[:, 0]

    @lazy_on_dask
    def score_samples(self, X):
        """Compute minus the mean squared error of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; missing values are left out.

        Returns
        -------
        scores : ndarray of shape (n_samples,), dtype float32
            Minus :meth:`reconstruction_error`, whatever the loss; nothing is
            corrupted. Greater is better.
        """
        return -self.reconstruction_error(X)

    def score(self, X, y=None):
        """Compute the mean of :meth:`score_samples`.

        It measures how well rows without noise are copied, and so cannot choose the
        noise level: no noise always wins.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows; missing values are left out.

        y : None
            Ignored.

        Returns
        -------
        score : float
            Minus the mean squared error of the rows; NaN where nothing is observed.
        """
        scores = np.asarray(self.score_samples(X))
        scores = scores[~np.isnan(scores)]
        return float(scores.mean(dtype=np.float64)) if len(scores) else np.nan

    def get_feature_names_out(self, input_features=None):
        """Get the names of the features that :meth:`transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input's features; of use with ``features="reconstruction"``
            only, whose names they are.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name per column.
        """
        check_is_fitted(self)
        self._check_features()
        names = _check_feature_names_in(self, input_features)
        prefix = type(self).__name__.lower()
        if self.features == "reconstruction":
            return names
        if self.features == "code":
            names = [f"{prefix}{i}" for i in range(self._n_code)]
        else:
            encoder, code, decoder = self._widths
            layers = [(f"encoder{i}", width) for i, width in enumerate(encoder)]
            layers.append(("code", code))
            layers += [(f"decoder{i}", width) for i, width in enumerate(decoder)]
            names = [
                f"{prefix}_{layer}{'' if layer == 'code' else '_'}{i}"
                for layer, width in layers
                for i in range(width)
            ]
        return np.asarray(names, dtype=object)

    # -- tensors --------------------------------------------------------------------

    def _encode(self, X):
        raise NotImplementedError

    def _decode(self, code):
        """Return the reconstruction of codes, in the data's units."""
        raise NotImplementedError

    def _hidden_layers(self, X):
        """Return the lists of hidden activations, and between them the code."""
        raise NotImplementedError

    def _decode_to_data(self, code):
        X = self._decode(code)
        untrained = self._target_statistics.never_observed
        if untrained.any():
            X = X.masked_fill(torch.from_numpy(untrained).to(X.device), 0.0)
        return X

    def _reconstruct(self, X):
        return self._decode_to_data(self._encode(X))

    def _features(self, X):
        """Return what `features` names."""
        if self.features == "code":
            return self._encode(X)
        if self.features == "reconstruction":
            return self._reconstruct(X)
        encoder, code, decoder = self._hidden_layers(X)
        return torch.cat([*encoder, code, *decoder], dim=1)

    def _squared_errors(self, X):
        return (X - self._reconstruct(X)).square_()

    def _cell_errors(self, X):
        """Return the squared errors, NaN only where a value is missing."""
        errors = self._squared_errors(X)
        if (errors.isnan() & ~self._left_out(X)).any():
            self._refuse_outputs()
        # The square of a number above 1e19 is more than float32 holds.
        return errors.clamp_(max=LARGEST)

    def _left_out(self, X):
        """Return which cells may have no error."""
        return X.isnan()

    def _row_errors(self, X):
        means = torch.nanmean(self._cell_errors(X), dim=1, keepdim=True)
        return means.clamp_(max=LARGEST)

    def _refuse_outputs(self):
        raise ValueError(
            f"The {type(self).__name__} gives numbers for X that are not finite: its "
            "values are too large. Scale the rows as those of the fit were."
        )

    def restore_rows(self, X):
        """Reconstruct rows that have been validated, as a meta-estimator has them.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        X_restored : ndarray of shape (n_samples, n_features), dtype float32
            The reconstruction.
        """
        return self._map_rows(X, self._reconstruct, X.shape[1], takes_stored=True)

    # -- arrays ---------------------------------------------------------------------

    @property
    def _n_code(self):
        return self._widths[1]

    @property
    def _start_of_code(self):
        """Where the code begins among the features."""
        return sum(self._widths[0]) if self.features == "layers" else 0

    @property
    def _n_features_out(self):
        if self.features == "reconstruction":
            return self.n_features_in_
        if self.features == "code":
            return self._n_code
        encoder, code, decoder = self._widths
        return sum(encoder) + code + sum(decoder)

    @property
    def _widest(self):
        """How many numbers a row is at most, on its way."""
        encoder, code, decoder = self._widths
        return max(self.n_features_in_, code, *encoder, *decoder)

    @property
    def _n_weights(self):
        """How many weights each row meets, or None where that is not known."""
        return None

    def _validate_rows(self, X, *, reset=False, owner=None):
        """Return rows checked for this estimator, or for one that it is a part of."""
        if not reset:
            check_is_fitted(self)
        return self._check_columns(X, reset=reset, owner=owner)

    def _check_columns(self, X, *, reset, owner=None):
        """Return checked rows; their columns are learned, or compared with those."""
        return validate_numbers(
            owner or self,
            as_numbers(X),
            reset=reset,
            accept_sparse="csr",
            dtype="numeric",
            ensure_all_finite="allow-nan",
        )

    def _check_features(self):
        """Check what says which features are meant, and may have been set since fit."""
        check_parameters(self, "features")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        preserved = ["float32"]
        # It is not validated here, and may be an array.
        if isinstance(self.features, str) and self.features == "reconstruction":
            preserved = ["float64", "float32"]
        tags.transformer_tags.preserves_dtype = preserved
        return tags
