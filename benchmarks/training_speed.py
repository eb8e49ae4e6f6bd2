"""Time of one training step, against a hand-written loop, skorch, PyOD, scikit-learn.

Each contender trains the same multi-layer perceptron, all hidden layers and the code
with ReLU, the output linear, squared error, on the same float32 rows in memory, with
the same batch size and, but for PyOD and scikit-learn, the same Gaussian corruption and
the same optimizer (fused AdamW, same rate, same weight decay):

- hand-written: a plain loop in torch; rows gathered with `index_select`, which is
  faster than indexing; the loss is added up on the device and read once an epoch; the
  rate is constant.
- sk_dae: `DenoisingAutoencoder.fit`, the whole call: validation, column statistics,
  initial weights, its default learning rate schedule.
- skorch: `NeuralNet` with its default data loader, no validation split, `verbose=0`;
  the module corrupts its input while training. With skorch's default callbacks, and
  with all callbacks disabled, which is as fast as it gets unchanged.
- PyOD: `AutoEncoder` without preprocessing, batch norm and dropout. It has no noise to
  draw; it offers Adam, not AdamW, and does not let it be fused. Only its training loop
  is timed, not the scoring of the training rows that its fit adds. A second row shows
  it with its defaults: with batch norm, dropout and standardised rows, which is more
  work and another model.
- scikit-learn: `MLPRegressor` from noisy rows to clean ones, the noise drawn once,
  outside of the time; its Adam; tolerance 0, so that no epoch is saved.

For the hand-written loop and skorch too the time is that of the whole call, from an
array to a trained model. All row numbers are multiples of the batch size, so that every
contender makes the same steps. The contenders take turns, round by round, each round
starting with the next one; ratios are taken within a round, and the table shows their
median and quartiles. On the large nets PyOD and scikit-learn, which are slow there, get
fewer rows.

    python benchmarks/training_speed.py
    python benchmarks/training_speed.py --nets small --rounds 5 --threads 1 --cpu-time

`--cpu-time` counts the processor's time instead of the time on the wall; with one
thread it is what to look at on a machine that others use too.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from skorch import NeuralNet
from threadpoolctl import threadpool_limits
from torch import nn

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoder

#: Reads the seconds; `--cpu-time` replaces it.
clock = time.perf_counter

NOISE_LEVEL = 0.2
LEARNING_RATE = 0.001
WEIGHT_DECAY = 1e-4


@dataclass(frozen=True)
class Net:
    """A net to train, and how much."""

    encoder: tuple  # widths from the input to the code
    batch_size: int
    n_rows: int
    n_rows_slow: int  # for contenders that are far slower on this net
    epochs: int

    @property
    def widths(self):
        """All widths, input to output."""
        return (*self.encoder, *self.encoder[-2::-1])

    @property
    def name(self):
        """The widths, as text."""
        return "-".join(map(str, self.widths))


NETS = {
    "small": Net((32, 64, 32, 16), 256, 79 * 256, 79 * 256, epochs=10),
    "wide": Net((784, 500), 128, 78 * 128, 39 * 128, epochs=1),
    "deep": Net((784, 1000, 1000, 1000), 128, 78 * 128, 20 * 128, epochs=1),
}


def perceptron(widths):
    """Return the net as a competent user of torch writes it."""
    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


# -- contenders: train on X, return the seconds that it took ---------------------------


def hand_written(X, net):
    """Train in a loop of our own."""
    start = clock()
    model = perceptron(net.widths)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
    )
    X = torch.from_numpy(X)
    losses = []
    for _ in range(net.epochs):
        total = torch.zeros(())
        for batch in torch.randperm(len(X)).split(net.batch_size):
            clean = X.index_select(0, batch)
            noisy = torch.add(clean, torch.randn_like(clean), alpha=NOISE_LEVEL)
            loss = F.mse_loss(model(noisy), clean)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.detach()
        losses.append(total.item() / (len(X) / net.batch_size))
    return clock() - start


def sk_dae_fit(X, net):
    """Fit the estimator."""
    model = DenoisingAutoencoder(
        net.encoder[-1],
        hidden_layer_sizes=net.encoder[1:-1],
        code_activation="relu",
        corruption="gaussian",
        noise_level=NOISE_LEVEL,
        learning_rate_init=LEARNING_RATE,
        alpha=WEIGHT_DECAY,
        batch_size=net.batch_size,
        max_iter=net.epochs,
        device="cpu",
    )
    start = clock()
    model.fit(X)
    return clock() - start


class NoisyPerceptron(nn.Module):
    """The net for skorch: it corrupts what comes in while it is trained."""

    def __init__(self, widths):
        super().__init__()
        self.layers = perceptron(widths)

    def forward(self, X):
        """Reconstruct X, from a noisy copy while training."""
        if self.training:
            X = torch.add(X, torch.randn_like(X), alpha=NOISE_LEVEL)
        return self.layers(X)


def skorch_default(X, net, callbacks=None):
    """Fit a skorch net as it comes."""
    model = NeuralNet(
        NoisyPerceptron,
        nn.MSELoss,
        module__widths=net.widths,
        optimizer=torch.optim.AdamW,
        optimizer__weight_decay=WEIGHT_DECAY,
        optimizer__fused=True,
        lr=LEARNING_RATE,
        max_epochs=net.epochs,
        batch_size=net.batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks=callbacks,
        verbose=0,
    )
    start = clock()
    model.fit(X, X)
    return clock() - start


def skorch_bare(X, net):
    """Fit a skorch net without callbacks."""
    return skorch_default(X, net, callbacks="disable")


def pyod_matched(X, net):
    """Fit PyOD's autoencoder, the same net as the others."""
    return pyod_fit(
        X,
        net,
        preprocessing=False,
        batch_norm=False,
        dropout_rate=0.0,
        lr=LEARNING_RATE,
        optimizer_params={"weight_decay": WEIGHT_DECAY},
    )


def pyod_fit(X, net, **parameters):
    """Fit PyOD's autoencoder, of the same widths, else as it comes."""
    from pyod.models.auto_encoder import AutoEncoder

    class TimedAutoEncoder(AutoEncoder):
        """Takes the time of the training loop alone, and leaves the scoring out."""

        def train(self, train_loader):
            start = clock()
            super().train(train_loader)
            self.seconds = clock() - start

        def decision_function(self, X, batch_size=None):
            return np.zeros(len(X))

    model = TimedAutoEncoder(
        epoch_num=net.epochs,
        batch_size=net.batch_size,
        hidden_neuron_list=list(net.encoder[1:]),
        device="cpu",
        verbose=0,
        **parameters,
    )
    model.fit(X)
    return model.seconds


def sklearn_fit(X, net):
    """Fit scikit-learn's perceptron."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    noise = np.random.default_rng(0).standard_normal(X.shape, dtype=np.float32)
    noisy = X + np.float32(NOISE_LEVEL) * noise
    model = MLPRegressor(
        hidden_layer_sizes=net.widths[1:-1],
        alpha=WEIGHT_DECAY,
        learning_rate_init=LEARNING_RATE,
        batch_size=net.batch_size,
        max_iter=net.epochs,
        tol=0.0,
        n_iter_no_change=net.epochs + 1,
    )
    start = clock()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(noisy, X)
    return clock() - start


CONTENDERS = {
    "hand-written": hand_written,
    "sk_dae": sk_dae_fit,
    "skorch, default callbacks": skorch_default,
    "skorch, no callbacks": skorch_bare,
    "PyOD AutoEncoder": pyod_matched,
    "PyOD AutoEncoder, its defaults": pyod_fit,
    "scikit-learn MLPRegressor": sklearn_fit,
}
SLOW = {
    "PyOD AutoEncoder",
    "PyOD AutoEncoder, its defaults",
    "scikit-learn MLPRegressor",
}
SPEED_UPS = {"skorch, default callbacks": 2.5, "PyOD AutoEncoder": 4.0}


def measure(net, rounds):
    """Return the seconds of a step, for each contender one for each round."""
    X = np.random.default_rng(0).standard_normal(
        (net.n_rows, net.widths[0]), dtype=np.float32
    )
    names = list(CONTENDERS)
    seconds = {name: np.empty(rounds) for name in names}
    for name in names:  # warm up
        CONTENDERS[name](X[: 8 * net.batch_size], net)
    for i in range(rounds):
        shift = i % len(names)
        for name in names[shift:] + names[:shift]:
            n_rows = net.n_rows_slow if name in SLOW else net.n_rows
            n_steps = net.epochs * n_rows // net.batch_size
            seconds[name][i] = CONTENDERS[name](X[:n_rows], net) / n_steps
    return seconds


def quartiles(ratios):
    """Return median and quartiles, as text."""
    low, median, high = np.percentile(ratios, [25, 50, 75])
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nets", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--rounds", type=int, default=15, help="default: 15")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--name", default="training_speed", help="of the results file")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="not wall time; needs --threads 1",
    )
    args = parser.parse_args()
    if args.cpu_time:
        if args.threads != 1:
            parser.error("--cpu-time needs --threads 1")
        global clock
        clock = time.process_time

    torch.set_num_threads(args.threads)
    report = Report(
        args.name, "Time of a training step", threads=f"{args.threads}, for everyone"
    )
    report.text(
        "Ratios are medians over "
        f"{args.rounds} interleaved rounds, quartiles in parentheses. Times are "
        f"{'processor time' if args.cpu_time else 'time on the wall'}."
    )
    for key in args.nets:
        net = NETS[key]
        with threadpool_limits(args.threads):
            seconds = measure(net, args.rounds)
        base, own = seconds["hand-written"], seconds["sk_dae"]
        rows = [
            (
                name,
                f"{1e3 * np.median(values):.2f}",
                quartiles(values / base),
                quartiles(values / own),
            )
            for name, values in seconds.items()
        ]
        report.table(
            ("", "ms a step", "of hand-written", "of sk_dae"),
            rows,
            title=f"{net.name}, batch {net.batch_size}",
        )
        ratio = np.median(own / base)
        bar = 1.05 if key == "small" else 1.1
        report.bar(
            f"{key}: sk_dae of hand-written",
            f"{ratio:.3f}",
            f"at most {bar}",
            ratio <= bar,
        )
        if key == "small":
            for name, bar in SPEED_UPS.items():
                ratio = np.median(seconds[name] / own)
                report.bar(
                    f"{key}: {name} of sk_dae",
                    f"{ratio:.2f}",
                    f"at least {bar}",
                    ratio >= bar,
                )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
