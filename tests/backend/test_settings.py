"""Settings of torch: whatever a user has made of them, every model is the same."""

import contextlib
import copy
import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import is_classifier, is_regressor

import sk_dae
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
    corruption,
)
from sk_dae.backend.settings import own_settings
from sk_dae.corruption import BaseCorruption
from sk_dae.losses import LOSSES
from sk_dae.penalties import PENALTIES


def default_dtype(dtype):
    @contextlib.contextmanager
    def context():
        torch.set_default_dtype(dtype)
        try:
            yield
            assert torch.get_default_dtype() == dtype
        finally:
            torch.set_default_dtype(torch.float32)

    return context


@contextlib.contextmanager
def default_device():
    torch.set_default_device("meta")
    try:
        yield
        assert torch.get_default_device().type == "meta"
    finally:
        torch.set_default_device(None)


@contextlib.contextmanager
def inference_mode():
    with torch.inference_mode():
        yield
        assert torch.is_inference_mode_enabled()


@contextlib.contextmanager
def grad_disabled():
    torch.set_grad_enabled(False)
    try:
        yield
        assert not torch.is_grad_enabled()
    finally:
        torch.set_grad_enabled(True)


@contextlib.contextmanager
def autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        yield
        assert torch.is_autocast_enabled("cpu")


@contextlib.contextmanager
def deterministic():
    torch.use_deterministic_algorithms(True)
    try:
        yield
        assert torch.are_deterministic_algorithms_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


SETTINGS = {
    "float64": default_dtype(torch.float64),
    "float16": default_dtype(torch.float16),
    "bfloat16": default_dtype(torch.bfloat16),
    "device": default_device,
    "device_in_context": lambda: torch.device("meta"),
    "device_that_is_not_there": lambda: torch.device("cuda:99"),
    "inference_mode": inference_mode,
    "no_grad": torch.no_grad,
    "grad_disabled": grad_disabled,
    "enable_grad": torch.enable_grad,
    "autocast": autocast,
    "deterministic": deterministic,
    "anomaly": lambda: torch.autograd.set_detect_anomaly(True),
}


@contextlib.contextmanager
def several():
    """Enter most of them at once."""
    with contextlib.ExitStack() as stack:
        for name in (
            "float64",
            "device",
            "autocast",
            "inference_mode",
            "deterministic",
        ):
            stack.enter_context(SETTINGS[name]())
        yield


every_setting = pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
# `set_detect_anomaly` says that it slows things down.
pytestmark = pytest.mark.filterwarnings("ignore:Anomaly Detection")


class Module(torch.nn.Module):
    """A module of a user's, which is built from torch's defaults, and makes tensors."""

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.norm = torch.nn.BatchNorm1d(n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)
        self.dropout = torch.nn.Dropout(0.2)

    def encode(self, X):
        code = self.norm(self.encoder(self.dropout(X)))
        return code + torch.zeros(code.shape[1])

    def decode(self, code):
        return self.decoder(code)


def make(**params):
    defaults = {"n_components": 3, "hidden_layer_sizes": (6,), "max_iter": 2}
    return DenoisingAutoencoder(**{**defaults, "random_state": 0, **params})


RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 2)) @ RNG.normal(size=(2, 5)) + RNG.normal(size=(40, 5))
UNIT = np.abs(X) / np.abs(X).max()
GAPS = np.where(RNG.uniform(size=X.shape) < 0.1, np.nan, X)
TABLE = pd.DataFrame(
    {
        "number": GAPS[:, 0],
        "kind": np.where(X[:, 1] > 0, "a", "b"),
        "day": pd.date_range("2020-01-01", periods=len(X)),
    }
)
SOFT = {"learning_rate_init": 1e-4}
CASES = {
    **{
        # Each process is tested alone below.
        f"corruption_{name}": (make(corruption=name), np.abs(X))
        for name in ("gaussian", "swap", "conditional_mean")
    },
    **{f"loss_{name}": (make(loss=name, **SOFT), UNIT) for name in LOSSES},
    **{f"penalty_{name}": (make(penalty=name), X) for name in PENALTIES},
    "gaps": (make(corruption="conditional_mean", emphasis="double"), GAPS),
    "early_stopping": (make(early_stopping=True, noise_schedule="linear"), GAPS),
    "dropout": (make(dropout=0.3, tied_weights=True, activation="gelu"), X),
    "rmsprop": (make(optimizer="rmsprop"), sp.csr_array(X)),
    "optimizer_class": (make(optimizer=torch.optim.Adagrad), X),
    "module": (make(module=Module), X),
    "module_instance": (make(module=Module(5, 3), penalty="contractive"), X),
    "stacked": (
        StackedDenoisingAutoencoder(
            3,
            hidden_layer_sizes=(6,),
            activation="tanh",
            corruption="conditional_mean",
            max_iter=2,
            pretrain_max_iter=2,
            random_state=0,
        ),
        GAPS,
    ),
    "tabular": (
        TabularDenoisingAutoencoder(
            3, hidden_layer_sizes=6, max_iter=2, random_state=0
        ),
        TABLE,
    ),
    "marginalized": (MarginalizedDenoisingAutoencoder(), GAPS),
    "marginalized_parts": (
        MarginalizedDenoisingAutoencoder(2, n_pivots=3, random_state=0),
        X,
    ),
    "classifier": (
        DenoisingAutoencoderClassifier(
            make(), head_max_iter=1, max_iter=2, random_state=0
        ),
        X,
    ),
    "regressor": (
        DenoisingAutoencoderRegressor(make(module=Module), max_iter=2, random_state=0),
        GAPS,
    ),
    "imputer": (DenoisingImputer(make(), n_estimators=1, random_state=0), GAPS),
    "table_imputer": (
        DenoisingImputer(
            TabularDenoisingAutoencoder(3, hidden_layer_sizes=6, max_iter=2),
            n_estimators=1,
            random_state=0,
        ),
        TABLE,
    ),
    "detector": (DenoisingOutlierDetector(make(), random_state=0), GAPS),
}
METHODS = (
    "transform",
    "denoise",
    "score_samples",
    "predict",
    "predict_log_proba",
    "decision_function",
    "feature_contributions",
)


def results(estimator, rows):
    """Return what all methods of a fitted estimator give, as arrays."""
    found = [
        np.asarray(getattr(estimator, name)(rows))
        for name in METHODS
        if hasattr(estimator, name)
    ]
    if hasattr(estimator, "inverse_transform"):
        codes = estimator.transform(rows)
        found.append(np.asarray(estimator.inverse_transform(codes)))
    if isinstance(estimator, DenoisingImputer):
        found.append(np.asarray(estimator.sample(rows, 2, random_state=0)))
    elif hasattr(estimator, "sample"):
        found.append(estimator.sample(3, random_state=0))
    return found


def run(estimator, rows, path):
    """Fit, predict, copy, store, and train further; return all results."""
    y = X[:, 0]
    if isinstance(estimator, DenoisingAutoencoderClassifier):
        y = (y > 0).astype(int)
    model = copy.deepcopy(estimator).fit(rows, y)
    found = results(model, rows)
    copied = pickle.loads(pickle.dumps(model))
    found += results(copied, rows)
    if not isinstance(getattr(model, "optimizer", ""), type):
        sk_dae.save(model, path)
        inner = getattr(model, "autoencoder", model)
        module = getattr(inner, "module", None)
        given = {} if module is None else {"module": module}
        found += results(sk_dae.load(path, **given), rows)
    passes = hasattr(copied, "partial_fit") and not is_classifier(copied)
    passes = passes and not is_regressor(copied)
    if passes and not getattr(copied, "early_stopping", False):
        found += results(copied.partial_fit(rows), rows)
    if hasattr(model, "net_") and rows is X:
        found.append(model.net_.predict(X))
        found.append(model.net_.forward(X).detach().numpy())
        if isinstance(model, DenoisingAutoencoder):
            found.append(copy.deepcopy(model).net_.partial_fit(X).predict(X))
    return found


EXPECTED = {}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_models_are_the_same_under_several_settings(case, tmp_path):
    check(case, several, tmp_path / "model")


@every_setting
@pytest.mark.parametrize("case", ["penalty_contractive", "regressor", "marginalized"])
def test_models_are_the_same_under_every_setting(case, setting, tmp_path):
    check(case, setting, tmp_path / "model")


def check(case, setting, path):
    """Compare a model with the one that is fitted without the setting."""
    estimator, rows = CASES[case]
    if case not in EXPECTED:
        EXPECTED[case] = run(estimator, rows, path)
    with setting():
        found = run(estimator, rows, path)
    assert len(found) == len(EXPECTED[case])
    for one, expected in zip(found, EXPECTED[case], strict=True):
        assert one.dtype == expected.dtype
        np.testing.assert_array_equal(one, expected)


PROCESSES = [
    cls
    for cls in (getattr(corruption, name) for name in corruption.__all__)
    if isinstance(cls, type)
    and issubclass(cls, BaseCorruption)
    and cls.__name__
    not in (
        *("BaseCorruption", "CallableCorruption", "ComposeNoise"),
        "RecordedNoise",  # which needs clips
    )
]


@pytest.mark.parametrize("setting", [several, *SETTINGS.values()][:6])
@pytest.mark.parametrize("cls", PROCESSES)
def test_processes_alone_are_the_same_under_settings(cls, setting):
    def run():
        process = cls(random_state=0).fit(UNIT)
        rows = torch.from_numpy(UNIT).float()
        corrupted = process.corrupt(rows, torch.Generator().manual_seed(0))
        return process.transform(UNIT), corrupted.numpy()

    expected = run()
    with setting():
        found = run()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "make_module",
    [
        lambda: Module(5, 3),
        lambda: Module(5, 3).double(),
        lambda: Module(5, 3).half(),
    ],
)
@pytest.mark.parametrize("as_callable", [False, True])
def test_module_of_another_dtype_is_trained_in_float32(make_module, as_callable):
    module = make_module()
    given = (lambda n_features, n_components: module) if as_callable else module
    dae = make(module=given).fit(X)
    assert {p.dtype for p in dae.net_.module_.parameters()} == {torch.float32}
    assert dae.transform(X).dtype == np.float32


def test_model_copied_in_inference_mode_is_trained_further():
    dae = make().partial_fit(X)
    with torch.inference_mode():
        copied = pickle.loads(pickle.dumps(dae))
        alike = copy.deepcopy(dae)
    expected = dae.partial_fit(X).transform(X)
    np.testing.assert_array_equal(copied.partial_fit(X).transform(X), expected)
    np.testing.assert_array_equal(alike.partial_fit(X).transform(X), expected)


def test_setting_comes_back_after_an_error():
    torch.set_default_dtype(torch.float64)
    try:
        with pytest.raises(ValueError):
            make().fit(np.full_like(X, np.inf))
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_default_comes_back_when_the_last_thread_has_left():
    entered, leave = threading.Event(), threading.Event()

    def stay():
        with own_settings():
            entered.set()
            leave.wait(10)
            found.append(torch.get_default_dtype())

    found = []
    torch.set_default_dtype(torch.float64)
    try:
        thread = threading.Thread(target=stay)
        thread.start()
        entered.wait(10)
        with own_settings():
            pass
        assert torch.get_default_dtype() == torch.float32
        leave.set()
        thread.join()
        assert found == [torch.float32]
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_gradients_are_left_as_they_are_where_asked():
    with torch.no_grad(), own_settings(grad=False):
        assert not torch.is_grad_enabled()
    with torch.no_grad(), own_settings():
        assert torch.is_grad_enabled()
