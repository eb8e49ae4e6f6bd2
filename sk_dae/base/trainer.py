"""The base of every estimator that trains a skorch net, whatever the net computes."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from ..backend.random import RandomStreams
from ..backend.serialization import serializable
from ..training.callbacks.checks import check_callbacks
from ..training.callbacks.early_stopping import EarlyStopping
from ..training.callbacks.progress import ProgressLine
from ..training.callbacks.sklearn_bridge import CallbackSupportMixin, bridge_to_sklearn
from ..training.net import DenoisingNet
from ..training.optimizers import OPTIMIZERS
from ..training.schedules import LEARNING_RATES
from .deprecation import RenamedParameters, current_value
from .fitted import FittedMixin

__all__ = ["NetTrainer"]

#: Steps that `max_iter="auto"` aims at; beyond them the digits gained little, and small
#: tables lost.
AUTO_STEPS = 8000


@serializable(leave_out=["callbacks", "net_callbacks"])
class NetTrainer(RenamedParameters, FittedMixin, CallbackSupportMixin):
    """Mixin of the estimators that hold a skorch net, `net_`, and train it.

    A subclass has the parameters below.
    """

    _parameter_constraints: dict = {
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [StrOptions(set(LEARNING_RATES))],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "net_callbacks": [list, tuple, None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _renamed_parameters: dict = {"callbacks": "net_callbacks"}

    #: The class of the net.
    _net_class = DenoisingNet

    # -- fitting ----------------------------------------------------------------------

    def _validate_params(self):
        super()._validate_params()
        callbacks = current_value(self, "net_callbacks")
        check_callbacks(callbacks, validates=self.early_stopping)

    def _refuse_early_stopping(self):
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it has no "
                "validation rows that last from call to call."
            )

    def _make_streams(self, device, *, resume):
        if resume:
            return RandomStreams.from_state(self._stream_state, device)
        random_state = check_random_state(self.random_state)
        return RandomStreams(random_state.randint(np.iinfo(np.int32).max), device)

    def _n_epochs(self, n_batches):
        if self.max_iter != "auto":
            return int(self.max_iter)
        return self._auto_epochs(n_batches)

    @staticmethod
    def _auto_epochs(n_batches):
        return int(np.clip(-(-AUTO_STEPS // n_batches), 20, 200))

    def _precision_of_products(self, device):
        """Return the type of the products in training; None for float32."""
        return None

    def _make_net(self, module, loss, device, *, incremental=False, **parts):
        """Return a net with the estimator's settings, initialised."""
        learning_rate = None if incremental else LEARNING_RATES[self.learning_rate]
        callbacks = current_value(self, "net_callbacks")
        net = self._net_class(
            module,
            loss,
            optimizer=self.optimizer,
            lr=float(self.learning_rate_init),
            learning_rate=learning_rate,
            alpha=float(self.alpha),
            device=str(device),
            verbose=self.verbose,
            **{
                "callbacks": list(callbacks) if callbacks else None,
                "precision": self._precision_of_products(device),
                **parts,
            },
        )
        return net.initialize()

    def _make_watchers(self, X, epochs, fitted, incremental=False, y=None):
        if incremental:
            return []
        watchers = []
        if self.early_stopping:
            watchers.append(EarlyStopping(self.n_iter_no_change, self.tol))
        if self.verbose:
            watchers.append(ProgressLine(self._shown_name, epochs))
        bridge = bridge_to_sklearn(
            self, X, epochs, lambda net: {**fitted, "net_": net}, y=y
        )
        if bridge is not None:
            watchers.append(bridge)
        return watchers

    @property
    def _shown_name(self):
        """Its name in lines of progress, which an owner may have lent."""
        return getattr(self, "_shown_as", type(self).__name__)

    def _watchers_of_part(self, part, epochs):
        """Return the watchers of a training that comes before the main one."""
        watchers = []
        if self.early_stopping:
            watchers.append(EarlyStopping(self.n_iter_no_change, self.tol))
        if self.verbose:
            watchers.append(ProgressLine(f"{self._shown_name}, {part}", epochs))
        if hasattr(self, "_callback_fit_ctx"):
            watchers.append(bridge_to_sklearn(self, None, epochs, None, task_name=part))
        return watchers

    def _record(self, net, n_before, n_epochs, run):
        """Return the attributes that tell of a training of at most `n_epochs`."""
        epochs = net.history[n_before:]
        if n_epochs and not epochs:
            raise ValueError("A callback has ended the training before its first step.")
        losses = [epoch["train_loss"] for epoch in epochs]
        validation_losses = [e["valid_loss"] for e in epochs if "valid_loss" in e]
        validation_curve = None
        if validation_losses:
            # As long as the other curve, whose earlier epochs may have had none.
            validation_curve = [e.get("valid_loss", np.nan) for e in net.history]
        return {
            "net_": net,
            "device_": str(run.device),
            "n_iter_": len(epochs),
            "loss_curve_": net.history[:, "train_loss"] if len(net.history) else [],
            "validation_loss_curve_": validation_curve,
            "best_loss_": min(validation_losses or losses, default=None),
            "_stream_state": run.streams.get_state(),
        }
