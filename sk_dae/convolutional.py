"""The denoising autoencoder for images and signals."""

from __future__ import annotations

from numbers import Real

from sklearn.utils._param_validation import Interval
from sklearn.utils.metaestimators import available_if

from .backend.serialization import serializable
from .base.convolutional import ConvolutionalNetAutoencoder
from .base.partial_fitting import PartialFitting
from .base.penalized import PenalizedCode, has_prior
from .base.sample_shape import as_samples, flat_rows, has_sample_shape

__all__ = ["ConvolutionalDenoisingAutoencoder"]


@serializable(standalone=True)
class ConvolutionalDenoisingAutoencoder(
    PartialFitting, PenalizedCode, ConvolutionalNetAutoencoder
):
    r"""Convolutional denoising autoencoder, for images or signals of one size.

    It does for images (gray or colour) and signals (of one or several channels) what
    :class:`DenoisingAutoencoder` does for rows of a table: every batch is corrupted,
    and a net learns to restore it. Its encoder has stages of a convolution and the
    maximum over patches of pixels, and a linear layer that gives the code; the decoder
    is its mirror image.

    Samples come as scikit-learn has them, as flat rows, with their shape as
    `input_shape`; or as an array of shape (n_samples, height, width) or
    (n_samples, length), with one axis more for channels, which `channel_axis` names.
    Reconstructions have the shape of the samples that were given. A classifier, a
    regressor or an outlier detector takes it as its `autoencoder`.

    Scale the data first: pixels to [0, 1], signals to unit variance. Missing values
    (NaN) enter the encoder as the mean of the pixel and are left out of the loss.
    Images of different sizes, and denoising at full resolution without a code, are what
    :class:`ResidualDenoiser` is for. Read more in the :ref:`User Guide <images>`.

    Parameters
    ----------
    n_components : int, default=128
        Width of the code.

    input_shape : sequence of int or None, default=None
        Shape of a sample: (height, width) or (length,), with the number of channels at
        `channel_axis`. None takes it from `X`; flat rows are then signals.

    channel_axis : int or None, default=None
        Which axis of a sample counts its channels: -1 where it is the last one, 0 where
        it is the first; None for gray images and signals of one channel.

    n_filters : int or sequence of int, default=(16, 32)
        Number of filters of each stage of the encoder; the decoder has them in reverse.

    kernel_size : int, default=3
        Length of the sides of the filters, in pixels or times.

    pool_size : int, default=2
        Length of the sides of the patches of which each stage keeps the maximum, in
        pixels or times.

    activation : str, default="relu"
        Activation of the hidden layers: "relu", "leaky_relu", "elu", "selu", "gelu",
        "silu", "softplus", "tanh", "logistic" or "identity".

    code_activation : str, default="auto"
        Activation of the code, one of the above. "auto" is "identity", but with a
        `penalty` what that asks for.

    dropout : float in [0, 1), default=0.0
        Probability that a hidden activation is dropped in training.

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

    learning_rate_init : float, default=0.005
        The learning rate; its greatest value where it changes.

    learning_rate : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        How it changes over the training: a linear rise over the first quarter and
        half a cosine down to zero; half a cosine down to zero; not at all.

    alpha : float, default=0.01
        Weight decay, decoupled from the gradient with "adamw".

    batch_size : int or "auto", default=64
        Rows of a batch, at most; the batches of an epoch are of nearly equal size.
        "auto" is a sixty-fourth of the rows, within [32, 512], and of very wide rows
        no more than fit into 64 MiB, but for the first 32.

    max_iter : int or "auto", default="auto"
        Number of epochs; with `early_stopping`, at most. "auto" is as many as make
        2000 steps, within [10, 100], but more than 100 where that would be fewer than
        500 steps.

    early_stopping : bool, default=False
        Whether to set validation rows aside, to stop when their loss no longer
        improves, and to restore the weights of the best epoch.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the rows that are set aside, drawn at random.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-4
        Least improvement of the validation loss, with `early_stopping`.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the weights of the last fit.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Type of the products in training. "auto" is bfloat16 on an accelerator or a
        processor with instructions for it, where it takes a fraction of the time, and
        float32 elsewhere. Weights and predictions are float32 in any case.

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
        Number of values of a sample: those of its pixels and channels.

    sample_shape_ : tuple of int
        Shape of a sample, with its channels.

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
    DenoisingAutoencoder : The same for rows without neighbourhood.
    ResidualDenoiser : Denoises images and signals of any size.

    References
    ----------
    Masci, J., Meier, U., Cireşan, D. and Schmidhuber, J. (2011). Stacked convolutional
    auto-encoders for hierarchical feature extraction. ICANN.

    Shi, W., Caballero, J., Huszár, F. et al. (2016). Real-time single image and video
    super-resolution using an efficient sub-pixel convolutional neural network. CVPR.

    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import ConvolutionalDenoisingAutoencoder
    >>> images = load_digits().images / 16
    >>> dae = ConvolutionalDenoisingAutoencoder(16, max_iter=3, random_state=0)
    >>> dae.fit_transform(images).shape
    (1797, 16)
    >>> dae.denoise(images[:5]).shape
    (5, 8, 8)
    """

    _parameter_constraints: dict = {
        **ConvolutionalNetAutoencoder._parameter_constraints,
        **PenalizedCode._parameter_constraints,
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }
    del _parameter_constraints["callbacks"]  # the old name, which it never had
    _renamed_parameters: dict = {}

    def __init__(
        self,
        n_components=128,
        *,
        input_shape=None,
        channel_axis=None,
        n_filters=(16, 32),
        kernel_size=3,
        pool_size=2,
        activation="relu",
        code_activation="auto",
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
        learning_rate_init=0.005,
        learning_rate="one_cycle",
        alpha=0.01,
        batch_size=64,
        max_iter="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        precision="auto",
        net_callbacks=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.input_shape = input_shape
        self.channel_axis = channel_axis
        self.n_filters = n_filters
        self.kernel_size = kernel_size
        self.pool_size = pool_size
        self.activation = activation
        self.code_activation = code_activation
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
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.precision = precision
        self.net_callbacks = net_callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def transform(self, X):
        """Compute the features of `X`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or \
                (n_samples, ...)
            Flat rows, or images or signals; NaN stands for a missing value.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_features_out)
            The features that the parameter `features` names: the code or all layers
            side by side, as float32; or the reconstruction, as :meth:`denoise` has it.
        """
        X = as_samples(X)
        rows = super().transform(X)
        flat = self.features != "reconstruction" or self._gives_frames()
        return self._in_shape(rows, flat=flat or not has_sample_shape(X))

    def inverse_transform(self, X):
        """Reconstruct samples from their features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features_out)
            Features from :meth:`transform`. The code among all layers is decoded; a
            reconstruction is returned as it is.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features) or \
                (n_samples, ...)
            Samples in the units of the training data, in the shape in which :meth:`fit`
            got them.
        """
        rows = super().inverse_transform(flat_rows(as_samples(X)))
        return self._in_shape(rows, flat=self._flat_samples)

    def denoise(self, X):
        """Reconstruct `X` from its code.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or \
                (n_samples, ...)
            Noisy flat rows, or images or signals; NaN stands for a missing value.

        Returns
        -------
        X_denoised : ndarray of the shape of `X`
            The reconstruction, without missing values: float32 where the samples of the
            fit were float32 or float16, float64 elsewhere.
        """
        X = as_samples(X)
        return self._in_shape(super().denoise(X), flat=not has_sample_shape(X))

    def reconstruction_error(self, X, *, per_feature=False):
        """Compute how far the reconstruction of each sample is from it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or \
                (n_samples, ...)
            Flat rows, or images or signals; missing values are left out.

        per_feature : bool, default=False
            Whether to return the squared error of every pixel.

        Returns
        -------
        error : ndarray of shape (n_samples,) or of the shape of `X`, dtype float32
            Mean squared error of each sample over its observed pixels, NaN for one
            without any; or the squared error of each pixel, NaN where it is missing.
        """
        X = as_samples(X)
        errors = super().reconstruction_error(X, per_feature=per_feature)
        return self._in_shape(errors, flat=not has_sample_shape(X))

    @available_if(has_prior)
    def sample(self, n_samples=1, random_state=None):
        """Draw new samples: decoded draws of the standard normal that codes follow.

        Only with ``penalty="variational"`` or ``"adversarial"``.

        Parameters
        ----------
        n_samples : int, default=1
            Number of samples.

        random_state : int, RandomState instance or None, default=None
            Seeds the draws.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features) or (n_samples, ...)
            New samples in the units of the training data, without noise on top, in the
            shape in which :meth:`fit` got them.
        """
        rows = super().sample(n_samples, random_state)
        return self._in_shape(rows, flat=self._flat_samples)
