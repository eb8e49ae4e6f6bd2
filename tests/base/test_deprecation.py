"""Old names of parameters: they work, say so, and are read from files."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

import sk_dae
from helpers import weights_of
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingOutlierDetector,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.losses import TableLoss

SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (4,),
    "max_iter": 2,
    "device": "cpu",
    "random_state": 0,
}


def small(cls=DenoisingAutoencoder, **params):
    return cls(**{**SMALL, **params})


def stack(**params):
    return small(StackedDenoisingAutoencoder, **params)


def short_stack(**params):
    return stack(pretrain_max_iter=2, **params)


def table_autoencoder(**params):
    return small(TabularDenoisingAutoencoder, **params)


def classifier(**params):
    return DenoisingAutoencoderClassifier(small(), max_iter=2, random_state=0, **params)


def regressor(**params):
    return DenoisingAutoencoderRegressor(small(), max_iter=2, random_state=0, **params)


def detector(**params):
    return DenoisingOutlierDetector(small(), n_draws=2, random_state=0, **params)


CALLBACKS = [Callback()]

RENAMED = [
    (small, "callbacks", "net_callbacks", CALLBACKS),
    (short_stack, "callbacks", "net_callbacks", CALLBACKS),
    (short_stack, "fine_tuning", "fine_tune", False),
    (stack, "pretrain_iter", "pretrain_max_iter", 3),
    (table_autoencoder, "callbacks", "net_callbacks", CALLBACKS),
    (table_autoencoder, "mask_weight", "mask_loss_weight", 0.5),
    (classifier, "callbacks", "net_callbacks", CALLBACKS),
    (classifier, "head_iter", "head_max_iter", 2),
    (regressor, "callbacks", "net_callbacks", CALLBACKS),
    (regressor, "head_iter", "head_max_iter", 2),
    (detector, "noise_level", "scoring_noise_level", 0.3),
]
IDS = [f"{make.__name__}-{old}" for make, old, _, _ in RENAMED]


@pytest.fixture(scope="module")
def rows():
    X = np.random.RandomState(0).normal(size=(60, 3)).astype(np.float32)
    return X, (X[:, 0] > 0).astype(int)


def outcome(estimator, X):
    """The result of an estimator, as one array."""
    if hasattr(estimator, "score_samples"):
        return estimator.score_samples(X)
    return estimator.predict(X) if hasattr(estimator, "predict") else None


@pytest.mark.parametrize(("make", "old", "new", "value"), RENAMED, ids=IDS)
def test_old_name_warns_in_fit_and_does_what_the_new_one_does(
    rows, make, old, new, value
):
    X, y = rows
    by_new = make(**{new: value}).fit(X, y)
    by_old = make(**{old: value})
    with pytest.warns(FutureWarning, match=rf"{old} of .* renamed to {new}.*0\.3"):
        by_old.fit(X, y)
    np.testing.assert_array_equal(outcome(by_old, X), outcome(by_new, X))
    # Neither parameter is changed by fit.
    assert getattr(by_old, old) is value
    assert getattr(by_old, new) == getattr(make(), new)


@pytest.mark.parametrize(("make", "old", "new", "value"), RENAMED, ids=IDS)
def test_old_and_new_name_together_are_refused(rows, make, old, new, value):
    estimator = make(**{old: value, new: value})
    with pytest.raises(ValueError, match=f"{old} is the old name of {new}"):
        estimator.fit(*rows)


@pytest.mark.parametrize(("make", "old", "new", "value"), RENAMED, ids=IDS)
def test_old_name_is_cloned_and_set(make, old, new, value):
    estimator = clone(make(**{old: value}))
    assert estimator.get_params()[old] != "deprecated"
    assert make().set_params(**{old: value}).get_params()[old] == value
    assert getattr(make(), old) == "deprecated"


@pytest.mark.parametrize(
    ("make", "old", "value", "message"),
    [
        (small, "callbacks", "print", "callbacks"),
        (stack, "pretrain_iter", 0, "pretrain_iter"),
        (detector, "noise_level", -1.0, "noise_level"),
    ],
)
def test_value_of_an_old_name_is_checked(rows, make, old, value, message):
    with pytest.raises(ValueError, match=f"The '{message}' parameter"):
        make(**{old: value}).fit(*rows)


def test_search_over_an_old_name(rows):
    X, y = rows
    search = GridSearchCV(
        detector(),
        {"noise_level": [0.1, 0.5]},
        scoring=lambda estimator, X, y: estimator.score_samples(X).mean(),
        cv=2,
    )
    with pytest.warns(FutureWarning, match="scoring_noise_level"):
        search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_old_name_warns_in_partial_fit(rows):
    with pytest.warns(FutureWarning, match="net_callbacks"):
        small(callbacks=CALLBACKS).partial_fit(rows[0])


def test_callbacks_of_an_old_name_are_called(rows):
    calls = []

    class Watch(Callback):
        def on_epoch_end(self, net, **kwargs):
            calls.append(len(net.history))

    with pytest.warns(FutureWarning, match="net_callbacks"):
        small(callbacks=[Watch()]).fit(rows[0])
    assert calls == [1, 2]


def test_old_names_at_their_defaults_say_nothing(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for make in (small, short_stack, table_autoencoder, classifier, detector):
            make().fit(*rows)


def test_a_model_of_an_old_name_is_saved(rows, tmp_path):
    X, y = rows
    path = tmp_path / "model.safetensors"
    with pytest.warns(FutureWarning, match="head_max_iter"):
        model = classifier(head_iter=2).fit(X, y)
    sk_dae.save(model, path)
    loaded = sk_dae.load(path, device="cpu")
    assert loaded.head_iter == 2
    np.testing.assert_array_equal(weights_of(loaded), weights_of(model))


def test_callbacks_of_an_old_name_are_not_saved(rows, tmp_path):
    path = tmp_path / "model.safetensors"
    dae = small(callbacks=CALLBACKS)
    with pytest.warns(UserWarning, match="^callbacks are not saved"):
        sk_dae.save(dae, path)
    loaded = sk_dae.load(path)
    assert loaded.callbacks == "deprecated"
    assert loaded.net_callbacks is None


def test_old_name_of_the_table_loss():
    with pytest.warns(FutureWarning, match="mask_loss_weight"):
        loss = TableLoss([2, 0], mask_weight=0.5)
    assert loss.mask_loss_weight == 0.5
    assert clone(loss).estimates_mask
    with pytest.raises(ValueError, match="old name of mask_loss_weight"):
        TableLoss([2, 0], mask_loss_weight=0.1, mask_weight=0.5)


def test_imputer_warns_once_of_an_old_name_inside(rows):
    inner = small(callbacks=CALLBACKS)
    with pytest.warns(FutureWarning, match="net_callbacks") as caught:
        imputer = sk_dae.DenoisingImputer(inner, n_estimators=3).fit(rows[0])
    assert len(caught) == 1
    assert inner.callbacks is CALLBACKS
    assert all(member.net_callbacks for member in imputer.estimators_)
