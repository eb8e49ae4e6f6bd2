"""Early stopping."""

import numpy as np
import torch
from sklearn.base import clone

from helpers import make, weights_of


def test_early_stopping_restores_the_best_epoch(digits):
    X = digits[:100]
    dae = make(
        early_stopping=True,
        validation_fraction=0.3,
        corruption=None,
        learning_rate_init=0.02,
        learning_rate="constant",
        max_iter=300,
        n_iter_no_change=20,
    ).fit(X)
    curve = dae.validation_loss_curve_
    assert len(curve) == dae.n_iter_ < 300
    assert dae.best_loss_ == min(curve) < curve[-1]
    # Without corruption the validation loss is that of score, on the rows set aside;
    # the same split gives the same rows.
    assert len(curve) - 1 - int(np.argmin(curve)) <= 20
    again = clone(dae).set_params(max_iter=int(np.argmin(curve)) + 1)
    again.fit(X)
    assert torch.equal(weights_of(again), weights_of(dae))


def test_without_early_stopping_there_is_no_validation_curve(table):
    dae = make(early_stopping=True).fit(table)
    assert len(dae.validation_loss_curve_) == dae.n_iter_
    dae.set_params(early_stopping=False).fit(table)
    assert dae.validation_loss_curve_ is None
    assert dae.best_loss_ == min(dae.loss_curve_)


def test_validation_rows_are_corrupted_the_same_way_in_every_epoch(table):
    dae = make(early_stopping=True, learning_rate_init=1e-12, tol=0.0).fit(table)
    # The weights stand still, so that the noise alone could change the loss.
    np.testing.assert_allclose(
        dae.validation_loss_curve_, dae.validation_loss_curve_[0], rtol=1e-6
    )
    assert np.ptp(dae.loss_curve_) > 1e-4


def test_curves_have_the_same_length_when_training_goes_on(table):
    dae = make(early_stopping=True, warm_start=True, max_iter=3).fit(table)
    first = dae.validation_loss_curve_
    dae.fit(table)
    assert len(dae.loss_curve_) == len(dae.validation_loss_curve_) == 6
    assert dae.validation_loss_curve_[:3] == first
    assert dae.best_loss_ == min(dae.validation_loss_curve_[3:])
    late = make(warm_start=True, max_iter=2).fit(table)
    late.set_params(early_stopping=True).fit(table)
    assert np.isnan(late.validation_loss_curve_[:2]).all()
    assert len(late.loss_curve_) == len(late.validation_loss_curve_) == 4
    assert np.isfinite(late.best_loss_)
    assert late.set_params(early_stopping=False).fit(table).best_loss_ in (
        late.loss_curve_
    )
    assert late.validation_loss_curve_ is None
