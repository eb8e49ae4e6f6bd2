"""The bridge between skorch's callbacks and scikit-learn's.

The only file that touches ``sklearn.callback``, which scikit-learn has from 1.9 on.
"""

from __future__ import annotations

from skorch.callbacks import Callback

from ..interrupts import StopTraining

__all__ = ["EpochBridge", "bridge_to_sklearn"]

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Stands in for scikit-learn's class, where it has none."""

    def with_callbacks(method):
        """Return the method as it is: there are no callbacks to tear down."""
        return method


class EpochBridge(Callback):
    """Tell scikit-learn's callbacks of every epoch.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator in training.

    context : sklearn.callback.CallbackContext
        The context of its fit.

    X : array-like
        The training rows.

    y : array-like
        The target that is handed over; a scorer runs only where it gets one.

    fitted_attributes : callable
        Returns the attributes that make a fitted estimator of a copy, given the net.
    """

    def __init__(self, estimator, context, X, y, fitted_attributes):
        self.estimator = estimator
        self.context = context
        self.X = X
        self.y = y
        self.fitted_attributes = fitted_attributes

    def on_epoch_begin(self, net, **kwargs):
        """Open the task of the epoch."""
        self._epoch = self.context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def on_epoch_end(self, net, **kwargs):
        """Close it, and stop where a callback says so."""

        def attributes():
            # A copy, since a callback may keep it while training goes on.
            return self.fitted_attributes(net.snapshot())

        stop = self._epoch.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.y,
            reconstruction_attributes=attributes,
        )
        if stop:
            raise StopTraining


def bridge_to_sklearn(estimator, X, max_iter, fitted_attributes, *, y=None):
    """Return the bridge for a fit, or None where scikit-learn has no callbacks.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator in training.

    X : array-like
        The training rows.

    max_iter : int
        Number of epochs, at most.

    fitted_attributes : callable
        See ``EpochBridge``.

    y : array-like, default=None
        The target; None hands over the rows.

    Returns
    -------
    bridge : EpochBridge or None
        A skorch callback for the time of the fit.
    """
    if not hasattr(estimator, "_init_callback_context"):
        return None
    context = estimator._init_callback_context(max_subtasks=max_iter)
    y = X if y is None else y
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    return EpochBridge(estimator, context, X, y, fitted_attributes)
