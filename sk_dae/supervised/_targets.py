"""Targets of a predictor, which reads, compares and weighs them."""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_consistent_length

from ..data.validation_set import naming_argument
from ._labeled_rows import LabeledRows

__all__ = ["TargetReading"]


class TargetReading:
    """Mixin of the classifier and the regressor: how targets become numbers.

    A subclass says how in the methods that are not implemented here.
    """

    def _loss_of_targets(self, fitted):
        """Return the class of the loss of the fine-tuning."""
        raise NotImplementedError

    def _read_targets(self, y, weights, known=None, *, whole=True, learns=True):
        """Check the targets of a fit.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of the user.

        weights : ndarray of shape (n_samples,) or None
            Positive weights of the rows; None counts all alike.

        known : dict, default=None
            The attributes learned of earlier targets, which these must be like; None
            learns it from these.

        whole : bool, default=True
            Whether all that is known of targets is to be found in these.

        learns : bool, default=True
            Whether they are trained on, rather than validated.

        Returns
        -------
        fitted : dict
            Attributes of the fitted estimator: what is known of targets.

        labeled : ndarray of shape (n_samples,), dtype bool
            Which rows have a target.

        values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The targets as numbers.
        """
        raise NotImplementedError

    #: The fitted attributes that tell of targets.
    _of_targets = ()

    def _target_rows(self, values, fitted):
        """Return numeric targets as rows, of which batches are taken."""
        raise NotImplementedError

    def _strata(self, values):
        """Return groups whose shares the validation rows keep."""
        return np.zeros(len(values), dtype=np.int64)

    def _factors(self, weights, values, labeled, fitted):
        """Return what rows of each class weigh, or None."""
        return None

    def _read_validation(self, validation, autoencoder, fitted, factors):
        """Return validation rows for the fine-tuning, and such for the pretraining."""
        if validation is None:
            return None, None
        with naming_argument("X_val"):
            rows, found = self._read_validation_rows(validation.X, autoencoder)
        with naming_argument("y_val"):
            check_consistent_length(rows, validation.y)
            _, labeled, values = self._read_targets(
                validation.y, None, fitted, whole=False, learns=False
            )
            given = LabeledRows.of(
                rows, values, labeled, validation.sample_weight, factors, scale=True
            )
        if found is not None:
            found = validation._replace(X=found, y=None)
        return given, found
