"""
Denoise counts
==============

Images of so few photons that most pixels count none or one. The autoencoder sees these
counts alone, never a clean image, and learns the rates behind them with the likelihood
of Poisson counts.
"""

# %%
# scikit-learn's digits have pixels of 0 to 16. An eighth of that is taken for a rate of
# photons, and each image is drawn once. Counts of the same rates, drawn again, tell
# later how well the rates were found.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

rng = np.random.RandomState(0)
rates = load_digits().data / 8
seen, unseen = rng.poisson(rates), rng.poisson(rates)
print(f"{seen.mean():.2f} photons a pixel")

# %%
# Masking hides a part of the pixels, and with ``emphasis="full"`` only these count:
# what is predicted from other pixels cannot be a copy of its own noise. How bright an
# image is belongs to it here, so rows are not taken for larger or smaller samples of
# the same thing: ``normalize=False``.

from sk_dae import DenoisingAutoencoder
from sk_dae.losses import PoissonLoss

dae = DenoisingAutoencoder(
    16,
    loss=PoissonLoss(normalize=False),
    corruption="masking",
    noise_level=0.3,
    emphasis="full",
    max_iter=20,
    random_state=0,
).fit(seen)
restored = dae.denoise(seen)

# %%
# The second draw is predicted far better by the restored rates than by the mean image.

from sklearn.metrics import mean_poisson_deviance


def deviance(mean):
    """Compare rates with the counts that were not seen."""
    mean = np.maximum(mean, 1e-3)
    return mean_poisson_deviance(unseen.ravel(), mean.ravel())


mean_image = np.broadcast_to(seen.mean(axis=0), seen.shape)
print(f"mean image:   {deviance(mean_image):.2f}")
print(f"restored:     {deviance(restored):.2f}")
print(f"true rates:   {deviance(rates):.2f}")

# %%
# The images:

n_images = 10
fig, axes = plt.subplots(3, n_images, figsize=(8, 3), layout="constrained")
titles = ("counted", "restored", "rates")
for row, images, title in zip(axes, (seen, restored, rates), titles, strict=True):
    for ax, image in zip(row, images, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0, vmax=2.5)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(title)
plt.show()
