"""The base of every autoencoder trained by gradient descent.

Reads the data, builds the net, hands it generators, trains it, and only then changes
the estimator: a fit that fails leaves it as it was.
"""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils._param_validation import Interval, StrOptions

from ..backend.user_warnings import warn_user
from ..corruption import CORRUPTIONS, BaseCorruption
from ..data.checks import check_range, name_columns
from ..data.sparse_batches import SparseBatch, is_wide
from ..data.statistics import root_mean_squares
from ..data.streamed_rows import StreamedRows
from ..data.training_data import measure_columns
from ..losses import LOSSES
from ..modules import MLPAutoencoder
from ..modules._layers import MOST_UNITS
from ..training.objective import EMPHASES, EncoderInput
from ..training.schedules import NOISE_SCHEDULES
from .fitting import NetFitting
from .noise_parameters import NoiseParameters
from .trainer import NetTrainer
from .transformer import BaseAutoencoder
from .user_module import ModuleMaker, check_hidden_layers

__all__ = ["GradientDescentAutoencoder"]

#: The root mean square beyond which a column counts as not scaled. Pixels of sixteen
#: levels and measured lengths stay below it.
WIDE = 100.0


class GradientDescentAutoencoder(
    NetFitting, NetTrainer, ModuleMaker, NoiseParameters, BaseAutoencoder
):
    """Base class of the autoencoders that a skorch net trains.

    A subclass has the parameters below.
    """

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        **NetTrainer._parameter_constraints,
        "n_components": [Interval(Integral, 1, MOST_UNITS, closed="both")],
        "corruption": [StrOptions(set(CORRUPTIONS)), BaseCorruption, callable, None],
        "noise_level": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
            "array-like",
            dict,
        ],
        "noise_schedule": [StrOptions(set(NOISE_SCHEDULES)), callable],
        "emphasis": [StrOptions(set(EMPHASES)), tuple, list, None],
        "warm_start": ["boolean"],
    }

    # -- what a subclass says ---------------------------------------------------------

    _fate_of_empty_columns = "are reconstructed as 0"

    def _pretrain(self, plan):
        """Train parts of the module before the whole; return what was learned so.

        Returns
        -------
        fitted : dict
            Attributes of the fitted estimator.
        """
        return {}

    # -- fitting ----------------------------------------------------------------------

    # -- parts ------------------------------------------------------------------------

    def _warn_of_empty_columns(self, statistics):
        empty = np.flatnonzero(statistics.never_observed)
        if len(empty):
            names = getattr(self, "feature_names_in_", None)
            warn_user(
                "Nothing is observed in these columns, which "
                f"{self._fate_of_empty_columns}: {name_columns(empty, names)}.",
            )

    def _warn_of_wide_columns(self, X, loss, losses):
        """Say that a training has ended in a great error since X was not scaled."""
        limit = getattr(loss, "great_error", None)
        if limit is None or not losses or losses[-1] <= limit:
            return
        sizes = root_mean_squares(X)
        widest = int(np.argmax(sizes))
        if sizes[widest] <= WIDE:
            return
        names = getattr(self, "feature_names_in_", None)
        warn_user(
            f"Training ended with a loss of {losses[-1]:.2g}, in the units of columns "
            f"that are not scaled: column {name_columns([widest], names)} is the "
            f"widest, with a root mean square of {sizes[widest]:.2g}. Scale the "
            "columns first (StandardScaler, or MinMaxScaler for pixels)."
        )

    def _validate_training_rows(self, X, *, reset, owner=None, weights=None):
        return super()._validate_rows(X, reset=reset, owner=owner)

    def _validate_validation_rows(self, X):
        """Return validation rows, checked against columns that may be just learned."""
        return self._check_columns(X, reset=False)

    def _validate_rows(self, X, *, reset=False, owner=None):
        X = super()._validate_rows(X, reset=reset, owner=owner)
        loss = self.net_.criterion_
        names = getattr(self, "feature_names_in_", None)

        def checked(rows):
            check_range(rows, loss, loss.input_range, names)
            return rows

        # A stream may be one that can be read only once.
        return X.then(checked) if isinstance(X, StreamedRows) else checked(X)

    def _without_unseen(self, rows):
        """Return rows without what no training row has; for tables."""
        return rows

    def with_statistics_of(self, X, sample_weight=None, *, adds):
        """Return a copy that has seen further rows, as its net is trained elsewhere.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Validated rows.

        sample_weight : ndarray of shape (n_samples,), default=None
            Positive weights.

        adds : bool
            Whether they come to the rows seen so far, in whose place they are else.

        Returns
        -------
        autoencoder : GradientDescentAutoencoder
            A copy, which shares the weights, and fills gaps with means of all rows.
        """
        statistics = measure_columns(X, sample_weight, scale=not adds)
        if adds:
            statistics = self._statistics + statistics
        net = self.net_
        found = object.__new__(type(self))
        encoder_input = EncoderInput.of(
            net.module_, net.criterion_, statistics, self.corruption_, self._device
        )
        vars(found).update(
            vars(self), _statistics=statistics, net_=net.reading_by(encoder_input)
        )
        return found

    def weigh_statistics(self, weight):
        """Let the rows seen so far weigh more beside others to come.

        Parameters
        ----------
        weight : float
            How much each weighs on average.
        """
        self._statistics = self._statistics.times(float(weight))

    def _warn_without_indicators(self):
        """Warn of hidden cells without indicators; for a subclass that has any."""

    def _make_loss(self):
        """Return a loss that has learned nothing yet."""
        raise NotImplementedError

    def _make_penalty(self):
        """Return a penalty on the code, or None; for a subclass that offers any."""
        return None

    # -- tensors ----------------------------------------------------------------------

    def _adopt_net(self, net):
        """Take a net that was built from a file."""
        net.encoder_input = EncoderInput.of(
            net.module_,
            net.criterion_,
            self._statistics,
            self.corruption_,
            torch.device(net.device),
        )
        net.n_features = self.n_features_in_
        self.net_ = net

    def _encode(self, X):
        return self.net_.module_.encode(self.net_.encoder_input(X))

    @property
    def _n_weights(self):
        return self.net_.n_weights_

    def _decode(self, code):
        return self.net_.criterion_.to_data(self.net_.module_.decode(code))

    def _reads_stored(self, rows):
        net = self.net_
        return (
            self._device.type == "cpu"
            and type(net.module_) is MLPAutoencoder
            and net.encoder_input.takes_stored
            and is_wide(rows)
            and not rows.misses_any()
        )

    def _squared_errors(self, X):
        reconstruction = self._reconstruct(X)
        if isinstance(X, SparseBatch):
            X = X.to_dense()
        restored = self.net_.criterion_.match_scale(reconstruction, X)
        return (X - restored).square_()

    def _hidden_layers(self, X):
        check_hidden_layers(self.net_.module_)
        return self.net_.module_.hidden_layers(self.net_.encoder_input(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        loss = getattr(self, "loss", None)
        loss = LOSSES.get(loss) if isinstance(loss, str) else loss
        allowed = getattr(loss, "input_range", None)
        tags.input_tags.positive_only = allowed is not None and allowed[0] >= 0
        return tags
