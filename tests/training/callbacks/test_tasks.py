"""The tasks of a fit of several parts: for scikit-learn's callbacks, and in lines."""

import numpy as np
import pandas as pd
import pytest

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

X = np.random.RandomState(0).normal(size=(40, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)
SMALL = {"n_components": 2, "hidden_layer_sizes": (4,), "max_iter": 2, "device": "cpu"}


def small(cls=DenoisingAutoencoder, **params):
    return cls(**{**SMALL, **params})


STACKED = {"cls": StackedDenoisingAutoencoder, "pretrain_max_iter": 3}

#: Estimators, and for each task with a bar of its own the number of its subtasks.
CASES = {
    "stacked": (
        lambda: small(**STACKED),
        {"fit": 3, "layer 1 of 2": 3, "layer 2 of 2": 3, "fine-tuning": 2},
    ),
    "stacked, layers alone": (
        lambda: small(**STACKED, fine_tune=False),
        {"fit": 2, "layer 1 of 2": 3, "layer 2 of 2": 3},
    ),
    "marginalized": (lambda: MarginalizedDenoisingAutoencoder(3), {"fit": 3}),
    "classifier": (
        lambda: DenoisingAutoencoderClassifier(small(), max_iter=3, head_max_iter=4),
        {"fit": 3, "pretraining | fit": 2, "head": 4, "fine-tuning": 3},
    ),
    "classifier, not pretrained": (
        lambda: DenoisingAutoencoderClassifier(small(), max_iter=3, pretrain=False),
        {"fit": 1, "fine-tuning": 3},
    ),
    "regressor of a stack": (
        lambda: DenoisingAutoencoderRegressor(small(**STACKED), max_iter=3),
        {
            "fit": 2,
            "pretraining | fit": 3,
            "layer 1 of 2": 3,
            "layer 2 of 2": 3,
            "fine-tuning": 3,
        },
    ),
    "imputer": (
        lambda: DenoisingImputer(small(), n_estimators=2),
        {"fit": 4, "net 1 of 2 | fit": 2, "net 2 of 2 | fit": 2},
    ),
    "detector": (
        lambda: DenoisingOutlierDetector(small()),
        {"fit": 6, "net | fit": 2},
    ),
}


def callback_class():
    pytest.importorskip("sklearn.callback")

    class Tasks:
        """Keeps the tasks that it hears of, as a progress bar does."""

        max_propagation_depth = None

        def __init__(self):
            self.begun, self.open, self.hooks = {}, [], []

        def setup(self, estimator, context):
            self.hooks.append("setup")

        def teardown(self, estimator, context):
            self.hooks.append("teardown")

        def on_fit_task_begin(self, estimator, context):
            name = context.task_name
            if context.source_task_name is not None:
                name = f"{context.source_task_name} | {name}"
            if context.max_subtasks:
                self.begun[name] = context.max_subtasks
            self.open.append(name)

        def on_fit_task_end(self, estimator, context):
            self.open.pop()

    return Tasks


@pytest.mark.parametrize("case", CASES)
def test_callbacks_hear_of_every_task(case):
    make, tasks = CASES[case]
    heard = callback_class()()
    make().set_callbacks(heard).fit(X, Y)
    assert heard.begun == tasks
    assert heard.open == []
    assert heard.hooks == ["setup", "teardown"]


@pytest.mark.parametrize("case", CASES)
def test_callbacks_change_nothing(case):
    make, _ = CASES[case]
    callbacks = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    model = make().set_params(random_state=0)
    plain = make().set_params(random_state=0).fit(X, Y)
    bar = callbacks.ProgressBar(max_propagation_depth=None)
    watched = model.set_callbacks(bar).fit(X, Y)
    method = "predict" if hasattr(plain, "predict") else "transform"
    if hasattr(plain, "score_samples"):
        method = "score_samples"
    np.testing.assert_array_equal(
        getattr(plain, method)(X), getattr(watched, method)(X)
    )
    assert not hasattr(watched, "_callback_fit_ctx")


@pytest.mark.parametrize("case", ["stacked", "classifier", "imputer", "detector"])
def test_callbacks_are_torn_down_when_a_part_fails(case):
    heard = callback_class()()
    broken = {"learning_rate_init": 1e30, "optimizer": "sgd", "alpha": 0}
    model = CASES[case][0]()
    prefix = "" if case == "stacked" else "autoencoder__"
    model.set_params(**{prefix + name: value for name, value in broken.items()})
    model.set_callbacks(heard)
    with pytest.raises(ValueError, match="loss became"):
        model.fit(X, Y)
    assert heard.hooks == ["setup", "teardown"]
    assert not hasattr(model, "_callback_fit_ctx")
    with pytest.raises(ValueError, match="loss became"):
        model.fit(X, Y)
    assert heard.hooks == ["setup", "teardown"] * 2


def test_progress_bar_shows_the_nets_of_an_imputer(capsys):
    callbacks = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    imputer = CASES["imputer"][0]().set_callbacks(callbacks.ProgressBar())
    imputer.fit(X)
    out = capsys.readouterr().out
    assert "DenoisingImputer - fit" in out
    assert "net 2 of 2 | DenoisingAutoencoder" in out


def test_tables_have_the_same_tasks():
    X = pd.DataFrame({"size": np.arange(40.0), "kind": ["a", "b"] * 20})
    for owner, task in (
        (DenoisingOutlierDetector, "net | fit"),
        (DenoisingImputer, "net 1 of 5 | fit"),
    ):
        heard = callback_class()()
        owner(small(TabularDenoisingAutoencoder)).set_callbacks(heard).fit(X)
        assert heard.begun[task] == 2


# -- lines -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("imputer", ["net 1 of 2", "measuring net 1 of 2", "net 2 of 2"]),
        ("detector", ["net", *(f"usual errors {k} of 5" for k in range(1, 6))]),
        ("classifier", ["pretraining", "head"]),
        (
            "regressor of a stack",
            ["pretraining, layer 1 of 2", "pretraining, layer 2 of 2", "pretraining"],
        ),
        ("stacked", ["layer 1 of 2", "layer 2 of 2"]),
    ],
)
def test_lines_name_the_task(case, names, capsys):
    model = CASES[case][0]().set_params(verbose=1).fit(X, Y)
    out = capsys.readouterr().out
    owner = type(model).__name__
    for name in names:
        assert f"{owner}, {name}  " in out
    assert "optimizer" not in out
    # The name was lent for the fit.
    model = CASES[case][0]().fit(X, Y)
    assert capsys.readouterr().out == ""
    inner = getattr(model, "autoencoder_", None)
    if inner is not None:
        inner.set_params(verbose=1).fit(X)
        assert capsys.readouterr().out.startswith(type(inner).__name__)
