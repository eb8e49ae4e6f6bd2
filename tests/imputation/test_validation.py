"""An imputer validates its rows once in a call, and encodes a table once."""

import numpy as np
import pandas as pd
import pytest

from helpers import record_validations
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    MarginalizedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.tables.encoder import TableEncoder

NUMBERS = DenoisingAutoencoder(4, corruption="conditional_mean", max_iter=2)
TABLES = TabularDenoisingAutoencoder(4, corruption="masking", max_iter=2)


class Plain:
    """An autoencoder that has nothing but a fit and a denoise: the column means."""

    def get_params(self, deep=True):
        """Return no parameters."""
        return {}

    def fit(self, X):
        """Learn the means."""
        self.means = np.nanmean(X, axis=0)
        return self

    def denoise(self, X):
        """Return the means, which are zero, and somewhat of the rows."""
        return np.where(np.isnan(X), self.means, 0.5 * X).astype(np.float32)


def make_numbers(n_samples=200):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, 4))
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    return X


def make_frame(n_samples=200):
    return pd.DataFrame(make_numbers(n_samples), columns=list("abcd"))


def make_mixed(n_samples=200):
    kind = np.random.RandomState(1).choice(["cat", "dog", None], n_samples)
    return make_frame(n_samples).assign(kind=kind)


DATA = pytest.mark.parametrize(
    ("make_X", "autoencoder"),
    [(make_numbers, NUMBERS), (make_frame, NUMBERS), (make_mixed, TABLES)],
    ids=["numbers", "frame", "mixed"],
)


@DATA
def test_rows_are_validated_once(make_X, autoencoder, monkeypatch):
    X = make_X()
    imputer = DenoisingImputer(autoencoder, add_indicator=True, random_state=0)
    validations = record_validations(monkeypatch)
    imputer.fit(X)
    assert 1 <= len(validations) <= 3
    for method in (imputer.transform, imputer.sample):
        validations.clear()
        method(X)
        assert validations == [imputer]


def test_table_is_encoded_once(monkeypatch):
    encode, calls = TableEncoder.transform, []

    def counting(encoder, X):
        calls.append(len(X))
        return encode(encoder, X)

    monkeypatch.setattr(TableEncoder, "transform", counting)
    X = make_mixed()
    imputer = DenoisingImputer(TABLES, n_estimators=3, random_state=0)
    imputer.fit(X)
    assert calls == [200]
    imputer.transform(X[:50])
    assert calls == [200, 50]
    imputer.sample(X[:20], n_imputations=4, random_state=0)
    assert calls == [200, 50, 20]


def test_autoencoder_needs_no_more_than_fit_and_denoise():
    X = make_numbers()
    imputer = DenoisingImputer(Plain(), n_estimators=2, random_state=0).fit(X)
    filled = imputer.transform(X)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    assert [type(member) for member in imputer.estimators_] == [Plain, Plain]


@pytest.mark.parametrize("method", ["fit", "denoise"])
def test_methods_that_a_subclass_defines_are_called(method):
    calls = []

    class Own(DenoisingAutoencoder):
        pass

    def own(self, X):
        calls.append(X.shape)
        return getattr(DenoisingAutoencoder, method)(self, X)

    setattr(Own, method, own)
    X = make_numbers(60)
    params = {"max_iter": 2, "hidden_layer_sizes": (8,)}
    imputer = DenoisingImputer(Own(3, **params), n_estimators=2, random_state=0)
    filled = imputer.fit(X).transform(X)
    assert calls
    imputer.set_params(autoencoder=DenoisingAutoencoder(3, **params))
    np.testing.assert_array_equal(imputer.fit(X).transform(X), filled)


def test_closed_form_serves_as_well():
    X = make_numbers()
    imputer = DenoisingImputer(MarginalizedDenoisingAutoencoder(), random_state=0)
    assert np.isfinite(imputer.fit(X).transform(X)).all()


@DATA
def test_attributes_after_a_failed_fit_are_those_before(make_X, autoencoder):
    X = make_X()
    imputer = DenoisingImputer(autoencoder, n_estimators=1, random_state=0).fit(X)
    before = dict(vars(imputer))
    imputer.min_value = before["min_value"] = np.nan
    with pytest.raises(ValueError, match="min_value"):
        imputer.fit(X)
    assert vars(imputer) == before
