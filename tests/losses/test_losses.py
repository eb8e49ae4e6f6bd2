"""Losses against values and gradients worked out by hand."""

import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sk_dae
from helpers import make
from sk_dae.losses import (
    LOSSES,
    AbsoluteError,
    BaseLoss,
    BinaryCrossEntropy,
    CosineLoss,
    HuberLoss,
    NegativeBinomialLoss,
    PoissonLoss,
    SquaredError,
    TableLoss,
    make_loss,
)

INSTANCES = [SquaredError(), AbsoluteError(), HuberLoss(0.7), BinaryCrossEntropy()]
# With tests of their own, since their cells are not alone in a row.
OF_ROWS = [PoissonLoss(), NegativeBinomialLoss(), CosineLoss()]
every_loss = pytest.mark.parametrize("loss", INSTANCES, ids=lambda v: type(v).__name__)

# (loss, output, target, value, derivative by the output)
CELLS = [
    (SquaredError(), 3.0, 1.0, 4.0, 4.0),
    (SquaredError(), -1.0, 1.0, 4.0, -4.0),
    (AbsoluteError(), 3.0, 1.0, 2.0, 1.0),
    (AbsoluteError(), -1.0, 1.0, 2.0, -1.0),
    (HuberLoss(), 1.5, 1.0, 0.125, 0.5),
    (HuberLoss(), 4.0, 1.0, 2.5, 1.0),
    (HuberLoss(), -2.0, 1.0, 2.5, -1.0),
    (HuberLoss(2.0), 2.0, 1.0, 0.5, 1.0),
    (HuberLoss(2.0), 5.0, 1.0, 6.0, 2.0),
    (BinaryCrossEntropy(), 0.0, 1.0, math.log(2), -0.5),
    (BinaryCrossEntropy(), 0.0, 0.25, math.log(2), 0.25),
    (BinaryCrossEntropy(), math.log(3), 1.0, math.log(4 / 3), -0.25),
    (BinaryCrossEntropy(), math.log(3), 0.0, math.log(4), 0.75),
    # A confident mistake costs its logit, where the logarithm of 0 would be infinite.
    (BinaryCrossEntropy(), 200.0, 0.0, 200.0, 1.0),
]


@pytest.mark.parametrize(("loss", "output", "target", "value", "slope"), CELLS, ids=str)
def test_value_and_gradient_of_a_cell(loss, output, target, value, slope):
    output = torch.tensor([[output]], requires_grad=True)
    result = loss(output, torch.tensor([[target]]))
    result.backward()
    assert result.shape == ()
    assert result.item() == pytest.approx(value, rel=1e-5)
    assert output.grad.item() == pytest.approx(slope, rel=1e-5)


def draw(seed, n_samples=4, n_features=3):
    generator = torch.Generator().manual_seed(seed)
    shape = (n_samples, n_features)
    output = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    target = torch.rand(shape, generator=generator, dtype=torch.float64)
    return output, target


@every_loss
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_without_weights_the_loss_is_the_mean_of_the_cells(loss, seed):
    output, target = draw(seed)
    cells = loss.cellwise(output, target)
    assert cells.shape == target.shape
    assert (cells >= 0).all()
    mean = loss(output, target)
    torch.testing.assert_close(mean, cells.mean())
    torch.testing.assert_close(loss(output, target, torch.ones(4, 3) / 12), mean)


@every_loss
@pytest.mark.parametrize("shape", [(4, 3), (4, 1), (1, 3), ()], ids=str)
def test_weights_broadcast_and_are_summed(loss, shape):
    output, target = draw(0)
    weight = torch.rand(shape, dtype=torch.float64)
    expected = sum(
        weight.expand(4, 3)[i, j] * loss(output[i : i + 1, [j]], target[i : i + 1, [j]])
        for i in range(4)
        for j in range(3)
    )
    torch.testing.assert_close(loss(output, target, weight), expected)


@every_loss
def test_cell_without_weight_has_no_gradient(loss):
    output, target = draw(1)
    output.requires_grad_()
    weight = torch.ones(4, 3)
    weight[2, 1] = 0.0
    loss(output, target, weight).backward()
    assert output.grad[2, 1] == 0.0
    assert (output.grad != 0.0).sum() == 11


@every_loss
def test_gradients_are_those_of_finite_differences(loss):
    output, target = draw(3)
    output.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, target), output)


@every_loss
def test_best_output_gives_back_the_data(loss):
    target = torch.tensor([[0.2, 0.7]], dtype=torch.float64)
    best = torch.logit(target) if isinstance(loss, BinaryCrossEntropy) else target
    torch.testing.assert_close(loss.to_data(best), target)
    for step in (-0.1, 0.1):
        assert (loss.cellwise(best + step, target) > loss.cellwise(best, target)).all()


@every_loss
def test_loss_keeps_its_inputs(loss):
    output, target = draw(5)
    before = output.clone(), target.clone()
    loss(output, target, torch.ones(4, 1))
    loss.to_data(output)
    assert torch.equal(output, before[0])
    assert torch.equal(target, before[1])


@every_loss
def test_one_output_a_feature(loss):
    assert loss.n_outputs(7) == 7


def test_only_cross_entropy_has_a_range():
    assert BinaryCrossEntropy().target_range == (0.0, 1.0)
    assert all(loss.target_range is None for loss in INSTANCES[:3])


@pytest.mark.parametrize("name", LOSSES)
def test_string_makes_an_instance_of_its_class(name):
    assert type(make_loss(name)) is LOSSES[name]
    assert make_loss(name) is not make_loss(name)


def test_registry_holds_every_loss():
    assert set(LOSSES.values()) == {type(loss) for loss in [*INSTANCES, *OF_ROWS]}


def test_instance_is_copied():
    loss = HuberLoss(3.0)
    copied = make_loss(loss)
    assert copied is not loss
    assert copied.delta == 3.0


@pytest.mark.parametrize("delta", [0, 0.0, -1.0, np.nan, np.inf, "1", None])
def test_wrong_delta_is_refused(delta):
    with pytest.raises(ValueError, match="'delta' parameter of HuberLoss"):
        make_loss(HuberLoss(delta))


@pytest.mark.parametrize("delta", [2, np.int64(2), np.float32(2.0)], ids=repr)
def test_any_positive_number_is_a_delta(delta):
    loss = make_loss(HuberLoss(delta))
    assert loss(torch.tensor([5.0]), torch.tensor([1.0])).item() == 6.0


@every_loss
def test_loss_is_cloned_pickled_and_shown(loss):
    output, target = draw(2)
    for copy in (clone(loss), pickle.loads(pickle.dumps(loss))):
        assert copy is not loss
        assert repr(copy) == repr(loss)
        assert copy(output, target) == loss(output, target)


# -- weights of columns ----------------------------------------------------------------


@pytest.mark.parametrize("loss", [*INSTANCES, *OF_ROWS], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_of_columns_are_weights_of_cells(loss, weighted):
    output, target = draw(4)
    own = clone(loss).set_params(column_weights=[1.0, 0.0, 3.0])
    scaled = torch.tensor([0.75, 0.0, 2.25], dtype=torch.float64)
    weight = (
        torch.rand(4, 3, dtype=torch.float64) if weighted else torch.ones(4, 3) / 12
    )
    expected = loss.value_and_gradient(output, target, weight * scaled)
    found = own.value_and_gradient(output, target, weight if weighted else None)
    torch.testing.assert_close(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1])
    torch.testing.assert_close(
        own(output, target, weight if weighted else None), expected[0]
    )
    copied = pickle.loads(pickle.dumps(own))
    assert "_column_weights" not in vars(copied)
    assert copied(output, target) == own(output, target)


@pytest.mark.parametrize("loss", [*INSTANCES, *OF_ROWS], ids=lambda v: type(v).__name__)
@pytest.mark.parametrize(
    ("weights", "match"),
    [
        (
            [1.0, 2.0],
            r"column_weights of \w+ must have the shape .* \(5,\), got \(2,\)",
        ),
        (np.ones((1, 5)), r"must have the shape .* got \(1, 5\)"),
        ([1, 1, 1, 1, -1], r"must be finite, non-negative .* \[-1, 1\]"),
        (np.zeros(5), "not all zero"),
        ([1, 1, 1, 1, np.nan], "must be finite"),
        (list("abcde"), "must be an array of numbers, got"),
    ],
    ids=str,
)
def test_wrong_weights_of_columns_are_refused(table, loss, weights, match):
    X = (table - table.min()) / np.ptp(table)
    loss = clone(loss).set_params(column_weights=weights)
    with pytest.raises(ValueError, match=match):
        make(loss=loss).fit(X)


def test_columns_without_weight_are_not_learned(table):
    loss = SquaredError(column_weights=[1, 1, 0, 1, 1])
    settings = {"max_iter": 100, "corruption": None, "n_components": 4}
    errors = [
        make(loss=loss, **settings)
        .fit(table)
        .reconstruction_error(table, per_feature=True)
        for loss in (loss, "squared_error")
    ]
    ignored, all_ = (error.mean(axis=0) for error in errors)
    assert ignored[2] > 10 * all_[2]
    assert ignored[[0, 1, 3, 4]].max() < 0.2


def test_weights_of_columns_are_found_by_a_search(table):
    dae = make(loss=SquaredError()).set_params(loss__column_weights=np.ones(5))
    plain = make().fit(table)
    np.testing.assert_allclose(
        dae.fit(table).denoise(table), plain.denoise(table), 1e-4
    )


def test_every_loss_is_reached_by_its_name_in_a_search(table):
    scaler = MinMaxScaler(clip=True)  # held-out rows too must not be negative
    pipeline = make_pipeline(scaler, make(), LogisticRegression())
    grid = {"denoisingautoencoder__loss": list(LOSSES)}
    search = GridSearchCV(pipeline, grid, cv=2, scoring="neg_log_loss")
    search.fit(table, table[:, 0] > 0)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == len(LOSSES)


def test_weights_of_columns_may_change_when_training_goes_on(table):
    dae = make(loss=SquaredError(np.ones(5)), warm_start=True, corruption=None)
    dae.fit(table)
    weights = np.arange(5.0)
    dae.set_params(loss__column_weights=weights, learning_rate_init=1e-12, alpha=0.0)
    loss = dae.fit(table).loss_curve_[-1]
    errors = dae.reconstruction_error(table, per_feature=True).mean(axis=0)
    assert loss == pytest.approx((errors * weights).mean() / weights.mean(), rel=1e-4)


def test_weights_of_columns_are_saved(table, tmp_path):
    dae = make(loss=SquaredError(np.arange(5.0))).fit(table)
    sk_dae.save(dae, tmp_path / "model.safetensors")
    loaded = sk_dae.load(tmp_path / "model.safetensors")
    for estimator in (dae, loaded):
        estimator.partial_fit(table)
    np.testing.assert_array_equal(loaded.denoise(table), dae.denoise(table))


def test_base_class_has_no_cells():
    with pytest.raises(NotImplementedError):
        BaseLoss()(torch.zeros(1, 1), torch.zeros(1, 1))


def test_own_loss_may_have_two_outputs_a_feature():
    class Gaussian(BaseLoss):
        def n_outputs(self, n_features):
            return 2 * n_features

        def to_data(self, output):
            return output.chunk(2, dim=1)[0]

        def cellwise(self, output, target, *, reduction="none"):
            mean, log_variance = output.chunk(2, dim=1)
            cells = log_variance + (target - mean) ** 2 / log_variance.exp()
            return cells.mean() if reduction == "mean" else cells

    loss, output = make_loss(Gaussian()), torch.tensor([[1.0, 0.0]])
    assert loss(output, torch.tensor([[3.0]])) == 4.0
    assert loss(output, torch.tensor([[3.0]]), torch.tensor([[0.5]])) == 2.0
    assert loss.to_data(output).tolist() == [[1.0]]


# -- tables ----------------------------------------------------------------------------

TABLES = [(0, 3, 0, 2, 1), (0, 0), (2, 4), (1,), (5,)]


def draw_table(n_categories, mask_loss_weight, seed=0, spread=1.0):
    """Draw outputs and targets for a table loss."""
    generator = torch.Generator().manual_seed(seed)
    loss = TableLoss(
        n_categories, [1 + j for j in range(len(n_categories))], mask_loss_weight
    )
    n_features = len(n_categories)
    output = torch.randn(6, loss.n_outputs(n_features), generator=generator) * spread
    target = torch.stack(
        [
            torch.randint(n, (6,), generator=generator).float()
            if n
            else torch.randn(6, generator=generator)
            for n in n_categories
        ],
        dim=1,
    )
    if mask_loss_weight:
        mask = torch.rand(6, n_features, generator=generator) < 0.3
        target = torch.cat([target, mask.float()], dim=1)
    return loss, output, target


@pytest.mark.parametrize("n_categories", TABLES, ids=str)
def test_cells_of_a_table(n_categories):
    loss, output, target = draw_table(n_categories, 0.0)
    cells = loss.cellwise(output, target)
    numbers = [j for j, n in enumerate(n_categories) if not n]
    start = len(numbers)
    for i, j in enumerate(numbers):
        expected = (output[:, i] - target[:, j]) ** 2
        torch.testing.assert_close(cells[:, j], expected)
    for j, n in enumerate(n_categories):
        if n:
            block, start = output[:, start : start + n], start + n
            expected = torch.nn.functional.cross_entropy(
                block, target[:, j].long(), reduction="none"
            )
            torch.testing.assert_close(cells[:, j], expected / (1 + j))
            assert (loss.to_data(output)[:, j] == block.argmax(dim=1)).all()


@pytest.mark.parametrize("spread", [1.0, 300.0])
@pytest.mark.parametrize("mask_loss_weight", [0.0, 0.5])
@pytest.mark.parametrize("weighted", ["not", "rows", "cells"])
@pytest.mark.parametrize("n_categories", TABLES, ids=str)
def test_gradient_of_a_table_is_that_of_autograd(
    n_categories, weighted, mask_loss_weight, spread
):
    loss, output, target = draw_table(n_categories, mask_loss_weight, spread=spread)
    shape = {"not": None, "rows": (6, 1), "cells": target.shape}[weighted]
    weight = None if shape is None else torch.rand(shape)
    value, gradient = loss.value_and_gradient(output, target, weight)
    expected = BaseLoss.value_and_gradient(loss, output, target, weight)
    torch.testing.assert_close(value, expected[0])
    torch.testing.assert_close(gradient, expected[1], rtol=1e-4, atol=1e-6)
    assert torch.isfinite(gradient).all()


def test_squared_error_of_a_category_is_half_the_distance_to_certainty():
    loss = TableLoss([3])
    output, target = torch.log(torch.tensor([[0.5, 0.3, 0.2]])), torch.tensor([[1.0]])
    expected = 0.5 * (0.5**2 + 0.7**2 + 0.2**2)
    assert loss.squared_errors(output, target).item() == pytest.approx(expected)
    for unknown in (np.nan, -1.0):
        assert loss.squared_errors(output, torch.tensor([[unknown]])).isnan().all()


def test_best_constant_guess_costs_one_in_each_column():
    frequencies = torch.tensor([0.7, 0.2, 0.1])
    entropy = -(frequencies * frequencies.log()).sum().item()
    loss = TableLoss([3], [entropy])
    target = torch.repeat_interleave(torch.arange(3.0), torch.tensor([7, 2, 1]))
    output = frequencies.log().expand(10, 3)
    assert loss(output, target[:, None]).item() == pytest.approx(1)


def test_table_loss_is_cloned_and_pickled_without_its_tensors():
    loss, output, target = draw_table((0, 3), 0.0)
    value = loss(output, target)
    copied = pickle.loads(pickle.dumps(loss))
    assert "_layout" not in vars(copied)
    assert copied(output, target) == clone(loss)(output, target) == value
