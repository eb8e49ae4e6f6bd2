"""The shared part of classifier and regressor: pretraining, then fine-tuning."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.base import (
    BaseEstimator,
    _fit_context,
)
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    check_is_fitted,
)

from ..base.gradient_descent import GradientDescentAutoencoder
from ..base.trainer import NetTrainer
from ..corruption import CORRUPTIONS, BaseCorruption
from ..data.validation_set import ValidationSet
from ..training.callbacks.sklearn_bridge import with_callbacks
from ..training.net import PredictingNet
from ._fitting import PredictorFitting

__all__ = ["FineTunedPredictor"]


class FineTunedPredictor(PredictorFitting, BaseEstimator):
    """Base class of the classifier and the regressor.

    A subclass checks the target in ``_read_targets``.
    """

    _net_class = PredictingNet
    _parameter_constraints: dict = {
        **NetTrainer._parameter_constraints,
        "autoencoder": [HasMethods(["fit", "denoise"]), FrozenEstimator, None],
        "pretrain": ["boolean"],
        "corruption": [
            StrOptions({"autoencoder", *CORRUPTIONS}),
            BaseCorruption,
            callable,
            None,
        ],
        "noise_level": GradientDescentAutoencoder._parameter_constraints["noise_level"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "head_max_iter": [Interval(Integral, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "device": [*NetTrainer._parameter_constraints["device"], None],
    }
    _renamed_parameters: dict = {
        **NetTrainer._renamed_parameters,
        "head_iter": "head_max_iter",
    }

    def __init__(
        self,
        autoencoder=None,
        *,
        pretrain=True,
        corruption="autoencoder",
        noise_level="auto",
        dropout=0.5,
        head_max_iter=0,
        optimizer="adamw",
        learning_rate_init=0.001,
        learning_rate="one_cycle",
        alpha=0.01,
        batch_size="auto",
        max_iter="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        net_callbacks=None,
        device=None,
        random_state=None,
        verbose=0,
        head_iter="deprecated",
        callbacks="deprecated",
    ):
        self.autoencoder = autoencoder
        self.pretrain = pretrain
        self.corruption = corruption
        self.noise_level = noise_level
        self.dropout = dropout
        self.head_max_iter = head_max_iter
        self.optimizer = optimizer
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.net_callbacks = net_callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.head_iter = head_iter
        self.callbacks = callbacks

    # The autoencoder is validated where it is fitted.
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Pretrain on all rows, then fine-tune on those with a target.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Training rows, as the autoencoder takes them; NaN stands for a missing
            value.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets; of a classifier with several columns an indicator matrix of zeros
            and ones, which may be sparse.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, in both trainings and in what is learned of the data;
            one of weight zero is left out.

        X_val : {array-like, sparse matrix, data frame} of shape (n_val, n_features), \
                default=None
            Rows for early stopping, in place of a share of `X`, also for an
            autoencoder that stops early itself. In a Pipeline the steps before do not
            transform them, unless it is told to (``transform_input=["X_val"]``).

        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets; a row without one is left out of the fine-tuning.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weight of each row of `X_val` in the validation loss.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        given = ValidationSet(X_val, sample_weight_val, y=y_val)
        with self._unharmed_by_failure():
            return self._fit(
                X, y, sample_weight, resume=self.warm_start, validation=given
            )

    # -- prediction -------------------------------------------------------------------

    def _outputs(self, X, *, to_data=False):
        """Return what the net makes of rows."""
        check_is_fitted(self)
        autoencoder = self.autoencoder_
        rows = autoencoder._validate_rows(X, owner=self)

        def predict(chunk):
            output = self.net_.infer(chunk)
            return self.net_.criterion_.to_data(output) if to_data else output

        return autoencoder._map_rows(rows, predict, self._n_outputs)
