"""Schedules: a factor for each point of the training's progress."""

from __future__ import annotations

import math

__all__ = [
    "LEARNING_RATES",
    "NOISE_SCHEDULES",
    "AtEnd",
    "cosine",
    "cosine_noise",
    "exponential_noise",
    "linear_noise",
    "one_cycle",
]


class AtEnd:
    """A schedule that stands at its end.

    Parameters
    ----------
    schedule : callable
        Function of the progress.
    """

    def __init__(self, schedule):
        self.schedule = schedule

    def __call__(self, progress):
        return self.schedule(1.0)


#: How much of the training the one-cycle policy warms up for, and from where.
WARM_UP = 0.25
START = 1.0 / 25.0

#: The factor at the end of a schedule of the noise.
LEAST_NOISE = 0.1


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


def linear_noise(progress):
    """Straight from one to a tenth."""
    return 1.0 - (1.0 - LEAST_NOISE) * progress


def cosine_noise(progress):
    """Half a cosine, from one to a tenth."""
    return LEAST_NOISE + (1.0 - LEAST_NOISE) * cosine(progress)


def exponential_noise(progress):
    """By the same factor in each step, from one to a tenth."""
    return LEAST_NOISE**progress


#: The strings that `learning_rate` takes: a function of the progress in [0, 1], or
#: None for a rate that is left alone.
LEARNING_RATES = {"one_cycle": one_cycle, "cosine": cosine, "constant": None}

#: The strings that `noise_schedule` takes, likewise.
NOISE_SCHEDULES = {
    "constant": None,
    "linear": linear_noise,
    "cosine": cosine_noise,
    "exponential": exponential_noise,
}
