"""
=============================
Features from unlabelled rows
=============================

Labels are often dear, and rows without labels cheap. Here an autoencoder sees all
training rows and no label, and a logistic regression learns from the features of a few
labelled rows. It is compared with the same classifier on raw pixels, on principal
components, and on the features of an autoencoder that was trained without noise.
"""

# %%
# Features
# --------
# The two autoencoders differ in the noise alone.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedShuffleSplit,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sk_dae import DenoisingAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.33, random_state=0, stratify=y
)
dae = DenoisingAutoencoder(
    n_components=64,
    noise_level=0.3,
    learning_rate_init=0.004,
    batch_size=64,
    max_iter=60,
    random_state=0,
)
features = {
    "Raw pixels": FunctionTransformer(),
    "PCA": PCA(n_components=20),
    "Autoencoder, no noise": clone(dae).set_params(corruption=None),
    "Denoising autoencoder": dae,
}
for transformer in features.values():
    transformer.fit(X_train)

# %%
# Classifiers
# -----------
# For each number of labelled rows, five draws say which they are, the same for all
# features. The classifier chooses its regularisation by cross-validation on the
# labelled rows. ``FrozenEstimator`` keeps the fitted features as they are.

n_labels = [30, 60, 120, 240]
accuracy = {name: np.empty((len(n_labels), 5)) for name in features}
for name, transformer in features.items():
    model = GridSearchCV(
        make_pipeline(FrozenEstimator(transformer), LogisticRegression(max_iter=1000)),
        {"logisticregression__C": [0.1, 1.0, 10.0]},
        cv=3,
    )
    for i, n in enumerate(n_labels):
        draws = StratifiedShuffleSplit(5, train_size=n, random_state=0)
        for j, (labelled, _) in enumerate(draws.split(X_train, y_train)):
            model.fit(X_train[labelled], y_train[labelled])
            accuracy[name][i, j] = model.score(X_test, y_test)

print(f"{'Labelled rows':22}" + "".join(f"{n:>8}" for n in n_labels))
for name, scores in accuracy.items():
    print(f"{name:22}" + "".join(f"{score:8.3f}" for score in scores.mean(axis=1)))

# %%
# Mean accuracy on the test rows, with the standard deviation over the draws. It is the
# noise that makes the difference: a code as wide as the row can copy it, and needs to
# know nothing about digits to do so. The gain is greatest where labels are fewest.

colors = ["#8a949b", "#e0a458", "#1f6f8b", "#c8553d"]
figure, ax = plt.subplots(figsize=(8, 4.4), layout="constrained", facecolor="white")
for i, ((name, scores), color) in enumerate(zip(accuracy.items(), colors, strict=True)):
    ax.errorbar(
        np.array(n_labels) * 1.03 ** (i - 1.5),
        scores.mean(axis=1),
        yerr=scores.std(axis=1),
        label=name,
        color=color,
        marker="o",
        linewidth=2,
        elinewidth=1,
        capsize=2,
    )
ax.set_xscale("log")
ax.set_xticks(n_labels, labels=n_labels, minor=False)
ax.minorticks_off()
ax.set(xlabel="Labelled rows", ylabel="Accuracy on test rows")
ax.grid(axis="y", color="#e6e9eb")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(loc="lower right", frameon=False)
plt.show()
