"""The classes of rows, as rows of zeros with a one."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from .rows import Rows

__all__ = ["ClassRows"]


class ClassRows(Rows):
    """The classes of rows, with a one for that of each.

    Parameters
    ----------
    codes : ndarray of shape (n_samples,), dtype int
        The index of the class of each row.

    n_classes : int
        Number of classes.
    """

    def __init__(self, codes, n_classes):
        self._codes = torch.from_numpy(codes.astype(np.int64, copy=False))
        self.shape = (len(codes), n_classes)

    def take(self, index):
        """Return the rows of `index`, float32."""
        codes = self._codes[index.cpu()]
        return F.one_hot(codes, self.shape[1]).to(torch.float32)
