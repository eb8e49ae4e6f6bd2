"""
===============================
Choose the noise by grid search
===============================

Which noise, how much of it, and how wide a code? A search over a pipeline answers with
the score of the classifier at its end. Two other scores are watched on the way, and one
of them is of no use.
"""

# %%
# The search
# ----------
# The autoencoder comes before a scaler and a classifier, and is trained anew for each
# candidate and each split. Three scores are taken on the held-out rows:
#
# - the **accuracy** of the classifier, which chooses;
# - the **reconstruction** score, minus the squared error of rows that were not
#   corrupted;
# - the **denoising** score, minus the squared error after one fixed corruption, the
#   same for all candidates.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import DenoisingAutoencoder
from sk_dae.metrics import make_denoising_scorer

X, y = load_digits(return_X_y=True)
X = X / 16

model = Pipeline(
    [
        (
            "dae",
            DenoisingAutoencoder(
                hidden_layer_sizes=(),
                loss="binary_cross_entropy",
                learning_rate_init=0.004,
                batch_size=64,
                max_iter=40,
                random_state=0,
            ),
        ),
        ("scale", StandardScaler()),
        ("classify", LogisticRegression(max_iter=1000)),
    ]
)
grid = {
    "dae__corruption": ["gaussian", "masking"],
    "dae__noise_level": [0.0, 0.2, 0.4, 0.6],
    "dae__n_components": [64, 256],
}
undo_noise = make_denoising_scorer("gaussian", 0.5)


def scores(model, X, y):
    return {
        "accuracy": model.score(X, y),
        "reconstruction": model["dae"].score(X),
        "denoising": undo_noise(model["dae"], X),
    }


search = GridSearchCV(
    model,
    grid,
    scoring=scores,
    refit="accuracy",
    cv=StratifiedShuffleSplit(n_splits=2, train_size=0.5, random_state=0),
)
search.fit(X, y)
for name, value in search.best_params_.items():
    print(f"{name}: {value}")

# %%
# Accuracy
# --------
# The frame marks the choice. The wide code is the better one here, and some noise
# improves it. But the differences are small, and two splits do not settle the last of
# them.

# Candidates vary in the alphabetical order of the parameters' names.
order = sorted(grid)
shape = [len(grid[name]) for name in order]


def table(score):
    """Return a score with axes for corruption, code width and noise level."""
    return search.cv_results_[f"mean_test_{score}"].reshape(shape)


corruptions, widths, levels = (grid[name] for name in order)
accuracy = table("accuracy")
best = np.unravel_index(search.best_index_, shape)

figure, axes = plt.subplots(
    1, 2, figsize=(8.6, 2.6), sharey=True, layout="constrained", facecolor="white"
)
for i, (ax, corruption) in enumerate(zip(axes, corruptions, strict=True)):
    ax.imshow(accuracy[i], cmap="YlGnBu", vmin=accuracy.min(), vmax=accuracy.max())
    for j, k in np.ndindex(accuracy[i].shape):
        dark = accuracy[i, j, k] > (accuracy.min() + accuracy.max()) / 2
        ax.text(
            k,
            j,
            f"{accuracy[i, j, k]:.3f}",
            ha="center",
            va="center",
            color="white" if dark else "#1b2a33",
        )
        if (i, j, k) == best:
            ax.add_patch(
                plt.Rectangle(
                    (k - 0.47, j - 0.46), 0.94, 0.92, fill=False, ec="#c8553d", lw=3
                )
            )
    ax.set_xticks(range(len(levels)), levels)
    ax.set_yticks(range(len(widths)), widths)
    ax.set_title(corruption, weight="bold")
    ax.set_xlabel("noise_level")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
axes[0].set_ylabel("n_components")

# %%
# What each score prefers
# -----------------------
# Drawn for the wide code, with a ring at the best level of each curve. The
# reconstruction score falls from the first bit of noise on: it says how well a model
# copies, and a model that never saw a corrupted row copies best. So it cannot choose
# the noise. The denoising score asks for noise of the kind and about the level that it
# is measured with.

colors = ["#1f6f8b", "#c8553d"]
figure, axes = plt.subplots(
    1, 3, figsize=(9.2, 2.9), layout="constrained", facecolor="white"
)
for ax, score in zip(axes, ["accuracy", "denoising", "reconstruction"], strict=True):
    for curve, corruption, color in zip(
        table(score)[:, -1], corruptions, colors, strict=True
    ):
        ax.plot(levels, curve, "o-", color=color, label=corruption, linewidth=2)
        top = np.argmax(curve)
        ax.plot(levels[top], curve[top], "o", ms=14, mfc="none", mec=color, mew=1.5)
    ax.set_title(score.capitalize() + " score" * (score != "accuracy"), weight="bold")
    ax.set_xlabel("noise_level")
    ax.margins(0.12)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#e6e9eb")
axes[0].legend(frameon=False)
plt.show()
