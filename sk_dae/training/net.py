"""The skorch net: draws the corruption, asks the module, weighs the loss."""

from __future__ import annotations

import contextlib
import copy
import itertools
import math

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer
from skorch.utils import TeeGenerator

from ..modules import Dropout
from .gradients import FlatParameters, MLPGradients
from .interrupts import StopTraining, raised_by_statement
from .optimizers import SmallAdamW, make_optimizer

__all__ = ["DenoisingNet", "PredictingNet"]

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class DenoisingNet(NeuralNet):
    """A ``skorch.NeuralNet`` that is trained to undo a corruption.

    It takes batches of tensors instead of a dataset, and calls the hooks of a batch
    only where a callback listens to them.

    Parameters
    ----------
    module : torch.nn.Module
        Instance with the methods ``encode`` and ``decode``.

    criterion : BaseLoss
        The reconstruction loss.

    corruption : BaseCorruption or None
        The fitted process.

    emphasis : pair of float or None
        What a corrupted and an uncorrupted cell weigh in the loss; None weighs all
        alike.

    noise_schedule : callable or None
        What the level of the corruption is multiplied by, in [0, 1], as a function of
        the progress of the training in [0, 1]; None leaves it as it is.

    penalty : BasePenalty or None
        The penalty on the code, initialised and on the device of the net.

    learning_rate : callable or None
        Factor of the learning rate as a function of progress; None leaves it alone.

    lr : float
        Learning rate.

    alpha : float
        Weight decay.

    optimizer : str or type
        Key of the registry, or a torch optimizer class.

    **kwargs : dict
        Further parameters of ``skorch.NeuralNet``.
    """

    def __init__(
        self,
        module,
        criterion,
        *,
        corruption=None,
        emphasis=None,
        noise_schedule=None,
        penalty=None,
        learning_rate=None,
        alpha=0.0,
        optimizer="adamw",
        train_split=None,
        verbose=0,
        **kwargs,
    ):
        super().__init__(
            module,
            criterion,
            optimizer=optimizer,
            train_split=train_split,
            verbose=verbose,
            **kwargs,
        )
        self.corruption = corruption
        self.emphasis = emphasis
        self.noise_schedule = noise_schedule
        self.penalty = penalty
        self.learning_rate = learning_rate
        self.alpha = alpha
        # Set for the time of a training.
        self._streams = None
        self._fill_values = self._to_input = None
        self._has_missing = self._needs_mask = self._estimates_mask = False
        self._gradients = None
        #: What the optimizer had accumulated at the end of the last training.
        self.optimizer_state = None

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer())]

    # -- building -----------------------------------------------------------------

    def initialize_module(self):
        """Take the module as it is; only `module_` keeps it, so it is saved once."""
        self.module_ = self.module
        self.module = type(self.module)
        return self

    def initialize_criterion(self):
        """Take the loss as it is."""
        self.criterion_ = self.criterion
        return self

    def initialize_optimizer(self, triggered_directly=None):
        """Build the optimizer over the parameters of the module and of the penalty."""
        # Which of the two ways of training: the rest of the net asks for `_flat`.
        self._flat = None
        penalty = self.penalty
        if (
            isinstance(self.optimizer, str)
            and MLPGradients.serves(self.module_)
            and (
                penalty is None
                or (penalty.of_code_alone and not penalty.shared_parameters())
            )
        ):
            self._flat = FlatParameters(self.module_)
            parameters = [self._flat.buffer]
        else:
            parameters = list(self.module_.parameters())
        if penalty is not None:
            penalty.begin_training()
            parameters += penalty.shared_parameters()
        self.optimizer_ = make_optimizer(
            self.optimizer, parameters, lr=self.lr, alpha=self.alpha
        )
        return self

    def copy_to(self, device):
        """Return a copy of the net on another device.

        Parameters
        ----------
        device : torch.device
            Where its weights, and the state of its optimizer, are wanted.

        Returns
        -------
        net : DenoisingNet
            The copy.
        """
        net = copy.copy(self)
        attributes = vars(net)
        attributes["module_"] = copy.deepcopy(self.module_).to(device)
        attributes["criterion"] = attributes["criterion_"] = self.criterion_.to(device)
        attributes["device"] = str(device)
        if self.penalty is not None:
            attributes["penalty"] = self.penalty.copy_to(device)
        if self.optimizer_state is not None:
            states = self.optimizer_state["state"]
            net.optimizer_state = {
                **self.optimizer_state,
                "state": {
                    key: {
                        name: value.to(device) if torch.is_tensor(value) else value
                        for name, value in state.items()
                    }
                    for key, state in states.items()
                },
            }
        return net

    def get_weights(self):
        """Return a copy of what the net has learned.

        Returns
        -------
        weights : tuple of dict, dict and list of Tensor
            The states of the module and of the loss, and the parameters of the
            penalty.
        """
        parameters = [] if self.penalty is None else self.penalty.parameters_
        return (
            copy.deepcopy(self.module_.state_dict()),
            copy.deepcopy(self.criterion_.state_dict()),
            [parameter.detach().clone() for parameter in parameters],
        )

    def set_weights(self, weights):
        """Take what :meth:`get_weights` returned.

        Parameters
        ----------
        weights : tuple of dict, dict and list of Tensor
            The states of the module and of the loss, and the parameters of the
            penalty.
        """
        module_state, loss_state, values = weights
        self.module_.load_state_dict(module_state)
        self.criterion_.load_state_dict(loss_state)
        if self.penalty is not None:
            with torch.no_grad():
                for parameter, value in zip(
                    self.penalty.parameters_, values, strict=True
                ):
                    parameter.copy_(value)

    def resume_optimizer(self, state):
        """Go on with an optimizer's state, at the net's own rate and weight decay.

        Parameters
        ----------
        state : dict or None
            The `optimizer_state` of a net with the same module; None starts afresh.
        """
        if state is None:
            return
        own = self.optimizer_.state_dict()
        n_parameters = [
            len(group["params"]) for s in (own, state) for group in s["param_groups"]
        ]
        if len(set(n_parameters)) == 1:
            self.optimizer_.load_state_dict({**own, "state": state["state"]})

    # -- training -----------------------------------------------------------------

    def train(
        self,
        batches,
        validation=None,
        *,
        epochs,
        streams,
        fill_values=None,
        has_missing=False,
        resumable=False,
        watchers=(),
    ):
        """Train for some epochs.

        Parameters
        ----------
        batches : Batches
            Training rows.

        validation : Batches or None
            Validation rows; corrupted in the same way in every epoch.

        epochs : int
            How often to go through the training rows.

        streams : RandomStreams
            Where corruption, dropout and the penalty are drawn from.

        fill_values : Tensor of shape (n_features,), default=None
            What a missing value enters the encoder as; None where none is missing,
            before or after the corruption.

        has_missing : bool, default=False
            Whether a value of the batches is missing.

        resumable : bool, default=False
            Whether to keep the state of the optimizer.

        watchers : iterable of skorch.callbacks.Callback
            Callbacks for this training only; the net does not keep them.

        Returns
        -------
        self : object
            The trained net, in evaluation mode.
        """
        own_callbacks = self.callbacks_
        self.callbacks_ = [
            *own_callbacks,
            *((type(watcher).__name__, watcher) for watcher in watchers),
        ]
        self._streams = streams
        self._fill_values = fill_values
        self._has_missing = has_missing
        self._estimates_mask = getattr(self.criterion_, "estimates_mask", False)
        if self.criterion_.transforms_input:
            self._to_input = self.criterion_.to_input
        self._needs_mask = self._estimates_mask or self.emphasis is not None
        self._listens_to_batches = any(
            _overrides(callback, event)
            for _, callback in self.callbacks_
            for event in _BATCH_EVENTS
        )
        # Not a counter of our own: skorch looks at every attribute that is set.
        n_steps = epochs * len(batches)
        self._progress = (step / n_steps for step in itertools.count())
        dropouts = [m for m in self.module_.modules() if isinstance(m, Dropout)]
        for module in dropouts:
            module.generator = streams["dropout"]
        try:
            with contextlib.suppress(StopTraining):
                self.notify("on_train_begin", X=batches, y=None)
                self.fit_loop(batches, validation, epochs)
            if self.history and "train_loss" not in self.history[-1]:
                # A callback has stopped before the first step of the epoch.
                self.history.pop()
            with contextlib.suppress(StopTraining):
                self.notify("on_train_end", X=batches, y=None)
        finally:
            if self.noise_schedule is not None:
                self.corruption.scale_level(1.0)
            for module in dropouts:
                module.generator = None
            # A state that is not needed again is twice the size of the weights.
            self.optimizer_state = self.optimizer_.state_dict() if resumable else None
            self.callbacks_ = own_callbacks
            self._streams = self._fill_values = self._to_input = None
            self.release()
        return self

    def release(self):
        """Drop what only a training needs: the optimizer, gradients, their buffers."""
        if self._flat is None:
            self.optimizer_.zero_grad()
        # First, since its state takes the memory that the copies of the weights need.
        del self.optimizer_
        if self._flat is not None:
            self._flat.release()
        if self.penalty is not None:
            self.penalty.end_training()
        self._gradients = self._flat = self._progress = None
        self._set_training(False)

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Go through the batches `X`, and the validation batches `y`, for `epochs`."""
        datasets = {"dataset_train": X, "dataset_valid": y}
        for _ in range(epochs):
            self.notify("on_epoch_begin", **datasets)
            self._choose_gradients()
            self.run_single_epoch(X, True, "train", self.train_step)
            if y is not None:
                if self.noise_schedule is not None:
                    # The same in each epoch: that of the end.
                    self.corruption.scale_level(self._noise_factor(1.0))
                self._streams.restart("validation")
                self.run_single_epoch(y, False, "valid", self.validation_step)
            self.notify("on_epoch_end", **datasets)
        return self

    def _choose_gradients(self):
        """Use the hand-derived gradients, unless a callback has frozen a parameter."""
        if self._flat is None:
            return
        if not MLPGradients.serves(self.module_):
            self._flat.release()
            self._gradients = self._flat = None
            # The same optimizer, since a scheduler may hold it.
            (group,) = self.optimizer_.param_groups
            group["params"] = list(self.module_.parameters())
            self.optimizer_.state.clear()
            return
        self._flat.restore()
        if self._gradients is None:
            self._gradients = MLPGradients(self.module_, self.criterion_)

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
                    if self._flat is not None:
                        self._flat.restore()
                step = step_fn(batch)
                size = step.pop("size")
                total.add_(step["loss"] * size)
                if penalized:
                    penalty.add_(step.pop("penalty") * size)
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
            epoch = len(self.history)
            raise ValueError(
                f"The {'training' if prefix == 'train' else 'validation'} loss became "
                f"{loss} in epoch {epoch}. Scale the data (StandardScaler, "
                f"MinMaxScaler), lower learning_rate_init (now {self.lr:g}) or choose "
                "a loss that outliers pull on less ('huber')."
            )
        # What skorch's Checkpoint asks for: whether it is the best so far, and a batch.
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
        optimizer = self.optimizer_
        if self.learning_rate is not None or self.noise_schedule is not None:
            self._follow_schedules(optimizer, next(self._progress))

        *prepared, size = self._prepare(
            batch, self.corruption, self._streams["corruption"]
        )
        if self._gradients is not None:
            if self.penalty is None:
                loss, output = self._gradients(*prepared)
            else:
                loss, output, value = self._penalized_gradients(prepared, batch[2])
            self._notify_of_gradients(batch)
            if isinstance(optimizer, SmallAdamW):
                optimizer.step_buffer()
            else:
                optimizer.step()
            if self.criterion_.learns_in_training:
                self.criterion_.update(output, *prepared[1:])
            step = {"loss": loss, "y_pred": output, "size": size}
            if self.penalty is not None:
                step["penalty"] = value
            return step

        # An optimizer may call the closure more than once; the first call counts.
        steps = []

        def closure():
            optimizer.zero_grad()
            if self.penalty is None:
                loss, output = self._forward(*prepared)
            else:
                loss, output, value = self._penalized_forward(*prepared, batch[2])
            loss.backward()
            self._notify_of_gradients(batch)
            steps.append({"loss": loss.detach(), "y_pred": output.detach()})
            if self.penalty is not None:
                steps[-1]["penalty"] = value.detach()
            return loss

        optimizer.step(closure)
        if self.criterion_.learns_in_training:
            self.criterion_.update(steps[0]["y_pred"], *prepared[1:])
        return {**steps[0], "size": size}

    def _follow_schedules(self, optimizer, progress):
        if self.learning_rate is not None:
            rate = self.lr * self.learning_rate(progress)
            for group in optimizer.param_groups:
                group["lr"] = rate
        if self.noise_schedule is not None:
            self.corruption.scale_level(self._noise_factor(progress))

    def _noise_factor(self, progress):
        """Return what the level of the corruption is multiplied by."""
        factor = self.noise_schedule(progress)
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

    def _notify_of_gradients(self, batch):
        if self._listens_to_batches:
            self.notify(
                "on_grad_computed",
                named_parameters=TeeGenerator(self.get_all_learnable_params()),
                batch=batch[:2],
                training=True,
            )

    def validation_step(self, batch, **fit_params):
        """Return the loss of a batch of validation rows, without the penalty."""
        with torch.no_grad():
            *prepared, size = self._prepare(
                batch, self._validation_corruption, self._streams["validation"]
            )
            loss, output = self._forward(*prepared)
        return {"loss": loss, "y_pred": output, "size": size}

    @property
    def _validation_corruption(self):
        return self.corruption

    def _prepare(self, batch, corruption, generator):
        """Return the corrupted rows, the target, the weights of its cells, and a size.

        The size is what the batch counts for in the mean loss of an epoch.
        """
        X, target, weight = batch
        corrupted, chosen, size = X, None, len(X)
        if corruption is not None:
            corrupted, chosen = corruption.draw(X, generator)
        if self._needs_mask and chosen is None:
            chosen = self._mask_of_all(X)
        if weight is not None:
            weight = weight[:, None]
        if self.emphasis is not None:
            emphasis = torch.where(chosen, *self.emphasis)
            weight = emphasis if weight is None else emphasis * weight
        if self._fill_values is not None:
            missing = torch.isnan(corrupted)
            if self._has_missing:
                # A corruption may have put something into the gaps.
                missing |= torch.isnan(X)
            if self._to_input is not None:
                corrupted = self._to_input(corrupted.masked_fill(missing, torch.nan))
            corrupted = torch.where(missing, self._fill_values, corrupted)
        elif self._to_input is not None:
            corrupted = self._to_input(corrupted)
        n_cells = target.numel()
        if self._has_missing:
            observed = ~torch.isnan(target)
            if not self.criterion_.takes_missing:
                target = torch.where(observed, target, 0.0)
            size = observed.sum()
            n_cells = size.clamp(min=1)
            weight = observed if weight is None else observed * weight
        if weight is not None:
            weight = weight / n_cells
        if self._estimates_mask:
            target = torch.cat([target, chosen.to(target.dtype)], dim=1)
            if weight is not None:
                # As hard to tell for one cell as for another, whatever the emphasis.
                cells = torch.ones_like(X) if batch[2] is None else batch[2][:, None]
                if self._has_missing:
                    cells = cells * observed
                weight = torch.cat(
                    [part.expand(X.shape) for part in (weight, cells / n_cells)], dim=1
                )
        return corrupted, target, weight, size

    def _mask_of_all(self, X):
        """Return the mask of a process that chooses all cells, or of none."""
        if self.corruption is None:
            return torch.zeros_like(X, dtype=torch.bool)
        return self.corruption.mask_of_all(X)

    def _forward(self, X, target, weight):
        output = self.module_.decode(self.module_.encode(X))
        return self.criterion_(output, target, weight), output

    def _penalized_gradients(self, prepared, row_weight):
        """Write the gradients of loss and penalty; return both, and the output."""
        penalty, values = self.penalty, []

        def at_code(code):
            value, gradient = penalty.value_and_gradient(
                code, row_weight, self._streams["penalty"]
            )
            values.append(value)
            return gradient.mul_(penalty.weight)

        loss, output = self._gradients(*prepared, at_code)
        (value,) = values
        return loss + penalty.weight * value, output, value

    def _penalized_forward(self, X, target, weight, row_weight):
        """Return the loss with the penalty in it, the output, and the penalty."""
        code, value = self.penalty.encode(
            self.module_, X, row_weight, self._streams["penalty"]
        )
        output = self.module_.decode(code)
        loss = self.criterion_(output, target, weight) + self.penalty.weight * value
        return loss, output, value

    # -- callbacks ----------------------------------------------------------------

    def notify(self, method_name, **cb_kwargs):
        """Call all callbacks; one that raises KeyboardInterrupt ends the training.

        skorch's own callbacks stop training that way, so an interrupt that a callback
        raises itself is told from one that a signal brings.
        """
        getattr(self, method_name)(self, **cb_kwargs)
        stop = False
        for _, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except StopTraining:
                stop = True
            except KeyboardInterrupt as interrupt:
                if not raised_by_statement(interrupt):
                    raise
                stop = True
        # Last, so that those behind it hear of the event too.
        if stop:
            raise StopTraining


class PredictingNet(DenoisingNet):
    """A net that predicts targets: rows are corrupted in training, not in validation.

    Its module encodes rows and decodes a prediction; its criterion is the loss of it.
    """

    _validation_corruption = None


def _overrides(callback, event):
    return getattr(type(callback), event) is not getattr(Callback, event)
