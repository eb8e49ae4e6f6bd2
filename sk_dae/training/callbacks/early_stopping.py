"""Early stopping on the validation loss, with the best weights restored."""

from __future__ import annotations

import numpy as np
from skorch.callbacks import Callback

from ..interrupts import StopTraining

__all__ = ["EarlyStopping"]


class EarlyStopping(Callback):
    """Stop when the validation loss has not improved, and go back to its best epoch.

    Unlike skorch's callback of that name, an improvement below the tolerance still
    counts as the best epoch so far; it only does not buy more patience.

    Parameters
    ----------
    patience : int
        Epochs in a row without an improvement of `tol` before training stops.

    tol : float
        Least improvement of the loss.
    """

    def __init__(self, patience, tol):
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Forget earlier epochs."""
        self._best_loss = np.inf
        self._best_state = None
        self._target = np.inf
        self._misses = 0

    def on_epoch_end(self, net, **kwargs):
        """Compare the epoch with the best so far."""
        loss = net.history[-1, "valid_loss"]
        if loss < self._best_loss:
            self._best_loss = loss
            self._best_state = net.get_weights()
        if loss < self._target:
            self._target = loss - self.tol
            self._misses = 0
        else:
            self._misses += 1
        if self._misses >= self.patience:
            raise StopTraining

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Restore the weights of the best epoch."""
        if self._best_state is not None:
            net.set_weights(self._best_state)
