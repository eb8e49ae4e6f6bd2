"""
=================
Every corruption
=================

A denoising autoencoder learns to undo a corruption, which can be looked at: each
process is a transformer that makes noisy rows.
"""

# %%
# Digits have all that is needed: pixels in [0, 1], many of them zero, with neighbours
# that tell of one another.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sk_dae import (
    BlockNoise,
    ConditionalMeanNoise,
    GaussianNoise,
    MarginalNoise,
    MaskingNoise,
    PoissonNoise,
    SaltAndPepperNoise,
    SpeckleNoise,
    SwapNoise,
    UniformNoise,
)

X, _ = load_digits(return_X_y=True)
X /= 16
SHOWN = [0, 13, 8]

processes = {
    "none": None,
    "gaussian": (GaussianNoise, 0.2, 0.5),
    "uniform": (UniformNoise, 0.3, 0.8),
    "speckle": (SpeckleNoise, 0.3, 0.8),
    "poisson": (PoissonNoise, 0.1, 0.5),
    "masking": (MaskingNoise, 0.2, 0.5),
    "block": (BlockNoise, 0.2, 0.5),
    "salt_and_pepper": (SaltAndPepperNoise, 0.2, 0.5),
    "swap": (SwapNoise, 0.2, 0.5),
    "marginal": (MarginalNoise, 0.2, 0.5),
    "conditional_mean": (ConditionalMeanNoise, 0.2, 0.5),
}


def show(ax, row):
    """Draw a digit."""
    ax.imshow(row.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#d5d8dc")


# %%
# A row for each string that ``corruption`` takes. The level is in the units of X for
# the first two, relative to the value for speckle, what one count is worth for Poisson
# noise, and the fraction of the cells for all others; each digit is shown under a lower
# level and a higher one.

figure, axes = plt.subplots(
    len(processes), 6, figsize=(6.4, 10.5), facecolor="white", squeeze=False
)
figure.subplots_adjust(0.24, 0.01, 0.99, 0.97, wspace=0.08, hspace=0.12)
for line, (name, process) in zip(axes, processes.items(), strict=True):
    line[0].set_ylabel(
        name, rotation=0, ha="right", va="center", labelpad=8, fontsize=11
    )
    for k in range(2):
        noisy = X
        if process is not None:
            cls, *levels = process
            params = {"shape": (8, 8), "block_size": 3} if cls is BlockNoise else {}
            noise = cls(levels[k], random_state=0, **params)
            noisy = noise.fit(X).transform(X)
        for i, ax in zip(SHOWN, line[k::2], strict=True):
            show(ax, noisy[i])
            if process is not None and i == SHOWN[0]:
                ax.set_title(f"{levels[k]}", fontsize=9, pad=2, color="#5b6770")
plt.show()

# %%
# Noise on signals
# ----------------
# Where neighbours tell of one another, masking single cells makes an easy task. Block
# noise hides spans, and the rest has to be understood to fill them.

t = np.linspace(0, 1, 200)
signal = np.sin(2 * np.pi * 3 * t) * np.exp(-2 * t)
rows = np.tile(signal, (3, 1))
noisy = {
    "the signal": rows,
    "masking, 0.3": MaskingNoise(0.3, fill_value=np.nan, random_state=1),
    "block of 25, 0.3": BlockNoise(
        0.3, block_size=25, fill_value=np.nan, random_state=3
    ),
}
figure, axes = plt.subplots(
    1, 3, figsize=(9, 2), sharey=True, layout="constrained", facecolor="white"
)
for ax, (title, process) in zip(axes, noisy.items(), strict=True):
    row = process[0] if title == "the signal" else process.fit_transform(rows)[0]
    ax.plot(t, row, ".", color="#c8553d", markersize=3)
    ax.set_title(title, fontsize=10)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#d5d8dc")
plt.show()
