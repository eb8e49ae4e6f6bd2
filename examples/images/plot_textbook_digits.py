"""
=========================
Denoise digits three ways
=========================

Textbooks introduce denoising autoencoders with handwritten digits under noise that can
be seen: Gaussian, of standard deviation 0.5, clipped to the range of the pixels. Here
three estimators remove it: a perceptron, convolutions with a code between them, and a
net that predicts the noise at the full resolution.
"""

# %%
# Digits
# ------
# They come with scikit-learn, 8 x 8 pixels each. The first 1 400 are there to learn
# from, the others to be denoised.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits

from sk_dae import (
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoder,
    ResidualDenoiser,
)
from sk_dae.metrics import peak_signal_noise_ratio

digits = load_digits()
images = digits.images / 16
train, clean, labels = images[:1400], images[1400:], digits.target[1400:]


def add_noise(images, seed):
    noise = np.random.RandomState(seed).normal(0, 0.5, images.shape)
    return np.clip(images + noise, 0, 1)


noisy = add_noise(clean, seed=0)

# %%
# Two autoencoders
# ----------------
# An autoencoder draws new noise for every batch. A function of tensors, as
# `corruption`, makes it the very noise of the task. The perceptron takes flat rows,
# the convolutions take images. Pixels are shades between two extremes, which is what
# binary cross-entropy is for.


def clipped_noise(X, generator):
    noise = torch.empty_like(X).normal_(0, 0.5, generator=generator)
    return (X + noise).clamp(0, 1)


perceptron = DenoisingAutoencoder(
    128,
    hidden_layer_sizes=(256,),
    corruption=clipped_noise,
    loss="binary_cross_entropy",
    alpha=0.1,
    max_iter=50,
    random_state=0,
).fit(train.reshape(-1, 64))

convolutional = ConvolutionalDenoisingAutoencoder(
    64,
    n_filters=32,
    corruption=clipped_noise,
    loss="binary_cross_entropy",
    alpha=0.1,
    max_iter=20,
    random_state=0,
).fit(train)

# %%
# A residual denoiser
# -------------------
# It learns from pairs of noisy and clean images, which may be real ones. Here each
# digit comes with four draws of the noise. Images this small need fewer layers, and
# digits must not be turned.

copies = np.tile(train, (4, 1, 1))
residual = ResidualDenoiser(
    corruption=None,
    n_filters=24,
    n_layers=6,
    crop_size=8,
    augment=False,
    batch_size=32,
    learning_rate_init=0.006,
    max_iter=3,
    random_state=0,
).fit(add_noise(copies, seed=1), clean=copies)

# %%
# Errors
# ------
# The mean squared error in decibels below the range of the pixels; greater is better.

results = {
    "noisy": noisy,
    "perceptron": perceptron.denoise(noisy.reshape(-1, 64)).reshape(noisy.shape),
    "convolutions": convolutional.denoise(noisy),
    "residual": residual.denoise(noisy),
}
ratios = {
    name: peak_signal_noise_ratio(clean, result, data_range=1.0)
    for name, result in results.items()
}
for name, ratio in ratios.items():
    print(f"{name:14}{ratio:6.2f} dB")

# %%
# The perceptron gains from what is against it elsewhere: it has weights for each pixel,
# and these images are small, all with a digit of one size in the middle. Filters that
# are the same everywhere have little to gain there. On digits of 28 x 28 pixels the
# convolutions lead, and the residual denoiser is meant for photographs of any size.
#
# Before and after
# ----------------
# The first test image of each class.

shown = [np.flatnonzero(labels == digit)[0] for digit in range(10)]
rows = {"clean": clean, **results}
figure, axes = plt.subplots(
    len(rows), len(shown), figsize=(9.2, 4.6), layout="constrained"
)
for row_axes, (name, row) in zip(axes, rows.items(), strict=True):
    for ax, image in zip(row_axes, row[shown], strict=True):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("#d5d8dc")
    title = f"{name}\n{ratios[name]:.1f} dB" if name in ratios else name
    row_axes[0].set_ylabel(
        title, rotation=0, ha="right", va="center", labelpad=10, fontsize=11
    )
plt.show()
