"""A penalty on the code, and what its distribution makes possible."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ..penalties import PENALTIES, BasePenalty, make_penalty
from .perceptron import find_code_activation

__all__ = ["PenalizedCode", "has_prior"]


def has_prior(estimator):
    """Refuse to sample from what has no distribution of codes."""
    penalty = estimator.penalty_ if hasattr(estimator, "net_") else estimator.penalty
    if penalty is None or not PENALTIES.get(penalty, penalty).has_prior:
        raise AttributeError(
            "sample needs penalty='variational' or penalty='adversarial', got "
            f"penalty={penalty!r}."
        )
    return True


class PenalizedCode:
    """Mixin of the autoencoders with a penalty on the code.

    A subclass has the parameters `penalty`, `penalty_weight`, `activation` and
    `code_activation`, and says how many hidden layers stand before the code.
    """

    _parameter_constraints: dict = {
        "penalty": [StrOptions(set(PENALTIES)), BasePenalty, None],
        "penalty_weight": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
        ],
    }

    @property
    def penalty_(self):
        """The fitted penalty, or None."""
        return self.net_.penalty

    @available_if(has_prior)
    def sample(self, n_samples=1, random_state=None):
        """Draw new rows: decoded draws of the standard normal that codes follow.

        Only with ``penalty="variational"`` or ``"adversarial"``.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.

        random_state : int, RandomState instance or None, default=None
            Seeds the draws.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            New rows in the units of the training data, without noise on top, of the
            type of :meth:`denoise`.
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or not 1 <= n_samples < 2**31:
            raise ValueError(
                "n_samples must be an integer of at least 1 and below 2**31, got "
                f"{n_samples!r}."
            )
        random_state = check_random_state(random_state)
        codes = random_state.standard_normal((n_samples, self._n_code))
        codes = codes.astype(np.float32)
        return self._map_rows(
            codes, self._decode_to_data, self.n_features_in_, self._data_type
        )

    def _code_activation(self, hidden):
        wanted = None
        if self.penalty is not None:
            wanted = PENALTIES.get(self.penalty, self.penalty).code_activation
        return find_code_activation(
            self.code_activation, self.activation, hidden, wanted=wanted
        )

    def _make_penalty(self):
        penalty = make_penalty(self.penalty, self.penalty_weight)
        if penalty is not None and self._given_module() is None:
            # A module of the user is looked at when it has been made.
            penalty.check_activation(self._code_activation(self._hidden_sizes()))
        return penalty
