"""Hand-derived gradients of the perceptron: what autograd computes, at half the cost.

On nets of the size that tables need, most of a training step is not arithmetic but
the recording of a graph and the bookkeeping of many small tensors. Here the chain
rule is written out, and all parameters, and all gradients, lie in one buffer each, so
that the optimizer steps a single tensor.
"""

from __future__ import annotations

import torch
from torch import nn

from ..modules import ACTIVATIONS, MLPAutoencoder, TableAutoencoder
from ..modules._predictors import MLPPredictor, TablePredictor

__all__ = ["FlatParameters", "MLPGradients"]

# Looked up once: a call through `torch.ops` costs more than some of the arithmetic.
_threshold = torch.ops.aten.threshold_backward.default
_threshold_out = torch.ops.aten.threshold_backward.grad_input
_leaky_relu = torch.ops.aten.leaky_relu_backward.default
_elu = torch.ops.aten.elu_backward.default
_tanh = torch.ops.aten.tanh_backward.default
_sigmoid = torch.ops.aten.sigmoid_backward.default
_gelu = torch.ops.aten.gelu_backward.default
_silu = torch.ops.aten.silu_backward.default
_softplus = torch.ops.aten.softplus_backward.default

# The derivative of an activation s at z, times what comes from above, as a function of
# s(z) where that is enough: then z need not be kept.
_FROM_OUTPUT = {
    "identity": lambda gradient, h: gradient,
    "relu": lambda gradient, h: _threshold(gradient, h, 0),
    "leaky_relu": lambda gradient, h: _leaky_relu(gradient, h, 0.01, True),
    "elu": lambda gradient, h: _elu(gradient, 1.0, 1.0, 1.0, True, h),
    "selu": lambda gradient, h: _elu(
        gradient, 1.6732632423543772, 1.0507009873554805, 1.0, True, h
    ),
    "tanh": _tanh,
    "logistic": _sigmoid,
}
_FROM_INPUT = {
    "gelu": _gelu,
    "silu": _silu,
    "softplus": lambda gradient, z: _softplus(gradient, z, 1.0, 20.0),
}

# Where only the output is kept, it may overwrite the input.
_IN_PLACE = {
    "identity": lambda z: z,
    "relu": torch.relu_,
    "tanh": torch.tanh_,
    "logistic": torch.sigmoid_,
}
# The same for the derivative, in the place of what comes from above.
_OVERWRITES = {
    "identity": lambda gradient, h: gradient,
    "relu": lambda gradient, h: _threshold_out(gradient, h, 0, grad_input=gradient),
}

_SERVED = (MLPAutoencoder, TableAutoencoder, MLPPredictor, TablePredictor)

# Floats; the views of a buffer then start on boundaries that vector units like.
_ALIGNMENT = 16

# Floats of a batch's activations that are kept from step to step, at most.
_KEPT_FLOATS = 2**22


class FlatParameters:
    """Lay the parameters of a module, and their gradients, into one buffer each.

    Parameters
    ----------
    module : torch.nn.Module
        Its parameters become views of the buffer, until :meth:`release`.

    Attributes
    ----------
    buffer : torch.nn.Parameter of shape (n_values,)
        All parameters; its gradient holds theirs.
    """

    def __init__(self, module):
        self._parameters = list(module.parameters())
        self._views = []
        sizes = [-(-p.numel() // _ALIGNMENT) * _ALIGNMENT for p in self._parameters]
        values = torch.zeros(sum(sizes), device=self._parameters[0].device)
        gradients = torch.zeros_like(values)
        start = 0
        for parameter, size in zip(self._parameters, sizes, strict=True):
            place = slice(start, start + parameter.numel())
            view = values[place].view_as(parameter)
            self._views.append((view, gradients[place].view_as(parameter)))
            start += size
        self._gradients = gradients
        self.buffer = nn.Parameter(values)
        self.restore()

    def restore(self):
        """Attach what a callback may have detached: parameters and gradients."""
        self.buffer.grad = self._gradients
        for parameter, (view, gradient) in zip(
            self._parameters, self._views, strict=True
        ):
            if parameter.data_ptr() != view.data_ptr():
                view.copy_(parameter.detach())
                parameter.data = view
            parameter.grad = gradient

    def release(self):
        """Give every parameter memory of its own again, and drop the gradients."""
        for parameter in self._parameters:
            parameter.data = parameter.data.clone()
            parameter.grad = None


class MLPGradients:
    r"""Loss and gradients of a perceptron for a batch.

    With :math:`z_l = W_l h_{l-1} + b_l` and :math:`h_l = s_l(z_l)`, and
    :math:`\delta_l` the gradient of the loss at :math:`z_l`,

    .. math:: \frac{\partial L}{\partial W_l} = \delta_l h_{l-1}^T, \quad
              \frac{\partial L}{\partial b_l} = \delta_l, \quad
              \delta_{l-1} = W_l^T \delta_l \odot s_{l-1}'(z_{l-1}).

    Parameters
    ----------
    module : MLPAutoencoder
        Its parameters have gradients that may be written to.

    loss : BaseLoss
        The reconstruction loss.
    """

    def __init__(self, module, loss):
        self._loss = loss
        self._expand = module.expand
        self._n_encoder = len(module.encoder)
        tied = module.decoder[0].tied
        self._layers = [
            *(_Layer(layer, adds=tied) for layer in module.encoder),
            *(_Layer(layer, adds=False) for layer in module.decoder),
        ]
        names = module.hidden_activations()
        self._activations = [_IN_PLACE.get(name, ACTIVATIONS[name]) for name in names]
        self._keeps_input = [name in _FROM_INPUT for name in names]
        derivatives = {**_FROM_OUTPUT, **_FROM_INPUT, **_OVERWRITES}
        self._derivatives = [derivatives[name] for name in names]
        # By the number of rows.
        self._places = {}
        self._dropout = module.dropout
        self._dropped = module.dropped_layers() if self._dropout is not None else ()

    @staticmethod
    def serves(module):
        """Whether the gradients of a module are known here.

        Parameters
        ----------
        module : torch.nn.Module
            The module to train.

        Returns
        -------
        serves : bool
            True for a perceptron of known activations, all of it to be trained.
        """
        return (
            type(module) in _SERVED
            and all(
                name in _FROM_OUTPUT or name in _FROM_INPUT
                for name in module.hidden_activations()
            )
            and all(p.requires_grad for p in module.parameters())
        )

    def __call__(self, X, target, weight, at_code=None):
        """Compute the loss of a batch, and write the gradients of the parameters.

        Autograd is to record nothing meanwhile.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_features)
            Corrupted rows.

        target : Tensor of shape (n_samples, n_features)
            Clean rows.

        weight : Tensor or None
            Weights of the cells, for the loss.

        at_code : callable, default=None
            Given the code, returns what is to be added to the gradient there.

        Returns
        -------
        loss : scalar Tensor
            The loss.

        output : Tensor of shape (n_samples, n_outputs)
            Output of the module.
        """
        X = self._expand(X)
        places = self._places.get(X.shape[0])
        if places is None:
            places = self._make_places(X)
        inputs, saved, masks, output = self._forward(X, places)
        loss, delta = self._loss.value_and_gradient(output, target, weight)
        turned = delta.T
        for i in range(len(self._layers) - 1, 0, -1):
            layer = self._layers[i]
            layer.write_gradients(inputs[i], delta, turned)
            _, place, turned_place = places[i - 1]
            torch.mm(delta, layer.weight, out=place)
            if i == self._n_encoder and at_code is not None:
                place.add_(at_code(inputs[i]))
            if i - 1 in masks:
                place.mul_(masks[i - 1])
            delta = self._derivatives[i - 1](place, saved[i - 1])
            turned = turned_place if delta is place else delta.T
        self._layers[0].write_gradients(X, delta, turned)
        return loss, output

    def _make_places(self, X):
        """Return tensors for each hidden layer: output, gradient, and that turned."""
        layers, n_rows = self._layers[:-1], X.shape[0]
        places = []
        for layer in layers:
            # Each by itself: MKL rounds in another way where memory is not aligned.
            place, gradient = (X.new_empty(n_rows, len(layer.bias)) for _ in range(2))
            places.append((place, gradient, gradient.T))
        n_floats = 2 * n_rows * sum(len(layer.bias) for layer in layers)
        # Batches have two sizes at most, unless they come from elsewhere.
        if n_floats <= _KEPT_FLOATS and len(self._places) < 4:
            self._places[n_rows] = places
        return places

    def _forward(self, X, places):
        """Pass rows through all layers, and keep what the way back needs.

        Returns
        -------
        inputs : list of Tensor
            Input of each layer.

        saved : list of Tensor
            Argument of the derivative of each activation.

        masks : dict of int to Tensor
            Factors of some activations, drawn by dropout.

        output : Tensor of shape (n_samples, n_outputs)
            Output of the module.
        """
        inputs, saved, masks, h = [X], [], {}, X
        for i, activation in enumerate(self._activations):
            layer, z = self._layers[i], places[i][0]
            torch.addmm(layer.bias, h, layer.turned_weight, out=z)
            h = activation(z)
            saved.append(z if self._keeps_input[i] else h)
            if i in self._dropped:
                masks[i] = self._dropout.mask(h)
                h = h * masks[i]
            inputs.append(h)
        last = self._layers[-1]
        return inputs, saved, masks, torch.addmm(last.bias, h, last.turned_weight)


class _Layer:
    """The tensors of a layer, looked up once: a step takes less time than finding them.

    Parameters
    ----------
    layer : Linear
        Whose parameters have gradients.

    adds : bool
        Whether a layer tied to this one has written to the same gradient before: the
        decoder comes first on the way back.
    """

    def __init__(self, layer, *, adds):
        self._tied = layer.tied
        self._adds = adds
        parameter = layer.transposed_weight if layer.tied else layer.weight
        self.weight = parameter.detach().T if layer.tied else parameter.detach()
        self.turned_weight = self.weight.T
        self.bias = layer.bias.detach()
        self._weight_gradient = parameter.grad
        self._bias_gradient = layer.bias.grad

    def write_gradients(self, x, delta, turned):
        """Write the gradients for inputs `x`, with `delta` at the output."""
        torch.sum(delta, dim=0, out=self._bias_gradient)
        if self._tied:
            # The matrix is that of its twin, the other way round.
            torch.mm(x.T, delta, out=self._weight_gradient)
        elif self._adds:
            self._weight_gradient.addmm_(turned, x)
        else:
            torch.mm(turned, x, out=self._weight_gradient)
