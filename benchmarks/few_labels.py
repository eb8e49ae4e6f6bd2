"""Digits of which few have a label.

60 000 digits of MNIST, of which 100, 600, 1 000 or 3 000 have a label, drawn five
times, of each class alike; 10 000 test digits. One stack of denoising autoencoders is
trained on all rows, and no label. Two ways to go on from there:

- `features`: a logistic regression on the code of the rows with a label;
- `fine-tuned`: `DenoisingAutoencoderClassifier` on the same rows.

Beside them, on the pixels of the rows with a label: a logistic regression, an RBF SVM,
and the net of the stack without pretraining.

Which of the two ways is better for a number of labels is chosen on 1 000 further rows
with labels, by the mean of the draws; so are, for each draw, C of the logistic
regression, and C and gamma of the SVM. These rows are among the 60 000; their labels
train nothing. The design of the stack (layers, kind and levels of the noise, epochs)
was chosen on labels of training rows too, these 1 000 and up to 10 000 others.

The published errors are quoted from memory. Of Rifai et al., The manifold tangent
classifier (2011): a contractive autoencoder, fine-tuned; a plain net; an RBF SVM. Of
Lee, Pseudo-label (2013): pseudo-labels on a net pretrained as a denoising autoencoder.

Read from the folder that `SK_DAE_DATA` names: `mnist.npz`.

    SK_DAE_DATA=~/data python benchmarks/few_labels.py
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoderClassifier, StackedDenoisingAutoencoder

SIZES = (100, 600, 1000, 3000)
N_VALID = 1000
PUBLISHED = {
    "contractive autoencoder (Rifai 2011)": (13.5, 6.3, 4.8, 3.2),
    "plain net (Rifai 2011)": (25.8, 11.4, 10.7, 6.0),
    "RBF SVM (Rifai 2011)": (23.4, 8.9, 7.8, 4.2),
    "pseudo-labels (Lee 2013)": (10.5, 4.0, 3.5, 2.7),
}
BAR = "contractive autoencoder (Rifai 2011)"

FINE_TUNING = {"batch_size": 128, "max_iter": 150, "learning_rate_init": 0.0003}


class Digits:
    """The rows, and who has a label.

    Parameters
    ----------
    folder : Path
        Where `mnist.npz` is.
    """

    def __init__(self, folder):
        with np.load(folder / "mnist.npz") as file:
            self.X = file["X_train"].reshape(60_000, -1) / np.float32(255)
            self.y = file["y_train"].astype(int)
            self.X_test = file["X_test"].reshape(10_000, -1) / np.float32(255)
            self.y_test = file["y_test"].astype(int)
        order = np.random.RandomState(0).permutation(len(self.X))
        self._free = order[N_VALID:]
        self.X_valid, self.y_valid = self.X[order[:N_VALID]], self.y[order[:N_VALID]]

    def draw(self, size, seed):
        """Return rows and labels, of each class alike."""
        random_state = np.random.RandomState(seed)
        classes = self.y[self._free]
        rows = [
            random_state.choice(self._free[classes == c], size // 10, replace=False)
            for c in range(10)
        ]
        rows = np.concatenate(rows)
        return self.X[rows], self.y[rows]

    def errors(self, model):
        """Return the errors of a model on validation and test rows, in percent."""
        valid = model.score(self.X_valid, self.y_valid)
        return 100 * (1 - valid), 100 * (1 - model.score(self.X_test, self.y_test))


def make_stack():
    """Return the stack, not yet trained."""
    return StackedDenoisingAutoencoder(
        1000,
        hidden_layer_sizes=(1000, 1000),
        corruption="swap",
        # The deeper, the more: what a layer restores is ever less local.
        noise_level=[0.2, 0.3, 0.5],
        fine_tune=False,
        pretrain_max_iter=20,
        batch_size=128,
        features="code",
        random_state=0,
    )


def features(stack, digits, X, y):
    """Return the errors of a logistic regression on codes."""
    scaler = StandardScaler().fit(stack.transform(digits.X))
    # Units that hardly move are not blown up.
    scaler.scale_ += 0.01
    coder = make_pipeline(FrozenEstimator(stack), FrozenEstimator(scaler))
    models = [
        make_pipeline(coder, LogisticRegression(C=C, max_iter=500))
        for C in (0.01, 0.1, 1.0)
    ]
    return best(models, digits, X, y)


def fine_tuned(stack, digits, X, y):
    """Return the errors of the stack, fine-tuned."""
    model = DenoisingAutoencoderClassifier(
        FrozenEstimator(stack), head_max_iter=50, random_state=0, **FINE_TUNING
    )
    return best([model], digits, X, y)


def not_pretrained(stack, digits, X, y):
    """Return the errors of the same net, trained on the rows with a label alone."""
    model = DenoisingAutoencoderClassifier(
        stack,
        pretrain=False,
        random_state=0,
        **{**FINE_TUNING, "learning_rate_init": 0.001},
    )
    return best([model], digits, X, y)


def logistic_regression(stack, digits, X, y):
    """Return the errors of a logistic regression on pixels."""
    models = [LogisticRegression(C=C, max_iter=500) for C in (0.01, 0.1, 1.0, 10.0)]
    return best(models, digits, X, y)


def rbf_svm(stack, digits, X, y):
    """Return the errors of an RBF SVM on pixels."""
    models = [
        SVC(C=C, gamma=gamma)
        for C in (1.0, 10.0, 100.0)
        for gamma in (0.003, 0.01, 0.02, 0.04)
    ]
    return best(models, digits, X, y)


def best(models, digits, X, y):
    """Return the errors of the model that is best on the validation rows."""
    return min(
        (digits.errors(model.fit(X, y)) for model in models),
        key=lambda errors: errors[0],
    )


METHODS = {
    "features": features,
    "fine-tuned": fine_tuned,
    "net without pretraining": not_pretrained,
    "logistic regression on pixels": logistic_regression,
    "RBF SVM on pixels": rbf_svm,
}
OURS = ("features", "fine-tuned")


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--bfloat16", action="store_true")
    args = parser.parse_args()
    folder = os.environ.get("SK_DAE_DATA")
    if folder is None:
        parser.error("SK_DAE_DATA must name the folder of the data sets.")
    torch.set_num_threads(args.threads)
    if args.bfloat16:
        torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    digits = Digits(Path(folder))
    began = time.perf_counter()
    stack = make_stack().fit(digits.X)
    pretraining = time.perf_counter() - began

    report = Report(
        "few_labels", "Digits of which few have a label", threads=args.threads
    )
    products = "bfloat16" if args.bfloat16 else "float32"
    report.text(
        f"Test errors in percent, mean of {args.draws} draws of the labelled rows and "
        f"their standard deviation. Pretraining on 60 000 rows: {pretraining:.0f} s; "
        f"products of matrices in {products}. Published figures are from memory."
    )
    means = {}
    rows, valid_rows = [], []
    for name, method in METHODS.items():
        cells, valid_cells = [], []
        for size in SIZES:
            errors = [
                method(stack, digits, *digits.draw(size, seed))
                for seed in range(args.draws)
            ]
            print(name, size, errors, flush=True)
            means[name, size] = np.mean(errors, axis=0)
            valid, test = means[name, size]
            cells.append(f"{test:.2f} ± {np.std(errors, axis=0)[1]:.2f}")
            valid_cells.append(f"{valid:.2f}")
        rows.append((name, *cells))
        valid_rows.append((name, *valid_cells))
    chosen = [min(OURS, key=lambda way: means[way, size][0]) for size in SIZES]
    of_chosen = [means[way, size][1] for way, size in zip(chosen, SIZES, strict=True)]
    columns = ("", *(f"{size} labels" for size in SIZES))
    ours = [
        ("chosen on validation rows", *chosen),
        ("its error", *(f"{error:.2f}" for error in of_chosen)),
    ]
    published = [
        (name, *(f"{error:.1f}" for error in errors))
        for name, errors in PUBLISHED.items()
    ]
    report.table(columns, [*ours, *rows, *published], title="Test errors")
    report.table(columns, valid_rows, title="Validation errors")
    for size, error, bar in zip(SIZES, of_chosen, PUBLISHED[BAR], strict=True):
        report.bar(f"{size} labels", f"{error:.2f}", f"at most {bar}", error <= bar)
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
