"""Corruption processes: what they change, what they leave, and how they are drawn."""

import inspect
import pickle
import random

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, kstest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_dae.backend.random import seeded_generator
from sk_dae.corruption import (
    CORRUPTIONS,
    BaseCorruption,
    BlockNoise,
    CallableCorruption,
    ComposeNoise,
    ConditionalMeanNoise,
    GaussianNoise,
    MarginalNoise,
    MaskingNoise,
    MultiScaleNoise,
    PoissonNoise,
    SaltAndPepperNoise,
    SpeckleNoise,
    SwapNoise,
    UniformNoise,
    make_corruption,
)
from sk_dae.data.rows import rows_of


class Negate:
    """A function whose name is the same in every test process."""

    def __call__(self, X, generator):
        return -X

    def __repr__(self):
        return "negate"


negate = Negate()


def negate_some(X, generator):
    """Change a cell or not, in place; a function of the module, so that it pickles."""
    chosen = torch.rand(X.shape, generator=generator) < 0.5
    X[chosen] = -X[chosen]
    return X


ADDITIVE = [GaussianNoise, UniformNoise, SpeckleNoise, PoissonNoise]
REPLACING = [
    MaskingNoise,
    SaltAndPepperNoise,
    SwapNoise,
    MarginalNoise,
    ConditionalMeanNoise,
]
# With a level for each feature, if wanted.
LEVELLED = ADDITIVE + REPLACING
ALL = [
    *(cls(0.4) for cls in LEVELLED),
    BlockNoise(0.4),
    BlockNoise(0.4, block_size=1, fill_value=np.nan),
    ComposeNoise([GaussianNoise(0.1), SwapNoise(0.3)]),
    ComposeNoise([GaussianNoise(0.1), SwapNoise(0.3)], probabilities=[0.5, 0.9]),
    ComposeNoise([MarginalNoise(0.9), PoissonNoise(0.3)], one_of=True),
    CallableCorruption(negate_some),
    MultiScaleNoise(),
]


def name_of(value):
    return value.__name__ if isinstance(value, type) else type(value).__name__


every_process = pytest.mark.parametrize("process", ALL, ids=name_of)
every_level = pytest.mark.parametrize("cls", LEVELLED, ids=name_of)


def seeded(process, seed=0):
    return clone(process).set_params(random_state=seed)


def make_X(n_samples=50, n_features=4, missing=0.0, seed=0):
    """Values in [1, 2), so that a zero or a changed sign can only be a corruption."""
    rng = np.random.RandomState(seed)
    X = rng.uniform(1.0, 2.0, size=(n_samples, n_features)).astype(np.float32)
    X[rng.uniform(size=X.shape) < missing] = np.nan
    return X


def global_states():
    return (
        torch.get_rng_state().numpy().tobytes(),
        repr(np.random.get_state()),
        random.getstate(),
    )


def binomial_tolerance(p, n):
    """Five standard deviations of a rate: a right one leaves it once in a million."""
    return 5.0 * np.sqrt(p * (1.0 - p) / n)


# -- scikit-learn's conventions -------------------------------------------------------

# Draws depend on where a row stands: each row has its own.
POSITIONAL = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
}


@parametrize_with_checks(
    [
        # Seeded: of a process that is not, scikit-learn skips what compares two calls.
        *(cls(random_state=0) for cls in LEVELLED),
        BlockNoise(random_state=0),
        ComposeNoise([GaussianNoise(), MaskingNoise()], random_state=0),
        MultiScaleNoise(random_state=0),
        GaussianNoise(),
    ],
)
def test_process_keeps_the_conventions_of_scikit_learn(estimator, check):
    if check.func.__name__ in POSITIONAL and estimator.random_state is not None:
        # As strict as a mark, which would write out what nobody reads, at length.
        with pytest.raises(AssertionError):
            check(estimator)
    else:
        check(estimator)


@parametrize_with_checks([CallableCorruption(negate, random_state=0)])
def test_function_keeps_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_each_string_names_a_class_of_its_own():
    assert all(issubclass(cls, BaseCorruption) for cls in CORRUPTIONS.values())
    assert len(set(CORRUPTIONS.values())) == len(CORRUPTIONS)
    assert set(CORRUPTIONS.values()) == {*LEVELLED, BlockNoise}


@every_process
def test_unfitted_process_says_so(process):
    with pytest.raises(NotFittedError):
        clone(process).transform(make_X())
    with pytest.raises(NotFittedError):
        clone(process).corrupt(torch.ones(2, 4))


@every_process
def test_clone_and_params_round_trip(process):
    copy = clone(process)
    assert repr(copy.get_params()) == repr(process.get_params())
    assert not hasattr(copy.fit(make_X()), "level") or copy.level == process.level


@every_process
def test_pickled_process_draws_the_same(process):
    X = make_X(missing=0.3)
    fitted = seeded(process).fit(X)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.transform(X), fitted.transform(X))


@every_process
def test_feature_names_are_those_of_the_input(process):
    df = pd.DataFrame(make_X(), columns=list("abcd"))
    fitted = seeded(process).fit(df)
    assert list(fitted.feature_names_in_) == list("abcd")
    assert list(fitted.get_feature_names_out()) == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        fitted.transform(df[list("dcba")])


@every_process
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_dataframe_gives_what_its_array_gives(process, container):
    X = make_X()
    columns = list("abcd")
    make = pd.DataFrame if container == "pandas" else pl.DataFrame
    df = make({name: X[:, i] for i, name in enumerate(columns)})
    expected = seeded(process).fit_transform(X)
    actual = seeded(process).set_output(transform=container).fit_transform(df)
    assert isinstance(actual, make)
    assert list(actual.columns) == columns
    np.testing.assert_array_equal(actual.to_numpy(), expected)


def test_processes_stand_in_a_pipeline():
    X = make_X()
    pipeline = make_pipeline(StandardScaler(), MaskingNoise(random_state=0))
    pipeline.set_params(maskingnoise__level=1.0)
    assert not pipeline.fit_transform(X).any()


# -- what every process keeps ---------------------------------------------------------


@every_process
@settings(max_examples=10, deadline=None)
@given(
    n_samples=st.integers(1, 9),
    n_features=st.integers(1, 5),
    missing=st.sampled_from([0.0, 0.5, 1.0]),
    seed=st.integers(0, 2**31 - 2),
)
def test_laws_of_a_corruption(process, n_samples, n_features, missing, seed):
    X = make_X(n_samples, n_features, missing, seed)
    before = X.copy()
    fitted = seeded(process, seed).fit(X)
    rows = torch.from_numpy(X)
    corrupted, mask = fitted.corrupt(rows, seeded_generator(seed), return_mask=True)
    # The input is as it was, and not the output.
    assert X.tobytes() == before.tobytes()
    assert corrupted.data_ptr() != rows.data_ptr()
    # Shape and dtype.
    assert corrupted.shape == mask.shape == rows.shape
    assert corrupted.dtype == torch.float32
    assert mask.dtype == torch.bool
    # Missing cells stay missing, and are never marked. No other becomes missing, but
    # where the process says so; then it is marked.
    assert corrupted[rows.isnan()].isnan().all()
    assert not mask[rows.isnan()].any()
    lost = corrupted.isnan() & ~rows.isnan()
    assert mask[lost].all()
    assert fitted.makes_missing or not lost.any()
    # Cells that are not marked have the same bits.
    assert corrupted[~mask].numpy().tobytes() == X[~mask.numpy()].tobytes()
    # The same generator draws the same, with or without the mask.
    again = fitted.corrupt(rows, seeded_generator(seed))
    assert again.numpy().tobytes() == corrupted.numpy().tobytes()


@every_process
def test_int_random_state_repeats_and_others_differ(process):
    X = make_X()
    fitted = seeded(process, 3).fit(X)
    first = fitted.transform(X)
    np.testing.assert_array_equal(first, fitted.transform(X))
    np.testing.assert_array_equal(first, seeded(process, 3).fit_transform(X))
    assert not np.array_equal(first, fitted.set_params(random_state=4).transform(X))


@every_process
def test_random_state_instance_moves_on(process):
    X = make_X()
    fitted = seeded(process, np.random.RandomState(0)).fit(X)
    assert not np.array_equal(fitted.transform(X), fitted.transform(X))


@every_process
def test_global_random_states_stay(process):
    X = make_X(missing=0.2)
    before = global_states()
    seeded(process).fit(X).transform(X)
    fitted = clone(process).fit_rows(rows_of(X), np.random.RandomState(0))
    fitted.corrupt(torch.from_numpy(X), seeded_generator(0))
    assert global_states() == before


@every_process
def test_random_state_none_takes_one_integer_a_call(process):
    X = make_X()
    process = clone(process)
    if isinstance(process, SwapNoise):
        # A sample that is smaller than X, too.
        process.set_params(n_donors=3)
    np.random.seed(0)
    process.fit(X).transform(X)
    actual = np.random.randint(1000)
    np.random.seed(0)
    np.random.randint(np.iinfo(np.int32).max, size=2)
    assert actual == np.random.randint(1000)


@every_process
def test_transform_gives_float32_and_leaves_X(process):
    X = make_X(missing=0.2).astype(np.float64)
    before = X.copy()
    corrupted = seeded(process).fit_transform(X)
    assert corrupted.dtype == np.float32
    assert not np.shares_memory(corrupted, X)
    np.testing.assert_array_equal(X, before)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def field_of_records(X):
    records = np.zeros(len(X), dtype=[("tag", "i1"), ("x", "f4", X.shape[1])])
    records["x"] = X
    return records["x"]


LAYOUTS = {
    "read-only": read_only,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed rows": lambda X: X[::-1].copy()[::-1],
    "reversed columns": lambda X: X[:, ::-1].copy()[:, ::-1],
    "big-endian": lambda X: X.astype(">f4"),
    "big-endian double": lambda X: X.astype(">f8"),
    "float16": lambda X: X.astype(np.float16),
    "float64": lambda X: X.astype(np.float64),
    "longdouble": lambda X: X.astype(np.longdouble),
    "int64": lambda X: X.astype(np.int64),
    "int8": lambda X: X.astype(np.int8),
    "uint16": lambda X: X.astype(np.uint16),
    "uint32": lambda X: X.astype(np.uint32),
    "uint64": lambda X: X.astype(np.uint64),
    "bool": lambda X: X.astype(bool),
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "records": field_of_records,
}


@every_process
def test_layout_and_dtype_make_no_difference(process):
    process = seeded(process)

    def in_place(X, rows):
        # An autoencoder does this while it trains.
        fitted = clone(process).fit_rows(
            rows_of(X), np.random.RandomState(0), in_place=True
        )
        return fitted.corrupt(torch.from_numpy(rows), seeded_generator(1)).numpy()

    # Small integers: they are exact in all of these dtypes.
    small = np.random.RandomState(0).randint(0, 7, (30, 4)).astype(np.float32)
    for X, layouts in ((small, set(LAYOUTS) - {"bool"}), (small % 2, {"bool"})):
        expected, expected_in_place = process.fit_transform(X), in_place(X, X)
        for layout in sorted(layouts):
            other = LAYOUTS[layout](X)
            actual = process.fit_transform(other)
            np.testing.assert_array_equal(actual, expected, err_msg=layout)
            if isinstance(other, np.ndarray) and other.dtype != object:
                actual = in_place(other, X)
                np.testing.assert_array_equal(actual, expected_in_place, err_msg=layout)


@every_process
def test_layout_of_a_tensor_makes_no_difference(process):
    rows = torch.from_numpy(make_X())
    fitted = seeded(process).fit(rows.numpy())
    transposed = rows.T.contiguous().T
    np.testing.assert_array_equal(
        fitted.corrupt(transposed, seeded_generator(0)),
        fitted.corrupt(rows, seeded_generator(0)),
    )


@every_process
def test_memory_map_is_read_and_not_written(process, tmp_path):
    X = make_X()
    path = tmp_path / "X.dat"
    X.tofile(path)
    mapped = np.memmap(path, dtype=np.float32, mode="r", shape=X.shape)
    actual = seeded(process).fit_transform(mapped)
    np.testing.assert_array_equal(actual, seeded(process).fit_transform(X))
    np.testing.assert_array_equal(np.fromfile(path, np.float32).reshape(X.shape), X)


@every_process
def test_sparse_X_is_corrupted_as_dense(process):
    X = np.random.RandomState(0).binomial(3, 0.2, size=(40, 5)).astype(np.float32)
    process = seeded(process)
    for make, index_dtype in (
        (sp.csr_matrix, np.int32),
        (sp.csr_array, np.int64),
        (sp.csc_matrix, np.int64),
        (sp.csc_array, np.int32),
    ):
        sparse = make(X)
        sparse.indices = sparse.indices.astype(index_dtype)
        sparse.indptr = sparse.indptr.astype(index_dtype)
        # The fits may differ in how they keep donors: one fit, both containers.
        fitted = process.fit(sparse)
        actual = fitted.transform(sparse)
        assert isinstance(actual, np.ndarray)
        np.testing.assert_array_equal(actual, fitted.transform(X), err_msg=make)


@every_process
def test_float64_tensors_stay_float64(process):
    fitted = seeded(process).fit(make_X())
    corrupted = fitted.corrupt(torch.ones(3, 4, dtype=torch.float64))
    assert corrupted.dtype == torch.float64


@every_process
def test_transform_refuses_what_float32_cannot_hold(process):
    X = make_X().astype(np.float64)
    fitted = seeded(process).fit(X)
    for value in (np.inf, -np.inf, 1e300):
        X[3, 1] = value
        for make in (np.asarray, sp.csr_array):
            with pytest.raises(ValueError, match="infinity or a value too large"):
                fitted.transform(make(X))


# -- the level ------------------------------------------------------------------------


@every_level
def test_level_zero_is_the_identity(cls):
    X = make_X(missing=0.1)
    for level in (0, 0.0, np.zeros(4)):
        fitted = cls(level).fit(X)
        corrupted, mask = fitted.corrupt(torch.from_numpy(X), return_mask=True)
        np.testing.assert_array_equal(corrupted, X)
        assert not mask.any()


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, np.float16])
def test_levels_may_be_in_any_sequence(make):
    level = make([0.0, 0.25, 0.5])
    fitted = GaussianNoise(level).fit(make_X(10, 3))
    np.testing.assert_array_equal(fitted.level_, [0.0, 0.25, 0.5])


@every_level
def test_level_per_feature_acts_on_its_feature(cls):
    X = make_X(2000, 3)
    fitted = cls([0.0, 0.25, 0.5], random_state=0).fit(X)
    corrupted, mask = fitted.corrupt(
        torch.from_numpy(X), seeded_generator(0), return_mask=True
    )
    changed = corrupted.numpy() != X
    assert not changed[:, 0].any()
    assert not mask[:, 0].any()
    if cls in REPLACING:
        for j, p in ((1, 0.25), (2, 0.5)):
            rate = mask[:, j].double().mean().item()
            assert rate == pytest.approx(p, abs=binomial_tolerance(p, 2000))
    else:
        assert mask[:, 1:].all()
        spread = (corrupted.numpy() - X).std(axis=0)
        # The level of shot noise is a variance. The standard error of a standard
        # deviation is at most 1.6 %.
        ratio = np.sqrt(2.0) if cls is PoissonNoise else 2.0
        assert spread[2] / spread[1] == pytest.approx(ratio, rel=0.15)


@every_level
def test_number_and_equal_array_mean_the_same(cls):
    X = make_X()
    by_number = cls(0.5, random_state=0).fit_transform(X)
    by_array = cls(np.full(4, 0.5), random_state=0).fit_transform(X)
    np.testing.assert_allclose(by_array, by_number, rtol=1e-6)


WRONG_LEVELS = [
    *(-0.1, np.nan, np.inf, 1e300, "0.1", None, 1j, {"a": 0.1}),
    *([], [0.1, 0.2, 0.3], [[0.1] * 4], ["a", "b", "c", "d"]),
    *([0.1, 0.1, 0.1, wrong] for wrong in (-0.1, np.nan, np.inf, 1e300)),
]


@every_level
def test_wrong_level_is_refused(cls):
    X = make_X()
    for level in WRONG_LEVELS:
        with pytest.raises(ValueError, match=f"(?s)level.*{cls.__name__}"):
            cls(level).fit(X)


@pytest.mark.parametrize("cls", REPLACING, ids=name_of)
def test_fraction_above_one_is_refused(cls):
    message = rf"level of {cls.__name__} must be in \[0, 1"
    for level in (1.0001, [0.5, 0.5, 0.5, 2.0]):
        with pytest.raises(ValueError, match=message):
            cls(level).fit(make_X())


@every_level
def test_any_real_number_is_a_level(cls):
    X = make_X()
    expected = cls(1.0, random_state=0).fit_transform(X)
    for level in (True, 1, np.int64(1), np.float32(1.0)):
        actual = cls(level, random_state=0).fit_transform(X)
        np.testing.assert_array_equal(actual, expected)


def test_estimator_names_its_own_parameter_in_the_error():
    process = make_corruption("masking", 1.5)
    process.level_name = "noise_level"
    with pytest.raises(ValueError, match="noise_level of MaskingNoise"):
        process.fit(make_X())


@every_level
def test_level_by_name_is_that_of_the_array(cls):
    df = pd.DataFrame(make_X(), columns=list("abcd"))
    by_name = cls({"d": 0.5, "b": 0.25}, random_state=0)
    by_index = cls([0.0, 0.25, 0.0, 0.5], random_state=0)
    np.testing.assert_array_equal(by_name.fit_transform(df), by_index.fit_transform(df))
    np.testing.assert_array_equal(by_name.level_, by_index.level_)


def test_level_by_name_needs_names_and_knows_them():
    with pytest.raises(
        ValueError, match="level of MaskingNoise is a dict, which needs"
    ):
        MaskingNoise({"a": 0.5}).fit(make_X())
    df = pd.DataFrame(make_X(), columns=list("abcd"))
    with pytest.raises(ValueError, match="must name features of X, got 'e'"):
        MaskingNoise({"a": 0.5, "e": 0.5}).fit(df)
    with pytest.raises(ValueError, match=r"must be in \[0, 1\]"):
        MaskingNoise({"a": 1.5}).fit(df)
    noise = ComposeNoise([MaskingNoise({"a": 1.0}), GaussianNoise({"b": 1.0})])
    changed = (noise.fit_transform(df) != df).any()
    assert changed.tolist() == [True, True, False, False]


@every_level
def test_scaled_level_is_that_of_a_process_with_this_level(cls):
    X = make_X()
    rows = torch.from_numpy(X)
    for level, factor in ((0.4, 0.0), (0.4, 0.5), ([0.4] * 4, 0.0), ([0.4] * 4, 0.5)):
        scaled = cls(level).fit(X)
        scaled.scale_level(factor)
        other = cls(factor * np.asarray(level, dtype=np.float32)).fit(X)
        np.testing.assert_allclose(
            scaled.corrupt(rows, seeded_generator(0)),
            other.corrupt(rows, seeded_generator(0)),
            rtol=1e-6,
        )
        # A copy is not in the middle of a training.
        assert pickle.loads(pickle.dumps(scaled))._factor == 1.0


@pytest.mark.parametrize("cls", REPLACING, ids=name_of)
@settings(max_examples=10, deadline=None)
@given(level=st.floats(0.0, 1.0), seed=st.integers(0, 2**31 - 2))
def test_rate_of_chosen_cells_is_the_level(cls, level, seed):
    X = torch.ones(500, 20)
    fitted = cls(level).fit(X.numpy())
    _, mask = fitted.corrupt(X, seeded_generator(seed), return_mask=True)
    # Six standard deviations, and one cell for levels next to 0 and 1.
    tolerance = 6.0 * np.sqrt(level * (1.0 - level) / X.numel()) + 1.0 / X.numel()
    assert mask.double().mean().item() == pytest.approx(level, abs=tolerance)


@pytest.mark.parametrize("cls", REPLACING, ids=name_of)
def test_level_one_chooses_every_cell(cls):
    X = make_X(300)
    _, mask = cls(1.0).fit(X).corrupt(torch.from_numpy(X), return_mask=True)
    assert mask.all()


@pytest.mark.parametrize("cls", REPLACING, ids=name_of)
def test_cells_are_chosen_independently(cls):
    X = torch.ones(20_000, 2)
    fitted = cls(0.5).fit(X.numpy())
    _, mask = fitted.corrupt(X, seeded_generator(0), return_mask=True)
    both = mask.all(dim=1).double().mean().item()
    assert both == pytest.approx(0.25, abs=binomial_tolerance(0.25, len(X)))


# -- single processes -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("cls", "variance"), [(GaussianNoise, 0.09), (UniformNoise, 0.03)], ids=str
)
@pytest.mark.parametrize("level", [0.3, [0.3, 0.3]])
def test_moments_of_additive_noise(cls, variance, level):
    X = np.full((20_000, 2), 5.0)
    noise = cls(level, random_state=0).fit_transform(X).astype(np.float64) - 5.0
    n = noise.size
    # Five standard errors: of a mean, sd / sqrt(n); of a variance, at most (for the
    # normal distribution) variance * sqrt(2 / n).
    assert noise.mean() == pytest.approx(0.0, abs=5 * np.sqrt(variance / n))
    assert noise.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / n))
    # Independent columns: the correlation has standard error 1 / sqrt(n).
    correlation = np.corrcoef(noise.T)[0, 1]
    assert abs(correlation) < 5 / np.sqrt(len(noise))


def test_gaussian_noise_is_gaussian_and_uniform_noise_uniform():
    X = np.zeros((20_000, 1))
    gaussian = GaussianNoise(1.0, random_state=0).fit_transform(X)
    uniform = UniformNoise(1.0, random_state=0).fit_transform(X)
    tolerance = binomial_tolerance(0.5, len(X))
    assert (abs(gaussian) < 0.67449).mean() == pytest.approx(0.5, abs=tolerance)
    assert (abs(uniform) < 0.5).mean() == pytest.approx(0.5, abs=tolerance)
    assert abs(gaussian).max() > 3.0
    assert 0.99 < abs(uniform).max() <= 1.0


@pytest.mark.parametrize(("value", "level"), [(2.0, 0.3), (0.25, 0.3), (7.0, 0.01)])
@pytest.mark.parametrize("per_feature", [False, True])
def test_moments_of_noise_that_depends_on_the_signal(value, level, per_feature):
    X = np.full((20_000, 2), value)
    given = [level, level] if per_feature else level
    for cls, variance in (
        (SpeckleNoise, (level * value) ** 2),
        (PoissonNoise, level * value),
    ):
        noisy = cls(given, random_state=0).fit_transform(X).astype(np.float64)
        n = noisy.size
        assert noisy.mean() == pytest.approx(value, abs=5 * np.sqrt(variance / n))
        # The kurtosis of counts exceeds that of the normal distribution by the
        # reciprocal of their mean.
        excess = level / value if cls is PoissonNoise else 0.0
        assert noisy.var() == pytest.approx(variance, rel=5 * np.sqrt((2 + excess) / n))
        correlation = np.corrcoef(noisy.T)[0, 1]
        assert abs(correlation) < 5 / np.sqrt(len(noisy))


@pytest.mark.parametrize("cls", [SpeckleNoise, PoissonNoise])
def test_zero_has_no_noise_that_depends_on_the_signal(cls):
    X = np.zeros((50, 3))
    assert not cls(0.5, random_state=0).fit_transform(X).any()


@pytest.mark.parametrize("level", [0.25, [0.25, 0.5]])
def test_shot_noise_makes_counts(level):
    X = np.random.RandomState(0).uniform(0, 3, size=(100, 2))
    counts = PoissonNoise(level, random_state=0).fit_transform(X) / level
    np.testing.assert_array_equal(counts, counts.round())


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_shot_noise_refuses_negative_values(make):
    X = make_X()
    fitted = PoissonNoise().fit(X)
    X[1, 2] = -0.5
    for call in (PoissonNoise().fit, fitted.transform):
        with pytest.raises(ValueError, match=r"PoissonNoise.* got -0\.5"):
            call(make(X))
    # Behind a process that makes some, they count as zero.
    noise = ComposeNoise([GaussianNoise(9.0), PoissonNoise(0.1)], random_state=0)
    noisy = noise.fit_transform(make_X())
    assert (noisy >= 0).all()
    assert (noisy == 0).any()


@pytest.mark.parametrize(
    ("shape", "block_size", "expected"),
    [
        (None, "auto", (6,)),
        (None, 3, (3,)),
        ((4, 6), "auto", (1, 2)),
        ((4, 6), 2, (2, 2)),
        ((4, 6), (3, None), (3, 6)),
        ([4, 3, 2], [2, 2, None], (2, 2, 2)),
        ((4, 6), (9, 2), (4, 2)),
    ],
)
@pytest.mark.parametrize("level", [0.0, 0.1, 0.6])
def test_each_cell_is_covered_by_blocks_as_often_as_the_level_says(
    shape, block_size, expected, level
):
    X = torch.ones(8000, 24)
    fitted = BlockNoise(level, shape=shape, block_size=block_size).fit(X.numpy())
    assert fitted.block_size_ == expected
    corrupted, mask = fitted.corrupt(X, seeded_generator(0), return_mask=True)
    rates = mask.double().mean(dim=0).numpy()
    # At the edges too.
    tolerance = 5 * np.sqrt(level * (1 - level) / len(X))
    np.testing.assert_allclose(rates, level, atol=tolerance)
    np.testing.assert_array_equal(corrupted == 0, mask)


def test_blocks_are_connected_and_of_their_size():
    X = torch.ones(3000, 36)
    fitted = BlockNoise(0.02, shape=(6, 6), block_size=(2, 3)).fit(X.numpy())
    _, mask = fitted.corrupt(X, seeded_generator(0), return_mask=True)
    images = mask.view(-1, 6, 6).numpy()
    inside = images[images[:, 0].sum(axis=1) + images[:, -1].sum(axis=1) == 0]
    sizes = inside.reshape(len(inside), -1).sum(axis=1)
    sizes = sizes[(inside[:, :, [0, -1]].sum(axis=(1, 2)) == 0) & (sizes > 0)]
    # Away from the edges, and mostly one to an image.
    assert (sizes == 6).mean() > 0.9
    bands = BlockNoise(0.3, shape=(6, 6), block_size=(2, None)).fit(X.numpy())
    _, mask = bands.corrupt(X, seeded_generator(0), return_mask=True)
    rows = mask.view(-1, 6, 6)
    assert (rows.all(dim=2) | ~rows.any(dim=2)).all()


def test_blocks_of_one_cell_are_masking_noise():
    X = torch.ones(20_000, 2)
    fitted = BlockNoise(0.5, block_size=1).fit(X.numpy())
    _, mask = fitted.corrupt(X, seeded_generator(0), return_mask=True)
    both = mask.all(dim=1).double().mean().item()
    assert both == pytest.approx(0.25, abs=binomial_tolerance(0.25, len(X)))


def test_blocks_scale_with_a_schedule():
    X = torch.ones(2000, 24)
    fitted = BlockNoise(0.5).fit(X.numpy())
    fitted.scale_level(0.2)
    _, mask = fitted.corrupt(X, seeded_generator(0), return_mask=True)
    assert mask.double().mean().item() == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"level": 1.0}, "level"),
        ({"level": [0.1] * 24}, "level"),
        ({"level": {"a": 0.1}}, "level"),
        ({"shape": (5, 5)}, "shape of BlockNoise .* 24"),
        ({"shape": (4, -6)}, "shape of BlockNoise"),
        ({"shape": (4.0, 6)}, "shape of BlockNoise"),
        ({"block_size": 0}, "block_size"),
        ({"block_size": (2, 2)}, "block_size of BlockNoise"),
        ({"shape": (4, 6), "block_size": (2, "all")}, "block_size of BlockNoise"),
        ({"block_size": "half"}, "block_size"),
    ],
    ids=str,
)
def test_wrong_parameters_of_blocks_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        BlockNoise(**params).fit(np.ones((3, 24)))


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_marginal_noise_has_the_distribution_of_each_column(make):
    rng = np.random.RandomState(0)
    X = np.column_stack([rng.exponential(size=5000), rng.binomial(1, 0.3, size=5000)])
    drawn = MarginalNoise(1.0, random_state=0).fit(make(X)).transform(make(X))
    # Two samples of 5000: a distance of 0.04 happens once in a thousand times.
    assert ks_2samp(drawn[:, 0], X[:, 0]).statistic < 0.04
    # Values in between are drawn at the one step alone.
    assert np.isin(drawn[:, 1], [0, 1]).mean() > 0.998
    assert drawn[:, 1].mean() == pytest.approx(0.3, abs=binomial_tolerance(0.3, 5000))
    # Nothing is left of what the columns had to do with one another.
    assert abs(np.corrcoef(drawn[:, 0], X[:, 0])[0, 1]) < 5 / np.sqrt(5000)


def test_marginal_noise_draws_straight_lines_between_quantiles():
    X = np.array([[0.0], [1.0], [1.0], [4.0]])
    noise = MarginalNoise(1.0, n_quantiles=2, random_state=0).fit(X)
    drawn = noise.transform(np.zeros((5000, 1)))[:, 0]
    assert kstest(drawn / 4, "uniform").pvalue > 1e-3
    noise = MarginalNoise(1.0, n_quantiles=3, random_state=0).fit(X)
    drawn = noise.transform(np.zeros((5000, 1)))[:, 0]
    # Half of them from [0, 1], the others from [1, 4].
    levels = np.interp(drawn, [0.0, 1.0, 4.0], [0.0, 0.5, 1.0])
    assert kstest(levels, "uniform").pvalue > 1e-3


def test_marginal_noise_leaves_out_what_is_missing():
    X = make_X(100, 3, missing=0.3)
    X[:, 2] = np.nan
    fitted = MarginalNoise(1.0, random_state=0).fit(X)
    assert np.isnan(fitted.quantiles_[:, 2]).all()
    drawn = fitted.transform(np.ones((50, 3)))
    assert ((1 < drawn[:, :2]) & (drawn[:, :2] < 2)).all()
    # Nothing to draw from.
    assert (drawn[:, 2] == 1).all()


def test_quantiles_are_bounded(monkeypatch):
    X = make_X(500)
    assert MarginalNoise(n_quantiles=7).fit(X).quantiles_.shape == (7, 4)
    assert MarginalNoise().fit(X[:3]).quantiles_.shape == (3, 4)
    assert MarginalNoise().fit(X[:1]).quantiles_.shape == (2, 4)
    module = inspect.getmodule(MarginalNoise)
    assert module.QUANTILE_BYTES <= 2**26
    monkeypatch.setattr(module, "QUANTILE_BYTES", 2**12)
    for wide in (sp.csr_array((100, 2**6)), np.zeros((100, 2**6))):
        quantiles = MarginalNoise().fit(wide).quantiles_
        assert quantiles.nbytes <= 2**12
        assert quantiles.shape == (2**4, 2**6)
    with pytest.raises(ValueError, match="n_quantiles"):
        MarginalNoise(n_quantiles=1).fit(X)


@pytest.mark.parametrize(("probabilities", "rate"), [([0.2, 0.5], 0.6), ([0, 1], 1.0)])
def test_processes_act_on_rows_with_their_probability(probabilities, rate):
    X = torch.ones(20_000, 2)
    noise = ComposeNoise(
        [GaussianNoise(1.0), MaskingNoise(1.0)], probabilities=probabilities
    ).fit(X.numpy())
    corrupted, mask = noise.corrupt(X, seeded_generator(0), return_mask=True)
    # A row as a whole.
    assert (mask[:, 0] == mask[:, 1]).all()
    acted = mask[:, 0].double().mean().item()
    assert acted == pytest.approx(rate, abs=binomial_tolerance(rate, len(X)) + 1e-9)
    masked = (corrupted == 0).all(dim=1).double().mean().item()
    tolerance = binomial_tolerance(probabilities[1], len(X)) + 1e-9
    assert masked == pytest.approx(probabilities[1], abs=tolerance)


@pytest.mark.parametrize("probabilities", [None, [0.5, 0.5], [0.3, 0.3]])
def test_one_of_several_acts_on_a_row(probabilities):
    X = torch.ones(20_000, 2)
    noise = ComposeNoise(
        [MaskingNoise(1.0), MaskingNoise(1.0, fill_value=5.0)],
        probabilities=probabilities,
        one_of=True,
    ).fit(X.numpy())
    corrupted = noise.corrupt(X, seeded_generator(0))
    p = 0.5 if probabilities is None else probabilities[0]
    for value, rate in ((0.0, p), (5.0, p), (1.0, 1 - 2 * p)):
        found = (corrupted == value).all(dim=1).double().mean().item()
        tolerance = 5 * np.sqrt(rate * (1 - rate) / len(X)) + 1e-9
        assert found == pytest.approx(rate, abs=tolerance)


@pytest.mark.parametrize(
    ("probabilities", "one_of"),
    [
        *(([0.5], False), ([0.5, 1.5], False), ([-0.1, 0.5], False)),
        *(([np.nan, 0.5], False), (["a", "b"], False), ([0.7, 0.7], True)),
    ],
)
def test_wrong_probabilities_are_refused(probabilities, one_of):
    noise = ComposeNoise(
        [MaskingNoise(), GaussianNoise()], probabilities=probabilities, one_of=one_of
    )
    with pytest.raises(ValueError, match="probabilities of ComposeNoise"):
        noise.fit(make_X())


@pytest.mark.parametrize("level", [0.3, [0.3] * 4])
@pytest.mark.parametrize("fill_value", [0.0, -1, np.float64(2.5), np.int64(3)])
def test_masked_cells_take_the_fill_value(level, fill_value):
    X = make_X(200)
    fitted = MaskingNoise(level, fill_value=fill_value).fit(X)
    corrupted, mask = fitted.corrupt(torch.from_numpy(X), return_mask=True)
    assert 0 < mask.sum() < mask.numel()
    assert (corrupted[mask] == float(fill_value)).all()


def test_cells_may_be_masked_as_missing():
    X = make_X()
    fitted = MaskingNoise(0.5, fill_value=np.nan, random_state=0).fit(X)
    corrupted = fitted.transform(X)
    missing = np.isnan(corrupted)
    assert missing.mean() == pytest.approx(0.5, abs=0.1)
    assert (corrupted[~missing] == X.astype(np.float32)[~missing]).all()


@pytest.mark.parametrize("fill_value", [np.inf, 1e300, "0", None])
def test_wrong_fill_value_is_refused(fill_value):
    with pytest.raises(ValueError, match="fill_value"):
        MaskingNoise(fill_value=fill_value).fit(make_X())


EXTREMES_X = np.array(
    [[3.0, -1.0, np.nan], [5.0, -2.0, np.nan], [4.0, np.nan, np.nan]], dtype=np.float32
)
POSITIVE_X = np.array([[3.0, np.nan], [5.0, np.nan]])


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(
    ("X", "extremes", "low", "high"),
    [
        (EXTREMES_X, "feature", [3, -2, 0], [5, -1, 0]),
        (EXTREMES_X, "data", [-2] * 3, [5] * 3),
        (EXTREMES_X, (0, 1), [0] * 3, [1] * 3),
        (EXTREMES_X, (np.int64(-3), np.float32(0.5)), [-3] * 3, [0.5] * 3),
        (EXTREMES_X, (2, 2), [2] * 3, [2] * 3),
        # A column that nothing is observed in has no say in the extremes of the data.
        (POSITIVE_X, "data", [3] * 2, [5] * 2),
        (np.array([[0, 2], [1, 2]]), "feature", [0, 2], [1, 2]),
        (np.array([[0, 2], [1, 2]]), "data", [0, 0], [2, 2]),
        (np.array([[-1, 0], [-1, 0]]), "feature", [-1, 0], [-1, 0]),
        (np.array([[True, False], [True, True]]), "feature", [1, 0], [1, 1]),
    ],
    ids=str,
)
def test_extremes_of_salt_and_pepper(X, extremes, low, high, make):
    fitted = SaltAndPepperNoise(extremes=extremes).fit(make(X))
    np.testing.assert_array_equal(fitted.extremes_, np.array([low, high], np.float32))
    assert fitted.extremes_.dtype == np.float32


@pytest.mark.parametrize(
    "extremes",
    [
        *((1, 0), (0, 1, 2), (0,), (), (np.nan, 1), (0, np.nan), (0, np.inf)),
        *((-np.inf, 0), (0, 1e300), ("a", "b"), (None, 1), (np.zeros(2), np.ones(2))),
        *("min", 3),
    ],
    ids=repr,
)
def test_wrong_extremes_are_refused(extremes):
    with pytest.raises(ValueError, match=r"extremes.*SaltAndPepperNoise"):
        SaltAndPepperNoise(extremes=extremes).fit(make_X())


@pytest.mark.parametrize("level", [0.4, [0.4, 0.4]])
def test_salt_is_as_frequent_as_pepper(level):
    X = torch.full((10_000, 2), 0.5)
    fitted = SaltAndPepperNoise(level, extremes=(-1, 1)).fit(X.numpy())
    corrupted, mask = fitted.corrupt(X, seeded_generator(0), return_mask=True)
    assert (corrupted[mask].abs() == 1).all()
    for extreme in (-1, 1):
        rate = (corrupted == extreme).double().mean().item()
        assert rate == pytest.approx(0.2, abs=binomial_tolerance(0.2, X.numel()))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("in_place", [False, True])
def test_swapped_cells_take_training_values_of_their_column(missing, in_place):
    X = make_X(100, 3, missing)
    # Columns that share no value.
    X += np.arange(3, dtype=np.float32) * 10
    fitted = SwapNoise(1.0).fit_rows(
        rows_of(X), np.random.RandomState(0), in_place=in_place
    )
    new = torch.full((500, 3), -1.0)
    corrupted = fitted.corrupt(new, seeded_generator(0)).numpy()
    for j in range(3):
        observed = X[~np.isnan(X[:, j]), j]
        assert np.isin(corrupted[:, j], observed).all()
        # 500 draws of 100 values leave out a given one with a probability of 0.7 %.
        assert len(np.unique(corrupted[:, j])) > 0.9 * len(observed)


def test_swap_forgets_the_training_rows_but_for_a_sample():
    X = make_X(200, 2)
    state = np.random.RandomState(0)
    fitted = SwapNoise(1.0, n_donors=10).fit_rows(rows_of(X), state, in_place=True)
    rows = torch.zeros(2000, 2)
    during = fitted.corrupt(rows, seeded_generator(0)).numpy()
    assert len(np.unique(during[:, 0])) > 150
    fitted.forget_rows(rows_of(X), state)
    after = fitted.corrupt(rows, seeded_generator(0)).numpy()
    assert len(np.unique(after[:, 0])) == 10
    assert len(pickle.dumps(fitted)) < X.nbytes + 4000
    assert not np.shares_memory(fitted._donors.rows.numpy(), X)


def test_swap_in_place_holds_X_once():
    X = make_X(200, 2)
    fitted = SwapNoise().fit_rows(rows_of(X), np.random.RandomState(0), in_place=True)
    assert np.shares_memory(fitted._donors.rows.numpy(), X)


@pytest.mark.parametrize("n_donors", [0, -1, 2.0, None, "all"])
def test_wrong_n_donors_is_refused(n_donors):
    with pytest.raises(ValueError, match="n_donors"):
        SwapNoise(n_donors=n_donors).fit(make_X())


# -- compositions ---------------------------------------------------------------------


def test_composition_applies_in_order():
    X = np.ones((200, 2), dtype=np.float32)
    masked_last = ComposeNoise([UniformNoise(0.5), MaskingNoise(1.0)], random_state=0)
    assert not masked_last.fit_transform(X).any()
    masked_first = ComposeNoise([MaskingNoise(1.0), UniformNoise(0.5)], random_state=0)
    corrupted = masked_first.fit_transform(X)
    assert corrupted.any()
    assert abs(corrupted).max() <= 0.5


def test_composition_marks_what_any_process_chose():
    X = make_X(500, 3)
    processes = [
        MaskingNoise([0.5, 0.0, 0.0], fill_value=-1),
        SaltAndPepperNoise([0.0, 0.5, 0.0], extremes=(-2, -2)),
    ]
    fitted = ComposeNoise(processes).fit(X)
    corrupted, mask = fitted.corrupt(torch.from_numpy(X), return_mask=True)
    np.testing.assert_array_equal(mask, corrupted.numpy() != X)
    assert mask.any(dim=0).tolist() == [True, True, False]


def test_composition_marks_additive_noise_by_its_level():
    X = make_X()
    fitted = ComposeNoise([GaussianNoise([0.1, 0, 0, 0]), UniformNoise(0.0)]).fit(X)
    _, mask = fitted.corrupt(torch.from_numpy(X), return_mask=True)
    assert mask.all(dim=0).tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    "second", [PoissonNoise(0.5), SwapNoise(1.0), GaussianNoise(1.0)], ids=name_of
)
@pytest.mark.parametrize("options", [{}, {"probabilities": [1.0, 0.5]}], ids=str)
def test_what_one_process_makes_missing_the_next_leaves_missing(second, options):
    masking = MaskingNoise(0.3, fill_value=np.nan)
    noise = ComposeNoise([masking, second], random_state=0, **options)
    X = np.full((200, 4), 3.0)
    assert np.isnan(noise.fit_transform(X)).mean() == pytest.approx(0.3, abs=0.05)


def test_composition_of_one_draws_what_it_draws():
    X = make_X(missing=0.2)
    alone = MaskingNoise(0.5, random_state=0).fit_transform(X)
    composed = ComposeNoise([MaskingNoise(0.5)], random_state=0).fit_transform(X)
    np.testing.assert_array_equal(composed, alone)


def test_composition_fits_clones():
    process = MaskingNoise(0.5)
    fitted = ComposeNoise([process]).fit(make_X())
    assert fitted.corruptions_[0] is not process
    assert not hasattr(process, "level_")


def test_composition_names_its_parameters():
    process = ComposeNoise([MaskingNoise(0.1), SwapNoise(0.2), SwapNoise(0.3)])
    params = process.get_params()
    assert params["maskingnoise__level"] == 0.1
    assert params["swapnoise-1__level"] == 0.2
    assert params["swapnoise-2__level"] == 0.3
    own = {"corruptions", "probabilities", "one_of", "random_state"}
    assert set(process.get_params(deep=False)) == own
    process.set_params(maskingnoise__level=0.5, **{"swapnoise-2": GaussianNoise(1)})
    levels = [corruption.level for corruption in process.corruptions]
    assert levels == [0.5, 0.2, 1]
    with pytest.raises(ValueError, match="nothing"):
        process.set_params(gaussiannoise__nothing=1)


def test_composition_sets_parameters_of_the_processes_it_is_handed():
    process = ComposeNoise([GaussianNoise(0.1)])
    process.set_params(maskingnoise__level=0.7, corruptions=[MaskingNoise(0.5)])
    assert [corruption.level for corruption in process.corruptions] == [0.7]


def test_clone_of_a_composition_is_deep():
    process = ComposeNoise([MaskingNoise(0.1)], random_state=3)
    copy = clone(process).set_params(maskingnoise__level=0.9)
    assert process.corruptions[0].level == 0.1
    assert copy.corruptions[0].level == 0.9
    assert copy.random_state == 3


def test_composition_may_be_nested():
    inner = ComposeNoise([MaskingNoise(0.0)])
    outer = ComposeNoise([GaussianNoise(0.1), inner], random_state=0)
    outer.set_params(composenoise__maskingnoise__level=1.0)
    assert not outer.fit_transform(make_X()).any()


def test_composition_forgets_the_training_rows():
    X = make_X(100, 2)
    state = np.random.RandomState(0)
    process = ComposeNoise([SwapNoise(1.0, n_donors=5)])
    fitted = process.fit_rows(rows_of(X), state, in_place=True)
    fitted.forget_rows(rows_of(X), state)
    assert len(fitted.corruptions_[0]._donors.rows) == 5


@pytest.mark.parametrize(
    ("corruptions", "error"),
    [
        ([], ValueError),
        ((), ValueError),
        (GaussianNoise(), ValueError),
        ("gaussian", ValueError),
        (["gaussian"], TypeError),
        ([None], TypeError),
        ([negate], TypeError),
        ([StandardScaler()], TypeError),
    ],
    ids=str,
)
def test_wrong_corruptions_are_refused(corruptions, error):
    process = ComposeNoise(corruptions)
    assert process.get_params()["corruptions"] is corruptions
    with pytest.raises(error, match="corruptions"):
        process.fit(make_X())


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (SwapNoise(n_donors=0), "n_donors"),
        (MaskingNoise(fill_value="a"), "fill_value"),
        (SwapNoise(2.0), "level of SwapNoise"),
        (GaussianNoise("a"), "level"),
    ],
)
def test_parameters_are_checked_where_another_estimator_fits(process, message):
    with pytest.raises(ValueError, match=message):
        ComposeNoise([process]).fit(make_X())
    with pytest.raises(ValueError, match=message):
        make_corruption(process, "auto").fit_rows(
            rows_of(make_X()), np.random.RandomState(0)
        )


# -- functions ------------------------------------------------------------------------


def test_function_gets_rows_and_a_generator():
    seen = []

    def function(X, generator):
        seen.append((X.dtype, tuple(X.shape), generator.device.type))
        return X + torch.rand(X.shape, generator=generator)

    X = make_X()
    process = CallableCorruption(function, random_state=0).fit(X)
    np.testing.assert_array_equal(process.transform(X), process.transform(X))
    assert seen == [(torch.float32, (50, 4), "cpu")] * 2


def test_function_may_modify_its_rows():
    X = make_X(missing=0.2)
    before = X.copy()
    rows = torch.from_numpy(X)
    process = CallableCorruption(negate_some).fit(X)
    corrupted, mask = process.corrupt(rows, seeded_generator(0), return_mask=True)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(mask, corrupted == -rows)
    assert mask.any()


def test_function_that_returns_its_rows_shares_no_memory():
    X = make_X()
    corrupted = CallableCorruption(lambda X, generator: X).fit_transform(X)
    np.testing.assert_array_equal(corrupted, X)
    assert not np.shares_memory(corrupted, X)


def test_result_of_a_function_is_cast_back():
    process = CallableCorruption(lambda X, generator: X.double() * 2).fit(make_X())
    assert process.transform(make_X()).dtype == np.float32
    assert process.draw(torch.ones(2, 4), None)[0].dtype == torch.float32


@pytest.mark.parametrize(
    ("result", "came"),
    [
        (lambda X: X[:1], "Tensor of shape .1, 4."),
        (lambda X: X.T, "Tensor of shape .4, 50."),
        (lambda X: X.numpy(), "ndarray of shape .50, 4."),
        (lambda X: None, "NoneType"),
        (lambda X: (X, X), "tuple"),
    ],
)
def test_wrong_result_of_a_function_is_refused(result, came):
    process = CallableCorruption(lambda X, generator: result(X)).fit(make_X())
    with pytest.raises(ValueError, match=rf"(?s)tensor of the shape.*{came}"):
        process.transform(make_X())


@pytest.mark.parametrize("function", [None, 3, "gaussian"])
def test_what_is_not_callable_is_refused(function):
    with pytest.raises(ValueError, match="function"):
        CallableCorruption(function).fit(make_X())


# -- what an estimator's parameter says -----------------------------------------------


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_string_makes_its_class_with_the_level(name):
    process = make_corruption(name, 0.35)
    assert type(process) is CORRUPTIONS[name]
    assert process.level == 0.35


def test_instance_is_cloned_and_keeps_its_level():
    process = MaskingNoise(0.6).fit(make_X())
    made = make_corruption(process, "auto")
    assert made is not process
    assert made.level == 0.6
    assert not hasattr(made, "level_")


def test_function_is_wrapped_and_none_is_none():
    assert make_corruption(negate, "auto").function is negate
    assert make_corruption(None, "auto") is None


def test_own_process_needs_only_draw():
    class Shift(BaseCorruption):
        def draw(self, X, generator):
            return X + self.level_on(X), None

    X = make_X(missing=0.2)
    process = Shift([0.0, 1.0, 2.0, 3.0]).fit(X)
    corrupted, mask = process.corrupt(torch.from_numpy(X), return_mask=True)
    np.testing.assert_allclose(corrupted, X + np.arange(4), rtol=1e-6)
    np.testing.assert_array_equal(mask, ~np.isnan(X) & (np.arange(4) > 0))


def test_base_class_draws_nothing():
    with pytest.raises(NotImplementedError):
        BaseCorruption(0.1).fit_transform(make_X())


# -- a strength for every row ---------------------------------------------------------


def test_row_gets_noise_or_loses_cells_of_a_strength_of_its_own():
    n_samples, n_features = 4000, 200
    X = torch.zeros(n_samples, n_features)
    noise = MultiScaleNoise((0.1, 1.0), fractions=(0.2, 0.6)).fit(X.numpy())
    corrupted, mask = noise.corrupt(X, seeded_generator(0), return_mask=True)
    lost = corrupted.isnan().double().mean(dim=1)
    noisy = lost == 0
    rate = noisy.double().mean().item()
    assert rate == pytest.approx(0.5, abs=binomial_tolerance(0.5, n_samples))
    assert not corrupted[~noisy].nan_to_num().any()
    assert mask[noisy].all()
    # The estimates from 200 cells scatter by a twentieth of the level, and by 0.035.
    levels = corrupted[noisy].std(dim=1).log10()
    assert levels.min() > -1.15
    assert levels.max() < 0.15
    assert levels.mean().item() == pytest.approx(-0.5, abs=0.04)
    assert lost[~noisy].min() > 0.05
    assert lost[~noisy].max() < 0.78
    assert lost[~noisy].mean().item() == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize(
    "params",
    [
        {"levels": (0.0, 1.0)},
        {"levels": (1.0, 0.5)},
        {"levels": (0.1, 0.2, 0.3)},
        {"levels": ("a", "b")},
        {"levels": (0.1, np.inf)},
        {"levels": (0.1, np.nan)},
        {"fractions": (-0.1, 0.5)},
        {"fractions": (0.5, 1.1)},
        {"fractions": [0.5]},
    ],
    ids=repr,
)
def test_ranges_of_strengths_are_checked(params):
    (name,) = params
    with pytest.raises(ValueError, match=f"{name} of MultiScaleNoise must be a pair"):
        MultiScaleNoise(**params).fit(make_X())


def test_ranges_may_be_points():
    noise = MultiScaleNoise((0.5, 0.5), fractions=(1.0, 1.0)).fit(make_X())
    corrupted = noise.corrupt(torch.zeros(400, 50), seeded_generator(0))
    lost = corrupted.isnan().all(dim=1)
    assert 100 < lost.sum() < 300
    # The standard deviation of 5 000 cells or more, at least.
    assert corrupted[~lost].std().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("noise", [GaussianNoise, MaskingNoise, SwapNoise])
def test_fit_that_fails_leaves_an_earlier_one_as_it_was(noise):
    X = np.random.RandomState(0).normal(size=(20, 4))
    corruption = noise(level={"a": 0.1}, random_state=0)
    with pytest.raises(ValueError, match="feature names"):
        corruption.fit(X)
    with pytest.raises(NotFittedError):
        corruption.transform(X)
    before = corruption.set_params(level=0.1).fit(X).transform(X)
    with pytest.raises(ValueError, match="feature names"):
        corruption.set_params(level={"a": 0.1}).fit(X[:, :3])
    np.testing.assert_array_equal(corruption.transform(X), before)
