r"""The linear maps that undo masking best, in closed form.

A row :math:`x` with mean :math:`\mu` and covariance :math:`C` loses each cell with
probability :math:`p`: it becomes zero. The mean of the rest, :math:`\tilde x`, is
:math:`(1 - p) \mu`, the covariance :math:`(1 - p)^2 C + p (1 - p) M` with :math:`M =
\operatorname{diag} \mathbb{E}[x_i^2]`, and the covariance with :math:`x` is :math:`(1 -
p) C`. Hence the regression of :math:`x` on :math:`\tilde x`,

.. math:: \hat x = \mu + B^\top (\tilde x - (1 - p) \mu), \qquad
          B = \bigl((1 - p) C + D\bigr)^{-1} C, \quad D = p M + \alpha \bar M I,

with a ridge relative to the mean :math:`\bar M` of the diagonal of :math:`M`.
"""

from __future__ import annotations

import torch

from .maps import LinearMap

__all__ = ["undo_masking", "undo_masking_of_few_rows", "undo_masking_of_part"]

#: Where the condition number may be larger, the work is done in float64.
MOST_CONDITION = 1e4

#: More of it leaves nothing of any column; its square stays finite.
LARGEST_NOISE = 1e150

#: Without any noise there may be no inverse. The limit of vanishing noise is what is
#: left when it is this small.
LEAST_LEVEL = 1e-7


def undo_masking(moments, level, alpha):
    """Return the map that predicts columns from what masking leaves of them.

    Parameters
    ----------
    moments : Moments
        Moments of the columns.

    level : float in [0, 1)
        Fraction of the cells that are masked.

    alpha : float
        The ridge.

    Returns
    -------
    map : LinearMap
        From the columns onto themselves.
    """
    C, mean, keep = moments.covariance, moments.mean, 1.0 - level
    scale = _scale_of_noise(C.diagonal(), mean, level, alpha)
    inverse = _scaled_inverse(C, scale, keep)
    return _own_map(inverse, scale, mean, keep)


def undo_masking_of_part(moments, n_inputs, outputs, level, alpha):
    """Return two maps from some columns: onto themselves, and onto others.

    Parameters
    ----------
    moments : Moments
        Moments of all columns that take part.

    n_inputs : int
        How many of them are masked: the first ones.

    outputs : Tensor of int
        Which ones the second map predicts.

    level : float in [0, 1)
        Fraction of the cells that are masked.

    alpha : float
        The ridge.

    Returns
    -------
    own, other : LinearMap
        The maps.
    """
    keep, mean = 1.0 - level, moments.mean[:n_inputs]
    C = moments.covariance[:n_inputs, :n_inputs]
    scale = _scale_of_noise(C.diagonal(), mean, level, alpha)
    inverse = _scaled_inverse(C, scale, keep)
    cross = moments.covariance[:n_inputs, outputs].to(inverse.dtype)
    scale_ = scale.to(inverse.dtype)[:, None]
    B = (inverse @ (cross / scale_)) / scale_
    other = LinearMap([B], moments.mean[outputs] - keep * (mean.to(B.dtype) @ B))
    return _own_map(inverse, scale, mean, keep), other


def undo_masking_of_few_rows(centred, level, alpha):
    r"""Return the first map for fewer rows than columns, as two narrow matrices.

    With :math:`Z` the centred rows, divided by the roots of :math:`D`, and :math:`q = 1
    - p`, the identity

    .. math:: (q Z^\top Z + I)^{-1} Z^\top Z = Z^\top (q Z Z^\top + I)^{-1} Z

    leaves a matrix to invert that is as wide as there are rows.

    Parameters
    ----------
    centred : CentredRows
        The rows.

    level : float in [0, 1)
        Fraction of the cells that are masked.

    alpha : float
        The ridge.

    Returns
    -------
    map : LinearMap
        From the columns onto themselves.
    """
    mean, keep = centred.mean.to(torch.float64), 1.0 - level
    variance = centred.rows.square().sum(dim=0, dtype=torch.float64)
    scale = _scale_of_noise(variance, mean, level, alpha)
    Z = centred.rows / scale.to(centred.rows.dtype)
    inner = _plus_identity(Z @ Z.T, keep)
    if _is_delicate(inner):
        Z = centred.rows / scale
        inner = _plus_identity(Z @ Z.T, keep)
    L = torch.linalg.cholesky(inner)
    V = torch.linalg.solve_triangular(L, Z, upper=False).T
    scale = scale.to(V.dtype)
    factors = [V / scale[:, None], V.T * scale]
    image = (mean.to(V.dtype) @ factors[0]) @ factors[1]
    return LinearMap(factors, mean - keep * image)


def _scale_of_noise(variance, mean, level, alpha):
    """Return the roots of the diagonal of D."""
    mean_square = variance + mean.square()
    noise = max(level, LEAST_LEVEL) * mean_square + alpha * mean_square.mean()
    # A column of zeros has no covariance that would be scaled.
    return torch.where(noise > 0, noise, 1.0).clamp_(max=LARGEST_NOISE).sqrt()


def _scaled_inverse(C, scale, keep):
    """Return the inverse of ``keep * C + D``, in units of the noise."""
    A = _in_units(C, scale.to(C.dtype), keep)
    if _is_delicate(A):
        A = _in_units(C, scale, keep)
    L = torch.linalg.cholesky(A)
    del A
    return torch.cholesky_inverse(L)


def _own_map(inverse, scale, mean, keep):
    """Return the map of columns onto themselves.

    In units of the noise, C is ``(A - I) / keep``, so that the inverse of A is all that
    is needed of ``A^-1 C``. Overwrites the inverse.
    """
    scale = scale.to(inverse.dtype)
    B = inverse.neg_()
    B.diagonal().add_(1.0)
    B /= keep * scale[:, None]
    B *= scale
    return LinearMap([B], mean - keep * (mean.to(B.dtype) @ B))


def _in_units(C, scale, keep):
    """Return ``keep * C + D``, divided by the scale on both sides."""
    A = torch.outer(keep / scale, 1.0 / scale)
    A *= C
    A.diagonal().add_(1.0)
    return A


def _plus_identity(matrix, keep):
    matrix *= keep
    matrix.diagonal().add_(1.0)
    return matrix


def _is_delicate(A):
    """Whether float32 may not do: of a matrix whose eigenvalues are at least one."""
    # None is above the largest sum of a row.
    return A.dtype == torch.float32 and bool(A.abs().sum(dim=1).max() > MOST_CONDITION)
