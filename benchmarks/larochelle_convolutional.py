"""Convolutional denoising autoencoders on three sets of Larochelle et al. (2007).

Handwritten digits as they are, turned by any angle, and on patches of photographs: 28
x 28 pixels, 10 000 training rows, 2 000 validation rows and 50 000 test rows, generated
anew as for `vincent2010.py`, whose rows they are (`_larochelle.py` says how). Each set
is measured with

- a linear model on the features: logistic regression on the standardised layers of the
  encoder, which has never seen a label; its penalty is chosen on validation rows;
- fine-tuning: the autoencoder inside `DenoisingAutoencoderClassifier`;
- the same net from fresh weights, `pretrain=False`;
- the same three with nothing set but the shape of the images, with `--nets defaults`.

A setting serves all sets. Its filters were chosen on validation rows of the turned
digits, by trainings of at most twelve epochs; little else was tried. The result of a
set is that of the linear model or of the fine-tuned net, whichever has fewer errors on
validation rows. Nets are never trained on these rows.

Times are seconds of one core, in which the process was at work, so that other work on
the machine does not count.

Each run is kept in `results/larochelle_convolutional.json` when it ends, and is not
repeated; remove the file to measure anew. `--sets rot basic` restricts a call to some
sets, `--nets defaults` to one setting, `--ways fine-tuned` to one way to use it;
`--test-rows 10000` draws smaller sets, which are enough for errors above one percent.

Read from the folder that `SK_DAE_DATA` names: `mnist.npz`, `images/bsd400_train.npz`.

    SK_DAE_DATA=~/data python benchmarks/larochelle_convolutional.py
"""

from __future__ import annotations

import argparse
import copy
import functools
import os
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from _larochelle import SIZES, make_set
from _report import RESULTS, Report
from _store import Store
from sk_dae import ConvolutionalDenoisingAutoencoder, DenoisingAutoencoderClassifier

SETS = ("basic", "rot", "bg-img")

AUTOENCODER = {
    "n_filters": (16, 32),
    "kernel_size": 5,
    "code_activation": "relu",
    "max_iter": 4,
}
FINE_TUNING = {"batch_size": 64, "learning_rate_init": 0.003, "dropout": 0.3}

#: Parameters of the autoencoder and of the fine-tuning, by the name of the setting.
NETS = {
    "30 epochs": (AUTOENCODER, {**FINE_TUNING, "max_iter": 30}),
    "16 epochs": (AUTOENCODER, {**FINE_TUNING, "max_iter": 16}),
    "defaults": ({}, {}),
}

#: The errors that are aimed at, in percent.
GOALS = {"basic": 1.3, "rot": 7.4, "bg-img": 10.9}

#: Published test errors: PCANet-2 (Chan et al., 2015), three stacked denoising
#: autoencoders (Vincent et al., 2010).
PUBLISHED = {
    "basic": ("1.06", "2.84"),
    "rot": ("7.37", "9.53"),
    "bg-img": ("10.95", "16.68"),
}

#: Penalties of the linear model to choose from, and its iterations.
CS = (0.0001, 0.001, 0.01)
MAX_ITER = 200

#: Rows that are predicted at once.
CHUNK = 5_000


def make_autoencoder(net, seed):
    """Return the untrained autoencoder of a setting."""
    return ConvolutionalDenoisingAutoencoder(
        input_shape=(28, 28), device="cpu", random_state=seed, **NETS[net][0]
    )


def error(predict, X, y):
    """Return the error of a function of rows in percent, computed in chunks."""
    chunks = np.array_split(np.arange(len(X)), -(-len(X) // CHUNK))
    wrong = sum(np.sum(predict(X[chunk]) != y[chunk]) for chunk in chunks)
    return 100 * float(wrong) / len(X)


def errors(predict, data):
    """Return the errors on validation and test rows."""
    return {
        "valid": error(predict, data.X_valid, data.y_valid),
        "test": error(predict, data.X_test, data.y_test),
    }


def encoder_layers(autoencoder, X):
    """Return the pooled maps of all stages, side by side."""
    n_filters = autoencoder.n_filters
    sides = np.ceil(28 / autoencoder.pool_size ** np.arange(1, 1 + len(n_filters)))
    width = int(np.sum(sides**2 * n_filters))
    layers = copy.copy(autoencoder).set_params(features="layers")
    return layers.transform(X)[:, :width]


def linear_model(autoencoder, data):
    """Return the errors of the best logistic regression on layers of the encoder."""
    train = encoder_layers(autoencoder, data.X_train)
    valid = encoder_layers(autoencoder, data.X_valid)
    began, models = time.process_time(), []
    for C in CS:
        classifier = LogisticRegression(C=C, max_iter=MAX_ITER)
        model = make_pipeline(StandardScaler(), classifier).fit(train, data.y_train)
        models.append((1 - model.score(valid, data.y_valid), C, model))
    _, C, model = min(models, key=lambda found: found[:2])
    seconds = time.process_time() - began
    found = errors(lambda X: model.predict(encoder_layers(autoencoder, X)), data)
    return {**found, "seconds": seconds, "C": C}


def fine_tuning(inner, pretrain, net, data, seed):
    """Return the errors of the classifier around an autoencoder."""
    began = time.process_time()
    model = DenoisingAutoencoderClassifier(
        inner, pretrain=pretrain, random_state=seed, **NETS[net][1]
    ).fit(data.X_train, data.y_train)
    seconds = time.process_time() - began
    return {**errors(model.predict, data), "seconds": seconds}


class Pretraining:
    """An autoencoder that is trained when it is first asked for, and its time.

    Parameters
    ----------
    data : LarochelleSet
        The rows.

    net : str
        The setting.

    seed : int
        The seed.
    """

    def __init__(self, data, net, seed):
        self._data = data
        self._untrained = make_autoencoder(net, seed)

    @functools.cached_property
    def seconds_and_result(self):
        """The time, and the fitted autoencoder."""
        began = time.process_time()
        autoencoder = self._untrained.fit(self._data.X_train)
        return time.process_time() - began, autoencoder

    def use(self, function):
        """Return the errors of what uses it, both times added up."""
        seconds, autoencoder = self.seconds_and_result
        found = function(autoencoder)
        return {**found, "seconds": seconds + found["seconds"]}


def ways_to_use(data, net, seed):
    """Return functions that measure the ways to use a net, by name."""
    pretraining = Pretraining(data, net, seed)
    return {
        "fine-tuned": lambda: pretraining.use(
            lambda inner: fine_tuning(FrozenEstimator(inner), True, net, data, seed)
        ),
        "linear": lambda: pretraining.use(lambda inner: linear_model(inner, data)),
        "no pretraining": lambda: fine_tuning(
            make_autoencoder(net, seed), False, net, data, seed
        ),
    }


WAYS = ("linear", "fine-tuned", "no pretraining")


def run_name(name, net, way, seed, n_test):
    """Return the name under which a run is kept."""
    return f"{name}, {net}, {way}, seed {seed}, {n_test} test rows"


def bars_of(name, found):
    """Return what is expected of a set: the quantity, its value, the bar, the unit."""
    pretrained = [means for way, means in found.items() if way != "no pretraining"]
    best = min(pretrained, key=lambda means: means["valid"])
    bars = [
        (name, best["test"], GOALS[name], "%"),
        (f"{name}, one training", best["seconds"] / 60, 15, "minutes"),
    ]
    if "no pretraining" in found:
        fresh = found["no pretraining"]["test"]
        bars.append((f"{name}, against no pretraining", best["test"], fresh, "%"))
    return bars


def report_on(store, nets, seeds, n_test, threads):
    """Print and write what was measured of all sets."""
    report = Report(
        "larochelle_convolutional",
        "Convolutional denoising autoencoders on the sets of Larochelle et al.",
        threads=str(threads),
    )
    report.text(
        f"Error in percent on {n_test} test rows, after training on 10000; the sets "
        f"are generated anew. Mean of {seeds} seed(s). `linear`: logistic regression "
        "on the layers of the encoder, which has seen no label; `fine-tuned`: the "
        "whole net, trained on; `no pretraining`: the same net from fresh weights. "
        "`seconds`: process time of one training on one core, pretraining included "
        "where there is any. Published: PCANet-2 (Chan et al., 2015), SDAE-3 (Vincent "
        "et al., 2010), on the original sets."
    )
    bars = []
    for net in nets:
        rows = []
        for name in SETS:
            found = {}
            for way in WAYS:
                keys = [run_name(name, net, way, seed, n_test) for seed in range(seeds)]
                runs = [run for run in map(store.get, keys) if run is not None]
                if runs:
                    found[way] = {
                        part: float(np.mean([run[part] for run in runs]))
                        for part in ("valid", "test", "seconds")
                    }
            for way, means in found.items():
                first = way == next(iter(found))
                rows.append(
                    (
                        f"{name}, {way}",
                        f"{means['valid']:.2f}",
                        f"{means['test']:.2f}",
                        *(PUBLISHED[name] if first else ("", "")),
                        f"{means['seconds']:.0f}",
                    )
                )
            if net != "defaults" and "fine-tuned" in found:
                bars += [
                    (f"{net}: {what}", *rest) for what, *rest in bars_of(name, found)
                ]
        if rows:
            columns = ("", "valid", "test", "PCANet-2", "SDAE-3", "seconds")
            report.table(columns, rows, title=net.capitalize())
            report.text(f"Autoencoder: {NETS[net][0]}; classifier: {NETS[net][1]}.")
    for what, measured, bar, unit in bars:
        report.bar(
            what, f"{measured:.2f} {unit}", f"at most {bar:.2f}", measured <= bar
        )
    report.bars()
    report.write()


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--nets", nargs="+", choices=list(NETS), default=list(NETS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--test-rows", type=int, default=50_000)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        parser.error("SK_DAE_DATA must name the folder of the data sets.")
    torch.set_num_threads(args.threads)
    store = Store(RESULTS / "larochelle_convolutional.json")
    for net in args.nets:
        for name in args.sets:
            sizes = (*SIZES[name][:2], args.test_rows)
            data = make_set(name, Path(folder), sizes=sizes)
            for seed in range(args.seeds):
                for way, function in ways_to_use(data, net, seed).items():
                    key = run_name(name, net, way, seed, args.test_rows)
                    if way in args.ways:
                        store.measure(key, function)
    report_on(store, list(NETS), args.seeds, args.test_rows, args.threads)


if __name__ == "__main__":
    main()
