"""Effect of each penalty on the code, by its weight, and its cost.

`DenoisingAutoencoder` is trained with its defaults but for the penalty and its weight.
Everything is measured on validation rows, a quarter of the rows, and averaged over two
splits, the same for every setting:

- the effect that the penalty is for: the share of activations that are zero ("l1"), the
  mean activation ("kl"), the mean squared gradient of a unit ("contractive"), or the
  energy distance of the codes to a standard normal distribution ("variational", of the
  codes as they are drawn in training, and "adversarial"). Beside it the same without
  the penalty, with the activation of the code that goes with it;
- MSE: the mean squared error of the reconstruction over that without a penalty and with
  the default code;
- right: how many rows a logistic regression on the standardised code classifies right;
- new rows: the energy distance of rows from `sample` to validation rows.

Energy distances are those of the samples, each pair of rows counted: of two samples of
one distribution they lie a little above zero.

Digits and breast cancer come with scikit-learn; pixels are in [0, 1], the table is
standardised. Digits that other benchmarks test on stay out.

    python benchmarks/penalties.py
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from scipy.spatial.distance import cdist
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from _report import Report, available_cores
from sk_dae import DenoisingAutoencoder
from sk_dae.penalties import PENALTIES

N_SPLITS = 2
WEIGHTS = {
    "l1": [0.003, 0.01, 0.03, 0.1],
    "kl": [0.01, 0.03, 0.1, 0.3],
    "contractive": [0.003, 0.01, 0.03, 0.1],
    "variational": [0.003, 0.01, 0.03, 0.1],
    "adversarial": [0.003, 0.01, 0.03, 0.1],
}
EFFECTS = {
    "l1": "zeros",
    "kl": "mean activation",
    "contractive": "squared gradient",
    "variational": "distance to the normal",
    "adversarial": "distance to the normal",
}


def read_sets():
    """Return rows, labels and width of the code of each set."""
    digits, table = load_digits(), load_breast_cancer()
    kept = train_test_split(
        digits.data / 16,
        digits.target,
        test_size=0.33,
        random_state=0,
        stratify=digits.target,
    )
    return {
        "digits": (kept[0].astype(np.float32), kept[2], 32),
        "breast cancer": (
            StandardScaler().fit_transform(table.data).astype(np.float32),
            table.target,
            16,
        ),
    }


def energy_distance(one, other):
    """Return the energy distance of two samples."""
    within = cdist(one, one).mean() + cdist(other, other).mean()
    return 2 * cdist(one, other).mean() - within


def codes_in_training(dae, X):
    """Return codes as the decoder gets them in training."""
    if dae.penalty != "variational":
        return dae.transform(X)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        code, _ = dae.penalty_.encode(
            dae.net_.module_, torch.from_numpy(X), None, generator
        )
    return code.numpy()


def squared_gradient(dae, X):
    """Return the mean over rows and units of the squared gradient of a unit."""
    rows = torch.from_numpy(X).requires_grad_()
    code = dae.net_.module_.encode(rows)
    norms = [
        torch.autograd.grad(unit.sum(), rows, retain_graph=True)[0].square().sum(dim=1)
        for unit in code.T
    ]
    return torch.stack(norms).mean().item()


def effect_on(dae, X, asked):
    """Return the quantity that the penalty asked for is meant to change."""
    if asked == "l1":
        return (dae.transform(X) == 0).mean()
    if asked == "kl":
        return dae.transform(X).mean()
    if asked == "contractive":
        return squared_gradient(dae, X)
    code = codes_in_training(dae, X)
    return energy_distance(code, np.random.RandomState(0).normal(size=code.shape))


def measure(X, y, n_components, asked, **params):
    """Return effect, error, share classified right, and distance of new rows."""
    found = []
    for split in range(N_SPLITS):
        train, valid, y_train, y_valid = train_test_split(
            X, y, test_size=0.25, random_state=split, stratify=y
        )
        dae = DenoisingAutoencoder(n_components, random_state=split, device="cpu")
        dae.set_params(**params).fit(train)
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        classifier.fit(dae.transform(train), y_train)
        new = np.nan
        if hasattr(dae, "sample"):
            new = energy_distance(dae.sample(len(valid), random_state=0), valid)
        found.append(
            (
                effect_on(dae, valid, asked),
                -dae.score(valid),
                classifier.score(dae.transform(valid), y_valid),
                new,
            )
        )
    return np.mean(found, axis=0)


def main():
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=available_cores())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    report = Report("penalties", "Penalties on the code", threads=args.threads)
    report.text(
        f"Validation rows, mean of {N_SPLITS} splits. The MSE is a ratio to the one "
        "without a penalty; a star marks the default weight."
    )
    for name, (X, y, n_components) in read_sets().items():
        base = measure(X, y, n_components, "l1")
        rows = [("no penalty", "", "", "1.00", f"{base[2]:.1%}", "")]
        for penalty, weights in WEIGHTS.items():
            cls = PENALTIES[penalty]
            activation = cls.code_activation or "auto"
            before = measure(X, y, n_components, penalty, code_activation=activation)
            effects = [before[0]]
            for weight in weights:
                params = {"penalty": penalty, "penalty_weight": weight}
                after = measure(X, y, n_components, penalty, **params)
                effects.append(after[0])
                star = "*" if weight == cls().weight else ""
                rows.append(
                    (
                        f"{penalty}, {weight}{star}",
                        EFFECTS[penalty],
                        f"{before[0]:.3f} to {after[0]:.3f}",
                        f"{after[1] / base[1]:.2f}",
                        f"{after[2]:.1%}",
                        "" if np.isnan(after[3]) else f"{after[3]:.2f}",
                    )
                )
                print(*rows[-1], flush=True)
            default = effects[1 + weights.index(cls().weight)]
            better = default > before[0] if penalty == "l1" else default < before[0]
            report.bar(
                f"{name}: {EFFECTS[penalty]} with {penalty!r}",
                f"{before[0]:.3f} to {default:.3f}",
                "more" if penalty == "l1" else "less",
                better,
            )
        report.table(
            ("penalty, weight", "effect", "from, to", "MSE", "right", "new rows"),
            rows,
            title=f"{name.capitalize()}, {n_components} units",
        )
    report.bars()
    report.write()


if __name__ == "__main__":
    main()
