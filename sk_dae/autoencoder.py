"""The denoising autoencoder for rows."""

from __future__ import annotations

from numbers import Integral, Real

from sklearn.utils._param_validation import Interval, StrOptions

from ._trained import TrainedAutoencoder
from .modules import ACTIVATIONS, MLPAutoencoder

__all__ = ["DenoisingAutoencoder"]


class DenoisingAutoencoder(TrainedAutoencoder):
    """Denoising autoencoder: a multi-layer perceptron."""

    _parameter_constraints: dict = {
        **TrainedAutoencoder._parameter_constraints,
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "code_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "tied_weights": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
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
        noise_level=0.2,
        loss="squared_error",
        features="code",
        optimizer="adamw",
        learning_rate_init=0.002,
        learning_rate="one_cycle",
        alpha=1e-4,
        batch_size="auto",
        max_iter=100,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        module=None,
        callbacks=None,
        device="auto",
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.code_activation = code_activation
        self.tied_weights = tied_weights
        self.dropout = dropout
        self.corruption = corruption
        self.noise_level = noise_level
        self.loss = loss
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
        self.module = module
        self.callbacks = callbacks
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _hidden_sizes(self):
        sizes = self.hidden_layer_sizes
        sizes = (sizes,) if isinstance(sizes, Integral) else tuple(sizes)
        for size in sizes:
            if not isinstance(size, Integral) or size < 1:
                raise ValueError(
                    "hidden_layer_sizes must hold integers of at least 1, got "
                    f"{self.hidden_layer_sizes!r}."
                )
        return tuple(int(size) for size in sizes)

    def _build_module(self, n_features, n_outputs, generator):
        hidden = self._hidden_sizes()
        code_activation = self.code_activation
        if code_activation == "auto":
            code_activation = "identity" if hidden else self.activation
        return MLPAutoencoder(
            n_features,
            self.n_components,
            n_outputs,
            hidden_layer_sizes=hidden,
            activation=self.activation,
            code_activation=code_activation,
            tied_weights=self.tied_weights,
            dropout=self.dropout,
            generator=generator,
        )

    def _layer_widths(self):
        hidden = self._hidden_sizes()
        return hidden, self.n_components, hidden[::-1]
