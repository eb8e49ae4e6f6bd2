r"""
====================================
What a denoising autoencoder learns
====================================

Data often lies near a surface of few dimensions inside a space of many. Noise pushes
points off it, and the function that takes the noise away with the least squared error
moves them back: it is the mean of the clean points that may have become the noisy one,

.. math:: g(\tilde x) = E[x \mid \tilde x]
          = \tilde x + \sigma^2 \, \nabla \log\, p_\sigma(\tilde x),

where :math:`p_\sigma` is the density of the noisy points (Alain and Bengio, 2014). In
two dimensions one can look at it.
"""

# %%
# The training points lie on two arcs. The autoencoder has a code that is wider than
# the data, so that it could copy everything; the noise alone keeps it from doing so.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax
from sklearn.datasets import make_moons
from sklearn.metrics.pairwise import euclidean_distances

from sk_dae import DenoisingAutoencoder

NOISE = 0.15

X, _ = make_moons(1000, noise=0.02, random_state=0)
dae = DenoisingAutoencoder(
    n_components=64,
    hidden_layer_sizes=(128, 64),
    noise_level=NOISE,
    batch_size=100,
    learning_rate_init=0.005,
    max_iter=300,
    random_state=0,
).fit(X)

# %%
# Both functions are asked for points near the arcs, where noisy points occur: the
# autoencoder, and the mean that it should have learned, which can be computed where the
# training points are few. An arrow leads from each point to where it is moved.

across, up = np.meshgrid(np.linspace(-1.5, 2.5, 41), np.linspace(-1.0, 1.5, 26))
grid = np.column_stack([across.ravel(), up.ravel()])
distances = euclidean_distances(grid, X)
near = distances.min(axis=1) < 2 * NOISE
grid, distances = grid[near], distances[near]

weights = softmax(-(distances**2) / (2 * NOISE**2), axis=1)
targets = {"Denoising autoencoder": dae.denoise(grid), "Posterior mean": weights @ X}

figure, axes = plt.subplots(
    1, 2, figsize=(9.2, 3.2), sharey=True, layout="constrained", facecolor="white"
)
for ax, (name, target) in zip(axes, targets.items(), strict=True):
    step = target - grid
    ax.scatter(*X.T, s=4, color="#c8553d", linewidths=0)
    ax.quiver(
        *grid.T,
        *step.T,
        np.linalg.norm(step, axis=1),
        angles="xy",
        scale_units="xy",
        scale=1.0,
        width=0.003,
        cmap="viridis_r",
        clim=(0, 2 * NOISE),
    )
    ax.set_title(name, weight="bold", color="#1b2a33")
    ax.set(xlim=(-1.4, 2.4), ylim=(-0.9, 1.4), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_color("#d5d8dc")

# %%
# Where the arcs face each other, both move a point to the middle of what it may have
# been. Further out there were no noisy points in training: the autoencoder extrapolates
# there, and nothing holds it to the mean.
