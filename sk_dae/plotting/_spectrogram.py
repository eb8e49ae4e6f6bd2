"""A display of spectrograms side by side."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from ..data.waveforms import check_waveform
from ..signals import ShortTimeFourierTransformer

__all__ = ["SpectrogramDisplay"]


class SpectrogramDisplay:
    """Spectrograms of waveforms side by side, such as clean, noisy and denoised.

    Make it with :meth:`from_waveforms`.

    Parameters
    ----------
    levels_db : dict of str to ndarray of shape (n_frames, n_bins)
        Levels in decibels of the frames of each waveform, by its title.

    sampling_rate : float
        Samples per second, in Hz.

    durations : dict of str to float
        Length of each waveform, in seconds.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_waveforms,)
        Where they were drawn.

    figure_ : matplotlib Figure
        The figure of `axes_`.

    images_ : list of matplotlib AxesImage
        The spectrograms.

    See Also
    --------
    sk_dae.ShortTimeFourierTransformer : Computes the frames.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae.plotting import SpectrogramDisplay
    >>> tone = np.sin(np.arange(8000) * np.linspace(0.1, 0.5, 8000))
    >>> noisy = tone + np.random.default_rng(0).normal(size=8000)
    >>> display = SpectrogramDisplay.from_waveforms(
    ...     {"clean": tone, "noisy": noisy}, sampling_rate=8000
    ... )
    >>> [ax.get_title() for ax in display.axes_]
    ['clean', 'noisy']
    """

    def __init__(self, levels_db, *, sampling_rate, durations):
        self.levels_db = levels_db
        self.sampling_rate = sampling_rate
        self.durations = durations

    @classmethod
    def from_waveforms(
        cls,
        waveforms,
        *,
        sampling_rate,
        window_duration=0.032,
        hop_duration=0.004,
        range_db=60.0,
        axes=None,
        **kwargs,
    ):
        """Draw the spectrograms of waveforms.

        Parameters
        ----------
        waveforms : dict of str to array-like of shape (n_samples,), or array-like \
                of shape (n_samples,)
            The waveforms, by their titles, or one.

        sampling_rate : float
            Samples per second, in Hz.

        window_duration, hop_duration : float, default=0.032, 0.004
            Length of a frame, and time from one to the next, in seconds.

        range_db : float, default=60.0
            Decibels between the loudest value of all, which is 0 dB, and the darkest
            color.

        axes : array-like of matplotlib Axes of shape (n_waveforms,), default=None
            Where to draw; None makes a figure.

        **kwargs : dict
            Passed to ``ax.imshow``.

        Returns
        -------
        display : SpectrogramDisplay
            The drawn display.

        Raises
        ------
        ValueError or TypeError
            If there is no waveform, or one is not valid.
        """
        check_matplotlib_support(f"{cls.__name__}.from_waveforms")
        if not isinstance(waveforms, dict):
            waveforms = {"": waveforms}
        if not waveforms:
            raise ValueError("waveforms must hold at least one waveform, got none.")
        stft = ShortTimeFourierTransformer(
            sampling_rate,
            window_duration=window_duration,
            hop_duration=hop_duration,
            output="magnitude",
        )
        found, durations = {}, {}
        for title, x in waveforms.items():
            x, _ = check_waveform(x, f"waveforms[{title!r}]" if title else "waveforms")
            found[title] = stft.fit_transform(x)
            durations[title] = len(x) / sampling_rate
        loudest = max(frames.max() for frames in found.values())
        with np.errstate(divide="ignore"):
            levels = {
                title: 20 * np.log10(frames / (loudest if loudest > 0 else 1.0))
                for title, frames in found.items()
            }
        display = cls(levels, sampling_rate=sampling_rate, durations=durations)
        return display.plot(range_db=range_db, axes=axes, **kwargs)

    def plot(self, *, range_db=60.0, axes=None, **kwargs):
        """Draw the spectrograms.

        Parameters
        ----------
        range_db : float, default=60.0
            Decibels between 0 dB and the darkest color.

        axes : array-like of matplotlib Axes of shape (n_waveforms,), default=None
            Where to draw; None makes a figure.

        **kwargs : dict
            Passed to ``ax.imshow``.

        Returns
        -------
        display : SpectrogramDisplay
            This display.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if not (isinstance(range_db, Real) and 0 < range_db < np.inf):
            raise ValueError(
                f"range_db must be a positive number of decibels, got {range_db!r}."
            )
        n_waveforms = len(self.levels_db)
        if axes is None:
            _, axes = plt.subplots(
                1,
                n_waveforms,
                sharey=True,
                squeeze=False,
                layout="constrained",
                figsize=(1.2 + 3.0 * n_waveforms, 3.4),
            )
        axes = np.ravel(axes)
        if len(axes) != n_waveforms:
            raise ValueError(
                f"axes must be as many as the waveforms, {n_waveforms}, got "
                f"{len(axes)}."
            )
        highest = self.sampling_rate / 2
        scale, unit = (1000.0, "kHz") if highest >= 1000 else (1.0, "Hz")
        options = {
            "origin": "lower",
            "aspect": "auto",
            "cmap": "magma",
            "vmin": -range_db,
            "vmax": 0.0,
            "interpolation": "nearest",
        } | kwargs
        self.images_ = []
        for ax, (title, levels) in zip(axes, self.levels_db.items(), strict=True):
            extent = (0.0, self.durations[title], 0.0, highest / scale)
            shown = np.maximum(levels, -range_db).T
            self.images_.append(ax.imshow(shown, extent=extent, **options))
            ax.set(title=title, xlabel="Time (s)")
        axes[0].set_ylabel(f"Frequency ({unit})")
        self.axes_, self.figure_ = axes, axes[0].figure
        self.figure_.colorbar(
            self.images_[-1], ax=list(axes), label="Level (dB)", pad=0.02
        )
        return self
