"""Gradients written out by hand, against autograd."""

import copy
import itertools

import pytest
import torch

from sk_dae.backend.random import seeded_generator
from sk_dae.losses import LOSSES, TableLoss
from sk_dae.modules import ACTIVATIONS, MLPAutoencoder, TableAutoencoder
from sk_dae.training.gradients import FlatParameters, MLPGradients


def make_module(**options):
    options = {"hidden_layer_sizes": (7, 5), "activation": "tanh", **options}
    return MLPAutoencoder(6, 3, generator=seeded_generator(0), **options)


def by_autograd(module, loss, X, target, weight):
    module.zero_grad()
    output = module(X)
    value = loss(output, target, weight)
    value.backward()
    return value.detach(), output.detach(), [p.grad for p in module.parameters()]


@pytest.mark.parametrize(
    "options",
    [{"activation": name, "code_activation": name} for name in ACTIVATIONS]
    + [
        {"tied_weights": True},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (), "tied_weights": True},
        {"hidden_layer_sizes": (4,), "code_activation": "relu"},
    ],
    ids=str,
)
def test_gradients_are_those_of_autograd(options):
    generator = seeded_generator(1)
    X, target = torch.rand(2, 11, 6, generator=generator)
    weights = torch.rand(11, 6, generator=generator) / 66
    for make_loss, weight in itertools.product(LOSSES.values(), (None, weights)):
        module, loss = make_module(**options), make_loss()
        value, output, expected = by_autograd(
            copy.deepcopy(module), loss, X, target, weight
        )
        flat = FlatParameters(module)
        flat.buffer.grad.fill_(7.0)  # what an earlier step may have left
        own_value, own_output = MLPGradients(module, loss)(X, target, weight)
        torch.testing.assert_close(own_value, value)
        torch.testing.assert_close(own_output, output)
        for parameter, gradient in zip(module.parameters(), expected, strict=True):
            torch.testing.assert_close(parameter.grad, gradient, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("mask_loss_weight", [0.0, 0.5])
def test_gradients_of_a_table_are_those_of_autograd(mask_loss_weight):
    generator = seeded_generator(1)
    loss = TableLoss([0, 3, 2], mask_loss_weight=mask_loss_weight)
    module = TableAutoencoder(
        [0, 3, 2],
        4,
        loss.n_outputs(3),
        indicated=[True, False, True],
        hidden_layer_sizes=(7,),
        generator=generator,
    )
    target = torch.tensor([[0.5, 2, 1], [-1, 0, 0], [2, 1, 1]])
    X = target.clone()
    X[0, 0] = X[1, 2] = torch.nan
    if mask_loss_weight:
        target = torch.cat([target, torch.eye(3)], dim=1)
    assert MLPGradients.serves(module)
    value, output, expected = by_autograd(copy.deepcopy(module), loss, X, target, None)
    flat = FlatParameters(module)
    flat.restore()
    own_value, own_output = MLPGradients(module, loss)(X, target, None)
    torch.testing.assert_close(own_value, value)
    torch.testing.assert_close(own_output, output)
    for parameter, gradient in zip(module.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("hidden_layer_sizes", [(), (7, 5)])
def test_dropout_drops_what_the_module_drops(hidden_layer_sizes):
    module = make_module(dropout=0.4, hidden_layer_sizes=hidden_layer_sizes)
    module.train()
    X = torch.randn(9, 6, generator=seeded_generator(1))
    twin = copy.deepcopy(module)
    twin.dropout.generator = seeded_generator(2)
    loss = LOSSES["squared_error"]()
    value, output, expected = by_autograd(twin, loss, X, X, None)
    FlatParameters(module)
    module.dropout.generator = seeded_generator(2)
    own_value, own_output = MLPGradients(module, loss)(X, X, None)
    torch.testing.assert_close(own_value, value)
    torch.testing.assert_close(own_output, output)
    for parameter, gradient in zip(module.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_flat_parameters_are_views_until_they_are_released():
    module = make_module()
    before = [p.detach().clone() for p in module.parameters()]
    flat = FlatParameters(module)
    with torch.no_grad():
        flat.buffer.add_(1.0)
    for parameter, old in zip(module.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.detach(), old + 1.0)
        assert parameter.data_ptr() % 64 == flat.buffer.data_ptr() % 64
    flat.release()
    with torch.no_grad():
        flat.buffer.zero_()
    for parameter, old in zip(module.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.detach(), old + 1.0)
        assert parameter.grad is None
        assert parameter.untyped_storage().nbytes() == 4 * parameter.numel()


def test_only_own_modules_that_are_all_trained_are_served():
    class Mine(MLPAutoencoder):
        pass

    assert MLPGradients.serves(make_module())
    assert not MLPGradients.serves(Mine(6, 3))
    assert not MLPGradients.serves(torch.nn.Linear(2, 2))
    frozen = make_module()
    frozen.encoder[0].weight.requires_grad_(False)
    assert not MLPGradients.serves(frozen)
