"""Rows of numbers in all containers and types, as all estimators take them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.corruption import GaussianNoise
from sk_dae.tables.numbers import as_numbers

N = 12
NUMBERS = np.arange(3.0 * N).reshape(N, 3) % 7 / 2.0
DAE = DenoisingAutoencoder(2, max_iter=1, random_state=0)

ESTIMATORS = {
    "plain": DAE,
    "stacked": StackedDenoisingAutoencoder(2, hidden_layer_sizes=(3,), random_state=0),
    "marginalized": MarginalizedDenoisingAutoencoder(),
    "tabular": TabularDenoisingAutoencoder(2, max_iter=1, random_state=0),
    "classifier": DenoisingAutoencoderClassifier(DAE, max_iter=1, random_state=0),
    "regressor": DenoisingAutoencoderRegressor(DAE, max_iter=1, random_state=0),
    "imputer": DenoisingImputer(DAE, n_estimators=1, random_state=0),
    "detector": DenoisingOutlierDetector(DAE, n_folds=None, random_state=0),
    "noise": GaussianNoise(0.1, random_state=0),
}
if "pretrain_max_iter" in ESTIMATORS["stacked"].get_params():
    ESTIMATORS["stacked"].set_params(pretrain_max_iter=1, max_iter=1)

all_estimators = pytest.mark.parametrize(
    "estimator", ESTIMATORS.values(), ids=ESTIMATORS
)


def fit(estimator, X):
    return clone(estimator).fit(X, np.arange(N) % 2)


def use(fitted, X):
    """Return what an estimator makes of rows, as one array."""
    for method in ("predict_proba", "score_samples", "predict", "transform"):
        if hasattr(fitted, method):
            made = getattr(fitted, method)(X)
            if isinstance(made, pl.DataFrame):
                made = made.cast(pl.Float64)
            return np.asarray(made, dtype=float)
    raise AssertionError(fitted)


def frame(values, **columns):
    X = pd.DataFrame(values, columns=list("abc"))
    return X.assign(**columns)


def sparse(dtype, fill_value=None):
    return pd.SparseDtype(dtype, fill_value)


WHOLE = (2 * NUMBERS).astype(int)
GAPS = np.where(np.eye(N, 3, dtype=bool), np.nan, NUMBERS)
ARROW_DECIMAL = pa.decimal128(9, 2)
DECIMALS = [Decimal(str(value)) for value in NUMBERS[:, 0]]

# Rows as they are given, and the array of floats that they hold.
SAME = {
    "big-endian array": (NUMBERS.astype(">f4"), NUMBERS.astype("f4")),
    "big-endian integers": (WHOLE.astype(">i8"), WHOLE),
    "big-endian frame": (frame(NUMBERS.astype(">f8")), frame(NUMBERS)),
    "big-endian column": (
        frame(NUMBERS, b=NUMBERS[:, 1].astype(">f8")),
        frame(NUMBERS),
    ),
    "sparse integers": (frame(WHOLE).astype(sparse(int)), frame(WHOLE)),
    "sparse floats": (frame(GAPS).astype(sparse(float)), frame(GAPS)),
    "sparse zeros": (frame(NUMBERS).astype(sparse(float, 0.0)), frame(NUMBERS)),
    "sparse column": (
        frame(NUMBERS, b=pd.Series(WHOLE[:, 1]).astype(sparse(int))),
        frame(NUMBERS, b=WHOLE[:, 1]),
    ),
    "pandas.NA in an array": (
        np.where(np.isnan(GAPS), pd.NA, GAPS.astype(object)),
        GAPS,
    ),
    "pandas.NA in lists": (
        np.where(np.isnan(GAPS), pd.NA, GAPS.astype(object)).tolist(),
        GAPS,
    ),
    "pandas.NA in a frame": (
        frame(np.where(np.isnan(GAPS), pd.NA, GAPS.astype(object))),
        frame(GAPS),
    ),
    "Arrow's decimals": (
        frame(
            GAPS,
            a=pd.Series(
                [None, *DECIMALS[1:]], dtype=pd.ArrowDtype(pa.decimal128(9, 2))
            ),
        ),
        frame(GAPS),
    ),
    "Int128": (
        pl.DataFrame(WHOLE).cast(pl.Int128),
        pl.DataFrame(WHOLE),
    ),
    "UInt128": (
        pl.DataFrame(WHOLE).with_columns(pl.col("column_1").cast(pl.UInt128)),
        pl.DataFrame(WHOLE),
    ),
    "polars decimals": (
        pl.DataFrame(NUMBERS).with_columns(pl.Series("column_0", DECIMALS)),
        pl.DataFrame(NUMBERS),
    ),
}
# A table estimator makes other categories or numbers of these.
SPARSE_ONLY = {"sparse integers", "sparse zeros"}
ROUNDED = {"Arrow's decimals", "Int128", "UInt128"}


# One rule makes numbers of a container for all estimators: each container meets three
# of them, and each estimator a third of the containers.
PAIRS = [
    pytest.param(estimator, name, id=f"{kind}-{name}")
    for i, (kind, estimator) in enumerate(ESTIMATORS.items())
    for j, name in enumerate(SAME)
    if (i + j) % 3 == 0
]


@pytest.mark.parametrize(("estimator", "name"), PAIRS)
def test_container_makes_no_difference(estimator, name):
    given, plain = SAME[name]
    expected = use(fit(estimator, plain), plain)
    fitted = fit(estimator, given)
    # Sums over sparse rows are taken in another order.
    tolerance = 1e-3 if name in SPARSE_ONLY else 1e-6
    if name in ROUNDED and isinstance(fitted, DenoisingImputer):
        # The cells that it fills have the type of their column.
        tolerance = 0.51
    np.testing.assert_allclose(use(fitted, given), expected, tolerance, tolerance)
    np.testing.assert_allclose(use(fitted, plain), expected, tolerance, tolerance)


def test_indicators_of_pandas_dummies():
    kinds = pd.DataFrame({"kind": ["a", "b", "c", "b"] * 5})
    for dtype in (int, float, bool):
        X = pd.get_dummies(kinds, sparse=True, dtype=dtype)
        dae = TabularDenoisingAutoencoder(2, max_iter=2, random_state=0).fit(X)
        denoised = dae.denoise(X)
        assert (denoised.dtypes == X.dtypes).all()
        dense = X.sparse.to_dense()
        other = TabularDenoisingAutoencoder(2, max_iter=2, random_state=0).fit(dense)
        pd.testing.assert_frame_equal(denoised.sparse.to_dense(), other.denoise(dense))


def test_rows_that_need_nothing_are_not_copied():
    for X in (NUMBERS, frame(NUMBERS), sp.csr_matrix(NUMBERS), NUMBERS.tolist()):
        assert as_numbers(X) is X


COMPLEX = NUMBERS + np.array([0, 1j, 0])
COMPLEX_ROWS = {
    "array": (COMPLEX, "1"),
    "objects": (COMPLEX.astype(object), "0"),
    "one object": (np.array([[1.0, 2j, 3.0]] * N, dtype=object), "1"),
    "lists": (COMPLEX.tolist(), "1"),
    "lists of both": ([[1.0, 2j, 3.0]] * N, "1"),
    "sparse matrix": (sp.csr_matrix(COMPLEX), "1"),
    "no imaginary part": (NUMBERS.astype(complex), "0"),
    "frame": (frame(NUMBERS, b=COMPLEX[:, 1]), "b"),
    "objects in a frame": (frame(NUMBERS, b=COMPLEX[:, 1].astype(object)), "b"),
    "sparse column": (frame(NUMBERS, b=pd.arrays.SparseArray(COMPLEX[:, 1])), "b"),
    "complex64": (frame(NUMBERS, c=COMPLEX[:, 1].astype(np.complex64)), "c"),
}


@all_estimators
def test_complex_numbers_are_refused_by_name(estimator):
    to_array, to_frame = fit(estimator, NUMBERS), fit(estimator, frame(NUMBERS))
    for X, column in COMPLEX_ROWS.values():
        message = f"^Complex data not supported: column {column} holds complex numbers"
        with pytest.raises(ValueError, match=message):
            fit(estimator, X)
        fitted = to_frame if hasattr(X, "columns") else to_array
        with pytest.raises(ValueError, match=message):
            use(fitted, X)


def test_complex_numbers_are_refused_in_codes_clean_rows_and_by_the_net():
    dae = fit(DAE, NUMBERS)
    for call in (
        lambda: dae.inverse_transform(np.array([[1j, 0.0]])),
        lambda: clone(DAE).fit(NUMBERS, clean=COMPLEX),
        lambda: dae.net_.predict(COMPLEX),
    ):
        with pytest.raises(ValueError, match=r"^Complex data not supported: column"):
            call()


@all_estimators
@pytest.mark.parametrize("container", [np.array, pd.DataFrame])
def test_integers_beyond_all_floats_are_refused_by_name(estimator, container):
    X = container(np.array([[1, 10**400, 2]] * N, dtype=object))
    with pytest.raises(ValueError, match=r"[Cc]olumn 1"):
        fit(estimator, X)


TARGETS = NUMBERS[:, 0]
WITH_GAP = [*TARGETS[:-1], np.nan]
SAME_TARGETS = {
    "pandas.NA": (pd.Series([*TARGETS[:-1], pd.NA], dtype=object), WITH_GAP),
    "pandas.NA in an array": (np.array([*TARGETS[:-1], pd.NA], dtype=object), WITH_GAP),
    "pandas.NA in a list": ([*TARGETS[:-1], pd.NA], WITH_GAP),
    "decimals": (
        pd.Series([*DECIMALS[:-1], None]).astype(pd.ArrowDtype(ARROW_DECIMAL)),
        WITH_GAP,
    ),
    "sparse": (pd.Series(WHOLE[:, 0]).astype(pd.SparseDtype(int)), WHOLE[:, 0]),
    "Int128": (pl.Series(WHOLE[:, 0], dtype=pl.Int128), WHOLE[:, 0]),
    "big-endian": (TARGETS.astype(">f8"), TARGETS),
    "frame": (frame(np.where(np.isnan(GAPS), pd.NA, GAPS.astype(object))), GAPS),
}


@pytest.mark.parametrize("name", SAME_TARGETS)
def test_targets_of_all_types(name):
    given, plain = SAME_TARGETS[name]
    regressor = clone(ESTIMATORS["regressor"])
    expected = regressor.fit(NUMBERS, plain).predict(NUMBERS)
    np.testing.assert_array_equal(
        regressor.fit(NUMBERS, given).predict(NUMBERS), expected
    )


@pytest.mark.parametrize(
    "y",
    [
        COMPLEX[:, 1],
        COMPLEX[:, 1].astype(object),
        COMPLEX[:, 1].tolist(),
        pd.Series(COMPLEX[:, 1], name="y"),
        COMPLEX,
    ],
    ids=["array", "objects", "list", "series", "several"],
)
def test_complex_targets_are_refused(y):
    with pytest.raises(ValueError, match=r"^Complex data not supported: column [01y]"):
        clone(ESTIMATORS["regressor"]).fit(NUMBERS, y)


@pytest.mark.parametrize(
    ("dtypes", "wanted"),
    [
        (["Float32"] * 3, np.float32),
        (["Float32", "float32", "float16"], np.float32),
        (["float[pyarrow]", "halffloat[pyarrow]", "Float32"], np.float32),
        (["Float32", "Float32", "float64"], np.float64),
        (["Float64"] * 3, np.float64),
        (["double[pyarrow]"] * 3, np.float64),
    ],
)
@pytest.mark.parametrize("name", ["plain", "stacked", "marginalized"])
def test_short_floats_of_pandas_stay_short(name, dtypes, wanted):
    columns = zip("abc", NUMBERS.astype(np.float16).T, dtypes, strict=True)
    X = pd.DataFrame({key: pd.Series(c, dtype=dtype) for key, c, dtype in columns})
    fitted = fit(ESTIMATORS[name], X)
    assert fitted.denoise(X).dtype == wanted
    X.iloc[0, 0] = None
    restored = fitted.denoise(X)
    assert restored.dtype == wanted
    assert np.isfinite(restored).all()
