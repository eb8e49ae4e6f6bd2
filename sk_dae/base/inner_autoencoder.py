"""The autoencoder that an estimator trains inside itself: its kind and its device."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from ..tables.checks import columns_without_numbers
from ..tables.frames import is_frame
from ..tables.reading import columns_of
from .deprecation import RenamedParameters
from .table_net import TableNetAutoencoder

__all__ = ["InnerAutoencoder", "holds_more_than_numbers"]


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

    #: Whether cells come back with their type, which a boolean is not to lose.
    _gives_tables_back = False

    @property
    def _unfrozen(self):
        """The autoencoder that was given, out of a ``FrozenEstimator``."""
        given = self.autoencoder
        return given.estimator if isinstance(given, FrozenEstimator) else given

    @property
    def _may_take_tables(self):
        """Whether there are tables with categories and times that can be fitted."""
        given = self._unfrozen
        return given is None or isinstance(given, TableNetAutoencoder)

    def _reads_tables(self, X):
        """Return whether X is read as a table: as the autoencoder does, or as it needs.

        The rule for all estimators with an autoencoder inside: one that was given has
        decided; where it is None, the data decides.
        """
        if self.autoencoder is None:
            return holds_more_than_numbers(X, booleans=self._gives_tables_back)
        return self._may_take_tables

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
        self._refuse_class()
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

    def _refuse_class(self):
        """Refuse a class of autoencoders, which has the methods of its instances."""
        if isinstance(self.autoencoder, type):
            name = self.autoencoder.__name__
            raise TypeError(
                f"autoencoder of {type(self).__name__} must be an instance, got the "
                f"class {name}. Did you mean autoencoder={name}()?"
            )

    def _refuse_frozen(self, reason):
        """Refuse an autoencoder that is not to be trained."""
        if isinstance(self.autoencoder, FrozenEstimator):
            raise TypeError(
                f"autoencoder of {type(self).__name__} must not be frozen: {reason}. "
                "Give it unfrozen, to be cloned and trained, or None."
            )


def holds_more_than_numbers(X, *, booleans=True):
    """Return whether X is a table with categories or times, so far as can be told.

    Parameters
    ----------
    X : data frame, array-like or sparse matrix
        Rows as a user gave them.

    booleans : bool, default=True
        Whether a column of booleans is one of categories, rather than of zeros and
        ones.

    Returns
    -------
    more : bool
        False for what is no table at all.
    """
    if not is_frame(X):
        X = X if hasattr(X, "dtype") else np.asarray(X, dtype=object)
        kind = getattr(X.dtype, "kind", "f")
        if getattr(X, "ndim", 0) != 2 or kind not in "OSUmM":
            return False
    more = columns_without_numbers(X)
    if booleans or not more:
        return bool(more)
    columns = columns_of(X)
    return not all(_is_zeros_and_ones(columns[j]) for j in more)


def _is_zeros_and_ones(column):
    """Whether a column is of booleans that scikit-learn converts to numbers."""
    if str(column.dtype).lower() not in ("bool", "boolean"):
        return False
    return column.container != "polars" or not column.missing().any()
