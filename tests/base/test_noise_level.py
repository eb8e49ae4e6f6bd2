"""The meaning of `noise_level="auto"`, and what may stand beside a corruption."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from helpers import weights_of
from sk_dae import (
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    GaussianNoise,
    MaskingNoise,
    StackedDenoisingAutoencoder,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.corruption import CORRUPTIONS
from sk_dae.metrics import make_denoising_scorer
from sk_dae.plotting import ReconstructionDisplay

SMALL = {
    "n_components": 2,
    "hidden_layer_sizes": (4,),
    "max_iter": 2,
    "random_state": 0,
    "device": "cpu",
}
LEVELS = {
    "gaussian": 0.2,
    "uniform": 0.2,
    "speckle": 0.2,
    "poisson": 0.1,
    "masking": 0.2,
    "block": 0.2,
    "salt_and_pepper": 0.2,
    "swap": 0.15,
    "marginal": 0.15,
    "conditional_mean": 0.3,
}
ESTIMATORS = (
    DenoisingAutoencoder,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
)


def small(cls=DenoisingAutoencoder, **params):
    more = {"pretrain_max_iter": 1} if cls is StackedDenoisingAutoencoder else {}
    return cls(**{**SMALL, **more, **params})


def halve(X, generator):
    return X / 2


@pytest.fixture(scope="module")
def X():
    return np.random.RandomState(0).uniform(size=(60, 4)).astype(np.float32)


def test_every_name_has_a_level():
    assert LEVELS.keys() == CORRUPTIONS.keys()


@pytest.mark.parametrize("cls", ESTIMATORS[:2])
@pytest.mark.parametrize("name", LEVELS)
def test_auto_is_the_default_of_the_process(X, cls, name):
    expected = LEVELS[name]
    if cls is StackedDenoisingAutoencoder and name == "masking":
        expected = 0.25
    else:
        assert CORRUPTIONS[name]().level == expected
    assert small(cls, corruption=name).fit(X).corruption_.level_ == expected


@pytest.mark.parametrize(("name", "level"), [("swap", 0.15), ("masking", 0.2)])
def test_auto_of_a_table(X, name, level):
    dae = small(TabularDenoisingAutoencoder, corruption=name).fit(pd.DataFrame(X))
    assert dae.corruption_.level_ == level


@pytest.mark.parametrize(
    ("cls", "level"), list(zip(ESTIMATORS, [0.2, 0.25, 0.15], strict=True))
)
def test_defaults_are_those_of_before(X, cls, level):
    default, given = small(cls).fit(X), small(cls, noise_level=level).fit(X)
    np.testing.assert_array_equal(weights_of(default), weights_of(given))


def test_auto_in_the_fine_tuning_is_that_of_the_autoencoder(X):
    y = X[:, 0] > 0.5

    def fit(**params):
        stack = small(StackedDenoisingAutoencoder, pretrain_max_iter=1)
        model = DenoisingAutoencoderClassifier(
            stack, corruption="masking", max_iter=2, random_state=0, **params
        )
        return weights_of(model.fit(X, y))

    np.testing.assert_array_equal(fit(), fit(noise_level=0.25))
    assert not np.array_equal(fit(), fit(noise_level=0.2))


def test_auto_of_the_default_classifier_is_that_of_before(X):
    y = X[:, 0] > 0.5
    model = DenoisingAutoencoderClassifier(max_iter=1, random_state=0).fit(X, y)
    assert model.autoencoder_.corruption_.level_ == 0.2


@pytest.mark.parametrize("corruption", [SwapNoise(0.1), halve])
@pytest.mark.parametrize("cls", ESTIMATORS)
@pytest.mark.parametrize("level", [0.2, [0.1, 0.1, 0.1, 0.1], {"a": 0.1}])
def test_a_level_beside_what_carries_its_own_is_refused(X, cls, corruption, level):
    if cls is StackedDenoisingAutoencoder and isinstance(level, list):
        level = [0.1, 0.1]
    dae = small(cls, corruption=corruption, noise_level=level)
    with pytest.raises(ValueError, match="noise_level must be 'auto' beside corrupt"):
        dae.fit(X)
    assert not hasattr(dae, "net_")


def test_a_level_beside_an_instance_is_refused_in_the_fine_tuning(X):
    model = DenoisingAutoencoderClassifier(
        small(), corruption=GaussianNoise(0.1), noise_level=0.2
    )
    with pytest.raises(ValueError, match="noise_level must be 'auto' beside corrupt"):
        model.fit(X, X[:, 0] > 0.5)


def test_a_level_beside_an_instance_is_refused_by_scorer_and_display(X):
    with pytest.raises(ValueError, match="noise_level must be 'auto' beside corrupt"):
        make_denoising_scorer(SwapNoise(), 0.2)
    dae = small().fit(X)
    with pytest.raises(ValueError, match="noise_level must be 'auto' beside corrupt"):
        ReconstructionDisplay.from_estimator(
            dae, X, corruption=SwapNoise(), noise_level=0.2
        )


def test_levels_of_a_stack_that_is_mixed(X):
    corruption = ["masking", MaskingNoise(0.4)]
    stack = small(
        StackedDenoisingAutoencoder, pretrain_max_iter=1, corruption=corruption
    )
    assert stack.fit(X).corruption_.level_ == 0.25
    stack.set_params(noise_level=[0.1, "auto"])
    assert stack.fit(X).corruption_.level_ == 0.1
    with pytest.raises(ValueError, match="MaskingNoise"):
        stack.set_params(noise_level=0.1).fit(X)


@pytest.mark.parametrize("level", ["high", ["auto", 0.1, 0.1, 0.1]])
def test_other_words_are_no_level(X, level):
    with pytest.raises(ValueError, match="noise_level"):
        small(noise_level=level).fit(X)


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_search_over_corruptions_at_one_level(X, cls):
    names = ["swap", "masking", None]
    search = GridSearchCV(
        small(cls, noise_level=0.3), {"corruption": names}, cv=2, error_score="raise"
    )
    search.fit(X)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("corruption", ["autoencoder", None, "swap"])
def test_level_of_the_fine_tuning_beside_other_names(X, corruption):
    model = DenoisingAutoencoderClassifier(
        small(), corruption=corruption, noise_level=0.3, max_iter=1
    )
    assert model.fit(X, X[:, 0] > 0.5).n_iter_ == 1


@pytest.mark.parametrize("name", ["gaussian", "swap"])
def test_scorer_takes_the_level_of_the_process(X, name):
    dae = small().fit(X)
    automatic = make_denoising_scorer(name)(dae, X)
    assert automatic == make_denoising_scorer(name, LEVELS[name])(dae, X)
