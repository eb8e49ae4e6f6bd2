"""The denoising autoencoder in closed form."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .backend.devices import find_device
from .backend.serialization import serializable
from .backend.user_warnings import warn_user
from .base.current import check_parameters
from .base.fitted import FittedMixin, restored_on_failure
from .base.streaming import StreamReading
from .base.transformer import BaseAutoencoder
from .data.checks import check_weights, name_columns
from .data.rows import rows_of
from .data.statistics import ColumnStatistics
from .data.streams import check_stream_to_fit, parts_of_stream
from .data.weights import drop_weightless, uneven
from .linear.layers import (
    LayerInputs,
    device_of_sums,
    fit_layer,
    fit_parts,
    most_frequent,
)
from .linear.maps import LinearStack
from .linear.moments import Scatter
from .linear.regression import (
    undo_masking,
)
from .modules import ACTIVATIONS
from .tables.units import type_in_units
from .training.callbacks.sklearn_bridge import (
    CallbackSupportMixin,
    begin_tasks,
    end_tasks,
    task_of,
    with_callbacks,
)

__all__ = ["MarginalizedDenoisingAutoencoder"]

#: Up to this many columns `fit` keeps its sums, 8 MiB at most, for `partial_fit`.
KEPT_WIDTH = 1024


def _adds_up(estimator):
    """Refuse to go on where sums over the rows do not say everything."""
    for name, only in (("n_layers", 1), ("n_pivots", None)):
        value = getattr(estimator, name)
        if value != only:
            raise AttributeError(f"partial_fit needs {name}={only}, got {value!r}.")
    return True


@serializable(standalone=True)
class MarginalizedDenoisingAutoencoder(
    StreamReading, FittedMixin, CallbackSupportMixin, BaseAutoencoder
):
    r"""Stacked linear denoising autoencoders in closed form, without training.

    Each layer is the linear map that restores rows best from which cells were
    deleted at random, on average over all deletions: an expectation that need not be
    drawn. With probability :math:`p` a cell becomes zero; :math:`W` and :math:`b`
    minimise

    .. math:: \mathbb{E}\left[ \lVert x - W \tilde x - b \rVert^2 \right] ,

    which is a regression whose covariances are known. The features are :math:`h =
    \tanh(W x + b)`, and the next layer does the same with them. This is the
    marginalised stacked denoising autoencoder (mSDA). It suits rows of many columns
    that are zero when there is nothing, such as words of texts, and is fitted in the
    time of a few products of matrices.

    Missing values (NaN) enter as the mean of their column. Features are float32;
    reconstructions are so where the data of the fit were float32 or float16, and
    float64 elsewhere. Read more in the :ref:`User Guide <marginalized>`.

    X may be larger than memory: a memory map, or in place of an array a
    :class:`RowStream`, a pyarrow Dataset or a dask collection, which are read a part at
    a time; see :ref:`scaling_up`.

    Parameters
    ----------
    n_layers : int, default=3
        Number of layers. Each is as wide as the input, or as `n_pivots` says.

    noise_level : float in [0, 1) or sequence of float, default=0.5
        Probability that a cell is deleted; for all layers, or for each.

    activation : str, default="tanh"
        Activation after each linear map: "tanh", "identity", "relu", "logistic" or
        another key of :data:`sk_dae.modules.ACTIVATIONS`.

    alpha : float, default=1e-5
        Ridge penalty of the regressions, relative to the mean square of all cells. It
        tells columns that hardly vary from others; the noise, in proportion to each
        column, does not.

    n_pivots : int or None, default=None
        For many columns: the first layer predicts only that many of them, those that
        are most often other than zero (of columns alike, the first). The columns are
        split at random into parts of about this size; each part predicts the pivots,
        and the predictions are averaged. Further layers are of this width. None, and a
        number not below that of the columns, takes all columns together.

    features : {"code", "layers", "reconstruction"}, default="code"
        Result of :meth:`transform`: the last layer; the input and all layers side by
        side; or what :meth:`denoise` returns.

    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is "cuda" where torch finds it, and
        "cpu" elsewhere. With "mps", which has no float64, the fit runs on the CPU.

    random_state : int, RandomState instance or None, default=None
        Splits the columns into parts, with `n_pivots`. Nothing else is random.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_outputs), dtype float32
        The map of each layer, transposed: :math:`W^\top`. Computed when it is asked
        for.

    intercepts_ : list of ndarray of shape (n_outputs,), dtype float32
        The bias of each layer.

    pivots_ : ndarray of shape (n_pivots,) or None
        Indices of the columns that the first layer predicts; None where it predicts
        all.

    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    device_ : str
        The device that holds the maps.

    See Also
    --------
    DenoisingAutoencoder : With a code of any width, trained by gradient descent.

    Notes
    -----
    The time of a layer is that of a few products of square matrices of `n_features`
    columns, and of one of the rows with such a matrix. Each layer holds 4 bytes for
    each pair of columns, and the fit takes about 24 besides. Where rows are fewer than
    half the columns, and columns more than 1024, no such matrix is formed: a layer then
    holds 8 bytes for each cell of X. X itself is read in chunks. The activations of all
    rows are kept from layer to layer during the fit where they take at most 1 GiB, and
    are computed again elsewhere.

    References
    ----------
    Chen, M., Xu, Z., Weinberger, K. and Sha, F. (2012). Marginalized denoising
    autoencoders for domain adaptation. ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk_dae import MarginalizedDenoisingAutoencoder
    >>> X = load_digits().data / 16
    >>> mda = MarginalizedDenoisingAutoencoder(2, noise_level=0.5).fit(X)
    >>> mda.transform(X).shape
    (1797, 64)
    >>> mda.set_params(features="layers").transform(X).shape
    (1797, 192)
    """

    _decodes = False
    _learned = "_stack"
    _parameter_constraints: dict = {
        **BaseAutoencoder._parameter_constraints,
        "n_layers": [Interval(Integral, 1, 2**16, closed="both")],
        "noise_level": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "n_pivots": [Interval(Integral, 1, None, closed="left"), None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_layers=3,
        *,
        noise_level=0.5,
        activation="tanh",
        alpha=1e-5,
        n_pivots=None,
        features="code",
        device="auto",
        random_state=None,
    ):
        self.n_layers = n_layers
        self.noise_level = noise_level
        self.activation = activation
        self.alpha = alpha
        self.n_pivots = n_pivots
        self.features = features
        self.device = device
        self.random_state = random_state

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, sample_weight=None):
        """Compute the layers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training rows; NaN stands for a missing value.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row. A row of weight two is a row that is there twice, and
            one of weight zero is left out.

        Returns
        -------
        self : object
            The fitted autoencoder.
        """
        with self._unharmed_by_failure():
            check_stream_to_fit(self, X, sample_weight=sample_weight)
            sample_weight, X = drop_weightless(sample_weight, X)
            X = self._validate_rows(X, reset=True)
            levels = self._check_noise_levels()
            device = find_device(self.device)
            weights = None
            if sample_weight is not None:
                weights = check_weights(sample_weight, scale=False)
            statistics = ColumnStatistics.of(rows_of(X, weights=uneven(sample_weight)))
            inputs = LayerInputs(X, weights, device_of_sums(device))
            pivots = scatter = by_parts = None
            begin_tasks(self, self.n_layers, X)
            with task_of(self, "layer"):
                if self.n_pivots is None or self.n_pivots >= X.shape[1]:
                    layer, mean, observed, scatter = fit_layer(
                        inputs, statistics.means, levels[0], float(self.alpha)
                    )
                    if self.n_layers > 1 or X.shape[1] > KEPT_WIDTH:
                        scatter = None
                else:
                    random_state = check_random_state(self.random_state)
                    pivots = most_frequent(inputs, self.n_pivots)
                    layer, by_parts, mean, observed = fit_parts(
                        inputs,
                        statistics.means,
                        pivots,
                        levels[0],
                        float(self.alpha),
                        random_state.randint(np.iinfo(np.int32).max),
                    )
            stack = LinearStack(mean, observed, [layer], self.activation, by_parts)
            for level in levels[1:]:
                with task_of(self, "layer"):
                    inputs.advance(stack)
                    layer = fit_layer(inputs, None, level, float(self.alpha))[0]
                    stack.layers.append(layer)
            self._warn_of_empty_columns(observed)
        # All at once, and last: whatever failed before has changed nothing.
        self._set_fitted(stack, device, pivots, scatter)
        self._data_type = type_in_units(X.dtype)
        end_tasks(self, X)
        return self

    @available_if(_adds_up)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, *, sample_weight=None):
        """Add rows, and compute the layer anew.

        After any number of calls the layer is that of one fit with all rows. Only with
        ``n_layers=1`` and ``n_pivots=None``. It goes on from earlier calls, and from
        :meth:`fit`, but of more than 1024 columns that keeps no sums to go on from.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Further rows; NaN stands for a missing value.

        y : None
            Ignored.

        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row.

        Returns
        -------
        self : object
            The autoencoder, fitted to all rows so far.
        """
        # scikit-learn leaves it out where there was a fit.
        check_parameters(self)
        # A stream that can be read once comes in several parts.
        with restored_on_failure(self):
            for part in parts_of_stream(self, X):
                self._add(part, sample_weight)
        return self

    def _add(self, X, sample_weight):
        """Add rows that are not validated, and compute the layer anew."""
        first = not hasattr(self, "_stack")
        if not first and self._scatter is None:
            raise ValueError(
                "partial_fit cannot go on from this fit, which kept no sums: it had "
                f"more than one layer, pivots, or more than {KEPT_WIDTH} columns. Call "
                "partial_fit on a clone, with all rows."
            )
        with self._unharmed_by_failure():
            check_stream_to_fit(self, X, sample_weight=sample_weight)
            sample_weight, X = drop_weightless(sample_weight, X)
            X = self._validate_rows(X, reset=first)
            (level,) = self._check_noise_levels()
            device = find_device(self.device)
            weights = None
            if sample_weight is not None:
                weights = check_weights(sample_weight, scale=False)
            statistics = ColumnStatistics.of(rows_of(X, weights=uneven(sample_weight)))
            inputs = LayerInputs(X, weights, device_of_sums(device))
            if first:
                scatter = Scatter(inputs.centre(statistics.means))
            else:
                scatter = self._scatter.copy_to(inputs.device)
            moments = inputs.add_to(scatter).moments()
            layer = undo_masking(moments, level, float(self.alpha))
            stack = LinearStack(
                moments.mean, moments.observed, [layer], self.activation
            )
            if first:
                self._warn_of_empty_columns(moments.observed)
        self._set_fitted(stack, device, None, scatter)
        if first:
            self._data_type = type_in_units(X.dtype)

    def denoise(self, X):
        """Restore `X` by the linear map of the first layer.

        With `n_pivots`, each column is restored from its own part of the columns.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows of which cells have become zero; NaN stands for a missing value.

        Returns
        -------
        X_denoised : ndarray of shape (n_samples, n_features)
            The rows as they are expected to have been: float32 where the rows of the
            fit were float32 or float16, float64 elsewhere.
        """
        return super().denoise(X)

    def get_feature_names_out(self, input_features=None):
        """Get the names of the features that :meth:`transform` returns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input's features, where they were not seen during fit.

        Returns
        -------
        feature_names_out : ndarray of str objects
            One name per column. With ``features="layers"`` the input keeps its names.
        """
        check_is_fitted(self)
        self._check_features()
        if self.features != "layers":
            return super().get_feature_names_out(input_features)
        prefix = type(self).__name__.lower()
        names = list(_check_feature_names_in(self, input_features))
        for layer, width in enumerate(self._stack.widths):
            names += [f"{prefix}_layer{layer}_{i}" for i in range(width)]
        return np.asarray(names, dtype=object)

    @property
    def coefs_(self):
        """The transposed map of each layer."""
        check_is_fitted(self)
        return [layer.matrix().cpu().numpy() for layer in self._stack.layers]

    @property
    def intercepts_(self):
        """The bias of each layer."""
        check_is_fitted(self)
        return [layer.bias.cpu().numpy() for layer in self._stack.layers]

    # -- fitting ----------------------------------------------------------------------

    def _check_noise_levels(self):
        levels = self.noise_level
        if isinstance(levels, Real):
            return [float(levels)] * self.n_layers
        try:
            checked = np.asarray(levels, dtype=np.float64)
            valid = checked.shape == (self.n_layers,)
            valid = valid and bool(((checked >= 0) & (checked < 1)).all())
        except (TypeError, ValueError):
            valid = False
        if not valid:
            raise ValueError(
                f"noise_level must be a number in [0, 1), or one for each of the "
                f"{self.n_layers} layers, got {levels!r}."
            )
        return checked.tolist()

    def _warn_of_empty_columns(self, observed):
        empty = np.flatnonzero(~observed.cpu().numpy())
        if len(empty):
            names = getattr(self, "feature_names_in_", None)
            warn_user(
                "Nothing is observed in these columns, which are reconstructed as 0: "
                f"{name_columns(empty, names)}.",
            )

    def _set_fitted(self, stack, device, pivots, scatter):
        cpu = torch.device("cpu")
        self._scatter = None if scatter is None else scatter.copy_to(cpu)
        self._stack = stack.copy_to(device)
        self._device = device
        self.device_ = str(device)
        self.pivots_ = pivots

    # -- tensors ----------------------------------------------------------------------

    def _features(self, X):
        X = self._stack.fill(X)
        if self.features == "reconstruction":
            return self._stack.restore(X)
        hidden = self._stack.hidden(X)
        return hidden[-1] if self.features == "code" else torch.cat([X, *hidden], dim=1)

    def _reconstruct(self, X):
        return self._stack.restore(self._stack.fill(X))

    # -- arrays -----------------------------------------------------------------------

    @property
    def _n_code(self):
        return self._stack.widths[-1]

    @property
    def _n_features_out(self):
        if self.features == "reconstruction":
            return self.n_features_in_
        if self.features == "code":
            return self._n_code
        return self.n_features_in_ + sum(self._stack.widths)

    @property
    def _widest(self):
        return max(self.n_features_in_, *self._stack.widths)
