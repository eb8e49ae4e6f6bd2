"""The classifiers that the benchmarks compare with."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import SVC, LinearSVC

from _baselines import gradient_boosting, linear_svm, rbf_svm, whitened_linear_svm
from _larochelle import LarochelleSet


@pytest.fixture(scope="module")
def data(digits):
    y = load_digits().target
    order = np.random.RandomState(0).permutation(len(digits))
    parts = (order[:300], order[300:500], order[500:900])
    return LarochelleSet("digits", *(a[part] for part in parts for a in (digits, y)))


def error(model, X, y, data):
    """Return the test error, in percent, after training on some rows."""
    return 100 * np.mean(model.fit(X, y).predict(data.X_test) != data.y_test)


def joined(data):
    X = np.concatenate([data.X_train, data.X_valid])
    return X, np.concatenate([data.y_train, data.y_valid])


def make_rbf(params):
    return SVC(break_ties=True, **params)


def make_linear(params):
    return OneVsOneClassifier(LinearSVC(dual=False, random_state=0, **params))


class Whitener(TransformerMixin, BaseEstimator):
    """Whitens by an eigendecomposition; the mean squared norm becomes one."""

    def __init__(self, shrinkage):
        self.shrinkage = shrinkage

    def fit(self, X, y=None):
        self.means_, self.scales_ = X.mean(axis=0), X.std(axis=0, ddof=1) + 1e-6
        values, vectors = np.linalg.eigh(np.cov(self._scaled(X).T, ddof=0))
        self.map_ = vectors / np.sqrt(values + self.shrinkage)
        Z = self._scaled(X) @ self.map_
        self.map_ /= np.sqrt((Z**2).sum(axis=1).mean())
        return self

    def _scaled(self, X):
        return (X - self.means_) / self.scales_

    def transform(self, X):
        return self._scaled(X) @ self.map_


def make_whitened(params):
    return make_pipeline(
        Whitener(params["shrinkage"]),
        Normalizer() if params["unit_norm"] else "passthrough",
        SVC(kernel="linear", C=params["C"], break_ties=True),
    )


def make_boosting(params):
    return HistGradientBoostingClassifier(
        max_features=0.2, early_stopping=False, random_state=0, **params
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("baseline", "make", "slack"),
    [
        # Kernels in float32 may turn the vote on a row or two.
        pytest.param(rbf_svm, make_rbf, 0.5, id="rbf"),
        pytest.param(linear_svm, make_linear, 0, id="linear"),
        pytest.param(
            partial(whitened_linear_svm, unit_norms=[False]),
            make_whitened,
            0.5,
            id="whitened",
        ),
        pytest.param(
            partial(whitened_linear_svm, unit_norms=[True]),
            make_whitened,
            0.5,
            id="whitened, unit norm",
        ),
        pytest.param(
            partial(gradient_boosting, leaves=(4, 8), rounds=8),
            make_boosting,
            0,
            id="boosting",
        ),
    ],
)
def test_errors_are_those_of_the_chosen_setting(baseline, make, slack, data):
    result = baseline(data)
    assert result.valid == min(error for _, error in result.tried)
    assert (result.params, result.valid) in result.tried
    model = make(result.params)
    rows = (data.X_train, data.y_train)
    assert result.test == pytest.approx(error(model, *rows, data), abs=slack)
    assert result.refit_test == pytest.approx(
        error(model, *joined(data), data), abs=slack
    )
    model.fit(*rows)
    valid = 100 * np.mean(model.predict(data.X_valid) != data.y_valid)
    assert result.valid == pytest.approx(valid, abs=slack)


def test_no_neighbour_of_the_chosen_kernel_is_better(data):
    result = rbf_svm(data)
    tried = {(round(p["C"], 6), p["gamma"]): error for p, error in result.tried}
    C, gamma = result.params["C"], result.params["gamma"]
    around = [
        (C * 10**0.5, gamma),
        (C / 10**0.5, gamma),
        (C, gamma * 2),
        (C, gamma / 2),
    ]
    for C, gamma in around:
        assert tried[round(C, 6), gamma] >= result.valid


@pytest.mark.parametrize(
    "baseline", [rbf_svm, partial(whitened_linear_svm, shrinkages=[0.1], Cs=[1.0])]
)
def test_order_of_classes_does_not_break_ties(baseline, data):
    """Classes that nothing tells apart leave many rows with tied votes."""
    random = np.random.RandomState(0)
    parts = {}
    for part in ("train", "valid", "test"):
        y = getattr(data, f"y_{part}")
        parts[f"y_{part}"] = np.where(random.rand(len(y)) < 0.7, y, y[::-1])
    mixed = replace(data, **parts)
    reversed_ = replace(data, **{name: 9 - y for name, y in parts.items()})
    result, turned = baseline(mixed), baseline(reversed_)
    assert result.params == turned.params
    assert (result.valid, result.test) == pytest.approx((turned.valid, turned.test))
