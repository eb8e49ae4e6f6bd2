"""The type of what comes back in the units of the data, and columns measured."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk_dae
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.tables.units import from_scaled, measure, to_scaled, type_in_units

RNG = np.random.RandomState(0)
X = RNG.normal(size=(150, 4))

#: Offset and scale of columns that float32, or a square in float64, does not hold.
UNITS = {
    "time stamps": (1.7e9, 50.0),
    "tiny": (1e-300, 1e-300),
    "beyond normal": (0.0, 1e-310),
    "huge": (2e300, 1e300),
    "greatest": (0.0, 3e307),
}
by_unit = pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())

#: Types of data, and the type of what comes back in their units.
TYPES = {
    "float64": "float64",
    "float32": "float32",
    "float16": "float32",
    ">f8": "float64",
    ">f4": "float32",
    "longdouble": "float64",
    "int8": "float64",
    "uint8": "float64",
    "int64": "float64",
    "bool": "float64",
}
by_type = pytest.mark.parametrize(("given", "wanted"), TYPES.items(), ids=TYPES.keys())

NETS = (DenoisingAutoencoder, StackedDenoisingAutoencoder)
AUTOENCODERS = (*NETS, MarginalizedDenoisingAutoencoder)


def make(cls=DenoisingAutoencoder, **params):
    """Return an estimator that trains quickly."""
    if cls is MarginalizedDenoisingAutoencoder:
        params["n_layers"] = 1
    else:
        params = {
            "n_components": 4,
            "hidden_layer_sizes": (16,),
            "max_iter": 3,
            "random_state": 0,
            **params,
        }
    if cls is StackedDenoisingAutoencoder:
        params["pretrain_max_iter"] = 1
    return cls(**params)


def make_regressor(**params):
    return DenoisingAutoencoderRegressor(
        make(), max_iter=5, random_state=0, dropout=0.0, **params
    )


def in_units(values, unit):
    offset, scale = unit
    return offset + scale * values


def n_distinct(values):
    return [len(np.unique(column)) for column in np.asarray(values).T]


# -- the rule ----------


@by_type
def test_floats_that_float32_holds_give_float32_and_the_rest_float64(given, wanted):
    assert type_in_units(np.dtype(given)) == wanted


@pytest.mark.parametrize("weighted", [False, True])
@by_unit
def test_columns_of_any_magnitude_are_measured(unit, weighted):
    weights = RNG.randint(0, 4, size=len(X)) if weighted else None
    means, scales = measure(in_units(X, unit), weights)
    repeated = X if weights is None else np.repeat(X, weights, axis=0)
    offset, scale = unit
    assert_allclose(means, offset + scale * repeated.mean(axis=0), rtol=1e-6)
    assert_allclose(scales, scale * repeated.std(axis=0), rtol=1e-6)
    back = from_scaled(
        to_scaled(in_units(X, unit), means, scales), means, scales, means.dtype
    )
    assert_allclose(back, in_units(X, unit), rtol=1e-10, atol=1e-9 * scale)


def test_measures_leave_out_gaps_and_rows_without_weight():
    values, weights = X.copy(), np.ones(len(X))
    values[:3, 0], weights[3:6] = np.nan, 0.0
    values[3:6] = 1e300
    means, scales = measure(values, 1e300 * weights)
    kept = np.delete(X, [3, 4, 5], axis=0)
    assert_allclose(means[1:], kept[:, 1:].mean(axis=0), rtol=1e-9)
    assert_allclose(scales[0], kept[3:, 0].std(), rtol=1e-9)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1.7e9 + 0.1, 1e-320, 1e308])
def test_a_constant_is_measured_as_it_is(constant):
    means, scales = measure(np.full((7, 1), constant))
    assert means == constant
    assert scales == 0
    assert (to_scaled(np.full((7, 1), constant), means, scales) == 0).all()


def test_no_value_is_greater_than_its_type_holds():
    most = from_scaled(
        np.array([[1e3, -1e3]]), np.zeros(2), np.full(2, 1e38), np.float32
    )
    assert_array_equal(most, [[np.finfo("f4").max, np.finfo("f4").min]])
    assert most.dtype == np.float32


# -- predictions ----------


@pytest.mark.parametrize(("n_outputs", "weighted"), [(1, False), (2, True)])
@by_unit
def test_predictions_are_as_fine_as_the_net(unit, n_outputs, weighted):
    y = X[:, 0] - X[:, 1]
    y = y / np.abs(y).max()
    if n_outputs == 2:
        y = np.column_stack([y, -y])
    weights = np.linspace(1, 2, len(y)) if weighted else None
    predicted = make_regressor().fit(X, in_units(y, unit), weights).predict(X)
    assert predicted.dtype == np.float64
    assert predicted.shape == y.shape
    assert n_distinct(predicted.reshape(len(y), -1)) == [len(y)] * n_outputs
    plain = make_regressor().fit(X, y, weights).predict(X)
    offset, scale = unit
    assert_allclose((predicted - offset) / scale, plain, rtol=1e-3, atol=1e-4)


@by_type
def test_predictions_have_the_type_of_the_targets(given, wanted):
    y = (10 * X[:, 0]).astype(given)
    two = np.column_stack([y, y[::-1]])
    for rows, targets in ((X, two), (X.astype(np.float32), y)):
        assert make_regressor().fit(rows, targets).predict(rows).dtype == wanted


@pytest.mark.parametrize(
    ("y", "wanted"),
    [
        ((10 * X[:, 0]).astype(int).tolist(), "float64"),
        (pd.Series(X[:, 0], dtype="float32"), "float32"),
        (pd.DataFrame({"a": X[:, 0].astype("f4"), "b": X[:, 1]}), "float64"),
        (pl.Series(X[:, 0], dtype=pl.Float32), "float32"),
        (X[:, 0].astype(object), "float64"),
    ],
)
def test_targets_of_any_container_have_a_type(y, wanted):
    assert make_regressor().fit(X, y).predict(X).dtype == wanted


# -- tables and gaps ----------

CONTAINERS = {
    "array": np.asarray,
    "pandas": lambda X: pd.DataFrame(X, columns=list("abcd")[: X.shape[1]]),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")[: X.shape[1]]),
}


@pytest.mark.parametrize(
    ("name", "container", "scaling"),
    [
        ("time stamps", "array", "quantile"),
        ("time stamps", "pandas", "standard"),
        ("tiny", "pandas", "quantile"),
        ("tiny", "polars", "standard"),
        ("huge", "polars", "quantile"),
        ("huge", "array", "standard"),
    ],
)
def test_tables_come_back_as_fine_as_the_net(name, container, scaling):
    table = CONTAINERS[container](in_units(X[:, :2], UNITS[name]))
    dae = make(TabularDenoisingAutoencoder, numeric_scaling=scaling, max_iter=5)
    dae.fit(table)
    denoised = dae.denoise(table)
    assert min(n_distinct(denoised)) > 0.9 * len(X)
    assert np.asarray(denoised).dtype == np.float64
    assert_array_equal(dae.inverse_transform(dae.transform(table)), denoised)
    offset, scale = UNITS[name]
    plain = make(TabularDenoisingAutoencoder, numeric_scaling=scaling, max_iter=5)
    plain = plain.fit(X[:, :2]).denoise(X[:, :2])
    restored = (np.asarray(denoised) - offset) / scale
    assert_allclose(restored, plain, rtol=1e-3, atol=1e-3)


@by_type
def test_arrays_of_numbers_have_a_type(given, wanted):
    table = (10 * X).astype(given)
    if given == "bool":
        wanted = "bool"  # two categories, which keep their type
    dae = make(TabularDenoisingAutoencoder).fit(table)
    assert dae.denoise(table).dtype == wanted
    assert dae.inverse_transform(dae.transform(table)).dtype == wanted


@pytest.mark.parametrize(
    ("unit", "container"),
    # Each unit in an array, and the three containers at one of them.
    [*((name, "array") for name in UNITS), ("huge", "pandas"), ("huge", "polars")],
)
def test_gaps_are_filled_as_finely_as_the_net_does(unit, container):
    rows = X[:, :3] / np.abs(X).max()
    rows[:, 2] = rows[:, 0] - rows[:, 1]
    gaps = in_units(rows, UNITS[unit])
    missing = RNG.uniform(size=gaps.shape) < 0.2
    missing[:, 0] &= ~missing.all(axis=1)
    gaps[missing] = np.nan
    table = CONTAINERS[container](gaps)
    imputer = DenoisingImputer(make(max_iter=10), n_estimators=2, random_state=0)
    # scikit-learn looks for infinity by a sum, which may overflow both ways.
    with np.errstate(invalid="ignore"):
        filled = imputer.fit(table).transform(table)
        draws = imputer.sample(table, 2, random_state=0)
    for result in (filled, *draws):
        filled = np.asarray(result)
        assert filled.dtype == np.float64
        assert np.isfinite(filled).all()
        assert_array_equal(filled[~missing], gaps[~missing])
        assert len(np.unique(filled[missing])) > 0.9 * missing.sum()


@pytest.mark.parametrize("name", ["time stamps", "tiny", "huge"])
def test_tables_with_gaps_are_filled_as_finely_as_the_net_does(name):
    unit = UNITS[name]
    frame = pd.DataFrame({"a": in_units(X[:, 0], unit), "b": in_units(X[:, 1], unit)})
    frame["kind"] = np.where(X[:, 0] > 0, "u", "v")
    frame.loc[::4, "a"] = np.nan
    dae = make(TabularDenoisingAutoencoder, numeric_scaling="standard")
    imputer = DenoisingImputer(dae, n_estimators=1, random_state=0).fit(frame)
    for filled in (imputer.transform(frame), *imputer.sample(frame, 1, 0)):
        assert filled["a"].dtype == np.float64
        assert len(np.unique(filled["a"][::4])) > 0.9 * len(filled["a"][::4])


# -- reconstructions ----------


def results_of(estimator, rows):
    """Return all that comes back in the units of the data, and the codes."""
    restored = [estimator.denoise(rows)]
    estimator.set_params(features="reconstruction")
    restored.append(estimator.transform(rows))
    if hasattr(estimator, "inverse_transform"):
        restored.append(estimator.inverse_transform(restored[1]))
    estimator.set_params(features="code")
    codes = [estimator.transform(rows)]
    if hasattr(estimator, "inverse_transform"):
        restored.append(estimator.inverse_transform(codes[0]))
    estimator.set_params(features="layers")
    codes.append(estimator.transform(rows))
    if hasattr(estimator, "inverse_transform"):
        restored.append(estimator.inverse_transform(codes[1]))
    return restored, codes


@pytest.mark.parametrize("cls", AUTOENCODERS)
@by_type
def test_reconstructions_have_the_type_of_the_rows(cls, given, wanted):
    rows = (3 * np.abs(X)).astype(given)
    restored, codes = results_of(make(cls).fit(rows), rows)
    for result in restored:
        assert result.dtype == wanted
        assert_array_equal(result, restored[0])
    for result in codes:
        assert result.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "make_rows",
    [sp.csr_array, CONTAINERS["pandas"], CONTAINERS["polars"]],
    ids=["csr", "pandas", "polars"],
)
@pytest.mark.parametrize("cls", AUTOENCODERS)
def test_reconstructions_of_any_container_have_a_type(cls, make_rows, dtype):
    rows = make_rows(X.astype(dtype))
    restored, _ = results_of(make(cls).fit(rows), rows)
    assert {result.dtype.name for result in restored} == {dtype}


@pytest.mark.parametrize("cls", NETS)
@pytest.mark.parametrize("features", ["code", "layers", "reconstruction"])
def test_a_pipeline_behind_a_scaler_loses_nothing(cls, features):
    pipeline = make_pipeline(StandardScaler(), make(cls, features=features))
    rows = in_units(X, UNITS["time stamps"])
    restored = pipeline.fit(rows).inverse_transform(pipeline.transform(rows))
    assert restored.dtype == np.float64
    of_net = pipeline[-1].denoise(pipeline[0].transform(rows))
    assert n_distinct(restored) == n_distinct(of_net)
    assert min(n_distinct(restored)) > 0.9 * len(X)
    scaled = StandardScaler().fit(X).inverse_transform(of_net)
    assert_allclose((restored - 1.7e9) / 50, scaled, atol=1e-5)


@pytest.mark.parametrize("penalty", ["variational", "adversarial"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_are_drawn_have_the_type_of_the_rows(penalty, dtype):
    dae = make(penalty=penalty).fit(X.astype(dtype))
    assert dae.sample(3, random_state=0).dtype == dtype


@pytest.mark.parametrize(
    "cls", [DenoisingAutoencoder, MarginalizedDenoisingAutoencoder]
)
def test_the_type_is_that_of_the_last_fit_and_of_the_first_partial_fit(cls):
    narrow = X.astype(np.float32)
    estimator = make(cls).fit(X)
    assert estimator.denoise(narrow).dtype == np.float64
    assert estimator.fit(narrow).denoise(X).dtype == np.float32
    estimator = make(cls).partial_fit(X).partial_fit(narrow)
    assert estimator.denoise(X).dtype == np.float64
    estimator = make(cls).partial_fit(narrow).partial_fit(X)
    assert estimator.denoise(X).dtype == np.float32


def test_a_failed_fit_leaves_the_type():
    dae = make().fit(X)
    with pytest.raises(ValueError, match="noise_level"):
        dae.set_params(noise_level=[1.0]).fit(X.astype(np.float32))
    assert dae.denoise(X).dtype == np.float64


@pytest.mark.parametrize("features", ["code", "reconstruction"])
@pytest.mark.parametrize("cls", AUTOENCODERS)
def test_tags_tell_which_types_are_kept(cls, features):
    kept = make(cls, features=features).__sklearn_tags__().transformer_tags
    for dtype in kept.preserves_dtype:
        rows = X.astype(dtype)
        assert make(cls, features=features).fit_transform(rows).dtype == dtype
    assert ("float64" in kept.preserves_dtype) == (features == "reconstruction")


@pytest.mark.parametrize("copy", ["pickle", "file"])
def test_the_type_is_saved(copy, tmp_path):
    def copy_of(estimator):
        if copy == "pickle":
            return pickle.loads(pickle.dumps(estimator))
        sk_dae.save(estimator, tmp_path / "model.safetensors")
        return sk_dae.load(tmp_path / "model.safetensors")

    huge = in_units(X, UNITS["huge"])
    for estimator, rows in (
        *((make(cls).fit(X), X) for cls in AUTOENCODERS),
        (make(TabularDenoisingAutoencoder).fit(huge), huge),
    ):
        found = copy_of(estimator).denoise(rows)
        assert found.dtype == np.float64
        assert_array_equal(found, estimator.denoise(rows))
    model = make_regressor().fit(X, huge[:, 0])
    assert_array_equal(copy_of(model).predict(X), model.predict(X))
