"""The parameters that say how rows are corrupted, and what corrupted cells weigh."""

from __future__ import annotations

import numpy as np

from ..corruption import make_corruption
from ..training.objective import EMPHASES
from ..training.schedules import NOISE_SCHEDULES, AtEnd

__all__ = ["NoiseParameters"]


class NoiseParameters:
    """Mixin of the estimators with a corruption.

    A subclass has the parameters `corruption`, `noise_level`, `noise_schedule` and
    `emphasis`.
    """

    def _check_emphasis(self):
        """Return the weights of corrupted and uncorrupted cells, or None."""
        return self._weights_of_emphasis(self.emphasis, self._corrupts())

    def _weights_of_emphasis(self, emphasis, corrupts):
        if emphasis is None:
            return None
        try:
            corrupted, uncorrupted = (
                EMPHASES[emphasis]
                if isinstance(emphasis, str)
                else (float(weight) for weight in emphasis)
            )
            valid = 0 <= min(corrupted, uncorrupted) and 0 < corrupted + uncorrupted
            valid = valid and np.isfinite([corrupted, uncorrupted]).all()
        except (KeyError, TypeError, ValueError):
            valid = False
        if not valid:
            raise ValueError(
                "emphasis must be None, 'full', 'double' or a pair (corrupted, "
                "uncorrupted) of non-negative numbers, not both zero, got "
                f"{emphasis!r}."
            )
        if uncorrupted == 0 and not corrupts:
            raise ValueError(
                f"emphasis={emphasis!r} counts corrupted cells only, of which "
                f"corruption={self.corruption!r} makes none."
            )
        return corrupted, uncorrupted

    def _find_noise_schedule(self, incremental):
        """Return the schedule of the noise as a function, or None for none."""
        schedule = self.noise_schedule
        if isinstance(schedule, str):
            schedule = NOISE_SCHEDULES[schedule]
        if schedule is None:
            return None
        if not self._corrupts():
            raise ValueError(
                f"noise_schedule={self.noise_schedule!r} needs a corruption whose "
                f"level it changes, got corruption={self.corruption!r}."
            )
        if incremental:
            # One pass of many: where all passes end.
            return AtEnd(schedule)
        return schedule

    def _corrupts(self):
        """Whether there is a corruption, wherever there may be one."""
        return self.corruption is not None

    def _make_corruption(self):
        """Return what corrupts the rows, unfitted, or None."""
        return self._make_process(self.corruption, self.noise_level)

    def _make_process(self, corruption, level):
        """Return the process that parameters `corruption` and `noise_level` mean."""
        process = make_corruption(corruption, level)
        if isinstance(corruption, str):
            process.level_name = "noise_level"
        return process
