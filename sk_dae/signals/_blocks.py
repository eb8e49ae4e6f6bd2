"""Recordings longer than memory, in overlapping sections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.waveforms import check_waveform, to_dtype

__all__ = ["Sections"]

#: Samples of a section, in margins: of an array in memory, and of a stream.
MANY_MARGINS, FEW_MARGINS = 64, 4


@dataclass
class Sections:
    """Applies a function to sections of a waveform as if it were to the whole.

    Parameters
    ----------
    function : callable
        Turns a waveform into another of its length. Each sample of it depends on
        samples no farther away than `margin`.

    margin : int
        Samples; a multiple of the grid that the function works on.
    """

    function: object
    margin: int

    def whole(self, x):
        """Return the result for a waveform.

        Parameters
        ----------
        x : ndarray of shape (n_samples,), dtype float64
            The waveform.

        Returns
        -------
        y : ndarray of shape (n_samples,), dtype float64
            The result, computed in sections where it is long.
        """
        size = MANY_MARGINS * self.margin
        if len(x) <= size + self.margin:
            return self.function(x)
        y = np.empty_like(x)
        for start in range(0, len(x), size):
            first = max(0, start - self.margin)
            section = self.function(x[first : start + size + self.margin])
            y[start : start + size] = section[start - first :][:size]
        return y

    def stream(self, blocks):
        """Yield the result for a waveform that comes in blocks.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (n_samples,)
            The waveform, piece by piece, in one type; a piece may be empty.

        Yields
        ------
        y : ndarray of shape (n_samples,)
            The result, piece by piece, in pieces of other lengths and in the type of
            the blocks.
        """
        size = FEW_MARGINS * self.margin
        # The samples still needed, and how many of them have been given back.
        kept, done, dtype = np.empty(0), 0, None
        for i, block in enumerate(blocks):
            if np.ndim(block) == 1 and not len(block):
                continue
            block, given = check_waveform(block, f"blocks[{i}]")
            dtype = dtype or given
            if given != dtype:
                raise ValueError(
                    f"blocks[{i}] must be of the type of the blocks before, {dtype}, "
                    f"got {given}."
                )
            kept = np.concatenate([kept, block])
            while len(kept) >= done + size + self.margin:
                section = self.function(kept[: done + size + self.margin])
                yield to_dtype(section[done : done + size], dtype)
                drop = max(0, done + size - self.margin)
                kept, done = kept[drop:], done + size - drop
        if len(kept) > done:
            yield to_dtype(self.function(kept)[done:], dtype)
