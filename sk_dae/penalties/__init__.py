"""Penalties on the code: what a code should be like, besides serving the decoder.

Each is a mean over rows and units of the code, as the squared error is a mean over
rows and columns, so that a weight keeps its meaning when a width or the batch changes.
"""

from __future__ import annotations

from sklearn.base import clone

from ._adversarial import AdversarialPenalty
from ._base import BasePenalty
from ._contractive import ContractivePenalty
from ._sparse import KLPenalty, L1Penalty
from ._variational import VariationalPenalty

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
        penalty = PENALTIES[penalty](**options)
    else:
        penalty._validate_params()
        penalty = clone(penalty)
    # torch multiplies by no integer beyond 64 bits.
    penalty.weight = float(penalty.weight)
    return penalty
