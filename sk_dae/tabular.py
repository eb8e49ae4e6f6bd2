"""The denoising autoencoder for mixed tables."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .backend.serialization import serializable
from .backend.suggestions import names_suggested
from .base.table_net import TableNetAutoencoder
from .corruption import BaseCorruption, MaskingNoise, SwapNoise, make_corruption
from .data.validation_set import ValidationSet
from .modules import ACTIVATIONS
from .tables.scaling import SCALINGS
from .tables.unseen import UNKNOWN
from .training.callbacks.sklearn_bridge import with_callbacks

__all__ = ["TabularDenoisingAutoencoder"]

#: The strings that `corruption` takes: those that make no impossible category.
CORRUPTIONS = {
    "swap": SwapNoise,
    "masking": partial(MaskingNoise, fill_value=np.nan),
}


@serializable(standalone=True)
class TabularDenoisingAutoencoder(TableNetAutoencoder):
    r"""Denoising autoencoder for tables of numbers, categories and times.

    It takes a data frame of pandas or polars as it comes, or an array. Numbers and
    times are scaled, a category becomes its index, and cells are exchanged between
    rows (swap noise) before categories are encoded, so that no impossible category
    arises. The perceptron behind reads a one for each category and for each missing
    value, and learns to restore the cells: by their squared error where they are
    numbers, by their cross-entropy where they are categories, balanced so that the
    best constant guess costs the same in each column.

    Missing values (NaN, None, NA, NaT) and categories that were not seen in training
    are taken as they come; they are left out of the loss and of errors. A column that
    held values of another kind in fit, such as numbers in place of strings, is
    refused. Features are float32. Read more in the :ref:`User Guide <tables>`.

    Parameters
    ----------
    n_components : int, default=64
        Width of the code.

    hidden_layer_sizes : int or sequence of int, default=(256,)
        Widths of the encoder's hidden layers; the decoder has them in reverse. ``()``
        is the autoencoder with the code as its only hidden layer.

    activation : str, default="relu"
        Activation of the hidden layers; see :class:`DenoisingAutoencoder`.

    code_activation : str, default="auto"
        Activation of the code. "auto" is `activation` where there are no hidden
        layers, and "identity" elsewhere; the rule of :class:`DenoisingAutoencoder`.

    dropout : float in [0, 1), default=0.0
        Probability that a hidden activation is dropped in training.

    numeric_scaling : {"quantile", "standard"}, default="quantile"
        How numbers are scaled: to the quantiles of a normal distribution with the
        same ranks, which tames heavy tails; or linearly. Either way to zero mean and
        unit variance.

    categorical_features : str, array-like, slice or callable, default="from_dtype"
        Which columns hold categories. "from_dtype": those of strings, booleans, a
        categorical type, or objects that are neither numbers nor times. Otherwise
        further columns, such as those with integer codes, by scikit-learn's rule:
        positions, or names (strings; tuples, where columns have names of several
        levels), a boolean mask, a slice of one of these, or a function that returns
        one of them for the table. An integer is always a position; it is refused where
        another column has it for a name.

    max_categories : int, default=100
        The most categories of a column. Beyond, the rarest are one category, which
        comes back as the most frequent of them; categories that were not seen in
        training then count among them.

    handle_unknown : {"ignore", "warn", "error"}, default="ignore"
        Whether categories that were not there in fit are taken without a word, with a
        warning, or refused with a ValueError. It holds for every method that reads a
        table, and in a meta-estimator with this autoencoder.

    corruption : str, corruption instance, callable or None, default="swap"
        Corruption of the table in training. "swap" exchanges a cell for that of
        another row; "masking" hides it like a missing value. An instance works on the
        table in its numeric form, a column for each of its columns.

    noise_level : "auto", float, array-like or dict of str to float, default="auto"
        Fraction of the cells that are corrupted, for a corruption given by name; for
        all columns, for each, or by name. "auto" is 0.15 with "swap" and 0.2 with
        "masking"; it is the only one allowed beside an instance or a callable, which
        carries its own. Beside None, any level is.

    noise_schedule : str or callable, default="constant"
        How the level of the noise changes over the training: "constant"; "linear",
        "cosine" or "exponential", from the level down to a tenth of it; or a function
        of the progress in [0, 1] that returns what the level is multiplied by, in
        [0, 1]. Validation rows, and :meth:`partial_fit`, get the level of the end.

    emphasis : {"full", "double"}, pair of float or None, default=None
        Weights of corrupted and uncorrupted cells in the loss; see
        :class:`DenoisingAutoencoder`.

    mask_loss_weight : float, default=0.0
        Weight in the loss of the estimate of which cells were corrupted, which the
        decoder then makes besides; 0 means that it makes none.

    features : {"code", "layers"}, default="layers"
        Result of :meth:`transform`: the code; or the hidden layers of the encoder,
        the code and the hidden layers of the decoder, in this order.

    passthrough : bool, default=False
        Whether the features begin with what the perceptron reads: the scaled numbers,
        a one for each category, a one for each missing value. A linear model behind
        then has what it would have without the autoencoder, and more.

    optimizer : str or type, default="adamw"
        "adamw", "adam", "sgd" (momentum 0.9), "nesterov", "rmsprop", or an optimizer
        class of torch.

    learning_rate_init : float, default=0.003
        The learning rate; its greatest value where it changes.

    learning_rate : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        How it changes over the training; see :class:`DenoisingAutoencoder`.

    alpha : float, default=0.01
        Weight decay, decoupled from the gradient with "adamw".

    batch_size : int or "auto", default="auto"
        Rows of a batch, at most; see :class:`DenoisingAutoencoder`.

    max_iter : int or "auto", default="auto"
        Number of epochs; with `early_stopping`, at most. "auto" is as many as make
        8000 steps, within [20, 200].

    early_stopping : bool, default=False
        Whether to set validation rows aside, to stop when their loss no longer
        improves, and to restore the weights of the best epoch.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the rows that are set aside, drawn at random; not used where
        :meth:`fit` is given an `X_val`.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-4
        Least improvement of the validation loss, with `early_stopping`.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the weights, the scales and the categories of
        the last fit.

    net_callbacks : list of skorch callbacks or None, default=None
        Called while the net trains. skorch's EarlyStopping, and one that raises
        :class:`StopTraining`, end the training.

    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is "cuda" where torch finds it, and
        "cpu" elsewhere.

    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the rows, the corruption, dropout and
        the validation rows.

    verbose : int, default=0
        Whether to show a line of progress.

    mask_weight : float, default="deprecated"
        The old name of `mask_loss_weight`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    callbacks : list of skorch callbacks or None, default="deprecated"
        The old name of `net_callbacks`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    Attributes
    ----------
    net_ : DenoisingNet
        The trained ``skorch.NeuralNet``; ``net_.module_`` is the torch module and
        ``net_.history`` the record of all epochs.

    corruption_ : corruption instance or None
        The fitted corruption, of the table in its numeric form.

    categories_ : dict of str to ndarray
        The categories of each column that has any, by the name of the column.

    n_features_in_ : int
        Number of columns seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where X had string column names.

    n_iter_ : int
        Number of epochs of the last fit.

    loss_curve_ : list of float
        Mean training loss of each epoch, on corrupted rows.

    validation_loss_curve_ : list of float or None
        Loss of the validation rows, corrupted the same way each time; as long as
        `loss_curve_`, with NaN for epochs that had none. None without
        `early_stopping`.

    best_loss_ : float
        The least validation loss, or without `early_stopping` the least training
        loss.

    device_ : str
        The device that holds the net.

    See Also
    --------
    DenoisingAutoencoder : For rows of numbers, scaled beforehand.
    sklearn.preprocessing.TargetEncoder : Encodes categories by a target.

    References
    ----------
    Jahrer, M. (2017). Winning solution of the Porto Seguro safe driver prediction
    competition.

    Yoon, J., Zhang, Y., Jordon, J. and van der Schaar, M. (2020). VIME: extending the
    success of self- and semi-supervised learning to tabular domain. NeurIPS.

    Examples
    --------
    >>> import pandas as pd
    >>> from sk_dae import TabularDenoisingAutoencoder
    >>> X = pd.DataFrame(
    ...     {
    ...         "size": [1.0, 2.0, None, 4.0] * 10,
    ...         "kind": ["cat", "dog", "dog", None] * 10,
    ...     }
    ... )
    >>> dae = TabularDenoisingAutoencoder(2, max_iter=20, random_state=0).fit(X)
    >>> dae.transform(X).shape
    (40, 514)
    >>> dae.denoise(X).dtypes.tolist() == X.dtypes.tolist()
    True
    """

    _parameter_constraints: dict = {
        **TableNetAutoencoder._parameter_constraints,
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "code_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "numeric_scaling": [StrOptions(set(SCALINGS))],
        "categorical_features": [
            StrOptions({"from_dtype"}),
            "array-like",
            slice,
            callable,
        ],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
        "handle_unknown": [StrOptions(set(UNKNOWN))],
        "corruption": [StrOptions(set(CORRUPTIONS)), BaseCorruption, callable, None],
        "mask_loss_weight": [Interval(Real, 0, None, closed="left")],
        "features": [StrOptions({"code", "layers"})],
        "passthrough": ["boolean"],
    }
    _renamed_parameters: dict = {
        **TableNetAutoencoder._renamed_parameters,
        "mask_weight": "mask_loss_weight",
    }

    def __init__(
        self,
        n_components=64,
        *,
        hidden_layer_sizes=(256,),
        activation="relu",
        code_activation="auto",
        dropout=0.0,
        numeric_scaling="quantile",
        categorical_features="from_dtype",
        max_categories=100,
        handle_unknown="ignore",
        corruption="swap",
        noise_level="auto",
        noise_schedule="constant",
        emphasis=None,
        mask_loss_weight=0.0,
        features="layers",
        passthrough=False,
        optimizer="adamw",
        learning_rate_init=0.003,
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
        device="auto",
        random_state=None,
        verbose=0,
        mask_weight="deprecated",
        callbacks="deprecated",
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.dropout = dropout
        self.numeric_scaling = numeric_scaling
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.handle_unknown = handle_unknown
        self.corruption = corruption
        self.noise_level = noise_level
        self.noise_schedule = noise_schedule
        self.emphasis = emphasis
        self.mask_loss_weight = mask_loss_weight
        self.features = features
        self.passthrough = passthrough
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
        self.mask_weight = mask_weight
        self.callbacks = callbacks

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, sample_weight=None, X_val=None, sample_weight_val=None):
        """Train the autoencoder.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The table.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss and in what is learned of the data; one of
            weight zero is left out.

        X_val : data frame or array-like of shape (n_val, n_features), default=None
            Table for early stopping, in place of a share of `X`. It is read as `X` is;
            categories that `X` does not have are left out of the loss.

        sample_weight_val : array-like of shape (n_val,), default=None
            Weight of each row of `X_val` in the validation loss.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            given = ValidationSet(X_val, sample_weight_val)
            return self._fit(
                X, sample_weight, None, resume=self.warm_start, validation=given
            )

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, sample_weight=None):
        """Train for one pass over `X`, at a constant learning rate.

        Scales, categories and the donors of swap noise are those of the first call. A
        category that comes later is left out of the loss, with a warning.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The table.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row in the loss and in what is learned of the data; one of
            weight zero is left out.

        Returns
        -------
        self : object
            The autoencoder, trained further.
        """
        self._refuse_early_stopping()
        with self._unharmed_by_failure():
            return self._fit(X, sample_weight, None, resume=True, incremental=True)

    def denoise(self, X):
        """Reconstruct `X` from its code.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The table.

        Returns
        -------
        X_denoised : data frame or ndarray of shape (n_samples, n_features)
            The reconstruction, with a value in every cell, in the container and with
            the columns and types of the table that `fit` was given. An array of
            numbers is float32 where that was float32 or float16, and float64 elsewhere,
            with integers rounded.
        """
        encoded = super().denoise(X)
        return self._table.inverse_transform(encoded, getattr(X, "index", None))

    def inverse_transform(self, X):
        """Reconstruct a table from its features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Features that :meth:`transform` returned; the code among them is decoded.

        Returns
        -------
        X_original : data frame or ndarray of shape (n_samples, n_features)
            A table as :meth:`denoise` returns it.
        """
        encoded = super().inverse_transform(X)
        return self._table.inverse_transform(encoded, getattr(X, "index", None))

    def reconstruction_error(self, X, *, per_feature=False):
        """Compute how far the reconstruction of each row is from it.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The table; missing values, and categories never seen, are left out.

        per_feature : bool, default=False
            Whether to return the error of every cell.

        Returns
        -------
        error : ndarray of shape (n_samples,) or (n_samples, n_features), dtype float32
            Mean error of each row over its observed cells, NaN for a row without any;
            or the error of each cell, NaN where it is missing, in a data frame where
            `set_output` asks for one. The error of a number is the squared error after
            scaling; that of a category is half the squared distance between the
            probabilities and certainty, which is in [0, 1].
        """
        return super().reconstruction_error(X, per_feature=per_feature)

    @property
    def categories_(self):
        """The categories of each column that has any."""
        check_is_fitted(self)
        return self._table.categories

    # -- tables -----------------------------------------------------------------------

    def _make_process(self, corruption, level):
        if not isinstance(corruption, str):
            return super()._make_process(corruption, level)
        if corruption not in CORRUPTIONS:
            raise ValueError(
                f"corruption of a table must be one of {sorted(CORRUPTIONS)}, an "
                f"instance, a callable or None, got {corruption!r}."
                f"{names_suggested(corruption, CORRUPTIONS)}"
            )
        process = make_corruption(corruption, level, processes=CORRUPTIONS)
        process.level_name = "noise_level"
        return process
