"""Rows in containers of all sorts, targets and weights, for the fuzzer."""

from __future__ import annotations

import contextlib
import datetime
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
import torch

from .draws import CLASSIFIER, IMPUTER, TABLE, one

_SCALES = {
    "normal": lambda rng, s: rng.normal(size=s),
    "unit": lambda rng, s: rng.uniform(size=s),
    "counts": lambda rng, s: rng.poisson(1.5, size=s).astype(float),
    "binary": lambda rng, s: rng.integers(0, 2, size=s).astype(float),
    "constant": lambda rng, s: np.full(s, one(rng, [0.0, 3.0, -7.1, 1e20])),
    "offset": lambda rng, s: 1e6 + rng.normal(size=s),
    "denormal": lambda rng, s: 1e-42 * rng.normal(size=s),
    "1e-30": lambda rng, s: 1e-30 * rng.normal(size=s),
    "1e20": lambda rng, s: 1e20 * rng.normal(size=s),
    "1e30": lambda rng, s: 1e30 * rng.normal(size=s),
    "1e300": lambda rng, s: 1e300 * rng.normal(size=s),
    "mixed": lambda rng, s: rng.normal(size=s) * 10.0 ** rng.integers(-30, 30, s[1]),
}


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def _sparse(rng, X):
    kind = one(rng, ["csr", "csr", "csc", "coo", "int64", "zeros", "lil", "bsr"])
    cls = one(rng, [sp.csr_array, sp.csr_matrix])
    X = cls(np.where(rng.random(X.shape) < 0.5, 0.0, X).astype(one(rng, ["f4", "f8"])))
    if kind == "zeros":
        X.data[:2] = 0.0
    elif kind == "int64":
        X.indices, X.indptr = X.indices.astype("i8"), X.indptr.astype("i8")
    return X if kind in ("csr", "zeros", "int64") else X.asformat(kind)


_LAYOUTS = {
    "F": lambda rng, X: np.asfortranarray(X),
    "strided": lambda rng, X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda rng, X: X[::-1, ::-1],
    "read-only": lambda rng, X: _read_only(X),
    "other bytes": lambda rng, X: X.astype(">f4"),
    "sparse": _sparse,
    "sparse 2": _sparse,
    "sparse 3": _sparse,
    "floats": lambda rng, X: X.astype(one(rng, ["f2", "f4", "g", "O"])),
    "integers": lambda rng, X: np.nan_to_num(X).astype(
        one(rng, ["i2", "i4", "i8", "u1", "u8", "?"])
    ),
    "list": lambda rng, X: X.tolist(),
    "masked": lambda rng, X: np.ma.masked_array(X, mask=X > 1),
    "subclass": lambda rng, X: X.view(one(rng, [np.matrix, np.recarray])),
}

#: Containers that are refused, by most estimators.
_ODD = {
    "1d": lambda rng, X: X[:, 0],
    "3d": lambda rng, X: X[None],
    "no rows": lambda rng, X: X[:0],
    "no columns": lambda rng, X: X[:, :0],
    "words": lambda rng, X: _replaced(rng, X, "a"),
    "nones": lambda rng, X: _replaced(rng, X, None),
    "strings": lambda rng, X: X.astype(str),
    "complex": lambda rng, X: X + 1j,
    "none": lambda rng, X: one(
        rng, [None, "rows", 3.0, {}, [], [[]], [[1.0], [1.0, 2.0]], iter([])]
    ),
    "tensor": lambda rng, X: torch.from_numpy(X),
    "times": lambda rng, X: np.full(X.shape, np.datetime64("2020-01-01")),
    "spans": lambda rng, X: np.full(X.shape, np.timedelta64(1, "D")),
}

_PLAIN = ["float"] * 8 + ["Int64", "Float64", "bool", "int32", "uint8", "object_num"]
_MIXED = [
    *_PLAIN,
    *("object", "category", "category_int", "datetime", "string", "boolean") * 2,
    *["empty"] * 2,
]
_RARE = [
    *("tz", "timedelta", "date", "none", "sparse", "decimal", "mixed", "bytes"),
    *("int64[pyarrow]", "string[pyarrow]", "double[pyarrow]"),
    *("timestamp[ns][pyarrow]", "lists", "period", "complex", "interval"),
]


def _replaced(rng, X, value):
    return np.where(rng.random(X.shape) < 0.2, value, X.astype(object))


def _column(rng, n, kind):
    """Return a column for a data frame of pandas."""
    words = rng.choice(["a", "b", "c"], size=n)
    counts, gap = rng.integers(0, 4, size=n), rng.random(n) < 0.2
    times = pd.Series(np.datetime64("2020-01-01", "ns") + counts.astype("m8[D]"))
    made = {
        "bool": lambda: counts > 1,
        "boolean": lambda: pd.Series(counts > 1, dtype="boolean").mask(gap),
        "bytes": lambda: pd.Series([b"a"] * n, dtype=object),
        "category": lambda: pd.Categorical(words, categories=list("abcd")),
        "category_int": lambda: pd.Categorical(counts, ordered=True),
        "complex": lambda: counts + 1j,
        "date": lambda: [datetime.date(2020, 1, 1 + c) for c in counts.tolist()],
        "datetime": lambda: times.mask(gap),
        "decimal": lambda: pd.Series([Decimal(c) for c in counts.tolist()], dtype="O"),
        "empty": lambda: np.full(n, np.nan),
        "float": lambda: pd.Series(rng.normal(size=n)).mask(gap),
        "interval": lambda: pd.cut(counts, [-1, 1, 5]),
        "lists": lambda: pd.Series([[1]] * n, dtype=object),
        "mixed": lambda: pd.Series([1, "a", 2.5, None, True] * n, dtype=object)[:n],
        "none": lambda: pd.Series([None] * n, dtype=object),
        "object": lambda: [
            None if g else w for w, g in zip(words.tolist(), gap, strict=True)
        ],
        "object_num": lambda: pd.Series(counts, dtype=object),
        "period": lambda: times.dt.to_period("D"),
        "sparse": lambda: pd.arrays.SparseArray(counts),
        "timedelta": lambda: pd.to_timedelta(counts, unit="D"),
        "timestamp[ns][pyarrow]": lambda: times.astype(kind).mask(gap),
        "tz": lambda: times.dt.tz_localize("Europe/Paris"),
    }
    if kind in made:
        return pd.Series(made[kind]())
    found = pd.Series(words if "string" in kind else counts, dtype=kind)
    return found if kind in ("int32", "uint8") else found.mask(gap)


def _frame(rng, n, p, kinds):
    kinds = [one(rng, _RARE if rng.random() < 0.04 else kinds) for _ in range(p)]
    names = [f"x{i}" for i in range(p)]
    naming = one(rng, ["str"] * 12 + ["duplicate", "int", "mixed", "multi"])
    X = pd.DataFrame({i: _column(rng, n, kind).array for i, kind in enumerate(kinds)})
    X.columns = {
        "str": names,
        "duplicate": ["x0", *names[:-1]],
        "int": range(p),
        "mixed": [0, *names[1:]],
        "multi": pd.MultiIndex.from_product([names, [1]]),
    }[naming]
    X.index = one(rng, [X.index, X.index, [0] * n, [f"r{i}" for i in range(n)]])
    if rng.random() < 0.3 and naming == "str":
        with contextlib.suppress(Exception):
            cells = X.astype(object).where(X.notna(), None)
            series = [pl.Series(k, cells[k].tolist(), strict=False) for k in names]
            X = pl.DataFrame(series)
            return X, f"polars {X.dtypes}"
    return X, f"pandas {kinds}, names={naming}, index={X.index[:2].tolist()}"


def data(rng, n, p, name):
    """Return rows in some container, and a description of them.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.

    n, p : int
        Number of rows and of columns.

    name : str
        Name of the estimator that they are for.

    Returns
    -------
    X : object
        The rows.

    described : str
        The container, the scale and the gaps.
    """
    is_table = name in (TABLE, IMPUTER)
    if rng.random() < (0.55 if is_table else 0.2):
        return _frame(rng, n, p, _MIXED if is_table or rng.random() < 0.2 else _PLAIN)
    scale = one(rng, ["normal"] * 10 + ["unit"] * 4 + ["counts"] * 2 + list(_SCALES))
    X = _SCALES[scale](rng, (n, p))
    gaps = one(
        rng, ["none"] * 12 + ["some"] * 6 + ["most", "column", "row", "all", "inf"]
    )
    share = {"some": 0.2, "most": 0.9, "inf": 0.05, "all": 1.0}.get(gaps, 0.0)
    X[rng.random((n, p)) < share] = np.inf if gaps == "inf" else np.nan
    X[{"column": np.s_[:, :1], "row": np.s_[:1]}.get(gaps, np.s_[:0])] = np.nan
    kinds = ["plain"] * 15 + list(_LAYOUTS)
    kind = one(rng, kinds if rng.random() < 0.93 else list(_ODD))
    arrange = {**_LAYOUTS, **_ODD}.get(kind, lambda rng, X: X)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        return arrange(rng, X), f"{kind}, {scale}, gaps={gaps}"


def variant(rng, X, p, name):
    """Return rows to predict: as in fit, or changed in a way that may matter."""
    changes = ["dtype", "order", "fewer", "wider", "other", "first", "gaps", "object"]
    how = one(rng, ["same"] * 4 + changes)
    if how in ("other", "wider"):
        return data(rng, int(rng.integers(1, 9)), p + (how == "wider"), name)[0], how
    cut = X.iloc if hasattr(X, "iloc") else X
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        return {
            "same": lambda: X,
            "dtype": lambda: X.astype(one(rng, ["f4", "f8", "f2", "g"])),
            "order": lambda: X[list(X.columns)[::-1]],
            "fewer": lambda: cut[:, :-1],
            "first": lambda: cut[:1],
            "object": lambda: X.astype(object),
            "gaps": lambda: (
                X.where(rng.random(X.shape) < 0.5)
                if hasattr(X, "where")
                else X * np.nan
            ),
        }[how](), how
    return X, "same"


def targets(rng, n, name):
    """Return targets, and what kind they are."""
    codes = rng.integers(0, one(rng, [2, 3, 5]), size=n)
    x, half = rng.normal(size=n), rng.random(n) < 0.5
    letters = np.array(list("abcde"))
    labels = rng.integers(0, 2, size=(n, one(rng, [2, 3])))
    some = np.where(rng.random(labels.shape) < 0.3, -1, labels)
    options = {
        "codes": codes,
        "strings": letters[codes],
        "-1": np.where(half, -1, codes),
        "regression": x,
        "two": np.column_stack([x, -x]),
        "nan": np.where(half, np.nan, x),
        "floats": codes.astype(float),
        "objects": letters.astype(object)[codes],
        "bool": codes > 0,
        "one": np.ones(n),
        "scalar": 3,
        "some none": np.where(half, None, codes.astype(object)),
        "all nan": np.full(n, np.nan),
        "column": codes[:, None],
        "two nan": np.where(rng.random((n, 2)) < 0.3, np.nan, x[:, None]),
        "short": codes[:-1],
        "1e30": 1e30 * x,
        "1e300": 1e300 * x,
        "1e-300": 1e-300 * x,
        "inf": np.where(half, np.inf, x),
        "3d": x[:, None, None],
        "none": None,
        "category": pd.Series(pd.Categorical(codes)),
        "polars": pl.Series(codes),
        "complex": x + 1j,
        "f2": x.astype("f2"),
        "Int64": pd.Series(codes, dtype="Int64").mask(half),
        "list": codes.tolist(),
        "no columns": x[:, None][:, :0],
        "labels": labels,
        "labels -1": some,
        "labels nan": np.where(some < 0, np.nan, some),
        "labels sparse": sp.csr_array(some),
        "labels frame": pd.DataFrame(labels),
        "labels bool": labels > 0,
        "labels Int64": pd.DataFrame(some).astype("Int64").mask(some < 0),
        "labels polars": pl.DataFrame(labels),
        "labels list": some.tolist(),
        "labels text": letters[labels],
        "labels object": np.where(some < 0, "a", some.astype(object)),
        "times": np.full(n, np.datetime64("2020-01-01")),
        "durations": codes.astype("m8[s]"),
        "missing durations": np.where(
            half, np.timedelta64("NaT"), codes.astype("m8[s]")
        ),
        "f4": x.astype("f4"),
        "Float32": pd.Series(x, dtype="Float32"),
        "short Arrow": pd.Series(x.astype("f4"), dtype="float[pyarrow]"),
        "frame": pd.DataFrame({"a": x, "b": -x}),
        "same names": pd.DataFrame(np.column_stack([x, -x]), columns=["a", "a"]),
        "small": codes.astype("u1"),
    }
    usual = ["regression", "two", "nan"]
    if name == CLASSIFIER:
        usual = ["codes", "strings", "-1", "labels"]
    kind = one(rng, usual if rng.random() < 0.6 else list(options))
    return options[kind], kind


def weights(rng, n):
    """Return weights of rows, of which some are refused."""
    x = rng.uniform(size=n)
    good = [np.ones(n), x, x * (x > 0.5), pd.Series(x), x.tolist(), np.eye(1, n)[0]]
    odd = [
        *(np.zeros(n), -x, np.where(x > 0.5, np.nan, x), x[:-1], x[:, None]),
        *(1e300 * x, 1e-300 * x, x * np.inf, ["a"] * n, 2.0, x + 1j, {}),
    ]
    return one(rng, [*good, *odd])
