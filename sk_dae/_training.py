"""What every estimator that trains a skorch net shares, whatever the net computes."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from ._callbacks import CallbackSupportMixin, bridge_to_sklearn
from ._early_stopping import EarlyStopping
from ._learned import LearnedMixin
from ._net import DenoisingNet
from ._optimizers import OPTIMIZERS
from ._progress import ProgressLine
from ._random import Streams
from ._schedules import LEARNING_RATES

__all__ = ["NetTrainer", "TrainingRun"]

#: Steps that `max_iter="auto"` aims at; beyond them the digits gained little, and small
#: tables lost.
AUTO_STEPS = 8000


@dataclass(frozen=True)
class TrainingRun:
    """What the training of a net needs, but for the net.

    Parameters
    ----------
    train : Batches
        Training rows.

    valid : Batches or None
        Validation rows.

    device : torch.device
        Where the net is.

    streams : Streams
        Where corruption, dropout and the penalty are drawn from.

    loss : BaseLoss
        The loss, with what it has learned of the data.

    corruption : BaseCorruption or None
        The fitted process.

    noise_schedule : callable or None
        What its level is multiplied by, as a function of progress.

    emphasis : pair of float or None
        What a corrupted and an uncorrupted cell weigh.

    fill_values : Tensor of shape (n_features,) or None
        What a missing value enters the encoder as; None where none is missing.

    has_missing : bool
        Whether a value of the rows or of the targets is missing.
    """

    train: object
    valid: object
    device: torch.device
    streams: Streams
    loss: object
    corruption: object = None
    noise_schedule: object = None
    emphasis: object = None
    fill_values: torch.Tensor | None = None
    has_missing: bool = False

    def to_input(self, X):
        """Return what the encoder reads of rows that nothing corrupts.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Rows; NaN where missing.

        Returns
        -------
        inputs : Tensor of shape (n_samples, n_features)
            Without missing values, unless the module takes them.
        """
        if self.corruption is not None and self.corruption._fills_missing:
            X = self.corruption.fill(X)
        X = self.loss.to_input(X)
        if self.fill_values is None:
            return X
        return torch.where(torch.isnan(X), self.fill_values, X)

    def train_net(self, net, epochs, *, resumable=False, watchers=()):
        """Train a net, as ``DenoisingNet.train`` does.

        Parameters
        ----------
        net : DenoisingNet
            The net.

        epochs : int
            How often to go through the training rows.

        resumable : bool, default=False
            Whether to keep the state of the optimizer.

        watchers : iterable of skorch.callbacks.Callback
            Callbacks for this training only.
        """
        net.train(
            self.train,
            self.valid,
            epochs=epochs,
            streams=self.streams,
            fill_values=self.fill_values,
            has_missing=self.has_missing,
            resumable=resumable,
            watchers=watchers,
        )


class NetTrainer(LearnedMixin, CallbackSupportMixin):
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
        "warm_start": ["boolean"],
        "callbacks": [list, tuple, None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    #: The class of the net.
    _net_class = DenoisingNet

    # -- fitting ----------------------------------------------------------------------

    def _refuse_early_stopping(self):
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: it has no "
                "validation rows that last from call to call."
            )

    def _make_streams(self, device, *, resume):
        if resume:
            return Streams.from_state(self._stream_state, device)
        random_state = check_random_state(self.random_state)
        return Streams(random_state.randint(np.iinfo(np.int32).max), device)

    def _n_epochs(self, n_batches):
        if self.max_iter != "auto":
            return self.max_iter
        return self._auto_epochs(n_batches)

    @staticmethod
    def _auto_epochs(n_batches):
        return int(np.clip(-(-AUTO_STEPS // n_batches), 20, 200))

    def _make_net(self, module, run, incremental=False, **parts):
        learning_rate = None if incremental else LEARNING_RATES[self.learning_rate]
        net = self._net_class(
            module,
            run.loss,
            corruption=run.corruption,
            noise_schedule=run.noise_schedule,
            emphasis=run.emphasis,
            optimizer=self.optimizer,
            lr=self.learning_rate_init,
            learning_rate=learning_rate,
            alpha=self.alpha,
            device=str(run.device),
            verbose=self.verbose,
            **{"callbacks": list(self.callbacks) if self.callbacks else None, **parts},
        )
        return net.initialize()

    def _make_watchers(self, X, epochs, fitted, incremental=False, y=None):
        if incremental:
            return []
        watchers = []
        if self.early_stopping:
            watchers.append(EarlyStopping(self.n_iter_no_change, self.tol))
        if self.verbose:
            watchers.append(ProgressLine(type(self).__name__, epochs))
        bridge = bridge_to_sklearn(
            self, X, epochs, lambda net: {**fitted, "net_": net}, y=y
        )
        if bridge is not None:
            watchers.append(bridge)
        return watchers

    def _watchers_of_part(self, name, epochs):
        """Return the watchers of a training that comes before the main one."""
        watchers = []
        if self.early_stopping:
            watchers.append(EarlyStopping(self.n_iter_no_change, self.tol))
        if self.verbose:
            watchers.append(ProgressLine(name, epochs))
        return watchers

    def _record(self, net, n_before, n_epochs, run):
        """Return the attributes that tell of a training of at most `n_epochs`."""
        epochs = net.history[n_before:]
        if n_epochs and not epochs:
            raise ValueError("A callback has ended the training before its first step.")
        losses = [epoch["train_loss"] for epoch in epochs]
        validation_losses = [e["valid_loss"] for e in epochs if "valid_loss" in e]
        return {
            "net_": net,
            "device_": str(run.device),
            "n_iter_": len(epochs),
            "loss_curve_": net.history[:, "train_loss"] if len(net.history) else [],
            "validation_loss_curve_": validation_losses or None,
            "best_loss_": min(validation_losses or losses, default=None),
            "_stream_state": run.streams.get_state(),
        }
