"""Generators: every random draw of an estimator comes from one integer seed.

Nothing here moves a global random state.
"""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["RandomStreams", "seeded_generator"]


def seeded_generator(seed, device="cpu"):
    """Return a ``torch.Generator`` on `device`, seeded with `seed`."""
    return torch.Generator(device=device).manual_seed(int(seed))


class RandomStreams:
    """Independent streams of random numbers, all derived from one seed.

    Initial weights and the order of the rows come from the CPU, whatever the device,
    so that a model starts from the same weights everywhere. Each purpose has its own
    stream: turning dropout on does not change the order of the rows.

    Parameters
    ----------
    seed : int
        Where all streams start.

    device : str, default="cpu"
        Where corruption, dropout and penalties are drawn.
    """

    # A new purpose goes to the end: the seeds of the others then stay what they are.
    _PURPOSES = (
        "init",
        "shuffle",
        "corruption",
        "dropout",
        "validation",
        "split",
        "penalty",
    )
    _ON_DEVICE = ("corruption", "dropout", "validation", "penalty")

    def __init__(self, seed, device="cpu"):
        words = np.random.SeedSequence(seed).generate_state(
            len(self._PURPOSES), np.uint64
        )
        self.device = torch.device(device)
        # torch takes seeds of 63 bits.
        self.seeds = {
            purpose: int(word >> np.uint64(1))
            for purpose, word in zip(self._PURPOSES, words, strict=True)
        }
        self._generators = {
            purpose: seeded_generator(
                seed, self.device if purpose in self._ON_DEVICE else "cpu"
            )
            for purpose, seed in self.seeds.items()
        }

    def __getitem__(self, purpose):
        return self._generators[purpose]

    def restart(self, purpose):
        """Return the stream of `purpose`, set back to its start."""
        return self._generators[purpose].manual_seed(self.seeds[purpose])

    def get_state(self):
        """Return where each stream stands, as plain data."""
        return {
            "device": self.device.type,
            "seeds": dict(self.seeds),
            "states": {
                purpose: generator.get_state().numpy()
                for purpose, generator in self._generators.items()
            },
        }

    @classmethod
    def from_state(cls, state, device="cpu"):
        """Return streams that go on where `state` stood.

        On a device of another kind, whose states are of another form, the streams of
        that device start from their seeds. A purpose that the state lacks, as it was
        written before there was one, gets a stream that starts from a seed of its own,
        which follows from the others.
        """
        streams = cls(list(state["seeds"].values()), device)
        for purpose, generator in streams._generators.items():
            if purpose not in state["seeds"]:
                continue
            streams.seeds[purpose] = state["seeds"][purpose]
            if purpose in cls._ON_DEVICE and streams.device.type != state["device"]:
                streams.restart(purpose)
            else:
                generator.set_state(torch.from_numpy(state["states"][purpose].copy()))
        return streams
