"""The stack of denoising autoencoders, trained layer by layer and then as a whole."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from .backend.serialization import serializable
from .backend.suggestions import names_suggested
from .base.deprecation import current_value
from .base.perceptron import (
    SAMPLED_SHARES,
    PerceptronAutoencoder,
    find_code_activation,
    hidden_sizes,
)
from .corruption import CORRUPTIONS, BaseCorruption
from .training.callbacks.checks import without_files
from .training.callbacks.sklearn_bridge import begin_tasks
from .training.layerwise import pretrain_layers

__all__ = ["StackedDenoisingAutoencoder"]

#: The meaning of `noise_level="auto"`, where it is not the default of the process.
AUTO_LEVELS = {"masking": 0.25}


@serializable(standalone=True)
class StackedDenoisingAutoencoder(PerceptronAutoencoder):
    r"""Stacked denoising autoencoder: a deep encoder, pretrained layer by layer.

    The first layer learns, as the autoencoder of one hidden layer, to restore
    corrupted rows. Each further layer learns to restore what the layers below make of
    clean rows, corrupted anew:

    .. math:: h_0 = x, \qquad
              \min \; \mathbb{E}\left[\ell\bigl(h_{l-1}, g_l(f_l(\tilde h_{l-1}))
              \bigr)\right], \qquad h_l = f_l(h_{l-1}).

    Then all encoders and, in reverse, all decoders form one deep autoencoder, which is
    trained further as a whole, with corrupted rows at its input, unless
    ``fine_tune=False``. Scale the data as for :class:`DenoisingAutoencoder`; missing
    values are treated as there. Read more in the :ref:`User Guide <stacked>`.

    Parameters
    ----------
    n_components : int, default=256
        Width of the code, the last layer of the encoder.

    hidden_layer_sizes : int or sequence of int, default=(256,)
        Widths of the encoder's layers before it; the decoder has them in reverse.

    activation : str, default="relu"
        Activation of the layers: "relu", "leaky_relu", "elu", "selu", "gelu",
        "silu", "softplus", "tanh", "logistic" or "identity".

    code_activation : str, default="auto"
        Activation of the code, one of the above. "auto" is `activation`, by the rule
        of :class:`DenoisingAutoencoder`: each layer is trained as the only hidden one.

    tied_weights : bool, default=False
        Whether the decoder uses the encoder's weights transposed.

    dropout : float in [0, 1), default=0.0
        Probability that a hidden activation is dropped while the whole is trained. A
        layer alone is trained without.

    corruption : str, instance, callable, None or sequence, default="masking"
        Corruption of the input of each layer in training; a sequence has an entry for
        each layer, from the input on. The first also corrupts the rows while the
        whole is trained. See :class:`DenoisingAutoencoder`.

    noise_level : "auto", float or sequence, default="auto"
        Level of a corruption given by name; a sequence has an entry for each layer,
        that of the first being anything that :class:`DenoisingAutoencoder` takes. In
        hidden layers, a standard deviation or a half-width is in the units of the
        activations. "auto" is 0.25 with "masking", and the same as in
        :class:`DenoisingAutoencoder` elsewhere; it is the only one allowed beside an
        instance or a callable. Where these stand beside names, give a sequence of
        levels, with "auto" for them.

    noise_schedule : str or callable, default="constant"
        How the level of the noise changes over each training; see
        :class:`DenoisingAutoencoder`.

    emphasis : str, pair of float, None or sequence of such, default=None
        Weights of corrupted and uncorrupted cells in the loss; see
        :class:`DenoisingAutoencoder`. A sequence has an entry for each layer, the
        first of which holds for the whole too.

    loss : str or loss instance, default="squared_error"
        The loss that is minimised in the first layer and in the whole; see
        :class:`DenoisingAutoencoder`. In hidden layers it is the cross-entropy with
        ``activation="logistic"``, and the squared error elsewhere.

    fine_tune : bool, default=True
        Whether the whole is trained after the layers.

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

    pretrain_max_iter : int or "auto", default="auto"
        Number of epochs for each layer; with `early_stopping`, at most. "auto" is as
        many as make 8000 steps, within [20, 200].

    max_iter : int or "auto", default="auto"
        Number of epochs for the whole, likewise.

    reconstruction_sampling : "auto", float in (0, 1] or None, default="auto"
        Share of the columns in which a step over sparse rows restores zeros, for the
        first layer and for the whole; see :class:`DenoisingAutoencoder`.

    early_stopping : bool, default=False
        Whether to set validation rows aside, to stop each training when their loss no
        longer improves, and to restore the weights of its best epoch.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the rows that are set aside, drawn at random; not used where
        :meth:`fit` is given an `X_val`.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-4
        Least improvement of the validation loss, with `early_stopping`.

    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the weights of the last fit: with the training
        of the whole, or without `fine_tune` with that of the layers.

    net_callbacks : list of skorch callbacks or None, default=None
        Called in the training of each layer and of the whole, but for those of skorch
        that keep a net in files (Checkpoint, TrainEndCheckpoint, LoadInitState), which
        are called in that of the whole only. skorch's EarlyStopping, and one that
        raises :class:`StopTraining`, end the training they are in.

    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is "cuda" where torch finds it, and
        "cpu" elsewhere.

    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the order of the rows, the corruption, dropout and
        the validation rows.

    verbose : int, default=0
        Whether to show lines of progress.

    fine_tuning : bool, default="deprecated"
        The old name of `fine_tune`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    pretrain_iter : int or "auto", default="deprecated"
        The old name of `pretrain_max_iter`.

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
        ``net_.history`` the record of all epochs of the whole.

    corruption_ : corruption instance or None
        The fitted corruption of the rows.

    layer_loss_curves_ : list of list of float
        Mean training loss of each epoch, for each layer.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    n_iter_ : int
        Number of epochs of the whole in the last fit.

    loss_curve_ : list of float
        Mean training loss of each epoch of the whole, on corrupted rows.

    validation_loss_curve_ : list of float or None
        Loss of the validation rows, corrupted the same way each time; as long as
        `loss_curve_`, with NaN for epochs that had none. None without
        `early_stopping` or `fine_tune`.

    best_loss_ : float or None
        The least validation loss of the whole, or without `early_stopping` the least
        training loss; None without `fine_tune`.

    device_ : str
        The device that holds the net.

    See Also
    --------
    DenoisingAutoencoder : All layers trained at once.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import StackedDenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> stack = StackedDenoisingAutoencoder(
    ...     16,
    ...     hidden_layer_sizes=(64, 32),
    ...     pretrain_max_iter=2,
    ...     max_iter=2,
    ...     random_state=0,
    ... ).fit(X)
    >>> stack.transform(X).shape
    (1797, 16)
    >>> stack.set_params(features="layers").transform(X).shape
    (1797, 208)
    """

    _parameter_constraints: dict = {
        **PerceptronAutoencoder._parameter_constraints,
        "corruption": [
            StrOptions(set(CORRUPTIONS)),
            BaseCorruption,
            callable,
            list,
            tuple,
            None,
        ],
        "fine_tune": ["boolean"],
        "pretrain_max_iter": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "reconstruction_sampling": SAMPLED_SHARES,
    }
    _renamed_parameters: dict = {
        **PerceptronAutoencoder._renamed_parameters,
        "fine_tuning": "fine_tune",
        "pretrain_iter": "pretrain_max_iter",
    }

    def __init__(
        self,
        n_components=256,
        *,
        hidden_layer_sizes=(256,),
        activation="relu",
        code_activation="auto",
        tied_weights=False,
        dropout=0.0,
        corruption="masking",
        noise_level="auto",
        noise_schedule="constant",
        emphasis=None,
        loss="squared_error",
        fine_tune=True,
        features="code",
        optimizer="adamw",
        learning_rate_init=0.003,
        learning_rate="one_cycle",
        alpha=0.01,
        batch_size="auto",
        pretrain_max_iter="auto",
        max_iter="auto",
        reconstruction_sampling="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        net_callbacks=None,
        device="auto",
        random_state=None,
        verbose=0,
        fine_tuning="deprecated",
        pretrain_iter="deprecated",
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
        self.fine_tune = fine_tune
        self.features = features
        self.optimizer = optimizer
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.batch_size = batch_size
        self.pretrain_max_iter = pretrain_max_iter
        self.max_iter = max_iter
        self.reconstruction_sampling = reconstruction_sampling
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.net_callbacks = net_callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.fine_tuning = fine_tuning
        self.pretrain_iter = pretrain_iter
        self.callbacks = callbacks

    def _code_activation(self, hidden):
        # Each layer is trained as the only hidden one.
        return find_code_activation(self.code_activation, self.activation, ())

    # -- corruption -------------------------------------------------------------------

    def _processes(self):
        """Return what corrupts the input of each layer, and its level, for each."""
        n_layers = len(hidden_sizes(self.hidden_layer_sizes)) + 1
        given = {"corruption": self.corruption, "noise_level": self.noise_level}
        for name, value in given.items():
            of_layers = isinstance(value, list | tuple | np.ndarray)
            # An array without dimensions is a number.
            if not of_layers or getattr(value, "shape", None) == ():
                given[name] = [value] * n_layers
            elif len(value) != n_layers:
                raise ValueError(
                    f"{name} must be one for all or have an entry for each of the "
                    f"{n_layers} layers, got {len(value)} entries."
                )
        return list(zip(*given.values(), strict=True))

    def _emphases(self):
        """Return what cells weigh in the loss of each layer."""
        processes, given = self._processes(), self.emphasis
        # Two numbers are the weights for all layers.
        if not isinstance(given, list | tuple) or all(
            isinstance(weight, Real) for weight in given
        ):
            given = [given] * len(processes)
        if len(given) != len(processes):
            raise ValueError(
                f"emphasis must be one for all or have an entry for each of the "
                f"{len(processes)} layers, got {len(given)} entries."
            )
        return [
            self._weights_of_emphasis(emphasis, corruption is not None)
            for emphasis, (corruption, _) in zip(given, processes, strict=True)
        ]

    def _check_emphasis(self):
        return self._emphases()[0]

    def _make_process(self, corruption, level):
        if isinstance(corruption, str) and corruption not in CORRUPTIONS:
            raise ValueError(
                f"corruption must name processes among {sorted(CORRUPTIONS)}, got "
                f"{corruption!r}.{names_suggested(corruption, CORRUPTIONS)}"
            )
        if isinstance(corruption, str) and isinstance(level, str) and level == "auto":
            level = AUTO_LEVELS.get(corruption, level)
        return super()._make_process(corruption, level)

    def _corrupts(self):
        return all(corruption is not None for corruption, _ in self._processes())

    def _make_corruption(self):
        return self._make_process(*self._processes()[0])

    # -- training ---------------------------------------------------------------------

    @property
    def _fine_tunes(self):
        return current_value(self, "fine_tune")

    def _n_epochs(self, n_batches):
        return super()._n_epochs(n_batches) if self._fine_tunes else 0

    def _pretrain(self, plan):
        if plan.resume and self._fine_tunes:
            return {}
        processes = [plan.corruption]
        processes += [self._make_process(*pair) for pair in self._processes()[1:]]
        emphases, curves = self._emphases(), []
        begin_tasks(self, len(processes) + bool(self._fine_tunes))

        def train_layer(k, layer):
            net = self._make_net(
                layer.module,
                layer.loss,
                plan.run.device,
                corruption=layer.corruption,
                emphasis=emphases[k],
                noise_schedule=plan.noise_schedule,
                reconstruction_sampling=self.reconstruction_sampling,
                callbacks=without_files(current_value(self, "net_callbacks")),
            )
            epochs = current_value(self, "pretrain_max_iter")
            if epochs == "auto":
                epochs = self._auto_epochs(len(layer.run.train))
            epochs = int(epochs)
            part = f"layer {k + 1} of {len(processes)}"
            net.train(layer.run, epochs, watchers=self._watchers_of_part(part, epochs))
            curves.append(net.history[:, "train_loss"] if len(net.history) else [])

        # A state of its own, so that samples of activations move no other stream.
        random_state = np.random.RandomState(plan.run.streams.seeds["init"] % 2**32)
        pretrain_layers(
            plan.module, plan.loss, plan.run, processes, random_state, train_layer
        )
        return {"layer_loss_curves_": curves}
