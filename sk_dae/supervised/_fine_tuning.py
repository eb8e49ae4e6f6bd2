"""The shared part of classifier and regressor: pretraining, then fine-tuning."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    _fit_context,
)
from sklearn.frozen import FrozenEstimator
from sklearn.utils import (
    check_consistent_length,
    check_random_state,
)
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    check_is_fitted,
)

from ..backend.random import RandomStreams
from ..backend.settings import own_settings
from ..base.deprecation import current_value
from ..base.gradient_descent import GradientDescentAutoencoder
from ..base.trainer import NetTrainer
from ..corruption import CORRUPTIONS, BaseCorruption
from ..data.mapped_rows import MappedRows
from ..data.rows import rows_of
from ..data.weights import drop_weightless, uneven
from ..losses import SquaredError
from ..modules._predictors import HeadPredictor, predictor_from
from ..training.callbacks.sklearn_bridge import (
    begin_tasks,
    end_tasks,
    task_of,
    with_callbacks,
)
from ..training.net import PredictingNet
from ..training.objective import EncoderInput
from ._labeled_rows import split_rows, watched_rows
from ._pretrained import PretrainedAutoencoder
from ._run import fine_tuning_run

__all__ = ["FineTunedPredictor"]


class FineTunedPredictor(PretrainedAutoencoder, NetTrainer, BaseEstimator):
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
        self.net_callbacks = net_callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.head_iter = head_iter
        self.callbacks = callbacks

    # The autoencoder is validated where it is fitted.
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Pretrain on all rows, then fine-tune on those with a target.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Training rows, as the autoencoder takes them; NaN stands for a missing
            value.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, in both trainings and in what is learned of the data;
            one of weight zero is left out.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        with self._unharmed_by_failure():
            return self._fit(X, y, sample_weight)

    # -- what a subclass says ---------------------------------------------------------

    #: The loss of the fine-tuning.
    _loss_class = None

    def _read_targets(self, y, weights):
        """Check the targets of a fit.

        Parameters
        ----------
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of the user.

        weights : ndarray of shape (n_samples,) or None
            Positive weights of the rows; None counts all alike.

        Returns
        -------
        fitted : dict
            Attributes of the fitted estimator.

        labeled : ndarray of shape (n_samples,), dtype bool
            Which rows have a target.

        values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The targets as numbers.
        """
        raise NotImplementedError

    def _target_rows(self, values, fitted):
        """Return numeric targets as rows, of which batches are taken."""
        raise NotImplementedError

    def _strata(self, values):
        """Return groups whose shares the validation rows keep."""
        return np.zeros(len(values), dtype=np.int64)

    def _weigh(self, weights, values, labeled, fitted):
        """Return what each row counts for in the fine-tuning, or None."""
        return weights

    # -- fitting ----------------------------------------------------------------------

    def _fit(self, X, y, sample_weight):
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        weights, X, y = drop_weightless(sample_weight, X, y)
        random_state = check_random_state(self.random_state)
        autoencoder = self._make_autoencoder(X, random_state)
        rows = self._read_training_rows(X, autoencoder, uneven(weights))
        check_consistent_length(rows, y)
        fitted, labeled, values = self._read_targets(y, uneven(weights))
        row_weights = self._weigh(weights, values, labeled, fitted)
        if row_weights is not None:
            row_weights = row_weights * (labeled.sum() / row_weights[labeled].sum())
            row_weights = torch.from_numpy(row_weights.astype(np.float32))

        self._check_corruption(autoencoder)
        n_head_epochs = int(current_value(self, "head_max_iter"))
        watched = X, y
        if getattr(self, "_skl_callbacks", None):
            # Rows are copied only where a callback is there to read them.
            watched = watched_rows(X, y, labeled, values)
        # A frozen one has been trained, and is to stay as it is.
        is_frozen = isinstance(self.autoencoder, FrozenEstimator)
        pretrains = self.pretrain and not is_frozen
        begin_tasks(self, pretrains + bool(n_head_epochs) + 1, *watched)
        if not is_frozen:
            pretraining = contextlib.nullcontext()
            if pretrains:
                pretraining = task_of(self, "pretraining", autoencoder)
            with pretraining:
                autoencoder.fit_rows(
                    rows,
                    sample_weight=weights,
                    feature_names=getattr(self, "feature_names_in_", None),
                    trains=self.pretrain,
                )
        device = autoencoder._device
        streams = RandomStreams(random_state.randint(np.iinfo(np.int32).max), device)
        train, valid = split_rows(
            labeled,
            row_weights,
            self._strata(values),
            streams["split"],
            self.validation_fraction if self.early_stopping else None,
        )
        corruption = self._make_corruption(
            autoencoder, rows_of(rows, weights=uneven(weights)), streams
        )
        loss = self._loss_class(autoencoder.net_.criterion_)
        # A frozen one may have seen other gaps than there are in these rows.
        may_have_gaps = (
            isinstance(self.autoencoder, FrozenEstimator)
            or autoencoder._statistics.has_missing
            or (corruption is not None and corruption.makes_missing)
        )
        run = fine_tuning_run(
            rows,
            autoencoder,
            streams,
            train,
            valid,
            batch_size=self.batch_size,
            targets=self._target_rows(values, fitted),
            weights=row_weights,
            may_have_gaps=may_have_gaps,
            has_missing=bool(np.isnan(values[labeled]).any()),
        )
        forked = autoencoder._forked_generators(streams, device)
        run = replace(run, forked=forked)
        fitted |= {"autoencoder_": autoencoder, "_device": device}
        # A callback of the pretraining may have changed them.
        with own_settings():
            module = predictor_from(
                autoencoder.net_.module_,
                autoencoder._n_code,
                run.train.targets.shape[1],
                self.dropout,
                streams["init"],
            )
        if n_head_epochs:
            self._train_head(module, autoencoder, run, n_head_epochs)
        net = self._make_net(
            module,
            loss,
            device,
            corruption=corruption,
            encoder_input=autoencoder.net_.encoder_input,
            n_features=rows.shape[1],
        )
        epochs = self._n_epochs(len(run.train))
        watchers = self._make_watchers(watched[0], epochs, fitted, y=watched[1])
        net.train(run, epochs, watchers=watchers)
        fitted |= self._record(net, 0, epochs, run)
        # It is not trained further, and predicts from clean rows.
        del fitted["_stream_state"]
        net.corruption = None
        # All at once, and last: whatever failed before has changed nothing.
        vars(self).update(fitted)
        end_tasks(self, *watched)
        return self

    def _train_head(self, module, autoencoder, run, epochs):
        """Train the layer that predicts, on the codes that pretraining has left.

        They are computed anew for each batch, so that memory does not grow with rows.
        """
        module.to(run.device).eval()
        width = module.head.weight.shape[1]

        def with_codes(batches):
            rows = MappedRows(
                batches.rows,
                lambda X: module.encode(autoencoder.net_.encoder_input(X)),
                width,
                run.device,
            )
            return batches.with_rows(rows, batches.targets)

        # The encoder's input is no concern of the head.
        loss = self._loss_class(SquaredError())
        head_run = replace(
            run,
            train=with_codes(run.train),
            valid=run.valid and with_codes(run.valid),
            encoder_input=EncoderInput(loss),
            completes=False,
        )
        head = HeadPredictor(module.head, self.dropout)
        # The callbacks of the user name parts of the whole net.
        net = self._make_net(head, loss, run.device, callbacks=None)
        watchers = self._watchers_of_part("head", epochs)
        net.train(head_run, epochs, watchers=watchers)

    def _adopt_net(self, net):
        """Take a net that was built from a file."""
        net.encoder_input = self.autoencoder_.net_.encoder_input
        net.n_features = self.autoencoder_.n_features_in_
        self.net_ = net

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
