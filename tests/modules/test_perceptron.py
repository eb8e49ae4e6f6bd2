"""Modules: the maths, shared weights, and where random numbers come from."""

import copy
import io
import math
import pickle
import random
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from sk_dae.backend.random import seeded_generator
from sk_dae.modules import (
    ACTIVATIONS,
    Dropout,
    Linear,
    MLPAutoencoder,
    TableAutoencoder,
)

every_depth = pytest.mark.parametrize("hidden", [(), (7,), (7, 5), (5, 5)], ids=str)
tied_and_not = pytest.mark.parametrize("tied", [False, True])


def make(hidden=(7, 5), tied=False, seed=0, **params):
    return MLPAutoencoder(
        6,
        3,
        hidden_layer_sizes=hidden,
        tied_weights=tied,
        generator=seeded_generator(seed),
        **params,
    )


def rows(n_samples=4, n_features=6):
    return torch.randn(n_samples, n_features, generator=seeded_generator(9))


def n_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def loaded(module):
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


# -- activations and layers -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("identity", -2.0),
        ("relu", 0.0),
        ("leaky_relu", -0.02),
        ("elu", math.expm1(-2)),
        ("selu", 1.0507009873554805 * 1.6732632423543772 * math.expm1(-2)),
        ("gelu", -2 * 0.5 * math.erfc(math.sqrt(2))),
        ("silu", -2 / (1 + math.exp(2))),
        ("softplus", math.log1p(math.exp(-2))),
        ("tanh", math.tanh(-2)),
        ("logistic", 1 / (1 + math.exp(2))),
    ],
)
def test_activation_at_minus_two(name, value):
    result = ACTIVATIONS[name](torch.tensor([-2.0]))
    assert result.item() == pytest.approx(value, rel=1e-5, abs=1e-7)
    assert len(ACTIVATIONS) == 10


def test_linear_is_an_affine_map():
    layer = Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, -1.0]]))
        layer.bias.fill_(0.5)
    assert layer(torch.tensor([[3.0, 4.0]])).tolist() == [[2.5]]


def test_tied_linear_is_the_transposed_map_with_a_bias_of_its_own():
    layer = Linear(2, 1)
    layer.reset_parameters(seeded_generator(0))
    tied = Linear(1, 2, weight_of=layer)
    with torch.no_grad():
        tied.bias.copy_(torch.tensor([1.0, -1.0]))
    expected = torch.tensor([[5.0]]) @ layer.weight + torch.tensor([1.0, -1.0])
    torch.testing.assert_close(tied(torch.tensor([[5.0]])), expected)


@tied_and_not
def test_weights_are_uniform_by_their_inputs_and_biases_zero(tied):
    module = MLPAutoencoder(
        300,
        40,
        hidden_layer_sizes=(200,),
        tied_weights=tied,
        generator=seeded_generator(0),
    )
    for layer in (*module.encoder, *module.decoder):
        assert not layer.bias.any()
        if layer.tied:
            continue
        bound = 1 / math.sqrt(layer.weight.shape[1])
        weight = layer.weight.detach()
        # At least 8,000 draws: one of them lies in the outermost hundredth, and the
        # variance of a uniform distribution has a standard error below 1 %.
        assert 0.99 * bound < weight.abs().max() <= bound
        assert weight.var().item() == pytest.approx(bound**2 / 3, rel=0.05)
        assert abs(weight.mean().item()) < 5 * bound / math.sqrt(3 * weight.numel())


# -- the autoencoder ------------------------------------------------------------------


@every_depth
@tied_and_not
def test_shapes_mirror(hidden, tied):
    module = make(hidden, tied)
    encoder, code, decoder = module.hidden_layers(rows())
    assert [tuple(h.shape) for h in encoder] == [(4, n) for n in hidden]
    assert [tuple(h.shape) for h in decoder] == [(4, n) for n in reversed(hidden)]
    assert code.shape == (4, 3)
    assert module.decode(code).shape == (4, 6)
    assert module.encode(rows()).shape == (4, 3)


@every_depth
@tied_and_not
def test_output_is_the_formula(hidden, tied):
    module = make(hidden, tied, activation="tanh", code_activation="logistic")
    with torch.no_grad():
        for layer in (*module.encoder, *module.decoder):
            layer.bias.uniform_(-1, 1, generator=seeded_generator(4))
    h = rows()
    for layer in module.encoder[:-1]:
        h = torch.tanh(h @ layer.weight.T + layer.bias)
    code = torch.sigmoid(h @ module.encoder[-1].weight.T + module.encoder[-1].bias)
    weights = [layer.weight for layer in module.encoder][::-1]
    if not tied:
        weights = [layer.weight.T for layer in module.decoder]
    h = code
    for layer, weight in zip(module.decoder[:-1], weights[:-1], strict=True):
        h = torch.tanh(h @ weight + layer.bias)
    output = h @ weights[-1] + module.decoder[-1].bias
    torch.testing.assert_close(module.encode(rows()), code)
    torch.testing.assert_close(module(rows()), output)


@every_depth
@tied_and_not
def test_hidden_layers_agree_with_encode_and_decode(hidden, tied):
    module = make(hidden, tied, code_activation="tanh").eval()
    encoder, code, decoder = module.hidden_layers(rows())
    assert torch.equal(code, module.encode(rows()))
    assert torch.equal(module(rows()), module.decode(code))
    last = decoder[-1] if hidden else code
    assert torch.equal(module.decoder[-1](last), module.decode(code))
    first = encoder[0] if hidden else None
    if first is not None:
        assert torch.equal(first, torch.relu(module.encoder[0](rows())))


def test_number_of_outputs_may_differ():
    module = MLPAutoencoder(6, 3, 12, generator=seeded_generator(0))
    assert module(rows()).shape == (4, 12)


def test_tied_weights_need_an_output_a_feature():
    assert MLPAutoencoder(6, 3, 6, tied_weights=True)(rows()).shape == (4, 6)
    with pytest.raises(ValueError, match="features, 6, got n_outputs=12"):
        MLPAutoencoder(6, 3, 12, tied_weights=True)


@every_depth
def test_tied_weights_are_counted_once(hidden):
    widths = (6, *hidden, 3)
    weights = sum(a * b for a, b in pairwise(widths))
    biases = sum(widths[1:]) + sum(widths[:-1])
    assert n_parameters(make(hidden, True)) == weights + biases
    assert n_parameters(make(hidden, False)) == 2 * weights + biases


@every_depth
@pytest.mark.parametrize(
    "transfer",
    [
        lambda module: module,
        copy.deepcopy,
        lambda module: pickle.loads(pickle.dumps(module)),
        loaded,
        lambda module: module.to(torch.float64),
        lambda module: module.to("cpu"),
    ],
    ids=["itself", "deepcopy", "pickle", "torch.save", "double", "cpu"],
)
def test_tied_weights_stay_shared(hidden, transfer):
    original = make(hidden, True)
    module = transfer(copy.deepcopy(original))
    for layer, mirrored in zip(module.encoder, reversed(module.decoder), strict=True):
        assert layer.weight is mirrored.transposed_weight
        with torch.no_grad():
            layer.weight.fill_(2.0)
        assert (mirrored.transposed_weight == 2.0).all()
    # The copy shares nothing with what it was made of.
    assert not any((layer.weight == 2.0).any() for layer in original.encoder)


def test_tied_weights_gather_the_gradients_of_both_uses():
    module = make((), True)
    X = rows()
    module(X).square().sum().backward()
    # The same maps with the two uses told apart.
    layer, mirrored = module.encoder[0], module.decoder[0]
    one = layer.weight.detach().clone().requires_grad_()
    two = layer.weight.detach().clone().requires_grad_()
    output = (X @ one.T + layer.bias.detach()) @ two + mirrored.bias.detach()
    output.square().sum().backward()
    torch.testing.assert_close(layer.weight.grad, one.grad + two.grad)


@tied_and_not
def test_state_dict_moves_the_weights(tied):
    one, two = make(tied=tied, seed=0), make(tied=tied, seed=1)
    assert not torch.equal(one(rows()), two(rows()))
    two.load_state_dict(one.state_dict())
    assert torch.equal(one(rows()), two(rows()))


# -- random numbers -------------------------------------------------------------------


@every_depth
@tied_and_not
def test_building_draws_from_the_generator_only(hidden, tied):
    def states():
        return (
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),
            random.getstate(),
        )

    torch.manual_seed(0)
    expected = make(hidden, tied, dropout=0.5).state_dict()
    torch.manual_seed(1)
    before = states()
    actual = make(hidden, tied, dropout=0.5).state_dict()
    assert states() == before
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        assert torch.equal(value, expected[name])


def test_seeds_give_different_weights_and_layers_differ():
    one, two = make((6,), seed=0), make((6,), seed=1)
    assert not torch.equal(one.encoder[0].weight, two.encoder[0].weight)
    assert not torch.equal(one.encoder[0].weight, one.decoder[1].weight)


def test_layer_itself_draws_nothing():
    before = torch.get_rng_state()
    Linear(5, 4)
    assert torch.equal(torch.get_rng_state(), before)


@tied_and_not
def test_reset_draws_all_weights_anew(tied):
    module = make(tied=tied)
    expected = copy.deepcopy(module.state_dict())
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(3.0)
    module.reset_parameters(seeded_generator(0))
    for name, value in module.state_dict().items():
        assert torch.equal(value, expected[name])


def test_dropout_acts_in_training_only():
    dropout = Dropout(0.5)
    x = torch.ones(100, 10)
    dropout.generator = seeded_generator(0)
    assert torch.equal(dropout.eval()(x), x)
    dropped = dropout.train()(x)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
def test_dropout_drops_its_rate_and_keeps_the_mean(p):
    dropout = Dropout(p)
    dropout.generator = seeded_generator(0)
    n = 100_000
    dropped = dropout(torch.ones(n, 1))
    # Five standard deviations: a right rate leaves them once in a million.
    tolerance = 5 * math.sqrt(p * (1 - p) / n)
    assert (dropped == 0).double().mean().item() == pytest.approx(p, abs=tolerance)
    assert dropped.mean().item() == pytest.approx(1.0, abs=tolerance / (1 - p))


@every_depth
def test_dropout_draws_from_its_generator(hidden):
    module = make(hidden, dropout=0.5).train()
    module.dropout.generator = seeded_generator(3)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = module(rows()), module(rows())
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
    module.dropout.generator = seeded_generator(3)
    assert torch.equal(module(rows()), first)


def test_dropout_of_a_single_layer_is_of_its_code():
    module = make((), dropout=0.5).train()
    module.dropout.generator = seeded_generator(0)
    code = module.encode(torch.randn(50, 6, generator=seeded_generator(1)))
    assert 0.3 < (code == 0).double().mean() < 0.7


def test_dropout_of_hidden_layers_leaves_code_and_output():
    module = make((20,), dropout=0.5, activation="softplus").train()
    module.dropout.generator = seeded_generator(0)
    encoder, code, decoder = module.hidden_layers(rows())
    for hidden in (*encoder, *decoder):
        assert 0.2 < (hidden == 0).double().mean() < 0.8
    assert (code != 0).all()
    assert (module(rows()) != 0).all()


def test_dropout_scales_the_gradient_as_the_value():
    dropout = Dropout(0.5)
    dropout.generator = seeded_generator(0)
    x = torch.ones(50, requires_grad=True)
    dropped = dropout(x)
    dropped.sum().backward()
    assert torch.equal(x.grad, dropped.detach())


def test_without_dropout_there_is_no_dropout_module():
    assert not any(isinstance(module, Dropout) for module in make().modules())
    assert any(isinstance(m, Dropout) for m in make(dropout=0.1).modules())


def test_module_is_a_plain_torch_module():
    module = make()
    assert isinstance(module, nn.Module)
    assert set(dict(module.named_children())) == {"encoder", "decoder"}
    assert all(parameter.requires_grad for parameter in module.parameters())


# -- tables ----------------------------------------------------------------------------


def make_table_module(**options):
    return TableAutoencoder(
        [0, 3, 0, 2], 2, 7, indicated=[False, True, True, False], **options
    )


def test_table_is_expanded_to_numbers_ones_and_indicators():
    X = torch.tensor([[0.5, 2.0, -1.0, 0.0], [1.5, torch.nan, torch.nan, 1.0]])
    expected = [[0.5, -1, 0, 0, 1, 1, 0, 0, 0], [1.5, 0, 0, 0, 0, 0, 1, 1, 1]]
    assert make_table_module().expand(X).tolist() == expected


def test_index_out_of_range_is_the_nearest_category():
    X = torch.tensor([[0.0, 7.3, 0.0, -0.4], [0.0, 0.6, 0.0, 0.4]])
    ones = make_table_module().expand(X)[:, 2:7]
    assert ones.tolist() == [[0, 0, 1, 1, 0], [0, 1, 0, 1, 0]]


def test_unknown_category_has_no_one_and_no_indicator():
    X = torch.tensor([[0.0, -1.0, 0.0, -1.0]])
    assert (make_table_module().expand(X) == 0).all()


def test_table_module_is_made_again_from_its_config():
    module = make_table_module(hidden_layer_sizes=(5,), activation="tanh", dropout=0.1)
    again = TableAutoencoder(**module.config())
    assert again.config() == module.config()
    again.load_state_dict(module.state_dict())
    X = torch.tensor([[0.5, 2.0, torch.nan, 0.0]])
    assert torch.equal(again.eval()(X), module.eval()(X))


@pytest.mark.parametrize("n_categories", [[0, 0], [2, 2]])
def test_table_of_numbers_or_of_categories_alone(n_categories):
    module = TableAutoencoder(
        n_categories, 2, 4, indicated=[False, False], generator=None
    )
    assert module(torch.zeros(3, 2)).shape == (3, 4)
