"""
==================
Unusual heartbeats
==================

A convolutional autoencoder learns how usual heartbeats look, from rows that hold
nothing else. It restores beats of another form badly, and the place where it does shows
what is wrong with them.
"""

# %%
# Beats
# -----
# Each is a sum of bumps: the small P wave, the QRS complex and the T wave, which differ
# a little from beat to beat. The unusual ones have a T wave upside down, no P wave, or
# a wide QRS complex, as after an extra beat of a chamber.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from sk_dae import ConvolutionalDenoisingAutoencoder

rng = np.random.RandomState(0)
times = np.linspace(0, 1, 140)


def beat(p=0.15, r=1.0, t=0.3, width=0.012):
    """Return the signal of one beat, in millivolts."""
    signal = np.zeros_like(times)
    for height, place, spread in [
        (p, 0.2, 0.025),
        (-0.12 * r, 0.36, width),
        (r, 0.4, width),
        (-0.25 * r, 0.44, width),
        (t, 0.68, 0.05),
    ]:
        height *= rng.normal(1, 0.1)
        place += rng.normal(0, 0.01)
        signal += height * np.exp(-0.5 * ((times - place) / spread) ** 2)
    return signal + rng.normal(0, 0.03, len(times))


train = np.array([beat() for _ in range(300)])
kinds = {"T upside down": {"t": -0.3}, "no P": {"p": 0.0}, "wide QRS": {"width": 0.03}}
usual = np.array([beat() for _ in range(200)])
unusual = {name: [beat(**form) for _ in range(20)] for name, form in kinds.items()}

# %%
# Learn the usual
# ---------------

dae = ConvolutionalDenoisingAutoencoder(
    8, kernel_size=7, noise_level=0.1, max_iter=30, random_state=0
).fit(train)
scores = dae.score_samples(usual)
for name, beats in unusual.items():
    labels = np.r_[np.zeros(len(usual)), np.ones(len(beats))]
    area = roc_auc_score(labels, -np.r_[scores, dae.score_samples(beats)])
    print(f"{name}: area under the ROC curve {area:.3f}")

# %%
# See what is unusual
# -------------------
# The beat, what the autoencoder makes of it, and between them what it did not expect.

shown = {"usual": usual[0], **{name: beats[0] for name, beats in unusual.items()}}
figure, axes = plt.subplots(
    2, 2, figsize=(8, 5), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, signal) in zip(axes.flat, shown.items(), strict=True):
    restored = dae.denoise([signal])[0]
    ax.fill_between(times, signal, restored, color="tab:red", alpha=0.4, lw=0)
    ax.plot(times, signal, color="black", lw=1, label="beat")
    ax.plot(times, restored, color="tab:blue", lw=1.5, label="restored")
    ax.set_title(f"{name}: error {-dae.score_samples([signal])[0]:.4f}")
for ax in axes[1]:
    ax.set_xlabel("Time (s)")
for ax in axes[:, 0]:
    ax.set_ylabel("Voltage (mV)")
axes[0, 0].legend(frameon=False)
