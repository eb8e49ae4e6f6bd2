"""The penalty for codes that change little where the rows do: a norm of slopes."""

from __future__ import annotations

from numbers import Integral

import torch
from sklearn.utils._param_validation import Interval

from ..backend.serialization import serializable
from ..modules import ACTIVATIONS, MLPAutoencoder
from ._base import BasePenalty, mean_of_rows

__all__ = ["ContractivePenalty"]


@serializable
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
        Factor of the penalty in the loss.

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

    _parameter_constraints: dict = {
        **BasePenalty._parameter_constraints,
        "n_draws": [Interval(Integral, 1, 2**20, closed="both")],
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
            # Not by handing over the signs, for which torch loads its compiler.
            product = (code * signs).sum()
            (products,) = torch.autograd.grad(product, X, create_graph=True)
            norms = norms + products.square().sum(dim=1)
        return code, mean_of_rows(norms / (self.n_draws * code.shape[1]), weight)

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
        return code, mean_of_rows(norms, weight)
