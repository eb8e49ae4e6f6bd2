"""Learning rate schedules: a factor for each point of the training's progress."""

from __future__ import annotations

import math

__all__ = ["LEARNING_RATES"]

#: How much of the training the one-cycle policy warms up for, and from where.
WARM_UP = 0.25
START = 1.0 / 25.0


def one_cycle(progress):
    """Linear rise over the first quarter, then half a cosine down to zero.

    Follows Smith, L. N. and Topin, N. (2018), Super-convergence, with the cosine
    descent that is common today.
    """
    if progress < WARM_UP:
        return START + (1.0 - START) * progress / WARM_UP
    return cosine((progress - WARM_UP) / (1.0 - WARM_UP))


def cosine(progress):
    """Half a cosine, from one to zero."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))


#: The strings that `learning_rate` takes: a function of the progress in [0, 1], or
#: None for a rate that is left alone.
LEARNING_RATES = {"one_cycle": one_cycle, "cosine": cosine, "constant": None}
