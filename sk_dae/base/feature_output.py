"""Results with a column for each feature of the rows, in the container asked for."""

from __future__ import annotations

from sklearn.utils._set_output import ADAPTERS_MANAGER, _get_output_config
from sklearn.utils.validation import _check_feature_names_in

__all__ = ["FeatureOutputMixin", "in_output_container"]


def in_output_container(estimator, values, X):
    """Return values of features in the container that `set_output` asks for.

    Parameters
    ----------
    estimator : estimator
        The fitted one, which knows the names of its features.

    values : ndarray of shape (n_samples, n_features)
        A column for each feature that it was fitted on.

    X : data frame or array-like of shape (n_samples, n_features)
        The rows that they belong to, as the user gave them.

    Returns
    -------
    values : ndarray or data frame of shape (n_samples, n_features)
        The array itself by default; a frame of the library that `set_output` or
        scikit-learn's configuration names, with the names of the features and the
        index of `X`.
    """
    container = _get_output_config("transform", estimator)["dense"]
    if container == "default":
        return values
    return ADAPTERS_MANAGER.adapters[container].create_container(
        values, X, columns=_check_feature_names_in(estimator, None)
    )


class FeatureOutputMixin:
    """Mixin of an estimator that transforms nothing, but has such results."""

    def set_output(self, *, transform=None):
        """Set the container of results with a column for each feature.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            The container. "default" is an array; None leaves it as it is.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If it is none of these.
        """
        if transform is None:
            return self
        if transform not in ADAPTERS_MANAGER.supported_outputs:
            raise ValueError(
                "transform must be one of "
                f"{sorted(ADAPTERS_MANAGER.supported_outputs)} or None, got "
                f"{transform!r}."
            )
        # Not in place: a shallow copy of the estimator has the same dict.
        self._sklearn_output_config = {"transform": transform}
        return self
