"""Categories that were not there in fit, reported by column."""

from __future__ import annotations

import warnings

__all__ = ["UNKNOWN", "report_unseen"]

#: Names and categories that a message shows, at most.
SHOWN = 5

#: Values of `handle_unknown`.
UNKNOWN = ("ignore", "warn", "error")


def report_unseen(unseen, handle_unknown):
    """Warn of categories that were not there in fit, or refuse them.

    Parameters
    ----------
    unseen : dict of str to ndarray
        By the name of a column its cells with such categories.

    handle_unknown : {"ignore", "warn", "error"}
        Whether to say nothing, to warn or to refuse.

    Raises
    ------
    ValueError
        If they are refused, or if `handle_unknown` is something else.
    """
    if handle_unknown not in UNKNOWN:
        raise ValueError(
            f"handle_unknown must be one of {list(UNKNOWN)}, got {handle_unknown!r}."
        )
    if handle_unknown == "ignore":
        return
    shown = [
        f"{name} ({_first(map(repr, dict.fromkeys(unseen[name].tolist())))})"
        for name in unseen
    ]
    message = f"Categories that were not there in fit, in {_first(shown)}"
    if handle_unknown == "error":
        raise ValueError(f"{message}; handle_unknown='error' refuses them.")
    warnings.warn(f"{message}. They are unknown.", UserWarning, stacklevel=6)


def _first(texts):
    """Return the first of some texts in a row, and how many more there are."""
    texts = list(texts)
    more = len(texts) - SHOWN
    return ", ".join(texts[:SHOWN]) + (f" and {more} more" if more > 0 else "")
