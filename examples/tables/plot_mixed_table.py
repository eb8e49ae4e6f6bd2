"""
====================
A table as it comes
====================

A data frame with numbers, categories, dates and gaps goes into a
:class:`~sk_dae.TabularDenoisingAutoencoder` without preparation. It learns, without the
target, how the columns hang together. Three things come out: features for a linear
model, the gaps filled, and the cells that do not fit the rest of their row.
"""

# %%
# A table of used bicycles
# ------------------------
# The table has of each bicycle the kind, the maker, some measures and the date of its
# first sale. A tenth of the cells is missing. Its price hangs on products of the
# columns: electric drive pays on a cargo bicycle, low weight on a race bicycle, and
# value is lost year by year.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sk_dae import ComposeNoise, MaskingNoise, SwapNoise, TabularDenoisingAutoencoder


def make_bicycles(n_samples, seed):
    """Draw bicycles and their prices."""
    rng = np.random.default_rng(seed)
    kinds = np.array(["city", "race", "cargo"])
    kind = rng.choice(3, size=n_samples, p=[0.5, 0.3, 0.2])
    electric = rng.random(n_samples) < np.array([0.3, 0.05, 0.7])[kind]
    frame = rng.normal(np.array([54, 56, 50])[kind], 3)
    weight = np.array([14, 8, 35])[kind] + 9 * electric + 0.1 * (frame - 54)
    weight += rng.normal(0, 1, n_samples)
    maker = (kind + rng.choice(3, size=n_samples, p=[0.7, 0.2, 0.1])) % 3
    gears = np.array([7, 22, 9])[kind] + rng.integers(0, 3, n_samples)
    age = rng.gamma(2.0, 2.0, n_samples)
    value = np.where(kind == 1, 6000 - 400 * (weight - 8), 900 + 40 * gears)
    value = value + np.where(electric, np.array([1200, 1500, 3500])[kind], 0)
    price = value * 0.85**age * rng.lognormal(0, 0.1, n_samples)
    X = pd.DataFrame(
        {
            "kind": pd.Categorical(kinds[kind]),
            "maker": np.array(["Albers", "Brandt", "Corvo"])[maker],
            "electric": electric,
            "gears": gears,
            "frame_cm": frame.round(1),
            "weight_kg": weight.round(1),
            "first_sold": pd.Timestamp("2025-06-01")
            - pd.to_timedelta((365 * age).round(), unit="D"),
        }
    ).astype({"electric": "boolean", "gears": "Int64"})
    whole = X.copy()
    return X.mask(rng.random(X.shape) < 0.1), whole, np.log(price)


X, whole, y = make_bicycles(2000, seed=0)
print(X.head())

# %%
# Features before a linear model
# ------------------------------
# The usual encoding of such a table is a one for each category, standardised numbers,
# medians in the gaps and indicators of where they are. A linear model on it cannot know
# of products. On the features of the autoencoder it can; gradient boosting, which finds
# products by itself, stands beside it.

numbers = make_pipeline(
    SimpleImputer(strategy="median", add_indicator=True), StandardScaler()
)


def dates_to_days(X):
    """Return the columns of dates as days, and booleans as numbers."""
    days = X[["first_sold"]].apply(lambda c: (c - pd.Timestamp("2000-01-01")).dt.days)
    return X.assign(**days).astype({"electric": "float", "gears": "float"})


encoding = make_pipeline(
    FunctionTransformer(dates_to_days),
    make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind", "maker"]),
        (numbers, make_column_selector(dtype_include="number")),
    ),
)
alphas = np.logspace(-1, 5, 13)
models = {
    "Ridge, usual encoding": make_pipeline(encoding, RidgeCV(alphas)),
    "Ridge, autoencoder's features": make_pipeline(
        TabularDenoisingAutoencoder(max_iter=40, random_state=0),
        StandardScaler(),
        RidgeCV(alphas),
    ),
    "Gradient boosting": make_pipeline(
        FunctionTransformer(dates_to_days),
        HistGradientBoostingRegressor(
            categorical_features=["kind", "maker"], random_state=0
        ),
    ),
}
frame = X.assign(maker=X["maker"].astype("category"))
scores = {name: cross_val_score(model, frame, y) for name, model in models.items()}
for name, score in scores.items():
    print(f"{name:30} R2 {score.mean():.3f}")

# %%
# The gaps
# --------
# ``denoise`` gives the table back with a value in each cell, of the columns and types
# of the one that came in. Here some cells are hidden in training, so that it learns to
# fill gaps, and some are exchanged, so that it learns not to believe each cell.

dae = TabularDenoisingAutoencoder(
    corruption=ComposeNoise([SwapNoise(0.2), MaskingNoise(0.2, fill_value=np.nan)]),
    max_iter=40,
    random_state=0,
).fit(X)
restored = dae.denoise(X)
print(restored.head())
print((restored.dtypes == X.dtypes).all())

# %%
# For the gaps, the truth is known here.

gaps = X.isna()
categories = ["kind", "maker", "electric"]
for column in categories:
    guess = X[column].mode()[0]
    right = (restored[column] == whole[column])[gaps[column]].mean()
    common = (whole[column] == guess)[gaps[column]].mean()
    print(f"{column:10} right: {right:.0%}, always the most common: {common:.0%}")

# %%
# What does not fit
# -----------------
# ``reconstruction_error`` per feature tells the cells that the others contradict. Here
# one bicycle in thirty is given a wrong kind.

wrong = whole.copy()
rng = np.random.default_rng(1)
rows = rng.random(len(wrong)) < 1 / 30
wrong.loc[rows, "kind"] = wrong.loc[rows, "kind"].map(
    {"city": "race", "race": "cargo", "cargo": "city"}
)
error = dae.reconstruction_error(wrong, per_feature=True)
error = error[:, list(wrong.columns).index("kind")]

# %%

fig, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.4), layout="constrained", width_ratios=[1.2, 1]
)
for i, score in enumerate(scores.values()):
    left.plot(score, np.full(len(score), i), "o", color="0.75", markersize=5)
    left.plot(score.mean(), i, "o", color=f"C{i}", markersize=9)
left.set_yticks(range(len(scores)), scores)
left.set_ylim(len(scores) - 0.5, -0.5)
left.set_xlabel("R² of the logarithm of the price, five folds and their mean")
left.spines[["top", "right"]].set_visible(False)
bins = np.linspace(0, 1, 26)
shared = {"bins": bins, "density": True}
right.hist(error[~rows], **shared, color="0.75", label="kind is right")
right.hist(error[rows], **shared, color="C3", alpha=0.8, label="kind is wrong")
right.set_yscale("log")
right.set_xlabel("reconstruction error of the cell")
right.set_ylabel("density")
right.legend(frameon=False)
right.spines[["top", "right"]].set_visible(False)
plt.show()
