"""The shared part of classifier and regressor: pretraining, then fine-tuning."""

from __future__ import annotations

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
    _safe_indexing,
    check_consistent_length,
    check_random_state,
    get_tags,
    indexable,
)
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from ..autoencoder import DenoisingAutoencoder
from ..backend.random import RandomStreams
from ..backend.serialization import serializable
from ..base.deprecation import current_value
from ..base.gradient_descent import GradientDescentAutoencoder
from ..base.inner_autoencoder import InnerAutoencoder
from ..base.trainer import NetTrainer
from ..corruption import CORRUPTIONS, BaseCorruption
from ..data.batches import Batches
from ..data.mapped_rows import MappedRows
from ..data.rows import rows_of
from ..data.training_data import automatic_batch_size
from ..losses import SquaredError
from ..modules._predictors import HeadPredictor, predictor_from
from ..training.callbacks.sklearn_bridge import with_callbacks
from ..training.net import PredictingNet
from ..training.objective import EncoderInput
from ..training.run import TrainingRun

__all__ = ["FineTunedPredictor"]

serializable(FrozenEstimator)


class FineTunedPredictor(InnerAutoencoder, NetTrainer, BaseEstimator):
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

    @classmethod
    def upgrade_state(cls, state, format):
        """Take a frozen autoencoder, which files of format 1 hold once, for both."""
        if state.get("autoencoder_", cls) is None:
            state["autoencoder_"] = state["autoencoder"].estimator
        return state

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
            Weight of each row, in both trainings.

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

    def _read_targets(self, y):
        """Check the targets of a fit.

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
        self._check_columns(X, reset=True)
        check_consistent_length(X, y)
        fitted, labeled, values = self._read_targets(y)
        weights = None
        if sample_weight is not None:
            weights = self._check_weights(sample_weight, X, labeled)
        row_weights = self._weigh(weights, values, labeled, fitted)
        if row_weights is not None:
            row_weights = row_weights * (labeled.sum() / row_weights[labeled].sum())
            row_weights = torch.from_numpy(row_weights.astype(np.float32))

        random_state = check_random_state(self.random_state)
        autoencoder = self._make_autoencoder(random_state)
        self._check_corruption(autoencoder)
        # A frozen one has been trained, and is to stay as it is.
        if not isinstance(self.autoencoder, FrozenEstimator):
            if self.pretrain:
                autoencoder.fit(X, sample_weight=weights)
            else:
                autoencoder.build(X, sample_weight=weights)
        device = autoencoder._device
        streams = RandomStreams(random_state.randint(np.iinfo(np.int32).max), device)
        train, valid = self._split(labeled, row_weights, values, streams)
        rows = autoencoder._validate_rows(X)
        corruption = self._make_corruption(autoencoder, rows, streams)
        loss = self._loss_class(autoencoder.net_.criterion_)
        run = self._plan(
            rows,
            autoencoder,
            corruption,
            streams,
            train,
            valid,
            targets=self._target_rows(values, fitted),
            weights=row_weights,
            has_missing=bool(np.isnan(values[labeled]).any()),
        )
        fitted |= {"autoencoder_": autoencoder, "_device": device}
        with autoencoder._draws_of_user_modules(streams, device):
            module = predictor_from(
                autoencoder.net_.module_,
                autoencoder._n_code,
                run.train.targets.shape[1],
                self.dropout,
                streams["init"],
            )
            n_head_epochs = current_value(self, "head_max_iter")
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
            watched = self._watched_rows(X, y, labeled, values)
            watchers = self._make_watchers(watched[0], epochs, fitted, y=watched[1])
            net.train(run, epochs, watchers=watchers)
        fitted |= self._record(net, 0, epochs, run)
        # It is not trained further, and predicts from clean rows.
        del fitted["_stream_state"]
        net.corruption = None
        # All at once, and last: whatever failed before has changed nothing.
        vars(self).update(fitted)
        if hasattr(self, "_callback_fit_ctx"):
            X, y = watched
            self._callback_fit_ctx.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _watched_rows(self, X, y, labeled, values):
        """Return the rows that scikit-learn's callbacks are told of, and their targets.

        A scorer would take what stands for "no target" for one, and refuses a row of
        which some targets are missing.
        """
        missing = np.isnan(values).reshape(len(values), -1)
        known = labeled & ~missing.any(axis=1)
        if not known.any():
            known = labeled
        # The rows are copied only where a callback is there to read them.
        if known.all() or not getattr(self, "_skl_callbacks", None):
            return X, y
        X, y = indexable(X, y)
        index = np.flatnonzero(known)
        return _safe_indexing(X, index), _safe_indexing(y, index)

    def _check_columns(self, X, *, reset):
        """Check the number and the names of the columns, and nothing else."""
        # The autoencoder refuses anything that is no table at all.
        if len(getattr(X, "shape", (0, 0))) == 2:
            validate_data(self, X, reset=reset, skip_check_array=True)

    @staticmethod
    def _check_weights(sample_weight, X, labeled):
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if (weights < 0).any() or not weights[labeled].any():
            raise ValueError(
                "sample_weight must be non-negative, with a positive sum over the rows "
                f"with a target, got a minimum of {weights.min():g} and a sum of "
                f"{weights[labeled].sum():g}."
            )
        return weights

    def _make_autoencoder(self, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        if self.autoencoder is None:
            return DenoisingAutoencoder(
                256,
                code_activation="relu",
                corruption="swap",
                noise_level=0.2,
                random_state=seed,
                **self._inner_params(),
            )
        given, frozen = self.autoencoder, isinstance(self.autoencoder, FrozenEstimator)
        inner = given.estimator if frozen else given
        if not isinstance(inner, GradientDescentAutoencoder):
            raise TypeError(
                f"autoencoder of {type(self).__name__} must be an autoencoder that a "
                "net is trained in, which can be fine-tuned (DenoisingAutoencoder, "
                "StackedDenoisingAutoencoder, TabularDenoisingAutoencoder), such a one "
                f"in a FrozenEstimator, or None; got a {'frozen ' if frozen else ''}"
                f"{type(inner).__name__}."
            )
        autoencoder = self._copy_of_autoencoder()
        if frozen:
            return self._check_frozen(autoencoder.estimator)
        if autoencoder.random_state is None:
            autoencoder.set_params(random_state=seed)
        return autoencoder

    def _check_frozen(self, autoencoder):
        """Return a fitted autoencoder, after a check that it can be used as it is."""
        check_is_fitted(autoencoder)
        if not self.pretrain:
            raise ValueError(
                "pretrain=False starts from fresh weights, but the autoencoder is "
                "frozen, so that it has been trained. Give it unfrozen."
            )
        return autoencoder

    def _plan(
        self,
        X,
        autoencoder,
        corruption,
        streams,
        train,
        valid,
        *,
        targets,
        weights,
        has_missing,
    ):
        """Return what the fine-tuning needs, but for the net."""
        device = autoencoder._device
        rows = rows_of(X, device)
        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = automatic_batch_size(len(train), X.shape[1])
        shared = {"targets": targets, "weights": weights}
        batches = Batches(
            rows, train, batch_size, device, generator=streams["shuffle"], **shared
        )
        if valid is not None:
            valid = Batches(rows, valid, batch_size, device, **shared)
        predicts = autoencoder.net_.encoder_input
        # A frozen one may have seen other gaps than there are in these rows.
        may_have_gaps = (
            isinstance(self.autoencoder, FrozenEstimator)
            or autoencoder._statistics.has_missing
            or (corruption is not None and corruption.makes_missing)
        )
        return TrainingRun(
            batches,
            valid,
            device,
            streams,
            predicts if may_have_gaps else predicts.in_training(False),
            has_missing=has_missing,
            completes=True,
        )

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
        name = f"{type(self).__name__}, head"
        watchers = self._watchers_of_part(name, epochs)
        net.train(head_run, epochs, watchers=watchers)

    @property
    def _has_own_corruption(self):
        """Whether the fine-tuning has a corruption that is not the autoencoder's."""
        given = self.corruption
        return given is not None and not (
            isinstance(given, str) and given == "autoencoder"
        )

    def _check_corruption(self, autoencoder):
        """Refuse a corruption of the fine-tuning before the pretraining."""
        if not self._has_own_corruption:
            return
        process = autoencoder._make_process(self.corruption, self.noise_level)
        process._validate_params()
        if hasattr(self, "n_features_in_"):
            names = getattr(self, "feature_names_in_", None)
            process.set_level(self.n_features_in_, names)

    def _make_corruption(self, autoencoder, X, streams):
        """Return what corrupts the rows in the fine-tuning, or None."""
        if self.corruption is None:
            return None
        if not self._has_own_corruption:
            return autoencoder.corruption_
        process = autoencoder._make_process(self.corruption, self.noise_level)
        state = np.random.RandomState(streams.seeds["corruption"] % 2**32)
        names = getattr(self, "feature_names_in_", None)
        process.fit_rows(rows_of(X), state, feature_names=names)
        return process

    def _split(self, labeled, weights, values, streams):
        """Return the indices of the rows to train on and to validate on, if any."""
        index = torch.from_numpy(np.flatnonzero(labeled))
        if not self.early_stopping:
            return index, None
        index = index[torch.randperm(len(index), generator=streams["split"])]
        groups = self._strata(values[index.numpy()])
        is_valid = np.zeros(len(index), bool)
        for group in np.unique(groups):
            members = np.flatnonzero(groups == group)
            is_valid[members[: int(self.validation_fraction * len(members))]] = True
        if not is_valid.any():
            is_valid[: max(1, round(self.validation_fraction * len(index)))] = True
        is_valid = torch.from_numpy(is_valid)
        train, valid = index[~is_valid], index[is_valid]
        if not len(train):
            raise ValueError(
                f"early_stopping=True with validation_fraction="
                f"{self.validation_fraction} leaves no row to train on: {len(index)} "
                "rows have a target."
            )
        for part, rows in (("training", train), ("validation", valid)):
            if weights is not None and not weights[rows].any():
                raise ValueError(
                    f"early_stopping=True needs {part} rows that count, but all "
                    f"{len(rows)} have a weight of zero. Set another "
                    "validation_fraction."
                )
        return train, valid

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
        self._check_columns(X, reset=False)
        rows = autoencoder._validate_rows(X)

        def predict(chunk):
            output = self.net_.infer(chunk)
            return self.net_.criterion_.to_data(output) if to_data else output

        return autoencoder._map_rows(rows, predict, self._n_outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        autoencoder = self.autoencoder
        if autoencoder is None:
            autoencoder = DenoisingAutoencoder()
        tags.input_tags = get_tags(autoencoder).input_tags
        return tags
