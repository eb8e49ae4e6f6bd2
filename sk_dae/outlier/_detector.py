"""The outlier detector on top of a denoising autoencoder."""

from __future__ import annotations

from functools import partial
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, OutlierMixin, _fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import check_is_fitted

from ..autoencoder import DenoisingAutoencoder
from ..backend.serialization import serializable
from ..base.deprecation import current_value
from ..base.feature_output import FeatureOutputMixin, in_output_container
from ..base.fitted import restored_on_failure
from ..base.inner_autoencoder import InnerAutoencoder
from ..base.meta_estimator import refuse_loss_of_other_scales, train_rows
from ..corruption import MultiScaleNoise
from ..data.text import validate_numbers
from ..tables.checks import check_table
from ..tables.numbers import as_numbers
from ..tabular import TabularDenoisingAutoencoder
from ..training.callbacks.progress import showing_task
from ..training.callbacks.sklearn_bridge import (
    CallbackSupportMixin,
    begin_tasks,
    end_tasks,
    task_of,
    with_callbacks,
)
from ._draws import GAPS, draw_folds, draw_noise, with_gaps
from ._errors import compare_errors, squared_errors, usual_errors
from ._inputs import TableCells, TableNoise, cell_errors
from ._scaling import FencedScaler

__all__ = ["DenoisingOutlierDetector"]

#: Training rows, at most, that the usual errors are learned from.
N_REFERENCES = 10_000

#: Rows that are scored together, and the bytes that they may take.
BLOCK_ROWS, BLOCK_BYTES = 256, 2**25

#: The greatest `scoring_noise_level`.
LARGEST_NOISE = 1000.0

#: The threshold of contamination="auto": twice the mean error of the training rows.
AUTO_OFFSET = -2.0

#: Epochs of the default autoencoder.
N_EPOCHS = 50


@serializable(standalone=True)
class DenoisingOutlierDetector(
    FeatureOutputMixin,
    OutlierMixin,
    InnerAutoencoder,
    CallbackSupportMixin,
    BaseEstimator,
):
    r"""Outlier detection by how well a denoising autoencoder restores a row.

    An autoencoder learns how the features of the training rows hang together. A row
    is then corrupted in fixed ways and restored, and it is unusual where the
    restoration misses it by more than is usual for the feature: of each feature
    :math:`j` the squared errors :math:`e_j^2` are compared to the training rows',

    .. math:: s(x) = -\frac{1}{c} \max\left(N(x), \tfrac{1}{2}(N(x) + H(x))\right),
              \quad
              N(x) = \frac{1}{d} \sum_{j=1}^d
              \frac{\overline{e_j^2}(x, \text{noise})}{v_j + \lambda}, \quad
              H(x) = \frac{1}{d} \sum_{j=1}^d
              \frac{\overline{e_j^2}(x, \text{hidden})}{w_j + \lambda},

    with :math:`v_j, w_j` the means of :math:`\overline{e_j^2}` over training rows that
    have about as many values missing, and :math:`c` such that these score -1 on
    average. The bar is the mean over draws, of two kinds. *Noise*: Gaussian noise is
    added to all features. *Hidden*: the features are split into folds at random, and
    each fold is hidden and predicted from the others, which can only add to what the
    noise has shown. All draws are made once, in :meth:`fit`, and are the same for
    every row.

    Features of any unit and any tail will do: they are standardised inside, in a way
    that gross errors in the training data do not upset. Missing values (NaN) are left
    out. A column of categories is one feature, whose error is the squared distance of
    the probabilities from the category; noise leaves it as it is, and one that was
    never seen counts as one of probability zero. Read more in the
    :ref:`User Guide <outliers>`.

    Parameters
    ----------
    autoencoder : estimator or None, default=None
        An autoencoder of the package, or another with the methods ``fit`` and
        ``denoise``, which is cloned; it gets standardised columns, for which its loss
        must be made. Where its `random_state` is None, it is seeded from the
        detector's. A fitted one in a :class:`~sklearn.frozen.FrozenEstimator` is taken
        as it is. None is a :class:`DenoisingAutoencoder` that learns from
        :class:`MultiScaleNoise`; for a table with text, categories or times a
        :class:`TabularDenoisingAutoencoder`. One of these that is given reads numbers
        as tables too, and the numbers of a table are scaled as the detector scales
        them, whatever its `numeric_scaling` is.

    contamination : "auto" or float in (0, 0.5], default="auto"
        Where the threshold lies. A float is the fraction of the training rows that are
        outliers. "auto" calls a row an outlier whose errors are more than twice those
        of the training rows: an `offset_` of -2, where these have a mean of -1.

    scoring_noise_level : float, default=0.5
        Standard deviation of the noise that rows are scored under, in standard
        deviations of the features, in [0, 1000]. Zero scores rows as they are.

    n_folds : int or None, default=5
        Into how many folds the features are split to be hidden in turn; as many as
        there are features or more hides each alone. None hides none.

    n_draws : int, default=4
        How many draws of the noise, and how many random splits into folds.

    device : str, torch.device or None, default=None
        Where the autoencoder is trained, whatever the `device` of `autoencoder` is.
        None leaves it that; it is "auto" where `autoencoder` is None.

    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and an autoencoder that is not seeded itself.

    verbose : int, default=0
        Whether to show a line of progress of the training. 0 leaves a given
        autoencoder its own.

    noise_level : float, default="deprecated"
        The old name of `scoring_noise_level`.

        .. deprecated:: 0.2
           Will be removed in 0.3.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder. It knows the features as standardised inside.

    offset_ : float
        The threshold: ``decision_function(X)`` is ``score_samples(X) - offset_``.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    See Also
    --------
    sklearn.ensemble.IsolationForest : Isolation by random splits of trees.
    sklearn.neighbors.LocalOutlierFactor : Density in a neighbourhood.

    References
    ----------
    Vincent, P., Larochelle, H., Bengio, Y. and Manzagol, P.-A. (2008). Extracting and
    composing robust features with denoising autoencoders. ICML.

    Alain, G. and Bengio, Y. (2014). What regularized auto-encoders learn from the
    data-generating distribution. Journal of Machine Learning Research, 15.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import DenoisingOutlierDetector
    >>> rng = np.random.RandomState(0)
    >>> x = rng.uniform(-1, 1, size=500)
    >>> X = np.column_stack([x, 100 * x**2, -x]) + 0.05 * rng.normal(size=(500, 3))
    >>> detector = DenoisingOutlierDetector(random_state=0).fit(X)
    >>> detector.predict([[0.5, 25.0, -0.5], [0.5, 25.0, 0.5]])
    array([ 1, -1])
    """

    _parameter_constraints: dict = {
        "autoencoder": [HasMethods(["fit", "denoise"]), None],
        "contamination": [
            StrOptions({"auto"}),
            Interval(Real, 0, 0.5, closed="right"),
        ],
        "scoring_noise_level": [Interval(Real, 0, LARGEST_NOISE, closed="both")],
        "n_folds": [Interval(Integral, 2, None, closed="left"), None],
        "n_draws": [Interval(Integral, 1, 2**20, closed="both")],
        "device": [str, torch.device, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _renamed_parameters: dict = {"noise_level": "scoring_noise_level"}

    def __init__(
        self,
        autoencoder=None,
        *,
        contamination="auto",
        scoring_noise_level=0.5,
        n_folds=5,
        n_draws=4,
        device=None,
        random_state=None,
        verbose=0,
        noise_level="deprecated",
    ):
        self.autoencoder = autoencoder
        self.contamination = contamination
        self.scoring_noise_level = scoring_noise_level
        self.n_folds = n_folds
        self.n_draws = n_draws
        self.device = device
        self.random_state = random_state
        self.verbose = verbose
        self.noise_level = noise_level

    # The autoencoder is validated where it is fitted.
    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Learn how well usual rows are restored.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Training rows, few of them outliers; NaN stands for a missing value.

        y : None
            Ignored.

        Returns
        -------
        self : object
            The fitted detector.
        """
        with restored_on_failure(self):
            self._fit(X)
        return self

    def predict(self, X):
        """Tell outliers from inliers.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        is_inlier : ndarray of shape (n_samples,), dtype int
            1 for an inlier, -1 for an outlier.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X):
        """Compute how far rows are on the inliers' side of the threshold.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        decision : ndarray of shape (n_samples,), dtype float64
            ``score_samples(X) - offset_``; negative for outliers.
        """
        check_is_fitted(self)
        return self.score_samples(X) - self.offset_

    def score_samples(self, X):
        """Compute how usual rows are.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        scores : ndarray of shape (n_samples,), dtype float64
            Greater is more usual; at most zero, and -1 for the mean of the training
            rows, or about that where values are missing. Zero for a row without an
            observed value, which nothing speaks against.
        """
        check_is_fitted(self)
        return self._score(self._read(X))

    def feature_contributions(self, X):
        """Compute what each feature adds to the unusualness of each row.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        contributions : ndarray or data frame of shape (n_samples, n_features)
            They are not negative, and those of a row add up to minus its
            :meth:`score_samples`. Zero for a missing value, and for a feature without
            any observed value in training. float64, in a data frame where
            :meth:`set_output` asks for one.
        """
        check_is_fitted(self)
        given, X = X, self._read(X)
        contributions = np.empty(X.shape)
        for span, block in self._blocks(X):
            contributions[span] = block
        return in_output_container(self, contributions, given)

    # -- fitting ----------------------------------------------------------------------

    def _fit(self, X):
        refuse_loss_of_other_scales(self.autoencoder, self)
        if self._unfrozen is not self.autoencoder:
            check_is_fitted(self._unfrozen)
        is_table = self._reads_tables(X)
        X = self._validate(X, is_table, reset=True)
        random_state = check_random_state(self.random_state)
        # The draws first, so that every autoencoder is scored under the same.
        scale = current_value(self, "scoring_noise_level")
        self._noise = draw_noise(scale, self.n_draws, X.shape[1], random_state)
        self._folds = draw_folds(self.n_folds, self.n_draws, X.shape[1], random_state)
        if is_table:
            self._scaler, X = TableCells.read(X, self.autoencoder)
            self._noise[:, np.asarray(self._scaler.table.n_categories) > 0] = 0.0
        else:
            self._scaler = FencedScaler().fit(X)
        self.autoencoder_ = self._make_autoencoder(random_state)
        scaled = self._scaler.transform(X)
        trains = not isinstance(self.autoencoder, FrozenEstimator)
        begin_tasks(self, trains + 1 + len(GAPS), X)
        self._train_autoencoder(scaled)

        references = scaled
        if len(X) > N_REFERENCES:
            chosen = sample_without_replacement(
                len(X), N_REFERENCES, random_state=random_state
            )
            references = scaled[np.sort(chosen)]
        observed = ~np.isnan(scaled).all(axis=0)
        usual, fractions = [], []
        for k, rows in enumerate(with_gaps(references, random_state)):
            part = f"usual errors {k + 1} of {1 + len(GAPS)}"
            with task_of(self, part), showing_task(self, part):
                errors = self._squared_errors(rows)
                usual.append(usual_errors(errors, observed))
            fractions.append(1.0 - np.isnan(rows).mean())
        # From the rows with the most gaps on.
        self._usual_errors = np.stack(usual[::-1])
        self._fractions = np.array(fractions[::-1])
        self.offset_ = AUTO_OFFSET
        if self.contamination != "auto":
            self.offset_ = np.percentile(self._score(X), 100.0 * self.contamination)
        end_tasks(self, X)

    def _make_autoencoder(self, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        if self.autoencoder is None:
            default, corruption = DenoisingAutoencoder, MultiScaleNoise()
            if isinstance(self._scaler, TableCells):
                default = TabularDenoisingAutoencoder
                corruption = TableNoise(self._scaler.table.n_categories)
            return default(
                corruption=corruption,
                max_iter=N_EPOCHS,
                random_state=seed,
                **self._inner_params(),
            )
        autoencoder = self._copy_of_autoencoder()
        if autoencoder.get_params(deep=False).get("random_state", seed) is None:
            autoencoder.set_params(random_state=seed)
        return autoencoder

    def _train_autoencoder(self, scaled):
        if isinstance(self.autoencoder, FrozenEstimator):
            inner = self.autoencoder.estimator
            if getattr(inner, "n_features_in_", scaled.shape[1]) != scaled.shape[1]:
                raise ValueError(
                    f"X has {scaled.shape[1]} features, but the frozen autoencoder, a "
                    f"{type(inner).__name__}, was fitted on {inner.n_features_in_}."
                )
            return
        params = {}
        if isinstance(self._scaler, TableCells):
            names = getattr(self, "feature_names_in_", None)
            params = {"table": self._scaler.table, "feature_names": names}
        with task_of(self, "net", self.autoencoder_):
            train_rows(self.autoencoder_, scaled, **params)

    # -- scoring ----------------------------------------------------------------------

    def _score(self, X):
        """Return the scores of validated rows."""
        scores = np.empty(len(X))
        for span, block in self._blocks(X):
            scores[span] = -block.sum(axis=1)
        return scores

    def _blocks(self, X):
        """Yield slices over validated rows, with the contributions of their rows.

        A product of matrices may be rounded in another way for another number of rows.
        So all blocks have the same, whatever the rows that come together.
        """
        n_rows = min(BLOCK_ROWS, max(1, BLOCK_BYTES // (4 * X.shape[1])))
        block = np.zeros((n_rows, X.shape[1]), dtype=np.float32)
        for start in range(0, len(X), n_rows):
            span = slice(start, min(start + n_rows, len(X)))
            n_filled = span.stop - start
            block[:n_filled] = self._scaler.transform(X[span])
            errors = self._squared_errors(block)
            fractions = 1.0 - np.isnan(block[:n_filled]).mean(axis=1)
            usual = self._usual_errors_of(fractions)
            yield span, compare_errors(errors[:, :n_filled], usual)

    def _squared_errors(self, rows):
        measure = partial(cell_errors, self._scaler, self.autoencoder_)
        return squared_errors(rows, measure, self._noise, self._folds)

    def _usual_errors_of(self, fractions):
        """Return the usual errors of rows of which some fractions are observed.

        Parameters
        ----------
        fractions : ndarray of shape (n_samples,)
            Observed cells of each row, as a fraction.

        Returns
        -------
        usual_errors : ndarray of shape (n_kinds, n_samples, n_features)
            Between those of training rows with more gaps and with fewer.
        """
        known = self._fractions
        above = np.searchsorted(known, fractions).clip(1, len(known) - 1)
        low, high = known[above - 1], known[above]
        weight = ((fractions - low) / np.where(high > low, high - low, 1.0)).clip(0, 1)
        weight = weight[:, None, None]
        below = self._usual_errors[above - 1]
        usual = below + weight * (self._usual_errors[above] - below)
        return usual.transpose(1, 0, 2)

    def _read(self, X):
        """Return validated rows; of a table, the matrix."""
        if isinstance(self._scaler, TableCells):
            return self._scaler.table.transform(self._validate(X, True, reset=False))
        return self._validate(X, False, reset=False)

    def _validate(self, X, is_table, *, reset):
        if is_table:
            return check_table(self, X, reset=reset)
        return validate_numbers(
            self,
            as_numbers(X, accept_sparse=False),
            reset=reset,
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan",
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = self._may_take_tables
        tags.input_tags.categorical = self._may_take_tables
        return tags
