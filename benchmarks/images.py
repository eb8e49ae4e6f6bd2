"""Removing noise from photographs and digits, against BM3D and filters.

Photographs: Set12 with Gaussian noise of standard deviation 25, in 0..255 and not
clipped. `ResidualDenoiser` is trained on 380 of the 400 photographs of BSD400, of 180
by 180 pixels; its settings were chosen on the other 20, and Set12 took no part. Peers
measured in the same run: BM3D (the package `bm3d`), non-local means and wavelets
(scikit-image), which are told the level of the noise. The figures of DnCNN-S, FFDNet,
DRUNet and SwinIR are those of the papers; they were trained for days on GPUs.

PSNR is the mean over the images, for a range of 255, of results that are not rounded.

Digits: MNIST with Gaussian noise of standard deviation 0.5, clipped to [0, 1]. All
60 000 training digits, or the first of them, and 10 000 test digits. PSNR is that of
all pixels together, for a range of 1.

Costs: the time of a training step over that of a hand-written torch loop of the same
net and batch, that take turns; the time of a photograph of 512 by 512 pixels; the peak
memory of a process that denoises 4 000 by 3 000 pixels.

Read from the folder that the environment variable SK_DAE_DATA names:
`images/bsd400_train.npz` (X, uint8, 400 x 180 x 180), `images/set12.npz` (twelve uint8
arrays) and `mnist.npz` (X_train, X_test, uint8, rows of 784).

    SK_DAE_DATA=folder python benchmarks/images.py
    python benchmarks/images.py --parts photographs --save model.safetensors
    python benchmarks/images.py --parts photographs costs --load model.safetensors
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

import sk_dae
from _report import Report, available_cores
from sk_dae import (
    ConvolutionalDenoisingAutoencoder,
    DenoisingAutoencoder,
    ResidualDenoiser,
)
from sk_dae.metrics import peak_signal_noise_ratio, structural_similarity

SIGMA = 25
N_TRAIN = 380
PUBLISHED = {"DnCNN-S": 30.44, "FFDNet": 30.43, "DRUNet": 30.94, "SwinIR": 31.01}

DIGITS = {"max_iter": 2, "augment": False, "n_filters": 48, "batch_size": 32}


def read(name):
    """Return the arrays of a file of the data, or None where it is not there."""
    path = Path(os.environ.get("SK_DAE_DATA", "")) / name
    if "SK_DAE_DATA" not in os.environ or not path.is_file():
        return None
    with np.load(path) as file:
        return {key: file[key] for key in sorted(file.files)}


# -- photographs -----------------------------------------------------------------------


def residual_denoiser(train, args):
    """Return what denoises a photograph in 0..255, the training time and the name."""
    if args.load:
        model = sk_dae.load(args.load)
        return model, None
    model = ResidualDenoiser(
        SIGMA, max_iter=args.max_iter, random_state=0, device="cpu", verbose=1
    )
    start = time.perf_counter()
    model.fit(train)
    seconds = time.perf_counter() - start
    if args.save:
        sk_dae.save(model, args.save)
    return model, seconds


def filters():
    """Return functions of a noisy photograph in 0..255, by the names of the peers."""
    found = {}
    try:
        import bm3d

        found["BM3D"] = lambda noisy: bm3d.bm3d(noisy, SIGMA)
    except ImportError:
        print("bm3d is not installed")
    try:
        from skimage.restoration import denoise_nl_means, denoise_wavelet
    except ImportError:
        print("scikit-image is not installed")
        return found
    found["non-local means"] = lambda noisy: (
        255
        * denoise_nl_means(
            noisy / 255,
            h=0.6 * SIGMA / 255,
            sigma=SIGMA / 255,
            patch_size=5,
            patch_distance=6,
            fast_mode=True,
        )
    )
    found["wavelets"] = lambda noisy: (
        255
        * denoise_wavelet(
            noisy / 255, sigma=SIGMA / 255, method="BayesShrink", mode="soft"
        )
    )
    return found


def measure_photographs(report, args):
    """Add the table of Set12."""
    train, test = read("images/bsd400_train.npz"), read("images/set12.npz")
    if train is None or test is None:
        report.text("The photographs are left out: SK_DAE_DATA has none.")
        return
    train, held_out = train["X"][:N_TRAIN], train["X"][N_TRAIN:]
    model, seconds = residual_denoiser(train, args)
    contenders = {
        "ResidualDenoiser": lambda noisy: 255 * model.denoise(noisy / 255),
        **filters(),
    }
    clean = list(test.values())
    noisy = with_noise(clean)
    rows = [
        (
            "noisy",
            decibels(clean, noisy),
            f"{structural_similarity(clean, noisy, data_range=255):.3f}",
            "",
        )
    ]
    means = {}
    for name, denoise in contenders.items():
        restored, times = [], []
        for image in noisy:
            start = time.perf_counter()
            restored.append(denoise(image))
            times.append(time.perf_counter() - start)
        large = [t for t, image in zip(times, clean, strict=True) if image.size > 2e5]
        means[name] = float(decibels(clean, restored))
        similar = structural_similarity(
            clean,
            [np.asarray(image, dtype=float) for image in restored],
            data_range=255,
        )
        rows.append(
            (name, f"{means[name]:.2f}", f"{similar:.3f}", f"{np.median(large):.2f}")
        )
    rows += [
        (f"{name}, published", f"{v:.2f}", "", "") for name, v in PUBLISHED.items()
    ]
    report.table(
        ("", "PSNR, dB", "SSIM", "512 x 512, s"),
        rows,
        title=f"Set12, noise of {SIGMA}",
    )
    noisy = with_noise(list(held_out), seed=1)
    restored = [255 * model.denoise(image / 255) for image in noisy]
    curve = ", ".join(f"{10 * np.log10(1 / loss):.2f}" for loss in model.loss_curve_)
    trained = "trained in an earlier run" if seconds is None else f"{seconds:.0f} s"
    report.text(
        f"Training: {trained}, {model.n_iter_} epochs. PSNR of the 20 photographs that "
        f"were held out: {decibels(list(held_out), restored)} dB. PSNR of the crops in "
        f"training, by epoch: {curve}."
    )
    ours = means["ResidualDenoiser"]
    report.bar("Set12", f"{ours:.2f} dB", "at least 30.0", ours >= 30.0)
    if "BM3D" in means:
        best = means["BM3D"]
        report.bar("Set12", f"{ours:.2f} dB", f"above BM3D's {best:.2f}", ours > best)


def with_noise(images, seed=0):
    """Return noisy copies, as floats that are not clipped."""
    rng = np.random.RandomState(seed)
    return [image + rng.normal(0, SIGMA, image.shape) for image in images]


def decibels(clean, restored):
    """Return the mean PSNR over images in 0..255, as text."""
    pairs = zip(clean, restored, strict=True)
    ratios = [
        peak_signal_noise_ratio(
            np.asarray(a, dtype=float)[None], np.asarray(b)[None], data_range=255.0
        )
        for a, b in pairs
    ]
    return f"{np.mean(ratios):.2f}"


# -- digits ----------------------------------------------------------------------------


def autoencoder_of_digits(train):
    """Train the perceptron on flat digits; return what denoises flat digits."""
    model = DenoisingAutoencoder(
        256,
        hidden_layer_sizes=(1024,),
        corruption=clipped_noise,
        loss="binary_cross_entropy",
        max_iter=10,
        device="cpu",
        random_state=0,
    ).fit(train)
    return model.denoise


def convolutions_on_digits(train):
    """Train convolutions with a code as wide; return what denoises flat digits."""
    model = ConvolutionalDenoisingAutoencoder(
        256,
        input_shape=(28, 28),
        corruption=clipped_noise,
        loss="binary_cross_entropy",
        device="cpu",
        random_state=0,
    ).fit(train)
    return model.denoise


def clipped_noise(X, generator):
    """Corrupt as the test digits are."""
    noise = torch.empty_like(X).normal_(0.0, 0.5, generator=generator)
    return noise.add_(X).clamp_(0.0, 1.0)


def denoiser_of_digits(train):
    """Train on pairs, since the noise of the test digits is clipped."""
    model = ResidualDenoiser(
        corruption=None, random_state=0, device="cpu", verbose=1, **DIGITS
    )
    images = train.reshape(-1, 28, 28)
    model.fit(noisy_digits(images, seed=1), clean=images)
    return lambda rows: model.denoise(rows.reshape(-1, 28, 28)).reshape(rows.shape)


def noisy_digits(X, seed):
    """Return digits with noise, clipped to [0, 1]."""
    rng = np.random.RandomState(seed)
    noise = rng.standard_normal(
        X.shape,
    ).astype(np.float32)
    return np.clip(X + np.float32(0.5) * noise, 0, 1)


#: Functions of the training rows that return a function of noisy rows, by name.
CONTENDERS_OF_DIGITS = {
    "DenoisingAutoencoder": autoencoder_of_digits,
    "ConvolutionalDenoisingAutoencoder": convolutions_on_digits,
    "ResidualDenoiser": denoiser_of_digits,
}


def measure_digits(report, args):
    """Add the table of MNIST."""
    data = read("mnist.npz")
    if data is None:
        report.text("The digits are left out: SK_DAE_DATA has no mnist.npz.")
        return
    train = (data["X_train"][: args.n_digits] / 255).astype(np.float32)
    test = (data["X_test"] / 255).astype(np.float32)
    noisy = noisy_digits(test, seed=0)
    rows = [("noisy", f"{peak_signal_noise_ratio(test, noisy, data_range=1):.2f}", "")]
    ratios = {}
    for name, make in CONTENDERS_OF_DIGITS.items():
        start = time.perf_counter()
        denoise = make(train)
        seconds = time.perf_counter() - start
        ratios[name] = peak_signal_noise_ratio(test, denoise(noisy), data_range=1.0)
        rows.append((name, f"{ratios[name]:.2f}", f"{seconds:.0f}"))
        print(rows[-1], flush=True)
    title = f"MNIST, noise of 0.5, clipped, {len(train)} digits to learn from"
    report.table(("", "PSNR, dB", "fit, s"), rows, title=title)
    other = ratios["DenoisingAutoencoder"]
    for name, more in (
        ("ConvolutionalDenoisingAutoencoder", 0.3),
        ("ResidualDenoiser", 1.0),
    ):
        ours, least = ratios[name], other + more
        report.bar(name, f"{ours:.2f} dB", f"at least {least:.2f}", ours >= least)


# -- costs -----------------------------------------------------------------------------


def loop_of_torch(module, images, n_steps, batch_size, seed=0):
    """Train a net by hand: crops that are ready, noise, loss, step; return seconds."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.003, fused=True)
    generator = torch.Generator().manual_seed(seed)
    start = time.perf_counter()
    for i in range(n_steps):
        clean = images[i * batch_size : (i + 1) * batch_size]
        noise = torch.empty_like(clean).normal_(0, SIGMA / 255, generator=generator)
        loss = torch.nn.functional.mse_loss(module.denoise(clean + noise), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def measure_costs(report, args):
    """Add the table of times and memory."""
    rng = np.random.RandomState(0)
    n_steps, batch_size = 4, 32
    images = rng.randint(256, size=(n_steps * batch_size, 64, 64)).astype(np.uint8)
    model = ResidualDenoiser(SIGMA, batch_size=batch_size, max_iter=1, random_state=0)
    model.fit(images[:batch_size])
    module = model.net_.module_.train()
    tensors = torch.from_numpy(images[..., None] / np.float32(255))
    ratios = []
    for _ in range(args.repeats):
        hand = loop_of_torch(module, tensors, n_steps, batch_size)
        start = time.perf_counter()
        model.fit(images)
        ratios.append((time.perf_counter() - start) / hand)
    ratio = float(np.median(ratios))
    image = rng.uniform(size=(512, 512))
    times = []
    for _ in range(args.repeats):
        start = time.perf_counter()
        model.denoise(image)
        times.append(time.perf_counter() - start)
    seconds = float(np.median(times))
    peak = memory_of_large_image()
    report.table(
        ("", "measured"),
        [
            ("training step, over a hand-written loop", f"{ratio:.3f}"),
            ("512 x 512 pixels, s", f"{seconds:.2f}"),
            ("4 000 x 3 000 bytes, peak memory, GB", f"{peak:.2f}"),
        ],
        title="Costs",
    )
    report.bar(
        "step over a loop by hand", f"{ratio:.3f}", "at most 1.05", ratio <= 1.05
    )
    report.bar("512 x 512", f"{seconds:.2f} s", "at most 1.5 s", seconds <= 1.5)
    report.bar("4 000 x 3 000", f"{peak:.2f} GB", "below 2 GB", peak < 2)


def memory_of_large_image():
    """Return the peak memory, in GB, of a process that denoises a large photograph."""
    code = (
        "import resource, numpy as np\n"
        "from sk_dae import ResidualDenoiser\n"
        "small = np.zeros((64, 64), np.uint8)\n"
        "model = ResidualDenoiser((0, 50), max_iter=1, device='cpu').fit(small)\n"
        "image = np.random.RandomState(0).randint(256, size=(4000, 3000))\n"
        "image = image.astype(np.uint8)\n"
        "assert model.denoise(image).shape == image.shape\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return int(run.stdout) * 1024 / 1e9


PARTS = {
    "photographs": measure_photographs,
    "digits": measure_digits,
    "costs": measure_costs,
}


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--load", help="a file of a trained denoiser of photographs")
    parser.add_argument("--save", help="where to save the denoiser of photographs")
    parser.add_argument("--n-digits", type=int, default=60_000, help="to learn from")
    parser.add_argument("--max-iter", type=int, default=30, help="of photographs")
    parser.add_argument("--repeats", type=int, default=5, help="of times; default: 5")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--name", default="images", help="of the results file")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    report = Report(args.name, "Images", threads=str(args.threads))
    for part in args.parts:
        PARTS[part](report, args)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
