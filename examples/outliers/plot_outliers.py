"""
===============================
Outliers, and what is odd there
===============================

:class:`~sk_dae.DenoisingOutlierDetector` scores a row by how badly it is restored after
a corruption, compared to what is usual. It needs no scaling, and tells which features
made a row odd.
"""

# %%
# The measurements of this table are in units far apart. The detector learns from two
# thirds of the benign samples and sees no malignant one. It scores what is left; the
# threshold may be the one of ``contamination="auto"``, a score of -2, or be set so that
# a wanted fraction of new benign samples lies beyond, here one in twenty.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from sk_dae import DenoisingOutlierDetector

cancer = load_breast_cancer()
benign, malignant = cancer.data[cancer.target == 1], cancer.data[cancer.target == 0]
train, rest = train_test_split(benign, test_size=1 / 3, random_state=0)
calibration, test = train_test_split(rest, test_size=0.5, random_state=0)

detector = DenoisingOutlierDetector(random_state=0).fit(train)
new, odd = -detector.score_samples(test), -detector.score_samples(malignant)
quantile = np.quantile(-detector.score_samples(calibration), 0.95)
area = roc_auc_score(np.repeat([0, 1], [len(new), len(odd)]), np.r_[new, odd])

row = odd.argsort()[len(odd) // 2]
parts = detector.feature_contributions(malignant[row : row + 1])[0]
largest = parts.argsort()[-8:]

figure, (left, right) = plt.subplots(
    1, 2, figsize=(9.6, 3.4), layout="constrained", facecolor="white"
)
bins = np.geomspace(0.9 * min(new.min(), odd.min()), odd.max(), 36)
left.hist(new, bins, color="tab:blue", alpha=0.7, label="benign, new")
left.hist(odd, bins, color="tab:red", alpha=0.55, label="malignant")
left.axvline(-detector.offset_, color="0.1", label='contamination="auto"')
left.axvline(quantile, color="0.1", linestyle=":", label="95 % of other benign rows")
left.set(xscale="log", xlabel="minus the score", ylabel="rows")
left.set_title(f"area under the ROC curve {area:.3f}", fontsize=10)
left.set_ylim(top=1.4 * left.get_ylim()[1])
left.legend(fontsize=8, frameon=False, loc="upper center", ncols=2)
right.barh(cancer.feature_names[largest], parts[largest], color="tab:red", alpha=0.7)
right.set_xlabel("contribution")
right.set_title(f"a malignant sample: score {-parts.sum():.2f}", fontsize=10)
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# ``feature_contributions`` splits the score of a row into parts, one for each feature,
# that add up to it. Here each feature is a pixel. The detector learns from handwritten
# digits; then a patch of some new digits is inverted.

digits = load_digits()
X = digits.data
train, test = X[:1200], X[1200:]
detector = DenoisingOutlierDetector(contamination=0.01, random_state=0).fit(train)

damaged = test[:7].reshape(-1, 8, 8).copy()
patches = [(0, 0), (5, 5), (2, 3), (0, 5), (4, 0), (5, 2), (3, 4)]
for image, (top, left) in zip(damaged, patches, strict=True):
    patch = image[top : top + 3, left : left + 3]
    patch[:] = 16.0 - patch
damaged = damaged.reshape(-1, 64)

labels = detector.predict(damaged)
parts = detector.feature_contributions(damaged)
np.testing.assert_allclose(parts.sum(axis=1), -detector.score_samples(damaged))
print(f"damaged digits found: {(labels == -1).sum()} of {len(labels)}")
print(f"intact test digits flagged: {(detector.predict(test) == -1).mean():.1%}")

figure, axes = plt.subplots(
    2, 7, figsize=(9.6, 3.1), layout="constrained", facecolor="white"
)
for column, (image, part, (top, left)) in zip(
    axes.T, zip(damaged, parts, patches, strict=True), strict=True
):
    column[0].imshow(image.reshape(8, 8), cmap="gray_r")
    column[1].imshow(part.reshape(8, 8), cmap="Reds", vmin=0)
    for ax in column:
        frame = plt.Rectangle(
            (left - 0.5, top - 0.5), 3, 3, fill=False, color="tab:blue", linewidth=1.5
        )
        ax.add_patch(frame)
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("digit, 3 x 3\npixels inverted")
axes[1, 0].set_ylabel("contributions")
plt.show()
