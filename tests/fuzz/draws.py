"""Parameters that the fuzzer gives to estimators, most of them valid."""

from __future__ import annotations

import contextlib
import warnings
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator

import sk_dae
from sk_dae import losses, penalties
from sk_dae.corruption import CORRUPTIONS
from sk_dae.modules import ACTIVATIONS, MLPAutoencoder

DAE = "DenoisingAutoencoder"
CONVOLUTIONAL = "ConvolutionalDenoisingAutoencoder"
STACK = "StackedDenoisingAutoencoder"
TABLE = "TabularDenoisingAutoencoder"
MARGINAL = "MarginalizedDenoisingAutoencoder"
CLASSIFIER = "DenoisingAutoencoderClassifier"
REGRESSOR = "DenoisingAutoencoderRegressor"
IMPUTER = "DenoisingImputer"
DETECTOR = "DenoisingOutlierDetector"
ESTIMATORS = [
    DAE,
    CONVOLUTIONAL,
    STACK,
    CLASSIFIER,
    REGRESSOR,
    TABLE,
    IMPUTER,
    MARGINAL,
    DETECTOR,
]
NOISES = [name for name in sk_dae.__all__ if name.endswith("Noise")]
_COMPOSED = ("ComposeNoise", "MultiScaleNoise")

#: Stand-ins for a parameter, wrong for most of them.
BAD = [
    *(None, True, -1, 0, -0.0, 1.5, 1e300, 1e-320, np.nan, np.inf, -np.inf, 1j),
    *(2**70, 10**12, np.int64(3), np.float32(0.5), Fraction(1, 2), Decimal("0.5")),
    *(np.uint8(3), np.int8(100), np.uint64(2), np.True_, np.float16(0.5)),
    *("nope", "", "0.5", b"x", np.str_("gaussian"), pd.NA, object, len, range(3)),
    *([], (), {}, {1, 2}, [np.nan], [["a"]], [0.1, None], [None] * 3),
    *({"zz": 0.1}, {"x0": -1.0}, {0: 0.1}, ("gaussian", None)),
    *(np.array(2), np.array([0.1, -1.0]), np.array(["a"]), pd.Series([0.1])),
]

#: Numbers of trainings, or of their epochs.
COUNTS = ("max_iter", "pretrain_max_iter", "head_max_iter", "n_estimators", "n_draws")

#: Learning rates that end most trainings.
WILD_RATES = (1e30, 1e300)


def one(rng, options):
    """Return one of some options."""
    return options[int(rng.integers(len(options)))]


def any_of(*options):
    """Return a function that draws one of some options, whatever the width of rows."""
    return lambda rng, p: one(rng, options)


def parameters(rng, name, p):
    """Return random values for some of the parameters of an estimator.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.

    name : str
        Name of the estimator.

    p : int
        Number of features of the rows that it will be fitted on.

    Returns
    -------
    params : dict
        Arguments of its class; all but a few are valid.
    """
    share = one(rng, [0.05, 0.2, 0.5])
    known = getattr(sk_dae, name)._get_param_names()
    chosen = [k for k in known if k in _ALWAYS or rng.random() < share]
    unknown = any_of(False, True)
    params = {}
    for key in chosen:
        params[key] = _OWN.get((name, key), _PARAMETERS.get(key, unknown))(rng, p)
    # A level is for a corruption that is named; one beside an instance is refused.
    for key in ("noise_level", "levels"):
        instance = not isinstance(params.get("corruption", ""), str | list)
        if key in params and instance and rng.random() < 0.9:
            del params[key]
    return params


def make(rng, name, p):
    """Return an estimator with random parameters."""
    return getattr(sk_dae, name)(**parameters(rng, name, p))


def _level(rng, p):
    each = rng.uniform(size=p)
    by_name = {"x0": 0.5, f"x{p - 1}": 0.0}
    return one(rng, [0.0, 0.1, 0.5, 1.0, 3.0, 1, 1e-30, each, each.tolist(), by_name])


def _auto_level(rng, p):
    return "auto" if rng.random() < 0.3 else _level(rng, p)


def _bound(rng, p, value):
    by_name = {"x0": value, f"x{p - 1}": 2 * value}
    each = np.full(p, value)
    return one(rng, ["observed", None, np.sign(value) * np.inf, value, each, by_name])


def _process(rng, p, names=tuple(CORRUPTIONS)):
    made = [make(rng, one(rng, NOISES), p), None, lambda X, generator: X * 0.5]
    return one(rng, names) if rng.random() < 0.6 else one(rng, made)


def _autoencoder(rng, p, last=MARGINAL):
    """Return an autoencoder to put inside; None would train for long."""
    found = make(rng, one(rng, [DAE, DAE, DAE, STACK, TABLE, last]), p)
    if rng.random() < 0.05:
        with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
            return FrozenEstimator(found.fit(rng.normal(size=(20, p))))
    return one(rng, [None, PCA(1), object()]) if rng.random() < 0.03 else found


def _module(rng, p):
    own = MLPAutoencoder(p, 2, p, hidden_layer_sizes=(3,))
    return one(rng, [None] * 4 + [own, torch.nn.Identity()])


def _single_corruptions(rng, p):
    names = [name for name in NOISES if name not in _COMPOSED]
    return [make(rng, one(rng, names), p) for _ in range(rng.integers(1, 3))]


#: Parameters that are always given: without them a case takes long, or differs by run.
_ALWAYS = {
    *("max_iter", "pretrain_max_iter", "n_estimators", "random_state"),
    *("autoencoder", "clips", "corruptions"),
}

_PARAMETERS = {
    "activation": any_of(*ACTIVATIONS),
    "alpha": any_of(0, 1e-5, 1e-2, 1.0),
    "autoencoder": _autoencoder,
    "batch_size": any_of("auto", 1, 2, 7, 1000),
    "block_size": any_of("auto", 1, 2, 100, (2,), (None, 1)),
    "callbacks": any_of("deprecated"),
    "categorical_features": lambda rng, p: one(
        rng, ["from_dtype", [0], ["x0"], rng.random(p) < 0.3, [], slice(0, 1)]
    ),
    "class_weight": any_of(None, "balanced", {0: 1.0, 1: 2.0}),
    "clips": any_of(np.arange(9.0), [[1.0, -1.0]], [np.arange(30, dtype=np.int16)]),
    "code_activation": any_of("auto", *ACTIVATIONS),
    "color": any_of("white", "pink", "brown", 0.5, (-1, 2)),
    "contamination": any_of("auto", 0.1, 0.5),
    "corruption": _process,
    "corruptions": _single_corruptions,
    "device": any_of("auto", "cpu", torch.device("cpu")),
    "dropout": any_of(0.0, 0.3, 0.9),
    "emphasis": any_of(None, "full", "double", (1, 0.5), [0.2, 0.8], (0, 1)),
    "extremes": any_of("feature", "data", (0, 1)),
    "features": any_of("code", "layers", "reconstruction"),
    "fill_value": any_of(0.0, np.nan, 1, 1e38),
    "fine_tuning": any_of("deprecated"),
    "fractions": any_of((0, 0.8), (0.5, 0.5), [0, 1]),
    "handle_unknown": any_of("ignore", "warn", "error"),
    "head_iter": any_of("deprecated"),
    "head_max_iter": any_of(0, 1),
    "n_filters": any_of(3, (2,), (2, 3), [4]),
    "kernel_size": any_of(1, 2, 3, 5),
    "pool_size": any_of(1, 2, 3),
    "input_shape": lambda rng, p: one(rng, [None, (p,), (1, p), (p, 1), [p, 1]]),
    "channel_axis": any_of(None, None, 0, -1, 1),
    "precision": any_of("auto", "float32", "bfloat16"),
    "hidden_layer_sizes": any_of((), (4,), (5, 3), 6, [3], np.array([4, 2])),
    "learning_rate": any_of("one_cycle", "cosine", "constant"),
    "learning_rate_init": any_of(1e-4, 1e-3, 1e-2, 0.3, *WILD_RATES),
    "level": _level,
    "levels": any_of((0.05, 1.5), [1, 1]),
    "loss": any_of(
        *losses.LOSSES,
        *["squared_error"] * 4,
        losses.HuberLoss(0.5),
        losses.CosineLoss(),
        losses.PoissonLoss(normalize=False),
        losses.NegativeBinomialLoss(normalize=False),
    ),
    "mask_loss_weight": any_of(0, 0.5, 2.0),
    "mask_weight": any_of("deprecated"),
    "max_categories": any_of(2, 3, 100),
    "max_value": lambda rng, p: _bound(rng, p, 1.0),
    "max_iter": any_of(1, 2, 3),
    "min_value": lambda rng, p: _bound(rng, p, -1.0),
    "missing_values": any_of(np.nan, np.nan, -1, 0, pd.NA, None),
    "module": _module,
    "n_components": any_of(1, 2, 5),
    "n_donors": any_of(1, 3, 10_000),
    "n_draws": any_of(1, 2, 3),
    "n_estimators": any_of(1, 2),
    "n_folds": any_of(None, 2, 100),
    "n_iter_no_change": any_of(1, 2),
    "n_layers": any_of(1, 2, 3),
    "n_pivots": any_of(None, 1, 3, 100),
    "n_quantiles": any_of(2, 5, 1000),
    "net_callbacks": any_of(None, [], ()),
    "noise_level": _auto_level,
    "noise_schedule": any_of(
        "constant", "linear", "cosine", "exponential", lambda progress: 1.0 - progress
    ),
    "numeric_scaling": any_of("quantile", "standard"),
    "optimizer": any_of(
        *("adamw", "adam", "sgd", "nesterov", "rmsprop"),
        *(torch.optim.Adam, torch.optim.Adagrad, torch.optim.Rprop, torch.optim.LBFGS),
    ),
    "penalty": any_of(
        None,
        *penalties.PENALTIES,
        penalties.ContractivePenalty(0.1, n_draws=2),
        penalties.AdversarialPenalty(0.1, hidden_layer_sizes=(3,)),
        penalties.L1Penalty(0.0),
    ),
    "penalty_weight": any_of("auto", 0, 0.1, 9.0),
    "pretrain_iter": any_of("deprecated"),
    "pretrain_max_iter": any_of(1),
    "probabilities": any_of(None, None, [0.3, 0.7], [1.0]),
    "random_state": lambda rng, p: one(
        rng, [*range(40), None, np.random.RandomState(3)]
    ),
    "scoring_noise_level": any_of(0, 0.5, 1000),
    "shape": lambda rng, p: one(rng, [None, (p,), (1, p)]),
    "snr_db": any_of(0, 6.0, (-5, 10), [3, 3]),
    "tol": any_of(0, 1e-4, 1.0),
    "unlabeled_value": any_of(None, None, -1, np.nan, "a"),
    "validation_fraction": any_of(0.1, 0.5, 0.9, 0.01),
    "verbose": any_of(0),
}

#: Parameters that mean another thing to one estimator.
_OWN = {
    (STACK, "corruption"): lambda rng, p: one(
        rng, [_process(rng, p), [_process(rng, p), "masking"]]
    ),
    (STACK, "noise_level"): lambda rng, p: one(
        rng, [_auto_level(rng, p), [0.1, 0.2], ["auto", 0.3]]
    ),
    (TABLE, "corruption"): lambda rng, p: _process(rng, p, ("swap", "masking")),
    (TABLE, "features"): any_of("code", "layers"),
    (MARGINAL, "noise_level"): any_of(0.0, 0.5, 0.99, [0.1, 0.2, 0.3], [0.5]),
    (MARGINAL, "activation"): any_of("tanh", "identity", "relu", "logistic"),
    (DETECTOR, "noise_level"): any_of("deprecated"),
    ("BlockNoise", "level"): any_of(0.0, 0.2, 0.9),
}
for _name in (CLASSIFIER, REGRESSOR):
    _OWN[_name, "autoencoder"] = lambda rng, p: _autoencoder(rng, p, STACK)
    _OWN[_name, "corruption"] = lambda rng, p: one(
        rng, ["autoencoder", _process(rng, p)]
    )
    _OWN[_name, "device"] = any_of(None, "cpu", torch.device("cpu"))
for _name in (IMPUTER, DETECTOR):
    _OWN[_name, "device"] = any_of(None, "cpu", torch.device("cpu"))
