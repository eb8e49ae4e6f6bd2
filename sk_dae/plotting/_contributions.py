"""A display of what makes rows unusual."""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from ._estimators import feature_names_of

__all__ = ["ContributionsDisplay"]

#: Color of what the features that are not named add.
OTHERS = "0.8"

#: Rows that are named beside their bars, at most.
MOST_ROW_NAMES = 60


class ContributionsDisplay:
    """Parts that the features add to the unusualness of rows.

    One row has a bar for each feature; of several rows each is a bar, of the parts that
    the features add. Make it with :meth:`from_estimator`.

    Parameters
    ----------
    contributions : array-like of shape (n_samples, n_features)
        Parts of the features; not negative.

    feature_names : sequence of str of length n_features, default=None
        Names of the features. None numbers them.

    row_names : sequence of length n_samples, default=None
        Names of the rows. None numbers them.

    offset : float, default=None
        The threshold of the detector, a score; None shows none.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.

    figure_ : matplotlib Figure
        The figure of `ax_`.

    bars_ : list of matplotlib BarContainer
        The bars: for one row a single container, for several one for each of the
        features named, and one for all others.

    features_ : ndarray of int
        The features named, that of the greatest contribution first.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sk_dae import DenoisingOutlierDetector
    >>> from sk_dae.plotting import ContributionsDisplay
    >>> X = load_wine(as_frame=True).data
    >>> detector = DenoisingOutlierDetector(random_state=0).fit(X)
    >>> display = ContributionsDisplay.from_estimator(detector, X[:3])
    >>> display.ax_.get_xlabel()
    'Contribution to minus the score'
    """

    def __init__(
        self, contributions, *, feature_names=None, row_names=None, offset=None
    ):
        self.contributions = contributions
        self.feature_names = feature_names
        self.row_names = row_names
        self.offset = offset

    @classmethod
    def from_estimator(cls, estimator, X, *, ax=None, max_features=8, **kwargs):
        """Draw the contributions of the features of rows.

        Parameters
        ----------
        estimator : estimator instance, Pipeline or search
            Fitted outlier detector with ``feature_contributions``, or a pipeline or
            search that ends in one, whose features are those that the detector gets.

        X : data frame or array-like of shape (n_samples, n_features)
            The rows.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        max_features : int or None, default=8
            How many features to show, at most; the others are one part. None shows
            all.

        **kwargs : dict
            Passed to ``ax.barh``.

        Returns
        -------
        display : ContributionsDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If `estimator` has no contributions.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimator = getattr(estimator, "best_estimator_", estimator)
        check_is_fitted(estimator)
        names, index = None, list(X.index) if hasattr(X, "iloc") else None
        detector = estimator
        if isinstance(estimator, Pipeline):
            detector, before = estimator[-1], estimator[:-1]
            if len(before):
                X = before.transform(X)
                names = _names_behind(before)
        if not hasattr(detector, "feature_contributions"):
            raise TypeError(
                "estimator must be an outlier detector with feature_contributions, or "
                f"a pipeline or search that ends in one, got {type(detector).__name__}."
            )
        display = cls(
            np.asarray(detector.feature_contributions(X)),
            feature_names=feature_names_of(detector, X) or names,
            row_names=index,
            offset=getattr(detector, "offset_", None),
        )
        return display.plot(ax=ax, max_features=max_features, **kwargs)

    def plot(self, *, ax=None, max_features=8, **kwargs):
        """Draw the contributions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        max_features : int or None, default=8
            How many features to show, at most; the others are one part. None shows
            all.

        **kwargs : dict
            Passed to ``ax.barh``.

        Returns
        -------
        display : ContributionsDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        parts = np.asarray(self.contributions, dtype=np.float64)
        n_samples, n_features = parts.shape
        names = self.feature_names
        if names is None:
            names = [f"feature {j}" for j in range(n_features)]
        n_shown = n_features if max_features is None else min(max_features, n_features)
        # Those that add the most to a row, whichever it is.
        order = np.argsort(-parts.max(axis=0, initial=0.0), kind="stable")
        self.features_ = order[:n_shown]
        labels = [str(names[j]) for j in self.features_]
        shown, n_others = parts[:, self.features_], n_features - n_shown
        if n_others:
            others = parts.sum(axis=1, keepdims=True) - shown.sum(axis=1, keepdims=True)
            shown = np.hstack([shown, others])
            labels.append(f"{n_others} other{'s' if n_others > 1 else ''}")
        if ax is None:
            n_bars = len(labels) if n_samples == 1 else n_samples
            size = (6.4 if n_samples == 1 else 8.4, 1.0 + 0.3 * max(n_bars, 4))
            _, ax = plt.subplots(figsize=size, layout="constrained")
        draw = self._draw_row if n_samples == 1 else self._draw_rows
        self.bars_ = draw(ax, shown, labels, n_others, kwargs)
        ax.invert_yaxis()
        ax.set_xlabel("Contribution to minus the score")
        self.ax_ = ax
        self.figure_ = ax.figure
        return self

    def _draw_row(self, ax, shown, labels, n_others, kwargs):
        """Draw a bar for each feature of the only row."""
        colors = ["C0"] * len(labels)
        if n_others:
            colors[-1] = OTHERS
        places = np.arange(len(labels))
        bars = ax.barh(places, shown[0], **{"color": colors, **kwargs})
        ax.set_yticks(places, labels)
        title = f"minus the score: {shown.sum():.3g}"
        if self.row_names is not None:
            title = f"row {self.row_names[0]}, {title}"
        if self.offset is not None:
            title += f", threshold {-self.offset:.3g}"
        ax.set_title(title, fontsize="medium")
        return [bars]

    def _draw_rows(self, ax, shown, labels, n_others, kwargs):
        """Draw a bar for each row, of the parts of its features."""
        import matplotlib as mpl

        n_samples = len(shown)
        places, left = np.arange(n_samples), np.zeros(n_samples)
        n_named = len(labels) - bool(n_others)
        # Less the grays, which are the color of the others.
        palette = np.delete(mpl.colormaps["tab10"].colors, 7, axis=0)
        if n_named > len(palette):
            palette = np.delete(mpl.colormaps["tab20"].colors, [14, 15], axis=0)
        bars = []
        for i, label in enumerate(labels):
            color = palette[i % len(palette)] if i < n_named else OTHERS
            options = {"color": color, "label": label, **kwargs}
            bars.append(ax.barh(places, shown[:, i], left=left, **options))
            left += shown[:, i]
        handles = list(bars)
        if self.offset is not None:
            line = ax.axvline(-self.offset, color="0.1", linestyle="--")
            line.set_label("threshold")
            handles.append(line)
        names = range(n_samples) if self.row_names is None else self.row_names
        if n_samples <= MOST_ROW_NAMES:
            ax.set_yticks(places, [str(name) for name in names])
        ax.set_ylabel("Row")
        ax.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False
        )
        return bars


def _names_behind(transformers):
    """Return the names of what a fitted pipeline makes of named features, or None."""
    if not hasattr(transformers, "feature_names_in_"):
        return None
    try:
        return list(transformers.get_feature_names_out())
    except AttributeError:
        # A step of the user's own that has no names.
        return None
