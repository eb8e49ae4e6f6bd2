"""Fitted attributes: they move between devices, and outlive a fit that fails."""

from __future__ import annotations

import contextlib

import torch

from ..backend.devices import find_device
from ..backend.settings import own_settings
from ..backend.user_warnings import warn_user
from ..training.callbacks.sklearn_bridge import CALLBACK_ATTRIBUTES

__all__ = ["FittedMixin", "restored_on_failure"]


@contextlib.contextmanager
def restored_on_failure(estimator, names=None):
    """Put back the attributes of an estimator if the code inside, a fit, fails.

    Settings of torch that the user has made have no say in it.

    Parameters
    ----------
    estimator : object
        The estimator.

    names : sequence of str or None, default=None
        The attributes to put back; None means all.
    """
    before = dict(vars(estimator))
    try:
        with own_settings():
            yield
    except BaseException:
        after = vars(estimator)
        changed = {*before, *after} - {*CALLBACK_ATTRIBUTES}
        for name in changed if names is None else names:
            after.pop(name, None)
            if name in before:
                after[name] = before[name]
        raise


class FittedMixin:
    """For estimators that hold what they have learned on a device.

    A fitted one has the attributes ``_device`` and ``device_``.
    """

    #: The attribute that holds what was learned. It can ``copy_to(device)``.
    _learned = "net_"

    #: Attributes that `_validate_rows` sets, and a fit that fails puts back.
    _set_by_validation = ("n_features_in_", "feature_names_in_")

    def _unharmed_by_failure(self):
        """Put back what validation sets before training can fail."""
        return restored_on_failure(self, self._set_by_validation)

    def _move_to(self, device):
        """Move what was learned, which is on the CPU."""
        if device.type != "cpu":
            learned = getattr(self, self._learned).copy_to(device)
            setattr(self, self._learned, learned)
        self._device = device
        self.device_ = str(device)

    def __getstate__(self):
        state = super().__getstate__()
        if self._learned in state and self._device.type != "cpu":
            learned = state[self._learned].copy_to(torch.device("cpu"))
            state = {**state, self._learned: learned}
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if self._learned not in state or self._device.type == "cpu":
            return
        try:
            device = find_device(self._device)
        except ValueError:
            warn_user(
                f"The model was trained on {self.device_!r}, which this machine does "
                "not have; it runs on the CPU."
            )
            device = torch.device("cpu")
        self._move_to(device)

    def __sklearn_is_fitted__(self):
        return hasattr(self, self._learned)
