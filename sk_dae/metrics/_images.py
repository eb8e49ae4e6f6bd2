"""Measures of images: of their noise, and of how like one another they are."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
    validate_params,
)

from ..backend.suggestions import with_suggestions
from ..data.images import range_of, read_images
from ..data.noise_estimates import estimate_level
from ..data.text import naming_text
from ..tables.numbers import as_numbers

__all__ = [
    "estimate_noise_level",
    "peak_signal_noise_ratio",
    "structural_similarity",
]

#: Width of the window of the structural similarity.
_WINDOW = 11


@with_suggestions
@validate_params(
    {
        "X_true": ["array-like"],
        "X_pred": ["array-like"],
        "data_range": [Interval(Real, 0, None, closed="neither"), None],
        "average": [StrOptions({"all", "samples"}), None],
    },
    prefer_skip_nested_validation=True,
)
def peak_signal_noise_ratio(X_true, X_pred, *, data_range=None, average="all"):
    r"""Compute the peak signal-to-noise ratio (PSNR) in decibels.

    .. math:: \mathrm{PSNR} = 10 \log_{10} \frac{R^2}{\mathrm{MSE}(X, \hat X)}

    Parameters
    ----------
    X_true : array-like of shape (n_samples, ...) or list of ndarray
        The clean rows, or images: a stack of one size, or a list of images of several
        sizes. A single image is taken for rows, so that `average` should be "all".

    X_pred : array-like or list of ndarray
        Noisy or denoised rows or images, of the same shapes.

    data_range : float, default=None
        The distance :math:`R` between the least and the greatest possible value: 1
        for pixels in [0, 1], 255 for bytes. None takes it from `X_true`.

    average : {"all", "samples"} or None, default="all"
        Whether to take the error over all cells together, to average the ratios of
        the rows or images, as is usual for images, or to return one for each.

    Returns
    -------
    psnr : float or ndarray of shape (n_samples,)
        The ratio; infinite where nothing differs.

    Raises
    ------
    ValueError
        If the shapes differ, or `data_range` is None and `X_true` is constant.

    Examples
    --------
    >>> from sk_dae.metrics import peak_signal_noise_ratio
    >>> round(peak_signal_noise_ratio([[0.0, 1.0]], [[0.1, 0.9]], data_range=1.0), 6)
    20.0
    """
    if _differ_in_size(X_true):
        return _ratio_of_images(X_true, X_pred, data_range, average)
    given = {"X_true": X_true, "X_pred": X_pred}
    for name, X in given.items():
        with naming_text(X, "peak_signal_noise_ratio", input_name=name):
            X = as_numbers(X, accept_sparse=False, input_name=name)
            given[name] = check_array(
                X, dtype=np.float64, input_name=name, allow_nd=True
            )
    X_true, X_pred = given.values()
    if X_true.shape != X_pred.shape:
        raise ValueError(
            f"X_pred must have the shape of X_true, {X_true.shape}, got {X_pred.shape}."
        )
    if data_range is None:
        data_range = _range_of([X_true])
    errors = np.square(X_true - X_pred).reshape(len(X_true), -1)
    return _in_decibels(
        errors.mean(axis=None if average == "all" else 1), data_range, average
    )


def _differ_in_size(images):
    return (
        isinstance(images, list | tuple)
        and len({getattr(image, "shape", None) for image in images}) > 1
    )


def _ratio_of_images(X_true, X_pred, data_range, average):
    """Return the ratio of a list of images of several sizes."""
    lists = []
    for name, images in (("X_true", X_true), ("X_pred", X_pred)):
        if not isinstance(images, list | tuple) or len(images) != len(X_true):
            raise ValueError(
                f"{name} must be a list of {len(X_true)} images, as X_true is."
            )
        lists.append(
            [
                check_array(
                    image,
                    dtype=np.float64,
                    input_name=f"{name}[{i}]",
                    allow_nd=True,
                    ensure_2d=False,
                )
                for i, image in enumerate(images)
            ]
        )
    for i, (a, b) in enumerate(zip(*lists, strict=True)):
        if a.shape != b.shape:
            raise ValueError(
                f"X_pred[{i}] must have the shape of X_true[{i}], {a.shape}, got "
                f"{b.shape}."
            )
    if data_range is None:
        data_range = _range_of(lists[0])
    errors = [np.square(a - b) for a, b in zip(*lists, strict=True)]
    if average == "all":
        total = sum(float(error.sum()) for error in errors)
        error = total / sum(error.size for error in errors)
    else:
        error = np.array([error.mean() for error in errors])
    return _in_decibels(error, data_range, average)


def _range_of(arrays):
    least = min(float(array.min()) for array in arrays)
    greatest = max(float(array.max()) for array in arrays)
    if least == greatest:
        raise ValueError("data_range must be given where X_true is constant.")
    return greatest - least


def _in_decibels(error, data_range, average):
    with np.errstate(divide="ignore"):
        psnr = 10.0 * np.log10(data_range**2 / error)
    return psnr if average is None else float(np.mean(psnr))


@with_suggestions
@validate_params(
    {
        "data_range": [Interval(Real, 0, None, closed="neither"), None],
        "channel_axis": [Integral, None],
        "average": [StrOptions({"samples"}), None],
    },
    prefer_skip_nested_validation=True,
)
def structural_similarity(
    X_true, X_pred, *, data_range=None, channel_axis=None, average="samples"
):
    """Compute the structural similarity (SSIM) of images, by scikit-image.

    With a Gaussian window of standard deviation 1.5 and the covariance of the
    population, as the authors have it.

    Parameters
    ----------
    X_true : array-like or list of array-like
        The clean images: one, a stack, or a list of images of any sizes.

    X_pred : array-like or list of array-like
        Noisy or denoised images, of the same sizes.

    data_range : float, default=None
        The distance between the least and the greatest possible value. None is the
        greatest value of the dtype for integers of 8 or 16 bits, and 1 for floats.

    channel_axis : int or None, default=None
        The axis of the channels in one image; None for gray images.

    average : {"samples"} or None, default="samples"
        Whether to average over the images, or to return a value for each.

    Returns
    -------
    ssim : float or ndarray of shape (n_images,)
        The similarity; 1 where nothing differs.

    Raises
    ------
    ImportError
        If scikit-image is not installed.

    ValueError
        If the sizes differ, an image is smaller than the window of 11 pixels, or
        `data_range` must be given.

    References
    ----------
    Wang, Z., Bovik, A. C., Sheikh, H. R. and Simoncelli, E. P. (2004). Image quality
    assessment: from error visibility to structural similarity. IEEE Transactions on
    Image Processing, 13.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae.metrics import structural_similarity
    >>> image = np.tile(np.linspace(0, 1, 32), (32, 1))
    >>> structural_similarity(image, image)
    1.0
    """
    try:
        from skimage.metrics import structural_similarity as ssim
    except ImportError:
        raise ImportError(
            "structural_similarity needs scikit-image: pip install sk-dae[image]."
        ) from None
    true = read_images(X_true, channel_axis=channel_axis, name="X_true").arrays
    pred = read_images(X_pred, channel_axis=channel_axis, name="X_pred").arrays
    shapes = [[image.shape for image in images] for images in (true, pred)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"X_pred must have the shapes of X_true, {shapes[0][:5]}, got "
            f"{shapes[1][:5]}."
        )
    values = []
    for i, (a, b) in enumerate(zip(true, pred, strict=True)):
        if min(a.shape[:2]) < _WINDOW:
            raise ValueError(
                f"X_true must have images of at least {_WINDOW} pixels in height and "
                f"width, got {a.shape[:2]} in image {i}."
            )
        extent = range_of(a.dtype) if data_range is None else data_range
        if extent is None:
            raise ValueError(f"data_range must be given for images of {a.dtype}.")
        values.append(
            ssim(
                a.astype(np.float64),
                b.astype(np.float64),
                data_range=extent,
                channel_axis=2,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
            )
        )
    return np.array(values) if average is None else float(np.mean(values))


@with_suggestions
@validate_params(
    {"n_dims": [Options(Integral, {1, 2})], "channel_axis": [Integral, None]},
    prefer_skip_nested_validation=True,
)
def estimate_noise_level(images, *, n_dims=2, channel_axis=None):
    r"""Estimate the standard deviation of Gaussian noise in images or signals.

    .. math:: \hat\sigma = \operatorname{median}(|d|) / 0.6745,

    with the details :math:`d` of the finest scale of a wavelet transform. Details that
    are zero, as in areas of one colour, are left out. Fine texture counts as noise, and
    noise that was clipped seems weaker than it was.

    Parameters
    ----------
    images : array-like or list of array-like
        One image, a stack, or a list of images of any sizes. NaN stands for a missing
        pixel.

    n_dims : {1, 2}, default=2
        2 for images, 1 for signals.

    channel_axis : int or None, default=None
        The axis of the channels in one image, over which the level is averaged; None
        for gray images and plain signals.

    Returns
    -------
    level : float or ndarray of shape (n_images,)
        The standard deviation, in the units of the images: a number for one image,
        one for each of several. Zero where nothing can be told, as of a single pixel.

    Notes
    -----
    On one image it agrees with ``estimate_sigma`` of scikit-image to about 1 %.

    References
    ----------
    Donoho, D. L. and Johnstone, I. M. (1994). Ideal spatial adaptation by wavelet
    shrinkage. Biometrika, 81.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae.metrics import estimate_noise_level
    >>> noisy = 100 + np.random.RandomState(0).normal(0, 10, size=(200, 300))
    >>> round(estimate_noise_level(noisy))
    10
    """
    read = read_images(images, n_dims=n_dims, channel_axis=channel_axis)
    levels = [estimate_level(image) for image in read.arrays]
    return levels[0] if read.kind == "one" else np.array(levels)
