"""Mixed tables as data frames, for the benchmarks."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["CHOSEN_ON", "is_number", "read_table"]

#: Rows that the setting was chosen on, at most; elsewhere 60 % of the rows.
CHOSEN_ON = {"adult": 12_000, "credit_default": 10_000, "california_housing": 8_000}


def read_table(folder, name, part="all"):
    """Return a data frame and its target, a class or a number."""
    file = np.load(folder / "tabular" / f"{name}.npz")
    X = pd.DataFrame(file["X_num"].astype(np.float64), columns=file["num_names"])
    for column, values in zip(file["cat_names"], file["X_cat"].T, strict=True):
        values = values.astype(object)
        values[values == ""] = None
        X[str(column)] = pd.Series(values, dtype=object)
    y = file["y"]
    if name == "california_housing":
        y = y.astype(np.float64) / y.std()
    else:
        y = (y == y.max()).astype(int)
    if part != "all":
        order = np.random.RandomState(0).permutation(len(y))
        n_chosen_on = min(int(0.6 * len(y)), CHOSEN_ON.get(name, len(y)))
        rows = order[:n_chosen_on] if part == "chosen on" else order[n_chosen_on:]
        X, y = X.iloc[rows].reset_index(drop=True), y[rows]
    return X, y


def is_number(X):
    """Tell which columns of a data frame are numeric."""
    return np.array([dtype.kind == "f" for dtype in X.dtypes])
