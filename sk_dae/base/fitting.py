"""The course of a fit: prepare, build, train, and only then change the estimator."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from sklearn.base import _fit_context

from ..backend.devices import find_device
from ..data.rows import rows_of
from ..data.training_data import TrainingData
from ..data.weights import drop_weightless, uneven
from ..tables.units import type_in_units
from ..training.callbacks.sklearn_bridge import end_tasks, with_callbacks
from ..training.objective import EncoderInput
from ..training.run import TrainingRun
from .current import check_parameters
from .training_plan import TrainingPlan

__all__ = ["NetFitting"]


class NetFitting:
    """Mixin of the autoencoders that a net is trained in: how they are fitted.

    A fit that fails leaves the estimator as it was.
    """

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, sample_weight=None, clean=None):
        """Train the autoencoder.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows; NaN stands for a missing value.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss and in what is learned of the data; one of
            weight zero is left out.

        clean : {array-like, sparse matrix} of shape (n_samples, n_features), \
                default=None
            The clean counterpart of an already noisy `X`, to be reconstructed in its
            place. `X` is corrupted all the same; pass ``corruption=None`` with real
            pairs.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            return self._fit(X, sample_weight, clean, resume=self.warm_start)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit_rows(
        self,
        X,
        *,
        sample_weight=None,
        feature_names=None,
        trains=True,
        is_scaled=False,
        clean=None,
    ):
        """Train on rows that have been validated, as a meta-estimator has them.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Rows of numbers without infinities; NaN stands for a missing value.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss and in what is learned of the data; one of
            weight zero is left out.

        feature_names : ndarray of shape (n_features,), default=None
            Names of the columns.

        trains : bool, default=True
            Whether to train the net, rather than only build it.

        is_scaled : bool, default=False
            Whether the meta-estimator has scaled the rows, so that no warning is to
            advise it.

        clean : ndarray or CSR matrix of shape (n_samples, n_features), default=None
            The clean counterpart of `X`; see :meth:`fit`.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            sample_weight, X, clean = drop_weightless(sample_weight, X, clean)
            self.n_features_in_ = X.shape[1]
            vars(self).pop("feature_names_in_", None)
            if feature_names is not None:
                self.feature_names_in_ = feature_names
            plan = self._prepare(X, sample_weight, clean)
            epochs = None if trains else 0
            return self._train(plan, X, epochs, is_scaled=is_scaled)

    def _fit(self, X, sample_weight, clean, *, resume, incremental=False):
        """Fit on unvalidated rows."""
        if incremental:
            # scikit-learn leaves it out where there was a fit.
            check_parameters(self)
        resume = resume and hasattr(self, "net_")
        sample_weight, X, clean = drop_weightless(sample_weight, X, clean)
        X = self._validate_training_rows(
            X, reset=not resume, weights=uneven(sample_weight)
        )
        plan = self._prepare(
            X, sample_weight, clean, resume=resume, incremental=incremental
        )
        return self._train(plan, X)

    def _prepare(self, X, sample_weight, clean, *, resume=False, incremental=False):
        """Check what belongs to validated rows, and learn what comes before training.

        Returns
        -------
        plan : TrainingPlan
            All that a training needs, but for the module and the net.
        """
        device = find_device(self.device)
        loss = self._make_loss()
        emphasis = self._check_emphasis()
        schedule = self._find_noise_schedule(incremental)
        penalty = self._make_penalty()
        names = getattr(self, "feature_names_in_", None)
        data = TrainingData.check(
            X,
            clean,
            sample_weight,
            loss=loss,
            names=names,
            scale_weights=not incremental,
        )
        loss.fit_rows(
            rows_of(X if data.clean is None else data.clean, weights=data.row_weights),
            data.target_statistics,
            self.net_.criterion_ if resume else None,
        )
        streams = self._make_streams(device, resume=resume)
        train, valid = data.batches(
            self.batch_size,
            device,
            streams,
            self.validation_fraction if self.early_stopping else None,
        )
        statistics, target_statistics = data.statistics, data.target_statistics
        if resume and incremental:
            statistics = self._statistics + statistics
            target_statistics = self._target_statistics + target_statistics
        self._warn_of_empty_columns(target_statistics)

        # A state of its own, so that a sample of donors does not move other streams.
        donor_state = np.random.RandomState(streams.seeds["corruption"] % 2**32)
        learns_corruption = not (resume and incremental)
        if learns_corruption:
            corruption = self._make_corruption()
            if corruption is not None:
                in_place = device.type == "cpu"
                corruption.fit_rows(
                    rows_of(X, weights=data.row_weights),
                    donor_state,
                    feature_names=names,
                    in_place=in_place,
                )
        else:
            corruption = self.corruption_
        return TrainingPlan(
            train=train,
            valid=valid,
            device=device,
            streams=streams,
            loss=loss.to(device),
            penalty=penalty,
            corruption=corruption,
            donor_state=donor_state if learns_corruption else None,
            emphasis=emphasis,
            noise_schedule=schedule,
            statistics=statistics,
            target_statistics=target_statistics,
            has_missing=data.has_missing,
            resume=resume,
            incremental=incremental,
        )

    def _build(self, plan, n_features):
        """Make or copy the module, and initialise the penalty."""
        forked = self._forked_generators(plan.streams, plan.device)
        if plan.resume:
            module, widths = self._copy_module(n_features, plan.loss), self._widths
        else:
            module, widths = self._make_module(
                n_features, plan.loss, plan.streams, forked
            )
        penalty, corruption = plan.penalty, plan.corruption
        if penalty is not None:
            penalty.check_module(module)
            penalty.initialize(module, widths[1], plan.streams["init"])
            if plan.resume:
                penalty.resume(self.net_.penalty)
            penalty.to(plan.device)
        may_have_gaps = plan.has_missing
        if corruption is not None:
            # One that fills gaps does so where it corrupts.
            may_have_gaps |= corruption.makes_missing
            may_have_gaps &= not corruption.fills_missing
        predicts = EncoderInput.of(
            module, plan.loss, plan.statistics, corruption, plan.device
        )
        run = TrainingRun(
            plan.train,
            plan.valid,
            plan.device,
            plan.streams,
            predicts.in_training(may_have_gaps),
            has_missing=plan.has_missing,
            forked=forked,
        )
        return replace(
            plan, module=module, widths=widths, run=run, encoder_input=predicts
        )

    def _train(self, plan, X, epochs=None, *, is_scaled=False):
        """Build the net, train it, and only then change the estimator.

        Parameters
        ----------
        plan : TrainingPlan
            Result of :meth:`_prepare`.

        X : ndarray or CSR matrix of shape (n_samples, n_features)
            The validated rows.

        epochs : int, default=None
            How many; None as the parameters say.

        is_scaled : bool, default=False
            Whether the columns have been scaled, whatever their range.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        incremental = plan.incremental
        plan = self._build(plan, X.shape[1])
        run = plan.run
        fitted = {
            "_device": plan.device,
            "_data_type": self._data_type if plan.resume else type_in_units(X.dtype),
            "_statistics": plan.statistics,
            "_target_statistics": plan.target_statistics,
            "_widths": plan.widths,
            "corruption_": plan.corruption,
        }
        if epochs != 0:
            fitted |= self._pretrain(plan)
        net = self._make_net(
            plan.module,
            plan.loss,
            plan.device,
            incremental=incremental,
            corruption=plan.corruption,
            noise_schedule=plan.noise_schedule,
            emphasis=plan.emphasis,
            penalty=plan.penalty,
            n_features=X.shape[1],
            encoder_input=plan.encoder_input,
        )
        resume_from = None
        if plan.resume:
            net.history = copy.copy(self.net_.history)
            if incremental and self.optimizer == self.net_.optimizer:
                resume_from = self.net_.optimizer_state_
        n_before = len(net.history)
        if epochs is None:
            epochs = 1 if incremental else self._n_epochs(len(run.train))
        net.train(
            run,
            epochs,
            resume_from=resume_from,
            resumable=incremental,
            watchers=self._make_watchers(X, epochs, fitted, incremental),
        )
        if plan.donor_state is not None and plan.corruption is not None:
            rows = rows_of(X, weights=plan.train.rows.weights)
            plan.corruption.forget_rows(rows, plan.donor_state)
        fitted |= self._record(net, n_before, epochs, run)
        if not is_scaled:
            # A stack that is not trained as a whole has the loss of its first layer.
            layer = next(iter(fitted.get("layer_loss_curves_", [])), [])
            self._warn_of_wide_columns(X, plan.loss, fitted["loss_curve_"] or layer)
        # All at once, and last: whatever failed before has changed nothing.
        vars(self).update(fitted)
        end_tasks(self, X, X)
        return self
