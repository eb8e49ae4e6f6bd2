"""Steps of a training: from a prepared batch to new parameters.

A step is built for a module, a loss and a penalty, and answers these calls:

``parameter_groups()``
    The parameters that the optimizer steps.
``bind(optimizer)``
    Which optimizer that is.
``for_epoch()``
    The step to take from here on: itself, or the one that takes its place.
``__call__(prepared, on_gradients)``
    Do it, and return the loss, the output and the penalty. `on_gradients` is called
    between gradients and update, unless it is None.
``settle()``
    Do what steps have put off, at the end of an epoch.
``restore()`` and ``release()``
    Put right what a callback may have detached; give back what a training needs.

Nothing outside this file asks which kind of step it has.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from ..backend.precision import autocast
from .gradients import FlatParameters, MLPGradients
from .optimizers import FlatAdamW

__all__ = ["AutogradStep", "HandDerivedStep", "StepResult", "make_step"]


class StepResult(NamedTuple):
    """The outcome of a step.

    Parameters
    ----------
    loss : scalar Tensor
        The loss, with the penalty in it.

    output : Tensor of shape (n_samples, n_outputs)
        The output of the decoder.

    penalty : scalar Tensor or None
        The penalty, without its weight.
    """

    loss: torch.Tensor
    output: torch.Tensor
    penalty: torch.Tensor | None


def make_step(
    module,
    loss,
    penalty,
    generator,
    *,
    hand_derived=True,
    forked=None,
    precision=None,
):
    """Return the fastest step that serves a module and a penalty.

    Parameters
    ----------
    module : torch.nn.Module
        With the methods ``encode`` and ``decode``.

    loss : BaseLoss
        The reconstruction loss.

    penalty : BasePenalty or None
        The penalty on the code.

    generator : torch.Generator
        Where the penalty is drawn from.

    hand_derived : bool, default=True
        Whether hand-derived gradients may be used: an optimizer class of the user's
        gets a closure and the parameters one by one.

    forked : ForkedGenerators, default=None
        Where a module of the user's draws from; None for one of the package.

    precision : torch.dtype, default=None
        The type of products, where it is another than float32.

    Returns
    -------
    step : AutogradStep or HandDerivedStep
        The step.
    """
    known = precision is None and HandDerivedStep.serves(module, penalty)
    if hand_derived and known:
        return HandDerivedStep(module, loss, penalty, generator)
    return AutogradStep(module, loss, penalty, generator, forked, precision)


class AutogradStep:
    """A step whose gradients autograd finds; serves every module.

    Parameters
    ----------
    module, loss, penalty, generator, forked, precision
        As in ``make_step``.
    """

    def __init__(self, module, loss, penalty, generator, forked=None, precision=None):
        self.module = module
        self.loss = loss
        self.penalty = penalty
        self._generator = generator
        self._forked = forked
        self._precision = precision

    def parameter_groups(self):
        """Return the groups of parameters for the optimizer."""
        return _groups(list(self.module.parameters()), self.loss, self.penalty)

    def bind(self, optimizer):
        """Take the optimizer that steps the groups."""
        self._optimizer = optimizer

    def for_epoch(self):
        """Return the step of the next epoch: this one."""
        if not any(p.requires_grad for p in self.module.parameters()):
            raise ValueError(
                "All parameters of the module are frozen, so that nothing is left to "
                "train: let the callback that freezes them leave some."
            )
        if self._forked is not None:
            self._forked.watch_again()
        return self

    def settle(self):
        """Do nothing: no step has put anything off."""

    def restore(self):
        """Do nothing: autograd finds the parameters wherever they are."""

    def release(self):
        """Drop the gradients."""
        self._optimizer.zero_grad()
        self.loss.zero_grad()
        del self._optimizer

    def __call__(self, prepared, on_gradients):
        """Step the parameters by the gradients of a batch."""
        # An optimizer may call the closure more than once; the first call counts.
        results = []

        def closure():
            self._optimizer.zero_grad()
            if self._forked is None:
                result = self.forward(prepared)
                result.loss.backward()
            else:
                with self._forked.lent("forward"):
                    result = self.forward(prepared)
                with self._forked.lent("backward"):
                    result.loss.backward()
            if on_gradients is not None:
                on_gradients()
            results.append(result)
            return result.loss

        self._optimizer.step(closure)
        loss, output, penalty = results[0]
        if penalty is not None:
            penalty = penalty.detach()
        return StepResult(loss.detach(), output.detach(), penalty)

    def forward(self, prepared):
        """Return the loss of a batch, the output and the penalty."""
        inputs, target, weight, row_weight, _ = prepared
        value = None
        with autocast(self._precision, inputs.device.type):
            if self.penalty is None:
                code = self.module.encode(inputs)
            else:
                code, value = self.penalty.encode(
                    self.module, inputs, row_weight, self._generator
                )
            output = self.module.decode(code).float()
        loss = self.loss(output, target, weight)
        if value is not None:
            loss = loss + self.penalty.weight * value
        return StepResult(loss, output, value)


class HandDerivedStep:
    """A step of a perceptron whose gradients are written out, over flat buffers.

    Parameters
    ----------
    module, loss, penalty, generator
        As in ``make_step``.
    """

    def __init__(self, module, loss, penalty, generator):
        self.module = module
        self.loss = loss
        self.penalty = penalty
        self._generator = generator
        self._flat = FlatParameters(module)
        self._gradients = None

    @staticmethod
    def serves(module, penalty):
        """Whether the gradients of a module and of a penalty are known here."""
        return MLPGradients.serves(module) and (
            penalty is None or (penalty.of_code_alone and not penalty.trained_by_net())
        )

    def parameter_groups(self):
        """Return the groups of parameters for the optimizer: one flat buffer."""
        return _groups([self._flat.buffer], self.loss, self.penalty)

    def bind(self, optimizer):
        """Take the optimizer that steps the groups."""
        self._optimizer = optimizer
        flat = isinstance(optimizer, FlatAdamW)
        self._update = optimizer.step_buffers if flat else optimizer.step

    def for_epoch(self):
        """Return this step, or autograd's where a callback has frozen a parameter."""
        if MLPGradients.serves(self.module):
            self._flat.restore()
            if self._gradients is None:
                self._gradients = MLPGradients(self.module, self.loss)
            return self
        self._flat.release()
        step = AutogradStep(self.module, self.loss, self.penalty, self._generator)
        # The same optimizer, since a scheduler may hold it.
        optimizer = self._optimizer
        optimizer.param_groups[0]["params"] = list(self.module.parameters())
        optimizer.state.clear()
        step.bind(optimizer)
        return step.for_epoch()

    def settle(self):
        """Do nothing: no step has put anything off."""

    def restore(self):
        """Attach what a callback may have detached: parameters and gradients."""
        self._flat.restore()

    def release(self):
        """Give every parameter memory of its own again, and drop the gradients."""
        # First the optimizer, whose state takes the memory that the copies of the
        # weights need.
        self._optimizer = self._update = self._gradients = None
        self._flat.release()
        self.loss.zero_grad()

    def __call__(self, prepared, on_gradients):
        """Step the parameters by the gradients of a batch."""
        inputs, target, weight, row_weight, _ = prepared
        with torch.no_grad():
            if self.penalty is None:
                loss, output = self._gradients(inputs, target, weight)
                value = None
            else:
                parts = inputs, target, weight, row_weight
                loss, output, value = self._penalized(*parts)
            if on_gradients is None:
                self._update()
        if on_gradients is not None:
            on_gradients()
            self._update()
        return StepResult(loss, output, value)

    def _penalized(self, inputs, target, weight, row_weight):
        """Write the gradients of loss and penalty; return both, and the output."""
        penalty, values = self.penalty, []

        def at_code(code):
            value, gradient = penalty.value_and_gradient(
                code, row_weight, self._generator
            )
            values.append(value)
            return gradient.mul_(penalty.weight)

        loss, output = self._gradients(inputs, target, weight, at_code)
        (value,) = values
        return loss + penalty.weight * value, output, value


def _groups(parameters, loss, penalty):
    """Return the groups of parameters that an optimizer steps."""
    if penalty is not None:
        parameters = parameters + penalty.trained_by_net()
    groups = [{"params": parameters}]
    own = loss.trained_by_net()
    if own:
        # They describe the data, and are not drawn to zero.
        groups.append(
            {"params": own, "weight_decay": 0.0, "rate_factor": loss.rate_factor}
        )
    return groups
