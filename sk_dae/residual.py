"""The denoiser of images and signals of any size."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from .backend.nested_parameters import NestedParameters
from .backend.precision import PRECISIONS
from .backend.serialization import serializable
from .backend.suggestions import SuggestingMixin
from .base.current import check_parameters
from .base.image_fitting import PIXEL_CORRUPTIONS, CropFitting
from .base.tiled_prediction import denoise_arrays
from .data.images import as_dtype, fill_gaps, read_images
from .data.noise_estimates import estimate_level
from .training.callbacks.sklearn_bridge import with_callbacks

__all__ = ["ResidualDenoiser"]


@serializable(standalone=True)
class ResidualDenoiser(
    CropFitting, SuggestingMixin, NestedParameters, TransformerMixin, BaseEstimator
):
    r"""Denoiser of images and signals of any size, which predicts the noise.

    A convolutional net is trained on random crops of images, to which noise is added,
    and learns to predict the noise, which is then subtracted [1]_, [2]_. It works at
    the full resolution and has no code, and denoises images of any size, large ones in
    tiles of bounded memory, without seams.

    Images may be a list of arrays of different sizes, a stack, or one array. They are
    gray, of shape (height, width), unless `channel_axis` says where the channels are,
    as in scikit-image. With ``n_dims=1`` they are signals, of shape (n_times,) or with
    channels. What comes back has the container and the dtype of what came: integers are
    rounded and clipped. NaN stands for a missing pixel, which is left out of the loss
    and filled in by :meth:`denoise`. Read more in the :ref:`User Guide <images>`.

    Parameters
    ----------
    noise_level : "auto", float or pair of float, default="auto"
        Level of the corruption: standard deviation ("gaussian") or half-width
        ("uniform"), in the units of the images, so that 25 for bytes is 25 / 255 for
        floats; what one count is worth, in these units ("poisson"); standard deviation
        relative to the value ("speckle"); fraction of the pixels ("masking",
        "salt_and_pepper"). With a pair (low, high) of levels of "gaussian", every crop
        gets a level of its own, and the net is told it: in :meth:`denoise` the user
        gives the level, or it is estimated. "auto" is the pair from zero to a fifth of
        the range with "gaussian", and elsewhere the default of the process that the
        name stands for.

    corruption : str or None, default="gaussian"
        The damage to crops in training, pixel by pixel: "gaussian", "uniform",
        "speckle", "poisson", "masking", "salt_and_pepper"; None for nothing, with real
        pairs in :meth:`fit`. The noise is not clipped.

    channel_axis : int or None, default=None
        The axis of the channels in one image; None for gray images and plain signals.

    n_dims : {1, 2}, default=2
        2 for images, 1 for signals.

    data_range : "auto" or float, default="auto"
        The number that the net divides values by. "auto" is the greatest value of the
        dtype for integers of 8 or 16 bits, 1 for floats, which are expected in [0, 1],
        and the range of the training data for signals. Give 4095 for pixels of 12 bits
        in uint16, or 255 for floats of that range.

    n_filters : int, default=64
        Channels between the convolutions.

    n_layers : int, default=12
        Number of convolutions of three by three; even.

    crop_size : int, default=64
        Height and width of the crops, which the largest image bounds.

    augment : bool, default=True
        Whether crops are flipped, and square ones turned by quarters too. False for
        what has a direction, such as text, or an electrocardiogram.

    loss : {"squared_error", "absolute_error"}, default="squared_error"
        The loss of the pixels.

    optimizer : str or type, default="adamw"
        "adamw", "adam", "sgd" (momentum 0.9), "nesterov", "rmsprop", or an optimizer
        class of torch.

    learning_rate_init : float, default=0.001
        The learning rate; its greatest value where it changes.

    learning_rate : {"one_cycle", "cosine", "constant"}, default="one_cycle"
        How it changes over the training: a linear rise over the first quarter and
        half a cosine down to zero; half a cosine down to zero; not at all.

    alpha : float, default=0.0
        Weight decay, decoupled from the gradient with "adamw".

    batch_size : int, default=16
        Crops of a batch, at most.

    max_iter : int or "auto", default="auto"
        Number of epochs; with `early_stopping`, at most. An epoch has as many crops as
        tile the images. "auto" makes at least 2000 steps.

    early_stopping : bool, default=False
        Whether to set images aside (of one image, a strip), to stop when the loss of
        their crops no longer improves, and to restore the weights of the best epoch.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the images, or of the one image, that is set aside.

    n_iter_no_change : int, default=10
        Epochs without an improvement before training stops, with `early_stopping`.

    tol : float, default=1e-6
        Least improvement of the validation loss, with `early_stopping`, in units of
        the range.

    net_callbacks : list of skorch callbacks or None, default=None
        Called while the net trains. skorch's EarlyStopping, and one that raises
        :class:`StopTraining`, end the training.

    device : str or torch.device, default="auto"
        "cpu", "cuda", "cuda:1", "mps"; "auto" is "cuda" where torch finds it, and
        "cpu" elsewhere.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        The type of the products in training: "bfloat16" takes less time where the
        processor or the GPU has instructions for it, which "auto" finds out. Weights,
        losses and all that comes back are float32 in any case.

    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the places of the crops, the noise and the choice of
        the validation images.

    verbose : int, default=0
        Whether to show a line of progress.

    Attributes
    ----------
    net_ : DenoisingNet
        The trained ``skorch.NeuralNet``, on rows that are flattened crops;
        ``net_.module_`` is the torch module.

    noise_level_ : float, pair of float or None
        The level of the training, in the units of its images.

    n_channels_ : int
        Number of channels of an image; 1 without `channel_axis`.

    n_iter_ : int
        Number of epochs.

    loss_curve_ : list of float
        Mean training loss of each epoch, in units of the range.

    validation_loss_curve_ : list of float or None
        Loss of the validation crops, with the same noise each time; None without
        `early_stopping`.

    best_loss_ : float
        The least validation loss, or without `early_stopping` the least training
        loss.

    device_ : str
        The device that holds the net.

    See Also
    --------
    DenoisingAutoencoder : Features of rows, through a code.
    sk_dae.metrics.estimate_noise_level : The level of the noise in an image.

    References
    ----------
    .. [1] Zhang, K., Zuo, W., Chen, Y., Meng, D. and Zhang, L. (2017). Beyond a
       Gaussian denoiser: residual learning of deep CNN for image denoising. IEEE
       Transactions on Image Processing, 26.

    .. [2] Zhang, K., Zuo, W. and Zhang, L. (2018). FFDNet: toward a fast and flexible
       solution for CNN-based image denoising. IEEE Transactions on Image Processing,
       27.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_sample_images
    >>> from sk_dae import ResidualDenoiser
    >>> photographs = load_sample_images().images
    >>> denoiser = ResidualDenoiser(
    ...     25, channel_axis=-1, n_filters=8, n_layers=4, max_iter=1, random_state=0
    ... ).fit([photograph[:128, :128] for photograph in photographs])
    >>> denoised = denoiser.denoise(photographs[0][:50, :31])
    >>> denoised.shape, denoised.dtype
    ((50, 31, 3), dtype('uint8'))
    """

    _parameter_constraints: dict = {
        **CropFitting._parameter_constraints,
        "noise_level": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="left"),
            tuple,
            list,
        ],
        "corruption": [StrOptions(set(PIXEL_CORRUPTIONS)), None],
        "channel_axis": [Integral, None],
        "n_dims": [Options(Integral, {1, 2})],
        "data_range": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "n_filters": [Interval(Integral, 1, 4096, closed="both")],
        "n_layers": [Interval(Integral, 2, 1024, closed="both")],
        "crop_size": [Interval(Integral, 2, 2**15, closed="both")],
        "augment": ["boolean"],
        "loss": [StrOptions({"squared_error", "absolute_error"})],
        "precision": [StrOptions(set(PRECISIONS))],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
    }
    del _parameter_constraints["callbacks"]
    _renamed_parameters: dict = {}
    _set_by_validation = ()

    def __init__(
        self,
        noise_level="auto",
        *,
        corruption="gaussian",
        channel_axis=None,
        n_dims=2,
        data_range="auto",
        n_filters=64,
        n_layers=12,
        crop_size=64,
        augment=True,
        loss="squared_error",
        optimizer="adamw",
        learning_rate_init=0.001,
        learning_rate="one_cycle",
        alpha=0.0,
        batch_size=16,
        max_iter="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-6,
        net_callbacks=None,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
    ):
        self.noise_level = noise_level
        self.corruption = corruption
        self.channel_axis = channel_axis
        self.n_dims = n_dims
        self.data_range = data_range
        self.n_filters = n_filters
        self.n_layers = n_layers
        self.crop_size = crop_size
        self.augment = augment
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.net_callbacks = net_callbacks
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, images, y=None, *, clean=None):
        """Train the net on random crops of images.

        Parameters
        ----------
        images : array-like or list of array-like
            One image, a stack, or a list of images of any sizes. NaN stands for a
            missing pixel.

        y : None
            Ignored.

        clean : array-like or list of array-like, default=None
            The clean counterparts of already noisy `images`, to be restored in their
            place. `images` are corrupted all the same; pass ``corruption=None`` with
            real pairs.

        Returns
        -------
        self : object
            The fitted denoiser.
        """
        if self.n_layers % 2:
            raise ValueError(
                "n_layers must be even, since all convolutions but the first and the "
                f"last stand in pairs, got {self.n_layers}."
            )
        with self._unharmed_by_failure():
            read = self._read(images)
            if clean is not None:
                clean = self._read(clean, "clean")
                if len(clean.arrays) != len(read.arrays):
                    raise ValueError(
                        "clean must hold the counterpart of every image, "
                        f"{len(read.arrays)} of them, got {len(clean.arrays)}."
                    )
            return self._fit_images(read, clean)

    def denoise(self, images, noise_level=None):
        """Remove the noise.

        Parameters
        ----------
        images : array-like or list of array-like
            One noisy image, a stack, or a list of images of any sizes. NaN stands for
            a missing pixel, which is filled in.

        noise_level : float or array-like of shape (n_images,), default=None
            The standard deviation of the noise, in the units of the images, for all or
            for each; only for a net that was trained for a range of levels. None
            estimates it from each image
            (:func:`~sk_dae.metrics.estimate_noise_level`).

        Returns
        -------
        denoised : ndarray or list of ndarray
            Images of the sizes, the dtype and the container of those that came.
            Integers are rounded and clipped; floats are not clipped.
        """
        check_is_fitted(self)
        check_parameters(self, "channel_axis", "data_range")
        read = self._read(images)
        if read.n_channels != self.n_channels_:
            raise ValueError(
                f"images must have {self.n_channels_} channels, as those of fit, got "
                f"{read.n_channels}."
            )
        scales = self._scales_of(read, self._unit)
        self._check_magnitudes(read, scales)
        filled = [fill_gaps(image) for image in read.arrays]
        levels = self._levels_for(read, scales, noise_level)
        module = self.net_.module_
        made = denoise_arrays(module, filled, scales, levels, self._device)
        return read.wrapped(
            [
                _in_units(denoised, scale, image.dtype)
                for denoised, scale, image in zip(
                    made, scales, read.arrays, strict=True
                )
            ]
        )

    def transform(self, images):
        """Remove the noise, as :meth:`denoise` does without a level.

        Parameters
        ----------
        images : array-like or list of array-like
            One noisy image, a stack, or a list of images of any sizes.

        Returns
        -------
        denoised : ndarray or list of ndarray
            Images of the sizes, the dtype and the container of those that came.
        """
        return self.denoise(images)

    def _read(self, images, name="images"):
        return read_images(
            images, n_dims=self.n_dims, channel_axis=self.channel_axis, name=name
        )

    def _levels_for(self, read, scales, given):
        """Return the level of the noise in each image for the net, or None."""
        n_images = len(read.arrays)
        takes_level = self.net_.module_.takes_level
        if given is not None and not takes_level:
            raise ValueError(
                "noise_level can be given to a denoiser that was trained for a range "
                f"of levels; this one was for {self.noise_level_}. Fit it with "
                "noise_level=(low, high)."
            )
        if not takes_level:
            return None
        if given is None:
            low, high = self._noise.levels
            estimates = [estimate_level(image) for image in read.arrays]
            return [
                min(max(level / scale, low), high)
                for level, scale in zip(estimates, scales, strict=True)
            ]
        try:
            levels = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            levels = np.array(np.nan)
        if (
            levels.shape not in ((), (n_images,))
            or not (np.isfinite(levels) & (levels >= 0)).all()
        ):
            raise ValueError(
                "noise_level must be None, a number of at least 0 or one for each of "
                f"the {n_images} images, got {given!r}."
            )
        return (np.broadcast_to(levels, n_images) / np.array(scales)).tolist()

    def _adopt_net(self, net):
        """Take a net that was built from a file."""
        net.corruption = self._noise
        self.net_ = net

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        return tags


def _in_units(image, scale, dtype):
    """Return an image of the net in the units and the dtype of the one that came."""
    if not np.isfinite(image).all():
        raise ValueError(
            "The net gives numbers that are not finite: the values of the images are "
            "too large. Set data_range to their range, before fit."
        )
    return as_dtype(image.astype(np.float64) * scale, dtype)
