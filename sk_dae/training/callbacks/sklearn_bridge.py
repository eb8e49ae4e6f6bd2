"""The bridge between skorch's callbacks and scikit-learn's.

The only file that touches ``sklearn.callback``, which scikit-learn has from 1.9 on.
"""

from __future__ import annotations

import contextlib

from skorch.callbacks import Callback

from ..interrupts import StopTraining

__all__ = [
    "CALLBACK_ATTRIBUTES",
    "EpochBridge",
    "begin_tasks",
    "bridge_to_sklearn",
    "end_tasks",
    "task_of",
]

#: Attributes that an estimator has while its callbacks wait for the end of a fit.
CALLBACK_ATTRIBUTES = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")

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

    fitted_attributes : callable or None
        Returns the attributes that make a fitted estimator of a copy, given the net;
        None where what is trained makes none.

    ends : bool, default=False
        Whether the context is that of one task of several, which ends with the
        training.
    """

    def __init__(self, estimator, context, X, y, fitted_attributes, *, ends=False):
        self.estimator = estimator
        self.context = context
        self.X = X
        self.y = y
        self.fitted_attributes = fitted_attributes
        self.ends = ends

    def on_epoch_begin(self, net, **kwargs):
        """Open the task of the epoch."""
        self._epoch = self.context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)

    def on_epoch_end(self, net, **kwargs):
        """Close it, and stop where a callback says so."""

        def attributes():
            # A copy, since a callback may keep it while training goes on.
            return self.fitted_attributes(net.snapshot())

        if self.fitted_attributes is None:
            attributes = None
        stop = self._epoch.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            y=self.y,
            reconstruction_attributes=attributes,
        )
        if stop:
            raise StopTraining

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Close the task that the training is."""
        if self.ends:
            self.context.call_on_fit_task_end(estimator=self.estimator)


def begin_tasks(estimator, n_tasks, X=None, y=None):
    """Tell scikit-learn's callbacks of a fit that has several tasks.

    Parameters
    ----------
    estimator : BaseEstimator
        The estimator that is fitted, in a method that ``with_callbacks`` decorates.

    n_tasks : int
        Number of tasks, at most.

    X, y : array-like, default=None
        The training rows and their target.
    """
    if hasattr(estimator, "_init_callback_context"):
        context = estimator._init_callback_context(max_subtasks=n_tasks)
        context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)


def end_tasks(estimator, X=None, y=None):
    """Tell scikit-learn's callbacks of the end of a fit, as `begin_tasks` has begun."""
    if hasattr(estimator, "_callback_fit_ctx"):
        estimator._callback_fit_ctx.call_on_fit_task_end(estimator=estimator, X=X, y=y)


@contextlib.contextmanager
def task_of(estimator, name, trained=None):
    """Do one of the tasks of a fit, and tell scikit-learn's callbacks of it.

    Parameters
    ----------
    estimator : BaseEstimator or None
        The estimator that is fitted.

    name : str
        Name of the task.

    trained : estimator, default=None
        One inside it whose fit the task is. It hands the callbacks on to that, and
        lends it its name, for lines of progress.
    """
    with contextlib.ExitStack() as stack:
        if trained is not None and estimator is not None:
            trained._shown_as = f"{type(estimator).__name__}, {name}"
            stack.callback(vars(trained).pop, "_shown_as", None)
        task = None
        if hasattr(estimator, "_callback_fit_ctx"):
            task = estimator._callback_fit_ctx.subcontext(task_name=name)
            if trained is not None:
                stack.enter_context(task.propagate_callback_context(trained))
            task.call_on_fit_task_begin(estimator=estimator)
        yield
        if task is not None:
            task.call_on_fit_task_end(estimator=estimator)


def bridge_to_sklearn(
    estimator, X, max_iter, fitted_attributes, *, y=None, task_name="fine-tuning"
):
    """Return the bridge for a training, or None where scikit-learn has no callbacks.

    The training is the fit, or one of its tasks where `begin_tasks` has been called.

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

    task_name : str, default="fine-tuning"
        Name of the training, where it is one task of several.

    Returns
    -------
    bridge : EpochBridge or None
        A skorch callback for the time of the fit.
    """
    if not hasattr(estimator, "_init_callback_context"):
        return None
    y = X if y is None else y
    if hasattr(estimator, "_callback_fit_ctx"):
        if not max_iter:
            return None
        context = estimator._callback_fit_ctx.subcontext(
            task_name=task_name, max_subtasks=max_iter
        )
        context.call_on_fit_task_begin(estimator=estimator)
        return EpochBridge(estimator, context, X, y, fitted_attributes, ends=True)
    context = estimator._init_callback_context(max_subtasks=max_iter)
    context.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    return EpochBridge(estimator, context, X, y, fitted_attributes)
