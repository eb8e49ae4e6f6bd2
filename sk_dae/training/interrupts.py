"""How a training is stopped: by a callback, or by a signal."""

from __future__ import annotations

import dis
import signal

__all__ = ["StopTraining", "raised_by_statement"]


class StopTraining(Exception):
    """Raised where a callback asks for the end of training."""


def raised_by_statement(error):
    """Whether a ``raise`` statement raised `error`, and not a signal handler."""
    handler = getattr(signal.getsignal(signal.SIGINT), "__code__", None)
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
        if traceback.tb_frame.f_code is handler:
            return False
    instruction = traceback.tb_frame.f_code.co_code[traceback.tb_lasti]
    return dis.opname[instruction] == "RAISE_VARARGS"
