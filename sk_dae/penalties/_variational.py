"""The penalty of variational autoencoders, whose codes are distributions."""

from __future__ import annotations

import torch
from torch import nn

from ..backend.serialization import serializable
from ..modules import Linear
from ..modules._layered import LayeredAutoencoder
from ._base import BasePenalty, linear_of, mean_of_rows

__all__ = ["VariationalPenalty"]


@serializable
class VariationalPenalty(BasePenalty):
    r"""Divergence of a Gaussian code from a standard normal one.

    The code of a row is a normal distribution with mean :math:`\mu` and variances
    :math:`\sigma^2`. In training the decoder gets a draw of it,
    :math:`\mu + \sigma \odot \varepsilon`, and the penalty is

    .. math:: \frac{1}{nk} \sum_{i=1}^n \sum_{j=1}^k \tfrac12 \left(\mu_{ij}^2
              + \sigma_{ij}^2 - 1 - \log \sigma_{ij}^2\right).

    After training, the code of a row is the mean. The logarithms of the variances are
    a linear map of what the layer of the code takes, which the penalty learns. A
    module of your own gives them itself, by a method ``encode_distribution(X)`` that
    returns the means and the logarithms of the variances.

    With the squared error, a mean over :math:`d` columns, a decoder of variance
    :math:`s^2` has its evidence lower bound at a weight of :math:`2 s^2 k / d`.

    Parameters
    ----------
    weight : float, default=0.03
        Factor of the penalty in the loss.

    References
    ----------
    Kingma, D. P. and Welling, M. (2014). Auto-encoding variational Bayes. ICLR.

    Im, D. J., Ahn, S., Memisevic, R. and Bengio, Y. (2017). Denoising criterion for
    variational auto-encoding framework. AAAI.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> dae = DenoisingAutoencoder(16, penalty="variational", max_iter=5)
    >>> dae.fit(X).sample(3).shape
    (3, 64)
    """

    code_activation = "identity"
    has_prior = True

    def __init__(self, weight=0.03):
        super().__init__(weight)

    def check_module(self, module):
        """Refuse a module that gives no variances.

        Parameters
        ----------
        module : torch.nn.Module
            The module to train.

        Raises
        ------
        TypeError
            If it is neither the built-in one nor has ``encode_distribution``.
        """
        super().check_module(module)
        # One that encodes in a way of its own is none whose layers are known.
        known = getattr(type(module), "encode", None) is LayeredAutoencoder.encode
        if not (known or _gives_distribution(module)):
            raise TypeError(
                "VariationalPenalty needs a module with a method "
                "encode_distribution(X), which returns the means and the logarithms of "
                f"the variances of the code; {type(module).__name__} has none."
            )

    def initialize(self, module, n_components, generator):
        """Start the logarithms of all variances at zero; as in ``BasePenalty``."""
        if _gives_distribution(module):
            return
        layer = Linear(module.encoder[-1].weight.shape[1], n_components)
        nn.init.zeros_(layer.weight)
        self.log_variance = layer

    @staticmethod
    def _modules_of(tensors):
        """Return modules of the penalty, from a list of weights and biases."""
        return {"log_variance": linear_of(*tensors)}

    def distribution(self, module, X):
        """Return the normal distributions that are the codes of rows.

        Parameters
        ----------
        module : torch.nn.Module
            The module.

        X : Tensor of shape (n_samples, n_features)
            Rows as they enter the encoder.

        Returns
        -------
        mean : Tensor of shape (n_samples, n_components)
            The means.

        log_variance : Tensor of shape (n_samples, n_components)
            The logarithms of the variances.
        """
        if _gives_distribution(module):
            return module.encode_distribution(X)
        inputs = module.before_code(X)
        return module.to_code(inputs), self.log_variance(inputs)

    def encode(self, module, X, weight, generator):
        """Draw codes and return the penalty; as in ``BasePenalty``."""
        mean, log_variance = self.distribution(module, X)
        variance = log_variance.exp()
        noise = torch.empty_like(mean).normal_(generator=generator)
        divergence = 0.5 * (mean.square() + variance - 1.0 - log_variance)
        return mean + variance.sqrt() * noise, mean_of_rows(divergence, weight)


def _gives_distribution(module):
    return callable(getattr(module, "encode_distribution", None))
