"""The base of all penalties: weights, gradients, and parameters of their own."""

from __future__ import annotations

import copy
from numbers import Real

import torch
from sklearn.utils._param_validation import Interval

from ..modules import Linear
from ..modules._estimator import EstimatorModule

__all__ = ["BasePenalty", "linear_of", "mean_of_rows"]


class BasePenalty(EstimatorModule):
    """Base class of the penalties on the code.

    A subclass implements :meth:`of_code`. One that needs more than the code, or that
    changes what the decoder gets, overrides :meth:`encode`. A penalty is an estimator,
    whose parameters can be searched over, and a torch module: what it learns itself are
    parameters that it makes in :meth:`initialize`.

    Parameters
    ----------
    weight : float
        Factor of the penalty in the loss.
    """

    _parameter_constraints: dict = {"weight": [Interval(Real, 0, None, closed="left")]}

    #: Meaning of ``code_activation="auto"`` with this penalty; None leaves it alone.
    code_activation = None

    #: Whether no other activation will do.
    requires_activation = False

    #: Whether the codes are drawn towards :math:`N(0, I)`.
    has_prior = False

    def __init__(self, weight):
        self.weight = weight

    @classmethod
    def upgrade_state(cls, state, format):
        """Turn the attributes of an older file into those of today."""
        tensors = state.pop("parameters_", None)
        if tensors:
            state |= cls._modules_of(tensors)
        return state

    @staticmethod
    def _modules_of(tensors):
        """Return modules of the penalty, from a list of weights and biases."""
        return {}

    @property
    def of_code_alone(self):
        """Whether it is a function of the code, which the decoder gets as it is."""
        return type(self).encode is BasePenalty.encode

    # -- what a subclass says ---------------------------------------------------------

    def of_code(self, code, weight, generator):
        """Return the penalty of the codes of a batch.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            The codes.

        weight : Tensor of shape (n_samples,) or None
            Weights of the rows; None counts them alike.

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
            Weights of the rows; None counts them alike.

        generator : torch.Generator
            Where randomness comes from; of the device of `X`.

        Returns
        -------
        code : Tensor of shape (n_samples, n_components)
            Input of the decoder.

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
            The module to train.

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
        """Make what the penalty learns itself; most learn nothing.

        Parameters
        ----------
        module : torch.nn.Module
            The module to train.

        n_components : int
            Width of the code.

        generator : torch.Generator
            Draws initial values; of the CPU.
        """

    def trained_by_net(self):
        """Return the penalty's own parameters that the optimizer of the net steps.

        Returns
        -------
        parameters : list of torch.nn.Parameter
            All of them, unless the penalty steps them itself.
        """
        return list(self.parameters())

    # -- training ---------------------------------------------------------------------

    def value_and_gradient(self, code, weight, generator):
        """Return the penalty of the codes of a batch, and its gradient there.

        Parameters
        ----------
        code : Tensor of shape (n_samples, n_components)
            The codes.

        weight : Tensor of shape (n_samples,) or None
            Weights of the rows; None counts them alike.

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
        """Make what only a training needs, such as an optimizer of its own."""

    def end_training(self):
        """Drop what only a training needs."""

    def resume(self, other):
        """Go on with what another penalty has learned, where it is of the same form.

        Parameters
        ----------
        other : BasePenalty or None
            That of an earlier training; it stays as it is.
        """
        if type(other) is not type(self):
            return
        state = other.state_dict()
        shapes = {name: tensor.shape for name, tensor in self.state_dict().items()}
        if {name: tensor.shape for name, tensor in state.items()} == shapes:
            self.load_state_dict(state)
            self.resume_training(other)

    def resume_training(self, other):
        """Take over what else the training of another penalty has left.

        Parameters
        ----------
        other : BasePenalty
            A penalty with parameters of the same form; it stays as it is.
        """

    def snapshot(self):
        """Return a copy for use at this moment of a training, in no training itself.

        Returns
        -------
        penalty : BasePenalty
            The copy.
        """
        return copy.deepcopy(self)


def mean_of_rows(values, weight):
    """Return the mean of values of rows, or of rows and units, weighted by row.

    Parameters
    ----------
    values : Tensor of shape (n_samples,) or (n_samples, n_components)
        The values.

    weight : Tensor of shape (n_samples,) or None
        Weights of the rows; None counts them alike.

    Returns
    -------
    mean : scalar Tensor
        The sum of the weighted values over their number.
    """
    if weight is None:
        return values.mean()
    if values.ndim > 1:
        values = values.mean(dim=1)
    return weight @ values / len(values)


def linear_of(weight, bias):
    """Return a linear layer with a weight and a bias.

    Parameters
    ----------
    weight : Tensor of shape (n_outputs, n_inputs)
        The weight.

    bias : Tensor of shape (n_outputs,)
        The bias.

    Returns
    -------
    layer : Linear
        The layer.
    """
    layer = Linear(weight.shape[1], len(bias))
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer
