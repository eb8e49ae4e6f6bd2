"""
==============================
Remove noise from a photograph
==============================

A small convolutional net learns from a few photographs to remove noise from another
one, and stands beside the filters of scikit-image.
"""

# %%
# Photographs
# -----------
# scikit-learn and scikit-image bring some along. Six of them, made gray, are there to
# learn from. None of them needs to be of the size of the others, and none is of the one
# that is to be denoised.

import matplotlib.pyplot as plt
import numpy as np
from skimage import color, data
from skimage.restoration import denoise_nl_means, denoise_wavelet
from sklearn.datasets import load_sample_images

from sk_dae import ResidualDenoiser
from sk_dae.metrics import peak_signal_noise_ratio, structural_similarity

colours = [*load_sample_images().images, data.astronaut(), data.coffee()]
train = [color.rgb2gray(photograph) for photograph in [*colours, data.chelsea()]]
train.append(data.coins() / 255)

clean = data.camera() / 255
level = 25 / 255
noisy = clean + np.random.RandomState(0).normal(0, level, clean.shape)

# %%
# Train a denoiser
# ----------------
# The level of the noise is in the units of the images. A training this short gets on
# best with small batches, and the net has half as many filters as by default.

denoiser = ResidualDenoiser(
    level,
    n_filters=32,
    crop_size=40,
    batch_size=8,
    learning_rate_init=0.005,
    max_iter=3,
    random_state=0,
).fit(train)

# %%
# Compare
# -------
# The filters are told the level as well. BM3D is a package of its own, and left out
# where it is not installed.

results = {
    "noisy": noisy,
    "wavelets": denoise_wavelet(noisy, sigma=level),
    "non-local means": denoise_nl_means(
        noisy, h=0.6 * level, sigma=level, patch_size=5, patch_distance=6
    ),
    "ResidualDenoiser": denoiser.denoise(noisy),
}
try:
    import bm3d

    results["BM3D"] = bm3d.bm3d(noisy, level)
except ImportError:
    pass

for name, image in results.items():
    ratio = peak_signal_noise_ratio(clean, image, data_range=1.0)
    similarity = structural_similarity(clean, image, data_range=1.0)
    print(f"{name:17}{ratio:6.2f} dB{similarity:7.3f}")

# %%
# After a training of seconds, the net stands between the wavelets and non-local means.
# The same piece of each, enlarged:

piece = np.s_[60:220, 160:320]
shown = {"clean": clean, **results}
n_columns = (len(shown) + 1) // 2
size = (2.9 * n_columns, 6.6)
figure, axes = plt.subplots(2, n_columns, figsize=size, layout="constrained")
for ax in axes.flat:
    ax.set_axis_off()
for ax, (name, image) in zip(axes.flat, shown.items(), strict=False):
    ax.imshow(image[piece], cmap="gray", vmin=0, vmax=1)
    title = name
    if name != "clean":
        ratio = peak_signal_noise_ratio(clean, image, data_range=1.0)
        title = f"{name}\n{ratio:.1f} dB"
    ax.set_title(title, fontsize=11)
plt.show()
