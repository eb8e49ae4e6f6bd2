"""Wide sparse rows: time and memory of training and transforming, and what is learned.

Two questions, about `DenoisingAutoencoder(corruption="masking")` with and without
`reconstruction_sampling`:

- cost: random CSR rows, 50 stored cells in each of 50 000 columns. One epoch
  (`fit(max_iter=1)`, all of it) and one `transform`, with the default hidden layer of
  256 and without any. "exact" restores all cells (`reconstruction_sampling=None`), as
  earlier versions did; its transform is that of a model that makes rows dense. Times
  are seconds of processor time on one thread, so that a busy machine does not count.
  Memory is what the resident set grew by at most, each case in a process of its own,
  data included. The whole of 100 000 rows is done with samples only.
- text: counts of words and pairs of words in reviews (Amazon, 5 000 columns) and of
  words in messages (SMS, 4 213 columns), as 0 and 1. A logistic regression on the
  scaled codes of the training rows predicts the class of held-out rows; accuracy, mean
  and standard deviation over seeds. The samples have a share of the columns that is
  given, since "auto" restores all cells of so few columns.

Text is read from text/ in the folder that the environment variable SK_DAE_DATA names.

    SK_DAE_DATA=folder python benchmarks/sparse_rows.py
    SK_DAE_DATA=folder python benchmarks/sparse_rows.py --parts text
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from _report import Report
from sk_dae import DenoisingAutoencoder

N_COLUMNS, STORED_PER_ROW = 50_000, 50
NETS = {"256": (256,), "none": ()}
SHARES = (None, 0.1)
BARS = {("fit", "256"): 5.0, ("fit", "none"): 8.0}
TRANSFORM_BAR = 6.0
MB = 1e6


def random_rows(n_rows):
    """Return random rows, without a matrix of all cells on the way."""
    rng = np.random.default_rng(0)
    columns = rng.integers(N_COLUMNS, size=(n_rows, STORED_PER_ROW)).ravel()
    values = rng.uniform(size=columns.size).astype(np.float32)
    ends = np.arange(n_rows + 1) * STORED_PER_ROW
    X = sp.csr_matrix((values, columns, ends), shape=(n_rows, N_COLUMNS))
    X.sum_duplicates()
    return X


class DenseAutoencoder(DenoisingAutoencoder):
    """One that makes sparse rows dense at prediction, as earlier versions did."""

    def _reads_stored(self, rows):
        return False


def peak():
    """Return the greatest resident set of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


def measure(n_rows, net, samples):
    """Return the seconds and the memory of a fit and of a transform."""
    cls = DenoisingAutoencoder if samples else DenseAutoencoder
    settings = {"corruption": "masking", "max_iter": 1, "random_state": 0}
    warm = sp.csr_matrix(np.eye(40, dtype=np.float32))
    cls(2, **settings).fit(warm).transform(warm)
    start = peak()
    X = random_rows(n_rows)
    dae = cls(
        hidden_layer_sizes=NETS[net],
        reconstruction_sampling="auto" if samples else None,
        **settings,
    )
    found = {}
    for name in ("fit", "transform"):
        begin = time.process_time()
        getattr(dae, name)(X)
        found[name] = time.process_time() - begin
        found[f"{name} MB"] = peak() - start
    return {**found, "loss": dae.loss_curve_[-1]}


def in_own_process(n_rows, net, samples):
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--case", f"{n_rows} {net} {int(samples)}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def report_cost(report, n_rows, n_full):
    """Add tables of times and memory."""
    rows = []
    for net in NETS:
        exact, sampled = (in_own_process(n_rows, net, samples) for samples in (0, 1))
        for name in ("fit", "transform"):
            ratio = exact[name] / sampled[name]
            bar = BARS.get((name, net), TRANSFORM_BAR)
            report.bar(
                f"{name}, hidden {net}", f"{ratio:.1f}x", f"{bar}x", ratio >= bar
            )
            rows.append(
                [
                    f"{name}, hidden layers: {net}",
                    f"{exact[name]:.2f}",
                    f"{sampled[name]:.2f}",
                    f"{ratio:.1f}",
                    f"{exact[f'{name} MB']:,.0f}",
                    f"{sampled[f'{name} MB']:,.0f}",
                ]
            )
        rows.append(
            [
                f"loss of the epoch, hidden layers: {net}",
                f"{exact['loss']:.3e}",
                f"{sampled['loss']:.3e}",
                *[""] * 3,
            ]
        )
    columns = ["", "exact, s", "sampled, s", "ratio", "exact, MB", "sampled, MB"]
    title = f"Cost: {n_rows:,} x {N_COLUMNS:,}, {STORED_PER_ROW} cells a row"
    report.table(columns, rows, title=title)
    if n_full:
        rows = []
        for net in NETS:
            found = in_own_process(n_full, net, 1)
            rows += [
                [
                    f"{name}, hidden layers: {net}",
                    f"{found[name]:.1f}",
                    f"{found[f'{name} MB']:,.0f}",
                ]
                for name in ("fit", "transform")
            ]
            most = found["transform MB"]
            report.bar(f"memory, hidden {net}", f"{most:.0f} MB", "1600", most < 1600)
        title = f"Cost: {n_full:,} x {N_COLUMNS:,}, sampled"
        report.table(["", "s", "MB"], rows, title=title)


def texts(folder):
    """Yield name, training rows and classes, and held-out ones."""

    def read(name):
        X = sp.load_npz(folder / f"{name}.npz").tocsr().astype(np.float32)
        X.data[:] = 1.0
        return X, np.load(folder / f"{name}_y.npy")

    train, test = (read(f"amazon_books_{part}") for part in ("train", "test"))
    yield "Amazon, books", (*train, *test)
    X, y = read("sms_spam")
    X, X_test, y, y_test = train_test_split(
        X, y, train_size=2000, random_state=0, stratify=y
    )
    yield "SMS", (X, y, X_test, y_test)


def report_text(report, folder, n_seeds, max_iter):
    """Add a table of accuracies."""
    rows, times = [], {}
    for name, (X, y, X_test, y_test) in texts(folder):
        plain = LogisticRegression(C=0.1, max_iter=1000).fit(X, y)
        cells = [name, f"{plain.score(X_test, y_test):.3f}"]
        for share in SHARES:
            scores = []
            for seed in range(n_seeds):
                dae = DenoisingAutoencoder(
                    100,
                    hidden_layer_sizes=(),
                    corruption="masking",
                    noise_level=0.5,
                    loss="binary_cross_entropy",
                    max_iter=max_iter,
                    reconstruction_sampling=share,
                    random_state=seed,
                )
                begin = time.process_time()
                dae.fit(X)
                spent = time.process_time() - begin
                times.setdefault(share, []).append(spent)
                model = make_pipeline(
                    StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
                )
                model.fit(dae.transform(X), y)
                scores.append(model.score(dae.transform(X_test), y_test))
            cells.append(f"{np.mean(scores):.3f} ± {np.std(scores):.3f}")
        rows.append(cells)
    ratios = [np.sum(times[None]) / np.sum(times[share]) for share in SHARES]
    rows.append(["speed of fit", "", *(f"{ratio:.1f}" for ratio in ratios)])
    heads = ["exact" if share is None else f"share {share}" for share in SHARES]
    report.table(
        ["", "words", *heads],
        rows,
        title=f"Text: accuracy of held-out rows, {n_seeds} seeds, {max_iter} epochs",
    )


def main():
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parts", nargs="+", default=["cost", "text"])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--full", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--case", help="for the processes that the script starts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.case:
        n_rows, net, samples = arguments.case.split()
        print(json.dumps(measure(int(n_rows), net, bool(int(samples)))))
        return
    whole = {"cost", "text"} <= set(arguments.parts)
    if "text" in arguments.parts and "SK_DAE_DATA" not in os.environ:
        parser.error("SK_DAE_DATA must name the folder with text/sms_spam.npz")
    name = "_".join(["sparse_rows", *([] if whole else arguments.parts)])
    report = Report(name, "Wide sparse rows", threads="1")
    if "cost" in arguments.parts:
        report_cost(report, arguments.rows, arguments.full)
    if "text" in arguments.parts:
        folder = Path(os.environ["SK_DAE_DATA"]) / "text"
        report_text(report, folder, arguments.seeds, arguments.epochs)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
