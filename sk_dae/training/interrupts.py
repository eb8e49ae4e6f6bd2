"""How a training is stopped: by a callback, and not by a signal."""

from __future__ import annotations

from skorch.callbacks import EarlyStopping

__all__ = ["StopTraining", "asks_to_stop"]


class StopTraining(Exception):
    """Raised by a callback to end a training at once, as a normal end.

    The estimator is fitted with the weights of that moment.

    Examples
    --------
    >>> from skorch.callbacks import Callback
    >>> from sklearn.datasets import load_iris
    >>> from sk_dae import DenoisingAutoencoder, StopTraining
    >>> class StopBelow(Callback):
    ...     def on_epoch_end(self, net, **kwargs):
    ...         if net.history[-1, "train_loss"] < 2.0:
    ...             raise StopTraining
    >>> X = load_iris().data
    >>> dae = DenoisingAutoencoder(
    ...     2, max_iter=100, net_callbacks=[StopBelow()], random_state=0
    ... )
    >>> dae.fit(X).n_iter_ < 100
    True
    """


def asks_to_stop(callback, event, error):
    """Whether a callback has raised an error to end the training.

    Parameters
    ----------
    callback : skorch.callbacks.Callback
        The callback.

    event : str
        The method of it that was called.

    error : BaseException
        The error that came out of it.

    Returns
    -------
    asks : bool
        True for :class:`StopTraining`, and for the KeyboardInterrupt of skorch's
        EarlyStopping, which is told from one that a signal brings by the end of an
        epoch, at which its patience has run out.
    """
    if isinstance(error, StopTraining):
        return True
    return (
        isinstance(error, KeyboardInterrupt)
        and isinstance(callback, EarlyStopping)
        and event == "on_epoch_end"
        and callback.misses_ >= callback.patience
    )
