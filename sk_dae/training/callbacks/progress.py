"""A readable line of progress, for ``verbose=1``."""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
import time

from skorch.callbacks import Callback

__all__ = ["ProgressLine", "showing_task"]

#: Lines that a fit prints, at most, where the output is not a terminal.
MAX_LINES = 10

_WIDTH = 24


class ProgressLine(Callback):
    """Show the epoch, the losses and the time that is left.

    On a terminal one line is kept up to date; elsewhere a line is printed for every
    tenth of the epochs.

    Parameters
    ----------
    name : str
        Name of the estimator or of its part.

    max_iter : int
        Number of epochs.

    stream : file-like, default=None
        Where to print; None means standard output.
    """

    def __init__(self, name, max_iter, stream=None):
        self.name = name
        self.max_iter = max_iter
        self.stream = stream

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Start the clock."""
        self._out = sys.stdout if self.stream is None else self.stream
        if self._out is None:  # a program without a console
            self._out = io.StringIO()
        self._live = self._out.isatty()
        self._bar = "━╌"
        try:
            self._bar.encode(getattr(self._out, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            self._bar = "#."
        self._epoch = 0
        self._shown = 0
        self._started = self._last = time.monotonic()

    def on_epoch_end(self, net, **kwargs):
        """Show the epoch, where its turn has come."""
        self._epoch += 1
        now = time.monotonic()
        last = self._epoch == self.max_iter
        if self._live:
            due = last or now - self._last > 0.1 or self._epoch == 1
        else:
            due = last or self._epoch * MAX_LINES // self.max_iter > self._shown
        if not due:
            return
        self._last = now
        self._shown = self._epoch * MAX_LINES // self.max_iter
        self._show(net.history[-1], now)

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Close the line; after an early stop, say so."""
        if self._epoch and self._epoch < self.max_iter:
            self._show(net.history[-1], time.monotonic(), stopped=True)
        if self._live and self._epoch:
            self._out.write("\n")
        self._out.flush()

    def _show(self, record, now, stopped=False):
        spent = now - self._started
        left = spent / self._epoch * (self.max_iter - self._epoch)
        digits = len(str(self.max_iter))
        parts = [
            self.name,
            f"epoch {self._epoch:{digits}d}/{self.max_iter}",
            f"loss {record['train_loss']:#.4g}",
        ]
        if "valid_loss" in record:
            parts.append(f"validation {record['valid_loss']:#.4g}")
        parts.append(_clock(spent))
        if stopped:
            parts.append("stopped")
        elif self._epoch < self.max_iter:
            parts.append(f"{_clock(left)} left")
        if not self._live:
            self._out.write("  ".join(parts) + "\n")
        else:
            self._out.write(f"\r{self._fit_to_width(parts)}\x1b[K")
        self._out.flush()

    def _fit_to_width(self, parts):
        """Join the parts and a bar, without what a narrow terminal cannot hold."""
        # A line that reaches the last column is wrapped, and can not be written over.
        columns = shutil.get_terminal_size().columns - 1
        name, epoch, *tail = parts
        # Without the name of the whole before that of a part, and then without any.
        part = name.partition(", ")[2] or name
        for head in ([name, epoch], [part, epoch], [epoch]):
            if len("  ".join(head + tail)) <= columns:
                break
        room = columns - len("  ".join(head + tail)) - 2
        if room >= 8:
            width = min(room, _WIDTH)
            done = width * self._epoch // self.max_iter
            full, empty = self._bar
            head.append(full * done + empty * (width - done))
        return "  ".join(head + tail)[:columns]


@contextlib.contextmanager
def showing_task(estimator, name, stream=None):
    """Print a line when a task is done that trains nothing, for ``verbose=1``.

    Parameters
    ----------
    estimator : estimator
        The one that does it; nothing is printed without its `verbose`.

    name : str
        Name of the task.

    stream : file-like, default=None
        Where to print; None means standard output.
    """
    started = time.monotonic()
    yield
    out = sys.stdout if stream is None else stream
    if getattr(estimator, "verbose", 0) and out is not None:
        spent = _clock(time.monotonic() - started)
        out.write(f"{type(estimator).__name__}, {name}  {spent}\n")
        out.flush()


def _clock(seconds):
    minutes, seconds = divmod(seconds, 60)
    if not minutes:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(int(minutes), 60)
    if not hours:
        return f"{minutes}:{int(seconds):02d} min"
    return f"{hours}:{minutes:02d} h"
