"""Penalties for codes in which few units are active: L1, KL divergence."""

from __future__ import annotations

from numbers import Real

import torch
from sklearn.utils._param_validation import Interval

from ..backend.serialization import serializable
from ._base import BasePenalty, mean_of_rows

__all__ = ["KLPenalty", "L1Penalty"]


@serializable
class L1Penalty(BasePenalty):
    r"""Mean absolute activation, for codes in which few units are active.

    .. math:: \frac{1}{nk} \sum_{i=1}^n \sum_{j=1}^k |h_{ij}|

    With rectified units, which ``code_activation="auto"`` is here, most activations
    become exactly zero.

    Parameters
    ----------
    weight : float, default=0.01
        Factor of the penalty in the loss.

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
        return mean_of_rows(code.abs(), weight)

    def value_and_gradient(self, code, weight, generator):
        """Return the penalty of a batch and its gradient; as in ``BasePenalty``."""
        gradient = code.sign().mul_(1.0 / code.numel())
        if weight is not None:
            gradient.mul_(weight[:, None])
        return torch.dot(code.flatten(), gradient.flatten()), gradient


@serializable
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
        Factor of the penalty in the loss.

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
