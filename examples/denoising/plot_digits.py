"""
==========================
Denoise handwritten digits
==========================

A denoising autoencoder is trained on clean digits only: it adds the noise itself. Then
it meets digits that it has never seen, under noise that it has never seen, beside three
other ways to take the noise away:

- **PCA** projects onto the plane that is closest to the training rows.
- **Kernel PCA** does the same in the feature space of a Gaussian kernel, and looks for
  a digit that maps near the projection (Mika et al., 1998).
- The **posterior mean** is the average of all training rows, each weighted by how
  likely it is to have become the noisy row. If the training rows were all that can
  occur, no method would have a smaller mean squared error. It must keep all of them,
  and compare with all of them.
"""

# %%
# Data
# ----
# Pixels lie in [0, 1], the noise has a standard deviation of 0.5. A quarter of the
# training rows is set aside to choose the parameters of the three other methods.

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, KernelPCA
from sklearn.metrics import mean_squared_error
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.model_selection import ParameterGrid, train_test_split

from sk_dae import DenoisingAutoencoder
from sk_dae.metrics import peak_signal_noise_ratio

NOISE = 0.5

# sphinx_gallery_start_ignore
# Run as a script, it writes the picture where it is told.
import argparse

parser = argparse.ArgumentParser(description="Denoise handwritten digits.")
parser.add_argument("--output", metavar="FILE", help="where to write the picture")
# A notebook has arguments of its own.
output = parser.parse_known_args()[0].output
# sphinx_gallery_end_ignore

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.33, random_state=0, stratify=y
)
X_fit, X_valid = train_test_split(
    X_train, test_size=0.25, random_state=0, stratify=y_train
)
noisy_valid = X_valid + np.random.RandomState(1).normal(0, NOISE, X_valid.shape)
noisy_test = X_test + np.random.RandomState(0).normal(0, NOISE, X_test.shape)

# %%
# The other methods
# -----------------
# Each takes clean training rows and noisy rows, and returns what it makes of the
# latter.


def pca(clean, noisy, **params):
    model = PCA(**params).fit(clean)
    return model.inverse_transform(model.transform(noisy))


def kernel_pca(clean, noisy, **params):
    model = KernelPCA(
        n_components=64,
        kernel="rbf",
        fit_inverse_transform=True,
        eigen_solver="randomized",
        random_state=0,
        **params,
    ).fit(clean)
    return model.inverse_transform(model.transform(noisy))


def posterior_mean(clean, noisy, width):
    distances = euclidean_distances(noisy, clean, squared=True)
    return softmax(-distances / (2 * width**2), axis=1) @ clean


methods = {
    "PCA": (pca, {"n_components": [4, 6, 8, 12, 16]}),
    "Kernel PCA": (kernel_pca, {"gamma": [0.01, 0.02], "alpha": [0.03, 0.1, 0.3]}),
    "Posterior mean": (posterior_mean, {"width": [0.4, 0.5, 0.6, 0.7]}),
}

results = {"Noisy": noisy_test}
for name, (denoise, grid) in methods.items():
    best = min(
        ParameterGrid(grid),
        key=lambda params: mean_squared_error(
            X_valid, denoise(X_fit, noisy_valid, **params)
        ),
    )
    results[name] = denoise(X_train, noisy_test, **best)
    print(f"{name}: {best}")

# %%
# The autoencoder
# ---------------
# Its own noise is the noise that it will meet. Pixels are shades between two extremes,
# which is what binary cross-entropy is for. A code much wider than the row is no
# problem here: only denoising is asked for, and the noise keeps the net from copying.

dae = DenoisingAutoencoder(
    n_components=320,
    hidden_layer_sizes=(320,),
    activation="silu",
    code_activation="silu",
    noise_level=NOISE,
    loss="binary_cross_entropy",
    learning_rate_init=0.003,
    alpha=0.1,
    batch_size=64,
    max_iter=200,
    random_state=0,
)
results["Autoencoder"] = dae.fit(X_train).denoise(noisy_test)

# %%
# Errors on the test rows
# -----------------------
# PSNR is the mean squared error in decibels below the range of the pixels: greater is
# better.

errors = {
    name: (
        mean_squared_error(X_test, denoised),
        peak_signal_noise_ratio(X_test, denoised, data_range=1.0),
    )
    for name, denoised in results.items()
}
print(f"{'':14}  {'MSE':>6}  {'PSNR':>8}")
for name, (mse, psnr) in errors.items():
    print(f"{name:14}  {mse:6.4f}  {psnr:5.2f} dB")

# %%
# The autoencoder and the posterior mean are close, and for a reason: the function with
# the least squared error *is* the mean of the clean digits that may have become the
# noisy one. The one method takes it over the training rows alone. The other has learned
# it as a smooth function of the noisy row, which also speaks of digits between the
# training rows, and needs none of them to denoise.
#
# Digits
# ------
# The first test row of each class.

plt.rcParams["font.family"] = "DejaVu Sans"
shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
rows = {"Clean": X_test, **results}

figure, axes = plt.subplots(
    len(rows), len(shown), figsize=(9.2, 5.0), facecolor="white", dpi=150
)
figure.subplots_adjust(
    left=0.185, right=0.99, top=0.985, bottom=0.015, wspace=0.08, hspace=0.08
)
for row_axes, (name, images) in zip(axes, rows.items(), strict=True):
    for ax, image in zip(row_axes, images[shown], strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("#d5d8dc")
    place = {"transform": row_axes[0].transAxes, "ha": "right"}
    accent = "#c8553d" if name == "Autoencoder" else "#1b2a33"
    if name in errors:
        note = f"{errors[name][1]:.1f} dB"
        row_axes[0].text(
            -0.14, 0.28, note, va="center", size=10, color="#5d6d76", **place
        )
    row_axes[0].text(
        -0.14,
        0.6 if name in errors else 0.5,
        name,
        va="center",
        size=12,
        weight="bold",
        color=accent,
        **place,
    )

# sphinx_gallery_start_ignore
if output:
    figure.savefig(output)
    print(f"wrote {output}")
# sphinx_gallery_end_ignore
