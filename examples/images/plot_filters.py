"""
=========================
Filters that noise brings
=========================

An autoencoder with as many units as pixels can copy its input without learning anything
of it. Noise takes that way out: to restore a patch of a photograph from a noisy copy,
the units of a denoising autoencoder come to look for edges, as Vincent et al. (2010)
showed.
"""

# %%
# Patches of two photographs, each with its mean taken off.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

from sk_dae import DenoisingAutoencoder
from sk_dae.plotting import FiltersDisplay

photographs = [image.mean(axis=2) for image in load_sample_images().images]
patches = np.concatenate(
    [
        extract_patches_2d(photo, (10, 10), max_patches=5000, random_state=0)
        for photo in photographs
    ]
).reshape(-1, 100)
patches -= patches.mean(axis=1, keepdims=True)
patches /= patches.std()

# %%
# Two autoencoders with 100 units each, which differ in nothing but the noise. Its
# standard deviation is that of the pixels.

figure = plt.figure(figsize=(8, 5.6), layout="constrained")
for part, noise_level in zip(figure.subfigures(2, 1), (0.0, 1.0), strict=True):
    dae = DenoisingAutoencoder(
        100,
        hidden_layer_sizes=(),
        tied_weights=True,
        noise_level=noise_level,
        alpha=0.0,
        max_iter=40,
        random_state=0,
    ).fit(patches)
    display = FiltersDisplay.from_estimator(dae, n_filters=30, image_shape=(10, 10))
    plt.close(display.figure_)
    display.plot(figure=part)
    part.suptitle("without noise" if not noise_level else "with noise")

# %%
# Without noise, a unit stays close to what it happened to start with. With noise,
# neighbours that agree are worth more than a single pixel, and the units become
# detectors of edges and stripes.
