"""Parameters of parts: set on instances, and refused by name on anything else."""

import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from helpers import make
from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    GaussianNoise,
    MarginalizedDenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)
from sk_dae.losses import HuberLoss, SquaredError
from sk_dae.penalties import ContractivePenalty

REFUSED = [
    (DenoisingAutoencoder(), "corruption__level"),
    (DenoisingAutoencoder(corruption=None), "corruption__level"),
    (DenoisingAutoencoder(corruption=GaussianNoise), "corruption__level"),
    (DenoisingAutoencoder(corruption=len), "corruption__level"),
    (DenoisingAutoencoder(), "loss__column_weights"),
    (DenoisingAutoencoder(), "penalty__weight"),
    (DenoisingAutoencoder(penalty="l1"), "penalty__weight"),
    (DenoisingAutoencoder(), "optimizer__momentum"),
    (DenoisingAutoencoder(net_callbacks=[]), "net_callbacks__stop__patience"),
    (StackedDenoisingAutoencoder(), "corruption__level"),
    (StackedDenoisingAutoencoder(corruption=["swap"]), "corruption__level"),
    (StackedDenoisingAutoencoder(), "loss__delta"),
    (TabularDenoisingAutoencoder(), "corruption__level"),
    (MarginalizedDenoisingAutoencoder(), "activation__slope"),
    (DenoisingAutoencoderClassifier(), "autoencoder__alpha"),
    (DenoisingAutoencoderClassifier(), "corruption__level"),
    (DenoisingAutoencoderRegressor(), "autoencoder__device"),
    (DenoisingAutoencoderRegressor(), "corruption__level"),
    (DenoisingAutoencoderClassifier(make()), "autoencoder__corruption__level"),
    (DenoisingImputer(), "autoencoder__device"),
    (DenoisingImputer(make()), "autoencoder__loss__delta"),
    (DenoisingOutlierDetector(), "autoencoder__device"),
    (ComposeNoise([GaussianNoise()]), "corruptions__level"),
    (GaussianNoise(), "level__low"),
    (SquaredError(), "column_weights__first"),
    (ContractivePenalty(), "weight__first"),
]


@pytest.mark.parametrize("estimator, name", REFUSED)
def test_parameter_of_a_part_that_has_none_is_refused_by_name(estimator, name):
    before = estimator.get_params()
    shown = name.removeprefix("autoencoder__") if "__" in name[13:] else name
    with pytest.raises(ValueError, match=f"{shown} has nothing to be set on"):
        estimator.set_params(**{name: 1})
    assert estimator.get_params().keys() == before.keys()


def test_error_says_what_to_give():
    with pytest.raises(
        ValueError,
        match="corruption of DenoisingAutoencoder is 'gaussian', .* parameter level. "
        r"Set corruption to an instance that has it, such as corruption=GaussianNoise",
    ):
        DenoisingAutoencoder(corruption="gaussian").set_params(corruption__level=0.1)


def test_instances_take_parameters_also_beside_them():
    dae = make(corruption=GaussianNoise(0.1), loss=HuberLoss())
    dae.set_params(corruption__level=0.3, loss__delta=2.0)
    assert (dae.corruption.level, dae.loss.delta) == (0.3, 2.0)
    dae = make().set_params(corruption=GaussianNoise(), corruption__level=0.4)
    assert dae.corruption.level == 0.4
    model = DenoisingAutoencoderClassifier().set_params(
        autoencoder=make(), autoencoder__alpha=0.5
    )
    assert model.autoencoder.alpha == 0.5
    compose = ComposeNoise([GaussianNoise()])
    (name,) = (n for n in compose.get_params() if n.endswith("__level"))
    assert compose.set_params(**{name: 0.7}).corruptions[0].level == 0.7


@pytest.mark.parametrize(
    "estimator", [make(), make(loss=HuberLoss()), GaussianNoise(), HuberLoss()]
)
def test_unknown_names_are_refused_as_in_sklearn(estimator):
    for name in ("foo", "foo__bar"):
        with pytest.raises(ValueError, match="Invalid parameter 'foo'"):
            clone(estimator).set_params(**{name: 1})


def test_search_over_parameters_of_a_part(table):
    search = GridSearchCV(
        make(corruption=GaussianNoise(), max_iter=1),
        {"corruption__level": [0.1, 0.2]},
        cv=2,
    ).fit(table)
    assert search.best_params_["corruption__level"] in (0.1, 0.2)
    search = GridSearchCV(make(), {"corruption__level": [0.1]}, error_score="raise")
    with pytest.raises(ValueError, match="corruption__level has nothing"):
        search.fit(table)
