"""The penalty of adversarial autoencoders: a discriminator on the codes."""

from __future__ import annotations

import copy
from itertools import pairwise
from numbers import Integral, Real

import torch
import torch.nn.functional as F
from sklearn.utils._param_validation import Interval
from torch import nn

from ..backend.eager_optimizers import Adam
from ..backend.serialization import serializable
from ..modules import Linear
from ..modules._layers import MOST_UNITS
from ._base import BasePenalty, linear_of, mean_of_rows

__all__ = ["AdversarialPenalty"]

serializable(nn.ModuleList)


@serializable
class AdversarialPenalty(BasePenalty):
    r"""The clues that give codes away to an adversary that knows a standard normal.

    A discriminator :math:`D`, a small perceptron with a linear output, learns to tell
    codes from draws of :math:`N(0, I)`; the encoder learns to deceive it. The penalty
    is

    .. math:: \frac1n \sum_{i=1}^n \log\left(1 + e^{-D(h_i)}\right),

    which is :math:`\log 2` where :math:`D` cannot tell. In every step the discriminator
    goes first, with an optimizer of its own (Adam). So that the game calms down, its
    loss has the mean of :math:`\tfrac{\gamma}{2} \lVert \nabla D \rVert^2` over the
    draws in it.

    Parameters
    ----------
    weight : float, default=0.03
        Factor of the penalty in the loss.

    hidden_layer_sizes : sequence of int, default=(64,)
        Widths of the hidden layers of the discriminator.

    learning_rate_init : float, default=0.003
        Learning rate of the discriminator; it stays constant.

    gradient_penalty : float, default=1.0
        The factor :math:`\gamma`. Zero leaves the discriminator free.

    References
    ----------
    Makhzani, A., Shlens, J., Jaitly, N., Goodfellow, I. and Frey, B. (2015).
    Adversarial autoencoders. arXiv:1511.05644.

    Mescheder, L., Geiger, A. and Nowozin, S. (2018). Which training methods for GANs do
    actually converge? ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> dae = DenoisingAutoencoder(8, penalty="adversarial", max_iter=5)
    >>> dae.fit(X).sample(3).shape
    (3, 64)
    """

    code_activation = "identity"
    has_prior = True
    _parameter_constraints: dict = {
        **BasePenalty._parameter_constraints,
        "hidden_layer_sizes": [tuple, list],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "gradient_penalty": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        weight=0.03,
        *,
        hidden_layer_sizes=(64,),
        learning_rate_init=0.003,
        gradient_penalty=1.0,
    ):
        super().__init__(weight)
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate_init = learning_rate_init
        self.gradient_penalty = gradient_penalty

    def initialize(self, module, n_components, generator):
        """Draw the weights of the discriminator; as in ``BasePenalty``."""
        for size in self.hidden_layer_sizes:
            if not isinstance(size, Integral) or not 1 <= size <= MOST_UNITS:
                raise ValueError(
                    "hidden_layer_sizes of AdversarialPenalty must hold integers of at "
                    f"least 1 and at most {MOST_UNITS}, got "
                    f"{self.hidden_layer_sizes!r}."
                )
        self.optimizer_state_ = {}
        widths = (n_components, *self.hidden_layer_sizes, 1)
        self.discriminator = nn.ModuleList(
            Linear(n_inputs, n_outputs) for n_inputs, n_outputs in pairwise(widths)
        )
        for layer in self.discriminator:
            layer.reset_parameters(generator)

    @staticmethod
    def _modules_of(tensors):
        """Return modules of the penalty, from a list of weights and biases."""
        pairs = zip(tensors[::2], tensors[1::2], strict=True)
        return {"discriminator": nn.ModuleList(linear_of(*pair) for pair in pairs)}

    def trained_by_net(self):
        """Return none: the discriminator has an optimizer of its own.

        Returns
        -------
        parameters : list of torch.nn.Parameter
            Empty.
        """
        return []

    def begin_training(self):
        """Build the optimizer of the discriminator, as it was left."""
        # Less momentum than usual: the game has no minimum to run down to.
        self._optimizer = Adam(
            [p for layer in self.discriminator for p in (layer.weight, layer.bias)],
            lr=self.learning_rate_init,
            betas=(0.5, 0.999),
        )
        if self.optimizer_state_:
            own = self._optimizer.state_dict()
            self._optimizer.load_state_dict({**own, "state": self.optimizer_state_})

    def end_training(self):
        """Keep the state of the optimizer, and drop it."""
        self.optimizer_state_ = self._state_of_optimizer()
        vars(self).pop("_optimizer", None)
        self.zero_grad()

    def resume_training(self, other):
        """Take over the state of the optimizer; as in ``BasePenalty``."""
        self.optimizer_state_ = other._state_of_optimizer()

    def snapshot(self):
        """Return a copy that is in no training; as in ``BasePenalty``."""
        twin = copy.copy(self)
        vars(twin).pop("_optimizer", None)
        twin.optimizer_state_ = self._state_of_optimizer()
        return copy.deepcopy(twin)

    def of_code(self, code, weight, generator):
        """Train the discriminator and return the penalty; as in ``BasePenalty``."""
        self._train_discriminator(code.detach(), weight, generator)
        # Without gradients for the discriminator, which here stands on the other side.
        scores = self._discriminate(code, frozen=True)
        return mean_of_rows(F.softplus(-scores), weight)

    def _discriminate(self, code, *, frozen=False):
        """Return the output of the discriminator for codes."""
        *hidden, last = [(layer.weight, layer.bias) for layer in self.discriminator]
        if frozen:
            *hidden, last = [(w.detach(), b.detach()) for w, b in (*hidden, last)]
        for weight, bias in hidden:
            code = F.leaky_relu(F.linear(code, weight, bias), 0.2)
        return F.linear(code, *last)[:, 0]

    def _train_discriminator(self, code, weight, generator):
        drawn = torch.empty_like(code).normal_(generator=generator).requires_grad_()
        scores = self._discriminate(torch.cat([code, drawn]))
        of_codes, of_draws = scores.chunk(2)
        # As many draws as codes, however little the rows of a batch count for.
        share = 1.0 if weight is None else weight.mean()
        loss = mean_of_rows(F.softplus(of_codes), weight)
        loss = loss + share * F.softplus(-of_draws).mean()
        if self.gradient_penalty:
            (slopes,) = torch.autograd.grad(of_draws.sum(), drawn, create_graph=True)
            norms = slopes.square().sum(dim=1)
            loss = loss + 0.5 * self.gradient_penalty * share * norms.mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()

    def _state_of_optimizer(self):
        if not hasattr(self, "_optimizer"):
            return copy.deepcopy(self.optimizer_state_)
        # On the CPU, so that it can be saved; its optimizer takes it to the device.
        return {
            index: {name: value.detach().cpu().clone() for name, value in state.items()}
            for index, state in self._optimizer.state_dict()["state"].items()
        }
