"""The denoising autoencoder for mixed tables."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .backend.serialization import serializable
from .base.gradient_descent import GradientDescentAutoencoder
from .base.perceptron import hidden_sizes
from .corruption import BaseCorruption, MaskingNoise, SwapNoise
from .losses import TableLoss
from .modules import ACTIVATIONS, TableAutoencoder
from .tables.categories import UNSEEN
from .tables.checks import check_table
from .tables.encoder import TableEncoder
from .tables.scaling import SCALINGS
from .training.callbacks.sklearn_bridge import with_callbacks

__all__ = ["TabularDenoisingAutoencoder"]

#: The strings that `corruption` takes: those that make no impossible category.
CORRUPTIONS = {
    "swap": SwapNoise,
    "masking": lambda level: MaskingNoise(level, fill_value=np.nan),
}

#: The least entropy, in nats, that a column's loss is divided by: of a column that is
#: nearly constant, the few other cells would outweigh all the rest.
LEAST_ENTROPY = 0.1


@serializable(standalone=True)
class TabularDenoisingAutoencoder(GradientDescentAutoencoder):
    r"""Denoising autoencoder for tables of numbers, categories and times.

    It takes a data frame of pandas or polars as it comes, or an array. Numbers and
    times are scaled, a category becomes its index, and cells are exchanged between
    rows (swap noise) before categories are encoded, so that no impossible category
    arises. The perceptron behind reads a one for each category and for each missing
    value, and learns to restore the cells: by their squared error where they are
    numbers, by their cross-entropy where they are categories, balanced so that the
    best constant guess costs the same in each column.

    Missing values (NaN, None, NA, NaT) and categories that were not seen in training
    are taken as they come; they are left out of the loss and of errors. Results are
    float32. Read more in the :ref:`User Guide <tables>`.

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
        layers, and "identity" elsewhere.

    dropout : float in [0, 1), default=0.0
        Probability that a hidden activation is dropped in training.

    numeric_scaling : {"quantile", "standard"}, default="quantile"
        How numbers are scaled: to the quantiles of a normal distribution with the
        same ranks, which tames heavy tails; or linearly. Either way to zero mean and
        unit variance.

    categorical_features : "from_dtype" or array-like, default="from_dtype"
        Which columns hold categories. "from_dtype": those of strings, booleans, a
        categorical type, or mixed objects. Otherwise indices, names or a boolean mask
        of further columns, such as those with integer codes.

    max_categories : int, default=100
        The most categories of a column. Beyond, the rarest are one category, which
        comes back as the most frequent of them; categories that were not seen in
        training then count among them.

    corruption : str, corruption instance, callable or None, default="swap"
        What corrupts the table in training. "swap" exchanges a cell for that of
        another row; "masking" hides it like a missing value. An instance works on the
        table in its numeric form, a column for each of its columns.

    noise_level : float, array-like of shape (n_features,) or dict, default=0.15
        Fraction of the cells that are corrupted, for a corruption given by name; for
        all columns, for each, or by name.

    noise_schedule : str or callable, default="constant"
        How the level of the noise changes over the training: "constant"; "linear",
        "cosine" or "exponential", from the level down to a tenth of it; or a function
        of the progress in [0, 1] that returns what the level is multiplied by, in
        [0, 1]. Validation rows, and :meth:`partial_fit`, get the level of the end.

    emphasis : {"full", "double"}, pair of float or None, default=None
        What a corrupted and an uncorrupted cell weigh in the loss; see
        :class:`DenoisingAutoencoder`.

    mask_weight : float, default=0.0
        Weight in the loss of the estimate of which cells were corrupted, which the
        decoder then makes besides; 0 means that it makes none.

    features : {"code", "layers"}, default="layers"
        What :meth:`transform` returns: the code; or the hidden layers of the encoder,
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
        Fraction of the rows that are set aside, drawn at random.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-4
        What the validation loss must improve by, with `early_stopping`.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the weights, the scales and the categories of
        the last fit.

    callbacks : list of skorch callbacks or None, default=None
        Called while the net trains. One that raises KeyboardInterrupt, as skorch's
        EarlyStopping does, ends the training.

    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is "cuda" where torch finds it, and
        "cpu" elsewhere.

    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the rows, the corruption, dropout and
        the validation rows.

    verbose : int, default=0
        Whether to show a line of progress.

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
        Loss of the validation rows, corrupted the same way each time; None without
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

    _own_module = TableAutoencoder
    _set_by_validation = (*GradientDescentAutoencoder._set_by_validation, "_table")
    _fate_of_empty_columns = "stay empty"

    _parameter_constraints: dict = {
        **GradientDescentAutoencoder._parameter_constraints,
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "code_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "numeric_scaling": [StrOptions(set(SCALINGS))],
        "categorical_features": [StrOptions({"from_dtype"}), "array-like"],
        "max_categories": [Interval(Integral, 2, None, closed="left")],
        "corruption": [StrOptions(set(CORRUPTIONS)), BaseCorruption, callable, None],
        "mask_weight": [Interval(Real, 0, None, closed="left")],
        "features": [StrOptions({"code", "layers"})],
        "passthrough": ["boolean"],
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
        corruption="swap",
        noise_level=0.15,
        noise_schedule="constant",
        emphasis=None,
        mask_weight=0.0,
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
        callbacks=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.dropout = dropout
        self.numeric_scaling = numeric_scaling
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.corruption = corruption
        self.noise_level = noise_level
        self.noise_schedule = noise_schedule
        self.emphasis = emphasis
        self.mask_weight = mask_weight
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
        self.callbacks = callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, sample_weight=None):
        """Train the autoencoder.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The table.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts for in the loss.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            return self._fit(X, sample_weight, None, resume=self.warm_start)

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, sample_weight=None):
        """Train for one pass over `X`, at a constant learning rate.

        Scales, categories and the donors of swap noise are those of the first call.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            The table.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts for in the loss.

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
            the columns and types of the table that `fit` was given.
        """
        encoded = super().denoise(X)
        return self._table.inverse_transform(encoded, getattr(X, "index", None))

    def inverse_transform(self, X):
        """Reconstruct a table from its features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            What :meth:`transform` returned. Of all layers, the code is decoded.

        Returns
        -------
        X_original : data frame or ndarray of shape (n_samples, n_features)
            A table as :meth:`denoise` returns it.
        """
        encoded = super().inverse_transform(X)
        return self._table.inverse_transform(encoded, getattr(X, "index", None))

    def get_feature_names_out(self, input_features=None):
        """Get the names of the features that :meth:`transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the columns, which the names of the features that `passthrough`
            adds are made of.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name per column.
        """
        names = super().get_feature_names_out(input_features)
        if not self.passthrough:
            return names
        columns = _check_feature_names_in(self, input_features)
        return np.concatenate([self._table.names_of_inputs(columns), names])

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
            or the error of each cell, NaN where it is missing. Of a number it is the
            squared error after scaling, of a category half the squared distance
            between the probabilities and certainty, which is in [0, 1].
        """
        return super().reconstruction_error(X, per_feature=per_feature)

    @property
    def categories_(self):
        """The categories of each column that has any."""
        check_is_fitted(self)
        return self._table.categories

    # -- tables -----------------------------------------------------------------------

    def _validate_rows(self, X, *, reset=False):
        if not reset:
            check_is_fitted(self)
        X = check_table(self, X, reset=reset)
        if reset:
            self._table = self._fit_table(X)
        return self._table.transform(X)

    def _fit_table(self, X):
        return TableEncoder(
            self.numeric_scaling,
            self.categorical_features,
            self.max_categories,
            indicate_all=self._hides_cells(),
        ).fit(X)

    def _hides_cells(self):
        """Whether the corruption makes missing values."""
        if isinstance(self.corruption, str):
            return self._make_corruption().makes_missing
        return getattr(self.corruption, "makes_missing", False)

    def _validate_training_rows(self, X, *, reset):
        X = self._validate_rows(X, reset=reset)
        if not reset:
            # What was never seen can be no target.
            for j in np.flatnonzero(self._table.n_categories):
                X[X[:, j] == UNSEEN, j] = np.nan
        return X

    def _make_loss(self):
        scales = [
            None if entropy is None else max(entropy, LEAST_ENTROPY)
            for entropy in self._table.entropies
        ]
        return TableLoss(self._table.n_categories, scales, float(self.mask_weight))

    def _make_process(self, corruption, level):
        if not isinstance(corruption, str):
            return super()._make_process(corruption, level)
        if corruption not in CORRUPTIONS:
            raise ValueError(
                f"corruption of a table must be one of {sorted(CORRUPTIONS)}, an "
                f"instance, a callable or None, got {corruption!r}."
            )
        process = CORRUPTIONS[corruption](level)
        process.level_name = "noise_level"
        return process

    def _module_config(self, n_features, n_outputs):
        code_activation = self.code_activation
        hidden = hidden_sizes(self.hidden_layer_sizes)
        if code_activation == "auto":
            code_activation = "identity" if hidden else self.activation
        return {
            "n_categories": self._table.n_categories,
            "indicated": self._table.indicated,
            "n_components": self.n_components,
            "n_outputs": n_outputs,
            "hidden_layer_sizes": hidden,
            "activation": self.activation,
            "code_activation": code_activation,
            "dropout": float(self.dropout),
        }

    def _build_module(self, config, generator):
        return TableAutoencoder(**config, generator=generator)

    def _layer_widths(self):
        hidden = hidden_sizes(self.hidden_layer_sizes)
        return hidden, self.n_components, hidden[::-1]

    def _features(self, X):
        features = super()._features(X)
        if self.passthrough:
            inputs = self.net_.module_.expand(self.net_.encoder_input(X))
            features = torch.cat([inputs, features], dim=1)
        return features

    @property
    def _n_inputs(self):
        return self.net_.module_.n_features

    @property
    def _start_of_code(self):
        return super()._start_of_code + self.passthrough * self._n_inputs

    @property
    def _n_features_out(self):
        return super()._n_features_out + self.passthrough * self._n_inputs

    @property
    def _widest(self):
        n_outputs = len(self.net_.module_.decoder[-1].bias)
        return max(super()._widest, n_outputs, self._n_inputs)

    def fit_rows(
        self, X, *, table, sample_weight=None, feature_names=None, trains=True
    ):
        """Train on the numeric form of a table whose columns are known already.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), dtype float32
            What ``table.transform`` returned.

        table : TableEncoder
            The fitted encoder; it is kept, not copied.

        sample_weight : array-like of shape (n_samples,), default=None
            What each row counts for in the loss.

        feature_names : ndarray of shape (n_features,), default=None
            Names of the columns.

        trains : bool, default=True
            Whether to train the net, rather than only build it.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            self._table = table
            return super().fit_rows(
                X,
                sample_weight=sample_weight,
                feature_names=feature_names,
                trains=trains,
            )

    def restore_parts(self, encoded):
        """Reconstruct the numeric form of a table, as a meta-estimator has it.

        Parameters
        ----------
        encoded : ndarray of shape (n_samples, n_features), dtype float32
            Scaled numbers and indices of categories; NaN stands for a missing value.

        Returns
        -------
        restored : ndarray of shape (n_samples, n_numbers + n_categories), float32
            The scaled numbers, and after them the probabilities of all categories.
        """
        loss = self.net_.criterion_
        numbers = np.flatnonzero(np.equal(self._table.n_categories, 0))
        numbers = torch.from_numpy(numbers).to(self._device)

        def restore(X):
            output = self.net_.module_.decode(self._encode(X))
            restored = loss.to_data(output).index_select(1, numbers)
            return torch.cat([restored, loss.probabilities(output)], dim=1)

        width = len(numbers) + sum(self._table.n_categories)
        return self._map_rows(encoded, restore, width)

    def _squared_errors(self, X):
        output = self.net_.module_.decode(self._encode(X))
        return self.net_.criterion_.squared_errors(output, X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags
