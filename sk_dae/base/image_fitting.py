"""The course of a fit on crops of images: read, prepare, train, and only then change.

The training itself is that of every other estimator: rows, here crops, with a
corruption, an objective and a net.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..backend.devices import find_device
from ..backend.precision import find_precision
from ..backend.user_warnings import warn_user
from ..corruption import CORRUPTIONS, make_corruption
from ..corruption._crops import CropNoise, LeveledNoise
from ..data.crops import CropBatches, CropPlaces, CropRows, PixelRows
from ..data.images import LARGEST, fill_gaps, padded, range_of
from ..losses import LOSSES
from ..modules import ResidualNet
from ..training.callbacks.sklearn_bridge import end_tasks
from ..training.objective import EncoderInput
from ..training.run import TrainingRun
from .trainer import NetTrainer

__all__ = ["PIXEL_CORRUPTIONS", "CropFitting"]

#: Steps that `max_iter="auto"` aims at.
AUTO_STEPS = 2000

#: The strings that `corruption` takes: processes of a pixel that need no other one.
PIXEL_CORRUPTIONS = {
    name: CORRUPTIONS[name]
    for name in (
        "gaussian",
        "uniform",
        "speckle",
        "poisson",
        "masking",
        "salt_and_pepper",
    )
}

#: Corruptions whose level is in the units of the images.
_IN_UNITS = ("gaussian", "uniform", "poisson")

#: The level of Gaussian noise that "auto" means, in units of the range of the values.
AUTO_LEVELS = (0.0, 0.2)

#: Values of float images, as multiples of their range, beyond which they are probably
#: in other units.
FAR_OUT = 10.0


@dataclass(frozen=True)
class CropData:
    """Images that crops are taken from, with what is known of them.

    Parameters
    ----------
    images, targets : list of ndarray of shape (height, width, n_channels)
        The images that go in, without gaps, and those that should come out.

    scales, target_scales : list of float
        The number that their values are divided by.

    has_missing : bool
        Whether a pixel of the targets is missing.
    """

    images: list
    targets: list
    scales: list
    target_scales: list
    has_missing: bool

    @property
    def paired(self):
        """Whether the targets are other images than those that go in."""
        return any(a is not b for a, b in zip(self.images, self.targets, strict=True))

    def mean(self):
        """Return the mean of all pixels that go in, in the units of the net."""
        total = sum(
            float(image.sum(dtype=np.float64)) / scale
            for image, scale in zip(self.images, self.scales, strict=True)
        )
        return total / sum(image.size for image in self.images)

    def part(self, index, cut=None):
        """Return the data of some of the images, or of a part of each."""

        def of(values):
            return [values[i] for i in index]

        images, targets = of(self.images), of(self.targets)
        if cut is not None:
            same = [a is b for a, b in zip(images, targets, strict=True)]
            images = [image[cut] for image in images]
            targets = [
                a if is_same else b[cut]
                for a, b, is_same in zip(images, targets, same, strict=True)
            ]
        return CropData(
            images, targets, of(self.scales), of(self.target_scales), self.has_missing
        )

    def rows(self, crop_shape, augment, generator):
        """Return the crops that go in and those that should come out, or None."""
        sizes = [np.maximum(image.shape[:2], crop_shape) for image in self.images]
        places = CropPlaces(sizes, crop_shape, augment, generator)
        images = [padded(image, crop_shape) for image in self.images]
        rows = CropRows(images, self.scales, places)
        if not self.paired:
            return rows, None
        targets = [padded(image, crop_shape) for image in self.targets]
        return rows, CropRows(targets, self.target_scales, places)


class CropFitting(NetTrainer):
    """Mixin of an estimator that trains a net on crops of images."""

    def _fit_images(self, images, clean):
        """Train on images that have been read."""
        device = find_device(self.device)
        unit = self._find_unit(images)
        data = self._make_data(images, clean, unit)
        levels, noise = self._make_noise(data, unit, clean is not None)
        streams = self._make_streams(device, resume=False)
        crop_shape = self._find_crop_shape(data)
        loss = LOSSES[self.loss]().to(device)
        train, valid = self._make_batches(data, crop_shape, device, streams)
        loss.fit_rows(train.rows, None)
        module = ResidualNet(
            crop_shape,
            images.n_channels,
            n_filters=self.n_filters,
            n_layers=self.n_layers,
            takes_level=isinstance(noise, LeveledNoise),
            offset=data.mean(),
            generator=streams["init"],
        )
        run = TrainingRun(
            train,
            valid,
            device,
            streams,
            EncoderInput(loss),
            has_missing=data.has_missing,
        )
        net = self._make_net(module, loss, device, corruption=noise)
        epochs = self._n_epochs(len(train))
        fitted = {
            "_device": device,
            "_unit": unit,
            "_noise": noise,
            "n_channels_": images.n_channels,
            "noise_level_": levels,
        }
        shown = images.arrays
        net.train(
            run, epochs, watchers=self._make_watchers(shown, epochs, fitted, y=shown)
        )
        fitted |= self._record(net, 0, epochs, run)
        vars(self).update(fitted)
        end_tasks(self, shown, shown)
        return self

    @staticmethod
    def _auto_epochs(n_batches):
        return -(-AUTO_STEPS // n_batches)

    def _precision_of_products(self, device):
        return find_precision(self.precision, device)

    # -- units ------------------------------------------------------------------------

    def _find_unit(self, images):
        """Return what the values of all images are relative to, or None: the dtype's.

        Signals have no usual range, and get that of the training signals.
        """
        if self.data_range != "auto":
            return float(self.data_range)
        if images.n_dims == 1:
            low = min(float(np.nanmin(signal)) for signal in images.arrays)
            high = max(float(np.nanmax(signal)) for signal in images.arrays)
            return high - low if high > low else 1.0
        return None

    def _scales_of(self, images, unit, name="images"):
        """Return what the values of each image are divided by."""
        if unit is not None:
            return [unit] * len(images.arrays)
        scales = [range_of(image.dtype) for image in images.arrays]
        if None in scales:
            dtype = images.arrays[scales.index(None)].dtype
            raise ValueError(
                f"data_range must be given for images of {dtype}, such as 255 for "
                f"pixels of that range; {name} are of it."
            )
        if len(set(scales)) > 1:
            kinds = sorted(map(str, images.dtypes))
            raise ValueError(
                f"{name} must be of one dtype, since the level of the noise is in "
                f"their units, got {', '.join(kinds)}."
            )
        return scales

    @staticmethod
    def _check_magnitudes(images, scales, name="images"):
        """Refuse what float32 does not hold, and say that floats are not in [0, 1]."""
        sizes = [
            float(np.fmax.reduce(np.abs(image), None)) / scale
            if image.dtype.kind == "f"
            else 0.0
            for image, scale in zip(images.arrays, scales, strict=True)
        ]
        greatest = max(sizes)
        if greatest > LARGEST:
            raise ValueError(
                f"{name} contain a value too large for dtype('float32'), in units of "
                f"data_range={scales[0]:g}."
            )
        if greatest > FAR_OUT and scales[0] == 1.0 and images.n_dims == 2:
            warn_user(
                "Images of floats are expected in [0, 1], but there are values up to "
                f"{greatest:.3g}. Divide by their range, or set data_range, such as "
                "data_range=255."
            )

    # -- parts ------------------------------------------------------------------------

    def _make_data(self, images, clean, unit):
        scales = self._scales_of(images, unit)
        self._check_magnitudes(images, scales)
        filled = [fill_gaps(image) for image in images.arrays]
        targets, target_scales = images.arrays, scales
        if clean is not None:
            targets, target_scales = clean.arrays, self._scales_of(clean, unit, "clean")
            self._check_magnitudes(clean, target_scales, "clean")
            for i, (a, b) in enumerate(zip(images.arrays, targets, strict=True)):
                if a.shape != b.shape:
                    raise ValueError(
                        f"clean must have the shapes of images, but image {i} is of "
                        f"size {a.shape[:2]} and its clean one of {b.shape[:2]}."
                    )
        gaps = [
            image.dtype.kind == "f" and bool(np.isnan(image).any()) for image in targets
        ]
        return CropData(filled, targets, scales, target_scales, any(gaps))

    def _make_noise(self, data, unit, paired):
        """Return the level in the units of the images, and what corrupts crops."""
        if self.corruption is None:
            if not paired:
                raise ValueError(
                    "corruption=None needs clean, the clean counterparts of noisy "
                    "images: there is nothing to be learned otherwise."
                )
            return None, None
        scale = data.scales[0]
        level = self._check_level(scale)
        if isinstance(level, tuple):
            return level, LeveledNoise(tuple(end / scale for end in level))
        automatic = isinstance(level, str)
        if not automatic and self.corruption in _IN_UNITS:
            level = level / scale
        process = make_corruption(self.corruption, level)
        process.level_name = "noise_level"
        pixels = PixelRows(data.images, data.scales)
        process.fit_rows(pixels, np.random.RandomState(0))
        shown = process.level_
        if self.corruption in _IN_UNITS:
            shown = shown * scale if automatic else self.noise_level
        return shown, CropNoise(process)

    def _check_level(self, scale):
        """Return the level as a float, a pair of them or "auto"."""
        level = self.noise_level
        if isinstance(level, str):
            if self.corruption != "gaussian":
                return level
            return tuple(end * scale for end in AUTO_LEVELS)
        expected = (
            "noise_level must be a number of at least 0, or a pair (low, high) with "
            f"0 <= low < high, got {level!r}."
        )
        try:
            ends = np.asarray(level, dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(expected) from None
        if not np.isfinite(ends).all() or (ends < 0).any():
            raise ValueError(expected)
        if ends.ndim == 0:
            return float(ends)
        if ends.shape != (2,) or not ends[0] < ends[1]:
            raise ValueError(expected)
        if self.corruption != "gaussian":
            raise ValueError(
                "noise_level must be a number with a corruption other than 'gaussian', "
                f"got {level!r} with corruption={self.corruption!r}."
            )
        return tuple(ends.tolist())

    def _find_crop_shape(self, data):
        """Return the size of crops: not much larger than the largest image."""
        largest = np.max([image.shape[:2] for image in data.images], axis=0)
        # A multiple of what any net folds its pixels by.
        height, width = (4 * -(-min(self.crop_size, n) // 4) for n in largest.tolist())
        return (1 if self.n_dims == 1 else height), width

    def _make_batches(self, data, crop_shape, device, streams):
        train, valid = data, None
        if self.early_stopping:
            train, valid = self._split(data, streams)
        generator = streams["shuffle"]
        rows, targets = train.rows(crop_shape, self.augment, generator)
        batches = CropBatches(
            rows,
            None,
            self.batch_size,
            device,
            targets=targets,
            generator=generator,
        )
        if valid is None:
            return batches, None
        rows, targets = valid.rows(crop_shape, False, streams["split"])
        return batches, CropBatches(
            rows, None, self.batch_size, device, targets=targets
        )

    def _split(self, data, streams):
        """Set images aside, or a strip of one where there is no other."""
        n_images = len(data.images)
        generator = streams.restart("split")
        if n_images > 1:
            n_valid = max(1, round(self.validation_fraction * n_images))
            n_valid = min(n_valid, n_images - 1)
            order = torch.randperm(n_images, generator=generator).tolist()
            return data.part(order[n_valid:]), data.part(order[:n_valid])
        height, width = data.images[0].shape[:2]
        axis, size = (0, height) if height > width else (1, width)
        n_valid = max(1, round(self.validation_fraction * size))
        if n_valid >= size:
            raise ValueError(
                "early_stopping=True leaves no pixel to train on: there is one image, "
                f"of size {(height, width)}."
            )
        cuts = [slice(None, size - n_valid), slice(size - n_valid, None)]
        return tuple(
            data.part([0], cut if axis == 0 else (slice(None), cut)) for cut in cuts
        )
