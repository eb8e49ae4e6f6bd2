"""The outcome of a training: weights, outputs and a loss that are finite."""

from __future__ import annotations

import math

import torch

__all__ = ["refuse_divergence", "refuse_last_step", "refuse_overflow"]

#: Up to such weights and losses the outputs of the training rows are finite. Beyond,
#: the rows are passed through the net to see.
MODEST_WEIGHT, MODEST_LOSS = 100.0, 1e12


def refuse_divergence(what, value, net):
    """Refuse a training that has come to something that is not finite.

    Parameters
    ----------
    what : str
        Name of the number.

    value : float
        Its value.

    net : DenoisingNet
        The net.

    Raises
    ------
    ValueError
        Always; the message names the epoch and what to try.
    """
    # As a rule it is far from where it would matter.
    decay = f", lower alpha (now {net.alpha:g})" if net.alpha > 1.0 else ""
    raise ValueError(
        f"The {what} became {value} in epoch {len(net.history)}. Scale the data "
        f"(StandardScaler, MinMaxScaler), lower learning_rate_init (now {net.lr:g})"
        f"{decay} or choose a loss that outliers pull on less ('huber')."
    )


def refuse_overflow(error, net):
    """Refuse a step that takes numbers too large for float32.

    Parameters
    ----------
    error : RuntimeError
        That of torch.

    net : DenoisingNet
        The net.

    Raises
    ------
    ValueError
        If the error is one of an overflow.
    """
    if "without overflow" in str(error):
        raise ValueError(
            f"The optimizer needed numbers too large for float32 in epoch "
            f"{len(net.history)}: lower learning_rate_init (now {net.lr:g}) or alpha "
            f"(now {net.alpha:g})."
        ) from error


def refuse_last_step(net, objective, batches):
    """Refuse what the last step has left, of which no loss was computed.

    Parameters
    ----------
    net : DenoisingNet
        The trained net.

    objective : Objective
        The objective that it was trained by.

    batches : Batches
        The training rows.

    Raises
    ------
    ValueError
        If a weight, an output for a training row or the loss is not finite.
    """
    weights, others = _largest(net)
    last = net.history[-1].get("train_loss", 0.0) if net.history else 0.0
    if max(weights, others) <= MODEST_WEIGHT and abs(last) <= MODEST_LOSS:
        return
    if not math.isfinite(weights):
        refuse_divergence("largest weight", weights, net)
    net._set_training(False)
    objective = objective.without_corruption()
    for batch in objective.read(batches.in_order()):
        with torch.no_grad(), net._lent("validation"):
            prepared = objective.prepare(batch, None)
            loss, output = objective.evaluate(net.module_, prepared)
        if not (loss.isfinite() and output.isfinite().all()):
            refuse_divergence("training loss", loss.item(), net)


def _largest(net):
    """Return the largest size of a parameter and of another number of the module."""
    parts = [net.module_, net.criterion_]
    if net.penalty is not None:
        parts.append(net.penalty_)
    parameters = [p for part in parts for p in part.parameters()]
    return _size(parameters), _size(net.module_.buffers())


def _size(tensors):
    sizes = [
        torch.linalg.vector_norm(tensor.detach(), math.inf)
        for tensor in tensors
        if tensor.is_floating_point() and tensor.numel()
    ]
    # NaN, if there is one.
    return torch.stack(sizes).max().item() if sizes else 0.0
