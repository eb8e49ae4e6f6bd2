import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import EarlyStopping as SkorchEarlyStopping
from torch.nn import functional as F

import sk_dae
from sk_dae import (
    DenoisingAutoencoder,
    GaussianNoise,
    MaskingNoise,
    StackedDenoisingAutoencoder,
    SwapNoise,
)
from sk_dae.modules import ACTIVATIONS


@pytest.fixture(scope="module")
def X():
    return (load_digits().data[:300] / 16).astype(np.float32)


def make(**params):
    defaults = {
        "n_components": 8,
        "hidden_layer_sizes": (24, 16),
        "pretrain_max_iter": 10,
        "max_iter": 5,
        "random_state": 0,
    }
    return StackedDenoisingAutoencoder(**{**defaults, **params})


def weights(estimator):
    return [p.detach().numpy().copy() for p in estimator.net_.module_.parameters()]


# -- layers ----------


def test_first_layer_is_what_an_autoencoder_of_one_hidden_layer_learns(X):
    stack = make(hidden_layer_sizes=(), fine_tune=False).fit(X)
    alone = DenoisingAutoencoder(
        8,
        hidden_layer_sizes=(),
        corruption="masking",
        noise_level=0.25,
        max_iter=10,
        random_state=0,
    ).fit(X)
    assert_array_equal(stack.transform(X), alone.transform(X))
    assert stack.layer_loss_curves_ == [alone.loss_curve_]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "silu"])
def test_each_layer_learns_to_restore_the_one_below(X, activation):
    stack = make(activation=activation).fit(X)
    assert len(stack.layer_loss_curves_) == 3
    for curve in stack.layer_loss_curves_:
        assert len(curve) == 10
        assert curve[-1] < curve[0]


def test_later_layers_leave_the_earlier_as_they_are(X):
    # Tied, since the first weights of a decoder depend on the depth.
    params = {"fine_tune": False, "tied_weights": True}
    shallow = make(hidden_layer_sizes=(24,), n_components=16, **params).fit(X)
    deep = make(**params).fit(X)
    first, _, _ = deep.net_.module_.hidden_layers(torch.from_numpy(X))
    other, _, _ = shallow.net_.module_.hidden_layers(torch.from_numpy(X))
    assert_array_equal(first[0].detach(), other[0].detach())


def test_pretrained_stack_restores_rows_before_it_is_trained_as_a_whole(X):
    # With as many units as features nothing need be lost from layer to layer.
    params = {"hidden_layer_sizes": (64, 64), "n_components": 64, "fine_tune": False}
    stack = make(**params, pretrain_max_iter=60, corruption=None).fit(X)
    variance = X.var(axis=0).mean()
    assert -stack.score(X) < 0.3 * variance


def test_fine_tuning_lowers_the_loss_of_the_whole(X):
    apart = make(fine_tune=False).fit(X)
    tuned = make(max_iter=30).fit(X)
    assert tuned.score(X) > apart.score(X)
    assert apart.n_iter_ == 0
    assert apart.loss_curve_ == []
    assert apart.best_loss_ is None
    assert tuned.n_iter_ == 30
    assert tuned.layer_loss_curves_ == apart.layer_loss_curves_


def test_all_layers_are_within_reach(X):
    stack = make(features="layers").fit(X)
    encoder, code, decoder = stack.net_.module_.hidden_layers(torch.from_numpy(X))
    expected = torch.cat([*encoder, code, *decoder], dim=1).detach()
    assert_allclose(stack.transform(X), expected, rtol=1e-5, atol=1e-6)
    names = stack.get_feature_names_out()
    assert names[0] == "stackeddenoisingautoencoder_encoder0_0"
    assert [name.split("_")[1] for name in names[[24, 40]]] == ["encoder1", "code0"]


# -- corruption ----------


def test_each_layer_may_have_its_own_corruption_and_level(X):
    stack = make(
        corruption=["gaussian", SwapNoise(0.1), None], noise_level=[0.3, "auto", 9]
    )
    stack.fit(X)
    assert isinstance(stack.corruption_, GaussianNoise)
    assert stack.corruption_.level_ == 0.3
    assert stack.corruption[1].level == 0.1
    other = make(
        corruption=["gaussian", SwapNoise(0.1), "masking"],
        noise_level=[0.3, "auto", 0.5],
    ).fit(X)
    assert stack.layer_loss_curves_[:2] == other.layer_loss_curves_[:2]
    assert stack.layer_loss_curves_[2][-1] < other.layer_loss_curves_[2][-1]


def test_levels_of_layers_act(X):
    low = make(noise_level=[0.25, 0.0, 0.0], fine_tune=False).fit(X)
    high = make(noise_level=[0.25, 0.7, 0.7], fine_tune=False).fit(X)
    assert low.layer_loss_curves_[0] == high.layer_loss_curves_[0]
    assert low.layer_loss_curves_[1][-1] < high.layer_loss_curves_[1][-1]


def test_array_of_no_dimension_is_a_level_for_all_layers(X):
    np.testing.assert_array_equal(
        make(noise_level=np.array(0.25), fine_tune=False).fit(X).transform(X),
        make(noise_level=0.25, fine_tune=False).fit(X).transform(X),
    )


def test_each_layer_may_have_its_own_emphasis(X):
    params = {"fine_tune": False, "corruption": "swap"}
    plain = make(**params).fit(X)
    mixed = make(emphasis=[None, "full", (2, 1)], **params).fit(X)
    full = make(emphasis="full", **params).fit(X)
    pair = make(emphasis=(1, 0), **params).fit(X)
    assert mixed.layer_loss_curves_[0] == plain.layer_loss_curves_[0]
    assert mixed.layer_loss_curves_[1] != plain.layer_loss_curves_[1]
    assert full.layer_loss_curves_ == pair.layer_loss_curves_
    assert full.layer_loss_curves_[0] != plain.layer_loss_curves_[0]


def test_first_emphasis_holds_for_the_whole(X):
    emphasis = ((1, 0.5), None, "full")
    stack = make(pretrain_max_iter=1, max_iter=1, emphasis=emphasis).fit(X)
    assert stack.net_.emphasis == (1.0, 0.5)


@pytest.mark.parametrize("corruption", ["each", "all"])
def test_hidden_values_may_be_hidden_as_missing(X, corruption):
    hide = MaskingNoise(0.3, fill_value=np.nan)
    given = hide if corruption == "all" else (None, hide)
    stack = make(hidden_layer_sizes=(16,), corruption=given).fit(X)
    assert np.isfinite(stack.layer_loss_curves_[1]).all()
    assert np.isfinite(stack.transform(X)).all()


def test_first_level_may_be_one_for_each_feature(X):
    levels = np.linspace(0, 0.5, X.shape[1])
    stack = make(noise_level=[levels, 0.2, 0.2]).fit(X)
    assert_allclose(stack.corruption_.level_, levels, rtol=1e-6)
    names = [f"pixel{i}" for i in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=names)
    stack = make(noise_level=[{"pixel20": 0.5}, 0.2, 0.2]).fit(frame)
    assert stack.corruption_.level_[20] == 0.5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"corruption": ["gaussian"] * 2}, "corruption must be one for all.* 3 layers"),
        ({"noise_level": [0.1] * 4}, "noise_level must be one for all.* got 4 entries"),
        ({"corruption": ["gaussian", "salt", None]}, "corruption must name.*'salt'"),
        ({"noise_level": [0.1, 2.0, 0.1]}, r"noise_level of MaskingNoise must be in"),
        ({"noise_schedule": "linear", "corruption": ["swap", None, None]}, "schedule"),
        ({"emphasis": "full", "corruption": [None, "swap", "swap"]}, "emphasis"),
        ({"emphasis": ["full", None]}, "emphasis must be one for all.* got 2 entries"),
        ({"emphasis": ["full", None, "none"]}, "emphasis must be None, 'full'"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes"),
        ({"pretrain_max_iter": 0}, "pretrain_max_iter"),
    ],
    ids=str,
)
def test_bad_parameters_are_named_and_harm_nothing(X, params, message):
    stack = make(pretrain_max_iter=1, max_iter=1).fit(X)
    before = stack.transform(X)
    with pytest.raises(ValueError, match=message):
        stack.set_params(**params).fit(X)
    assert_array_equal(stack.transform(X), before)


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {"noise_schedule": "linear"},
        {"emphasis": "double"},
        {"dropout": 0.2},
        {"corruption": MaskingNoise(0.3, fill_value=np.nan)},
        {"corruption": "conditional_mean"},
        {"corruption": "marginal"},
        {"loss": "binary_cross_entropy", "activation": "logistic"},
        {"code_activation": "identity"},
        {"optimizer": torch.optim.Adam},
    ],
    ids=str,
)
def test_settings_of_the_autoencoder_work_in_every_layer(X, params):
    if params.get("corruption") is not None and not isinstance(
        params["corruption"], str
    ):
        params = {**params, "corruption": [params["corruption"], "masking", "masking"]}
    stack = make(**params).fit(X)
    assert all(curve[-1] < curve[0] for curve in stack.layer_loss_curves_)
    assert np.isfinite(stack.transform(X)).all()


@pytest.mark.parametrize("activation", ["logistic", "tanh", "silu", "relu", "identity"])
def test_hidden_layer_restores_activations_of_its_kind(X, activation):
    # Steps too small to change a weight: the first loss is that of the net at the end.
    stack = make(
        hidden_layer_sizes=(24,),
        activation=activation,
        code_activation="identity",
        corruption=None,
        fine_tune=False,
        learning_rate_init=1e-12,
        pretrain_max_iter=1,
        batch_size=300,
    ).fit(X)
    module = stack.net_.module_
    with torch.no_grad():
        hidden = ACTIVATIONS[activation](module.encoder[0](torch.from_numpy(X)))
        output = module.decoder[0](module.encoder[1](hidden))
        if activation == "logistic":
            expected = F.binary_cross_entropy(output.sigmoid(), hidden)
        elif activation == "relu":
            expected = F.mse_loss(output, hidden)
        else:
            expected = F.mse_loss(ACTIVATIONS[activation](output), hidden)
    assert_allclose(stack.layer_loss_curves_[1], [float(expected)], rtol=1e-4)


# -- rows ----------


def test_sparse_rows_and_dense_rows_give_the_same_stack(X):
    dense, sparse = make().fit(X), make().fit(sp.csr_matrix(X))
    for a, b in zip(weights(dense), weights(sparse), strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_activations_kept_or_computed_anew_are_the_same(X, monkeypatch, early_stopping):
    kept = make(early_stopping=early_stopping).fit(X)
    monkeypatch.setattr("sk_dae.data.mapped_rows.KEPT_BYTES", 0)
    anew = make(early_stopping=early_stopping).fit(X)
    # Products of other shapes round in another order.
    assert_allclose(anew.transform(X), kept.transform(X), rtol=0.05, atol=0.02)


def test_missing_values_reach_no_hidden_layer(X):
    holes = np.random.RandomState(0).uniform(size=X.shape) < 0.2
    with_gaps = np.where(holes, np.nan, X)
    stack = make().fit(with_gaps)
    assert np.isfinite(stack.layer_loss_curves_).all()
    assert np.isfinite(stack.transform(with_gaps)).all()


def test_pairs_train_the_layers_on_what_is_clean(X):
    noisy = X + np.random.RandomState(0).normal(0, 0.3, X.shape).astype(np.float32)
    stack = make(corruption=None, max_iter=40, pretrain_max_iter=20).fit(noisy, clean=X)
    error = ((stack.denoise(noisy) - X) ** 2).mean()
    assert error < 0.6 * ((noisy - X) ** 2).mean()


def test_weights_of_rows_count_in_every_layer(X):
    some = np.arange(len(X)) < 100
    stack = make(pretrain_max_iter=40).fit(X, sample_weight=some.astype(float))
    even = make(pretrain_max_iter=40).fit(X)
    gain = even.reconstruction_error(X) - stack.reconstruction_error(X)
    assert gain[some].mean() > gain[~some].mean()


# -- training ----------


def test_same_seed_same_stack(X):
    torch.manual_seed(1)
    first = make(dropout=0.1, early_stopping=True).fit(X)
    state = torch.get_rng_state()
    torch.manual_seed(2)
    second = make(dropout=0.1, early_stopping=True).fit(X)
    assert_array_equal(first.transform(X), second.transform(X))
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)
    other = make(random_state=1).fit(X)
    assert not np.array_equal(first.transform(X), other.transform(X))


def test_early_stopping_ends_layers_too(X):
    stack = make(
        early_stopping=True, pretrain_max_iter=200, n_iter_no_change=2, tol=0.01
    ).fit(X)
    assert max(map(len, stack.layer_loss_curves_)) < 200
    assert stack.validation_loss_curve_ is not None


def test_warm_start_goes_on_with_the_whole(X):
    stack = make(warm_start=True).fit(X)
    curves, score = stack.layer_loss_curves_, stack.score(X)
    stack.set_params(max_iter=20).fit(X)
    assert stack.layer_loss_curves_ is curves
    assert stack.score(X) > score
    with pytest.raises(ValueError, match="activation"):
        stack.set_params(activation="tanh").fit(X)


def test_warm_start_without_fine_tuning_goes_on_with_the_layers(X):
    stack = make(warm_start=True, fine_tune=False).fit(X)
    first = [curve[-1] for curve in stack.layer_loss_curves_]
    stack.fit(X)
    assert stack.layer_loss_curves_[0][0] < first[0] * 1.2
    assert stack.n_iter_ == 0


def test_callbacks_hear_of_every_training(X):
    stopper = SkorchEarlyStopping(monitor="train_loss", patience=1, threshold=10)
    stack = make(net_callbacks=[stopper]).fit(X)
    assert max(map(len, stack.layer_loss_curves_)) < 5


def test_progress_names_the_layers(X, capsys):
    make(verbose=1).fit(X)
    shown = capsys.readouterr().out
    assert "layer 1 of 3" in shown
    assert "layer 3 of 3" in shown


# -- conventions ----------


def test_there_is_no_partial_fit():
    assert not hasattr(make(), "partial_fit")


def test_stack_is_searched_in_a_pipeline(X):
    y = load_digits().target[:300]
    pipeline = make_pipeline(
        make(pretrain_max_iter=2, max_iter=1), LogisticRegression(max_iter=200)
    )
    grid = {
        "stackeddenoisingautoencoder__noise_level": [0.1, [0.3, 0.2, 0.1]],
        "stackeddenoisingautoencoder__fine_tune": [False, True],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("fine_tune", [False, True])
def test_saved_and_loaded_stack_is_the_same(X, tmp_path, fine_tune):
    stack = make(
        corruption=["salt_and_pepper", "swap", None],
        noise_level=[0.1, 0.2, 0.0],
        fine_tune=fine_tune,
    ).fit(X)
    sk_dae.save(stack, tmp_path / "stack.safetensors")
    loaded = sk_dae.load(tmp_path / "stack.safetensors")
    assert_array_equal(loaded.transform(X), stack.transform(X))
    assert loaded.layer_loss_curves_ == stack.layer_loss_curves_
    assert clone(loaded).get_params()["noise_level"] == [0.1, 0.2, 0.0]
