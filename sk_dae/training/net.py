"""The skorch net: trains a module that encodes and decodes, and predicts with it."""

from __future__ import annotations

import contextlib
import copy
import itertools

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer

from ..backend.settings import own_settings
from ..backend.threads import limited_threads
from ..modules import Dropout
from ..modules._layers import count_weights
from .arrays import ArrayMethods
from .callbacks.notifying import NotifiesCallbacks
from .datasets import RowsDataset
from .epochs import EpochLoop
from .interrupts import StopTraining
from .objective import Objective
from .optimizers import make_optimizer
from .outcome import refuse_last_step, refuse_overflow
from .parameters import SetParameters
from .reconstruction_sampling import find_sampling
from .sampled_steps import SampledStep
from .steps import AutogradStep, make_step

__all__ = ["DenoisingNet", "PredictingNet"]

_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class DenoisingNet(
    EpochLoop, NotifiesCallbacks, ArrayMethods, SetParameters, NeuralNet
):
    """A ``skorch.NeuralNet`` that is trained to undo a corruption.

    It keeps what skorch documents: :meth:`fit` and :meth:`partial_fit` train on an
    array of rows, :meth:`predict` reconstructs rows, :meth:`forward` gives what the
    decoder gives, ``set_params`` changes the learning rate or a callback. Since the
    module is an instance, ``initialize`` and ``fit`` keep its weights.

    Parameters
    ----------
    module : torch.nn.Module
        Instance with the methods ``encode`` and ``decode``.

    criterion : BaseLoss
        The reconstruction loss.

    corruption : BaseCorruption or None
        The fitted process.

    emphasis : pair of float or None
        Weights of a corrupted and of an uncorrupted cell; None weighs all
        alike.

    noise_schedule : callable or None
        Factor of the level of the corruption, in [0, 1], as a function of
        the progress of the training in [0, 1]; None leaves it as it is.

    penalty : BasePenalty or None
        The penalty on the code, initialised.

    encoder_input : EncoderInput or None
        The rule for what the encoder reads of rows; None reads them as they are, or
        as the loss transforms them.

    n_features : int or None
        Width of the rows that :meth:`fit` and :meth:`predict` take; None takes any.

    learning_rate : callable or None
        Factor of the learning rate as a function of progress; None leaves it alone.

    lr : float
        Learning rate.

    alpha : float
        Weight decay.

    optimizer : str or type
        Key of the registry, or a torch optimizer class.

    seed : int
        Seeds what :meth:`fit` and :meth:`partial_fit` draw.

    precision : torch.dtype or None
        The type of the products in training; None stands for float32.

    reconstruction_sampling : "auto", float or None
        Share of the columns of sparse rows whose zeros each step restores; "auto"
        samples where that saves time; None restores all.

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
        encoder_input=None,
        n_features=None,
        learning_rate=None,
        alpha=0.0,
        optimizer="adamw",
        seed=0,
        precision=None,
        reconstruction_sampling=None,
        train_split=None,
        verbose=0,
        **kwargs,
    ):
        # Before skorch's own, which takes torch modules only from its own methods then.
        self.penalty = penalty
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
        self.encoder_input = encoder_input
        self.n_features = n_features
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.seed = seed
        self.precision = precision
        self.reconstruction_sampling = reconstruction_sampling
        # Set for the time of a training.
        self._step = self._objective = self._streams = self._progress = None
        self._forked = self._own_callbacks = None
        self._listens_to_batches = False
        #: State of the optimizer at the end of the last training, if it is to go on.
        self.optimizer_state_ = None

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer())]

    # -- building -----------------------------------------------------------------

    def initialize_module(self):
        """Take the module and the penalty as they are."""
        self.module_ = self.module
        self.n_weights_ = count_weights(self.module_)
        if self.penalty is not None:
            self.penalty_ = self.penalty
        return self

    def initialize_criterion(self):
        """Take the loss as it is."""
        self.criterion_ = self.criterion
        if self.encoder_input is not None:
            self.encoder_input.loss = self.criterion_
        return self

    @own_settings()
    def initialize_optimizer(self, triggered_directly=None):
        """Build an optimizer over the parameters of module, loss and penalty."""
        step = AutogradStep(self.module_, self.criterion_, self.penalty, None)
        self.optimizer_ = self._make_optimizer(step)
        return self

    def _make_optimizer(self, step):
        optimizer = make_optimizer(
            self.optimizer, step.parameter_groups(), lr=self.lr, alpha=self.alpha
        )
        step.bind(optimizer)
        return optimizer

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
        parts = {"device": str(device)}
        parts["module"] = parts["module_"] = copy.deepcopy(self.module_).to(device)
        parts["criterion"] = copy.deepcopy(self.criterion_).to(device)
        parts["criterion_"] = parts["criterion"]
        if self.penalty is not None:
            parts["penalty"] = self.penalty.snapshot().to(device)
            parts["penalty_"] = parts["penalty"]
        if self.encoder_input is not None:
            parts["encoder_input"] = self.encoder_input.to(device, parts["criterion"])
        if self.optimizer_state_ is not None:
            parts["optimizer_state_"] = {
                **self.optimizer_state_,
                "state": {
                    key: {
                        name: value.to(device) if torch.is_tensor(value) else value
                        for name, value in state.items()
                    }
                    for key, state in self.optimizer_state_["state"].items()
                },
            }
        net = self._with(parts)
        net._initialize_optimizer()
        return net

    def snapshot(self):
        """Return a copy of the net as it is at this moment of a training.

        Returns
        -------
        net : DenoisingNet
            A copy in evaluation mode, which no further step changes.
        """
        parts = {"module_": copy.deepcopy(self.module_).eval()}
        parts["module"] = parts["module_"]
        parts["criterion"] = parts["criterion_"] = copy.deepcopy(self.criterion_)
        if self.penalty is not None:
            parts["penalty"] = parts["penalty_"] = self.penalty.snapshot()
        if self.encoder_input is not None:
            parts["encoder_input"] = self.encoder_input.to(
                torch.device(self.device), parts["criterion"]
            )
        if self._step is not None:
            of_training = ("_step", "_objective", "_streams", "_progress", "_forked")
            parts |= {"callbacks_": self._own_callbacks, **dict.fromkeys(of_training)}
        return self._with({**parts, "_own_callbacks": None})

    def reading_by(self, encoder_input):
        """Return the net with another rule for what the encoder reads.

        Parameters
        ----------
        encoder_input : EncoderInput
            The rule.

        Returns
        -------
        net : DenoisingNet
            A copy that shares all else.
        """
        return self._with({"encoder_input": encoder_input})

    def _with(self, parts):
        """Return a shallow copy with other parts."""
        net = object.__new__(type(self))
        vars(net).update(vars(self), **parts)
        return net

    def __getstate__(self):
        """Write module, loss and penalty once: the parameters are what is fitted."""
        if self._step is not None:
            # A callback copies or saves the net: what a training needs stays behind.
            net = self.snapshot()
            net._initialize_optimizer()
            return net.__getstate__()
        state = super().__getstate__()
        return {**state, "module": None, "criterion": None, "penalty": None}

    def __setstate__(self, state):
        super().__setstate__(state)
        vars(self).update(
            n_weights_=count_weights(self.module_),
            module=self.module_,
            criterion=self.criterion_,
            penalty=getattr(self, "penalty_", None),
        )
        if torch.is_inference_mode_enabled():
            # Tensors that are read or copied there could not be trained further.
            with own_settings():
                vars(self).update(copy.deepcopy(vars(self)))
        if self.encoder_input is not None:
            self.encoder_input.loss = self.criterion_

    # -- training -----------------------------------------------------------------

    def train(self, run, epochs, *, resume_from=None, resumable=False, watchers=()):
        """Train for some epochs.

        Parameters
        ----------
        run : TrainingRun
            Batches, streams of random numbers, and what is known of missing values.

        epochs : int
            How often to go through the training rows.

        resume_from : dict, default=None
            An `optimizer_state` to go on with, at the net's own rate and weight decay.

        resumable : bool, default=False
            Whether to keep the state of the optimizer.

        watchers : iterable of skorch.callbacks.Callback
            Callbacks for this training only; the net does not keep them.

        Returns
        -------
        self : object
            The trained net, in evaluation mode.
        """
        with _threads_for(self, run):
            return self._train(run, epochs, resume_from, resumable, watchers)

    def _train(self, run, epochs, resume_from, resumable, watchers):
        # One that was set to None is none.
        self._own_callbacks = [(name, one) for name, one in self.callbacks_ if one]
        self.callbacks_ = [
            *self._own_callbacks,
            *((type(watcher).__name__, watcher) for watcher in watchers),
        ]
        self._begin_training(run, epochs, resume_from)
        train = RowsDataset(run.train)
        valid = None if run.valid is None else RowsDataset(run.valid)
        try:
            with contextlib.suppress(StopTraining):
                self.notify("on_train_begin", X=train, y=None)
                self.fit_loop(train, valid, epochs)
            if self.history and "train_loss" not in self.history[-1]:
                # A callback has stopped before the first step of the epoch.
                self.history.pop()
            with contextlib.suppress(StopTraining):
                self.notify("on_train_end", X=train, y=None)
            refuse_last_step(self, self._objective, run.train)
        except RuntimeError as error:
            refuse_overflow(error, self)
            raise
        finally:
            # A state that is not needed again is twice the size of the weights.
            self.optimizer_state_ = self.optimizer_.state_dict() if resumable else None
            self.callbacks_, self._own_callbacks = self._own_callbacks, None
            self._end_training()
        return self

    @own_settings()
    def _begin_training(self, run, epochs, resume_from):
        self._streams, self._forked = run.streams, run.forked
        self._listens_to_batches = any(
            _overrides(callback, event)
            for _, callback in self.callbacks_
            for event in _BATCH_EVENTS
        )
        sampled = find_sampling(self, run, self._listens_to_batches)
        self._objective = sampled or Objective.of(self, run)
        # Not a counter of our own: skorch looks at every attribute that is set.
        n_steps = epochs * len(run.train)
        self._progress = (step / n_steps for step in itertools.count())
        for module in self._dropouts():
            module.generator = run.streams["dropout"]
        if self.penalty is not None:
            self.penalty.begin_training()
        parts = self.module_, self.criterion_, self.penalty, run.streams["penalty"]
        if sampled is not None:
            self._step = SampledStep(*parts)
        else:
            self._step = make_step(
                *parts,
                hand_derived=isinstance(self.optimizer, str),
                forked=run.forked,
                precision=self.precision,
            )
        with self._current_init_context("optimizer"):
            self.optimizer_ = self._make_optimizer(self._step)
        if resume_from is not None:
            _resume(self.optimizer_, resume_from)

    @own_settings()
    def _end_training(self):
        if self.noise_schedule is not None:
            self.corruption.scale_level(1.0)
        for module in self._dropouts():
            module.generator = None
        step, self._step = self._step, None
        # Its state takes the memory that the copies of the weights need.
        self.optimizer_.state.clear()
        step.release()
        if self.penalty is not None:
            self.penalty.end_training()
        self._streams = self._objective = self._progress = self._forked = None
        self._set_training(False)
        # Nobody has asked for it, so that a line about it would be noise.
        verbose, self.verbose = self.verbose, 0
        self._initialize_optimizer()
        self.verbose = verbose

    def _dropouts(self):
        return [m for m in self.module_.modules() if isinstance(m, Dropout)]


class PredictingNet(DenoisingNet):
    """A net that predicts targets: rows are corrupted in training, not in validation.

    Its module encodes rows and decodes a prediction; its criterion is the loss of it.
    """

    _corrupts_validation = False

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train on rows and targets; as in ``DenoisingNet``."""
        if y is None:
            raise ValueError("y must be given: the net predicts it.")
        return super().partial_fit(X, y, classes, **fit_params)

    def _n_targets(self, X):
        return self.predict(X[:1]).shape[1]


def _resume(optimizer, state):
    """Take the state of an earlier optimizer, if it has the same parameters."""
    own = optimizer.state_dict()
    n_parameters = [
        [len(group["params"]) for group in s["param_groups"]] for s in (own, state)
    ]
    if n_parameters[0] == n_parameters[1]:
        # A copy, which a training that fails may spoil.
        state = copy.deepcopy(state["state"])
        optimizer.load_state_dict({**own, "state": state})


def _threads_for(net, run):
    """Return a context with as many threads as a training gains from."""
    n_rows, n_weights = -(-run.train.n_rows // len(run.train)), net.n_weights_
    if net.penalty is not None and not net.penalty.of_code_alone:
        # A Jacobian takes many times as much.
        n_weights = None
    return limited_threads(n_rows, n_weights, run.device)


def _overrides(callback, event):
    return getattr(type(callback), event) is not getattr(Callback, event)
