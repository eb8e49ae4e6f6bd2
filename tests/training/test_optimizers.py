"""AdamW for flat buffers, and what the names of optimizers stand for."""

import copy

import pytest
import torch

from sk_dae.backend.random import seeded_generator
from sk_dae.training.optimizers import OPTIMIZERS, FlatAdamW, make_optimizer


def make_buffer(size=100):
    buffer = torch.nn.Parameter(torch.randn(size, generator=seeded_generator(0)))
    buffer.grad = torch.zeros_like(buffer)
    return buffer


def groups(*parameters):
    return [{"params": list(parameters)}]


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_flat_adamw_takes_the_steps_of_the_fused_one_bit_for_bit(weight_decay):
    buffer = make_buffer(1000)
    twin = copy.deepcopy(buffer)
    options = {"lr": 0.01, "weight_decay": weight_decay}
    own = FlatAdamW(groups(buffer), **options)
    reference = torch.optim.AdamW([twin], fused=True, **options)
    generator = seeded_generator(1)
    for _ in range(5):
        buffer.grad = torch.randn(1000, generator=generator)
        twin.grad = buffer.grad.clone()
        own.step_buffers()
        reference.step()
        assert torch.equal(buffer, twin)
    # The state is one that torch's own goes on with.
    reference.load_state_dict(copy.deepcopy(own.state_dict()))
    own.step_buffers()
    reference.step()
    assert torch.equal(buffer, twin)


def test_only_buffers_with_a_gradient_get_the_flat_optimizer():
    options = {"lr": 0.1, "alpha": 0.0}
    assert type(make_optimizer("adamw", groups(make_buffer()), **options)) is FlatAdamW
    without_gradient = groups(torch.nn.Parameter(torch.zeros(3)))
    plain = make_optimizer("adamw", without_gradient, **options)
    assert type(plain) is OPTIMIZERS["adamw"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_names_stand_for_their_class_with_rate_and_weight_decay(name):
    optimizer = make_optimizer(
        name, groups(torch.nn.Parameter(torch.ones(3))), lr=0.5, alpha=1
    )
    (group,) = optimizer.param_groups
    assert type(optimizer) is OPTIMIZERS[name]
    assert group["lr"] == 0.5
    assert group["weight_decay"] == 1
    assert group.get("nesterov", False) == (name == "nesterov")


def test_class_without_weight_decay_is_served():
    class Bare(torch.optim.SGD):
        def __init__(self, params, lr):
            super().__init__(params, lr=lr)

    parameters = groups(torch.nn.Parameter(torch.ones(3)))
    optimizer = make_optimizer(Bare, parameters, lr=1, alpha=1)
    assert optimizer.param_groups[0]["weight_decay"] == 0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_group_has_a_rate_and_a_decay_of_its_own(name):
    own = {"params": [make_buffer()], "weight_decay": 0.0, "rate_factor": 7.0}
    optimizer = make_optimizer(name, [*groups(make_buffer()), own], lr=0.5, alpha=1)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 3.5]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [1, 0]
