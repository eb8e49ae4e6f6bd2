"""Denoising of speech, and of other signals, by an autoencoder of spectrograms."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..autoencoder import DenoisingAutoencoder
from ..backend.serialization import serializable
from ..backend.settings import own_settings
from ..base.fitted import restored_on_failure
from ..base.inner_autoencoder import InnerAutoencoder
from ..base.meta_estimator import restore_rows, train_rows
from ..corruption import BaseCorruption, ColoredNoise, ComposeNoise, make_corruption
from ..data.waveforms import read_waveforms
from ._blocks import Sections
from ._features import mean_over_windows, windows_of
from ._fourier import ShortTimeFourier
from ._mask_error import MaskError
from ._material import draw_segments, level_of
from ._training_rows import TrainingRows

__all__ = ["SpectrogramDenoiser"]

#: The strings that `corruption` takes, and the exponents of the colors.
COLORS = {"colored": (-1.0, 2.0), "white": "white", "pink": "pink", "brown": "brown"}

#: Frames that n_draws="auto" makes, about, and the most draws.
N_FRAMES, MOST_DRAWS = 100_000, 100

#: The default autoencoder: units of each layer, and frames that a row predicts.
N_UNITS, N_PREDICTED = 512, 3

#: The rows that it is to see in all its epochs, and the least and the most of these.
#: Many draws in few epochs teach far more than few draws in many.
N_SEEN, EPOCHS = 3 * N_FRAMES, (3, 6)


@serializable(standalone=True)
class SpectrogramDenoiser(InnerAutoencoder, TransformerMixin, BaseEstimator):
    r"""Denoising of waveforms by an autoencoder of their spectrograms.

    Noise is added to clean waveforms, and an autoencoder learns to tell from each
    frame of the spectrogram of the sum, with frames around it, which part of it is the
    signal: the phase-sensitive mask

    .. math:: M_{tk} = \min\left(1, \max\left(0,
              \mathrm{Re}\, \frac{S_{tk}}{Y_{tk}} \right)\right)

    of the clean short-time Fourier transform :math:`S` and the noisy one :math:`Y`. It
    sees logarithms of magnitudes relative to the level around a frame, so that loud and
    soft recordings are treated alike. :meth:`denoise` multiplies the noisy frames by
    the predicted mask, which keeps their phase, and transforms them back.

    Made for speech, at any sampling rate; the durations suit other signals when they
    are set to a few of their periods. Read more in the
    :ref:`User Guide <signals>`.

    Parameters
    ----------
    autoencoder : estimator or None, default=None
        An autoencoder of the package, or another estimator with the methods
        ``fit(X, clean=...)`` and ``denoise``, which is cloned. It gets rows of
        standardised log-magnitudes, a frame with its context in each, and is to turn
        them into masks, in [0, 1], of the same frames; those of overlapping rows are
        averaged. Where its `random_state` is None, it is seeded from that of the
        denoiser. None is a :class:`DenoisingAutoencoder` with three layers of 512 units
        that predicts the three frames in the middle of a row; errors of its masks weigh
        the more, the louder the cell of the spectrogram is.

    sampling_rate : float, default=16000
        Samples per second of the waveforms, in Hz.

    corruption : str, corruption instance, list of these or None, default="auto"
        The noise of the training. "white", "pink" or "brown" noise, or "colored",
        which draws a color from blue to brown each time; a corruption of rows, such as
        :class:`RecordedNoise`; a list, of which each segment draws one; or None for no
        noise but that of real pairs. "auto" is None where `clean` is given to
        :meth:`fit`, and "colored" elsewhere.

    snr_db : float or pair of float, default=(-5.0, 10.0)
        Signal-to-noise ratio in decibels of the noise that `corruption` names, or the
        least and the greatest. An instance carries its own.

    window_duration : float, default=0.064
        Length of a frame, in seconds.

    hop_duration : float, default=0.016
        Time from one frame to the next, in seconds; at most half of `window_duration`.

    n_context : int, default=5
        Number of frames before a frame, and after it, that are seen with it.

    augment : bool, default=True
        Whether to vary the speed and with it the pitch of the waveforms, and the speed
        and the color of the noise, which helps with voices and noise that the training
        has not heard.

    n_draws : int or "auto", default="auto"
        How often every waveform is drawn, each time with other noise. "auto" makes
        about 100 000 frames, but draws no more than 100 times.

    device : str, torch.device or None, default=None
        Where the autoencoder is trained, whatever the `device` of `autoencoder` is.
        None leaves it that; it is "auto" where `autoencoder` is None.

    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and an autoencoder that is not seeded itself.

    verbose : int, default=0
        Whether to show a line of progress.

    Attributes
    ----------
    autoencoder_ : estimator
        The fitted autoencoder.

    corruption_ : corruption instance or None
        The fitted corruption.

    See Also
    --------
    RecordedNoise : Noise from recordings, for training.
    ShortTimeFourierTransformer : The transform alone.
    sk_dae.metrics.signal_distortion_ratio : A measure of the result.

    References
    ----------
    Lu, X., Tsao, Y., Matsuda, S. and Hori, C. (2013). Speech enhancement based on deep
    denoising autoencoder. Interspeech.

    Erdogan, H., Hershey, J. R., Watanabe, S. and Le Roux, J. (2015). Phase-sensitive
    and recognition-boosted speech separation using deep recurrent neural networks.
    ICASSP.

    Examples
    --------
    A tone that swells, in noise of any color:

    >>> import numpy as np
    >>> from sk_dae import SpectrogramDenoiser
    >>> from sk_dae.metrics import signal_distortion_ratio
    >>> time = np.arange(8000) / 8000
    >>> tones = [
    ...     np.sin(2 * np.pi * pitch * time) * np.sin(np.pi * time)
    ...     for pitch in (300, 400, 500)
    ... ]
    >>> denoiser = SpectrogramDenoiser(
    ...     sampling_rate=8000, n_draws=7, random_state=0
    ... ).fit(tones)
    >>> noise = np.random.default_rng(0).normal(size=8000) * np.std(tones[1])
    >>> noisy = tones[1] + noise
    >>> before = signal_distortion_ratio(tones[1], noisy)
    >>> after = signal_distortion_ratio(tones[1], denoiser.denoise(noisy))
    >>> bool(after > before + 5)
    True
    """

    _parameter_constraints: dict = {
        "autoencoder": [HasMethods(["fit", "denoise"]), None],
        "sampling_rate": [Interval(Real, 0, None, closed="neither")],
        "corruption": [
            StrOptions({"auto", *COLORS}),
            BaseCorruption,
            callable,
            list,
            tuple,
            None,
        ],
        "snr_db": [Real, tuple, list],
        "window_duration": [Interval(Real, 0, None, closed="neither")],
        "hop_duration": [Interval(Real, 0, None, closed="neither")],
        "n_context": [Interval(Integral, 0, 1000, closed="both")],
        "augment": ["boolean"],
        "n_draws": [
            StrOptions({"auto"}),
            Interval(Integral, 1, 100_000, closed="both"),
        ],
        "device": [str, torch.device, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        autoencoder=None,
        *,
        sampling_rate=16000,
        corruption="auto",
        snr_db=(-5.0, 10.0),
        window_duration=0.064,
        hop_duration=0.016,
        n_context=5,
        augment=True,
        n_draws="auto",
        device=None,
        random_state=None,
        verbose=0,
    ):
        self.autoencoder = autoencoder
        self.sampling_rate = sampling_rate
        self.corruption = corruption
        self.snr_db = snr_db
        self.window_duration = window_duration
        self.hop_duration = hop_duration
        self.n_context = n_context
        self.augment = augment
        self.n_draws = n_draws
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    # The autoencoder is validated where it is fitted.
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, clean=None):
        """Learn to tell clean waveforms from noise.

        Parameters
        ----------
        X : list of array-like of shape (n_samples,), or array-like of shape \
                (n_samples,) or (n_waveforms, n_samples)
            Clean waveforms of one channel, as floats or signed integers: a list of any
            lengths, one, or one in each row. Each counts as much as it is long,
            whatever its level.

        y : None
            Ignored.

        clean : as `X`, default=None
            The clean counterparts of already noisy waveforms `X`, of the same lengths
            and at the same places in time. `corruption` is added to `X` all the same,
            unless it is "auto" or None.

        Returns
        -------
        self : object
            The fitted denoiser.

        Raises
        ------
        ValueError or TypeError
            If there is no waveform, or one is empty, has more than one channel, or
            holds anything but finite real numbers; if all are silent; or if a parameter
            is not valid.
        """
        with restored_on_failure(self):
            self._fit(X, clean)
        return self

    def denoise(self, X):
        """Take the noise out of waveforms.

        Parameters
        ----------
        X : list of array-like of shape (n_samples,), or array-like of shape \
                (n_samples,) or (n_waveforms, n_samples)
            Noisy waveforms of any lengths.

        Returns
        -------
        X_denoised : list of ndarray, or ndarray of the shape of `X`
            Them, in the container and of the types that came; integers are rounded and
            clipped to the range of their type.
        """
        check_is_fitted(self)
        waveforms = read_waveforms(X)
        sections = self._sections()
        return waveforms.packed([sections.whole(x) for x in waveforms.values])

    def transform(self, X):
        """Take the noise out of waveforms, as :meth:`denoise` does.

        Parameters
        ----------
        X : list of array-like of shape (n_samples,), or array-like of shape \
                (n_samples,) or (n_waveforms, n_samples)
            Noisy waveforms of any lengths.

        Returns
        -------
        X_denoised : list of ndarray, or ndarray of the shape of `X`
            Them, in the container and of the types that came.
        """
        return self.denoise(X)

    def denoise_blocks(self, blocks):
        """Take the noise out of a waveform that comes in blocks.

        Memory holds about as much as the frames of a second or two, or a block, and the
        result is that of :meth:`denoise` for the whole, but for rounding.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (n_samples,)
            The waveform, piece by piece, in one type; a piece may have any length.

        Returns
        -------
        denoised : iterator of ndarray of shape (n_samples,)
            The denoised waveform, piece by piece, in the type that came. The pieces
            have lengths of their own, and lag behind by the frames that one depends on.

        Examples
        --------
        >>> import numpy as np
        >>> from sk_dae import SpectrogramDenoiser
        >>> wave = np.sin(np.arange(20_000) / 5.0) * 20_000
        >>> wave = wave.astype(np.int16)
        >>> denoiser = SpectrogramDenoiser(sampling_rate=8000, n_draws=1).fit(wave)
        >>> blocks = denoiser.denoise_blocks(np.array_split(wave, 7))
        >>> joined = np.concatenate(list(blocks))
        >>> bool(np.abs(joined - denoiser.denoise(wave)).max() <= 1)
        True
        """
        check_is_fitted(self)
        if not hasattr(blocks, "__iter__") or isinstance(blocks, str | bytes):
            raise TypeError(
                "blocks must be an iterable of arrays of shape (n_samples,), got "
                f"{blocks!r}."
            )
        return self._sections().stream(blocks)

    # -- fitting ----------------------------------------------------------------------

    def _fit(self, X, clean):
        fourier = ShortTimeFourier.of(self)
        process = self._make_process(clean is not None)
        waveforms = read_waveforms(X)
        noisy, clean = waveforms.values, _read_clean(clean, waveforms)
        if not any(map(level_of, noisy if clean is None else clean)):
            raise ValueError(
                f"{'X' if clean is None else 'clean'} must hold a waveform that is not "
                "silent, got zeros only."
            )
        random_state = check_random_state(self.random_state)
        autoencoder = self._make_autoencoder(fourier, random_state)
        n_draws = self.n_draws
        if n_draws == "auto":
            n_frames = 1 + sum(map(len, noisy)) // fourier.hop
            n_draws = int(np.clip(round(N_FRAMES / n_frames), 1, MOST_DRAWS))
        clean, noisy, process = draw_segments(
            noisy,
            clean,
            length=TrainingRows.SEGMENT * fourier.length,
            n_draws=n_draws,
            process=process,
            augment=self.augment,
            random_state=random_state,
        )
        own = self.autoencoder is None
        pack = MaskError.pack if own else None
        rows = TrainingRows(fourier, self.n_context, clean, noisy, pack=pack)
        params = {"clean": rows.targets}
        if own:
            n_epochs = np.clip(round(N_SEEN / len(rows.X)), *EPOCHS)
            autoencoder.set_params(max_iter=int(n_epochs))
        # The default's targets hold weights already.
        elif has_fit_parameter(autoencoder, "sample_weight"):
            params["sample_weight"] = rows.weights
        train_rows(autoencoder, rows.X, **params)
        self.autoencoder_ = autoencoder
        self.corruption_ = process
        self._fourier, self._features = fourier, rows.features

    def _make_process(self, has_clean):
        """Return the corruption of segments, not yet fitted, or None."""
        # Also where nothing is named that it would be for.
        ColoredNoise(snr_db=self.snr_db)._validate_params()
        given = self.corruption
        if isinstance(given, str) and given == "auto":
            given = None if has_clean else "colored"
        if given is None:
            if not has_clean:
                raise ValueError(
                    "corruption must not be None without clean waveforms beside noisy "
                    "ones: there would be no noise to learn from."
                )
            return None
        several = isinstance(given, list | tuple)
        processes = [self._make_one(one) for one in (given if several else [given])]
        if not processes:
            raise ValueError("corruption must not be an empty list.")
        return ComposeNoise(processes, one_of=True) if several else processes[0]

    def _make_one(self, given):
        if isinstance(given, str) and given in COLORS:
            return ColoredNoise(COLORS[given], snr_db=self.snr_db)
        if isinstance(given, type) or not (
            isinstance(given, BaseCorruption) or callable(given)
        ):
            raise TypeError(
                f"corruption must hold corruption instances or names in "
                f"{sorted(COLORS)}, got {given!r}."
            )
        process = make_corruption(given)
        process._validate_params()
        return process

    def _make_autoencoder(self, fourier, random_state):
        seed = random_state.randint(np.iinfo(np.int32).max)
        if self.autoencoder is None:
            n_predicted = min(N_PREDICTED, 2 * self.n_context + 1)
            return DenoisingAutoencoder(
                N_UNITS,
                hidden_layer_sizes=(N_UNITS,),
                code_activation="relu",
                corruption=None,
                loss=MaskError(n_predicted * fourier.n_bins),
                batch_size=128,
                learning_rate_init=0.002,
                random_state=seed,
                **self._inner_params(),
            )
        self._refuse_frozen("it is trained on frames with noise")
        autoencoder = self._copy_of_autoencoder()
        if not has_fit_parameter(autoencoder, "clean"):
            raise TypeError(
                "autoencoder of SpectrogramDenoiser must have a method "
                "fit(X, clean=...), to learn masks of frames, which "
                f"{type(autoencoder).__name__} has not."
            )
        if autoencoder.get_params(deep=False).get("random_state", seed) is None:
            autoencoder.set_params(random_state=seed)
        return autoencoder

    # -- denoising --------------------------------------------------------------------

    def _sections(self):
        """Return what denoises recordings of any length."""
        fourier, n_context = self._fourier, self._features.n_context
        # The level around a frame, the frames of a row, the rows of a mask.
        reach = 3 * n_context + -(-fourier.length // fourier.hop) + 1
        return Sections(self._denoise_section, reach * fourier.hop)

    @own_settings(grad=False)
    def _denoise_section(self, x):
        frames = self._fourier.forward(x)
        mask = torch.from_numpy(self._mask(frames))
        return self._fourier.inverse(frames * mask, len(x))

    def _mask(self, frames):
        """Return the mask of frames, as an array of shape (n_frames, n_bins)."""
        features = self._features
        rows = windows_of(
            features.of(frames)[None], features.n_context, features.of_silence
        )
        masks = restore_rows(self.autoencoder_, rows)
        loss = getattr(self.autoencoder_, "loss", None)
        if isinstance(loss, MaskError):
            masks = masks[:, loss.middle(masks.shape[1])]
        return mean_over_windows(masks, self._fourier.n_bins).clip(0.0, 1.0)


def _read_clean(clean, noisy):
    """Return the clean waveforms beside noisy ones, checked, or None."""
    if clean is None:
        return None
    clean = read_waveforms(clean, name="clean").values
    if len(clean) != len(noisy):
        raise ValueError(
            f"clean must have as many waveforms as X, {len(noisy)}, got {len(clean)}."
        )
    for i, (x, y) in enumerate(zip(noisy.values, clean, strict=True)):
        if len(x) != len(y):
            raise ValueError(
                f"clean must have waveforms of the lengths of those of X, got {len(y)} "
                f"samples for waveform {i}, which has {len(x)}."
            )
    return clean
