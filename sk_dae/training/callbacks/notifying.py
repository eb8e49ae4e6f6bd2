"""Calling all callbacks of a net, and what becomes of the errors that they raise."""

from __future__ import annotations

from ..interrupts import StopTraining, asks_to_stop
from .checks import explain

__all__ = ["NotifiesCallbacks"]


class NotifiesCallbacks:
    """Mixin of a skorch net: callbacks may end a training, and errors name them."""

    def notify(self, method_name, **cb_kwargs):
        """Call all callbacks; one that asks for it ends the training."""
        getattr(self, method_name)(self, **cb_kwargs)
        stop = False
        for _, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except (StopTraining, KeyboardInterrupt) as error:
                if not asks_to_stop(callback, method_name, error):
                    raise
                stop = True
            except Exception as error:
                explained = explain(callback, error)
                if explained is error:
                    raise
                raise explained from error
        # Last, so that those behind it hear of the event too.
        if stop:
            raise StopTraining
