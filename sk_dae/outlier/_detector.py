"""The outlier detector on top of a denoising autoencoder."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, OutlierMixin, _fit_context
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import check_is_fitted, validate_data

from ..autoencoder import DenoisingAutoencoder
from ..backend.serialization import serializable
from ..base.deprecation import current_value
from ..base.feature_output import FeatureOutputMixin, in_output_container
from ..base.fitted import restored_on_failure
from ..base.inner_autoencoder import InnerAutoencoder
from ..base.meta_estimator import refuse_loss_of_other_scales, train_rows
from ..corruption import MultiScaleNoise
from ..tables.numbers import as_numbers
from ._errors import compare_errors, squared_errors, usual_errors
from ._scaling import FencedScaler

__all__ = ["DenoisingOutlierDetector"]

#: Training rows, at most, that the usual errors are learned from.
N_REFERENCES = 10_000

#: Rows that are scored together, and the bytes that they may take.
BLOCK_ROWS, BLOCK_BYTES = 256, 2**25

#: The greatest `scoring_noise_level`.
LARGEST_NOISE = 1000.0

#: Fractions of the cells that are hidden in training rows to learn the usual errors of
#: rows with gaps, and in how many rows.
GAPS, N_GAPPED = (0.25, 0.5, 0.75, 0.9), 500


#: The threshold of contamination="auto": twice the mean error of the training rows.
AUTO_OFFSET = -2.0

#: Epochs of the default autoencoder.
N_EPOCHS = 50


@serializable(standalone=True)
class DenoisingOutlierDetector(
    FeatureOutputMixin, OutlierMixin, InnerAutoencoder, BaseEstimator
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
    out. Read more in the :ref:`User Guide <outliers>`.

    Parameters
    ----------
    autoencoder : estimator or None, default=None
        An autoencoder of the package, or another with the methods ``fit`` and
        ``denoise``, which is cloned; it gets standardised columns, for which its loss
        must be made. Where its `random_state` is None, it is seeded from the
        detector's. A fitted one in a :class:`~sklearn.frozen.FrozenEstimator` is taken
        as it is. None is a :class:`DenoisingAutoencoder` that learns from
        :class:`MultiScaleNoise`.

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
        "n_draws": [Interval(Integral, 1, None, closed="left")],
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
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Learn how well usual rows are restored.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
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
        X : array-like of shape (n_samples, n_features)
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
        X : array-like of shape (n_samples, n_features)
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
        X : array-like of shape (n_samples, n_features)
            Rows; NaN stands for a missing value.

        Returns
        -------
        scores : ndarray of shape (n_samples,), dtype float64
            Greater is more usual; at most zero, and -1 for the mean of the training
            rows, or about that where values are missing. Zero for a row without an
            observed value, which nothing speaks against.
        """
        check_is_fitted(self)
        return self._score(self._validate(X, reset=False))

    def feature_contributions(self, X):
        """Compute what each feature adds to the unusualness of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
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
        given, X = X, self._validate(X, reset=False)
        contributions = np.empty(X.shape)
        for span, block in self._blocks(X):
            contributions[span] = block
        return in_output_container(self, contributions, given)

    # -- fitting ----------------------------------------------------------------------

    def _fit(self, X):
        refuse_loss_of_other_scales(self.autoencoder, self)
        X = self._validate(X, reset=True)
        random_state = check_random_state(self.random_state)
        # The draws first, so that every autoencoder is scored under the same.
        self._noise = self._draw_noise(X.shape[1], random_state)
        self._folds = self._draw_folds(X.shape[1], random_state)
        self._scaler = FencedScaler().fit(X)
        self.autoencoder_ = self._make_autoencoder(random_state)
        scaled = self._scaler.transform(X)
        if not isinstance(self.autoencoder, FrozenEstimator):
            train_rows(self.autoencoder_, scaled)

        references = scaled
        if len(X) > N_REFERENCES:
            chosen = sample_without_replacement(
                len(X), N_REFERENCES, random_state=random_state
            )
            references = scaled[np.sort(chosen)]
        observed = ~np.isnan(scaled).all(axis=0)
        usual, fractions = [], []
        for rows in self._with_gaps(references, random_state):
            errors = squared_errors(rows, self.autoencoder_, self._noise, self._folds)
            usual.append(usual_errors(errors, observed))
            fractions.append(1.0 - np.isnan(rows).mean())
        # From the rows with the most gaps on.
        self._usual_errors = np.stack(usual[::-1])
        self._fractions = np.array(fractions[::-1])
        self.offset_ = AUTO_OFFSET
        if self.contamination != "auto":
            self.offset_ = np.percentile(self._score(X), 100.0 * self.contamination)

    def _draw_noise(self, n_features, random_state):
        """Return the noise of each draw; the second half is the first's mirror image.

        Noise of the other sign takes off part of the error that the first adds.
        """
        scale = current_value(self, "scoring_noise_level")
        if scale == 0:
            return np.zeros((1, n_features), dtype=np.float32)
        n_drawn = -(-self.n_draws // 2)
        drawn = random_state.normal(scale=scale, size=(n_drawn, n_features))
        return np.concatenate([drawn, -drawn])[: self.n_draws].astype(np.float32)

    def _draw_folds(self, n_features, random_state):
        """Return the fold of each feature in every split, or None where none hides."""
        if self.n_folds is None:
            return None
        folds = np.arange(n_features) % self.n_folds
        return np.array([random_state.permutation(folds) for _ in range(self.n_draws)])

    @staticmethod
    def _with_gaps(rows, random_state):
        """Yield training rows as they are, and some of them with ever more gaps."""
        yield rows
        if len(rows) > N_GAPPED:
            chosen = sample_without_replacement(
                len(rows), N_GAPPED, random_state=random_state
            )
            rows = rows[np.sort(chosen)]
        draws = random_state.uniform(size=rows.shape)
        for fraction in GAPS:
            yield np.where(draws < fraction, np.float32(np.nan), rows)

    def _make_autoencoder(self, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        if self.autoencoder is None:
            return DenoisingAutoencoder(
                corruption=MultiScaleNoise(),
                max_iter=N_EPOCHS,
                random_state=seed,
                **self._inner_params(),
            )
        autoencoder = self._copy_of_autoencoder()
        if autoencoder.get_params(deep=False).get("random_state", seed) is None:
            autoencoder.set_params(random_state=seed)
        return autoencoder

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
            errors = squared_errors(block, self.autoencoder_, self._noise, self._folds)
            fractions = 1.0 - np.isnan(block[:n_filled]).mean(axis=1)
            usual = self._usual_errors_of(fractions)
            yield span, compare_errors(errors[:, :n_filled], usual)

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

    def _validate(self, X, *, reset):
        return validate_data(
            self,
            as_numbers(X, accept_sparse=False),
            reset=reset,
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan",
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
