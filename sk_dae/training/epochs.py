"""The loop over epochs and batches, and what is recorded of them."""

from __future__ import annotations

import contextlib
import math
from functools import partial

import torch
from skorch.utils import TeeGenerator

from ..backend.numbers import number
from ..backend.settings import own_settings
from .interrupts import StopTraining
from .outcome import refuse_divergence

__all__ = ["EpochLoop"]


class EpochLoop:
    """Mixin of a skorch net: epochs over batches that an objective prepares.

    It calls the hooks of a batch only where a callback listens to them, and adds up
    losses on the device, so that no step waits for its own.
    """

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Go through the rows of `X`, and the validation rows of `y`, for `epochs`."""
        self._refuse_outside_of_training()
        datasets = {"dataset_train": X, "dataset_valid": y}
        for _ in range(epochs):
            self.notify("on_epoch_begin", **datasets)
            # A callback may have changed them.
            with own_settings():
                self._run_epoch(X, y)
            self.notify("on_epoch_end", **datasets)
        return self

    def _run_epoch(self, X, y):
        """Train on the rows of `X` once, and validate on those of `y`, if any."""
        self._step = self._step.for_epoch()
        batches = self._objective.read(X.batches)
        if self.noise_schedule is None:
            stream = self._streams["corruption"]
            batches = self._objective.prepare_ahead(batches, stream)
        try:
            self.run_single_epoch(batches, True, "train", self.train_step)
        finally:
            self._step.settle()
        if y is not None:
            if self.noise_schedule is not None:
                # The same in each epoch: that of the end.
                self.corruption.scale_level(self._noise_factor(1.0))
            self._streams.restart("validation")
            batches = self._objective.in_validation.read(y.batches)
            self.run_single_epoch(batches, False, "valid", self.validation_step)

    def _refuse_outside_of_training(self):
        if self._step is None:
            raise RuntimeError(
                "fit_loop, train_step and validation_step are parts of a training: "
                "call fit or partial_fit."
            )

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Go through `iterator` once and record the mean loss of its rows."""
        self._set_training(training)
        # Added up on the device, so that no step waits for its loss.
        total = torch.zeros((), device=self.device)
        penalized = training and self.penalty is not None
        penalty = torch.zeros_like(total)
        n_done, n_steps, stopped = 0, 0, False
        listens = self._listens_to_batches
        try:
            for batch in iterator:
                if listens:
                    # skorch's callbacks expect pairs of input and target.
                    self.notify("on_batch_begin", batch=batch[:2], training=training)
                    self._step.restore()
                    with own_settings():
                        step = step_fn(batch)
                else:
                    step = step_fn(batch)
                size = step.pop("size")
                # A number of Python's takes torch longer to read.
                weight = number(float(size)) if isinstance(size, int) else size
                total.add_(step["loss"] * weight)
                if penalized:
                    penalty.add_(step.pop("penalty") * weight)
                n_done += size
                n_steps += 1
                if listens:
                    self.history.record_batch(prefix + "_loss", step["loss"].item())
                    self.history.record_batch(prefix + "_batch_size", len(batch[0]))
                    self.notify(
                        "on_batch_end", batch=batch[:2], training=training, **step
                    )
        except StopTraining:
            # The epoch is recorded as far as it went.
            stopped = True
        if n_steps:
            n_done = float(n_done)
            if not n_done and not training:
                raise ValueError(
                    "early_stopping=True needs validation rows that count, but all of "
                    "their values are missing. Set a larger validation_fraction."
                )
            self._record_epoch(prefix, total.item() / max(n_done, 1.0), n_steps)
            if penalized:
                self.history.record(
                    prefix + "_penalty", penalty.item() / max(n_done, 1.0)
                )
        if stopped:
            raise StopTraining

    def _record_epoch(self, prefix, loss, n_steps):
        if not math.isfinite(loss):
            rows = "training" if prefix == "train" else "validation"
            refuse_divergence(f"{rows} loss", loss, self)
        # skorch's Checkpoint asks whether it is the best so far, and for a batch.
        losses = [epoch.get(prefix + "_loss", math.inf) for epoch in self.history]
        self.history.record(prefix + "_loss", loss)
        self.history.record(prefix + "_loss_best", loss < min(losses))
        self.history.record(prefix + "_batch_count", n_steps)
        if not self._listens_to_batches:
            if not self.history[-1]["batches"]:
                self.history.new_batch()
            self.history.record_batch(prefix + "_loss", loss)
            self.history.record_batch(prefix + "_batch_size", 1)

    def train_step(self, batch, **fit_params):
        """Corrupt a batch, reconstruct it and step the optimizer."""
        self._refuse_outside_of_training()
        if self.learning_rate is not None or self.noise_schedule is not None:
            self._follow_schedules(next(self._progress))
        prepared = self._objective.prepare(batch, self._streams["corruption"])
        on_gradients = None
        if self._listens_to_batches:
            on_gradients = partial(self._notify_of_gradients, batch)
        loss, output, penalty = self._step(prepared, on_gradients)
        step = {"loss": loss, "y_pred": output, "size": prepared.size}
        if penalty is not None:
            step["penalty"] = penalty
        return step

    def _follow_schedules(self, progress):
        if self.learning_rate is not None:
            rate = self.lr * self.learning_rate(progress)
            for group in self.optimizer_.param_groups:
                group["lr"] = rate * group.get("rate_factor", 1.0)
        if self.noise_schedule is not None:
            self.corruption.scale_level(self._noise_factor(progress))

    def _noise_factor(self, progress):
        """Return what the level of the corruption is multiplied by."""
        try:
            factor = self.noise_schedule(progress)
        except TypeError as error:
            raise TypeError(
                "noise_schedule must be a function of the progress, a number in "
                f"[0, 1], got {self.noise_schedule!r}, which failed: {error}"
            ) from error
        try:
            valid = 0.0 <= float(factor) <= 1.0
        except (TypeError, ValueError):
            valid = False
        if not valid:
            raise ValueError(
                "noise_schedule must return numbers in [0, 1], got "
                f"{factor!r} for a progress of {progress:g}."
            )
        return float(factor)

    def _lent(self, name):
        """Return a context in which a module of the user's may draw."""
        if self._forked is None:
            return contextlib.nullcontext()
        return self._forked.lent(name)

    def _notify_of_gradients(self, batch):
        self.notify(
            "on_grad_computed",
            named_parameters=TeeGenerator(self.get_all_learnable_params()),
            batch=batch[:2],
            training=True,
        )

    #: Whether validation rows are corrupted.
    _corrupts_validation = True

    def validation_step(self, batch, **fit_params):
        """Return the loss of a batch of validation rows, without the penalty."""
        self._refuse_outside_of_training()
        with torch.no_grad():
            objective = self._objective.in_validation
            prepared = objective.prepare(
                batch, self._streams["validation"], corrupts=self._corrupts_validation
            )
            with self._lent("validation"):
                loss, output = objective.evaluate(
                    self.module_, prepared, self.precision
                )
        return {"loss": loss, "y_pred": output, "size": prepared.size}
