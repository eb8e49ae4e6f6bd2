"""The autoencoder that an estimator trains inside itself: its kind and its device."""

from __future__ import annotations

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from .deprecation import RenamedParameters

__all__ = ["InnerAutoencoder"]


class InnerAutoencoder(RenamedParameters):
    """Mixin of the estimators with a parameter `autoencoder`.

    A subclass has the parameters `autoencoder`, where None stands for a default,
    `device` and `verbose`.
    """

    def set_params(self, **params):
        """Set the parameters of this estimator, and of its autoencoder.

        Parameters
        ----------
        **params : dict
            Values by name; those of the autoencoder as ``autoencoder__name``.

        Returns
        -------
        self : object
            The estimator.
        """
        nested = [name for name in params if name.startswith("autoencoder__")]
        if nested and params.get("autoencoder", self.autoencoder) is None:
            name = nested[0].removeprefix("autoencoder__")
            own = f"Set {name} of the {type(self).__name__} itself, or give an"
            raise ValueError(
                f"{nested[0]} has nothing to be set on, since autoencoder is None, "
                "which stands for a default that is made in fit. "
                f"{own if name in ('device', 'verbose') else 'Give an'} autoencoder: "
                f"{type(self).__name__}(DenoisingAutoencoder({name}=...))."
            )
        return super().set_params(**params)

    def _inner_params(self):
        """Return the parameters of the autoencoder that are set from outside."""
        params = {}
        if self.device is not None:
            params["device"] = self.device
        if self.verbose:
            params["verbose"] = self.verbose
        return params

    def _copy_of_autoencoder(self):
        """Return a copy of the given autoencoder, on the device that is asked for."""
        autoencoder = clone(self.autoencoder)
        known = autoencoder.get_params(deep=False)
        if self.device is not None and "device" not in known:
            frozen = isinstance(autoencoder, FrozenEstimator)
            reason = "is frozen" if frozen else "has no such parameter"
            raise ValueError(
                f"device must be None beside this autoencoder, which {reason}, got "
                f"device={self.device!r} and autoencoder={autoencoder!r}."
            )
        params = {k: v for k, v in self._inner_params().items() if k in known}
        return autoencoder.set_params(**params) if params else autoencoder

    def _refuse_frozen(self, reason):
        """Refuse an autoencoder that is not to be trained."""
        if isinstance(self.autoencoder, FrozenEstimator):
            raise TypeError(
                f"autoencoder of {type(self).__name__} must not be frozen: {reason}. "
                "Give it unfrozen, to be cloned and trained, or None."
            )
