import numpy as np
import pytest
import scipy.sparse as sp
import torch
from skorch.callbacks import Callback
from torch import nn

from sk_dae import DenoisingAutoencoder, MaskingNoise, SpeckleNoise
from sk_dae.data.sparse_batches import SparseBatch
from sk_dae.losses import (
    AbsoluteError,
    BaseLoss,
    BinaryCrossEntropy,
    HuberLoss,
    SquaredError,
)
from sk_dae.modules import MLPAutoencoder
from sk_dae.training import reconstruction_sampling
from sk_dae.training.reconstruction_sampling import (
    ColumnSampler,
    SampledObjective,
    loss_of_cells,
)

LOSSES = [SquaredError(), AbsoluteError(), HuberLoss(0.3), BinaryCrossEntropy()]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def rows(n_samples=60, n_features=40, density=0.2, seed=0):
    return sp.random(
        n_samples,
        n_features,
        density=density,
        format="csr",
        dtype=np.float32,
        random_state=seed,
    )


def layer(n_features, width=5):
    drawn = generator(1)
    hidden = torch.randn(12, width, generator=drawn)
    table = torch.randn(n_features, width, generator=drawn)
    return hidden, table, torch.randn(n_features, generator=drawn)


def exact(loss, hidden, table, bias, target, weight):
    """Return the loss of all cells, and its derivative by the output."""
    output = torch.addmm(bias, hidden, table.T).requires_grad_()
    value = (loss.cellwise(output, target) * weight[:, None]).sum()
    (slope,) = torch.autograd.grad(value, output)
    return value.detach(), slope


def derivative_by_table(cells, prepared, hidden, table):
    """Return the derivative of the loss by the weights of the last layer."""
    target = prepared.target
    gradient = torch.zeros_like(table)
    gradient.index_add_(
        0, target.columns, cells.stored[:, None] * hidden[target.rows()]
    )
    for rows, columns, slope in (cells.near, cells.far):
        gradient.index_add_(0, columns, slope.T @ hidden[rows])
    return gradient


# -- the estimate ---------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
def test_all_columns_give_the_exact_loss_and_gradient(loss):
    X = rows(12)
    hidden, table, bias = layer(40)
    objective = SampledObjective(loss, None, ColumnSampler(40, np.ones(40)))
    weights = torch.rand(12, generator=generator())
    batch = SparseBatch.of(X)
    prepared = objective.prepare((batch, batch, weights), generator())
    cells = loss_of_cells(loss, hidden, table, bias, prepared)
    target = torch.from_numpy(X.toarray())
    value, slope = exact(loss, hidden, table, bias, target, weights / target.numel())
    torch.testing.assert_close(cells.loss, value)
    torch.testing.assert_close(
        derivative_by_table(cells, prepared, hidden, table), slope.T @ hidden
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_and_the_gradient_are_right_on_average(loss, monkeypatch):
    X = rows(12, density=0.05)
    hidden, table, bias = layer(40)
    counts = np.bincount(X.indices, minlength=40)
    monkeypatch.setattr(reconstruction_sampling, "LEAST_ROWS", 4)
    objective = SampledObjective(loss, None, ColumnSampler(6, counts))
    batch = SparseBatch.of(X)
    drawn, values, gradients = generator(), [], []
    for _ in range(600):
        prepared = objective.prepare((batch, batch, None), drawn)
        assert len(prepared.columns) <= 6 and len(prepared.rows) == 4
        cells = loss_of_cells(loss, hidden, table, bias, prepared)
        values.append(cells.loss)
        gradients.append(derivative_by_table(cells, prepared, hidden, table))
    target = torch.from_numpy(X.toarray())
    weight = torch.full((12,), 1.0 / target.numel())
    value, slope = exact(loss, hidden, table, bias, target, weight)
    for found, expected in ((values, value), (gradients, slope.T @ hidden)):
        found = torch.stack(found).double()
        error = (found.mean(dim=0) - expected).abs()
        # Five standard errors: one in two million normal numbers is farther off.
        limit = 5 * found.std(dim=0) / np.sqrt(len(found)) + 1e-7
        assert (error <= limit).all()
    assert torch.stack(values).std() > 0


@pytest.mark.parametrize("n_sampled", [1, 7, 29, 30])
def test_columns_are_drawn_as_often_as_their_weights_say(n_sampled):
    counts = np.arange(30) ** 2
    sampler = ColumnSampler(n_sampled, counts)
    total, drawn = torch.zeros(30, dtype=torch.float64), generator()
    for _ in range(1000):
        columns, weights = sampler.draw(drawn)
        assert (columns.diff() > 0).all()
        total[columns] += weights
    # The rarest has a share of 1 / 60, and so weighs 60 where one column is drawn.
    limit = 5 * np.sqrt(60 / n_sampled / 1000)
    assert (total / 1000 - 1).abs().max() <= limit


def test_a_matrix_without_a_stored_cell():
    X = sp.csr_matrix((64, 40), dtype=np.float32)
    dae = sampled(0.5).fit(X)
    assert np.isfinite(dae.loss_curve_).all()
    assert dae.transform(X).shape == (64, 3)


# -- training -------------------------------------------------------------------------


def sampled(share, **settings):
    return DenoisingAutoencoder(
        **{
            "n_components": 3,
            "hidden_layer_sizes": (8,),
            "activation": "tanh",
            "corruption": None,
            "max_iter": 3,
            "batch_size": 32,
            "random_state": 0,
            "reconstruction_sampling": share,
            **settings,
        }
    )


def weights_of(dae):
    return {n: p.detach().numpy() for n, p in dae.net_.module_.named_parameters()}


def assert_same_weights(one, other, **tolerance):
    one, other = weights_of(one), weights_of(other)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], err_msg=name, **tolerance)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "relu"},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (8, 6), "activation": "gelu"},
        {"tied_weights": True},
        {"tied_weights": True, "hidden_layer_sizes": ()},
        {"dropout": 0.3},
        {"dropout": 0.3, "hidden_layer_sizes": ()},
        {"penalty": "l1"},
        {"penalty": "kl"},
        {"loss": "huber"},
        {"loss": "binary_cross_entropy"},
        {"early_stopping": True, "n_iter_no_change": 1, "max_iter": 5},
    ],
    ids=str,
)
def test_all_columns_train_as_the_exact_loss_does(settings):
    # Every batch meets every column, so that no row of a table waits for a step.
    X = rows(200, 25, density=0.4)
    ours = sampled(1.0, **settings).fit(X)
    theirs = sampled(None, **settings).fit(X)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
    assert_same_weights(ours, theirs, rtol=1e-2, atol=1e-4)
    if settings.get("early_stopping"):
        np.testing.assert_allclose(
            ours.validation_loss_curve_, theirs.validation_loss_curve_, rtol=1e-4
        )


def test_weighted_rows_and_clean_targets_train_as_with_the_exact_loss():
    X, clean = rows(200, 25, density=0.4), rows(200, 25, density=0.5, seed=1)
    weights = np.random.RandomState(0).uniform(0.5, 2.0, size=200)
    given = {"sample_weight": weights, "clean": clean}
    ours, theirs = sampled(1.0).fit(X, **given), sampled(None).fit(X, **given)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)
    assert_same_weights(ours, theirs, rtol=1e-2, atol=1e-4)


def test_passes_over_parts_train_as_with_the_exact_loss():
    ours, theirs = sampled(1.0), sampled(None)
    for seed in range(4):
        X = rows(100, 25, density=0.4, seed=seed)
        ours.partial_fit(X)
        theirs.partial_fit(X)
    assert_same_weights(ours, theirs, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_sample_of_the_zeros_learns_nearly_as_much(share):
    rng = np.random.RandomState(0)
    topics = np.where(rng.uniform(size=(4, 200)) < 0.1, 1.0, 0.0)
    X = topics[rng.randint(4, size=400)] * (rng.uniform(size=(400, 200)) < 0.8)
    X = sp.csr_matrix(X.astype(np.float32))
    settings = {"corruption": "masking", "max_iter": 20, "learning_rate_init": 0.02}
    errors = [
        -sampled(setting, **settings).fit(X).score(X) for setting in (share, None)
    ]
    nothing = X.toarray().var(axis=0).mean()
    assert errors[0] <= 1.3 * errors[1] < 0.5 * nothing


@pytest.mark.parametrize(
    "corruption",
    ["masking", "speckle", "poisson", MaskingNoise(0.3), SpeckleNoise(), None],
)
def test_corruptions_that_keep_zeros(corruption):
    X = rows(100, 40)
    dae = sampled(0.2, corruption=corruption).fit(X)
    assert np.isfinite(dae.loss_curve_).all()
    assert dae.transform(X).std() > 0


def test_masking_hides_stored_cells_at_its_level():
    X = SparseBatch.of(rows(100, 200))
    corruption = MaskingNoise(0.3).fit(np.ones((2, 200)))
    sampler = ColumnSampler(5, np.ones(200))
    objective = SampledObjective(SquaredError(), corruption, sampler)
    prepared = objective.prepare((X, X, None), generator())
    hidden = (prepared.inputs.values == 0).float().mean()
    # 4000 cells: three standard errors.
    assert abs(hidden - 0.3) < 3 * np.sqrt(0.3 * 0.7 / 4000)
    assert prepared.target is X
    plain = objective.without_corruption().prepare((X, X, None), None)
    assert plain.inputs is X


def test_a_schedule_of_the_noise():
    X = rows(100, 40)
    dae = sampled(0.2, corruption="masking", noise_schedule="linear", noise_level=0.8)
    assert np.isfinite(dae.fit(X).loss_curve_).all()


def test_a_fit_is_repeatable():
    X = rows(100, 40)
    settings = {"corruption": "masking", "dropout": 0.2}
    one, other = (sampled(0.2, **settings).fit(X) for _ in range(2))
    assert_same_weights(one, other, rtol=0, atol=0)
    assert one.loss_curve_ == other.loss_curve_


def test_weights_come_out_as_other_modules_have_them():
    dae = sampled(0.2).fit(rows(100, 40))
    for parameter in dae.net_.module_.parameters():
        assert parameter.is_contiguous()
        assert parameter.grad is None


def test_validation_restores_the_same_zeros_in_each_epoch():
    # A rate of nearly zero changes nothing, and so neither does the loss.
    dae = sampled(
        0.2,
        corruption="masking",
        early_stopping=True,
        learning_rate_init=1e-12,
        learning_rate="constant",
    ).fit(rows(100, 40))
    assert len(set(np.float32(dae.validation_loss_curve_))) == 1


def test_rows_to_validate_on():
    X, X_val = rows(100, 40), rows(50, 40, seed=1)
    dae = sampled(0.2, early_stopping=True)
    with_sparse = dae.fit(X, X_val=X_val).validation_loss_curve_
    assert np.isfinite(with_sparse).all()


def test_warm_start_goes_on():
    X = rows(100, 40)
    dae = sampled(0.2, corruption="masking", warm_start=True).fit(X)
    first = dae.loss_curve_
    dae.fit(X)
    assert dae.loss_curve_[: len(first)] == first
    assert np.mean(dae.loss_curve_[3:]) < np.mean(first)


# -- where it samples -----------------------------------------------------------------


class Watcher(Callback):
    """Keeps the largest weight of each epoch, as it sees it."""

    def on_epoch_end(self, net, **kwargs):
        weights = getattr(self, "weights", [])
        self.weights = [*weights, net.module_.encoder[0].weight.detach().clone()]


class UserModule(nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.encode = nn.Linear(n_features, n_components)
        self.decode = nn.Linear(n_components, n_features)


class BatchWatcher(Callback):
    def on_batch_end(self, net, **kwargs):
        self.seen = True


class Freezing(Callback):
    def __init__(self, *names):
        self.names = names

    def on_train_begin(self, net, **kwargs):
        for name, parameter in net.module_.named_parameters():
            if name in self.names:
                parameter.requires_grad_(False)


class OwnLoss(SquaredError):
    """Cells that depend on one another, in a class that inherits the opposite."""

    def cellwise(self, output, target, *, reduction="none"):
        cells = (output - output.mean() - target).square()
        return cells.mean() if reduction == "mean" else cells


class ReadsRoots(SquaredError):
    def to_input(self, X):
        return X.sqrt() + 1.0


class OwnCorruption(MaskingNoise):
    def draw(self, X, generator):
        return X + 1.0, None


class OwnCells(SquaredError):
    cell_by_cell = True

    def cellwise(self, output, target, *, reduction="none"):
        cells = (output - target) ** 4
        return cells.mean() if reduction == "mean" else cells

    def value_and_gradient(self, output, target, weight=None):
        return BaseLoss.value_and_gradient(self, output, target, weight)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"corruption": "gaussian"}, "corruption GaussianNoise, which changes zeros"),
        ({"corruption": "swap"}, "corruption SwapNoise, which changes zeros"),
        ({"corruption": MaskingNoise(fill_value=1.0)}, "MaskingNoise, which changes"),
        ({"corruption": MaskingNoise(np.full(25, 0.1))}, "a level for each feature"),
        ({"loss": "cosine"}, "the loss CosineLoss"),
        ({"loss": SquaredError(np.ones(25))}, "SquaredError with column_weights"),
        ({"loss": "poisson"}, "the loss PoissonLoss"),
        ({"loss": OwnLoss()}, "the loss OwnLoss"),
        ({"loss": ReadsRoots()}, "the loss ReadsRoots"),
        ({"loss": OwnCells()}, None),
        ({"corruption": OwnCorruption()}, "OwnCorruption, which changes zeros"),
        ({"emphasis": "double", "corruption": "masking"}, "with emphasis"),
        ({"penalty": "contractive"}, "the penalty ContractivePenalty"),
        ({"penalty": "variational"}, "the penalty VariationalPenalty"),
        ({"optimizer": "sgd"}, "an optimizer other than 'adamw'"),
        ({"optimizer": torch.optim.AdamW}, "an optimizer other than 'adamw'"),
        ({"alpha": 1000.0}, "a weight decay"),
        ({"net_callbacks": [BatchWatcher()]}, "callbacks that look at single batches"),
        ({"module": MLPAutoencoder}, None),
        ({"module": UserModule}, "a module of the class UserModule"),
    ],
)
def test_settings_that_do_not_allow_a_share_are_named(settings, message):
    X = rows(50, 25)
    dae = sampled(0.2, **settings)
    if message is None:
        dae.fit(X)
        return
    with pytest.raises(
        ValueError, match="reconstruction_sampling must be .* " + message
    ):
        dae.fit(X)
    assert not hasattr(dae, "net_")


def test_missing_values_are_refused_with_a_share():
    X = rows(50, 25)
    X.data[3] = np.nan
    with pytest.raises(ValueError, match=r"with missing values, got 0\.2"):
        sampled(0.2).fit(X)


@pytest.mark.parametrize("setting", [0.0, 1.5, -1, "all", [0.1]])
def test_invalid_values(setting):
    with pytest.raises(ValueError, match="reconstruction_sampling"):
        sampled(setting).fit(rows(50, 25))


def test_dense_rows_are_restored_whole():
    X = rows(50, 25).toarray()
    one, other = sampled(0.2).fit(X), sampled(None).fit(X)
    assert_same_weights(one, other, rtol=0, atol=0)


def test_narrow_rows_are_restored_whole_by_default():
    X = rows(50, 25)
    one, other = sampled("auto").fit(X), sampled(None).fit(X)
    assert_same_weights(one, other, rtol=0, atol=0)


def test_wide_rows_are_sampled_by_default_where_settings_allow_it():
    X = rows(40, 10_000, density=0.002)
    fits = {}
    for corruption in ("masking", "gaussian"):
        for setting in ("auto", None):
            dae = sampled(setting, corruption=corruption, max_iter=1)
            fits[corruption, setting] = dae.fit(X).loss_curve_
    assert fits["masking", "auto"] != fits["masking", None]
    np.testing.assert_allclose(fits["masking", "auto"], fits["masking", None], rtol=0.1)
    assert fits["gaussian", "auto"] == fits["gaussian", None]


def test_callbacks_see_the_weights_of_the_end_of_an_epoch():
    X = rows(100, 40)
    watcher = Watcher()
    dae = sampled(0.2, net_callbacks=[watcher]).fit(X)
    (_, kept), *_ = [c for c in dae.net_.callbacks_ if isinstance(c[1], Watcher)]
    assert len(kept.weights) == 3
    assert torch.equal(kept.weights[-1], dae.net_.module_.encoder[0].weight)
    assert not torch.equal(kept.weights[0], kept.weights[1])


@pytest.mark.parametrize(
    "names",
    [
        ["encoder.0.weight"],
        ["encoder.0.bias", "decoder.1.bias"],
        ["decoder.1.weight", "encoder.1.weight"],
    ],
)
def test_frozen_parameters_stay(names):
    X = rows(100, 40)
    free = weights_of(sampled(0.2).fit(X))
    start = weights_of(sampled(0.2, learning_rate_init=1e-12).fit(X))
    found = weights_of(sampled(0.2, net_callbacks=[Freezing(*names)]).fit(X))
    for name in found:
        if name in names:
            np.testing.assert_allclose(found[name], start[name], atol=1e-8)
        else:
            assert np.abs(found[name] - start[name]).max() > 1e-4
            assert np.abs(free[name] - start[name]).max() > 1e-4


def test_a_net_that_diverges_stops_with_an_error():
    X = 1e15 * rows(100, 40)
    with pytest.raises(ValueError, match="epoch"):
        sampled(0.2, learning_rate_init=1e20, alpha=0.0).fit(X)


def test_the_net_of_skorch_goes_on():
    X = rows(100, 40)
    dae = sampled(0.2).fit(X)
    before = weights_of(dae)
    dae.net_.set_params(max_epochs=1)
    before = {name: value.copy() for name, value in before.items()}
    dae.net_.partial_fit(X)
    assert any(np.abs(weights_of(dae)[n] - before[n]).max() > 0 for n in before)
