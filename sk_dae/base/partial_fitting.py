"""Training in passes over data that comes in parts."""

from __future__ import annotations

from sklearn.base import _fit_context

from ..data.streams import parts_of_stream
from ..training.callbacks.sklearn_bridge import with_callbacks
from .fitted import restored_on_failure

__all__ = ["PartialFitting"]


class PartialFitting:
    """Mixin of the autoencoders for rows that learn from one part after the other."""

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, sample_weight=None, clean=None):
        """Train for one pass over `X`, at a constant learning rate.

        The corruption learns from the data of the first call (ranges, donors); the
        values that stand in for missing ones are learned from all calls.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows; NaN stands for a missing value.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss and in what is learned of the data; one of
            weight zero is left out. Not scaled to a mean of one, as :meth:`fit` does:
            weights compare across calls.

        clean : {array-like, sparse matrix} of shape (n_samples, n_features), \
                default=None
            The clean counterpart of `X`; see :meth:`fit`.

        Returns
        -------
        self : object
            The autoencoder, trained further.
        """
        self._refuse_early_stopping()
        # A stream that can be read once comes in several parts.
        with restored_on_failure(self):
            for part in parts_of_stream(self, X):
                self._fit(part, sample_weight, clean, resume=True, incremental=True)
        return self
