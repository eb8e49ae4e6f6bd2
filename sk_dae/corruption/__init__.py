"""Corruption processes, which a denoising autoencoder learns to undo.

A corruption is a small estimator. ``fit`` learns what it needs from the data (ranges,
donors), ``corrupt`` draws from a generator that it is handed and works on tensors of
any device, and ``transform`` makes noisy arrays, for use on its own.
"""

from __future__ import annotations

from sklearn.base import clone

from ._additive import GaussianNoise, UniformNoise
from ._at_ratio import ColoredNoise, RecordedNoise
from ._base import BaseCorruption
from ._block import BlockNoise
from ._combined import CallableCorruption, ComposeNoise
from ._conditional import ConditionalMeanNoise
from ._marginal import MarginalNoise
from ._multiscale import MultiScaleNoise
from ._replacing import MaskingNoise, SaltAndPepperNoise, SwapNoise
from ._signal_dependent import PoissonNoise, SpeckleNoise

__all__ = [
    "CORRUPTIONS",
    "BaseCorruption",
    "BlockNoise",
    "CallableCorruption",
    "ColoredNoise",
    "ComposeNoise",
    "ConditionalMeanNoise",
    "GaussianNoise",
    "MarginalNoise",
    "MaskingNoise",
    "MultiScaleNoise",
    "PoissonNoise",
    "RecordedNoise",
    "SaltAndPepperNoise",
    "SpeckleNoise",
    "SwapNoise",
    "UniformNoise",
    "corrupt_alike",
    "make_corruption",
]

#: The strings that `corruption` takes.
CORRUPTIONS = {
    "gaussian": GaussianNoise,
    "uniform": UniformNoise,
    "speckle": SpeckleNoise,
    "poisson": PoissonNoise,
    "masking": MaskingNoise,
    "block": BlockNoise,
    "salt_and_pepper": SaltAndPepperNoise,
    "swap": SwapNoise,
    "marginal": MarginalNoise,
    "conditional_mean": ConditionalMeanNoise,
}


def make_corruption(corruption, noise_level="auto", *, processes=CORRUPTIONS):
    """Make the process that an estimator's parameters describe.

    Parameters
    ----------
    corruption : str, BaseCorruption, callable or None
        A key of `processes`, an instance (cloned), a function, or None.

    noise_level : "auto", float, array-like of shape (n_features,) or dict, \
            default="auto"
        The level, for a string; "auto" is the default of its class. An instance or a
        function carries its own. None corrupts nothing, whatever the level.

    processes : dict of str to callable, default=CORRUPTIONS
        Functions that make a process of a level, by the strings that name it.

    Returns
    -------
    corruption : BaseCorruption or None
        An unfitted process, or None for no corruption.

    Raises
    ------
    ValueError
        If a level is given beside a corruption that carries its own.
    """
    if corruption is None:
        return None
    if isinstance(corruption, type):
        raise TypeError(
            f"corruption must be an instance, {corruption.__name__}(...), and not the "
            "class."
        )
    automatic = isinstance(noise_level, str) and noise_level == "auto"
    if isinstance(corruption, str):
        return processes[corruption](**({} if automatic else {"level": noise_level}))
    if not automatic:
        raise ValueError(
            f"noise_level must be 'auto' beside corruption={corruption!r}, which "
            f"carries its own level, got {noise_level!r}."
        )
    if isinstance(corruption, BaseCorruption):
        return clone(corruption)
    return CallableCorruption(corruption)


def corrupt_alike(process, X):
    """Fit a process to `X` and corrupt `X`, into a container of the same kind.

    Parameters
    ----------
    process : BaseCorruption
        The process; it is not modified.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    X_corrupted : ndarray or DataFrame of shape (n_samples, n_features)
        The corrupted rows: a pandas or polars frame, with its column names, where `X`
        is one, and an array elsewhere.
    """
    process = clone(process)
    library = type(X).__module__.partition(".")[0]
    if library in ("pandas", "polars"):
        process.set_output(transform=library)
    return process.fit_transform(X)
