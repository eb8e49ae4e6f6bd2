"""Which corruption, and how much: codes of autoencoders before a classifier.

For each kind of data an autoencoder of one hidden layer, otherwise with its defaults,
is trained under every corruption at four levels. A linear classifier learns on the code
of the training rows. Its regularisation, and in the end the corruption, are those that
do best on validation rows; the test rows are only looked at for the one that was
chosen, and for the same net without corruption.

- pixels: MNIST, 10 000 rows to train, 2 000 to validate, 10 000 to test, and 1 000
  hidden units; also in two other settings of the net, for the best corruption of the
  first and without any;
- words: reviews of books, whether each of the 1 000 words occurs that most of the
  training rows have (1 500, 500, 4 465 rows);
- a standardised table: the numbers of credit default (10 000, 5 000, 15 000 rows; area
  under the ROC curve);
- signals: heartbeats of ECG5000 (350, 150, 4 499 rows).

The last three have 256 hidden units. Read from the folder that `SK_DAE_DATA` names:
`mnist.npz`, `text/amazon_books_{train,test}.npz` and `_y.npy`,
`tabular/credit_default.npz`, `timeseries/ECG5000.npz`.

    SK_DAE_DATA=~/data python benchmarks/noise_guidance.py
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from _report import Report, available_cores
from sk_dae import BlockNoise, DenoisingAutoencoder

STRENGTHS = (0.01, 0.1, 1.0)

FRACTIONS = (0.1, 0.25, 0.5, 0.7)
LEVELS = {
    "gaussian": (0.1, 0.25, 0.5, 1.0),
    "uniform": (0.2, 0.5, 1.0, 2.0),
    "speckle": (0.1, 0.25, 0.5, 1.0),
    "poisson": (0.05, 0.1, 0.25, 0.5),
    "masking": FRACTIONS,
    "block": FRACTIONS,
    "salt_and_pepper": FRACTIONS,
    "swap": FRACTIONS,
    "marginal": FRACTIONS,
    "conditional_mean": FRACTIONS,
}


class Data:
    """Rows to train on, to choose by and to test on, with the classes of each.

    Parameters
    ----------
    train, valid, test : tuple of (rows, classes)
        The three parts.

    shape : tuple of int
        Shape of a row, for blocks.

    by_area : bool, default=False
        Whether the measure is the area under the ROC curve, rather than the accuracy.
    """

    def __init__(self, train, valid, test, shape, *, by_area=False):
        self.train, self.valid, self.test = train, valid, test
        self.shape = shape
        self.by_area = by_area

    def error(self, model, code, classes):
        """Return the error in percent: what is missing to one."""
        if self.by_area:
            score = roc_auc_score(classes, model.decision_function(code))
        else:
            score = model.score(code, classes)
        return 100 * (1 - score)


def read_pixels(folder):
    """Return MNIST."""
    file = np.load(folder / "mnist.npz")
    X = file["X_train"].reshape(-1, 784)[:12_000] / np.float32(255)
    test = file["X_test"].reshape(-1, 784) / np.float32(255)
    y = file["y_train"]
    return Data(
        (X[:10_000], y[:10_000]),
        (X[10_000:], y[10_000:12_000]),
        (test, file["y_test"]),
        (28, 28),
    )


def read_words(folder):
    """Return reviews of books, as ones for the words that occur."""
    parts = []
    for part in ("train", "test"):
        X = sp.load_npz(folder / "text" / f"amazon_books_{part}.npz").tocsr()
        X.data[:] = 1.0
        parts.append((X, np.load(folder / "text" / f"amazon_books_{part}_y.npy")))
    (X, y), (X_test, y_test) = parts
    order = np.random.RandomState(0).permutation(X.shape[0])
    train, valid = order[:1500], order[1500:]
    often = np.asarray(X[train].sum(axis=0)).ravel().argsort()[::-1][:1000]
    X, X_test = (rows[:, often].toarray() for rows in (X, X_test))
    return Data((X[train], y[train]), (X[valid], y[valid]), (X_test, y_test), None)


def read_table(folder):
    """Return the numbers of credit default, standardised."""
    file = np.load(folder / "tabular" / "credit_default.npz")
    order = np.random.RandomState(0).permutation(len(file["y"]))
    X, y = file["X_num"][order].astype(np.float64), file["y"][order]
    X = StandardScaler().fit(X[:10_000]).transform(X).astype(np.float32)
    cuts = (slice(0, 10_000), slice(10_000, 15_000), slice(15_000, None))
    return Data(*((X[cut], y[cut]) for cut in cuts), None, by_area=True)


def read_signals(folder):
    """Return heartbeats."""
    file = np.load(folder / "timeseries" / "ECG5000.npz")
    order = np.random.RandomState(0).permutation(500)
    X, y = file["X_train"][order], file["y_train"][order]
    return Data(
        (X[:350], y[:350]),
        (X[350:], y[350:]),
        (file["X_test"], file["y_test"]),
        None,
    )


def fit(data, corruption, level, seed, **params):
    """Return the autoencoder, a classifier of its code, and their validation error."""
    if corruption == "block":
        size = None if data.shape is None else 7
        corruption = BlockNoise(
            level, shape=data.shape, block_size="auto" if size is None else size
        )
    dae = DenoisingAutoencoder(
        corruption=corruption,
        noise_level=level if isinstance(corruption, str) else "auto",
        hidden_layer_sizes=(),
        device="cpu",
        random_state=seed,
        **params,
    ).fit(data.train[0])
    code = dae.transform(data.train[0])
    # The codes of all nets on one scale, so that the strengths mean the same.
    scale = code.std() or 1.0
    best = (np.inf, None)
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=200, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(code / scale, data.train[1])
        valid = dae.transform(data.valid[0]) / scale
        found = data.error(model, valid, data.valid[1])
        best = min(best, (found, model), key=lambda pair: pair[0])
    return dae, scale, best[1], best[0]


def test_error(data, dae, scale, model):
    """Return the error on the test rows."""
    return data.error(model, dae.transform(data.test[0]) / scale, data.test[1])


def search(report, title, data, seed, **params):
    """Measure all corruptions on the validation rows; test the best, and none."""
    start = time.perf_counter()
    *plain, plain_valid = fit(data, None, 0.0, seed, **params)
    rows, best = [], (np.inf, None, None, None)
    for corruption, levels in LEVELS.items():
        row = [corruption]
        for level in levels:
            if corruption == "poisson" and data.train[0].min() < 0:
                row.append("")
                continue
            *fitted, found = fit(data, corruption, level, seed, **params)
            row.append(f"{found:.2f} ({level:g})")
            best = min(
                best, (found, corruption, level, fitted), key=lambda tried: tried[0]
            )
        rows.append(row)
        print(title, *row, flush=True)
    _, corruption, level, fitted = best
    own, none = test_error(data, *fitted), test_error(data, *plain)
    measure = "area missing" if data.by_area else "error"
    report.table(
        ("corruption", "lowest", "low", "high", "highest"),
        rows,
        title=f"{title}: validation {measure} in % (level)",
    )
    report.text(
        f"Without corruption {plain_valid:.2f}. Chosen: {corruption} at {level:g}; on "
        f"the test rows {own:.2f}, without corruption {none:.2f}. "
        f"{(time.perf_counter() - start) / 60:.0f} minutes."
    )
    return corruption, level, own, none


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--epochs", type=int, default=20, help="of MNIST")
    args = parser.parse_args()
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        parser.error("SK_DAE_DATA must name the folder of the data sets.")
    folder = Path(folder)
    torch.set_num_threads(args.threads)
    report = Report("noise_guidance", "Which corruption", threads=args.threads)
    pixels = read_pixels(folder)
    wide = {"n_components": 1000, "max_iter": args.epochs}
    small = {"n_components": 256, "max_iter": 30}
    chosen = {"pixels": search(report, "pixels", pixels, args.seed, **wide)}
    for title, read in {
        "words": read_words,
        "standardised table": read_table,
        "signals": read_signals,
    }.items():
        chosen[title] = search(report, title, read(folder), args.seed, **small)
    corruption, level, own, none = chosen["pixels"]
    rows = []
    for name, params in {
        "logistic units, tied weights, cross-entropy": {
            "activation": "logistic",
            "tied_weights": True,
            "loss": "binary_cross_entropy",
        },
        "relu, tied weights": {"tied_weights": True},
    }.items():
        row = [name]
        for process, strength in ((None, 0.0), (corruption, level)):
            *fitted, found = fit(pixels, process, strength, args.seed, **wide, **params)
            row += [f"{found:.2f}", f"{test_error(pixels, *fitted):.2f}"]
        rows.append(row)
    report.table(
        ("net", "none, validation", "none, test", "chosen, validation", "chosen, test"),
        rows,
        title=f"pixels, other nets, {corruption} at {level:g}: error in %",
    )
    report.table(
        ("data", "corruption", "level", "test", "without corruption"),
        [
            (name, process, f"{strength:g}", f"{own:.2f}", f"{none:.2f}")
            for name, (process, strength, own, none) in chosen.items()
        ],
        title="Chosen on validation rows; test error in %",
    )
    gain = 1 - own / none
    report.bar(
        "MNIST, error taken off", f"{100 * gain:.0f} %", "20 % or more", gain >= 0.2
    )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
