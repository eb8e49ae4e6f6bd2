"""
===========================
Seven kinds of autoencoders
===========================

Textbooks name autoencoders by what keeps them from merely copying: noise, a sparse
code, a code that changes little, a code with a known distribution. Here they are one
estimator with another argument. The same net is trained seven times on handwritten
digits, and we look at the codes, at what single units draw, and at what comes out when
codes are made up.
"""

# %%
# Seven arguments
# ---------------
# All have 16 units in the code. Only one sees noise, so that each shows what its own
# argument does; any penalty can be combined with noise.

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_dae import DenoisingAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.3, random_state=0, stratify=y
)

kinds = {
    "Vanilla": {"corruption": None},
    "Denoising": {"corruption": "gaussian", "noise_level": 0.3},
    "Sparse (L1)": {"corruption": None, "penalty": "l1"},
    "Sparse (KL)": {"corruption": None, "penalty": "kl"},
    "Contractive": {"corruption": None, "penalty": "contractive"},
    "Variational": {"corruption": None, "penalty": "variational"},
    "Adversarial": {"corruption": None, "penalty": "adversarial"},
}
fitted = {}
for name, params in kinds.items():
    dae = DenoisingAutoencoder(
        16, hidden_layer_sizes=(128,), batch_size=64, max_iter=60, random_state=0
    )
    fitted[name] = dae.set_params(**params).fit(X_train)

# %%
# What they did
# -------------
# Measured on test rows: the share of activations that are zero and the mean size of the
# others; how far a code moves when a row is moved a little, in all directions alike, as
# a ratio of lengths per unit; how far the codes are from draws of a standard normal
# distribution (energy distance); the error of the reconstruction; and how many digits a
# logistic regression recognises by the code.

rng = np.random.RandomState(0)
nudges = rng.normal(scale=0.01, size=X_test.shape)
normal = rng.normal(size=(len(X_test), 16))


def energy_distance(A, B):
    return 2 * cdist(A, B).mean() - cdist(A, A).mean() - cdist(B, B).mean()


print(
    f"{'':12}{'zeros':>7}{'size':>7}{'moves':>8}{'normal':>8}{'error':>8}{'right':>8}"
)
for name, dae in fitted.items():
    code = dae.transform(X_test)
    moved = dae.transform(X_test + nudges) - code
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    right = classifier.fit(dae.transform(X_train), y_train).score(code, y_test)
    print(
        f"{name:12}{(code == 0).mean():7.0%}{np.abs(code).mean():7.2f}"
        f"{np.sqrt(np.square(moved).mean()) / 0.01:8.2f}"
        f"{energy_distance(code, normal):8.2f}{-dae.score(X_test):8.4f}{right:8.1%}"
    )

# %%
# The picture
# -----------
# From left to right:
#
# - How the activations are distributed; where there is a prior, its density as a line.
# - The codes of fifty digits, five of each class from 0 to 9; a row is a unit.
# - What the ten units that vary most draw: how the decoder's output changes when the
#   unit rises and the others stay at their mean.
# - New rows, decoded from random codes. Where there is a prior, ``sample`` draws from
#   it. Elsewhere each unit is drawn from a normal distribution with the mean and the
#   variance of the unit, clipped to its range.

order = np.concatenate([np.flatnonzero(y_test == digit)[:5] for digit in range(10)])
INK, FAINT, ACCENT, FRAME = "#1b2a33", "#5d6d76", "#c8553d", "#d5d8dc"
HEADINGS = [
    "Activations",
    "Codes of fifty digits",
    "What ten units draw",
    "Rows from random codes",
]


def tiled(images, n_columns, border):
    """Lay images of 8 by 8 pixels side by side, in one image."""
    framed = np.pad(
        images.reshape(-1, n_columns, 8, 8),
        [(0, 0), (0, 0), (1, 1), (1, 1)],
        constant_values=border,
    )
    return framed.swapaxes(1, 2).reshape(-1, n_columns * 10)[1:-1, 1:-1]


def what_units_draw(dae, mean, scale):
    """Return how the output changes with the ten units that vary most."""
    units = np.argsort(-scale, kind="stable")[:10]
    steps = np.zeros((10, len(mean)))
    steps[np.arange(10), units] = scale[units]
    images = dae.inverse_transform(mean + steps) - dae.inverse_transform(mean - steps)
    return images / np.abs(images).max(axis=1, keepdims=True)


def new_rows(dae, code, mean, scale, n_rows=14):
    """Return decoded random codes."""
    if hasattr(dae, "sample"):
        return dae.sample(n_rows, random_state=0)
    noise = np.random.RandomState(0).normal(size=(n_rows, len(mean)))
    codes = np.clip(mean + scale * noise, code.min(axis=0), code.max(axis=0))
    return dae.inverse_transform(codes)


figure, axes = plt.subplots(
    len(kinds),
    4,
    figsize=(11.5, 9.0),
    width_ratios=[0.92, 1.62, 2.8, 3.97],
    facecolor="white",
    dpi=120,
)
figure.subplots_adjust(
    left=0.155, right=0.995, top=0.965, bottom=0.02, wspace=0.05, hspace=0.2
)
for row, (name, dae) in zip(axes, fitted.items(), strict=True):
    code = dae.transform(X_test)
    mean, scale = code.mean(axis=0), code.std(axis=0)
    most = max(np.quantile(np.abs(code), 0.998), 0.05)
    least = -most if code.min() < 0 else 0.0

    histogram, codes, units, rows = row
    histogram.hist(
        code.ravel(), np.linspace(least, most, 36), color=ACCENT, density=True
    )
    if hasattr(dae, "sample"):
        grid = np.linspace(least, most, 100)
        density = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
        histogram.plot(grid, density, color=INK, linewidth=1.2)
    histogram.margins(x=0.02)

    # White is zero.
    shades = {"cmap": "RdBu_r", "vmin": -most} if least else {"cmap": "Reds", "vmin": 0}
    codes.imshow(
        code[order].T, aspect="auto", interpolation="nearest", vmax=most, **shades
    )
    images = tiled(what_units_draw(dae, mean, scale), 5, border=0.0)
    units.imshow(images, cmap="RdBu_r", vmin=-1, vmax=1)
    images = tiled(new_rows(dae, code, mean, scale), 7, border=0.0)
    rows.imshow(images, cmap="gray_r", vmin=0, vmax=1)

    for ax in row:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color(FRAME)
    histogram.set_xticks(
        [least, most], [f"{least:.1f}" if least else "0", f"{most:.1f}"]
    )
    histogram.tick_params(length=0, labelsize=8, labelcolor=FAINT, pad=2)
    what = "penalty" if dae.penalty else "corruption"
    place = {"transform": histogram.transAxes, "ha": "right"}
    histogram.text(-0.08, 0.56, name, size=13, weight="bold", color=INK, **place)
    argument = f"{what}={getattr(dae, what)!r}"
    histogram.text(-0.08, 0.34, argument, size=8.5, color=FAINT, **place)

for ax, heading in zip(axes[0], HEADINGS, strict=True):
    ax.set_title(heading, size=11, color=INK)

# sphinx_gallery_start_ignore
plt.show()
# sphinx_gallery_end_ignore

# %%
# Without a penalty the units lie where they happen to: off zero, on scales of their
# own, and tied to one another, so that random codes give scribbles. The L1 penalty
# turns units off, some of them for good. The KL penalty keeps every unit quiet for most
# rows, and none for all. The contractive codes look like those of the vanilla
# autoencoder, on a scale on which they hardly move.
#
# The last two know what a code should look like. The variational one pays for every
# unit that it uses, and leaves at zero what it can spare. Its draws are smooth,
# since the decoder has learned to expect codes that are blurred. The adversarial one
# uses all units and blurs nothing: its codes are normal as a whole and its copies the
# best of the five with a penalty, but nothing keeps the codes of similar digits
# together, as the distances show by which they move.
