"""Tables on their way to the net: their kinds, what is new, and indicators."""

import datetime
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.frozen import FrozenEstimator

from sk_dae import (
    BlockNoise,
    ComposeNoise,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    GaussianNoise,
    MaskingNoise,
    MultiScaleNoise,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.tables.encoder import TableEncoder

N = 40
HIDES = MaskingNoise(0.2, fill_value=np.nan)


def tabular(**params):
    return TabularDenoisingAutoencoder(
        **{
            "n_components": 3,
            "hidden_layer_sizes": (8,),
            "max_iter": 1,
            "random_state": 0,
            "device": "cpu",
            **params,
        }
    )


def table(kind, container=pd.DataFrame):
    size = np.arange(float(N))
    return container({"kind": [*kind] * (N // len(kind)), "size": size})


def predictor(cls, autoencoder):
    y = np.arange(N) % 2
    model = cls(autoencoder, max_iter=1, random_state=0)
    return lambda X: model.fit(X, y), model


def fit_tabular(**params):
    dae = tabular(**params)
    return dae.fit, dae


def fit_imputer(**params):
    imputer = DenoisingImputer(tabular(**params), n_estimators=1, random_state=0)
    return imputer.fit, imputer


#: Estimators that read tables, as a function that fits, and a fitted estimator.
ESTIMATORS = {
    "tabular": fit_tabular,
    "imputer": fit_imputer,
    "classifier": lambda **params: predictor(
        DenoisingAutoencoderClassifier, tabular(**params)
    ),
    "regressor": lambda **params: predictor(
        DenoisingAutoencoderRegressor, tabular(**params)
    ),
}
METHODS = {
    "tabular": [
        *("transform", "denoise", "reconstruction_error", "score_samples", "score"),
        "partial_fit",
    ],
    "imputer": ["transform", "sample"],
    "classifier": ["predict", "predict_proba"],
    "regressor": ["predict"],
}
ENTRIES = [(name, method) for name, methods in METHODS.items() for method in methods]


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(("name", "method"), ENTRIES)
def test_column_of_another_kind_is_refused_by_every_method(name, method, container):
    fit, estimator = ESTIMATORS[name](categorical_features=["kind"])
    fit(table([10, 20, 30, 40], container))
    message = "Column kind was categorical, of number values, in fit, got str values"
    with pytest.raises(ValueError, match=message):
        getattr(estimator, method)(table(["10", "20", "30", "40"], container))
    getattr(estimator, method)(table([10.0, 20.0, 30.0, 40.0], container))


# With any value, training may warn of categories that it has to leave out.
@pytest.mark.filterwarnings("ignore:Categories that the first call:UserWarning")
@pytest.mark.parametrize(("name", "method"), ENTRIES)
def test_new_categories_are_taken_reported_or_refused(name, method):
    X, new = table(["a", "b"]), table(["a", "new"])
    message = r"Categories that were not there in fit, in kind \('new'\)"
    for handle_unknown in ("ignore", "warn", "error"):
        fit, estimator = ESTIMATORS[name](handle_unknown=handle_unknown)
        fit(X)
        call = getattr(estimator, method)
        if handle_unknown == "ignore":
            call(new)
        elif handle_unknown == "warn":
            with pytest.warns(UserWarning, match=message):
                call(new)
        else:
            with pytest.raises(ValueError, match=message):
                call(new)
        call(X)


def test_unknown_may_be_refused_after_the_fit():
    dae = tabular().fit(table(["a", "b"]))
    dae.set_params(handle_unknown="error")
    with pytest.raises(ValueError, match="kind"):
        dae.transform(table(["a", "c"]))
    dae.set_params(handle_unknown="no")
    with pytest.raises(ValueError, match="handle_unknown must be"):
        dae.transform(table(["a", "c"]))


def test_refusal_in_partial_fit_and_warm_start_leaves_the_fit_as_it_was():
    X = table(["a", "b"])
    dae = tabular(handle_unknown="error", warm_start=True).fit(X)
    before = dae.transform(X)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="not there in fit"):
            getattr(dae, method)(table(["a", "c"]))
    np.testing.assert_array_equal(dae.transform(X), before)


def test_frozen_autoencoder_refuses_what_is_new():
    dae = tabular(handle_unknown="error").fit(table(["a", "b"]))
    model = DenoisingAutoencoderClassifier(FrozenEstimator(dae), max_iter=1)
    with pytest.raises(ValueError, match="not there in fit"):
        model.fit(table(["a", "c"]), np.arange(N) % 2)


def test_score_refuses_a_column_of_another_kind():
    dae = tabular().fit(pd.DataFrame({"born": pd.date_range("2020", periods=N)}))
    zoned = pd.DataFrame({"born": pd.date_range("2020", periods=N, tz="UTC")})
    with pytest.raises(ValueError, match="born was naive datetime in fit, got aware"):
        dae.score(zoned)


def hide(X, generator):
    X[:, 0] = torch.nan
    return X


CORRUPTIONS = {
    "masking": HIDES,
    "string": "masking",
    "block": BlockNoise(0.2, fill_value=np.nan),
    "multi-scale": MultiScaleNoise(),
    "composed": ComposeNoise([HIDES]),
    "composed of two": ComposeNoise([SwapNoise(0.1), HIDES]),
    "one of two": ComposeNoise([SwapNoise(0.1), HIDES], one_of=True),
    "nested": ComposeNoise([ComposeNoise([SwapNoise(0.1), ComposeNoise([HIDES])])]),
    "tuple": ComposeNoise((HIDES,)),
    "callable": hide,
    "partial": partial(hide),
}
NUMBERS = np.random.RandomState(0).normal(size=(N, 4))
MODELS = {
    "tabular": lambda corruption: tabular(corruption=corruption).fit(NUMBERS),
    "imputer": lambda corruption: (
        DenoisingImputer(tabular(corruption=corruption), n_estimators=1)
        .fit(NUMBERS)
        .estimators_[0]
    ),
    "classifier": lambda corruption: (
        DenoisingAutoencoderClassifier(tabular(corruption=corruption), max_iter=1)
        .fit(NUMBERS, np.arange(N) % 2)
        .autoencoder_
    ),
    "fine-tuning": lambda corruption: (
        DenoisingAutoencoderClassifier(tabular(), corruption=corruption, max_iter=1)
        .fit(NUMBERS, np.arange(N) % 2)
        .autoencoder_
    ),
    "fine-tuning of a regressor": lambda corruption: (
        DenoisingAutoencoderRegressor(tabular(), corruption=corruption, max_iter=1)
        .fit(NUMBERS, np.arange(N))
        .autoencoder_
    ),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_hides_cells_has_indicators_of_missing_values(name, model):
    autoencoder = MODELS[model](CORRUPTIONS[name])
    assert autoencoder.net_.module_.n_features == 8
    assert autoencoder._table.indicated == (True,) * 4


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "corruption",
    ["swap", SwapNoise(0.1), MaskingNoise(0.2), ComposeNoise([GaussianNoise()])],
    ids=repr,
)
def test_what_hides_no_cells_has_no_indicators(corruption, model):
    autoencoder = MODELS[model](corruption)
    assert autoencoder.net_.module_.n_features == 4


def test_hidden_cells_that_a_fitted_module_cannot_tell_are_warned_of():
    X = pd.DataFrame(NUMBERS, columns=list("abcd"))
    X.loc[::5, "b"] = np.nan
    dae = tabular(warm_start=True).fit(X)
    frozen = FrozenEstimator(tabular().fit(X))
    model = DenoisingAutoencoderClassifier(frozen, corruption=HIDES, max_iter=1)
    with pytest.warns(UserWarning, match="no indicators of missing values there: a, c"):
        model.fit(X, np.arange(N) % 2)
    with pytest.warns(UserWarning, match="no indicators of missing values there: a, c"):
        dae.set_params(corruption=HIDES).fit(X)
    tabular(corruption=HIDES, warm_start=True).fit(X).fit(X).partial_fit(X)


@pytest.mark.parametrize(
    "corruption",
    [
        ComposeNoise([None]),
        ComposeNoise(["masking"]),
        ComposeNoise(3),
        ComposeNoise([]),
        MaskingNoise(0.2, fill_value="a"),
        BlockNoise(0.2, fill_value=None),
    ],
    ids=repr,
)
def test_wrong_corruptions_are_refused_as_such(corruption):
    with pytest.raises((TypeError, ValueError), match=r"ComposeNoise|fill_value"):
        tabular(corruption=corruption).fit(NUMBERS)


def test_table_of_all_kinds_of_categories_is_learned():
    kinds = pd.DataFrame(
        {
            "bin": pd.cut(pd.Series(np.arange(float(N))), 3),
            "month": pd.Series(pd.period_range("2020-01", periods=4, freq="M"))
            .iloc[np.arange(N) % 4]
            .array,
            "hour": [datetime.time(i % 3) for i in range(N)],
            "raw": [b"ab"[i % 2 : i % 2 + 1] for i in range(N)],
            "size": np.arange(float(N)),
        }
    )
    kinds.loc[::7, ["bin", "hour"]] = None
    dae = tabular(passthrough=True).fit(kinds)
    restored = dae.denoise(kinds)
    assert restored.dtypes.equals(kinds.dtypes)
    for column in ("bin", "month", "hour", "raw"):
        assert set(restored[column]) <= set(kinds[column].dropna())
    assert "hour_01:00:00" in dae.get_feature_names_out()
    filled = DenoisingImputer(n_estimators=1, random_state=0).fit_transform(kinds)
    assert filled.dtypes.equals(kinds.dtypes)
    assert not filled.isna().any().any()
    known = kinds["hour"].notna()
    pd.testing.assert_frame_equal(filled[known], kinds[known])


def test_categories_by_tuple_names():
    X = table([1, 2])
    X.columns = pd.MultiIndex.from_tuples([("x", "kind"), ("x", "size")])
    dae = tabular(categorical_features=[("x", "kind")]).fit(X)
    assert dae._table.n_categories == (2, 0)
    assert dae.denoise(X).columns.equals(X.columns)


def test_categories_by_a_function_and_in_the_imputer():
    X = table([1, 2])
    X.loc[::5, "kind"] = np.nan
    imputer = DenoisingImputer(
        tabular(categorical_features=lambda X: ["kind"]), n_estimators=1
    )
    assert set(imputer.fit_transform(X)["kind"]) == {1.0, 2.0}


def test_encoder_of_an_older_file_knows_of_time_zones():
    X = pd.DataFrame({"born": pd.date_range("2020", periods=3, tz="UTC")})
    state = dict(vars(TableEncoder().fit(X)))
    del state["_aware"]
    assert TableEncoder.upgrade_state(state, 2)["_aware"] == [True]
