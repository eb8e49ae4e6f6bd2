"""The course of a fit: prepare, build, train, and only then change the estimator."""

from __future__ import annotations

import copy

from sklearn.base import _fit_context

from ..data.rows import rows_of
from ..data.streams import check_stream_to_fit
from ..data.validation_set import ValidationSet, naming_argument
from ..data.weights import drop_weightless, uneven
from ..tables.units import type_in_units
from ..training.callbacks.sklearn_bridge import end_tasks, with_callbacks
from .current import check_parameters
from .preparation import FitPreparation

__all__ = ["NetFitting"]


class NetFitting(FitPreparation):
    """Mixin of the autoencoders that a net is trained in: how they are fitted.

    A fit that fails leaves the estimator as it was.
    """

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y=None,
        *,
        sample_weight=None,
        clean=None,
        X_val=None,
        clean_val=None,
        sample_weight_val=None,
    ):
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

        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Rows for early stopping, in place of a share of `X`. In a Pipeline the steps
            before do not transform them, unless it is told to
            (``transform_input=["X_val"]``).

        clean_val : {array-like, sparse matrix} of shape (n_val, n_features), \
                default=None
            The clean counterpart of `X_val`, where `clean` is given.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weight of each row of `X_val` in the validation loss.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            given = ValidationSet(X_val, sample_weight_val, clean_val)
            return self._fit(
                X, sample_weight, clean, resume=self.warm_start, validation=given
            )

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
        validation=None,
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

        validation : ValidationSet, default=None
            Validated rows to stop early by, and their positive weights; None sets a
            share of `X` aside.

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
            plan = self._prepare(X, sample_weight, clean, validation=validation)
            epochs = None if trains else 0
            return self._train(plan, X, epochs, is_scaled=is_scaled)

    def _fit(
        self, X, sample_weight, clean, *, resume, incremental=False, validation=None
    ):
        """Fit on unvalidated rows."""
        if incremental:
            # scikit-learn leaves it out where there was a fit.
            check_parameters(self)
        check_stream_to_fit(self, X, sample_weight=sample_weight, clean=clean)
        if validation is not None:
            check_stream_to_fit(
                self,
                validation.X,
                sample_weight_val=validation.sample_weight,
                clean_val=validation.clean,
            )
            validation = validation.check(
                self.early_stopping, belongs="clean", training=clean
            )
        resume = resume and hasattr(self, "net_")
        sample_weight, X, clean = drop_weightless(sample_weight, X, clean)
        X = self._validate_training_rows(
            X, reset=not resume, weights=uneven(sample_weight)
        )
        if validation is not None:
            with naming_argument("X_val"):
                rows = self._validate_validation_rows(validation.X)
            validation = validation._replace(X=rows)
        plan = self._prepare(
            X,
            sample_weight,
            clean,
            resume=resume,
            incremental=incremental,
            validation=validation,
        )
        return self._train(plan, X)

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
            reconstruction_sampling=getattr(self, "reconstruction_sampling", None),
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
