"""The skorch net: optimizers, schedules, a loss that diverges."""

import numpy as np
import pytest
import torch

from helpers import make, weights_of
from sk_dae import MaskingNoise


@pytest.mark.parametrize(
    "optimizer", ["adamw", "adam", "sgd", "nesterov", "rmsprop", torch.optim.Adagrad]
)
@pytest.mark.parametrize("learning_rate", ["one_cycle", "cosine", "constant"])
def test_every_optimizer_and_schedule_lowers_the_loss(table, optimizer, learning_rate):
    dae = make(
        optimizer=optimizer,
        learning_rate=learning_rate,
        learning_rate_init=0.01,
        max_iter=20,
    ).fit(table)
    assert dae.loss_curve_[-1] < dae.loss_curve_[0]


def test_one_cycle_rises_and_falls(table):
    rates = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    make(optimizer=Spy, learning_rate_init=0.1, max_iter=20, batch_size=20).fit(table)
    assert len(rates) == 60
    assert np.argmax(rates) == 15
    assert max(rates) == pytest.approx(0.1)
    assert rates[-1] < 1e-3


def test_weight_decay_shrinks_the_weights(table):
    norms = [
        weights_of(make(alpha=alpha, max_iter=50).fit(table)).norm()
        for alpha in (0, 10)
    ]
    assert norms[1] < 0.9 * norms[0]


def test_diverging_loss_names_the_epoch_and_a_way_out(table):
    dae = make(learning_rate_init=1e30, optimizer="sgd", alpha=0)
    with pytest.raises(ValueError, match=r"in epoch \d.*learning_rate_init"):
        dae.fit(table)


def test_history_flags_the_best_epochs(table):
    history = make(max_iter=30, learning_rate_init=0.1).fit(table).net_.history
    losses = history[:, "train_loss"]
    best = [loss < min(losses[:i], default=np.inf) for i, loss in enumerate(losses)]
    assert history[:, "train_loss_best"] == best
    assert not all(best)


class Silent(torch.nn.Module):
    """A module that reconstructs zero, whatever comes."""

    def __init__(self, n_features, n_components):
        super().__init__()
        self.code = torch.nn.Parameter(torch.zeros(n_components, n_features))

    def encode(self, X):
        return torch.zeros(len(X), len(self.code))

    def decode(self, code):
        return 0.0 * (code @ self.code)


@pytest.mark.parametrize(
    ("emphasis", "corrupted", "uncorrupted"),
    [("full", 1, 0), ("double", 1, 0.5), ((0.5, 2), 0.5, 2), (None, 1, 1)],
)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_emphasis_weighs_the_cells(
    table, emphasis, corrupted, uncorrupted, missing, weighted
):
    level = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
    X = table.copy()
    if missing:
        X[::3, 0] = X[::4, 1] = np.nan
    weight = np.arange(len(X)) % 3 if weighted else None
    dae = make(
        corruption="masking",
        noise_level=level,
        emphasis=emphasis,
        module=Silent,
        batch_size=len(X),
        max_iter=1,
    ).fit(X, sample_weight=weight)
    cells = np.where(level == 1, corrupted, uncorrupted) * X.astype(np.float64) ** 2
    if weighted:
        # Rows of weight zero are not there.
        cells, weight = cells[weight > 0], weight[weight > 0]
        cells *= (weight / weight.mean())[:, None]
    assert dae.loss_curve_[0] == pytest.approx(np.nanmean(cells), rel=1e-5)


def test_emphasis_takes_all_cells_of_additive_noise_as_corrupted(table):
    plain, full = (
        make(corruption="gaussian", emphasis=emphasis).fit(table)
        for emphasis in (None, "full")
    )
    assert torch.allclose(weights_of(plain), weights_of(full), atol=1e-5)


def test_emphasis_of_untouched_cells_is_all_there_is_without_corruption(table):
    plain, double = (
        make(corruption=None, module=Silent, emphasis=emphasis).fit(table)
        for emphasis in (None, "double")
    )
    assert double.loss_curve_[0] == pytest.approx(plain.loss_curve_[0] / 2, rel=1e-5)


@pytest.mark.parametrize(
    "emphasis", [(1,), (1, 2, 3), (-1, 1), (0, 0), (np.nan, 1), (1, np.inf), ("a", 1)]
)
def test_wrong_emphasis_is_refused(table, emphasis):
    with pytest.raises(ValueError, match=r"emphasis must be .* got"):
        make(emphasis=emphasis).fit(table)


def test_full_emphasis_needs_a_corruption(table):
    with pytest.raises(ValueError, match="corruption=None"):
        make(emphasis="full", corruption=None).fit(table)


@pytest.mark.parametrize("missing", [False, True])
def test_masking_as_missing_is_masking_by_the_mean(table, missing):
    X = np.vstack([table, -table])
    if missing:
        # Symmetric, so that the means stay zero.
        X[[1, 61], 2] = X[[5, 65], 0] = np.nan
    masked, hidden = (
        make(corruption=MaskingNoise(0.5, fill_value=value)).fit(X)
        for value in (0.0, np.nan)
    )
    assert np.allclose(masked.transform(X), hidden.transform(X), atol=1e-5)


class Indicated(torch.nn.Module):
    """A module that is told which values are missing."""

    takes_missing = True

    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(2 * n_features, n_components)
        self.decode = torch.nn.Linear(n_components, n_features)
        self.n_seen = 0

    def encode(self, X):
        missing = X.isnan()
        if self.training:
            self.n_seen += int(missing.sum())
        return self.encoder(torch.cat([X.nan_to_num(0.0), missing], dim=1))


@pytest.mark.parametrize(
    "corruption",
    ["swap", MaskingNoise(0.5, fill_value=np.nan)],
    ids=["swap", "masking"],
)
def test_module_that_takes_missing_values_gets_them(table, corruption):
    X = table.copy()
    X[::3, 0] = np.nan
    dae = make(module=Indicated, corruption=corruption, max_iter=1).fit(X)
    n_missing = int(np.isnan(X).sum())
    if corruption == "swap":
        assert dae.net_.module_.n_seen == n_missing
    else:
        assert dae.net_.module_.n_seen > 2 * n_missing
    filled = np.where(np.isnan(X), 0.0, X)
    differ = (dae.transform(X) != dae.transform(filled)).any(axis=1)
    assert (differ == np.isnan(X).any(axis=1)).all()
