"""Questions of displays to an estimator: parts of a pipeline, names of features."""

from __future__ import annotations

from sklearn.pipeline import Pipeline

from ..tables.frames import is_frame

__all__ = ["feature_names_of", "find_autoencoder"]


def find_autoencoder(estimator):
    """Return the place in a pipeline, and the autoencoder there; or None."""
    if isinstance(estimator, Pipeline):
        for i, (_, step) in enumerate(estimator.steps):
            if hasattr(step, "corruption_"):
                return i, step
    return None


def feature_names_of(estimator, X):
    """Return the names of the features of rows.

    Parameters
    ----------
    estimator : estimator
        One that was fitted on such rows.

    X : data frame or array-like of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    names : list of str or None
        Those of a data frame, else those that the estimator was fitted with; None
        where there are none.
    """
    names = list(X.columns) if is_frame(X) else None
    if names is None:
        names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]
