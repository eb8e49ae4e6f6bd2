"""The base of the autoencoders whose samples are images or signals."""

from __future__ import annotations

import math
from numbers import Integral

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config

from ..backend.precision import PRECISIONS, find_precision
from ..losses import LOSSES, BaseLoss, make_loss
from ..modules import ACTIVATIONS, ConvolutionalAutoencoder
from ..modules._convolutional import stage_widths
from .gradient_descent import GradientDescentAutoencoder
from .perceptron import hidden_sizes
from .sample_shape import as_samples, find_sample_shape, flat_rows, has_sample_shape

__all__ = ["ConvolutionalNetAutoencoder"]

#: Steps that `max_iter="auto"` aims at, far fewer than of a perceptron: each of them
#: takes far longer; and the least, which few rows make in many epochs.
AUTO_STEPS, LEAST_STEPS = 2000, 500


class ConvolutionalNetAutoencoder(GradientDescentAutoencoder):
    """Base class of the autoencoders that train a ``ConvolutionalAutoencoder``.

    Inside, samples are flat rows, as everywhere; only the module knows better. A
    subclass has the parameters below.
    """

    _own_module = ConvolutionalAutoencoder
    _set_by_validation = (
        *GradientDescentAutoencoder._set_by_validation,
        "sample_shape_",
        "_flat_samples",
    )
    _parameter_constraints: dict = {
        **GradientDescentAutoencoder._parameter_constraints,
        "loss": [StrOptions(set(LOSSES)), BaseLoss],
        "input_shape": ["array-like", None],
        "channel_axis": [Integral, None],
        "n_filters": ["array-like", Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, 99, closed="both")],
        "pool_size": [Interval(Integral, 1, 99, closed="both")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "code_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "precision": [StrOptions(set(PRECISIONS))],
    }

    # -- samples and rows -------------------------------------------------------------

    def _check_columns(self, X, *, reset, owner=None):
        X = self._read_samples(X, reset)
        X = super()._check_columns(X, reset=reset, owner=owner)
        if reset and self.sample_shape_ is None:
            self.sample_shape_ = self._shape_of_samples(X.shape)
        return X

    def _read_samples(self, X, reset):
        """Return samples as rows; learn their shape, or compare it."""
        X = as_samples(X)
        has_shape = has_sample_shape(X)
        if reset:
            self._flat_samples = not has_shape
            # That of rows is known when they have been validated.
            self.sample_shape_ = self._shape_of_samples(X.shape) if has_shape else None
        elif has_shape and hasattr(self, "sample_shape_"):
            self._check_shape(X)
        return flat_rows(X)

    def _check_shape(self, X, name="X"):
        if X.shape[1:] != self.sample_shape_:
            raise ValueError(
                f"{name} has samples of the shape {X.shape[1:]}, but "
                f"{type(self).__name__} is expecting {self.sample_shape_}."
            )

    def _shape_of_samples(self, X_shape):
        return find_sample_shape(X_shape, self.input_shape, self.channel_axis)

    def _in_shape(self, rows, *, flat):
        """Return rows as samples, unless they are to stay flat."""
        if flat or getattr(rows, "ndim", 0) != 2:
            return rows
        return rows.reshape(len(rows), *self.sample_shape_)

    def _gives_frames(self):
        """Whether `set_output` asks for frames, which hold flat rows."""
        return _get_output_config("transform", self)["dense"] != "default"

    # -- fitting ----------------------------------------------------------------------

    def fit_rows(self, X, **params):
        """Train on rows that have been validated; as in ``NetFitting``."""
        with self._unharmed_by_failure():
            known = getattr(self, "sample_shape_", None)
            if known is None or math.prod(known) != X.shape[1]:
                self.sample_shape_ = self._shape_of_samples(X.shape)
                self._flat_samples = True
            return super().fit_rows(X, **params)

    def _fit(self, X, sample_weight, clean, *, validation=None, **params):
        if validation is not None:
            rows = flat_rows(as_samples(validation.clean))
            validation = validation._replace(clean=rows)
        clean = flat_rows(as_samples(clean))
        return super()._fit(X, sample_weight, clean, validation=validation, **params)

    @staticmethod
    def _auto_epochs(n_batches):
        most = max(100, -(-LEAST_STEPS // n_batches))
        return int(np.clip(-(-AUTO_STEPS // n_batches), 10, most))

    def _precision_of_products(self, device):
        return find_precision(self.precision, device)

    # -- the module -------------------------------------------------------------------

    def _hidden_sizes(self):
        """Return how many numbers the stages before the code give."""
        n_filters = hidden_sizes(self.n_filters, "n_filters")
        return stage_widths(
            self.sample_shape_, self.channel_axis, n_filters, int(self.pool_size)
        )

    def _module_config(self, n_features, n_outputs):
        return {
            "sample_shape": self.sample_shape_,
            "n_components": int(self.n_components),
            "channel_axis": self.channel_axis,
            "n_filters": hidden_sizes(self.n_filters, "n_filters"),
            "kernel_size": int(self.kernel_size),
            "pool_size": int(self.pool_size),
            "activation": self.activation,
            "code_activation": self._code_activation(self._hidden_sizes()),
            "dropout": float(self.dropout),
        }

    def _build_module(self, config, generator):
        return ConvolutionalAutoencoder(**config, generator=generator)

    def _layer_widths(self):
        hidden = self._hidden_sizes()
        return hidden, int(self.n_components), hidden[::-1]

    def _make_loss(self):
        return make_loss(self.loss)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
