"""Features along an axis."""

from __future__ import annotations

import numpy as np

__all__ = ["height_of_names", "label_features"]

#: Names that an axis has room for.
MOST_NAMES = 40

#: Letters that the names of a few features may have to lie side by side, in all.
MOST_LETTERS = 80


def label_features(ax, names):
    """Label the x-axis of a figure by the names of features.

    Parameters
    ----------
    ax : matplotlib Axes
        Has the features at 0, 1, 2 and so on.

    names : sequence of str or None
        Their names. None numbers them. Some are shown, where there are very many.
    """
    if names is None:
        ax.xaxis.get_major_locator().set_params(integer=True)
        return
    shown, labels = _shown(names)
    ax.set_xticks(shown, labels, rotation=90 if _stand(labels) else 0)


def height_of_names(names):
    """Return the inches that labels of features need below an axis."""
    labels = [] if names is None else _shown(names)[1]
    return 0.09 * max(map(len, labels)) if _stand(labels) else 0.0


def _shown(names):
    """Return the features that are labelled, and their labels."""
    shown = np.arange(0, len(names), -(-len(names) // MOST_NAMES))
    return shown, [str(names[i]) for i in shown]


def _stand(labels):
    """Whether labels are too long to lie side by side."""
    return sum(map(len, labels)) > MOST_LETTERS
