import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sk_dae.data.class_rows import ClassRows
from sk_dae.data.rows import rows_of
from sk_dae.data.statistics import ColumnStatistics
from sk_dae.losses import PoissonLoss, SquaredError
from sk_dae.losses._prediction import CategoricalCrossEntropy, PredictionError


def make_batch(n_rows=7, n_outputs=4):
    rng = np.random.RandomState(0)
    output = torch.from_numpy(rng.normal(size=(n_rows, n_outputs)).astype(np.float32))
    codes = torch.from_numpy(rng.randint(n_outputs, size=n_rows))
    weight = torch.from_numpy(rng.uniform(0.1, 2, n_rows).astype(np.float32))
    return output, codes, weight


def test_classes_become_rows_with_a_one():
    rows = ClassRows(np.array([2, 0, 1]), 3)
    assert rows.shape == (3, 3)
    assert rows.take(torch.tensor([0, 2])).tolist() == [[0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_is_that_of_torch(weighted):
    output, codes, weight = make_batch()
    loss = CategoricalCrossEntropy(SquaredError())
    target = ClassRows(codes.numpy(), 4).take(torch.arange(7))
    per_row = torch.nn.functional.cross_entropy(output, codes, reduction="none")
    expected = (per_row * weight).mean() if weighted else per_row.mean()
    # As the net hands weights over: of rows, divided by the number of cells.
    cells = weight[:, None] / target.numel() if weighted else None
    assert_allclose(loss(output, target, cells), expected, rtol=1e-5)
    value, _ = loss.value_and_gradient(output, target, cells)
    assert_allclose(value, expected, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [CategoricalCrossEntropy, PredictionError])
def test_gradients_are_those_of_autograd(kind, weighted):
    output, codes, weight = make_batch()
    target = ClassRows(codes.numpy(), 4).take(torch.arange(7))
    cells = weight[:, None] / target.numel() if weighted else None
    loss = kind(SquaredError())
    leaf = output.clone().requires_grad_()
    loss(leaf, target, cells).backward()
    _, gradient = loss.value_and_gradient(output, target, cells)
    assert_allclose(gradient, leaf.grad, rtol=1e-4, atol=1e-7)


def test_probabilities_add_up_to_one():
    output, _, _ = make_batch()
    p = CategoricalCrossEntropy(SquaredError()).to_data(100 * output)
    assert_allclose(p.sum(dim=1), 1, rtol=1e-6)
    assert (p >= 0).all()


def test_the_encoder_reads_what_the_loss_of_the_autoencoder_says():
    X = torch.tensor([[1.0, 3.0], [10.0, 30.0]])
    plain = CategoricalCrossEntropy(SquaredError())
    assert not plain.transforms_input
    counts = PoissonLoss()
    counts.fit_rows(rows_of(X.numpy()), ColumnStatistics.of(X.numpy()))
    loss = CategoricalCrossEntropy(counts)
    assert loss.transforms_input
    assert torch.equal(loss.to_input(X), counts.to_input(X))
    # The rates of the inputs move with the loss, and are not trained again.
    assert set(loss.state_dict()) == {"inputs.rates_", "inputs._input_scale"}
    assert not loss.trained_by_net()
