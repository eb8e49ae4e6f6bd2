"""The autoencoder inside a predictor, and the corruption of the fine-tuning."""

from __future__ import annotations

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..autoencoder import DenoisingAutoencoder
from ..backend.serialization import serializable
from ..base.gradient_descent import GradientDescentAutoencoder
from ..base.inner_autoencoder import InnerAutoencoder
from ..data.checks import check_range
from ..data.statistics import refuse_too_large
from ..tables.stored import refuse_stored
from ..tabular import TabularDenoisingAutoencoder

__all__ = ["PretrainedAutoencoder"]

serializable(FrozenEstimator)

#: Parameters of an autoencoder that say what the net is, beside the width of rows.
_FORM = (
    "n_components",
    "hidden_layer_sizes",
    "activation",
    "code_activation",
    "module",
)


class PretrainedAutoencoder(InnerAutoencoder):
    """Mixin of the estimators that fine-tune an autoencoder.

    A subclass has the parameters `autoencoder`, `pretrain`, `corruption` and
    `noise_level`.
    """

    @classmethod
    def upgrade_state(cls, state, format):
        """Take a frozen autoencoder, which files of format 1 hold once, for both."""
        if state.get("autoencoder_", cls) is None:
            state["autoencoder_"] = state["autoencoder"].estimator
        return state

    def _make_autoencoder(self, X, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        if self.autoencoder is None:
            default, of_tables = DenoisingAutoencoder, {}
            if self._reads_tables(X):
                # One layer to the code: on tables of a few hundred rows a deeper net
                # predicted worse, on larger ones no better.
                default = TabularDenoisingAutoencoder
                of_tables = {"hidden_layer_sizes": ()}
            return default(
                256,
                **of_tables,
                code_activation="relu",
                corruption="swap",
                noise_level=0.2,
                random_state=seed,
                **self._inner_params(),
            )
        self._refuse_class()
        frozen = isinstance(self.autoencoder, FrozenEstimator)
        inner = self._unfrozen
        if not isinstance(inner, GradientDescentAutoencoder):
            raise TypeError(
                f"autoencoder of {type(self).__name__} must be an autoencoder that a "
                "net is trained in, which can be fine-tuned (DenoisingAutoencoder, "
                "StackedDenoisingAutoencoder, TabularDenoisingAutoencoder), such a one "
                f"in a FrozenEstimator, or None; got a {'frozen ' if frozen else ''}"
                f"{type(inner).__name__}."
            )
        autoencoder = self._copy_of_autoencoder()
        if frozen:
            return self._check_frozen(autoencoder.estimator)
        if autoencoder.random_state is None:
            autoencoder.set_params(random_state=seed)
        return autoencoder

    def _read_training_rows(self, X, autoencoder, weights, *, resume):
        """Return validated rows, as the net of the autoencoder reads them."""
        refuse_stored(X)
        if not (resume or isinstance(self.autoencoder, FrozenEstimator)):
            return autoencoder._validate_training_rows(
                X, reset=True, owner=self, weights=weights
            )
        rows = autoencoder._validate_rows(X, owner=self if resume else None)
        if self._hides_cells_of(autoencoder):
            autoencoder._warn_without_indicators()
        if not resume:
            # Its columns are those of the frozen one.
            validate_data(self, X, reset=True, skip_check_array=True)
        return rows

    def _read_validation_rows(self, X, autoencoder):
        """Return validation rows, and those by which the pretraining is to stop."""
        rows = autoencoder._check_columns(X, reset=False, owner=self)
        # A fresh one, which knows its range: that of the net has yet to be trained.
        loss = autoencoder._make_loss()
        names = getattr(self, "feature_names_in_", None)
        check_range(rows, loss, loss.input_range, names)
        refuse_too_large(rows)
        stops = autoencoder.early_stopping
        return rows, autoencoder._without_unseen(rows) if stops else None

    def _check_form(self):
        """Refuse to go on from a net of another form than parameters ask for."""
        advice = "Set warm_start=False and call fit to start afresh."
        found = self.net_.module_.config()["dropout"]
        if float(self.dropout) != found:
            raise ValueError(
                f"dropout is {self.dropout!r}, but the net that training would go on "
                f"with has {found!r}. {advice}"
            )
        self._refuse_class()
        wanted, found = self._unfrozen, self.autoencoder_
        if wanted is None:
            return
        if type(wanted) is not type(found):
            raise ValueError(
                f"autoencoder is a {type(wanted).__name__}, but the one that training "
                f"would go on with is a {type(found).__name__}. {advice}"
            )
        for name in _FORM:
            values = [getattr(one, name, None) for one in (wanted, found)]
            if name == "module":
                values = [value is None for value in values]
            if not np.array_equal(*map(np.asarray, values)):
                raise ValueError(
                    f"{name} of autoencoder is {getattr(wanted, name)!r}, but the one "
                    f"that training would go on with has {getattr(found, name)!r}. "
                    f"{advice}"
                )

    def _with_further_rows(self, rows, weights, *, adds):
        """Return the autoencoder of the last fit, once it has seen further rows."""
        if isinstance(self.autoencoder, FrozenEstimator):
            return self.autoencoder_
        return self.autoencoder_.with_statistics_of(rows, weights, adds=adds)

    def _check_frozen(self, autoencoder):
        """Return a fitted autoencoder, after a check that it can be used as it is."""
        check_is_fitted(autoencoder)
        if not self.pretrain:
            raise ValueError(
                "pretrain=False starts from fresh weights, but the autoencoder is "
                "frozen, so that it has been trained. Give it unfrozen."
            )
        return autoencoder

    @property
    def _has_own_corruption(self):
        """Whether the fine-tuning has a corruption that is not the autoencoder's."""
        given = self.corruption
        return given is not None and not (
            isinstance(given, str) and given == "autoencoder"
        )

    def _hides_cells_of(self, autoencoder):
        """Whether the corruption of the fine-tuning makes missing values."""
        if not self._has_own_corruption:
            return False
        process = autoencoder._make_process(self.corruption, self.noise_level)
        return process.makes_missing

    def _check_corruption(self, autoencoder):
        """Refuse a corruption of the fine-tuning before the pretraining."""
        if not self._has_own_corruption:
            return
        process = autoencoder._make_process(self.corruption, self.noise_level)
        process._validate_params()
        if hasattr(self, "n_features_in_"):
            names = getattr(self, "feature_names_in_", None)
            process.set_level(self.n_features_in_, names)

    #: The fitted process of the fine-tuning, where it is not the autoencoder's.
    _own_corruption = None

    def _find_corruption(self, autoencoder, rows, streams, *, keeps):
        """Return what corrupts the rows in the fine-tuning, or None.

        It learns from the rows, unless that of an earlier pass is to be kept.
        """
        if self.corruption is None:
            return None
        if not self._has_own_corruption:
            return autoencoder.corruption_
        if keeps and self._own_corruption is not None:
            return self._own_corruption
        process = autoencoder._make_process(self.corruption, self.noise_level)
        state = np.random.RandomState(streams.seeds["corruption"] % 2**32)
        names = getattr(self, "feature_names_in_", None)
        process.fit_rows(rows, state, feature_names=names)
        return process

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        autoencoder = self.autoencoder
        if autoencoder is None:
            autoencoder = DenoisingAutoencoder()
        if hasattr(autoencoder, "__sklearn_tags__"):
            tags.input_tags = get_tags(autoencoder).input_tags
        tags.input_tags.string = self._may_take_tables
        tags.input_tags.categorical = self._may_take_tables
        return tags
