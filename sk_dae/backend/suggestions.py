"""Wrong values of parameters get a suggestion: the option that was probably meant."""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import re
from numbers import Real

import torch
from sklearn.utils._param_validation import InvalidParameterError, StrOptions

__all__ = [
    "SuggestingMixin",
    "names_suggested",
    "suggest",
    "suggesting",
    "with_suggestions",
]

#: Other names of an option in the field. Letters and digits count alone.
SYNONYMS = {
    # losses
    "squared_error": "mse l2 squared squaredloss leastsquares quadratic rmse gaussian",
    "absolute_error": "mae l1 absolute absolutedeviation laplace",
    "huber": "smoothl1 smoothedl1 robust",
    "binary_cross_entropy": "bce crossentropy xent logloss ce bcewithlogits bernoulli",
    "negative_binomial": "nb negbin zinb",
    "cosine": "cosinesimilarity cosinedistance cosineannealing angular angle",
    "poisson": "shot count counts poissonnll",
    # activations
    "logistic": "sigmoid expit",
    "silu": "swish",
    "identity": "linear none",
    "leaky_relu": "lrelu",
    "tanh": "hyperbolictangent",
    # optimizers
    "nesterov": "nag sgdnesterov",
    "sgd": "momentum gradientdescent",
    "adamw": "decoupledadam",
    "rmsprop": "rms",
    # corruptions
    "masking": "dropout mask zero zeros zeroing missing hide hidden bernoulli",
    "gaussian": "normal white awgn additive isotropic",
    "salt_and_pepper": "saltpepper sp impulse",
    "swap": "shuffle permute permutation exchange vime",
    "speckle": "multiplicative",
    "block": "patch cutout occlusion rectangle",
    "marginal": "resample empirical",
    "conditional_mean": "conditional regression",
    # penalties
    "kl": "kullbackleibler kld kldivergence sparse sparsity",
    "l1": "lasso sparse sparsity absolute",
    "contractive": "cae jacobian contraction",
    "variational": "vae elbo betavae kldivergence",
    "adversarial": "aae gan",
    # schedules
    "one_cycle": "1cycle onecyclelr superconvergence",
    "constant": "fixed const none",
    "exponential": "exp geometric",
    # devices
    "cuda": "gpu nvidia",
    "mps": "metal apple",
    # features and scalings
    "code": "latent embedding embeddings bottleneck encoded hidden z encoder",
    "layers": "all activations hiddenlayers",
    "reconstruction": "denoised decoded reconstructed output restored",
    "standard": "zscore standardize standardise std standardscaler",
    "quantile": "rank ranks gaussrank quantiles normal quantiletransformer",
}

#: Parameters that take a number, by those that take a word for the same thing.
NUMBERS = {
    "learning_rate": "learning_rate_init",
    "corruption": "noise_level",
    "penalty": "penalty_weight",
}

#: Words that say nothing of which option is meant.
_ENDINGS = ("noise", "loss", "error", "corruption", "optimizer", "activation", "lr")


def suggest(value, options):
    """Return the option that a wrong word probably stands for, or None.

    Parameters
    ----------
    value : str
        The value that was given.

    options : collection of str
        The values that may be given.

    Returns
    -------
    option : str or None
        One of `options`.
    """
    word = _letters(value)
    plain = {_letters(option): option for option in sorted(options)}
    short = word
    for ending in _ENDINGS:
        if word.endswith(ending) and word != ending:
            short = word.removesuffix(ending)
    for tried in (word, short):
        if tried in plain:
            return plain[tried]
    for tried in (word, short):
        for option, names in SYNONYMS.items():
            if option in options and tried in names.split():
                return option
    close = difflib.get_close_matches(word, plain, n=1, cutoff=0.7)
    return plain[close[0]] if close else None


def names_suggested(value, options):
    """Return the sentence that suggests an option, or an empty string.

    Parameters
    ----------
    value : object
        The value that was given.

    options : collection of str
        The values that may be given.

    Returns
    -------
    sentence : str
        It begins with a space.
    """
    found = suggest(value, options) if isinstance(value, str) else None
    return "" if found is None else f' Did you mean "{found}"?'


@contextlib.contextmanager
def suggesting(constraints, values):
    """Add a suggestion to the error of a wrong parameter that is raised inside.

    Parameters
    ----------
    constraints : dict
        Constraints as in `_parameter_constraints` of scikit-learn.

    values : dict
        The parameters that are validated.
    """
    try:
        yield
    except InvalidParameterError as error:
        message = _public_names(str(error))
        found = re.match(r"The '(\w+)' parameter", message)
        if found and found[1] in values:
            name = found[1]
            message += _hint(name, values[name], constraints.get(name, ()), values)
        raise InvalidParameterError(message) from None


def _hint(name, value, allowed, values):
    if name == "autoencoder":
        return (
            " It is an estimator, such as DenoisingAutoencoder(64), whose parameters "
            "are set there."
        )
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number and NUMBERS.get(name) in values:
        return f" Did you mean {NUMBERS[name]}={value!r}?"
    options = set()
    for constraint in allowed:
        if isinstance(constraint, StrOptions):
            options |= constraint.options
    if isinstance(value, type):
        return f" Did you mean an instance, {value.__name__}()?"
    if isinstance(value, torch.optim.Optimizer):
        return " Give the class of the optimizer, not an instance."
    if name == "penalty" and isinstance(value, str) and _letters(value) in _DECAY:
        return " The L2 norm of the weights is penalised by alpha, weight decay."
    if isinstance(value, str) and _letters(value) in ("none", "null", "no", ""):
        if None in allowed:
            return " Did you mean None?"
    return names_suggested(value, options)


#: Other names of weight decay.
_DECAY = ("l2", "ridge", "weightdecay", "tikhonov")


def _public_names(message):
    """Return a message with classes where users find them, not in private files."""
    return re.sub(
        r"instance of '[\w.]+'",
        lambda found: re.sub(r"\._\w+(?=\.)", "", found[0]),
        message,
    )


def _letters(word):
    return re.sub(r"[^a-z0-9]", "", word.lower())


class SuggestingMixin:
    """Mixin of all estimators: a wrong parameter gets a suggestion."""

    def _validate_params(self):
        """Validate the parameters as scikit-learn does."""
        with suggesting(self._parameter_constraints, self.get_params(deep=False)):
            super()._validate_params()


def with_suggestions(function):
    """Return a function whose wrong parameters get a suggestion.

    Parameters
    ----------
    function : callable
        One that scikit-learn's ``validate_params`` has decorated.

    Returns
    -------
    function : callable
        The decorated function.
    """
    constraints = getattr(function, "_skl_parameter_constraints", {})

    @functools.wraps(function)
    def suggested(*args, **kwargs):
        given = inspect.signature(function).bind_partial(*args, **kwargs)
        given.apply_defaults()
        with suggesting(constraints, given.arguments):
            return function(*args, **kwargs)

    return suggested
