"""Settings of torch that a user may have made: nothing of the package depends on them.

Weights are float32 and on the device that an estimator names, whatever torch makes of a
tensor that says nothing of the kind.
"""

from __future__ import annotations

import contextlib
import threading

import torch

__all__ = ["own_settings"]

#: Devices for which torch keeps a setting of automatic mixed precision.
_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


class _Float32:
    """Float32 as torch's default, which is one for all threads.

    The first that needs it sets it, and the last puts back what was there.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._n_users = 0
        self._before = None

    def take(self):
        """Set it; return whether :meth:`give_back` is to be called."""
        with self._lock:
            current = torch.get_default_dtype()
            if current != torch.float32:
                # The user set it, or a callback in the meantime.
                self._before = current
                torch.set_default_dtype(torch.float32)
            elif not self._n_users:
                return False
            self._n_users += 1
            return True

    def give_back(self):
        """Put back what was there, unless another thread still needs float32."""
        with self._lock:
            self._n_users -= 1
            # One that a callback has set in the meantime stays.
            if not self._n_users and torch.get_default_dtype() == torch.float32:
                torch.set_default_dtype(self._before)


_FLOAT32 = _Float32()


@contextlib.contextmanager
def own_settings(*, grad=True):
    """Do something under torch's settings as they are in a new process.

    That is: float32 and the CPU are the defaults, gradients are recorded, and there is
    neither inference mode nor automatic mixed precision. The settings of the user
    hold again afterwards.

    Parameters
    ----------
    grad : bool, default=True
        Whether gradients are recorded whatever the user has set; False leaves that as
        it is.
    """
    with contextlib.ExitStack() as stack:
        if _FLOAT32.take():
            stack.callback(_FLOAT32.give_back)
        if _has_another_device():
            stack.enter_context(torch.device("cpu"))
        for kind in _AUTOCAST:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if grad:
            if torch.is_inference_mode_enabled():
                stack.enter_context(torch.inference_mode(False))
            if not torch.is_grad_enabled():
                stack.enter_context(torch.enable_grad())
        yield


def _has_another_device():
    """Whether a tensor that names no device is on another one than the CPU."""
    try:
        return torch.empty(0).device.type != "cpu"
    except (AssertionError, RuntimeError):
        return True  # a device that is not there
