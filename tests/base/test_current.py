"""Parameters that were set after the fit are checked where they are read."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    MarginalizedDenoisingAutoencoder,
    MaskingNoise,
    MultiScaleNoise,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)

X = np.random.RandomState(0).normal(size=(30, 4))

SMALL = {
    "n_components": 3,
    "hidden_layer_sizes": (8,),
    "max_iter": 1,
    "random_state": 0,
}
AUTOENCODERS = {
    "plain": DenoisingAutoencoder(**SMALL),
    "stacked": StackedDenoisingAutoencoder(**SMALL, pretrain_max_iter=1),
    "tabular": TabularDenoisingAutoencoder(**SMALL),
    "marginalized": MarginalizedDenoisingAutoencoder(n_layers=1),
}
by_autoencoder = pytest.mark.parametrize("name", AUTOENCODERS)


def fitted(name):
    return clone(AUTOENCODERS[name]).fit(X)


def refused(parameter):
    return pytest.raises(ValueError, match=f"The '{parameter}' parameter of")


@by_autoencoder
def test_features_are_checked_by_all_that_read_them(name):
    dae = fitted(name)
    out = dae.transform(X)
    dae.set_params(features="nonsense")
    with refused("features"):
        dae.transform(X)
    with refused("features"):
        dae.get_feature_names_out()
    if hasattr(dae, "inverse_transform"):
        with refused("features"):
            dae.inverse_transform(out)


def test_features_of_tables_are_no_reconstruction():
    dae = fitted("tabular")
    out = dae.transform(X)
    dae.set_params(features="reconstruction")
    for method, given in (("transform", X), ("inverse_transform", out)):
        with refused("features"):
            getattr(dae, method)(given)
    with refused("features"):
        dae.get_feature_names_out()


def test_passthrough_is_checked_by_all_that_read_it():
    dae = fitted("tabular")
    out = dae.transform(X)
    dae.set_params(passthrough="yes")
    with refused("passthrough"):
        dae.transform(X)
    with refused("passthrough"):
        dae.inverse_transform(out)
    with refused("passthrough"):
        dae.get_feature_names_out()


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("plain", "batch_size", -1),
        ("plain", "verbose", "loud"),
        ("plain", "learning_rate_init", 0.0),
        ("plain", "optimizer", "nonsense"),
        ("plain", "features", "nonsense"),
        ("plain", "alpha", -1.0),
        ("tabular", "batch_size", 0),
        ("tabular", "verbose", -1),
        ("tabular", "mask_loss_weight", -1.0),
        ("marginalized", "alpha", -1.0),
        ("marginalized", "activation", "nonsense"),
        ("marginalized", "features", "nonsense"),
    ],
)
def test_partial_fit_checks_what_was_set_since_the_first_call(name, parameter, value):
    dae = clone(AUTOENCODERS[name]).partial_fit(X)
    before = dae.denoise(X)
    with refused(parameter):
        dae.set_params(**{parameter: value}).partial_fit(X)
    np.testing.assert_array_equal(dae.denoise(X), before)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("add_indicator", "yes"),
        ("keep_empty_features", "yes"),
        ("missing_values", {1}),
    ],
)
@pytest.mark.parametrize("method", ["transform", "sample", "get_feature_names_out"])
def test_imputer_checks_what_says_how_rows_look(method, parameter, value):
    rows = pd.DataFrame(X, columns=list("abcd"))
    rows.iloc[::3, 0] = np.nan
    dae = AUTOENCODERS["plain"]
    imputer = DenoisingImputer(dae, n_estimators=1, random_state=0).fit(rows)
    imputer.set_params(**{parameter: value})
    with refused(parameter):
        getattr(imputer, method)(*([] if "names" in method else [rows]))


@pytest.mark.parametrize(
    ("process", "parameter", "value"),
    [
        (MaskingNoise(0.2), "fill_value", "nothing"),
        (MaskingNoise(0.2), "random_state", "seed"),
        (MultiScaleNoise(), "levels", (-1.0, 2.0)),
        (MultiScaleNoise(), "fractions", (0.5, 2.0)),
    ],
    ids=lambda value: str(value),
)
def test_processes_check_what_they_draw_by(process, parameter, value):
    process = clone(process).fit(X).set_params(**{parameter: value})
    with pytest.raises(ValueError, match=parameter):
        process.transform(X)
