"""The base of the autoencoders whose module is a perceptron of given widths."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ..losses import LOSSES, BaseLoss, make_loss
from ..modules import ACTIVATIONS, MLPAutoencoder
from ..modules._layers import MOST_UNITS
from .gradient_descent import GradientDescentAutoencoder

__all__ = [
    "SAMPLED_SHARES",
    "PerceptronAutoencoder",
    "find_code_activation",
    "hidden_sizes",
]

#: The values that the parameter `reconstruction_sampling` takes.
SAMPLED_SHARES = [StrOptions({"auto"}), Interval(Real, 0, 1, closed="right"), None]


class PerceptronAutoencoder(GradientDescentAutoencoder):
    """Base class of the autoencoders that train an ``MLPAutoencoder``.

    A subclass has the parameters below.
    """

    _own_module = MLPAutoencoder
    _parameter_constraints: dict = {
        **GradientDescentAutoencoder._parameter_constraints,
        "loss": [StrOptions(set(LOSSES)), BaseLoss],
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "code_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "tied_weights": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def _hidden_sizes(self):
        """Return the widths of the hidden layers before the code."""
        return hidden_sizes(self.hidden_layer_sizes)

    def _module_config(self, n_features, n_outputs):
        hidden = self._hidden_sizes()
        return {
            "n_features": n_features,
            "n_components": int(self.n_components),
            "n_outputs": n_outputs,
            "hidden_layer_sizes": hidden,
            "activation": self.activation,
            "code_activation": self._code_activation(hidden),
            "tied_weights": self.tied_weights,
            "dropout": float(self.dropout),
        }

    def _code_activation(self, hidden):
        """Return the activation of the code, given the widths of the hidden layers."""
        return find_code_activation(self.code_activation, self.activation, hidden)

    def _make_loss(self):
        return make_loss(self.loss)

    def _build_module(self, config, generator):
        return MLPAutoencoder(**config, generator=generator)

    def _layer_widths(self):
        hidden = self._hidden_sizes()
        return hidden, int(self.n_components), hidden[::-1]


def find_code_activation(code_activation, activation, hidden, *, wanted=None):
    """Return the activation of the code that parameters ask for.

    The rule of "auto": what the penalty wants, where it wants any; `activation` where
    the code is the only hidden layer of an autoencoder that is trained; and "identity"
    elsewhere, behind hidden layers. A stack, which trains each layer as the only hidden
    layer of an autoencoder, has no `hidden` layers in this sense.

    Parameters
    ----------
    code_activation : str
        The parameter of this name.

    activation : str
        Activation of the hidden layers.

    hidden : tuple of int
        Widths of the hidden layers that are trained together with the code.

    wanted : str, default=None
        The activation that a penalty wants.

    Returns
    -------
    activation : str
        A key of ``ACTIVATIONS``.
    """
    if code_activation != "auto":
        return code_activation
    return wanted or ("identity" if hidden else activation)


def hidden_sizes(sizes, name="hidden_layer_sizes"):
    """Return the widths that a parameter, `hidden_layer_sizes`, gives as a tuple."""
    if np.ndim(sizes) == 0:
        # An array of no dimension has nothing to go through.
        checked = (sizes,)
    else:
        checked = tuple(sizes)
    for size in checked:
        if not isinstance(size, Integral) or not 1 <= size <= MOST_UNITS:
            raise ValueError(
                f"{name} must hold integers of at least 1 and at most "
                f"{MOST_UNITS}, got {sizes!r}."
            )
    return tuple(int(size) for size in checked)
