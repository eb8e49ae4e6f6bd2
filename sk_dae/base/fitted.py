"""What a fit leaves behind: it moves between devices, and outlives a fit that fails."""

from __future__ import annotations

import contextlib
import warnings

import torch

from ..backend.devices import find_device

__all__ = ["FittedMixin"]


class FittedMixin:
    """For estimators that hold what they have learned on a device.

    A fitted one has the attributes ``_device`` and ``device_``.
    """

    #: The attribute that holds what was learned. It can ``copy_to(device)``.
    _learned = "net_"

    #: What `_validate_rows` sets, and a fit that fails puts back.
    _set_by_validation = ("n_features_in_", "feature_names_in_")

    @contextlib.contextmanager
    def _unharmed_by_failure(self):
        """Put back what validation sets before training can fail."""
        names = self._set_by_validation
        before = {name: vars(self)[name] for name in names if name in vars(self)}
        try:
            yield
        except BaseException:
            for name in names:
                vars(self).pop(name, None)
            vars(self).update(before)
            raise

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
            warnings.warn(
                f"The model was trained on {self.device_!r}, which this machine does "
                "not have; it runs on the CPU.",
                UserWarning,
                stacklevel=2,
            )
            device = torch.device("cpu")
        self._move_to(device)

    def __sklearn_is_fitted__(self):
        return hasattr(self, self._learned)
