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
from ..data.rows import rows_of

__all__ = ["PretrainedAutoencoder"]

serializable(FrozenEstimator)


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

    def _make_autoencoder(self, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        if self.autoencoder is None:
            return DenoisingAutoencoder(
                256,
                code_activation="relu",
                corruption="swap",
                noise_level=0.2,
                random_state=seed,
                **self._inner_params(),
            )
        given, frozen = self.autoencoder, isinstance(self.autoencoder, FrozenEstimator)
        inner = given.estimator if frozen else given
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

    def _read_training_rows(self, X, autoencoder):
        """Return validated rows, as the net of the autoencoder reads them."""
        if not isinstance(self.autoencoder, FrozenEstimator):
            return autoencoder._validate_training_rows(X, reset=True, owner=self)
        rows = autoencoder._validate_rows(X)
        if self._hides_cells_of(autoencoder):
            autoencoder._warn_without_indicators()
        # Its columns are those of the frozen one.
        validate_data(self, X, reset=True, skip_check_array=True)
        return rows

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

    def _make_corruption(self, autoencoder, X, streams):
        """Return what corrupts the rows in the fine-tuning, or None."""
        if self.corruption is None:
            return None
        if not self._has_own_corruption:
            return autoencoder.corruption_
        process = autoencoder._make_process(self.corruption, self.noise_level)
        state = np.random.RandomState(streams.seeds["corruption"] % 2**32)
        names = getattr(self, "feature_names_in_", None)
        process.fit_rows(rows_of(X), state, feature_names=names)
        return process

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        autoencoder = self.autoencoder
        if autoencoder is None:
            autoencoder = DenoisingAutoencoder()
        tags.input_tags = get_tags(autoencoder).input_tags
        return tags
