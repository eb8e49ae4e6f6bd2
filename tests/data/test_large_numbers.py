"""Rows beyond float32 are refused in every container, and nothing warns of them."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
)

X = np.random.RandomState(0).normal(size=(20, 3))
LARGE = X.copy()
LARGE[0, 0] = 1e300
Y = np.arange(20) % 2
SMALL = {"max_iter": 1, "random_state": 0}
DAE = DenoisingAutoencoder(2, **SMALL)

ESTIMATORS = {
    "code": DAE,
    "stack": StackedDenoisingAutoencoder(2, pretrain_max_iter=1, **SMALL),
    "closed form": MarginalizedDenoisingAutoencoder(),
    "classifier": DenoisingAutoencoderClassifier(DAE, **SMALL),
    "regressor": DenoisingAutoencoderRegressor(DAE, **SMALL),
}
METHODS = [
    *("transform", "denoise", "reconstruction_error", "score_samples", "predict"),
    *("predict_proba", "decision_function", "partial_fit"),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("container", [np.array, sp.csr_array, sp.csc_matrix])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_numbers_beyond_float32_are_refused(name, container):
    model, large = ESTIMATORS[name].fit(container(X), Y), container(LARGE)
    refusal = pytest.raises(ValueError, match=r"too large|not finite|1e\+300")
    for method in METHODS:
        if hasattr(model, method):
            targets = [Y] if method == "partial_fit" else []
            with refusal:
                getattr(model, method)(large, *targets)
    with refusal:
        model.fit(large, Y)
