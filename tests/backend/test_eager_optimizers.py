"""torch's optimizers without its compiler."""

import copy
import pickle
import subprocess
import sys

import pytest
import torch

from sk_dae.backend import eager_optimizers
from sk_dae.backend.random import seeded_generator


def trained(cls):
    """Return values after some steps, and the optimizer."""
    parameter = torch.nn.Parameter(torch.ones(5))
    optimizer = cls([{"params": [parameter]}], lr=0.01)
    generator = seeded_generator(0)
    for _ in range(5):
        slopes = torch.randn(5, generator=generator)

        def closure(slopes=slopes):
            optimizer.zero_grad()
            loss = (slopes * parameter).sum()
            loss.backward()
            return loss

        assert torch.is_tensor(optimizer.step(closure))
    return parameter.detach(), optimizer


@pytest.mark.parametrize("name", eager_optimizers.__all__)
def test_steps_and_states_are_those_of_torch(name):
    mine, own = trained(getattr(eager_optimizers, name))
    theirs, reference = trained(getattr(torch.optim, name))
    assert isinstance(own, type(reference))
    assert torch.equal(mine, theirs)
    assert own.state_dict()["state"].keys() == reference.state_dict()["state"].keys()
    twin = pickle.loads(pickle.dumps(own))
    twin.load_state_dict(copy.deepcopy(own.state_dict()))
    assert twin.defaults == own.defaults


def test_hooks_of_torch_are_called():
    _, optimizer = trained(eager_optimizers.Adam)
    calls = []
    optimizer.register_step_post_hook(lambda *args: calls.append(args))
    optimizer.step()
    assert len(calls) == 1


@pytest.mark.slow
def test_no_training_loads_the_compiler():
    code = """
import sys, numpy as np
from sk_dae import DenoisingAutoencoder
from sk_dae.penalties import PENALTIES
X = np.random.RandomState(0).normal(size=(20, 3))
solvers = "adamw", "adam", "sgd", "nesterov", "rmsprop"
for params in (
    *({"optimizer": name} for name in solvers),
    *({"penalty": name} for name in PENALTIES),
):
    DenoisingAutoencoder(2, hidden_layer_sizes=(3,), max_iter=1, **params).fit(
        X
    ).partial_fit(X).transform(X)
loaded = {"torch._dynamo", "sympy"} & set(sys.modules)
print(len(PENALTIES), sorted(loaded))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    n_penalties, loaded = done.stdout.split(maxsplit=1)
    assert int(n_penalties) >= 5
    assert loaded.strip() == "[]"
