"""A display of the losses of trainings."""

from __future__ import annotations

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from ..imputation import DenoisingImputer
from ..outlier import DenoisingOutlierDetector

__all__ = ["LossCurveDisplay"]


class LossCurveDisplay:
    """Loss of the training and the validation rows, epoch by epoch.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,), or list of such
        Training losses; of several trainings a list of theirs.

    validation_loss_curve : array-like of shape (n_validated,), or list, default=None
        Validation losses, of the last epochs; of several trainings a list of theirs.

    loss_name : str, default="loss"
        Kind of the losses.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.

    figure_ : matplotlib Figure
        The figure of `ax_`.

    lines_ : list of matplotlib Line2D
        The curves: those of training losses, and after them those of validation
        losses.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_dae import DenoisingAutoencoder
    >>> from sk_dae.plotting import LossCurveDisplay
    >>> X = load_iris().data
    >>> dae = DenoisingAutoencoder(2, max_iter=5, random_state=0).fit(X)
    >>> LossCurveDisplay.from_estimator(dae).ax_.get_xlabel()
    'Epoch'
    """

    def __init__(self, loss_curve, *, validation_loss_curve=None, loss_name="loss"):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.loss_name = loss_name

    @classmethod
    def from_estimator(cls, estimator, *, ax=None, log_scale=True, **kwargs):
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator instance, Pipeline or search
            Fitted: an autoencoder, a classifier or regressor, of which the curve is
            that of the fine-tuning, an outlier detector, of which it is that of the
            autoencoder inside, or an imputer, which has several; or a pipeline or
            search that holds one. In a pipeline of several, the autoencoder is shown.

        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        log_scale : bool, default=True
            Whether the losses have a logarithmic axis.

        **kwargs : dict
            Passed to ``ax.plot``.

        Returns
        -------
        display : LossCurveDisplay
            The drawn display.

        Raises
        ------
        TypeError
            If nothing in `estimator` has a loss curve.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        # A search stands for the best that it found.
        estimator = getattr(estimator, "best_estimator_", estimator)
        trained, several = _trained_within(estimator)
        curves = [member.loss_curve_ for member in trained]
        validated = [member.validation_loss_curve_ for member in trained]
        if None in validated:
            validated = None
        if not several:
            curves, validated = curves[0], validated and validated[0]
        display = cls(
            curves,
            validation_loss_curve=validated,
            loss_name=type(trained[0].net_.criterion_).__name__,
        )
        return display.plot(ax=ax, log_scale=log_scale, **kwargs)

    def plot(self, *, ax=None, log_scale=True, **kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.

        log_scale : bool, default=True
            Whether the losses have a logarithmic axis.

        **kwargs : dict
            Passed to ``ax.plot``.

        Returns
        -------
        display : LossCurveDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        curves = _as_list(self.loss_curve)
        validated = _as_list(self.validation_loss_curve)
        several = f" of {len(curves)} autoencoders" if len(curves) > 1 else ""
        shared = {"alpha": 0.6} if several else {}
        self.lines_ = []
        for curve in curves:
            epochs = np.arange(1, len(curve) + 1)
            options = shared | _style_of(self.lines_, f"training{several}") | kwargs
            self.lines_ += ax.plot(epochs, curve, **options)
        drawn = []
        for curve, trained in zip(validated, curves, strict=False):
            curve = np.asarray(curve)
            epochs = np.arange(len(trained) - len(curve), len(trained)) + 1
            options = shared | _style_of(drawn, f"validation{several}") | kwargs
            drawn += ax.plot(epochs, curve, **options)
            best = int(np.argmin(curve))
            label = "best epochs" if several else f"best epoch ({epochs[best]})"
            ax.plot(
                epochs[best],
                curve[best],
                "o",
                color=drawn[-1].get_color(),
                label=label if len(drawn) == 1 else None,
            )
        self.lines_ += drawn
        if log_scale:
            ax.set_yscale("log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="Epoch", ylabel=f"Loss of the corrupted rows ({self.loss_name})")
        ax.legend()
        self.ax_ = ax
        self.figure_ = ax.figure
        return self


def _as_list(curves):
    """Return the curves of all trainings, of which there may be one."""
    if curves is None:
        return []
    return list(curves) if len(curves) and np.ndim(curves[0]) else [curves]


def _style_of(drawn, label):
    """Return the label of the first curve of a kind, and its color for the others."""
    return {"color": drawn[0].get_color()} if drawn else {"label": label}


def _trained_within(estimator):
    """Return what has loss curves in an estimator, and whether there may be several."""
    steps = [estimator]
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps]
    steps = [
        step.estimator if isinstance(step, FrozenEstimator) else step for step in steps
    ]
    for attribute in ("corruption_", "loss_curve_"):
        for step in steps:
            if hasattr(step, attribute) and hasattr(step, "loss_curve_"):
                return [step], False
    for step in steps:
        if isinstance(step, DenoisingImputer | DenoisingOutlierDetector):
            check_is_fitted(step)
            several = isinstance(step, DenoisingImputer)
            return _members_of(step, several), several
    check_is_fitted(estimator)
    raise TypeError(
        "estimator must be an autoencoder, a predictor, detector or imputer with one "
        f"inside, or a pipeline or search that holds one, got "
        f"{type(estimator).__name__}."
    )


def _members_of(estimator, several):
    members = estimator.estimators_ if several else [estimator.autoencoder_]
    members = [
        member.estimator if isinstance(member, FrozenEstimator) else member
        for member in members
    ]
    if not members:
        raise ValueError(
            "estimator has trained no autoencoder, since nothing was observed in its "
            "rows."
        )
    for member in members:
        if not hasattr(member, "loss_curve_"):
            raise TypeError(
                f"The autoencoder of a {type(estimator).__name__} must have a loss "
                f"curve to be shown, got {type(member).__name__}."
            )
    return members
