"""What several test modules need and is no fixture."""

import torch

from sk_dae import DenoisingAutoencoder


def make(**params):
    """Return an estimator that trains quickly."""
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 4, "random_state": 0, **params}
    )


def weights_of(dae):
    """Return all weights of a fitted estimator as one tensor."""
    return torch.cat([p.detach().flatten() for p in dae.net_.module_.parameters()])
