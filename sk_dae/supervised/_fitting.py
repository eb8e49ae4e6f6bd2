"""The course of a fit of a predictor: pretraining, then fine-tuning.

A fit reads rows and targets, has an autoencoder trained, or takes that of an earlier
fit, trains the net that predicts, and only then changes the estimator.
"""

from __future__ import annotations

import contextlib
import copy
from dataclasses import replace

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_consistent_length, check_random_state

from ..backend.random import RandomStreams
from ..backend.settings import own_settings
from ..base.current import check_parameters
from ..base.deprecation import current_value
from ..base.trainer import NetTrainer
from ..data.mapped_rows import MappedRows
from ..data.rows import rows_of
from ..data.weights import drop_weightless, uneven
from ..losses import SquaredError
from ..modules._predictors import HeadPredictor, predictor_from
from ..training.callbacks.sklearn_bridge import (
    begin_tasks,
    bridge_to_sklearn,
    end_tasks,
    task_of,
)
from ..training.objective import EncoderInput
from ._labeled_rows import LabeledRows, split_rows, watched_rows
from ._pretrained import PretrainedAutoencoder
from ._run import fine_tuning_run
from ._targets import TargetReading

__all__ = ["PredictorFitting"]


class PredictorFitting(TargetReading, PretrainedAutoencoder, NetTrainer):
    """Mixin of the classifier and the regressor: how they are fitted.

    A fit that fails leaves the estimator as it was.
    """

    def _fit(
        self,
        X,
        y,
        sample_weight,
        *,
        resume,
        incremental=False,
        validation=None,
        known=None,
    ):
        """Fit, or go on from the last fit.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As the user gave them.

        resume : bool
            Whether to go on from the weights of the last fit, if there is one.

        incremental : bool, default=False
            Whether it is one pass of many.

        validation : ValidationSet, default=None
            As the user gave it.

        known : dict, default=None
            Attributes of the targets that are known before the first pass.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} estimator requires y to be passed, but "
                "the target y is None."
            )
        if incremental:
            # scikit-learn leaves it out where there was a fit.
            check_parameters(self)
        if validation is not None:
            validation = validation.check(self.early_stopping, belongs="y", training=y)
        resume = resume and hasattr(self, "net_")
        weights, X, y = drop_weightless(sample_weight, X, y)
        random_state = None
        if resume:
            self._check_form()
            autoencoder = self.autoencoder_
            known = {name: getattr(self, name) for name in self._of_targets}
        else:
            random_state = check_random_state(self.random_state)
            autoencoder = self._make_autoencoder(X, random_state)
        rows = self._read_training_rows(X, autoencoder, uneven(weights), resume=resume)
        check_consistent_length(rows, y)
        fitted, labeled, values = self._read_targets(
            y, uneven(weights), known, whole=not incremental
        )
        factors = self._factors(weights, values, labeled, fitted)
        given = LabeledRows.of(
            rows, values, labeled, weights, factors, scale=not incremental
        )
        valid, pretrained_by = self._read_validation(
            validation, autoencoder, fitted, factors
        )
        if resume:
            # A copy, as the earlier fit is to outlive a training that fails.
            autoencoder = self._with_further_rows(rows, weights, adds=incremental)

        self._check_corruption(autoencoder)
        n_head_epochs = 0 if resume else int(current_value(self, "head_max_iter"))
        watched = X, y
        if getattr(self, "_skl_callbacks", None):
            # Rows are copied only where a callback is there to read them.
            watched = watched_rows(X, y, labeled, values)
        # A frozen one has been trained, and is to stay as it is.
        builds = not resume and not isinstance(self.autoencoder, FrozenEstimator)
        pretrains = self.pretrain and builds
        begin_tasks(self, pretrains + bool(n_head_epochs) + 1, *watched)
        if builds:
            pretraining = contextlib.nullcontext()
            if pretrains:
                pretraining = task_of(self, "pretraining", autoencoder)
            with pretraining:
                autoencoder.fit_rows(
                    rows,
                    sample_weight=weights,
                    feature_names=getattr(self, "feature_names_in_", None),
                    trains=self.pretrain,
                    validation=pretrained_by if pretrains else None,
                )
            if incremental and weights is not None:
                autoencoder.weigh_statistics(weights.mean())
        device = autoencoder._device
        streams = self._streams_of(device, random_state)
        own_validation = valid is not None
        train, held_out = split_rows(
            labeled,
            given.weights,
            self._strata(values),
            streams.restart("split"),
            self.validation_fraction
            if self.early_stopping and not own_validation
            else None,
        )
        corruption = self._find_corruption(
            autoencoder,
            rows_of(rows, weights=uneven(weights)),
            streams,
            keeps=resume and incremental,
        )
        # A frozen one may have seen other gaps than there are in these rows.
        may_have_gaps = (
            isinstance(self.autoencoder, FrozenEstimator)
            or autoencoder._statistics.has_missing
            or (corruption is not None and corruption.makes_missing)
        )
        run = fine_tuning_run(
            given,
            autoencoder,
            streams,
            train,
            valid if own_validation else held_out,
            batch_size=self.batch_size,
            to_rows=lambda values: self._target_rows(values, fitted),
            may_have_gaps=may_have_gaps,
        )
        forked = autoencoder._forked_generators(streams, device)
        run = replace(run, forked=forked)
        fitted |= {
            "autoencoder_": autoencoder,
            "_device": device,
            "_own_corruption": corruption if self._has_own_corruption else None,
        }
        module = self._module_to_train(autoencoder, run, streams, resume)
        loss = self._loss_of_targets(fitted)
        if n_head_epochs:
            self._train_head(module, loss, autoencoder, run, n_head_epochs)
        net = self._make_net(
            module,
            loss(autoencoder.net_.criterion_),
            device,
            incremental=incremental,
            corruption=corruption,
            encoder_input=autoencoder.net_.encoder_input,
            n_features=rows.shape[1],
            precision=autoencoder._precision_of_products(device),
        )
        resume_from = None
        if resume:
            net.history = copy.copy(self.net_.history)
            if incremental and self.optimizer == self.net_.optimizer:
                resume_from = self.net_.optimizer_state_
        n_before = len(net.history)
        epochs = 1 if incremental else self._n_epochs(len(run.train))
        watchers = self._make_watchers(
            watched[0], epochs, fitted, incremental, y=watched[1]
        )
        if incremental:
            bridge = bridge_to_sklearn(
                self,
                watched[0],
                epochs,
                lambda net: {**fitted, "net_": net},
                y=watched[1],
            )
            watchers = [] if bridge is None else [bridge]
        net.train(
            run,
            epochs,
            resume_from=resume_from,
            resumable=incremental,
            watchers=watchers,
        )
        fitted |= self._record(net, n_before, epochs, run)
        # It predicts from clean rows.
        net.corruption = None
        # All at once, and last: whatever failed before has changed nothing.
        vars(self).update(fitted)
        end_tasks(self, *watched)
        return self

    def _streams_of(self, device, random_state):
        """Return the streams of the last fit, or new ones."""
        if random_state is None and self._stream_state is not None:
            return self._make_streams(device, resume=True)
        if random_state is None:
            # In a file of an earlier version, which kept none.
            random_state = check_random_state(self.random_state)
        return RandomStreams(random_state.randint(np.iinfo(np.int32).max), device)

    #: Where its streams stand, as plain data.
    _stream_state = None

    def _module_to_train(self, autoencoder, run, streams, resume):
        if resume:
            return copy.deepcopy(self.net_.module_)
        # A callback of the pretraining may have changed them.
        with own_settings():
            return predictor_from(
                autoencoder.net_.module_,
                autoencoder._n_code,
                run.train.targets.shape[1],
                self.dropout,
                streams["init"],
            )

    def _train_head(self, module, loss, autoencoder, run, epochs):
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
        loss = loss(SquaredError())
        head_run = replace(
            run,
            train=with_codes(run.train),
            valid=run.valid and with_codes(run.valid),
            encoder_input=EncoderInput(loss),
            completes=False,
            valid_input=run.valid_input and EncoderInput(loss),
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
