"""A display of rows beside their corruption and reconstruction."""

from __future__ import annotations

import copy

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import _num_samples, check_is_fitted

from ..base.sample_shape import as_samples, flat_rows
from ..corruption import make_corruption
from ._estimators import feature_names_of, find_autoencoder
from ._images import ImageOrder
from ._ticks import height_of_names, label_features

__all__ = ["ReconstructionDisplay"]

_ABSENT = object()


class ReconstructionDisplay:
    """Rows, their corruption and their reconstruction, one below the other.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    original, corrupted, denoised : array-like of shape (n_samples, n_features)
        The rows.

    image_shape : tuple of (int, int) or (int, int, int), default=None
        Height and width, where a row is an image, and the number of channels, three or
        four, of one in colour. None draws a row as a line over its features.

    feature_names : sequence of str of length n_features, default=None
        Names of the features, which label the axis below lines. None numbers them.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Shape (3, n_samples) for images, (n_samples,) for lines.

    figure_ : matplotlib Figure
        The figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder
    >>> from sk_dae.plotting import ReconstructionDisplay
    >>> X = load_digits().data / 16
    >>> dae = DenoisingAutoencoder(max_iter=2, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(dae, X, image_shape=(8, 8))
    >>> display.axes_.shape
    (3, 8)
    """

    def __init__(
        self, original, corrupted, denoised, *, image_shape=None, feature_names=None
    ):
        self.original = original
        self.corrupted = corrupted
        self.denoised = denoised
        self.image_shape = image_shape
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        *,
        corruption="estimator",
        noise_level="auto",
        n_samples=8,
        image_shape=None,
        random_state=0,
        **kwargs,
    ):
        """Corrupt and denoise some rows, and draw them.

        Parameters
        ----------
        estimator : estimator instance or Pipeline
            Fitted; anything with ``transform`` and ``inverse_transform``.

        X : {array-like, sparse matrix} of shape (n_samples, n_features) or \
                (n_samples, ...)
            Clean rows to choose from, or images.

        corruption : str, BaseCorruption, callable or None, default="estimator"
            Corruption of the rows. "estimator" takes the process that the autoencoder
            was trained with; in a pipeline it acts behind the steps before it.

        noise_level : float or "auto", default="auto"
            The level, where `corruption` is the name of a process; "auto" is the
            default of that. Beside an instance or a callable, which carries its own,
            only "auto" is allowed.

        n_samples : int, default=8
            How many rows to show.

        image_shape : tuple of int, default=None
            Height and width, where a row is an image, and the number of channels of one
            in colour. None takes it from `X` or from the estimator, where they have
            images.

        random_state : int, RandomState instance or None, default=0
            Chooses and corrupts the rows.

        **kwargs : dict
            Passed to ``imshow`` for images, and to ``plot`` for lines.

        Returns
        -------
        display : ReconstructionDisplay
            The drawn display.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimator = getattr(estimator, "best_estimator_", estimator)
        check_is_fitted(estimator)
        random_state = check_random_state(random_state)
        chosen = random_state.permutation(_num_samples(X))[:n_samples]
        X = as_samples(X)
        step = find_autoencoder(estimator)
        images = ImageOrder.of(estimator if step is None else step[1], X, image_shape)
        X = flat_rows(X)
        original = _safe_indexing(X, chosen)
        if sp.issparse(original):
            original = original.toarray()
        if image_shape is not None and np.prod(image_shape) != original.shape[1]:
            raise ValueError(
                f"image_shape must have a product of {original.shape[1]}, the number "
                f"of features, got {image_shape}."
            )
        before = None
        if isinstance(corruption, str) and corruption == "estimator":
            process = estimator if step is None else step[1]
            process = getattr(process, "corruption_", _ABSENT)
            if process is _ABSENT:
                raise ValueError(
                    "corruption must be given for an estimator that has none of its "
                    f"own, got {type(estimator).__name__}."
                )
            if step is not None and step[0]:
                before = estimator[: step[0]]
        else:
            process = make_corruption(corruption, noise_level)
            if process is not None:
                process.fit(X)
        corrupted = original
        if process is not None:
            # A copy, since the fitted process belongs to the estimator; so does what
            # the copy returns, which is in a dict that both would hold.
            process = copy.copy(process)
            vars(process).pop("_sklearn_output_config", None)
            process.set_output(transform="default")
            process.random_state = random_state.randint(np.iinfo(np.int32).max)
            rows = original if before is None else before.transform(original)
            corrupted = process.transform(rows)
            if before is not None:
                corrupted = before.inverse_transform(corrupted)
            if hasattr(original, "columns"):
                corrupted = type(original)(
                    dict(zip(original.columns, np.asarray(corrupted).T, strict=True))
                )
        denoised = estimator.inverse_transform(estimator.transform(corrupted))
        rows = (original, corrupted, flat_rows(np.asarray(denoised)))
        display = cls(
            *(images.last_channels(np.asarray(part)) for part in rows),
            image_shape=images.shape,
            feature_names=feature_names_of(estimator, original),
        )
        return display.plot(**kwargs)

    def plot(self, *, figure=None, **kwargs):
        """Draw the rows.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw; None makes a figure.

        **kwargs : dict
            Passed to ``imshow`` for images, and to ``plot`` for lines.

        Returns
        -------
        display : ReconstructionDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        rows = {
            "original": np.asarray(self.original),
            "corrupted": np.asarray(self.corrupted),
            "denoised": np.asarray(self.denoised),
        }
        n_samples = len(rows["original"])
        images = self.image_shape is not None
        if figure is None:
            size = 1.1 * n_samples, 3.7
            if not images:
                names = height_of_names(self.feature_names)
                size = 8.0, 1.6 * n_samples + names
            figure = plt.figure(figsize=size, layout="constrained")
        if images:
            axes = figure.subplots(3, n_samples, squeeze=False)
            # One scale for all: noise beyond the range of the data is clipped.
            options = {
                "cmap": "gray",
                "vmin": np.nanmin(rows["original"]),
                "vmax": np.nanmax(rows["original"]),
                **kwargs,
            }
            if len(self.image_shape) == 3:
                # Colours have no other scale than [0, 1].
                low, high = options["vmin"], options["vmax"]
                rows = {
                    name: np.clip((values - low) / max(high - low, 1e-12), 0.0, 1.0)
                    for name, values in rows.items()
                }
            for row_axes, (name, values) in zip(axes, rows.items(), strict=True):
                for ax, value in zip(row_axes, values, strict=True):
                    ax.imshow(value.reshape(self.image_shape), **options)
                    ax.set(xticks=[], yticks=[])
                row_axes[0].set_ylabel(name)
        else:
            axes = figure.subplots(n_samples, 1, sharex=True, squeeze=False)[:, 0]
            styles = {"original": "-", "corrupted": ".", "denoised": "--"}
            for i, ax in enumerate(axes):
                for name, values in rows.items():
                    ax.plot(values[i], styles[name], label=name, **kwargs)
            # Above the first row, where it covers no point.
            axes[0].legend(
                loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False
            )
            axes[-1].set_xlabel("Feature")
            label_features(axes[-1], self.feature_names)
        self.axes_ = axes
        self.figure_ = figure
        return self
