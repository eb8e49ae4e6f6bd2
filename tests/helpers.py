"""What several test modules need and is no fixture."""

import sys

import torch
from sklearn.utils import validation

from sk_dae import DenoisingAutoencoder


def make(**params):
    """Return an estimator that trains quickly."""
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 4, "random_state": 0, **params}
    )


def weights_of(dae):
    """Return all weights of a fitted estimator as one tensor."""
    return torch.cat([p.detach().flatten() for p in dae.net_.module_.parameters()])


def record_validations(monkeypatch):
    """Return a list that grows by each estimator of the package that validates X."""
    validate_data, owners = validation.validate_data, []

    def recording(estimator, *args, **kwargs):
        # Not scikit-learn's own estimators: a table's columns are scaled by them.
        if type(estimator).__module__.startswith("sk_dae."):
            owners.append(estimator)
        return validate_data(estimator, *args, **kwargs)

    for module in list(sys.modules.values()):
        if vars(module).get("validate_data") is validate_data:
            monkeypatch.setattr(module, "validate_data", recording)
    return owners
