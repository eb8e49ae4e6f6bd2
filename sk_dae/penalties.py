"""Penalties on the code: what a code should be like, besides serving the decoder.

Each is a mean over rows and units of the code, as the squared error is a mean over
rows and columns, so that a weight keeps its meaning when a width or the batch changes.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from numbers import Integral, Real

import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

from .modules import ACTIVATIONS, Linear, MLPAutoencoder

__all__ = [
    "PENALTIES",
    "AdversarialPenalty",
    "BasePenalty",
    "ContractivePenalty",
    "KLPenalty",
    "L1Penalty",
    "VariationalPenalty",
    "make_penalty",
]


class BasePenalty(BaseEstimator):
    """Base class of the penalties on the code.

    A subclass implements :meth:`of_code`. One that needs more than the code, or that
    changes what the decoder gets, overrides :meth:`encode` and sets ``of_code_alone``
    to False.

    Parameters
    ----------
    weight : float
        What the penalty is multiplied by before it is added to the loss.

    Attributes
    ----------
    parameters_ : list of Tensor
        What the penalty learns itself.
    """

    _parameter_constraints: dict = {"weight": [Interval(Real, 0, None, closed="left")]}

    #: What ``code_activation="auto"`` means with this penalty; None leaves it alone.
    code_activation = None

    #: Whether no other activation will do.
    requires_activation = False

    #: Whether the penalty is a function of the code, and the decoder gets that code.
    of_code_alone = True

    #: Whether the codes are drawn towards :math:`N(0, I)`.
    has_prior = False

    def __init__(self, weight):
        self.weight = weight

    # -- what a subclass says ---------------------------------------------------------

    def of_code(self, code, weight, generator):
        """Return the penalty of the codes of a batch.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            The codes.

        weight : Tensor of shape (n_samples,) or None
            What each row counts for; None counts them alike.

        generator : torch.Generator
            Where randomness comes from; of the device of `code`.

        Returns
        -------
        value : scalar Tensor
            The penalty, without its weight, and differentiable by `code`.
        """
        raise NotImplementedError

    def encode(self, module, X, weight, generator):
        """Encode a batch, and return the penalty.

        Parameters
        ----------
        module : torch.nn.Module
            With a method ``encode``.

        X : Tensor of shape (n_samples, n_features)
            Corrupted rows, as they enter the encoder.

        weight : Tensor of shape (n_samples,) or None
            What each row counts for; None counts them alike.

        generator : torch.Generator
            Where randomness comes from; of the device of `X`.

        Returns
        -------
        code : Tensor of shape (n_samples, n_components)
            What the decoder gets.

        value : scalar Tensor
            The penalty, without its weight.
        """
        code = module.encode(X)
        return code, self.of_code(code, weight, generator)

    def check_module(self, module):
        """Refuse a module that the penalty does not suit.

        Parameters
        ----------
        module : torch.nn.Module
            What is to be trained.

        Raises
        ------
        ValueError
            If its code has not the activation that the penalty needs.
        """
        self.check_activation(getattr(module, "code_activation", None))

    def check_activation(self, name):
        """Refuse an activation of the code that the penalty does not suit.

        Parameters
        ----------
        name : str or None
            Key of :data:`sk_dae.modules.ACTIVATIONS`; None where it is not known.

        Raises
        ------
        ValueError
            If the penalty needs another.
        """
        if self.requires_activation and name != self.code_activation:
            raise ValueError(
                f"{type(self).__name__} needs code_activation={self.code_activation!r}"
                f" (which 'auto' is), got {name!r}. A module of your own says so in an "
                "attribute of that name."
            )

    def initialize(self, module, n_components, generator):
        """Make what the penalty learns itself.

        Parameters
        ----------
        module : torch.nn.Module
            What is to be trained.

        n_components : int
            Width of the code.

        generator : torch.Generator
            Draws initial values; of the CPU.
        """
        self.parameters_ = []

    def shared_parameters(self):
        """Return those parameters that the optimizer of the module steps.

        Returns
        -------
        parameters : list of Tensor
            All of ``parameters_``, unless the penalty steps them itself.
        """
        return self.parameters_

    # -- training ---------------------------------------------------------------------

    def value_and_gradient(self, code, weight, generator):
        """Return the penalty of the codes of a batch, and its gradient there.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            The codes.

        weight : Tensor of shape (n_samples,) or None
            What each row counts for; None counts them alike.

        generator : torch.Generator
            Where randomness comes from.

        Returns
        -------
        value : scalar Tensor
            The penalty, without its weight.

        gradient : Tensor of shape (n_samples, n_components)
            Its derivative by the code.
        """
        with torch.enable_grad():
            code = code.detach().requires_grad_()
            value = self.of_code(code, weight, generator)
            (gradient,) = torch.autograd.grad(value, code)
        return value.detach(), gradient

    def begin_training(self):
        """Let gradients flow to the parameters."""
        for parameter in self.parameters_:
            parameter.requires_grad_()

    def end_training(self):
        """Drop what only a training needs."""
        for parameter in self.parameters_:
            parameter.grad = None
            parameter.requires_grad_(False)

    def resume(self, other):
        """Go on with what another penalty has learned, where it is of the same form.

        Parameters
        ----------
        other : BasePenalty or None
            That of an earlier training; it stays as it is.
        """
        if type(other) is type(self) and (
            [p.shape for p in other.parameters_] == [p.shape for p in self.parameters_]
        ):
            vars(self).update(other._learned(None))

    def copy_to(self, device):
        """Return a copy that can be used, but is in no training.

        Parameters
        ----------
        device : torch.device or None
            Where its parameters are wanted; None leaves them where they are.

        Returns
        -------
        penalty : BasePenalty
            The copy.
        """
        twin = copy.copy(self)
        vars(twin).update(self._learned(device))
        return twin

    def _learned(self, device):
        """Return a copy of what has been learned, as attributes."""
        return {
            "parameters_": [
                parameter.detach().to(device or parameter.device, copy=True)
                for parameter in self.parameters_
            ]
        }


class L1Penalty(BasePenalty):
    r"""Mean absolute activation, for codes in which few units are active.

    .. math:: \frac{1}{nk} \sum_{i=1}^n \sum_{j=1}^k |h_{ij}|

    With rectified units, which ``code_activation="auto"`` is here, most activations
    become exactly zero.

    Parameters
    ----------
    weight : float, default=0.01
        What the penalty is multiplied by.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.penalties import L1Penalty
    >>> L1Penalty().of_code(torch.tensor([[1.0, 0.0], [0.0, -2.0]]), None, None)
    tensor(0.7500)
    """

    code_activation = "relu"

    def __init__(self, weight=0.01):
        super().__init__(weight)

    def of_code(self, code, weight, generator):
        """Return the penalty of a batch; as in ``BasePenalty``."""
        return _mean(code.abs(), weight)

    def value_and_gradient(self, code, weight, generator):
        """Return the penalty of a batch and its gradient; as in ``BasePenalty``."""
        gradient = code.sign().mul_(1.0 / code.numel())
        if weight is not None:
            gradient.mul_(weight[:, None])
        return torch.dot(code.flatten(), gradient.flatten()), gradient


class KLPenalty(BasePenalty):
    r"""Divergence of the units' mean activation from a small target.

    .. math:: \frac1k \sum_{j=1}^k \left[\rho \log \frac{\rho}{\hat\rho_j}
              + (1 - \rho) \log \frac{1 - \rho}{1 - \hat\rho_j}\right], \qquad
              \hat\rho_j = \frac1n \sum_{i=1}^n h_{ij}

    Each unit should be active for a fraction :math:`\rho` of the rows. Needs a code in
    (0, 1): ``code_activation="logistic"``, which "auto" is here.

    Parameters
    ----------
    weight : float, default=0.1
        What the penalty is multiplied by.

    target : float in (0, 1), default=0.05
        The mean activation :math:`\rho` wanted of every unit.

    Examples
    --------
    >>> import torch
    >>> from sk_dae.penalties import KLPenalty
    >>> KLPenalty(target=0.25).of_code(torch.tensor([[0.5], [0.0]]), None, None)
    tensor(0.)
    """

    code_activation = "logistic"
    requires_activation = True
    _parameter_constraints: dict = {
        **BasePenalty._parameter_constraints,
        "target": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(self, weight=0.1, *, target=0.05):
        super().__init__(weight)
        self.target = target

    def of_code(self, code, weight, generator):
        """Return the penalty of a batch; as in ``BasePenalty``."""
        if weight is None:
            active, share = code.mean(dim=0), 1.0
        else:
            # Here, weights that are all small must not look like units at rest.
            total = weight.sum().clamp(min=torch.finfo(code.dtype).tiny)
            active, share = weight @ code / total, weight.mean()
        # A unit that is off, or on, for all rows has an infinite divergence.
        active = active.clamp(1e-6, 1.0 - 1e-6)
        target = torch.full_like(active, self.target)
        on = target * (target / active).log()
        off = (1.0 - target) * ((1.0 - target) / (1.0 - active)).log()
        return (on + off).mean() * share


class ContractivePenalty(BasePenalty):
    r"""Squared norm of the Jacobian of the code, for codes that change little.

    .. math:: \frac{1}{nk} \sum_{i=1}^n \left\lVert
              \frac{\partial f(\tilde x_i)}{\partial \tilde x_i} \right\rVert_F^2

    The derivative is taken at the rows that enter the encoder: the corrupted ones, or
    with ``corruption=None`` the rows themselves. For the built-in encoder without
    hidden layers it is exact. Elsewhere it is estimated without bias, by
    :math:`\lVert v^T \partial f / \partial x \rVert^2` with random signs :math:`v`.

    Parameters
    ----------
    weight : float, default=0.03
        What the penalty is multiplied by.

    n_draws : int, default=1
        Number of random :math:`v` for each row, of an encoder with hidden layers. Each
        costs a pass back through the encoder.

    References
    ----------
    Rifai, S., Vincent, P., Muller, X., Glorot, X. and Bengio, Y. (2011). Contractive
    auto-encoders: explicit invariance during feature extraction. ICML.

    Examples
    --------
    >>> from sk_dae import DenoisingAutoencoder
    >>> from sk_dae.penalties import ContractivePenalty
    >>> dae = DenoisingAutoencoder(penalty=ContractivePenalty(0.1, n_draws=4))
    """

    of_code_alone = False
    _parameter_constraints: dict = {
        **BasePenalty._parameter_constraints,
        "n_draws": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, weight=0.03, *, n_draws=1):
        super().__init__(weight)
        self.n_draws = n_draws

    def encode(self, module, X, weight, generator):
        """Encode a batch and return the penalty; as in ``BasePenalty``."""
        if type(module) is MLPAutoencoder and len(module.encoder) == 1:
            return self._encode_exactly(module, X, weight)
        X = X.detach().requires_grad_()
        code = module.encode(X)
        norms = torch.zeros(len(X), device=X.device)
        for _ in range(self.n_draws):
            signs = torch.empty_like(code).bernoulli_(0.5, generator=generator)
            signs = signs.mul_(2.0).sub_(1.0)
            (products,) = torch.autograd.grad(code, X, signs, create_graph=True)
            norms = norms + products.square().sum(dim=1)
        return code, _mean(norms / (self.n_draws * code.shape[1]), weight)

    def _encode_exactly(self, module, X, weight):
        """Encode by one layer, whose Jacobian is the weight times slopes."""
        (layer,) = module.encoder
        z = layer(X)
        if not z.requires_grad:  # a frozen layer
            z.requires_grad_()
        code = ACTIVATIONS[module.code_activation](z)
        (slopes,) = torch.autograd.grad(code.sum(), z, create_graph=True)
        norms = slopes.square() * layer.weight.square().sum(dim=1)
        if module.dropout is not None:
            code = module.dropout(code)
        return code, _mean(norms, weight)


class VariationalPenalty(BasePenalty):
    r"""Divergence of a Gaussian code from a standard normal one.

    The code of a row is a normal distribution with mean :math:`\mu` and variances
    :math:`\sigma^2`. In training the decoder gets a draw of it,
    :math:`\mu + \sigma \odot \varepsilon`, and the penalty is

    .. math:: \frac{1}{nk} \sum_{i=1}^n \sum_{j=1}^k \tfrac12 \left(\mu_{ij}^2
              + \sigma_{ij}^2 - 1 - \log \sigma_{ij}^2\right).

    After training, the code of a row is the mean. The logarithms of the variances are
    a linear map of what the layer of the code takes, which the penalty learns. A
    module of your own gives them itself, by a method ``encode_distribution(X)`` that
    returns the means and the logarithms of the variances.

    With the squared error, a mean over :math:`d` columns, a decoder of variance
    :math:`s^2` has its evidence lower bound at a weight of :math:`2 s^2 k / d`.

    Parameters
    ----------
    weight : float, default=0.03
        What the penalty is multiplied by.

    References
    ----------
    Kingma, D. P. and Welling, M. (2014). Auto-encoding variational Bayes. ICLR.

    Im, D. J., Ahn, S., Memisevic, R. and Bengio, Y. (2017). Denoising criterion for
    variational auto-encoding framework. AAAI.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> dae = DenoisingAutoencoder(16, penalty="variational", max_iter=5)
    >>> dae.fit(X).sample(3).shape
    (3, 64)
    """

    code_activation = "identity"
    of_code_alone = False
    has_prior = True

    def __init__(self, weight=0.03):
        super().__init__(weight)

    def check_module(self, module):
        """Refuse a module that gives no variances.

        Parameters
        ----------
        module : torch.nn.Module
            What is to be trained.

        Raises
        ------
        TypeError
            If it is neither the built-in one nor has ``encode_distribution``.
        """
        super().check_module(module)
        if not (_gives_distribution(module) or isinstance(module, MLPAutoencoder)):
            raise TypeError(
                "VariationalPenalty needs a module with a method "
                "encode_distribution(X), which returns the means and the logarithms of "
                f"the variances of the code; {type(module).__name__} has none."
            )

    def initialize(self, module, n_components, generator):
        """Start the logarithms of all variances at zero; as in ``BasePenalty``."""
        self.parameters_ = []
        if not _gives_distribution(module):
            n_inputs = module.encoder[-1].weight.shape[1]
            self.parameters_ = [
                torch.zeros(n_components, n_inputs),
                torch.zeros(n_components),
            ]

    def distribution(self, module, X):
        """Return the normal distributions that are the codes of rows.

        Parameters
        ----------
        module : torch.nn.Module
            The module.

        X : Tensor of shape (n_samples, n_features)
            Rows as they enter the encoder.

        Returns
        -------
        mean : Tensor of shape (n_samples, n_components)
            The means.

        log_variance : Tensor of shape (n_samples, n_components)
            The logarithms of the variances.
        """
        if _gives_distribution(module):
            return module.encode_distribution(X)
        inputs = module.before_code(X)
        return module.to_code(inputs), F.linear(inputs, *self.parameters_)

    def encode(self, module, X, weight, generator):
        """Draw codes and return the penalty; as in ``BasePenalty``."""
        mean, log_variance = self.distribution(module, X)
        variance = log_variance.exp()
        noise = torch.empty_like(mean).normal_(generator=generator)
        divergence = 0.5 * (mean.square() + variance - 1.0 - log_variance)
        return mean + variance.sqrt() * noise, _mean(divergence, weight)


class AdversarialPenalty(BasePenalty):
    r"""What gives the codes away to an adversary that knows a standard normal.

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
        What the penalty is multiplied by.

    hidden_layer_sizes : sequence of int, default=(64,)
        Widths of the hidden layers of the discriminator.

    learning_rate_init : float, default=0.003
        Learning rate of the discriminator; it stays constant.

    gradient_penalty : float, default=1.0
        What :math:`\gamma` is. Zero leaves the discriminator free.

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
            if not isinstance(size, Integral) or size < 1:
                raise ValueError(
                    "hidden_layer_sizes of AdversarialPenalty must hold integers of at "
                    f"least 1, got {self.hidden_layer_sizes!r}."
                )
        self.parameters_, self.optimizer_state_ = [], {}
        for n_inputs, n_outputs in pairwise(
            (n_components, *self.hidden_layer_sizes, 1)
        ):
            layer = Linear(n_inputs, n_outputs)
            layer.reset_parameters(generator)
            self.parameters_ += [layer.weight.detach(), layer.bias.detach()]

    def shared_parameters(self):
        """Return none: the discriminator has an optimizer of its own.

        Returns
        -------
        parameters : list of Tensor
            Empty.
        """
        return []

    def begin_training(self):
        """Build the optimizer of the discriminator, as it was left."""
        super().begin_training()
        # Less momentum than usual: the game has no minimum to run down to.
        self._optimizer = torch.optim.Adam(
            self.parameters_, lr=self.learning_rate_init, betas=(0.5, 0.999)
        )
        if self.optimizer_state_:
            own = self._optimizer.state_dict()
            self._optimizer.load_state_dict({**own, "state": self.optimizer_state_})

    def end_training(self):
        """Keep the state of the optimizer, and drop it."""
        super().end_training()
        self.optimizer_state_ = self._state_of_optimizer()
        vars(self).pop("_optimizer", None)

    def copy_to(self, device):
        """Return a copy that is in no training; as in ``BasePenalty``."""
        twin = super().copy_to(device)
        vars(twin).pop("_optimizer", None)
        return twin

    def of_code(self, code, weight, generator):
        """Train the discriminator and return the penalty; as in ``BasePenalty``."""
        self._train_discriminator(code.detach(), weight, generator)
        # Without gradients for the discriminator, which here stands on the other side.
        frozen = [parameter.detach() for parameter in self.parameters_]
        return _mean(F.softplus(-_discriminate(frozen, code)), weight)

    def _train_discriminator(self, code, weight, generator):
        drawn = torch.empty_like(code).normal_(generator=generator).requires_grad_()
        scores = _discriminate(self.parameters_, torch.cat([code, drawn]))
        of_codes, of_draws = scores.chunk(2)
        # As many draws as codes, however little the rows of a batch count for.
        share = 1.0 if weight is None else weight.mean()
        loss = _mean(F.softplus(of_codes), weight)
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

    def _learned(self, device):
        return {
            **super()._learned(device),
            "optimizer_state_": self._state_of_optimizer(),
        }


def _discriminate(parameters, code):
    """Return the output of a perceptron for codes, given its weights and biases."""
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    for weight, bias in layers[:-1]:
        code = F.leaky_relu(F.linear(code, weight, bias), 0.2)
    return F.linear(code, *layers[-1])[:, 0]


def _gives_distribution(module):
    return callable(getattr(module, "encode_distribution", None))


def _mean(values, weight):
    """Return the mean of values of rows, or of rows and units, weighted by row."""
    if weight is None:
        return values.mean()
    if values.ndim > 1:
        values = values.mean(dim=1)
    return weight @ values / len(values)


#: The strings that `penalty` takes.
PENALTIES = {
    "l1": L1Penalty,
    "kl": KLPenalty,
    "contractive": ContractivePenalty,
    "variational": VariationalPenalty,
    "adversarial": AdversarialPenalty,
}


def make_penalty(penalty, weight):
    """Return the penalty that an estimator's parameters describe.

    Parameters
    ----------
    penalty : str, BasePenalty or None
        A key of :data:`PENALTIES`, an instance (checked and cloned), or None.

    weight : float or "auto"
        The weight, for a string; "auto" is the default of its class.

    Returns
    -------
    penalty : BasePenalty or None
        A penalty that has learned nothing yet, or None.
    """
    if penalty is None:
        return None
    if isinstance(penalty, str):
        options = {} if weight == "auto" else {"weight": weight}
        return PENALTIES[penalty](**options)
    penalty._validate_params()
    return clone(penalty)
