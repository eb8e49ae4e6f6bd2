"""A display of the weights of a first layer: what its units look for."""

from __future__ import annotations

import math

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from ._estimators import find_autoencoder
from ._images import ImageOrder

__all__ = ["FiltersDisplay"]


class FiltersDisplay:
    """Weights of the units of a first layer, each drawn as its input is.

    Make it with :meth:`from_estimator`. Noise in training is what makes the units of a
    perceptron look for strokes and edges; without it many look like noise.

    Parameters
    ----------
    filters : array-like of shape (n_filters, ...)
        The weights: of one axis more they are drawn as lines, of two as images, of
        three as images with the channels last.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_rows, n_columns)
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure.

    References
    ----------
    Vincent, P., Larochelle, H., Lajoie, I., Bengio, Y. and Manzagol, P.-A. (2010).
    Stacked denoising autoencoders: learning useful representations in a deep network
    with a local denoising criterion. Journal of Machine Learning Research, 11.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import DenoisingAutoencoder
    >>> from sk_dae.plotting import FiltersDisplay
    >>> X = load_digits().data / 16
    >>> dae = DenoisingAutoencoder(16, max_iter=2, random_state=0).fit(X)
    >>> display = FiltersDisplay.from_estimator(dae, image_shape=(8, 8), n_filters=30)
    >>> display.axes_.shape
    (3, 10)
    """

    def __init__(self, filters):
        self.filters = filters

    @classmethod
    def from_estimator(cls, estimator, *, n_filters=50, image_shape=None, **kwargs):
        """Draw the filters of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance, Pipeline or search
            Fitted: an autoencoder of the package that a net is trained in, a classifier
            or a regressor around one, or a pipeline or a search that holds one.

        n_filters : int, default=50
            How many to show at most: those of the greatest length, in the order of the
            units.

        image_shape : tuple of int, default=None
            Height and width, where a row is an image, and the number of channels of one
            in colour. Filters of convolutions need none.

        **kwargs : dict
            Passed to ``imshow`` for images, and to ``plot`` for lines.

        Returns
        -------
        display : FiltersDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If the estimator has no net whose first layer is known.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimator = getattr(estimator, "best_estimator_", estimator)
        step = find_autoencoder(estimator)
        if step is None and hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        estimator = estimator if step is None else step[1]
        check_is_fitted(estimator)
        module = getattr(getattr(estimator, "net_", None), "module_", None)
        layers = getattr(module, "encoder", None)
        weight = None
        if layers is not None and len(layers):
            weight = getattr(layers[0], "weight", None)
        if weight is None:
            raise TypeError(
                "FiltersDisplay needs an autoencoder whose encoder is a list of "
                f"layers, such as DenoisingAutoencoder, got {type(estimator).__name__}."
            )
        weight = weight.detach().cpu().numpy()
        if weight.ndim == 2 and image_shape is not None:
            if math.prod(image_shape) != weight.shape[1]:
                raise ValueError(
                    f"image_shape must have a product of {weight.shape[1]}, the number "
                    f"of inputs, got {image_shape}."
                )
            order = ImageOrder.of(estimator, None, image_shape)
            weight = weight.reshape(len(weight), *order.shape)
        elif weight.ndim == 4:
            # Channels last; without the height of a signal, and without one channel.
            weight = np.moveaxis(weight, 1, -1)
            if weight.shape[1] == 1 and len(estimator.sample_shape_) < 3:
                weight = weight[:, 0]
            if weight.shape[-1] == 1:
                weight = weight[..., 0]
        lengths = np.square(weight).reshape(len(weight), -1).sum(axis=1)
        chosen = np.sort(np.argsort(-lengths, kind="stable")[:n_filters])
        return cls(weight[chosen]).plot(**kwargs)

    def plot(self, *, figure=None, **kwargs):
        """Draw the filters.

        Parameters
        ----------
        figure : matplotlib Figure or SubFigure, default=None
            Where to draw; None makes a figure.

        **kwargs : dict
            Passed to ``imshow`` for images, and to ``plot`` for lines.

        Returns
        -------
        display : FiltersDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        filters = np.asarray(self.filters)
        images = filters.ndim > 2 and filters.shape[-1] != 2
        n_columns = min(10, len(filters))
        n_rows = -(-len(filters) // n_columns)
        if figure is None:
            figure = plt.figure(
                figsize=(0.8 * n_columns, 0.8 * n_rows), layout="constrained"
            )
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
            ax.set_axis_off()
        for ax, weights in zip(axes.flat, filters, strict=False):
            ax.set_axis_on()
            # Each in its own range, with zero in the middle.
            limit = max(float(np.abs(weights).max()), 1e-12)
            if not images:
                ax.plot(weights, **kwargs)
                ax.set_ylim(-1.1 * limit, 1.1 * limit)
            elif weights.ndim == 3:
                ax.imshow(weights / (2 * limit) + 0.5, **kwargs)
            else:
                options = {"cmap": "gray", "vmin": -limit, "vmax": limit, **kwargs}
                ax.imshow(weights, **options)
        self.axes_ = axes
        self.figure_ = figure
        return self
