import copy

import pytest
import torch
from numpy.testing import assert_allclose

from sk_dae.backend.random import seeded_generator
from sk_dae.losses import SquaredError
from sk_dae.losses._prediction import PredictionError
from sk_dae.modules import MLPAutoencoder, TableAutoencoder
from sk_dae.modules._predictors import (
    MLPPredictor,
    ModulePredictor,
    TablePredictor,
    predictor_from,
)
from sk_dae.training.gradients import FlatParameters, MLPGradients


def make_module(kind="perceptron", **params):
    generator = seeded_generator(0)
    if kind == "table":
        return TableAutoencoder(
            (0, 3, 0),
            4,
            5,
            indicated=(True, False, False),
            hidden_layer_sizes=(6,),
            generator=generator,
            **params,
        )
    sizes = (6, 5) if kind == "deep" else ()
    return MLPAutoencoder(3, 4, hidden_layer_sizes=sizes, generator=generator, **params)


def make_predictor(module, dropout=0.0, n_outputs=2):
    return predictor_from(module, 4, n_outputs, dropout, seeded_generator(1))


ROWS = torch.tensor([[0.3, 1.0, -0.2], [0.1, 2.0, 0.4], [-1.0, 0.0, 0.2]])


@pytest.mark.parametrize("kind", ["perceptron", "deep", "table"])
def test_a_predictor_starts_with_the_encoder(kind):
    module = make_module(kind)
    predictor = make_predictor(module)
    assert isinstance(predictor, TablePredictor if kind == "table" else MLPPredictor)
    assert torch.equal(predictor.encode(ROWS), module.encode(ROWS))
    assert predictor.decode(module.encode(ROWS)).shape == (3, 2)
    # A copy: training it leaves the autoencoder alone.
    with torch.no_grad():
        predictor.encoder[0].weight.zero_()
    assert module.encoder[0].weight.any()


@pytest.mark.parametrize("kind", ["perceptron", "deep", "table"])
def test_the_arguments_make_a_module_of_the_same_form(kind):
    predictor = make_predictor(make_module(kind), dropout=0.3)
    again = type(predictor)(**predictor.config(), generator=seeded_generator(9))
    again.load_state_dict(predictor.state_dict())
    again.eval(), predictor.eval()
    assert torch.equal(again(ROWS), predictor(ROWS))
    assert again.dropout.p == 0.3


def test_tied_weights_are_no_matter_to_a_predictor():
    module = make_module("deep", tied_weights=True)
    assert torch.equal(make_predictor(module).encode(ROWS), module.encode(ROWS))


@pytest.mark.parametrize("kind", ["perceptron", "deep", "table"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_derived_gradients_are_those_of_autograd(kind, dropout):
    derived = make_predictor(make_module(kind), dropout)
    automatic = copy.deepcopy(derived)
    target = torch.tensor([[1.0, 0.0], [0.5, -1.0], [2.0, 0.0]])
    loss = PredictionError(SquaredError())
    for module in (derived, automatic):
        module.train()
        if dropout:
            module.dropout.generator = seeded_generator(5)
    assert MLPGradients.serves(derived)
    FlatParameters(derived)
    value, _ = MLPGradients(derived, loss)(ROWS, target, None)
    expected = loss(automatic(ROWS), target)
    expected.backward()
    assert_allclose(value, expected.detach(), rtol=1e-5)
    for a, b in zip(derived.parameters(), automatic.parameters(), strict=True):
        assert_allclose(a.grad, b.grad, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["perceptron", "deep"])
def test_every_hidden_layer_is_dropped_out(kind):
    module = make_module(kind, activation="tanh", code_activation="tanh")
    predictor = make_predictor(module, dropout=0.5).train()
    predictor.dropout.generator = seeded_generator(0)
    assert predictor.dropped_layers() == list(range(len(predictor.encoder)))
    rows = ROWS.repeat(200, 1)
    with torch.no_grad():
        code = predictor.encode(rows)
        predictor.eval()
        kept = predictor.encode(rows)
    assert kept.all()
    share = (code == 0).double().mean()
    assert 0.4 < share < 0.6


def test_a_module_of_the_user_gets_a_head():
    module = torch.nn.Module()
    module.layer = torch.nn.Linear(3, 4)
    module.encode = module.layer.forward
    predictor = make_predictor(module, dropout=0.5)
    assert isinstance(predictor, ModulePredictor)
    assert predictor.config() == {"n_components": 4, "n_outputs": 2, "dropout": 0.5}
    assert not MLPGradients.serves(predictor)
    # It has a copy, and says what the copy takes.
    assert predictor.module is not module
    assert not predictor.takes_missing
    module.takes_missing = True
    assert make_predictor(module).takes_missing
