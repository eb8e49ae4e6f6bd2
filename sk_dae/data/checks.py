"""Checks of the input of a fit, made before any work is done."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.utils.validation import _get_feature_names, check_array

from ..tables.numbers import as_numbers
from .statistics import columns_outside
from .text import naming_text

__all__ = ["check_clean", "check_range", "check_weights", "name_columns"]


def name_columns(columns, names):
    """Return the first of some columns by name, or by index, for a message."""
    shown = ", ".join(str(i if names is None else names[i]) for i in columns[:5])
    return shown if len(columns) <= 5 else f"{shown} and {len(columns) - 5} more"


def check_clean(clean, X, names):
    given = clean
    with naming_text(given, "the autoencoder", input_name="clean"):
        clean = check_array(
            as_numbers(given, input_name="clean"),
            accept_sparse="csr",
            dtype="numeric",
            ensure_all_finite="allow-nan",
            input_name="clean",
        )
    if clean.shape != X.shape:
        raise ValueError(
            f"clean must have the shape of X, {X.shape}, got {clean.shape}."
        )
    clean_names = _get_feature_names(given)
    if clean_names is not None and names is not None and (clean_names != names).any():
        raise ValueError(
            "clean must have the columns of X, in their order: "
            f"{list(names)}, got {list(clean_names)}."
        )
    return clean


def check_range(X, loss, allowed, names):
    """Refuse rows that leave the range that a loss needs.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Validated rows.

    loss : BaseLoss
        Whose name the message has.

    allowed : pair of float or None
        The range; None allows all.

    names : ndarray of shape (n_features,) or None
        Names of the columns.

    Raises
    ------
    ValueError
        If a value lies outside.
    """
    if allowed is None:
        return
    low, high = allowed
    outside = columns_outside(X, low, high)
    if not len(outside):
        return
    columns, name = name_columns(outside, names), type(loss).__name__
    if (low, high) == (0, np.inf):
        raise ValueError(
            f"Negative values in data for the loss {name}, which needs counts, in "
            f"these columns: {columns}. Do not scale them before, or choose "
            "loss='squared_error'."
        )
    raise ValueError(
        f"The loss {name} needs values in [{low:g}, {high:g}], which these columns "
        f"leave: {columns}. Scale them (MinMaxScaler) or choose loss='squared_error'."
    )


def check_weights(weights, *, scale):
    """Return the weights of rows as a tensor, or None where all count the same.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Positive weights.

    scale : bool
        Whether to scale the weights to a mean of one.
    """
    if scale:
        weights = weights * (len(weights) / weights.sum())
    if np.allclose(weights, 1.0, rtol=0, atol=1e-12):
        return None
    with np.errstate(over="ignore"):
        weights = weights.astype(np.float32)
    if not (weights.any() and np.isfinite(weights).all()):
        raise ValueError(
            "sample_weight must be within the range of float32, got a maximum that is "
            f"{weights.max():g} there."
        )
    return torch.from_numpy(weights)
