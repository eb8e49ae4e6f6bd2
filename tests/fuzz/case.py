"""One case of the fuzzer: an estimator, what it is given, and what is done with it."""

from __future__ import annotations

import collections
import contextlib
import inspect
import io
import pickle
import re
import signal
import sys
import tempfile
import traceback
import warnings
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone

import sk_dae

from .draws import (
    BAD,
    CLASSIFIER,
    COUNTS,
    DETECTOR,
    IMPUTER,
    NOISES,
    REGRESSOR,
    TABLE,
    one,
    parameters,
)
from .rows import data, targets, variant, weights
from .watching import array_of, global_states, n_rows, origin_of, shown, text_of

#: Seconds that one operation may take.
SECONDS = 20

#: The method whose results are compared; that of the others is transform.
_MAIN = {
    CLASSIFIER: "predict_proba",
    REGRESSOR: "predict",
    DETECTOR: "score_samples",
}
_METHODS = [
    *("transform", "denoise", "reconstruction_error", "cells", "score_samples"),
    *("predict", "predict_proba", "predict_log_proba", "decision_function"),
    "feature_contributions",
]

#: Warnings that the package and scikit-learn are known for; others are findings.
_EXPECTED = "|".join(
    [
        *("Nothing is observed", "callbacks are not saved", "feature names"),
        *("unique classes", "column-vector y", "R\\^2 score is", "y_pred contains"),
        *("Skipping features without", "Only one class", "sparse columns"),
        *("unknown categories", "class label", "The features .* have"),
        *("They are unknown", "Training ended with a loss", "hides cells of columns"),
        *("Categories that the first call did not have", "was renamed to"),
    ]
)
# Warnings from within scikit-learn's validation, which its own estimators give too.
_OF_SKLEARN = "RuntimeWarning (_aliases|fromnumeric|_regression).py"
_REFUSED = object()


class HangError(BaseException):
    """Raised by the alarm when an operation takes too long."""


class Case:
    """One estimator, its parameters and its data; all drawn from its number.

    Parameters
    ----------
    name : str
        Name of the estimator.

    seed, index : int
        Name, seed and number that the case depends on.

    Attributes
    ----------
    findings : list of tuple (kind, place, detail, log)
        Possible faults; `log` holds the operations that led there.

    outcomes : Counter of (operation, outcome)
        How often an operation gave a result, or which error.
    """

    def __init__(self, name, seed, index):
        rng = np.random.default_rng([seed, zlib.crc32(name.encode()), index])
        self.rng, self.name = rng, name
        self.log, self.findings, self.outcomes = [], [], collections.Counter()
        self.n, self.p = int(rng.integers(1, 61)), int(rng.integers(1, 21))
        self.cls, self.main = getattr(sk_dae, name), _MAIN.get(name, "transform")
        self.params = parameters(rng, name, self.p)
        if rng.random() < 0.12:
            key, value = one(rng, self.cls._get_param_names()), one(rng, BAD)
            # So many trainings are no fault, and would not end.
            if not (key in COUNTS and isinstance(value, int) and value > 1000):
                self.params[key] = value
        self.X, self.described = data(rng, self.n, self.p, name)
        self.y, kind = targets(rng, self.n, name)
        self.extra = {}
        if rng.random() < 0.2:
            self.extra["sample_weight"] = weights(rng, self.n)
        if rng.random() < 0.05:
            zeros = np.zeros((self.n, self.p))
            self.extra["clean"] = one(rng, [self.X, zeros, np.ones((self.n, 1))])
        self.supervised = name in (CLASSIFIER, REGRESSOR)
        self._draw_validation()
        self._draw_first_call()
        self.seeded = isinstance(self.params["random_state"], int)
        if self.supervised:
            self.described += f", y={kind}"
        self.described += f", {shown(self.extra)[:300]}"
        self.refitted = False

    def _draw_validation(self):
        """Draw validation rows for early stopping, for some."""
        rng = self.rng
        if "early_stopping" not in self.cls._get_param_names() or rng.random() > 0.2:
            return
        self.params["early_stopping"] = bool(rng.random() < 0.9)
        X, how = variant(rng, self.X, self.p, self.name)
        self.extra["X_val"] = X
        if self.supervised and rng.random() < 0.95:
            self.extra["y_val"] = self._targets_for(X)
        if rng.random() < 0.2:
            self.extra["sample_weight_val"] = weights(rng, self.n)
        if "clean" in self.extra and rng.random() < 0.9:
            self.extra["clean_val"] = self.extra["clean"]
        self.described += f", X_val={how}"

    def _draw_first_call(self):
        """Draw whether a predictor begins with a pass, and what that is given."""
        self.begins, self.classes = "fit", None
        if not self.supervised or self.rng.random() > 0.2:
            return
        self.begins = "partial_fit"
        if self.rng.random() < 0.95:
            self.params["early_stopping"] = False
        if self.name == CLASSIFIER:
            options = [list("abcde"), None, "a", [], [[0, 1]], np.nan, [0, "a"]]
            known = [[0, 1, 2, 3, 4], [-1, 0, 1, 2, 3, 4], np.arange(5.0)]
            with contextlib.suppress(Exception):
                known += [np.unique(self.y)] * 9
            self.classes = one(self.rng, known * 3 + options)
        self.described += f", begins with partial_fit, classes={self.classes}"

    def _targets_for(self, X):
        """Return targets for other rows: the same where there are as many."""
        n = n_rows(X) if hasattr(X, "shape") or hasattr(X, "__len__") else 1
        if n == self.n and self.rng.random() < 0.9:
            return self.y
        return targets(self.rng, max(n, 1), self.name)[0]

    def __str__(self):
        return f"{self.name}({shown(self.params)[:2000]})\n{self.described}"

    def run(self):
        """Fit, and call a few operations in random order; findings are kept."""
        self.est = self._call("init", lambda: self.cls(**self.params))
        if self.est is _REFUSED:
            return self
        if self._fit(self.est, self.X, self.y, self.begins) is _REFUSED:
            # An estimator that is not fitted must say so.
            if hasattr(self.est, self.main):
                self._call(
                    "unfitted",
                    lambda: getattr(self.est, self.main)(self.X),
                    self.X,
                    seeded=self.seeded,
                )
            return self
        self._rows(self.main)
        steps = [getattr(self, key) for key in dir(self) if key.startswith("_step_")]
        for i in self.rng.permutation(len(steps))[: int(self.rng.integers(2, 6))]:
            steps[i]()
        return self

    # -- watching -----------------------------------------------------------------

    def _report(self, kind, place, detail=""):
        self.findings.append((kind, place, detail, list(self.log)))

    def _call(self, operation, function, *watched, seeded=True):
        """Run an operation under watch; return its result, or _REFUSED."""
        self.log.append(operation)
        short, printed, value = operation.split()[0], io.StringIO(), _REFUSED
        before, states = list(map(text_of, watched)), global_states()
        with (
            warnings.catch_warnings(record=True) as caught,
            contextlib.redirect_stdout(printed),
        ):
            warnings.simplefilter("always")
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            try:
                value = function()
                self.outcomes[short, "ok"] += 1
            except HangError as error:
                self._report("hang", origin_of(error)[1], f"over {SECONDS} s")
            except Exception as error:
                self.outcomes[short, type(error).__name__] += 1
                self._judge(error)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        if list(map(text_of, watched)) != before:
            self._report("input changed", short)
        if seeded and global_states() != states:
            self._report("global random state changed", short)
        if printed.getvalue() and not self.params.get("verbose"):
            self._report("printed", short, printed.getvalue()[:200])
        for warning in caught:
            self._judge_warning(warning)
        return value

    def _judge_warning(self, warning):
        place = f"{Path(warning.filename).name}:{warning.lineno}"
        place = f"{warning.category.__name__} {place}"
        expected = issubclass(warning.category, UserWarning | FutureWarning)
        expected &= re.search(_EXPECTED, str(warning.message)) is not None
        if not expected and not re.match(_OF_SKLEARN, place):
            self._report("warning", place, str(warning.message)[:300])

    def _judge(self, error):
        """Report an exception unless it is one that the contract allows."""
        on_purpose, place = origin_of(error)
        kind = None
        library = type(error).__module__.partition(".")[0]
        is_foreign = library not in ("builtins", "sklearn", "sk_dae")
        if is_foreign or not isinstance(error, ValueError | TypeError):
            kind = "other exception"
        elif not str(error).strip():
            kind = "empty message"
        elif not on_purpose:
            kind = "incidental exception"
        if kind:
            last = "".join(traceback.format_exception(error)[-9:])
            place = f"{type(error).__name__} {place}"
            self._report(kind, place, f"{str(error)[:400]}\n{last}")

    def _same(self, what, a, b):
        if self.name in NOISES and not self.seeded:
            return  # draws afresh
        one_refused = (a is _REFUSED) != (b is _REFUSED)
        if one_refused or (a is not _REFUSED and text_of(a) != text_of(b)):
            self._report("not the same", what, f"{str(a)[:300]}\n{str(b)[:300]}")

    def _check(self, method, X, out):
        values = array_of(out)
        if len(values) != n_rows(X):
            self._report("output", method, f"{len(values)} rows for {n_rows(X)}")
        if method == "transform":
            names = self._call("get_feature_names_out", self.est.get_feature_names_out)
            if names is not _REFUSED and len(names) != values.shape[1]:
                detail = f"{values.shape[1]} columns, {len(names)} names"
                self._report("output", method, detail)
        if method == "predict" and self.supervised:
            self._check_type(out)
        if values.dtype.kind != "f":
            return
        if np.isinf(values).any() and method != "predict_log_proba":
            detail = f"inf: {np.isinf(values).sum()} of {values.size}"
            self._report("output not finite", method, detail)
        nan = np.isnan(values)
        if nan.any() and not self._may_be_nan(method, X, nan):
            detail = f"NaN: {nan.sum()} of {values.size}"
            self._report("output not finite", method, detail)
        several = getattr(self.est, "_multilabel", False)
        if method == "predict_proba" and several:
            if (values < 0).any() or (values > 1).any():
                self._report("output", method, "probabilities outside of [0, 1]")
        elif method == "predict_proba" and not np.allclose(
            values.sum(axis=1), 1, atol=1e-3
        ):
            self._report("output", method, "probabilities do not add up to 1")

    def _check_type(self, predicted):
        """Report predictions of another type than the targets of the fit call for."""
        wanted = getattr(self.est, "classes_", predicted).dtype
        if self.name == REGRESSOR:
            given = getattr(self.y, "dtype", None)
            given = str(getattr(given, "pyarrow_dtype", given)).lower().strip("<>=")
            short = given in ("float32", "float16", "float", "halffloat")
            wanted = np.dtype(np.float32 if short else np.float64)
        if predicted.dtype != wanted:
            self._report("output", "predict", f"{predicted.dtype}, not {wanted}")

    def _may_be_nan(self, method, X, nan):
        """Whether the documentation says that these cells or rows are NaN."""
        if self.name in NOISES and self.est.makes_missing:
            return True
        if self.name == TABLE and method not in ("transform", "sample"):
            # Columns that are empty in fit, and categories that were not seen.
            return True
        if self.name == IMPUTER:
            if self.params.get("missing_values") in (-1, 0):
                return True
            return bool(pd.isna(array_of(self.X)).all(axis=0).any())
        with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
            gaps = pd.isna(array_of(X))
            if method in ("reconstruction_error", "score_samples"):
                return not (nan & ~gaps.all(axis=1)).any()
            if method == "cells" or self.name in NOISES:
                return not (nan & ~gaps).any()
        return False

    # -- operations ---------------------------------------------------------------

    def _fit(self, est, X, y, method="fit", label=""):
        function = getattr(est, method)
        known = inspect.signature(function).parameters
        extra = {k: v for k, v in self.extra.items() if k in known and y is self.y}
        if method == "partial_fit" and self.classes is not None:
            extra["classes"] = self.classes
        args = (X, y) if self.supervised else (X,)
        before = text_of(list(est.get_params(deep=False).values()))
        found = self._call(
            method + label,
            lambda: function(*args, **extra),
            *args,
            *extra.values(),
            seeded=self.seeded,
        )
        if text_of(list(est.get_params(deep=False).values())) != before:
            self._report("parameters changed", method, before)
        if found is not _REFUSED and found is not est:
            self._report("output", method, "does not return self")
        return found

    def _rows(self, method, X=None, est=None, label=""):
        """Call a method of rows and check what it returns."""
        est, X = self.est if est is None else est, self.X if X is None else X
        real = "reconstruction_error" if method == "cells" else method
        function = getattr(est, real, None)
        extra = {"per_feature": True} if method == "cells" else {}
        if function is None:
            return _REFUSED
        out = self._call(
            method + label, lambda: function(X, **extra), X, seeded=self.seeded
        )
        if out is not _REFUSED:
            self._check(method, X, out)
        return out

    def _step_repeat(self):
        again = self._rows(self.main, label=" again")
        self._same("repeat", self._rows(self.main), again)

    def _step_twin(self):
        """A fit with the same random state gives bitwise the same."""
        starts_anew = isinstance(self.params.get("warm_start", False), bool)
        if self.refitted or not self.seeded or not starts_anew:
            return
        twin = clone(self.cls(**self.params))
        found = self._fit(twin, self.X, self.y, self.begins, " twin")
        if found is not _REFUSED:
            of_twin = self._rows(self.main, est=twin, label=" twin")
            self._same("twin", self._rows(self.main), of_twin)

    def _step_rows(self):
        for method in self.rng.permutation(_METHODS)[:5]:
            X, how = variant(self.rng, self.X, self.p, self.name)
            self._rows(str(method), X, label=f" {how}")

    def _step_all_rows(self):
        for method in _METHODS:
            self._rows(method)

    def _step_back(self):
        features = self._rows("transform")
        if features is _REFUSED or not hasattr(self.est, "inverse_transform"):
            return
        back = self.est.inverse_transform
        out = self._call("inverse_transform", lambda: back(features), features)
        if out is not _REFUSED and self.name != TABLE:
            self._check("inverse_transform", features, out)
        odd = [features[:, :-1], features * np.nan, None, "a", [["a"]]]
        bad = one(self.rng, odd)
        self._call("inverse_transform bad", lambda: back(bad))

    def _step_score(self):
        if hasattr(self.est, "score"):
            args = (self.X, self.y) if self.supervised else (self.X,)
            self._call("score", lambda: self.est.score(*args), *args)

    def _step_sample(self):
        if not hasattr(self.est, "sample"):
            return
        args = (self.X,) if self.name == IMPUTER else ()
        count = one(self.rng, [1, 2, 3, 0, 1.5, "a", None])
        out = self._call(
            "sample", lambda: self.est.sample(*args, count, random_state=0), *args
        )
        if isinstance(out, np.ndarray) and out.dtype.kind == "f":
            finite = np.isfinite(out).all()
            if not finite and not self._may_be_nan("sample", self.X, None):
                self._report("output not finite", "sample")

    def _step_output(self):
        if not hasattr(self.est, "set_output"):
            return
        kind = one(self.rng, ["pandas", "polars"])
        self.est.set_output(transform=kind)
        out = self._rows("transform", label=f" {kind}")
        wanted = sys.modules[kind].DataFrame
        if out is not _REFUSED and not isinstance(out, wanted):
            self._report("output", "set_output", f"{type(out)} for {kind}")
        self.est.set_output(transform="default")

    def _step_partial_fit(self):
        if hasattr(self.est, "partial_fit"):
            X, how = variant(self.rng, self.X, self.p, self.name)
            self.refitted = True
            y = self._targets_for(X) if self.supervised else None
            self._fit(self.est, X, y, "partial_fit", f" {how}")
            self._rows(self.main, label=" after partial_fit")

    def _step_pickle(self):
        if "<lambda>" in shown(self.params):
            return
        again = self._call("pickle", lambda: pickle.loads(pickle.dumps(self.est)))
        if again is not _REFUSED:
            of_copy = self._rows(self.main, est=again, label=" pickled")
            self._same("pickle", self._rows(self.main), of_copy)

    def _step_save(self):
        if self.name in NOISES:
            return
        module = self.params.get("module")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model")
            if self._call("save", lambda: sk_dae.save(self.est, path)) is _REFUSED:
                return
            again = self._call("load", lambda: sk_dae.load(path, module=module))
        if again is not _REFUSED:
            of_copy = self._rows(self.main, est=again, label=" loaded")
            self._same("save", self._rows(self.main), of_copy)
            of_copy = getattr(again, "classes_", None)
            self._same("classes", getattr(self.est, "classes_", None), of_copy)

    def _step_refit(self):
        self.p = int(self.rng.integers(1, 20))
        X, how = data(self.rng, int(self.rng.integers(1, 30)), self.p, self.name)
        n = n_rows(X) if hasattr(X, "shape") or hasattr(X, "__len__") else 1
        y, _ = targets(self.rng, max(n, 1), self.name)
        self.refitted = True
        if self._fit(self.est, X, y, label=f" other: {how}") is not _REFUSED:
            self.X, self.y, self.extra = X, y, {}
            self._rows(self.main, label=" refitted")

    def _step_failing_fit(self):
        """An earlier fit is usable, and the same, after one that fails."""
        before, params = self._rows(self.main), self.est.get_params(deep=False)
        odd = [
            np.full((9, self.p), np.inf),
            np.zeros((0, 3)),
            [["a", "b"]] * 5,
            np.ones((4, self.p, 1)),
            self.X,
        ]
        X = one(self.rng, odd)
        if X is self.X:
            self.est.set_params(**{one(self.rng, list(params)): "nope"})
        y = np.arange(n_rows(X)) % 2
        found = self._fit(self.est, X, y, label=" that may fail")
        self.est.set_params(**params)
        if found is _REFUSED:
            after = self._rows(self.main, label=" after failed fit")
            self._same("failed fit", before, after)
        else:
            self.X, self.y, self.refitted = X, y, True
