"""Rows, targets and weights: what a fit is given."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch

from helpers import make, weights_of
from sk_dae import DenoisingImputer, DenoisingOutlierDetector
from sk_dae.backend.random import RandomStreams
from sk_dae.data.training_data import TrainingData
from sk_dae.losses import CosineLoss, HuberLoss, PoissonLoss


def test_sample_weight_moves_the_fit_to_the_heavy_rows():
    # Two directions and a code of one number: only one of them can be kept.
    rows = np.zeros((60, 2), dtype=np.float32)
    rows[:30, 0] = rows[30:, 1] = np.linspace(-2, 2, 30)
    dae = make(
        n_components=1,
        hidden_layer_sizes=(),
        activation="identity",
        corruption=None,
        max_iter=200,
        learning_rate_init=0.1,
    )
    for half in (slice(0, 30), slice(30, 60)):
        heavy = np.full(60, 0.1)
        heavy[half] = 10.0
        errors = dae.fit(rows, sample_weight=heavy).reconstruction_error(rows)
        assert errors[half].mean() < 0.1 * errors.mean()


def test_equal_sample_weights_are_none_at_all(table):
    plain = make().fit(table)
    weighted = make().fit(table, sample_weight=np.full(60, 3.0))
    assert torch.equal(weights_of(plain), weights_of(weighted))


@pytest.mark.parametrize("weight", [np.zeros(60), -np.ones(60)])
def test_sample_weight_must_be_positive_somewhere(table, weight):
    with pytest.raises(ValueError, match=r"[Ss]ample.weight"):
        make().fit(table, sample_weight=weight)


def test_clean_rows_are_the_target(table):
    shifted = table + 10
    dae = make(corruption=None, max_iter=150, learning_rate_init=0.03)
    dae.fit(shifted, clean=table)
    assert np.square(dae.denoise(shifted) - table).mean() < 0.1


def test_clean_rows_stay_beside_their_noisy_rows(table):
    # A wrong pairing could do no better than the mean, an error of one.
    codes = np.random.RandomState(0).permutation(60)[:, None] / 60.0
    dae = make(corruption=None, max_iter=100, learning_rate_init=0.03, batch_size=7)
    clean = np.repeat(codes, 5, axis=1) * 3
    dae.fit(np.hstack([codes, codes**2, codes**3, codes, codes]), clean=clean)
    error = np.square(
        dae.denoise(np.hstack([codes, codes**2, codes**3, codes, codes])) - clean
    )
    assert error.mean() < 0.02


def test_missing_cells_of_clean_are_left_out(table):
    clean = table.copy()
    clean[::2, 0] = np.nan
    dae = make(max_iter=20).fit(table, clean=clean)
    assert np.isfinite(dae.loss_curve_).all()


@pytest.mark.parametrize(
    ("clean", "match"),
    [
        (np.zeros((60, 4)), "clean must have the shape of X"),
        (np.full((60, 5), np.inf), "clean contains infinity"),
    ],
)
def test_bad_clean_rows_are_refused(table, clean, match):
    with pytest.raises(ValueError, match=match):
        make().fit(table, clean=clean)


def test_clean_columns_must_come_in_the_order_of_X(table):
    frame = pd.DataFrame(table, columns=list("abcde"))
    with pytest.raises(ValueError, match="clean must have the columns of X"):
        make().fit(frame, clean=frame[list("edcba")])


def test_validation_rows_are_shuffled_seeded_and_not_trained_on(table):
    # Rows in order of size: a split by row order would show in the validation loss.
    X = np.sort(table, axis=0)
    data = TrainingData(X, None, None, None, None)
    train, valid = data.batches(7, torch.device("cpu"), RandomStreams(0), 0.2)
    again, _ = data.batches(7, torch.device("cpu"), RandomStreams(0), 0.2)
    seen = torch.cat([batch[0] for batch in train])
    held = torch.cat([batch[0] for batch in valid])
    assert len(held) == 12
    assert len(seen) == 48
    everything = torch.cat([seen, held])
    assert torch.equal(everything.sort(dim=0).values, torch.from_numpy(X))
    assert held[:, 0].min() < np.median(X[:, 0]) < held[:, 0].max()
    assert torch.equal(seen, torch.cat([batch[0] for batch in again]))


def test_binary_cross_entropy_names_the_columns_that_leave_its_range(table):
    frame = pd.DataFrame(np.abs(table) / 10, columns=list("abcde"))
    frame.loc[3, "b"] = 1.5
    frame.loc[4, "d"] = -0.1
    with pytest.raises(ValueError, match=r"which these columns leave: b, d\."):
        make(loss="binary_cross_entropy").fit(frame)
    sparse = sp.csr_matrix(frame.to_numpy())
    with pytest.raises(ValueError, match=r"leave: 1, 3\."):
        make(loss="binary_cross_entropy").fit(sparse)


def test_early_stopping_needs_two_rows():
    with pytest.raises(ValueError, match="leaves no row to train on"):
        make(early_stopping=True).fit(np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("n_rows", "n_features", "n_batches"),
    [(20, 3, 1), (100, 3, 4), (6400, 3, 64), (100_000, 3, 196), (40_000, 50_000, 120)],
)
def test_automatic_batches_grow_with_the_rows_and_shrink_with_the_columns(
    n_rows, n_features, n_batches
):
    # No memory is touched: nothing is read.
    X = np.lib.stride_tricks.as_strided(
        np.zeros(1, dtype=np.float32), (n_rows, n_features), (0, 0)
    )
    data = TrainingData(X, None, None, None, None)
    train, valid = data.batches("auto", torch.device("cpu"), RandomStreams(0))
    assert len(train) == n_batches
    assert valid is None


def test_range_is_that_of_float32():
    # A scaler computes in float64, and may overstep its range by a rounding error.
    X = np.array([[0.0, 1.0 + 3e-16], [1.0, 0.5], [-1e-50, 0.0]])
    make(loss="binary_cross_entropy").fit(X)
    with pytest.raises(ValueError, match="leave: 1"):
        make(loss="binary_cross_entropy").fit(X + [[0.0, 1e-6]] * 3)


def test_validation_rows_must_count(table):
    dae = make(early_stopping=True, validation_fraction=0.05, random_state=1)
    holes = np.full_like(table, np.nan)
    holes[:3] = table[:3]
    with pytest.raises(ValueError, match="validation rows that count"):
        dae.fit(holes)


def test_loss_of_an_epoch_is_the_mean_over_observed_cells(table):
    holes = table.copy()
    holes[10:] = np.nan
    frozen = {"learning_rate_init": 1e-12, "max_iter": 1, "corruption": None}
    small, large = (
        make(batch_size=size, **frozen).fit(holes).loss_curve_[0] for size in (5, 60)
    )
    assert small == pytest.approx(large, rel=1e-5)


def test_column_known_from_the_clean_rows_alone_is_reconstructed(table):
    noisy = table.copy()
    noisy[:, 2] = np.nan
    dae = make(max_iter=200, corruption=None).fit(noisy, clean=table)
    assert np.square(dae.denoise(noisy)[:, 2] - table[:, 2]).mean() < 0.5
    with pytest.warns(UserWarning, match="reconstructed as 0: 2"):
        dae = make().fit(table, clean=noisy)
    assert not dae.denoise(table)[:, 2].any()


def test_same_validation_rows_are_set_aside_again_when_training_goes_on(table):
    data, streams = TrainingData(table, None, None, None, None), RandomStreams(0)
    first, second = (
        torch.cat(
            [batch[0] for batch in data.batches(7, torch.device("cpu"), s, 0.2)[1]]
        )
        for s in (streams, RandomStreams.from_state(streams.get_state()))
    )
    again = data.batches(7, torch.device("cpu"), streams, 0.2)[1]
    assert torch.equal(first, second)
    assert torch.equal(first, torch.cat([batch[0] for batch in again]))


@pytest.mark.parametrize(
    "estimator",
    [DenoisingImputer(make(), n_estimators=1), DenoisingOutlierDetector(make())],
)
def test_loss_of_what_is_not_standardised_is_refused_by_who_standardises(estimator):
    X = np.random.RandomState(0).poisson(3.0, (40, 4)) / 20
    name = type(estimator).__name__
    estimator.fit(X)
    for loss in ("poisson", "negative_binomial", "cosine", "binary_cross_entropy"):
        match = f"autoencoder of {name} must have a loss for standardised.*'{loss}'"
        with pytest.raises(ValueError, match=match):
            estimator.set_params(autoencoder__loss=loss).fit(X)
    for loss in (CosineLoss(), PoissonLoss()):
        with pytest.raises(ValueError, match=r"got loss=(Poisson|Cosine)Loss\("):
            estimator.set_params(autoencoder__loss=loss).fit(X)
    estimator.set_params(autoencoder__loss=HuberLoss()).fit(X)
