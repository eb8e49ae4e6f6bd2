"""What every autoencoder trained by gradient descent shares.

Reads the data, builds the net, hands it generators, trains it, and only then changes
the estimator: a fit that fails leaves it as it was.
"""

from __future__ import annotations

import contextlib
import copy
import warnings
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from ..backend.devices import find_device
from ..backend.random import forked_global_generators
from ..corruption import CORRUPTIONS, BaseCorruption, make_corruption
from ..data.checks import check_range, name_columns
from ..data.rows import rows_of
from ..data.training_data import TrainingData
from ..losses import LOSSES, BaseLoss, make_loss
from ..training.callbacks.sklearn_bridge import with_callbacks
from ..training.run import TrainingRun
from ..training.schedules import NOISE_SCHEDULES, AtEnd
from .trainer import NetTrainer
from .transformer import BaseAutoencoder
from .user_module import check_hidden_layers, measure_widths

__all__ = ["GradientDescentAutoencoder"]

#: What the strings that `emphasis` takes weigh corrupted and uncorrupted cells.
EMPHASES = {"full": (1.0, 0.0), "double": (1.0, 0.5)}


class GradientDescentAutoencoder(NetTrainer, BaseAutoencoder):
    """Base class of the autoencoders that a skorch net trains.

    A subclass has the parameters below, builds its own module in ``_build_module``
    and names the widths of its layers in ``_layer_widths``.
    """

    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        **NetTrainer._parameter_constraints,
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "corruption": [StrOptions(set(CORRUPTIONS)), BaseCorruption, callable, None],
        "noise_level": [Interval(Real, 0, None, closed="left"), "array-like", dict],
        "noise_schedule": [StrOptions(set(NOISE_SCHEDULES)), callable],
        "emphasis": [StrOptions(set(EMPHASES)), tuple, list, None],
        "loss": [StrOptions(set(LOSSES)), BaseLoss],
        "module": [callable, torch.nn.Module, None],
    }

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
            What each row counts for in the loss.

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
    def _build(self, X, sample_weight):
        """Do what a fit does, but for the training."""
        with self._unharmed_by_failure():
            return self._fit(X, sample_weight, None, resume=False, epochs=0)

    # -- what a subclass says ---------------------------------------------------------

    #: The class of the estimator's own module.
    _own_module = None

    _fate_of_empty_columns = "are reconstructed as 0"

    def _module_config(self, n_features, n_outputs):
        """Return what defines the estimator's own module, as a dict."""
        raise NotImplementedError

    def _build_module(self, config, generator):
        """Return the module that `config` defines, initialised from `generator`."""
        raise NotImplementedError

    def _layer_widths(self):
        """Return the widths of the own module: encoder, code, decoder."""
        raise NotImplementedError

    def _pretrain(self, module, run, X, resume):
        """Train parts of the module before the whole; return what was learned so.

        Returns
        -------
        fitted : dict
            Attributes of the fitted estimator.
        """
        return {}

    # -- fitting ----------------------------------------------------------------------

    def fit_rows(self, X, *, sample_weight=None, feature_names=None):
        """Train on rows that have been validated, as a meta-estimator has them.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Rows of numbers without infinities; NaN stands for a missing value.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts for in the loss.

        feature_names : ndarray of shape (n_features,), default=None
            Names of the columns.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        self._validate_params()
        with self._unharmed_by_failure():
            self.n_features_in_ = X.shape[1]
            vars(self).pop("feature_names_in_", None)
            if feature_names is not None:
                self.feature_names_in_ = feature_names
            return self._fit(X, sample_weight, None, resume=False, validated=True)

    def _fit(
        self,
        X,
        sample_weight,
        clean,
        *,
        resume,
        incremental=False,
        epochs=None,
        validated=False,
    ):
        """Fit on unvalidated rows; with no `epochs`, build the net and leave it."""
        resume = resume and hasattr(self, "net_")
        if not validated:
            X = self._validate_training_rows(X, reset=not resume)
        device = find_device(self.device)
        loss = self._make_loss()
        emphasis = self._check_emphasis()
        schedule = self._find_noise_schedule(incremental)
        penalty = self._make_penalty()
        data = TrainingData.check(
            X,
            clean,
            sample_weight,
            loss=loss,
            names=getattr(self, "feature_names_in_", None),
            scale_weights=not incremental,
        )
        previous = self.net_.criterion_ if resume else None
        target = X if data.clean is None else data.clean
        loss = loss.learn(target, data.target_statistics, previous).to(device)
        streams = self._make_streams(device, resume=resume)
        train, valid = data.batches(
            self.batch_size,
            device,
            streams,
            self.validation_fraction if self.early_stopping else None,
        )
        statistics, targets = data.statistics, data.target_statistics
        if resume and incremental:
            statistics = self._statistics + statistics
            targets = self._target_statistics + targets
        self._warn_of_empty_columns(targets)

        learns_corruption = not (resume and incremental)
        # Of its own, so that a sample of donors does not move the other streams.
        donor_state = np.random.RandomState(streams.seeds["corruption"] % 2**32)
        corruption = None if learns_corruption else self.corruption_
        if learns_corruption:
            corruption = self._make_corruption()
        if learns_corruption and corruption is not None:
            in_place = device.type == "cpu"
            names = getattr(self, "feature_names_in_", None)
            corruption.fit_rows(
                rows_of(X), donor_state, feature_names=names, in_place=in_place
            )

        with self._draws_of_user_modules(streams, device):
            if resume:
                module, widths = self._copy_module(X.shape[1], loss), self._widths
            else:
                module, widths = self._make_module(X.shape[1], loss, streams)
            if penalty is not None:
                penalty.check_module(module)
                penalty.initialize(module, widths[1], streams["init"])
                if resume:
                    penalty.resume(self.net_.penalty)
                penalty = penalty.copy_to(device)
            fill_values = None
            has_gaps = data.has_missing or (corruption and corruption.makes_missing)
            if has_gaps and not (corruption and corruption.fills_missing):
                fill_values = _fill_values(module, loss, statistics, device)
            run = TrainingRun(
                train,
                valid,
                device,
                streams,
                loss=loss,
                corruption=corruption,
                noise_schedule=schedule,
                emphasis=emphasis,
                fill_values=fill_values,
                has_missing=data.has_missing,
            )
            fitted = {
                "_device": device,
                "_statistics": statistics,
                "_target_statistics": targets,
                "_widths": widths,
                "corruption_": corruption,
            }
            if epochs != 0:
                fitted |= self._pretrain(module, run, X, resume)
            net = self._make_net(module, run, incremental, penalty=penalty)
            if resume:
                net.history = copy.copy(self.net_.history)
                if incremental and self.optimizer == self.net_.optimizer:
                    net.resume_optimizer(self.net_.optimizer_state)
            n_before = len(net.history)
            if epochs is None:
                epochs = 1 if incremental else self._n_epochs(len(train))
            run.train_net(
                net,
                epochs,
                resumable=incremental,
                watchers=self._make_watchers(X, epochs, fitted, incremental),
            )
        if learns_corruption and corruption is not None:
            corruption.forget_rows(rows_of(X), donor_state)
        fitted |= self._record(net, n_before, epochs, run)
        # All at once, and last: whatever failed before has changed nothing.
        vars(self).update(fitted)
        if hasattr(self, "_callback_fit_ctx"):
            self._callback_fit_ctx.call_on_fit_task_end(estimator=self, X=X, y=X)
        return self

    # -- parts ------------------------------------------------------------------------

    def _warn_of_empty_columns(self, statistics):
        empty = np.flatnonzero(statistics.never_observed)
        if len(empty):
            names = getattr(self, "feature_names_in_", None)
            warnings.warn(
                "Nothing is observed in these columns, which "
                f"{self._fate_of_empty_columns}: {name_columns(empty, names)}.",
                UserWarning,
                stacklevel=5,
            )

    def _validate_training_rows(self, X, *, reset):
        return super()._validate_rows(X, reset=reset)

    def _validate_rows(self, X, *, reset=False):
        X = super()._validate_rows(X, reset=reset)
        loss = self.net_.criterion_
        names = getattr(self, "feature_names_in_", None)
        check_range(X, loss, loss.input_range, names)
        return X

    def _make_loss(self):
        return make_loss(self.loss)

    def _make_penalty(self):
        """Return a penalty on the code, or None; for a subclass that offers any."""
        return None

    def _check_emphasis(self):
        """Return the weights of corrupted and uncorrupted cells, or None."""
        return self._weights_of_emphasis(self.emphasis, self._corrupts())

    def _weights_of_emphasis(self, emphasis, corrupts):
        if emphasis is None:
            return None
        try:
            corrupted, uncorrupted = (
                EMPHASES[emphasis]
                if isinstance(emphasis, str)
                else (float(weight) for weight in emphasis)
            )
            valid = 0 <= min(corrupted, uncorrupted) and 0 < corrupted + uncorrupted
            valid = valid and np.isfinite([corrupted, uncorrupted]).all()
        except (KeyError, TypeError, ValueError):
            valid = False
        if not valid:
            raise ValueError(
                "emphasis must be None, 'full', 'double' or a pair (corrupted, "
                "uncorrupted) of non-negative numbers, not both zero, got "
                f"{emphasis!r}."
            )
        if uncorrupted == 0 and not corrupts:
            raise ValueError(
                f"emphasis={emphasis!r} counts corrupted cells only, of which "
                f"corruption={self.corruption!r} makes none."
            )
        return corrupted, uncorrupted

    def _find_noise_schedule(self, incremental):
        """Return the schedule of the noise as a function, or None for none."""
        schedule = self.noise_schedule
        if isinstance(schedule, str):
            schedule = NOISE_SCHEDULES[schedule]
        if schedule is None:
            return None
        if not self._corrupts():
            raise ValueError(
                f"noise_schedule={self.noise_schedule!r} needs a corruption whose "
                f"level it changes, got corruption={self.corruption!r}."
            )
        if incremental:
            # One pass of many: where all passes end.
            return AtEnd(schedule)
        return schedule

    def _corrupts(self):
        """Whether there is a corruption, wherever there may be one."""
        return self.corruption is not None

    def _make_corruption(self):
        """Return what corrupts the rows, unfitted, or None."""
        return self._make_process(self.corruption, self.noise_level)

    def _make_process(self, corruption, level):
        """Return the process that parameters `corruption` and `noise_level` mean."""
        process = make_corruption(corruption, level)
        if isinstance(corruption, str):
            process.level_name = "noise_level"
        return process

    def _make_module(self, n_features, loss, streams):
        """Return a new module and the widths of its layers."""
        n_outputs = loss.n_outputs(n_features)
        if self.module is None:
            config = self._module_config(n_features, n_outputs)
            return self._build_module(config, streams["init"]), self._layer_widths()
        if isinstance(self.module, torch.nn.Module):
            # The net moves it to its device itself.
            module = copy.deepcopy(self.module).cpu()
        else:
            module = self.module(n_features, self.n_components)
        if not isinstance(module, torch.nn.Module):
            raise TypeError(
                "module must be, or return, a torch.nn.Module, got "
                f"{type(module).__name__}."
            )
        for method in ("encode", "decode"):
            if not callable(getattr(module, method, None)):
                raise TypeError(
                    "module must be, or return, a torch.nn.Module with the methods "
                    f"encode and decode; {type(module).__name__} has no {method}."
                )
        if self.features == "layers":
            check_hidden_layers(module)
        return module, measure_widths(module, n_features, n_outputs)

    def _class_of_module(self):
        """Return the class that the module has, so far as it can be known."""
        if self.module is None:
            return self._own_module
        if isinstance(self.module, type):
            return self.module
        if isinstance(self.module, torch.nn.Module):
            return type(self.module)
        return torch.nn.Module

    def _copy_module(self, n_features, loss):
        """Return a copy of the trained module, which must be of the form asked for."""
        module = self.net_.module_
        if not isinstance(module, self._class_of_module()):
            raise ValueError(
                f"module is {self.module!r}, but the one that training would go on "
                f"with is a {type(module).__name__}. Set warm_start=False and call fit "
                "to start afresh."
            )
        if self.module is None:
            config = self._module_config(n_features, loss.n_outputs(n_features))
            for name, value in module.config().items():
                if config[name] != value:
                    raise ValueError(
                        f"{name} is {config[name]!r}, but the module that training "
                        f"would go on with has {value!r}. Set warm_start=False and "
                        "call fit to start afresh."
                    )
        return copy.deepcopy(module)

    @contextlib.contextmanager
    def _draws_of_user_modules(self, streams, device):
        """Let the module of a user draw from global generators, and restore them."""
        if self.module is None:
            yield
            return
        with forked_global_generators(streams.seeds["init"], device):
            yield

    # -- tensors ----------------------------------------------------------------------

    def _to_input(self, X):
        """Return what the encoder reads, with something for what is missing.

        What stands for a missing value stands for columns never seen, too.
        """
        missing = torch.isnan(X)
        never_observed = self._statistics.never_observed
        if never_observed.any():
            missing |= torch.from_numpy(never_observed).to(X.device)
        loss = self.net_.criterion_
        if self.corruption_ is not None and self.corruption_.fills_missing:
            filled = self.corruption_.fill(X.masked_fill(missing, torch.nan))
            return loss.to_input(filled)
        fill_values = self._fill_values(X.device)
        if loss.transforms_input:
            X = loss.to_input(X.masked_fill(missing, torch.nan))
        return torch.where(missing, fill_values, X)

    def _fill_values(self, device):
        """Return what a missing value of each column enters the module as."""
        module, loss = self.net_.module_, self.net_.criterion_
        return _fill_values(module, loss, self._statistics, device)

    def _encode(self, X):
        return self.net_.module_.encode(self._to_input(X))

    def _decode(self, code):
        return self.net_.criterion_.to_data(self.net_.module_.decode(code))

    def _squared_errors(self, X):
        restored = self.net_.criterion_.match_scale(self._reconstruct(X), X)
        return (X - restored).square_()

    def _hidden_layers(self, X):
        check_hidden_layers(self.net_.module_)
        return self.net_.module_.hidden_layers(self._to_input(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        loss = getattr(self, "loss", None)
        loss = LOSSES.get(loss) if isinstance(loss, str) else loss
        allowed = getattr(loss, "input_range", None)
        tags.input_tags.positive_only = allowed is not None and allowed[0] >= 0
        return tags


def _fill_values(module, loss, statistics, device):
    """Return what a missing value of each column enters a module as."""
    means = torch.from_numpy(statistics.means).to(device)
    if getattr(module, "takes_missing", False):
        return torch.full_like(means, torch.nan)
    return loss.to_input(means[None])[0]
