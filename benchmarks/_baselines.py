"""Classifiers to stand beside a net, their settings chosen on validation rows.

Each is trained on the training rows for every setting, judged on the validation rows,
and the best one is measured on the test rows. As the published RBF SVM was trained once
more on training and validation rows together, with the setting that was chosen, that
error is measured as well.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.multiclass import OneVsOneClassifier
from sklearn.svm import SVC, LinearSVC

__all__ = [
    "BaselineResult",
    "gradient_boosting",
    "linear_svm",
    "rbf_svm",
    "whitened_linear_svm",
]

CHUNK = 5_000
#: Training rows on which the coarse grid of the RBF SVM is judged, at most.
COARSE_ROWS = 3_000


@dataclass(frozen=True)
class BaselineResult:
    """Outcome of a classifier on one set.

    Parameters
    ----------
    params : dict
        The setting that was best on the validation rows.

    valid, test : float
        Its errors, in percent, after training on the training rows.

    refit_test : float
        Its error on the test rows, in percent, after training on training and
        validation rows.

    tried : list of tuple of (dict, float)
        The settings that were trained on all training rows, with their validation
        errors.

    seconds : float
        Wall-clock time of all of it.
    """

    params: dict
    valid: float
    test: float
    refit_test: float
    tried: list
    seconds: float


def _percent_wrong(predicted, y):
    return 100 * float(np.mean(predicted != y))


def _joined(data):
    X = np.concatenate([data.X_train, data.X_valid])
    return X, np.concatenate([data.y_train, data.y_valid])


def _squared_distances(A, B):
    """Return the squared distances of all rows of one array to all of another."""
    A, B = torch.from_numpy(A), torch.from_numpy(B)
    squares = (A * A).sum(dim=1)[:, None] + (B * B).sum(dim=1)
    return torch.addmm(squares, A, B.T, alpha=-2).clamp_(min=0)


def _svm(C, *, cache_size=1_000):
    """Return an SVM on a kernel that is given; pairs of classes vote.

    Where two classes have as many votes, the sums of their margins decide, as they do
    in scikit-learn's `OneVsOneClassifier`, not the order of the classes.
    """
    return SVC(C=C, kernel="precomputed", cache_size=cache_size, break_ties=True)


class _RBF:
    """An RBF SVM on distances that are computed once."""

    def __init__(self, C, gamma):
        self._svm = _svm(C, cache_size=2_000)
        self._gamma = gamma

    def _kernel(self, distances):
        return torch.exp(distances * -self._gamma).double().numpy()

    def fit(self, distances, y):
        self._svm.fit(self._kernel(distances), y)
        return self

    def predict(self, distances):
        # Only the columns of support vectors count; the others are not worth an exp.
        kernel = np.zeros(distances.shape)
        support = self._svm.support_
        kernel[:, support] = self._kernel(distances[:, support])
        return self._svm.predict(kernel)

    def error(self, X, y, X_train):
        """Return the error in percent, the kernel computed in chunks of rows."""
        predicted = [
            self.predict(_squared_distances(X[start : start + CHUNK], X_train))
            for start in range(0, len(X), CHUNK)
        ]
        return _percent_wrong(np.concatenate(predicted), y)


def _climb(judge, start, steps, tried):
    """Walk on a grid of settings to one whose neighbours are not better.

    Parameters
    ----------
    judge : callable
        Error of a tuple of exponents.

    start : tuple of int
        Where to begin.

    steps : sequence of tuple of int
        From a setting to its neighbours.

    tried : dict
        Errors by setting, filled here.

    Returns
    -------
    best : tuple of int
        The setting.
    """
    best = start
    tried[best] = judge(best)
    while True:
        around = [
            tuple(a + b for a, b in zip(best, step, strict=True)) for step in steps
        ]
        for setting in around:
            if setting not in tried:
                tried[setting] = judge(setting)
        winner = min([best, *around], key=tried.get)
        if winner == best:
            return best
        best = winner


def rbf_svm(data):
    """Train an RBF support vector machine, its C and gamma chosen on validation rows.

    A coarse grid, C from 0.1 to 1000 by factors of 10 and gamma from 2^-11 to 2^-1 by
    factors of 4, is judged with at most 3 000 training rows. From the best of it the
    search goes on with all training rows, by factors of sqrt(10) and 2, until no
    neighbour is better.

    Parameters
    ----------
    data : LarochelleSet
        The rows. Pixels in [0, 1] are not scaled further.

    Returns
    -------
    result : BaselineResult
        The setting and its errors.
    """
    began = time.perf_counter()
    to_train = _squared_distances(data.X_train, data.X_train)
    to_valid = _squared_distances(data.X_valid, data.X_train)
    rows = slice(0, COARSE_ROWS)

    def setting(exponents):
        return {"C": 10 ** (exponents[0] / 2), "gamma": 2.0 ** exponents[1]}

    def judge_coarsely(exponents):
        svm = _RBF(**setting(exponents))
        svm.fit(to_train[rows, rows], data.y_train[rows])
        return _percent_wrong(svm.predict(to_valid[:, rows]), data.y_valid)

    def judge(exponents):
        svm = _RBF(**setting(exponents)).fit(to_train, data.y_train)
        return _percent_wrong(svm.predict(to_valid), data.y_valid)

    grid = list(itertools.product(range(-2, 7, 2), range(-11, 0, 2)))
    start = min(grid, key=judge_coarsely)
    tried = {}
    steps = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    best = _climb(judge, start, steps, tried)
    params = setting(best)
    svm = _RBF(**params).fit(to_train, data.y_train)
    test = svm.error(data.X_test, data.y_test, data.X_train)
    X, y = _joined(data)
    svm = _RBF(**params).fit(_squared_distances(X, X), y)
    refit_test = svm.error(data.X_test, data.y_test, X)
    return BaselineResult(
        params,
        tried[best],
        test,
        refit_test,
        [(setting(key), error) for key, error in tried.items()],
        time.perf_counter() - began,
    )


def gradient_boosting(data, *, leaves=(8, 31), rounds=300):
    """Train gradient boosting, its size and rounds chosen on validation rows.

    `HistGradientBoostingClassifier` with a learning rate of 0.1, each split chosen
    among a fifth of the features.

    Parameters
    ----------
    data : LarochelleSet
        The rows.

    leaves : sequence of int
        Leaves per tree to choose from.

    rounds : int
        At most. The best round of each is found as it trains.

    Returns
    -------
    result : BaselineResult
        The setting and its errors.
    """
    began = time.perf_counter()

    def make(max_leaf_nodes, max_iter):
        return HistGradientBoostingClassifier(
            max_leaf_nodes=max_leaf_nodes,
            max_iter=max_iter,
            max_features=0.2,
            early_stopping=False,
            random_state=0,
        )

    tried, models = [], []
    for n_leaves in leaves:
        model = make(n_leaves, rounds).fit(data.X_train, data.y_train)
        stages = model.staged_predict(data.X_valid)
        errors = [_percent_wrong(predicted, data.y_valid) for predicted in stages]
        best = int(np.argmin(errors))
        tried.append(({"max_leaf_nodes": n_leaves, "max_iter": best + 1}, errors[best]))
        models.append(model)
    winner = min(range(len(tried)), key=lambda i: tried[i][1])
    params, valid = tried[winner]
    # A tree does not depend on how many follow it, so the stage is the shorter model.
    for stage, predicted in enumerate(models[winner].staged_predict(data.X_test), 1):
        if stage == params["max_iter"]:
            test = _percent_wrong(predicted, data.y_test)
            break
    refit = make(**params).fit(*_joined(data))
    refit_test = _percent_wrong(refit.predict(data.X_test), data.y_test)
    seconds = time.perf_counter() - began
    return BaselineResult(params, valid, test, refit_test, tried, seconds)


def linear_svm(data, *, Cs=(0.001, 0.01, 0.1, 1.0)):
    """Train a linear support vector machine, its C chosen on validation rows.

    With more than two classes, every pair of them is told apart, and the pairs vote.

    Parameters
    ----------
    data : LarochelleSet
        The rows: pixels, or features in their place.

    Cs : sequence of float
        To choose from.

    Returns
    -------
    result : BaselineResult
        The setting and its errors.
    """
    began = time.perf_counter()

    def make(C):
        return OneVsOneClassifier(LinearSVC(C=C, dual=False, random_state=0))

    tried, models = [], []
    for C in Cs:
        model = make(C).fit(data.X_train, data.y_train)
        tried.append(
            ({"C": C}, _percent_wrong(model.predict(data.X_valid), data.y_valid))
        )
        models.append(model)
    winner = min(range(len(tried)), key=lambda i: tried[i][1])
    params, valid = tried[winner]
    test = _percent_wrong(models[winner].predict(data.X_test), data.y_test)
    refit = make(**params).fit(*_joined(data))
    refit_test = _percent_wrong(refit.predict(data.X_test), data.y_test)
    seconds = time.perf_counter() - began
    return BaselineResult(params, valid, test, refit_test, tried, seconds)


class _Whitener:
    """Features of mean zero and unit variance, then decorrelated.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training rows.

    shrinkage : float
        The number that is added to the variances of the standardised features.

    unit_norm : bool
        Whether every whitened row is scaled to length one.
    """

    def __init__(self, X, shrinkage, unit_norm):
        self._unit_norm = unit_norm
        X = torch.from_numpy(X)
        self._means, self._scales = X.mean(dim=0), X.std(dim=0) + 1e-6
        X = self._standardize(X)
        covariance = (X.T @ X / len(X)).double()
        covariance.diagonal().add_(shrinkage)
        self._factor = torch.linalg.cholesky(covariance).float()

    def _standardize(self, X):
        return (X - self._means) / self._scales

    def transform(self, X):
        """Return whitened rows, as a tensor."""
        X = self._standardize(torch.from_numpy(X))
        Z = torch.linalg.solve_triangular(self._factor, X.T, upper=False).T
        return torch.nn.functional.normalize(Z) if self._unit_norm else Z


def whitened_linear_svm(
    data, *, shrinkages=(0.1, 0.3), unit_norms=(False, True), Cs=(0.3, 1.0, 3.0)
):
    """Train a linear SVM on whitened features.

    Every pair of classes is told apart, and the pairs vote. C counts for features whose
    mean squared norm is one.

    Parameters
    ----------
    data : LarochelleSet
        The rows: pixels, or features in their place.

    shrinkages, Cs : sequence of float
        To choose from, on validation rows.

    unit_norms : sequence of bool
        Whether whitened rows are scaled to length one, to choose from as well.

    Returns
    -------
    result : BaselineResult
        The setting and its errors.
    """
    began = time.perf_counter()

    class Model:
        def __init__(self, whitening, Cs, X, y):
            self._whitener = _Whitener(X, **whitening)
            self._Z = self._whitener.transform(X)
            gram = self._Z @ self._Z.T
            self._norm = gram.diagonal().mean()
            gram = (gram / self._norm).double().numpy()
            self.svms = {C: _svm(C).fit(gram, y) for C in Cs}

        def errors(self, X, y):
            wrong = dict.fromkeys(self.svms, 0.0)
            for start in range(0, len(X), CHUNK):
                rows = slice(start, start + CHUNK)
                gram = self._whitener.transform(X[rows]) @ self._Z.T / self._norm
                gram = gram.double().numpy()
                for C, svm in self.svms.items():
                    wrong[C] += float(np.sum(svm.predict(gram) != y[rows]))
            return {C: 100 * count / len(X) for C, count in wrong.items()}

    tried, chosen, best = [], None, None
    for shrinkage, unit_norm in itertools.product(shrinkages, unit_norms):
        whitening = {"shrinkage": shrinkage, "unit_norm": unit_norm}
        model = Model(whitening, Cs, data.X_train, data.y_train)
        for C, error in model.errors(data.X_valid, data.y_valid).items():
            tried.append(({**whitening, "C": C}, error))
            if chosen is None or error < chosen[1]:
                chosen, best = tried[-1], model
    params, valid = chosen
    whitening = {name: value for name, value in params.items() if name != "C"}
    C = params["C"]
    best.svms = {C: best.svms[C]}
    test = best.errors(data.X_test, data.y_test)[C]
    del model, best
    model = Model(whitening, [C], *_joined(data))
    refit_test = model.errors(data.X_test, data.y_test)[C]
    seconds = time.perf_counter() - began
    return BaselineResult(params, valid, test, refit_test, tried, seconds)
