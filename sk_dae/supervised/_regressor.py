"""The regressor: unsupervised pretraining, supervised fine-tuning."""

from __future__ import annotations

import numpy as np
from sklearn.base import (
    RegressorMixin,
    _fit_context,
)
from sklearn.metrics import r2_score
from sklearn.utils import (
    check_array,
)

from ..backend.serialization import serializable
from ..data.rows import rows_of
from ..losses._prediction import PredictionError
from ..tables.frames import refuse_duplicates
from ..tables.numbers import targets_as_numbers
from ..tables.units import (
    binary_units,
    from_scaled,
    measure,
    to_scaled,
    type_in_units,
)
from ..training.callbacks.sklearn_bridge import with_callbacks
from ._fine_tuning import FineTunedPredictor

__all__ = ["DenoisingAutoencoderRegressor"]


@serializable(standalone=True)
class DenoisingAutoencoderRegressor(RegressorMixin, FineTunedPredictor):
    """Regressor: a denoising autoencoder, fine-tuned to predict numbers.

    The autoencoder is trained on all rows, with or without a target. Then a linear
    layer is put on its code, and encoder and layer are trained together to predict the
    targets, standardised inside, by squared error; rows are corrupted and hidden
    activations dropped while it is. Read more in the :ref:`User Guide <fine_tuning>`.

    Parameters
    ----------
    autoencoder : autoencoder, FrozenEstimator or None, default=None
        An autoencoder of the package that a net is trained in, which a
        :class:`MarginalizedDenoisingAutoencoder` is not; it is cloned, and seeded where
        it is not. A fitted one in a
        :class:`~sklearn.frozen.FrozenEstimator` is taken as it is, and not trained
        again; refit it, and predictions may change. None is a
        :class:`DenoisingAutoencoder` of 256 components with swap noise; for a table
        with text, categories or times a :class:`TabularDenoisingAutoencoder`.

    pretrain : bool, default=True
        Whether to train the autoencoder. Without, its net starts from fresh weights,
        and rows without a target serve only to scale and to corrupt.

    corruption : str, corruption instance, callable or None, default="autoencoder"
        Corruption of the rows in the fine-tuning: "autoencoder" is the process that
        the autoencoder was trained with, at its level; anything else as in the
        autoencoder.

    noise_level : "auto", float, array-like of shape (n_features,) or dict, \
            default="auto"
        Level of a corruption given by the name of a process. "auto" is what it means in
        the autoencoder, and the only one allowed beside an instance or a callable,
        which carries its own. Without effect beside "autoencoder" and None.

    dropout : float in [0, 1), default=0.5
        Probability that an activation of the encoder is dropped in the fine-tuning.

    head_max_iter : int, default=0
        Number of epochs, before the fine-tuning, in which the linear layer is trained
        alone, on the codes as pretraining has left them. Its random start then does
        not pull on what was learned.

    optimizer : str or type, default="adamw"
        "adamw", "adam", "sgd" (momentum 0.9), "nesterov", "rmsprop", or an optimizer
        class of torch.

    learning_rate_init : float, default=0.001
        The learning rate; its greatest value where it changes.

    learning_rate : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        How it changes over the training: a linear rise over the first quarter and
        half a cosine down to zero; half a cosine down to zero; not at all.

    alpha : float, default=0.01
        Weight decay, decoupled from the gradient with "adamw".

    batch_size : int or "auto", default="auto"
        Rows of a batch in the fine-tuning, at most. "auto" is a sixty-fourth of the
        rows that have a target, within [32, 512].

    max_iter : int or "auto", default="auto"
        Number of epochs of the fine-tuning; with `early_stopping`, at most. "auto" is
        as many as make 8000 steps, within [20, 200].

    early_stopping : bool, default=False
        Whether to set validation rows aside, to stop the fine-tuning when their loss
        no longer improves, and to restore the weights of the best epoch. They are not
        corrupted.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the rows with a target that are set aside, drawn at random; not
        used where :meth:`fit` is given an `X_val`.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-4
        Least improvement of the validation loss, with `early_stopping`.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the weights of the last fit, without another
        pretraining. Targets stay in the units of the first fit.

    net_callbacks : list of skorch callbacks or None, default=None
        Called in the fine-tuning of the whole net. skorch's EarlyStopping, and one that
        raises :class:`~sk_dae.StopTraining`, end it.

    device : str, torch.device or None, default=None
        Where both trainings run, whatever the `device` of `autoencoder` is. None leaves
        it that; it is "auto" where `autoencoder` is None. Beside a frozen autoencoder,
        which stays where it is, only None is allowed.

    random_state : int, RandomState instance or None, default=None
        Seeds the fine-tuning, and an autoencoder that is not seeded itself.

    verbose : int, default=0
        Whether to show lines of progress, of the pretraining too. 0 leaves the
        autoencoder its own.

    head_iter : int, default="deprecated"
        The old name of `head_max_iter`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    callbacks : list of skorch callbacks or None, default="deprecated"
        The old name of `net_callbacks`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    Attributes
    ----------
    autoencoder_ : autoencoder instance
        The fitted autoencoder, as pretraining left it; a frozen one itself.

    net_ : PredictingNet
        The trained ``skorch.NeuralNet``; ``net_.module_`` is the torch module and
        ``net_.history`` the record of all epochs of the fine-tuning.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    n_iter_ : int
        Number of epochs of the fine-tuning in the last call of a fit.

    loss_curve_ : list of float
        Mean training loss of each epoch of the fine-tuning.

    validation_loss_curve_ : list of float or None
        Loss of the validation rows; None without `early_stopping`.

    best_loss_ : float
        The least validation loss, or without `early_stopping` the least training
        loss.

    device_ : str
        The device that holds the net.

    See Also
    --------
    DenoisingAutoencoderClassifier : The same for classes.

    Notes
    -----
    A target of NaN is missing: a row whose targets are all missing serves the
    pretraining only; a missing one of several is left out of the loss.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> autoencoder = DenoisingAutoencoder(64, code_activation="relu", max_iter=20)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     DenoisingAutoencoderRegressor(autoencoder, max_iter=20, random_state=0),
    ... ).fit(X[:300], y[:300])
    >>> round(model.score(X[300:], y[300:]), 1)
    0.5
    """

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, sample_weight=None):
        """Fine-tune for one pass over the rows with a target, at a constant rate.

        The first call pretrains in full on its rows, and learns of them scales,
        categories, the units of targets, and what the corruption needs to know; the
        values that stand in for missing ones are learned from all calls.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Training rows, as the autoencoder takes them; NaN stands for a missing
            value.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row; one of weight zero is left out. Not scaled to a mean of
            one, as :meth:`fit` does: weights compare across calls.

        Returns
        -------
        self : object
            The estimator, trained further.
        """
        self._refuse_early_stopping()
        with self._unharmed_by_failure():
            return self._fit(X, y, sample_weight, resume=True, incremental=True)

    def _loss_of_targets(self, fitted):
        return PredictionError

    #: The type of predictions; unknown in files of earlier versions.
    _target_type = None

    _of_targets = ("_target_type", "_one_output", "_means", "_scales")

    def _read_targets(self, y, weights, known=None, *, whole=True, learns=True):
        try:
            # scikit-learn looks for infinity by a sum, which may overflow both ways.
            with np.errstate(over="ignore", invalid="ignore"):
                values = check_array(
                    targets_as_numbers(y),
                    dtype="numeric",
                    ensure_2d=False,
                    ensure_all_finite="allow-nan",
                    input_name="y",
                )
            if values.dtype.kind in "mM":
                raise TypeError("could not convert times to float")
            floats = values.astype(np.float64)
        except (TypeError, ValueError) as error:
            of_type = "convert" in str(error).lower() and "Complex" not in str(error)
            if isinstance(error, ValueError) and not of_type:
                raise
            raise ValueError(
                f"y must hold numbers: {error}. For classes, use "
                "DenoisingAutoencoderClassifier."
            ) from None
        fitted = {
            "_target_type": type_in_units(values.dtype),
            "_one_output": values.ndim == 1,
        }
        values = floats.reshape(len(values), -1)
        observed = ~np.isnan(values)
        in_columns = observed.any(axis=0)
        if not (in_columns.all() if known is None else in_columns.any()):
            raise ValueError(
                "y must have targets, but all values of a column of it are NaN."
            )
        if known is not None:
            return self._read_further(values, observed, weights, known, learns)
        means, scales = measure(values, weights)
        fitted |= {"_means": means, "_scales": scales}
        return fitted, observed.any(axis=1), to_scaled(values, means, scales)

    def _read_further(self, values, observed, weights, known, learns):
        """Return targets in the units of earlier ones."""
        means, scales = known["_means"], known["_scales"]
        if values.shape[1] != len(means):
            raise ValueError(
                f"y must have {len(means)} targets for each row, as known, got "
                f"{values.shape[1]}."
            )
        # A constant has taught nothing but its value.
        anew = (scales == 0) & observed.any(axis=0)
        if learns and anew.any():
            means, scales = means.copy(), scales.copy()
            means[anew], scales[anew] = measure(values[:, anew], weights)
        scaled = to_scaled(values, means, scales)
        with np.errstate(over="ignore"):
            too_large = np.isinf(scaled.astype(np.float32))
        if too_large.any():
            raise ValueError(
                "y holds targets that are too far from those known, in units of their "
                f"standard deviation, such as {values[too_large][0]:g}."
            )
        fitted = known | {"_means": means, "_scales": scales}
        return fitted, observed.any(axis=1), scaled

    def _target_rows(self, values, fitted):
        return rows_of(values.astype(np.float32))

    @property
    def _n_outputs(self):
        return len(self._means)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions, of as many dimensions as the targets had: float32 where
            these were float32 or float16, float64 elsewhere. They are as precise as
            float32 is in units of the targets' standard deviation.
        """
        dtype = self._target_type
        scaled = self._outputs(X)
        if dtype is None:
            dtype = np.dtype(np.float32 if self._one_output else np.float64)
        predicted = from_scaled(scaled, self._means, self._scales, dtype)
        return predicted[:, 0] if self._one_output else predicted

    def score(self, X, y, sample_weight=None):
        """Compute the coefficient of determination of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix, data frame} of shape (n_samples, n_features)
            Rows.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        r2 : float
            At most 1; 0 for predicting the mean.
        """
        refuse_duplicates(y, "y")
        refuse_duplicates(sample_weight, "sample_weight")
        values = np.asarray(targets_as_numbers(y))
        if values.dtype != np.float64 or not np.isfinite(values).all():
            return super().score(X, y, sample_weight)
        # The coefficient is the same in all units; the squares of great targets are
        # not finite in theirs.
        units = binary_units(np.abs(values).max(axis=0, initial=0.0))
        predicted = self.predict(X) / units
        return r2_score(values / units, predicted, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
