"""Random images for the denoiser: a finite result of the right form, or an error."""

import numpy as np
import pytest
import torch

from sk_dae import ResidualDenoiser

#: How many cases run with the tests; each takes some hundredths of a second.
N_CASES = 60

SIZES = (1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 40, 90)
CORRUPTIONS = (
    *["gaussian"] * 4,
    *("uniform", "speckle", "poisson", "masking", "salt_and_pepper"),
)


def one(rng, options):
    return options[int(rng.integers(len(options)))]


def parameters(rng):
    params = {
        "noise_level": one(
            rng, ["auto", "auto", 0, 0.1, 25.0, (0, 0.2), [1, 50], 1e30]
        ),
        "corruption": one(rng, CORRUPTIONS),
        "n_dims": one(rng, [1, 2, 2]),
        "channel_axis": one(rng, [None, None, -1, 0]),
        "data_range": one(rng, ["auto", "auto", 1, 255.0, 1e-30, 1e30]),
        "n_filters": one(rng, [1, 2, 5]),
        "n_layers": one(rng, [2, 4, 6, 8, 3]),
        "crop_size": one(rng, [2, 3, 8, 16, 64]),
        "augment": one(rng, [True, False]),
        "loss": one(rng, ["squared_error", "absolute_error"]),
        "optimizer": one(rng, ["adamw", "sgd", "rmsprop", torch.optim.Adam]),
        "learning_rate_init": one(rng, [1e-3, 1e-3, 0.1, 1e30]),
        "batch_size": one(rng, [1, 3, 100]),
        "early_stopping": one(rng, [False, False, True]),
        "precision": one(rng, ["auto", "bfloat16"]),
    }
    return {**params, "max_iter": 2, "random_state": int(rng.integers(9))}


def images(rng, params):
    """Return a list, a stack or one image, of values of all sorts."""
    rank = params["n_dims"]
    n_channels = one(rng, [1, 2, 3])
    kind = one(rng, ["list", "stack", "one"])
    values = one(rng, ["u1", "u2", "i2", "f2", "f4", "f8", "i8", "?"])
    scale = one(rng, [1.0, 1.0, 0.0, 1e-40, 1e6, 1e30])
    gaps = one(rng, [0.0, 0.0, 0.0, 0.1, 0.9, 1.0])
    made = []
    shape = [int(one(rng, SIZES)) for _ in range(rank)]
    for _ in range(1 if kind == "one" else int(rng.integers(1, 4))):
        if kind == "list":
            shape = [int(one(rng, SIZES)) for _ in range(rank)]
        full = list(shape)
        if params["channel_axis"] is not None:
            axis = params["channel_axis"] % (rank + 1)
            full.insert(axis, n_channels)
        image = rng.uniform(-0.1, 1.0, size=full)
        if values in ("u1", "u2", "i2", "i8", "?"):
            image = (100 * np.abs(image)).astype(values)
        else:
            image[rng.uniform(size=full) < gaps] = np.nan
            with np.errstate(over="ignore"):
                image = (scale * image).astype(values)
            if rng.random() < 0.05:
                image.flat[0] = np.inf
        if rng.random() < 0.2:
            image = np.asfortranarray(image)
        if rng.random() < 0.2:
            image = image[::-1]
        made.append(image)
    if kind == "one":
        return made[0]
    return np.stack(made) if kind == "stack" else made


@pytest.mark.filterwarnings("ignore:Images of floats are expected")
@pytest.mark.parametrize("case", range(N_CASES))
def test_images_are_denoised_or_refused(case):
    rng = np.random.default_rng([7, case])
    params = parameters(rng)
    training, noisy = images(rng, params), images(rng, params)
    model = ResidualDenoiser(**params)
    try:
        model.fit(training)
    except (TypeError, ValueError) as error:
        assert str(error)
        assert not hasattr(model, "net_")
        return
    assert np.isfinite(model.loss_curve_).all()
    for given in (training, noisy):
        try:
            made = model.denoise(given)
        except (TypeError, ValueError) as error:
            assert str(error)
            continue
        pairs = zip(made, given, strict=True)
        if isinstance(given, np.ndarray):
            pairs = [(made, given)]
        for a, b in pairs:
            assert a.shape == b.shape
            assert a.dtype == b.dtype
            assert np.isfinite(a).all()
