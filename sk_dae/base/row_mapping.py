"""A function of tensors over rows of any length, in chunks of bounded size."""

from __future__ import annotations

import numpy as np
import torch

from ..backend.settings import own_settings
from ..backend.threads import limited_threads
from ..data.rows import rows_of, rows_per_chunk
from ..data.sparse_batches import StoredRows
from ..data.streams import joined

__all__ = ["RowMapping"]


class RowMapping:
    """Mixin of the autoencoders: how rows go through the net in prediction."""

    def _reads_stored(self, rows):
        """Whether the stored cells of rows are enough to encode them."""
        return False

    def _map_rows(
        self,
        X,
        function,
        n_outputs,
        dtype=np.float32,
        *,
        finite=True,
        takes_stored=False,
        decodes=True,
    ):
        """Apply a function of tensors to X, a bounded number of bytes at a time.

        A result that is not finite is refused; with ``finite=False`` the function sees
        to that itself. One that ``takes_stored`` gets wide sparse rows as a
        ``SparseBatch``, where the encoder can read them so; one that does not decode
        them makes nothing as wide as they are.
        """
        rows = rows_of(X)
        n_samples = X.shape[0]
        # A stream has not been looked at, and the length of one may not be known.
        may_overflow = rows is X or X.dtype != np.float32
        widest = max(n_outputs, self._widest)
        if takes_stored and self._reads_stored(rows):
            rows = StoredRows(rows)
            if not decodes:
                encoder, code, decoder = self._widths
                widest = max(n_outputs, rows.width, code, *encoder, *decoder)
        step = rows_per_chunk(4 * widest)
        out, start = None, 0
        if n_samples is not None:
            out = np.empty((n_samples, n_outputs), dtype=dtype)
        parts = []
        with (
            own_settings(),
            torch.inference_mode(),
            limited_threads(n_samples or step, self._n_weights, self._device),
        ):
            for chunk in rows.in_order(step):
                if may_overflow and chunk.isinf().any():
                    raise ValueError(
                        "Input X contains a value too large for dtype('float32')."
                    )
                made = function(chunk.to(self._device))
                if finite and not made.isfinite().all():
                    self._refuse_outputs()
                made = made.cpu().numpy()
                if out is None:
                    parts.append(made.astype(dtype, copy=False))
                else:
                    out[start : start + len(made)] = made
                    start += len(made)
        return joined(parts, n_outputs) if out is None else out
