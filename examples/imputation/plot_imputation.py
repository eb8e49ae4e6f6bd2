"""
====================================
Filling gaps, once and several times
====================================

A missing value can be filled with one best guess, or several times over with values
that it may have had. The first is closer to the truth, the second keeps the data what
it was.
"""

# %%
# The second column follows from the first along a curve, and half of it is missing.
# The first is always there.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer

from sk_dae import DenoisingAutoencoder, DenoisingImputer

rng = np.random.RandomState(0)
x = rng.uniform(-3, 3, size=1200)
X = np.column_stack([x, np.sin(2 * x) + 0.4 * x + 0.25 * rng.normal(size=len(x))])
missing = rng.uniform(size=len(x)) < 0.5
X_gaps = X.copy()
X_gaps[missing, 1] = np.nan

imputer = DenoisingImputer(
    DenoisingAutoencoder(
        64,
        hidden_layer_sizes=(64,),
        code_activation="relu",
        corruption="conditional_mean",
        noise_level=0.3,
        emphasis="full",
        max_iter=150,
    ),
    n_estimators=2,
    random_state=0,
).fit(X_gaps)

# %%
# scikit-learn's ``IterativeImputer`` fills with the best line. ``transform`` fills with
# the curve, the expected value; no filled cell lies off it, as the true ones do.
# ``sample`` draws from around it.

panels = {
    "The truth": X,
    "IterativeImputer": IterativeImputer(random_state=0).fit_transform(X_gaps),
    "DenoisingImputer.transform": imputer.transform(X_gaps),
    "DenoisingImputer.sample": imputer.sample(X_gaps, 1, random_state=0)[0],
}
figure, axes = plt.subplots(
    1, 4, figsize=(11, 3.1), sharey=True, layout="constrained", facecolor="white"
)
for ax, (name, filled) in zip(axes, panels.items(), strict=True):
    ax.scatter(*filled[~missing].T, s=5, color="#c3c9cf", linewidths=0)
    ax.scatter(*filled[missing].T, s=5, color="#c8553d", linewidths=0)
    ax.set_title(name, weight="bold", color="#1b2a33", fontsize=10)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_color("#d5d8dc")
axes[0].set_xlabel("grey: observed, red: missing", color="#5b6770")

# %%
# Multiple imputation
# -------------------
# What is the spread of the second column, and how well is it known? Each completed
# table gives an estimate. From one best guess it is too small; those of the draws
# scatter about the truth, and how much they scatter says what the gaps cost.

draws = imputer.sample(X_gaps, 20, random_state=0)
estimates = draws[:, :, 1].std(axis=1)
single = {name: filled[:, 1].std() for name, filled in panels.items()}
rows = list(panels)[::-1]

figure, ax = plt.subplots(figsize=(7, 2.4), layout="constrained", facecolor="white")
ax.axvline(single["The truth"], color="#1b2a33", linewidth=1)
for height, name in enumerate(rows):
    values = estimates if name == "DenoisingImputer.sample" else [single[name]]
    color = "#1b2a33" if name == "The truth" else "#c8553d"
    ax.scatter(values, np.full(len(values), height), s=30, color=color, alpha=0.6)
ax.set_yticks(range(4), rows)
ax.set_ylim(-0.6, 3.6)
ax.set_xlabel("standard deviation of the second column")
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(left=False)

# %%
# How sure is a single filled value? Half of the draws of a cell lie in the darker band,
# nine tenths in the lighter one.

grid = np.column_stack([np.linspace(-3, 3, 61), np.full(61, np.nan)])
many = imputer.sample(grid, 200, random_state=0)[:, :, 1]

figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained", facecolor="white")
ax.scatter(*X[missing].T, s=6, color="#c3c9cf", linewidths=0)
for low, high, alpha in ((5, 95, 0.2), (25, 75, 0.35)):
    band = np.percentile(many, [low, high], axis=0)
    ax.fill_between(grid[:, 0], *band, color="#c8553d", alpha=alpha, linewidth=0)
ax.plot(grid[:, 0], imputer.transform(grid)[:, 1], color="#c8553d")
ax.set(xticks=[], yticks=[], xlabel="first column", ylabel="second column")
ax.spines[:].set_color("#d5d8dc")
