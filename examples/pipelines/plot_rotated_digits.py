"""
================================
A linear model, before and after
================================

A linear classifier tells upright digits apart, and fails on digits that are turned by
any angle: no single pixel says much any more. Features of a denoising autoencoder make
up for that, without a label and in three lines of a pipeline.
"""

# %%
# Digits at every angle
# ---------------------
# Each of scikit-learn's digits is turned five times, by angles drawn at random. Turned
# copies of one digit are all in the training rows, or all in the test rows.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import rotate
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import DenoisingAutoencoder

digits = load_digits()
rng = np.random.RandomState(0)


def turn(rows):
    rows = np.repeat(rows, 5)
    images = [
        rotate(digits.images[row] / 16, angle, reshape=False, order=1)
        for row, angle in zip(rows, rng.uniform(0, 360, len(rows)), strict=True)
    ]
    return np.reshape(images, (len(rows), -1)), digits.target[rows]


train, test = train_test_split(
    np.arange(len(digits.target)),
    test_size=1 / 3,
    random_state=0,
    stratify=digits.target,
)
(X_train, y_train), (X_test, y_test) = turn(train), turn(test)

# %%
# Before
# ------

linear = LogisticRegression(max_iter=1000).fit(X_train, y_train)
before = 1 - linear.score(X_test, y_test)
print(f"error on pixels: {100 * before:.1f} %")

# %%
# After
# -----
# Many more features than pixels, so that a linear model can tell classes apart by them.
# The noise keeps so wide a code from copying its input.

model = make_pipeline(
    DenoisingAutoencoder(
        1000, hidden_layer_sizes=(), noise_level=0.3, max_iter=40, random_state=0
    ),
    StandardScaler(),
    LogisticRegression(C=0.01, max_iter=1000),
).fit(X_train, y_train)
after = 1 - model.score(X_test, y_test)
print(f"error on features: {100 * after:.1f} %")

# %%
# Side by side
# ------------
# Digits that were taken for another, and what the two models take them for.

wrong = np.flatnonzero(linear.predict(X_test) != y_test)
shown = rng.choice(wrong, 10, replace=False)
fig = plt.figure(figsize=(8, 4.4), layout="constrained")
top, bottom = fig.subfigures(2, 1, height_ratios=(1, 1.1))
for ax, row in zip(top.subplots(1, 10), shown, strict=True):
    ax.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    predicted = [m.predict(X_test[row : row + 1])[0] for m in (linear, model)]
    for name, digit, y in zip(
        ("before", "after"), predicted, (-0.25, -0.5), strict=True
    ):
        right = digit == y_test[row]
        label = f"{name}: {digit}"
        ax.text(
            0.5,
            y,
            label,
            transform=ax.transAxes,
            ha="center",
            fontsize=8.5,
            color="tab:green" if right else "tab:red",
        )
    ax.set_axis_off()
top.suptitle(
    "Turned digits that a linear model on pixels takes for others", fontsize=10
)
ax = bottom.subplots()
bars = ax.barh(
    ["features", "pixels"], [100 * after, 100 * before], color=["tab:green", "tab:red"]
)
ax.bar_label(bars, fmt="%.1f %%", padding=4)
ax.set_xlabel("error of a logistic regression on test digits [%]")
ax.set_xlim(0, 115 * before)
for side in ("top", "right"):
    ax.spines[side].set_visible(False)
plt.show()
