"""Penalties: what each does to the code, and how they live in an estimator."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from helpers import make, weights_of
from sk_dae import DenoisingAutoencoder, DenoisingImputer
from sk_dae.backend.random import seeded_generator
from sk_dae.losses import SquaredError
from sk_dae.modules import ACTIVATIONS, MLPAutoencoder
from sk_dae.penalties import (
    PENALTIES,
    AdversarialPenalty,
    BasePenalty,
    ContractivePenalty,
    KLPenalty,
    L1Penalty,
    VariationalPenalty,
    make_penalty,
)

UNIT = st.floats(0.0, 1.0, width=32)
every_penalty = pytest.mark.parametrize("penalty", PENALTIES)
of_prior = pytest.mark.parametrize("penalty", ["variational", "adversarial"])


class Layers(torch.nn.Module):
    """A user's module, with a code in (0, 1) and no more than is asked for."""

    code_activation = "logistic"

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return torch.sigmoid(self.encoder(X))

    def decode(self, code):
        return self.decoder(code)


class Gaussian(Layers):
    """A user's module that gives variances."""

    def __init__(self, n_features, n_components):
        super().__init__(n_features, n_components)
        self.head = torch.nn.Linear(n_features, n_components)

    def encode(self, X):
        return self.encoder(X)

    def encode_distribution(self, X):
        return self.encoder(X), self.head(X)


def mlp(hidden=(5,), **params):
    return MLPAutoencoder(
        6, 4, hidden_layer_sizes=hidden, generator=seeded_generator(0), **params
    )


def rows(n_samples=7):
    return torch.randn(n_samples, 6, generator=seeded_generator(1))


def jacobian_norms(module, X):
    """Return the squared norm of the Jacobian of each row, by autograd, in float32."""
    jacobian = torch.autograd.functional.jacobian(lambda x: module.encode(x).sum(0), X)
    return jacobian.square().sum(dim=(0, 2))


def energy_distance(one, other):
    """Return the energy distance of two samples: zero where they have one law."""
    within = cdist(one, one).mean() + cdist(other, other).mean()
    return 2 * cdist(one, other).mean() - within


def drawn_codes(dae, X):
    """Return codes as the decoder got them in training."""
    if dae.penalty != "variational":
        return dae.transform(X)
    with torch.no_grad():
        code, _ = dae.penalty_.encode(
            dae.net_.module_, torch.tensor(X), None, seeded_generator(0)
        )
    return code.numpy()


# -- the formulas ---------------------------------------------------------------------


def test_l1_is_the_mean_absolute_activation():
    code = rows()
    value = L1Penalty().of_code(code, None, None)
    torch.testing.assert_close(value, code.abs().sum() / (7 * 6))


@pytest.mark.parametrize("weight", [None, torch.arange(7.0)])
def test_gradient_of_l1_is_that_of_autograd(weight):
    code = torch.relu(rows())
    expected = BasePenalty.value_and_gradient(L1Penalty(), code, weight, None)
    actual = L1Penalty().value_and_gradient(code, weight, None)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other)


@given(
    code=arrays(
        np.float32, st.tuples(st.integers(1, 8), st.integers(1, 4)), elements=UNIT
    ),
    target=st.floats(0.01, 0.99),
    factor=st.floats(0.0, 10.0),
    data=st.data(),
)
@settings(max_examples=50, deadline=None)
def test_sparse_penalties_keep_their_laws(code, target, factor, data):
    order = data.draw(st.permutations(range(len(code))))
    code = torch.from_numpy(code)
    for penalty in (L1Penalty(), KLPenalty(target=target)):
        value = penalty.of_code(code, None, None)
        assert value >= -1e-6
        torch.testing.assert_close(value, penalty.of_code(code[order], None, None))
    scaled = L1Penalty().of_code(factor * code, None, None)
    torch.testing.assert_close(scaled, factor * L1Penalty().of_code(code, None, None))
    at_target = KLPenalty(target=target).of_code(
        torch.full_like(code, target), None, None
    )
    assert at_target.item() == pytest.approx(0.0, abs=1e-6)


def test_kl_is_the_mean_divergence_of_two_bernoullis():
    code = torch.rand(9, 3, generator=seeded_generator(0))
    wanted = torch.distributions.Bernoulli(torch.full((3,), 0.2))
    found = torch.distributions.Bernoulli(code.mean(dim=0))
    expected = torch.distributions.kl_divergence(wanted, found).mean()
    value = KLPenalty(target=0.2).of_code(code, None, None)
    torch.testing.assert_close(value, expected)
    # Units that never speak, or always do, are far from the target, and finite.
    for dead in (torch.zeros(4, 2), torch.ones(4, 2)):
        value = KLPenalty().of_code(dead, None, None)
        assert 0 < value.item() < 20


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_contraction_is_exact_for_one_layer(activation):
    module, X = mlp((), code_activation=activation), rows()
    code, value = ContractivePenalty().encode(module, X, None, None)
    torch.testing.assert_close(code, module.encode(X))
    torch.testing.assert_close(value, jacobian_norms(module, X).mean() / 4)
    value.backward()
    slope = module.encoder[0].weight.grad
    before, step = value.item(), 1e-3 / slope.norm()
    with torch.no_grad():
        module.encoder[0].weight.sub_(step * slope)
    _, after = ContractivePenalty().encode(module, X, None, None)
    # The gradient leads downhill, as steeply as it says.
    assert before - after.item() == pytest.approx(1e-3 * slope.norm().item(), rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["tanh", "gelu", "relu"])
def test_contraction_of_deep_encoders_is_right_on_average(activation):
    module, X = mlp((5,), activation=activation), rows()
    expected = jacobian_norms(module, X).mean().item() / 4
    draws = torch.stack(
        [
            ContractivePenalty().encode(module, X, None, generator)[1].detach()
            for generator in [seeded_generator(2)]
            for _ in range(400)
        ]
    )
    error = draws.std().item() / np.sqrt(len(draws))
    assert draws.mean().item() == pytest.approx(expected, abs=4 * error)
    assert error < 0.03 * expected
    many = ContractivePenalty(n_draws=1000).encode(module, X, None, seeded_generator(3))
    assert many[1].item() == pytest.approx(expected, abs=4 * error)
    # It teaches the encoder: second derivatives flow.
    many[1].backward()
    assert all(layer.weight.grad.abs().sum() > 0 for layer in module.encoder)


def test_contraction_of_separate_units_needs_no_average():
    # Every draw of signs gives the norm of a Jacobian whose rows do not overlap.
    module = MLPAutoencoder(
        4, 4, hidden_layer_sizes=(4,), activation="tanh", generator=seeded_generator(0)
    )
    with torch.no_grad():
        for layer in module.encoder:
            layer.weight.copy_(layer.weight.diagonal().diag())
    X = rows()[:, :4]
    _, value = ContractivePenalty().encode(module, X, None, seeded_generator(1))
    torch.testing.assert_close(value, jacobian_norms(module, X).mean() / 4)
    assert not X.requires_grad


def test_contraction_drops_the_code_as_the_module_does():
    module, X = mlp((), code_activation="tanh", dropout=0.5), rows()
    module.dropout.generator = seeded_generator(1)
    code, _ = ContractivePenalty().encode(module, X, None, None)
    assert (code == 0).any()
    module.dropout.generator = seeded_generator(1)
    torch.testing.assert_close(code, module.encode(X))


@pytest.mark.parametrize("hidden", [(), (5,)])
def test_contraction_is_known_of_a_frozen_encoder(hidden):
    module = mlp(hidden, code_activation="tanh")
    _, expected = ContractivePenalty().encode(module, rows(), None, seeded_generator(0))
    module.encoder.requires_grad_(False)
    code, value = ContractivePenalty().encode(module, rows(), None, seeded_generator(0))
    torch.testing.assert_close(value, expected)
    (module.decode(code).sum() + value).backward()
    assert module.decoder[0].weight.grad is not None
    assert module.encoder[0].weight.grad is None


def test_variational_is_the_mean_divergence_of_two_normals():
    module, X = mlp(), rows()
    penalty = VariationalPenalty()
    penalty.initialize(module, 4, seeded_generator(0))
    with torch.no_grad():
        for parameter in penalty.parameters():
            parameter.normal_(0.0, 0.3)
    mean, log_variance = penalty.distribution(module, X)
    torch.testing.assert_close(mean, module.encode(X))
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(
        normal(mean, (log_variance / 2).exp()), normal(0.0, 1.0)
    )
    code, value = penalty.encode(module, X, None, seeded_generator(4))
    torch.testing.assert_close(value, expected.mean())
    noise = torch.empty_like(mean).normal_(generator=seeded_generator(4))
    torch.testing.assert_close(code, mean + (log_variance / 2).exp() * noise)


def test_adversary_that_cannot_tell_is_a_coin():
    penalty = AdversarialPenalty(learning_rate_init=1e-12)
    penalty.initialize(mlp(), 4, seeded_generator(0))
    with torch.no_grad():
        for parameter in penalty.parameters():
            parameter.zero_()
    penalty.begin_training()
    value = penalty.of_code(rows()[:, :4], None, seeded_generator(1))
    assert value.item() == pytest.approx(np.log(2), rel=1e-5)


def test_adversary_learns_to_tell_and_the_gradient_leads_to_the_prior():
    penalty, generator = AdversarialPenalty(), seeded_generator(1)
    penalty.initialize(mlp(), 2, seeded_generator(0))
    penalty.begin_training()
    code = torch.full((200, 2), 2.0)
    code += 0.1 * torch.randn(200, 2, generator=generator)
    for _ in range(200):
        value, gradient = penalty.value_and_gradient(code, None, generator)
    assert value.item() > 1.5
    assert (gradient.mean(dim=0) > 0).all()


def test_adversary_does_not_see_rows_without_weight():
    penalty, generator = AdversarialPenalty(), seeded_generator(1)
    penalty.initialize(mlp(), 2, seeded_generator(0))
    penalty.begin_training()
    weight = torch.tensor([2.0, 0.0]).repeat_interleave(50)
    for _ in range(300):
        code = torch.randn(100, 2, generator=generator)
        code[50:] += 5.0
        value, gradient = penalty.value_and_gradient(code, weight, generator)
    assert value.item() == pytest.approx(np.log(2), rel=0.1)
    assert (gradient[50:] == 0).all()


def test_copy_of_an_adversary_is_in_no_training():
    penalty = AdversarialPenalty()
    penalty.initialize(mlp(), 6, seeded_generator(0))
    penalty.begin_training()
    penalty.value_and_gradient(rows(), None, seeded_generator(1))
    twin = penalty.snapshot()
    assert not hasattr(twin, "_optimizer")
    assert len(twin.optimizer_state_) == len(list(twin.parameters())) == 4
    # The training goes on beside it.
    before = [p.detach().clone() for p in twin.parameters()]
    penalty.value_and_gradient(rows(), None, seeded_generator(1))
    torch.testing.assert_close(list(twin.parameters()), before, rtol=0, atol=0)


def test_adversary_goes_on_as_if_it_had_not_been_interrupted():
    learned = []
    for interrupted in (False, True):
        penalty, generator = AdversarialPenalty(), seeded_generator(1)
        penalty.initialize(mlp(), 6, seeded_generator(0))
        penalty.begin_training()
        for step in range(4):
            if interrupted and step == 2:
                penalty.end_training()
                penalty = penalty.snapshot()
                penalty.begin_training()
            penalty.value_and_gradient(rows(), None, generator)
        learned.append([p.detach() for p in penalty.parameters()])
    torch.testing.assert_close(*learned, rtol=0, atol=0)


@every_penalty
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_weights_of_one_change_nothing_and_zero_leaves_a_row_out(penalty, hidden):
    def value(X, weight):
        term = PENALTIES[penalty]()
        module = mlp(hidden, code_activation=term.code_activation or "tanh")
        term.initialize(module, 4, seeded_generator(0))
        if penalty == "variational":  # variances that differ from row to row
            torch.nn.init.constant_(term.log_variance.weight, 0.3)
        if penalty == "adversarial":
            term.set_params(learning_rate_init=1e-12)
        term.begin_training()
        torch.manual_seed(0)
        _, value = term.encode(module, X, weight, seeded_generator(5))
        return value.item()

    X, none, ones = rows(), None, torch.ones(7)
    tolerance = {"rel": 1e-5}
    assert value(X, ones) == pytest.approx(value(X, none), **tolerance)
    other = X.clone()
    other[3] = 3.0
    assert value(other, ones) != pytest.approx(value(X, ones), rel=1e-3)
    weight = ones.clone()
    weight[3] = 0.0
    assert value(other, weight) == pytest.approx(value(X, weight), **tolerance)


@pytest.mark.parametrize("penalty", sorted(set(PENALTIES) - {"adversarial"}))
@pytest.mark.parametrize("hidden", [(), (5,)])
def test_penalty_is_in_proportion_to_the_weights(penalty, hidden):
    """As the loss is, so that a call of partial_fit may count for little."""
    weights = torch.rand(7, generator=seeded_generator(2))
    values = []
    for factor in (1.0, 0.01, 0.0):
        term = PENALTIES[penalty]()
        module = mlp(hidden, code_activation=term.code_activation or "tanh")
        term.initialize(module, 4, seeded_generator(0))
        generator = seeded_generator(5)
        _, value = term.encode(module, rows(), factor * weights, generator)
        values.append(value.item())
    assert values[0] > 0
    assert values[1] == pytest.approx(0.01 * values[0], rel=1e-4)
    assert values[2] == 0


@pytest.mark.slow
@pytest.mark.parametrize("factor", [0.01, 10.0])
def test_adversary_is_not_told_by_the_weights(factor):
    """Rows that count for little are no absent ones: codes of the prior deceive it."""
    penalty, generator = AdversarialPenalty(), seeded_generator(1)
    penalty.initialize(mlp(), 2, seeded_generator(0))
    penalty.begin_training()
    weight = torch.full((100,), factor)
    for _ in range(300):
        code = torch.randn(100, 2, generator=generator)
        value, _ = penalty.value_and_gradient(code, weight, generator)
    assert value.item() / factor == pytest.approx(np.log(2), rel=0.1)


# The discriminator sees a code as a whole.
@pytest.mark.parametrize("penalty", sorted(set(PENALTIES) - {"adversarial"}))
def test_a_wider_code_of_equal_units_costs_the_same(penalty):
    """Means over units, so that a weight keeps its meaning when the width changes."""
    module = mlp((), code_activation="logistic")
    wide = mlp((), code_activation="logistic")
    wide.encoder[0].weight = torch.nn.Parameter(module.encoder[0].weight.repeat(2, 1))
    wide.encoder[0].bias = torch.nn.Parameter(module.encoder[0].bias.repeat(2))
    values = []
    for net in (module, wide):
        term = PENALTIES[penalty]()
        term.initialize(net, len(net.encoder[0].bias), seeded_generator(0))
        values.append(term.encode(net, rows(), None, seeded_generator(0))[1].item())
    assert values[0] == pytest.approx(values[1], rel=1e-5)


# -- the effects ----------------------------------------------------------------------


OF_PRIOR = [str({"penalty": name}) for name in ("variational", "adversarial")]


@pytest.fixture(scope="module")
def effect(digits):
    """Return a function that trains on digits, once for each setting."""
    fitted = {}

    def fit(**params):
        key = str(params)
        if key not in fitted:
            # A prior takes longer to be reached.
            n_rows, n_epochs = (1000, 40) if key in OF_PRIOR else (600, 30)
            options = {"n_components": 16, "hidden_layer_sizes": (64,)}
            options["max_iter"] = n_epochs
            dae = DenoisingAutoencoder(**{**options, "random_state": 0, **params})
            fitted[key] = dae.fit(digits[:n_rows])
        return fitted[key]

    return fit


@pytest.mark.slow
def test_l1_makes_most_activations_zero(effect, digits):
    held_out = digits[1000:]
    plain = effect(code_activation="relu")
    sparse = effect(penalty="l1", penalty_weight=0.1)
    zeros = [(dae.transform(held_out) == 0).mean() for dae in (plain, sparse)]
    assert zeros[1] > zeros[0] + 0.2
    sizes = [np.abs(dae.transform(held_out)).mean() for dae in (plain, sparse)]
    assert sizes[1] < 0.3 * sizes[0]
    # More of it, less activity.
    more = effect(penalty="l1", penalty_weight=0.3).transform(held_out)
    assert np.abs(more).mean() < sizes[1]


@pytest.mark.slow
@pytest.mark.parametrize("target", [0.05, 0.2])
def test_kl_brings_the_mean_activation_to_the_target(effect, digits, target):
    plain = effect(code_activation="logistic").transform(digits[1000:])
    penalty = KLPenalty(1.0, target=target)
    sparse = effect(penalty=penalty).transform(digits[1000:])
    assert plain.mean() > 0.35
    np.testing.assert_allclose(sparse.mean(axis=0), target, rtol=0.5)
    assert sparse.mean() == pytest.approx(target, rel=0.2)
    # No unit is dead: each is on for some rows.
    assert sparse.max(axis=0).min() > 1.5 * target


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [(), (64,)])
def test_contraction_shrinks_the_jacobian(effect, digits, hidden):
    params = {"hidden_layer_sizes": hidden, "code_activation": "logistic"}
    held_out = torch.from_numpy(digits[1000:1200].copy())
    norms = [
        jacobian_norms(effect(**params, **more).net_.module_, held_out).mean().item()
        for more in ({}, {"penalty": "contractive"}, {"penalty": ContractivePenalty(1)})
    ]
    assert norms[1] < 0.8 * norms[0]
    assert norms[2] < 0.2 * norms[1]


@pytest.mark.slow
@of_prior
def test_codes_approach_the_standard_normal(effect, digits, penalty):
    held_out = digits[1000:]
    normal = np.random.RandomState(0).normal(size=(len(held_out), 16))
    plain, near = (drawn_codes(effect(penalty=p), held_out) for p in (None, penalty))
    assert np.abs(near.mean(axis=0)).mean() < 0.5 * np.abs(plain.mean(axis=0)).mean()
    assert np.abs(near.mean(axis=0)).max() < 0.4
    deviation = np.abs(near.std(axis=0) - 1).mean()
    assert deviation < 0.5 * np.abs(plain.std(axis=0) - 1).mean()
    assert energy_distance(near, normal) < 0.2 * energy_distance(plain, normal)


@pytest.mark.slow
@of_prior
def test_samples_lie_near_the_data(effect, digits, penalty):
    train, held_out = digits[:1000], digits[1000:]
    dae = effect(penalty=penalty)
    drawn = dae.sample(500, random_state=0)
    assert drawn.dtype == np.float32
    # Pixels drawn one by one, from the same values, have the right means only.
    shuffled = np.random.default_rng(0).permuted(held_out, axis=0)

    def distance(X):
        return cdist(X, train).min(axis=1).mean()

    near = distance(held_out)
    assert distance(drawn) - near < 0.6 * (distance(shuffled) - near)
    assert energy_distance(drawn, held_out) < 0.3
    # And not all in one place; means of noisy codes are smoother than digits.
    assert drawn.var(axis=0).sum() > 0.35 * held_out.var(axis=0).sum()


def test_variational_transform_gives_the_mean(table):
    dae = make(penalty="variational").fit(table)
    mean, _ = dae.penalty_.distribution(dae.net_.module_, torch.from_numpy(table))
    np.testing.assert_allclose(dae.transform(table), mean.detach(), rtol=1e-6)
    np.testing.assert_array_equal(dae.transform(table), dae.transform(table))


# -- in the estimator -----------------------------------------------------------------


@every_penalty
@pytest.mark.parametrize("hidden", [(), (8,)])
def test_loss_is_that_of_the_rows_plus_the_weighted_penalty(table, penalty, hidden):
    weight = 0.25
    params = {
        "hidden_layer_sizes": hidden,
        "corruption": None,
        "batch_size": 60,
        "max_iter": 1,
    }
    dae = make(penalty=penalty, penalty_weight=weight, **params).fit(table)
    assert dae.penalty_.weight == weight
    (epoch,) = dae.net_.history
    assert set(epoch) >= {"train_loss", "train_penalty"}
    rest = epoch["train_loss"] - weight * epoch["train_penalty"]
    if penalty == "variational":  # which decodes draws
        assert rest > 0
        return
    activation = PENALTIES[penalty].code_activation or "auto"
    plain = make(code_activation=activation, **params).fit(table)
    assert rest == pytest.approx(plain.loss_curve_[0], rel=1e-5)
    assert "train_penalty" not in plain.net_.history[0]


@pytest.mark.parametrize("penalty", ["l1", "kl", "adversarial"])
@pytest.mark.parametrize("options", [{}, {"dropout": 0.3}, {"tied_weights": True}])
@pytest.mark.parametrize("sample_weight", [None, np.arange(60.0)], ids=["", "weighted"])
def test_gradients_by_hand_and_by_autograd_are_the_same(
    table, penalty, options, sample_weight
):
    class Mine(MLPAutoencoder):
        """Not served by the gradients written out."""

    weights = []
    for hidden in ((), (6,)):
        for by_hand in (True, False):
            generator = seeded_generator(0)
            cls = MLPAutoencoder if by_hand else Mine
            module = cls(
                5,
                3,
                hidden_layer_sizes=hidden,
                code_activation=PENALTIES[penalty].code_activation,
                generator=generator,
                **options,
            )
            dae = make(module=module, penalty=penalty, penalty_weight=1.0, max_iter=2)
            weights.append(weights_of(dae.fit(table, sample_weight=sample_weight)))
        torch.testing.assert_close(*weights[-2:], rtol=1e-3, atol=1e-4)


def test_weight_zero_is_no_penalty(table):
    plain = make(code_activation="relu").fit(table)
    penalized = make(penalty="l1", penalty_weight=0.0).fit(table)
    assert torch.equal(weights_of(plain), weights_of(penalized))


def test_validation_loss_is_without_the_penalty(table):
    params = {"early_stopping": True, "learning_rate_init": 1e-12, "max_iter": 2}
    plain = make(code_activation="relu", **params).fit(table)
    penalized = make(penalty="l1", penalty_weight=100.0, **params).fit(table)
    assert penalized.loss_curve_[0] > 10 * plain.loss_curve_[0]
    assert penalized.validation_loss_curve_ == pytest.approx(
        plain.validation_loss_curve_
    )


def test_auto_weight_is_that_of_the_class_and_instances_carry_their_own(table):
    assert make_penalty("l1", "auto").weight == L1Penalty().weight
    assert make_penalty("kl", 0.7).weight == 0.7
    given = KLPenalty(0.5, target=0.2)
    dae = make(penalty=given, penalty_weight=9.0).fit(table)
    assert dae.penalty_ is not given
    assert not list(given.parameters())
    assert dae.penalty_.get_params() == given.get_params()
    dae = clone(dae).set_params(penalty__weight=0.1, penalty__target=0.3)
    assert dae.fit(table).penalty_.get_params() == {"weight": 0.1, "target": 0.3}
    assert make().fit(table).penalty_ is None


@pytest.mark.parametrize("hidden", [(), (8,)])
@every_penalty
def test_auto_activation_is_what_the_penalty_asks_for(table, penalty, hidden):
    expected = {
        "l1": "relu",
        "kl": "logistic",
        "contractive": "identity" if hidden else "tanh",
        "variational": "identity",
        "adversarial": "identity",
    }[penalty]
    params = {"hidden_layer_sizes": hidden, "activation": "tanh", "max_iter": 1}
    for value in (penalty, PENALTIES[penalty]()):
        dae = make(penalty=value, **params).fit(table)
        assert dae.net_.module_.code_activation == expected
    if penalty != "kl":
        dae = make(penalty=penalty, code_activation="softplus", **params).fit(table)
        assert dae.net_.module_.code_activation == "softplus"


@pytest.mark.slow
def test_grid_search_reaches_all_penalties_by_name(table):
    labels = (table[:, 0] > 0).astype(int)
    pipeline = make_pipeline(
        StandardScaler(),
        DenoisingAutoencoder(
            3, hidden_layer_sizes=(8,), max_iter=3, random_state=0, device="cpu"
        ),
        LogisticRegression(),
    )
    grid = {
        "denoisingautoencoder__penalty": [None, *PENALTIES],
        "denoisingautoencoder__corruption": [None, "masking"],
        "denoisingautoencoder__penalty_weight": ["auto", 0.5],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise")
    search.fit(table, labels)
    scores = search.cv_results_["mean_test_score"]
    assert len(scores) == 24
    assert np.isfinite(scores).all()


def test_vanilla_autoencoder_is_the_one_without_both(table):
    vanilla = make(corruption=None, penalty=None, max_iter=60).fit(table)
    assert vanilla.corruption_ is vanilla.penalty_ is None
    assert vanilla.score(table) > -0.05


@every_penalty
def test_missing_values_sparse_rows_and_weights_are_served(table, penalty):
    import scipy.sparse as sp

    holes = table.copy()
    holes[::4, 1] = np.nan
    dae = make(penalty=penalty).fit(holes, sample_weight=np.arange(60.0))
    assert np.isfinite(dae.denoise(holes)).all()
    assert np.isfinite(make(penalty=penalty).fit(sp.csr_matrix(table)).loss_curve_[-1])


@every_penalty
def test_imputers_take_a_penalized_autoencoder(table, penalty):
    holes = table.copy()
    holes[::4, 1] = np.nan
    autoencoder = make(penalty=penalty, hidden_layer_sizes=(8,))
    imputer = DenoisingImputer(autoencoder, n_estimators=1, random_state=0)
    assert np.isfinite(imputer.fit_transform(holes)).all()


# -- repeatable, resumed, saved -------------------------------------------------------


@every_penalty
def test_penalties_leave_initial_weights_order_and_corruption_alone(table, penalty):
    params = {"max_iter": 1, "learning_rate_init": 1e-12}
    activation = PENALTIES[penalty].code_activation or "auto"
    plain = make(code_activation=activation, **params).fit(table)
    penalized = make(penalty=penalty, **params).fit(table)
    torch.testing.assert_close(weights_of(plain), weights_of(penalized))


@pytest.mark.parametrize("incremental", [True, False])
@of_prior
def test_training_resumes_what_the_penalty_has_learned(table, penalty, incremental):
    dae = make(penalty=penalty, warm_start=True)
    train = dae.partial_fit if incremental else dae.fit
    train(table)
    before = [p.detach().clone() for p in dae.penalty_.parameters()]
    old = dae.penalty_
    assert before[0].abs().sum() > 0
    dae.set_params(learning_rate_init=1e-12, alpha=0.0, penalty_weight=0.7)
    if penalty == "adversarial":
        dae.set_params(penalty=AdversarialPenalty(0.7, learning_rate_init=1e-12))
    train(table)
    assert dae.penalty_ is not old
    assert dae.penalty_.weight == 0.7
    for one, other in zip(before, dae.penalty_.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    for one, other in zip(before, old.parameters(), strict=True):
        assert torch.equal(one, other)


def test_another_form_of_penalty_starts_afresh(table):
    dae = make(penalty="adversarial").partial_fit(table)
    dae.set_params(penalty=AdversarialPenalty(hidden_layer_sizes=(8, 8)))
    dae.partial_fit(table)
    assert [p.shape[0] for p in dae.penalty_.parameters()] == [8, 8, 8, 8, 1, 1]
    dae.set_params(penalty="variational").partial_fit(table)
    dae.set_params(penalty="contractive").partial_fit(table)
    dae.set_params(penalty=None).partial_fit(table)
    assert dae.penalty_ is None
    assert len(dae.loss_curve_) == 5


@every_penalty
def test_failed_fit_leaves_the_penalty_as_it_was(table, penalty):
    dae = make(penalty=penalty, warm_start=True).fit(table)
    before = pickle.dumps([p.detach().numpy() for p in dae.penalty_.parameters()])
    code = dae.transform(table)
    # Finite weights, but a loss that is not.
    with pytest.raises(ValueError, match="loss became"):
        dae.set_params(learning_rate_init=1e30).fit(table)
    assert (
        pickle.dumps([p.detach().numpy() for p in dae.penalty_.parameters()]) == before
    )
    np.testing.assert_array_equal(dae.transform(table), code)


@every_penalty
def test_fitted_penalty_keeps_nothing_of_its_training(table, penalty):
    dae = make(penalty=penalty).fit(table)
    for parameter in dae.penalty_.parameters():
        assert parameter.grad is None
    assert not hasattr(dae.penalty_, "_optimizer")
    assert b"Generator" not in pickle.dumps(dae)


def test_early_stopping_restores_the_penalty_of_the_best_epoch(table):
    class Recorder(Callback):
        def __init__(self):
            self.heads = []

        def on_epoch_end(self, net, **kwargs):
            self.heads.append(net.penalty.log_variance.weight.detach().clone())

    recorder = Recorder()
    dae = make(
        penalty="variational",
        early_stopping=True,
        max_iter=30,
        learning_rate_init=0.03,
        learning_rate="constant",
        net_callbacks=[recorder],
    ).fit(table)
    best = int(np.argmin(dae.validation_loss_curve_))
    assert best < len(recorder.heads) - 1
    assert torch.equal(dae.penalty_.log_variance.weight, recorder.heads[best])


# -- modules of a user ----------------------------------------------------------------


@pytest.mark.parametrize("penalty", ["l1", "kl", "contractive", "adversarial"])
def test_modules_of_a_user_are_penalized(table, penalty):
    dae = make(module=Layers, penalty=penalty, penalty_weight=1.0, max_iter=20)
    values = dae.fit(table).net_.history[:, "train_penalty"]
    if penalty != "adversarial":
        assert values[-1] < values[0]
    plain = make(module=Layers, max_iter=20).fit(table)
    assert not torch.equal(weights_of(dae), weights_of(plain))


def test_variational_takes_a_module_that_gives_variances(table):
    dae = make(module=Gaussian, penalty="variational", max_iter=20).fit(table)
    assert list(dae.penalty_.parameters()) == []
    assert dae.net_.module_.head.weight.grad is None
    assert dae.sample(4).shape == (4, 5)


@pytest.mark.parametrize(
    ("penalty", "error", "match"),
    [
        ("variational", TypeError, "encode_distribution.*Bare has none"),
        ("kl", ValueError, "needs code_activation='logistic'.*got None"),
    ],
)
def test_modules_that_do_not_offer_what_is_needed_are_refused(
    table, penalty, error, match
):
    class Bare(Layers):
        code_activation = None

    with pytest.raises(error, match=match):
        make(module=Bare, penalty=penalty).fit(table)


# -- refusals -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"penalty": "ridge"}, "'penalty' parameter"),
        ({"penalty": L1Penalty}, "'penalty' parameter"),
        ({"penalty": "l1", "penalty_weight": -1}, "'penalty_weight' parameter"),
        ({"penalty": "l1", "penalty_weight": "big"}, "'penalty_weight' parameter"),
        ({"penalty": "kl", "code_activation": "relu"}, "'auto' is.*got 'relu'"),
        ({"penalty": L1Penalty(-1)}, "'weight' parameter of L1Penalty"),
        ({"penalty": KLPenalty(target=1.0)}, "'target' parameter of KLPenalty"),
        ({"penalty": ContractivePenalty(n_draws=0)}, "'n_draws' parameter"),
        (
            {"penalty": AdversarialPenalty(hidden_layer_sizes=(0,))},
            "hidden_layer_sizes of AdversarialPenalty",
        ),
        (
            {"penalty": AdversarialPenalty(learning_rate_init=0)},
            "'learning_rate_init' parameter of AdversarialPenalty",
        ),
    ],
    ids=str,
)
def test_bad_penalties_are_refused(table, params, match):
    dae = make().fit(table)
    before = weights_of(dae)
    with pytest.raises(ValueError, match=match):
        dae.set_params(**params).fit(table)
    assert torch.equal(weights_of(dae), before)


@pytest.mark.parametrize("penalty", [None, "l1", "contractive", KLPenalty()])
def test_sample_is_there_with_a_prior_only(table, penalty):
    dae = make(penalty=penalty)
    assert not hasattr(dae, "sample")
    with pytest.raises(AttributeError) as caught:
        dae.sample()
    assert "penalty='variational'" in str(caught.value.__cause__)
    # The fitted penalty counts, and not the one that has been set since.
    dae.fit(table).set_params(penalty="variational")
    assert not hasattr(dae, "sample")
    assert hasattr(make(penalty=VariationalPenalty()), "sample")


@of_prior
def test_samples_are_repeatable_and_checked(table, penalty):
    dae = make(penalty=penalty)
    with pytest.raises(NotFittedError):
        dae.sample()
    dae.fit(table)
    assert dae.sample().shape == (1, 5)
    first = dae.sample(9, random_state=0)
    np.testing.assert_array_equal(first, dae.sample(9, random_state=0))
    assert not np.array_equal(first, dae.sample(9, random_state=1))
    state = torch.get_rng_state()
    dae.sample(3, random_state=np.random.RandomState(0))
    assert torch.equal(state, torch.get_rng_state())
    for n_samples in (0, -1, 1.5, "2"):
        with pytest.raises(ValueError, match="n_samples must be an integer"):
            dae.sample(n_samples)


@of_prior
def test_samples_are_in_the_range_of_the_loss(digits, penalty):
    dae = make(penalty=penalty, loss="binary_cross_entropy").fit(digits[:200])
    drawn = dae.sample(50, random_state=0)
    assert drawn.min() >= 0
    assert drawn.max() <= 1


# -- of your own ----------------------------------------------------------------------


class Centred(BasePenalty):
    """Mean square of the units' means."""

    def __init__(self, weight=1.0):
        super().__init__(weight)

    def of_code(self, code, weight, generator):
        return code.mean(dim=0).square().mean()


def test_penalty_of_your_own_needs_one_method(table):
    params = {"batch_size": 60, "max_iter": 40, "corruption": None}
    shifted = table + 3
    plain = make(**params).fit(shifted)
    centred = make(penalty=Centred(10.0), **params).fit(shifted)
    means = [np.abs(dae.transform(shifted).mean(axis=0)) for dae in (plain, centred)]
    assert means[1].max() < 0.2 * means[0].mean()
    with pytest.raises(NotImplementedError):
        BasePenalty(1.0).of_code(rows(), None, None)


def test_optimizers_that_look_more_than_once_are_served(table):
    dae = make(penalty="adversarial", optimizer=torch.optim.LBFGS, max_iter=2)
    assert np.isfinite(dae.fit(table).loss_curve_).all()


def test_what_a_penalty_of_your_own_learns_goes_where_the_net_goes(table):
    class Learning(Centred):
        """Learns where the codes lie, and keeps a number besides."""

        def initialize(self, module, n_components, generator):
            self.centre = torch.nn.Parameter(torch.zeros(n_components))
            self.n_seen_ = n_components

        def of_code(self, code, weight, generator):
            return (code - self.centre).square().mean()

    assert Learning().of_code_alone
    dae = make(penalty=Learning(), max_iter=30, corruption=None).fit(table + 3)
    (centre,) = dae.penalty_.parameters()
    assert dae.penalty_.n_seen_ == 3
    assert centre.abs().sum() > 0
    assert dae.net_.copy_to(torch.device("cpu")).penalty.n_seen_ == 3


def test_penalty_of_your_own_may_change_what_the_decoder_gets(table):
    class Blinding(Centred):
        """Leaves the decoder nothing to see."""

        def encode(self, module, X, weight, generator):
            code, value = super().encode(module, X, weight, generator)
            return torch.zeros_like(code), value

    assert not Blinding().of_code_alone
    dae = make(penalty=Blinding(0.0), max_iter=20, alpha=0.0).fit(table)
    plain = make(max_iter=20).fit(table)
    # All that can be learned is the mean.
    assert plain.loss_curve_[-1] < 0.7 < dae.loss_curve_[-1]


def test_variational_refuses_a_perceptron_with_an_encoder_of_its_own(table):
    class Halved(MLPAutoencoder):
        def encode(self, X):
            return 0.5 * super().encode(X)

    class Deeper(MLPAutoencoder):
        """Encodes as its class does."""

    with pytest.raises(TypeError, match=r"encode_distribution.*Halved has none"):
        make(penalty="variational", module=Halved(5, 3)).fit(table)
    make(penalty="variational", module=Deeper(5, 3)).fit(table)


def test_net_adds_the_penalty_to_any_loss():
    # The hook of the hand-derived gradients adds what autograd would.
    from sk_dae.training.gradients import FlatParameters, MLPGradients

    X, module = rows(), mlp((5,), activation="tanh")
    twin = copy.deepcopy(module)
    loss, term = SquaredError(), L1Penalty()
    code = twin.encode(X)
    (loss(twin.decode(code), X) + 0.5 * term.of_code(code, None, None)).backward()
    FlatParameters(module)

    def at_code(code):
        return 0.5 * term.value_and_gradient(code, None, None)[1]

    MLPGradients(module, loss)(X, X, None, at_code)
    for own, other in zip(module.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad)
