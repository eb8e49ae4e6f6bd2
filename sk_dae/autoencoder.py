"""The denoising autoencoder for rows."""

from __future__ import annotations

import torch

from .backend.serialization import serializable
from .base.partial_fitting import PartialFitting
from .base.penalized import PenalizedCode
from .base.perceptron import SAMPLED_SHARES, PerceptronAutoencoder
from .base.streaming import StreamReading

__all__ = ["DenoisingAutoencoder"]


@serializable(standalone=True)
class DenoisingAutoencoder(
    StreamReading, PartialFitting, PenalizedCode, PerceptronAutoencoder
):
    r"""Denoising autoencoder: a transformer that learns by undoing noise.

    Every batch of rows :math:`x` is corrupted, :math:`\tilde x \sim q(\tilde x \mid
    x)`, and a multi-layer perceptron learns to restore it,

    .. math:: \min_\theta \; \mathbb{E}\left[
              \ell\bigl(x, g_\theta(f_\theta(\tilde x))\bigr)\right],

    with an encoder :math:`f`, whose output is the code, and a decoder :math:`g`, its
    mirror image. The result serves as features (:meth:`transform`), to clean
    noisy rows (:meth:`denoise`), and to score how unusual a row is
    (:meth:`score_samples`).

    Scale the data first: to zero mean and unit variance (``StandardScaler``), or to
    [0, 1] (``MinMaxScaler``). Counts, with a loss for them, stay as they are. Missing
    values (NaN) enter the encoder as the column's mean and are left out of the loss.
    Codes are float32, as nets compute; reconstructions are so where the data of the fit
    were float32 or float16, and float64 elsewhere. Read more in the
    :ref:`User Guide <user_guide>`.

    X may be larger than memory: a memory map, or in place of an array a
    :class:`RowStream`, a pyarrow Dataset or a dask collection, which are read a part at
    a time; see :ref:`scaling_up`.

    Parameters
    ----------
    n_components : int, default=32
        Width of the code.

    hidden_layer_sizes : int or sequence of int, default=(256,)
        Widths of the encoder's hidden layers; the decoder has them in reverse. ``()``
        is the autoencoder with the code as its only hidden layer.

    activation : str, default="relu"
        Activation of the hidden layers: "relu", "leaky_relu", "elu", "selu", "gelu",
        "silu", "softplus", "tanh", "logistic" or "identity".

    code_activation : str, default="auto"
        Activation of the code, one of the above. "auto" is `activation` where the code
        is the only hidden layer that is trained, without others before it, and
        "identity" elsewhere; but with a `penalty` what that asks for: "relu" ("l1"),
        "logistic" ("kl"), which takes no other, or "identity" ("variational",
        "adversarial").

    tied_weights : bool, default=False
        Whether the decoder uses the encoder's weights transposed.

    dropout : float in [0, 1), default=0.0
        Probability that a hidden activation is dropped in training; without hidden
        layers, an activation of the code.

    corruption : str, corruption instance, callable or None, default="gaussian"
        Corruption of the rows in training: "gaussian", "uniform", "speckle",
        "poisson", "masking", "block", "salt_and_pepper", "swap", "marginal" or
        "conditional_mean", with `noise_level` as its level; an instance (such as
        :class:`SwapNoise`), which is cloned and carries its own level; a callable
        ``(X, generator) -> X_corrupted`` of tensors; or None for no corruption, a
        plain autoencoder.

    noise_level : "auto", float, array-like or dict of str to float, default="auto"
        Level of a corruption given by name: standard deviation ("gaussian") or
        half-width ("uniform") in the units of X; standard deviation relative to the
        value ("speckle"); what one count is worth ("poisson"); fraction of the cells
        (the others). A dict gives levels by the names of features; others stay clean.
        "auto" is the default of the class that the name stands for: 0.2, but 0.1 with
        "poisson", 0.15 with "swap" and "marginal", 0.3 with "conditional_mean". It is
        the only one allowed beside an instance or a callable, which carries its own;
        beside None, where nothing is corrupted, any level is.

    noise_schedule : str or callable, default="constant"
        How the level of the noise changes over the training: "constant"; "linear",
        "cosine" or "exponential", from the level down to a tenth of it; or a function
        of the progress in [0, 1] that returns what the level is multiplied by, in
        [0, 1]. Validation rows, and :meth:`partial_fit`, get the level of the end.

    emphasis : {"full", "double"}, pair of float or None, default=None
        Weights of corrupted and uncorrupted cells in the loss: (1, 0) with
        "full", (1, 0.5) with "double", or the given pair; None weighs all alike. A
        cell counts as corrupted where the process has chosen it, even if its value
        stayed the same.

    loss : str or loss instance, default="squared_error"
        The loss that is minimised: "squared_error", "absolute_error", "huber",
        "binary_cross_entropy" (for data in [0, 1]; reconstructions are then
        probabilities), "poisson" or "negative_binomial" (for counts; reconstructions
        are then expected counts of rows of the median size), "cosine" (for
        embeddings; reconstructions are then of length one), or an instance from
        :mod:`sk_dae.losses`.

    penalty : str, penalty instance or None, default=None
        A term of the loss, to make the code sparse ("l1", "kl"), insensitive
        to its input ("contractive") or normally distributed ("variational",
        "adversarial"), with `penalty_weight` as its weight; or an instance from
        :mod:`sk_dae.penalties`, which is cloned and carries its own weight.

    penalty_weight : float or "auto", default="auto"
        Weight of a penalty given by name; "auto" is the default of its class.

    features : {"code", "layers", "reconstruction"}, default="code"
        Result of :meth:`transform`: the code; the hidden layers of the encoder,
        the code and the hidden layers of the decoder, in this order; or the
        reconstruction.

    optimizer : str or type, default="adamw"
        "adamw", "adam", "sgd" (momentum 0.9), "nesterov", "rmsprop", or an optimizer
        class of torch.

    learning_rate_init : float, default=0.003
        The learning rate; its greatest value where it changes.

    learning_rate : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        How it changes over the training: a linear rise over the first quarter and
        half a cosine down to zero; half a cosine down to zero; not at all.

    alpha : float, default=0.01
        Weight decay, decoupled from the gradient with "adamw".

    batch_size : int or "auto", default="auto"
        Rows of a batch, at most; the batches of an epoch are of nearly equal size.
        "auto" is a sixty-fourth of the rows, within [32, 512], and of very wide rows
        no more than fit into 64 MiB, but for the first 32.

    max_iter : int or "auto", default="auto"
        Number of epochs; with `early_stopping`, at most. "auto" is as many as make
        8000 steps, within [20, 200].

    reconstruction_sampling : "auto", float in (0, 1] or None, default="auto"
        Share of the columns in which a step over sparse rows restores zeros, drawn anew
        for each batch; the cells that are not zero are all restored. The zeros are
        weighed so that the loss and its gradient are right on average, and time and
        memory go with the cells that are stored. "auto" does so for CSR matrices of at
        least 10 000 columns of which at most 5 % are stored, where the other parameters
        allow it; None restores all cells. Dense rows, and rows on an accelerator, are
        restored whole. See :ref:`the user guide <wide_sparse>`.

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
        Whether :meth:`fit` goes on from the weights of the last fit.

    module : callable, torch.nn.Module or None, default=None
        A module of your own, with the methods ``encode(X)`` and ``decode(code)``: a
        class or function called as ``module(n_features, n_components)``, or an
        instance, which is copied and keeps its weights. It takes the place of the
        perceptron and of its parameters above. See :mod:`sk_dae.modules`.

    net_callbacks : list of skorch callbacks or None, default=None
        Called while the net trains. skorch's EarlyStopping, and one that raises
        :class:`StopTraining`, end the training.

    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is "cuda" where torch finds it, and
        "cpu" elsewhere.

    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the rows, the corruption, dropout, the
        penalty and the validation rows.

    verbose : int, default=0
        Whether to show a line of progress.

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
        The fitted corruption.

    penalty_ : penalty instance or None
        The fitted penalty.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    n_iter_ : int
        Number of epochs of the last fit.

    loss_curve_ : list of float
        Mean training loss of each epoch, on corrupted rows, with the penalty in it.
        ``net_.history[:, "train_penalty"]`` is the penalty alone, without its weight.

    validation_loss_curve_ : list of float or None
        Loss of the validation rows, corrupted the same way each time and without the
        penalty; None without `early_stopping`.

    best_loss_ : float
        The least validation loss, or without `early_stopping` the least training
        loss.

    device_ : str
        The device that holds the net.

    See Also
    --------
    sklearn.decomposition.PCA : The linear counterpart, without noise.
    sklearn.neural_network.BernoulliRBM : Features of binary data.

    References
    ----------
    Vincent, P., Larochelle, H., Bengio, Y. and Manzagol, P.-A. (2008). Extracting and
    composing robust features with denoising autoencoders. ICML.

    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> dae = DenoisingAutoencoder(16, noise_level=0.5, max_iter=5, random_state=0)
    >>> dae.fit_transform(X).shape
    (1797, 16)
    >>> dae.denoise(X[:1]).shape
    (1, 64)
    """

    _parameter_constraints: dict = {
        **PerceptronAutoencoder._parameter_constraints,
        "reconstruction_sampling": SAMPLED_SHARES,
        "module": [callable, torch.nn.Module, None],
        **PenalizedCode._parameter_constraints,
    }

    def __init__(
        self,
        n_components=32,
        *,
        hidden_layer_sizes=(256,),
        activation="relu",
        code_activation="auto",
        tied_weights=False,
        dropout=0.0,
        corruption="gaussian",
        noise_level="auto",
        noise_schedule="constant",
        emphasis=None,
        loss="squared_error",
        penalty=None,
        penalty_weight="auto",
        features="code",
        optimizer="adamw",
        learning_rate_init=0.003,
        learning_rate="one_cycle",
        alpha=0.01,
        batch_size="auto",
        max_iter="auto",
        reconstruction_sampling="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        module=None,
        net_callbacks=None,
        device="auto",
        random_state=None,
        verbose=0,
        callbacks="deprecated",
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.tied_weights = tied_weights
        self.dropout = dropout
        self.corruption = corruption
        self.noise_level = noise_level
        self.noise_schedule = noise_schedule
        self.emphasis = emphasis
        self.loss = loss
        self.penalty = penalty
        self.penalty_weight = penalty_weight
        self.features = features
        self.optimizer = optimizer
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.reconstruction_sampling = reconstruction_sampling
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.module = module
        self.net_callbacks = net_callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.callbacks = callbacks

    def _given_module(self):
        return self.module
