import numpy as np
import pytest
import torch
from torch import nn

from sk_dae.training.optimizers import make_optimizer


def parameters(seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"transposed": (3, 6), "table": (6, 2), "bias": (6,), "other": (4,)}
    return {
        name: nn.Parameter(torch.randn(shape, generator=generator))
        for name, shape in shapes.items()
    }


def by_rows(parts, **settings):
    parts["transposed"].data = parts["transposed"].data.T.contiguous().T
    tables = {
        parts["transposed"]: True,
        parts["table"]: False,
        parts["bias"]: False,
    }
    groups = [{"params": list(parts.values()), "tables": tables}]
    return make_optimizer("adamw", groups, **settings)


def step(optimizer, parts, gradients, rows):
    """Step by rows of gradients that are as the parameters are."""
    parts["other"].grad = gradients["other"]
    optimizer.step_rows(
        {
            parts["transposed"]: (rows, gradients["transposed"].T[rows]),
            parts["table"]: (rows, gradients["table"][rows]),
            parts["bias"]: (rows, gradients["bias"][rows][:, None]),
        }
    )


def test_steps_of_all_rows_are_those_of_adamw():
    ours, theirs = parameters(), parameters()
    optimizer = by_rows(ours, lr=0.05, alpha=0.1)
    reference = torch.optim.AdamW(theirs.values(), lr=0.05, weight_decay=0.1)
    for i in range(20):
        gradients = {n: p.detach() for n, p in parameters(seed=i + 1).items()}
        step(optimizer, ours, gradients, torch.tensor([4, 0, 1, 5, 3, 2]))
        for name, parameter in theirs.items():
            parameter.grad = gradients[name]
        reference.step()
    optimizer.settle()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name])
    moments = optimizer.state[ours["transposed"]]["exp_avg"]
    torch.testing.assert_close(
        moments, reference.state[theirs["transposed"]]["exp_avg"]
    )


def test_rows_without_a_gradient_only_decay():
    parts = parameters()
    before = {name: p.detach().clone() for name, p in parts.items()}
    optimizer = by_rows(parts, lr=0.05, alpha=0.1)
    gradients = {n: p.detach() for n, p in parameters(seed=1).items()}
    for rate in (0.05, 0.02, 0.01):
        optimizer.param_groups[0]["lr"] = rate
        step(optimizer, parts, gradients, torch.tensor([1, 3]))
    optimizer.settle()
    factor = (1 - 0.005) * (1 - 0.002) * (1 - 0.001)
    for name, axis in {"transposed": 1, "table": 0, "bias": 0}.items():
        rest = torch.tensor([0, 2, 4, 5])
        found = parts[name].index_select(axis, rest)
        torch.testing.assert_close(
            found, factor * before[name].index_select(axis, rest)
        )
        moments = optimizer.state[parts[name]]["exp_avg"].index_select(axis, rest)
        assert not moments.any()


def test_a_row_that_is_seldom_touched_moves_as_far_as_with_adamw():
    start = torch.linspace(-1.0, 1.0, 12).view(4, 3)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    optimizer = make_optimizer(
        "adamw", [{"params": [ours], "tables": {ours: False}}], lr=0.01, alpha=0.1
    )
    reference = torch.optim.AdamW([theirs], lr=0.01, weight_decay=0.1)
    generator = torch.Generator().manual_seed(0)
    before = []
    for i in range(600):
        gradient = torch.zeros(4, 3)
        rows = torch.tensor([0] if i % 40 == 0 else [], dtype=torch.int64)
        gradient[rows] = 1.0 + torch.rand(3, generator=generator)
        optimizer.step_rows({ours: (rows, gradient[rows])})
        theirs.grad = gradient
        reference.step()
        if i == 199:
            optimizer.settle()
            before = [p.detach()[0].clone() for p in (ours, theirs)]
    optimizer.settle()
    torch.testing.assert_close(ours[1:], theirs[1:])
    # The first touches differ, as the second moments of so few are not yet settled.
    moved, expected = (
        p.detach()[0] - old for p, old in zip((ours, theirs), before, strict=True)
    )
    assert (moved / expected - 1).abs().max() < 0.1
    assert expected.abs().min() > 0.1


def test_many_rows_are_stepped_in_blocks():
    rng = np.random.RandomState(0)
    table, gradient = (
        torch.from_numpy(rng.normal(size=(3000, 100)).astype(np.float32))
        for _ in range(2)
    )
    ours, theirs = nn.Parameter(table.clone()), nn.Parameter(table.clone())
    optimizer = make_optimizer(
        "adamw", [{"params": [ours], "tables": {ours: False}}], lr=0.01, alpha=0.1
    )
    optimizer.step_rows({ours: (torch.arange(3000), gradient)})
    theirs.grad = gradient
    torch.optim.AdamW([theirs], lr=0.01, weight_decay=0.1).step()
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("by_rows_first", [True, False])
def test_torchs_adamw_and_this_one_go_on_from_each_other(by_rows_first):
    ours, theirs = parameters(), parameters()
    rows = torch.arange(6)
    gradients = {n: p.detach() for n, p in parameters(seed=1).items()}

    def steps(parts, optimizer):
        for _ in range(2):
            if hasattr(optimizer, "step_rows"):
                step(optimizer, parts, gradients, rows)
                continue
            for name, parameter in parts.items():
                parameter.grad = gradients[name]
            optimizer.step()
        if hasattr(optimizer, "settle"):
            optimizer.settle()

    def make(parts, rowwise):
        if rowwise:
            return by_rows(parts, lr=0.05, alpha=0.1)
        return torch.optim.AdamW(parts.values(), lr=0.05, weight_decay=0.1)

    first = make(ours, by_rows_first)
    steps(ours, first)
    second = make(ours, not by_rows_first)
    second.load_state_dict(
        {**second.state_dict(), "state": first.state_dict()["state"]}
    )
    for parameter in ours.values():
        parameter.grad = None
    steps(ours, second)
    reference = make(theirs, False)
    steps(theirs, reference)
    steps(theirs, reference)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name])
