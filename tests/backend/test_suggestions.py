"""Wrong values of parameters name the option that was probably meant."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk_dae
from sk_dae import (
    BlockNoise,
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    DenoisingOutlierDetector,
    MarginalizedDenoisingAutoencoder,
    MaskingNoise,
    SaltAndPepperNoise,
    StackedDenoisingAutoencoder,
    TabularDenoisingAutoencoder,
    losses,
    metrics,
)
from sk_dae.backend.suggestions import suggest

X = np.random.RandomState(0).normal(size=(20, 3))
Y = [0, 1] * 10


@pytest.mark.parametrize(
    ("parameter", "given", "meant"),
    [
        ("loss", "mse", "squared_error"),
        ("loss", "MSELoss", "squared_error"),
        ("loss", "squared error", "squared_error"),
        ("loss", "SquaredError", "squared_error"),
        ("loss", "mean_squared_error", "squared_error"),
        ("loss", "l2", "squared_error"),
        ("loss", "l1", "absolute_error"),
        ("loss", "mae", "absolute_error"),
        ("loss", "Huber", "huber"),
        ("loss", "smooth_l1", "huber"),
        ("loss", "bce", "binary_cross_entropy"),
        ("loss", "binary_crossentropy", "binary_cross_entropy"),
        ("loss", "log_loss", "binary_cross_entropy"),
        ("loss", "cosine_similarity", "cosine"),
        ("loss", "nb", "negative_binomial"),
        ("loss", "Poisson", "poisson"),
        ("optimizer", "Adam", "adam"),
        ("optimizer", "AdamW", "adamw"),
        ("optimizer", "RMSProp", "rmsprop"),
        ("optimizer", "SGD", "sgd"),
        ("activation", "sigmoid", "logistic"),
        ("activation", "ReLU", "relu"),
        ("activation", "swish", "silu"),
        ("activation", "LeakyReLU", "leaky_relu"),
        ("activation", "linear", "identity"),
        ("code_activation", "sigmoid", "logistic"),
        ("corruption", "dropout", "masking"),
        ("corruption", "mask", "masking"),
        ("corruption", "gaussian noise", "gaussian"),
        ("corruption", "GaussianNoise", "gaussian"),
        ("corruption", "normal", "gaussian"),
        ("corruption", "salt-and-pepper", "salt_and_pepper"),
        ("corruption", "s&p", "salt_and_pepper"),
        ("corruption", "swap_noise", "swap"),
        ("corruption", "MaskingNoise", "masking"),
        ("corruption", "maskng", "masking"),
        ("learning_rate", "onecycle", "one_cycle"),
        ("learning_rate", "CosineAnnealingLR", "cosine"),
        ("noise_schedule", "exp", "exponential"),
        ("penalty", "KL", "kl"),
        ("penalty", "vae", "variational"),
        ("penalty", "aae", "adversarial"),
        ("penalty", "jacobian", "contractive"),
        ("features", "latent", "code"),
        ("features", "reconstructions", "reconstruction"),
        ("emphasis", "Double", "double"),
    ],
)
def test_words_of_the_field(parameter, given, meant):
    model = DenoisingAutoencoder(**{parameter: given})
    with pytest.raises(ValueError, match=f'{parameter}.*Did you mean "{meant}"\\?'):
        model.fit(X)


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        (StackedDenoisingAutoencoder(loss="mse"), '"squared_error"'),
        (StackedDenoisingAutoencoder(corruption=["dropout", "swap"]), '"masking"'),
        (MarginalizedDenoisingAutoencoder(activation="sigmoid"), '"logistic"'),
        (TabularDenoisingAutoencoder(corruption="dropout"), '"masking"'),
        (TabularDenoisingAutoencoder(numeric_scaling="zscore"), '"standard"'),
        (TabularDenoisingAutoencoder(optimizer="Adam"), '"adam"'),
        (DenoisingAutoencoderClassifier(corruption="dropout"), '"masking"'),
        (DenoisingAutoencoderClassifier(class_weight="Balanced"), '"balanced"'),
        (DenoisingAutoencoderRegressor(optimizer="Adam"), '"adam"'),
        (DenoisingOutlierDetector(contamination="Auto"), '"auto"'),
        (DenoisingImputer(n_estimators="Auto"), '"auto"'),
        (DenoisingAutoencoder(device="gpu"), '"cuda"'),
        (DenoisingAutoencoder(corruption="None"), "None"),
        (DenoisingAutoencoder(learning_rate=0.01), "learning_rate_init=0.01"),
        (DenoisingAutoencoder(corruption=0.3), "noise_level=0.3"),
        (DenoisingAutoencoder(penalty=0.1), "penalty_weight=0.1"),
        (DenoisingAutoencoder(loss=losses.HuberLoss), r"an instance, HuberLoss\(\)"),
        (SaltAndPepperNoise(extremes="features"), '"feature"'),
        (BlockNoise(block_size="Auto"), '"auto"'),
    ],
    ids=str,
)
def test_every_estimator_suggests(model, meant):
    with pytest.raises((TypeError, ValueError), match=f"Did you mean {meant}\\?"):
        model.fit(X, Y)


@pytest.mark.parametrize(
    "owner",
    [
        DenoisingAutoencoderClassifier,
        DenoisingAutoencoderRegressor,
        DenoisingOutlierDetector,
        DenoisingImputer,
    ],
)
def test_autoencoder_that_is_none(owner):
    with pytest.raises(ValueError, match=r"such as DenoisingAutoencoder\(64\)") as info:
        owner(64).fit(X, Y)
    assert "._" not in str(info.value)
    with pytest.raises(TypeError, match=r"autoencoder=DenoisingAutoencoder\(\)\?"):
        owner(DenoisingAutoencoder).fit(X, Y)


@pytest.mark.parametrize("parameter", ["loss", "corruption", "penalty"])
def test_no_private_name_shows(parameter):
    with pytest.raises(ValueError, match=f"'sk_dae.*Base{parameter.title()}'") as info:
        DenoisingAutoencoder(**{parameter: 1j}).fit(X)
    assert "._" not in str(info.value)


def test_other_hints():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    with pytest.raises(ValueError, match="class of the optimizer"):
        DenoisingAutoencoder(optimizer=optimizer).fit(X)
    with pytest.raises(ValueError, match="alpha"):
        DenoisingAutoencoder(penalty="l2").fit(X)
    model = DenoisingAutoencoder(2, max_iter=1).fit(X)
    with pytest.raises(ValueError, match='Did you mean "code"'):
        model.set_params(features="codes").transform(X)
    # Nothing is near enough.
    with pytest.raises(ValueError, match=r"Got 'xyz' instead\.$"):
        DenoisingAutoencoder(loss="xyz").fit(X)


def test_functions_suggest():
    with pytest.raises(ValueError, match='Did you mean "masking"'):
        metrics.make_denoising_scorer("dropout")
    with pytest.raises(ValueError, match='Did you mean "samples"'):
        metrics.peak_signal_noise_ratio(X, X, average="sample")
    metrics.make_denoising_scorer("masking", random_state=1)


def test_option_is_one_that_there_is():
    assert suggest("l1", {"kl", "l1"}) == "l1"
    assert suggest("l1", {"absolute_error", "huber"}) == "absolute_error"
    assert suggest("mse", {"huber"}) is None


# -- targets and files -----------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 1, np.nan, 1] * 5),
        np.array(["a", "b", None, "b"] * 5, dtype=object),
        [0, 1, None, 1] * 5,
    ],
)
def test_missing_labels_name_unlabeled_value(y):
    with pytest.raises(ValueError, match=r"5 rows.*set unlabeled_value=np\.nan"):
        DenoisingAutoencoderClassifier(max_iter=1).fit(X, y)


def test_labels_missing_in_a_series():
    pandas = pytest.importorskip("pandas")
    y = pandas.Series([0, 1, None, 1] * 5, dtype="Int64")
    with pytest.raises(ValueError, match=r"5 rows.*set unlabeled_value=np\.nan"):
        DenoisingAutoencoderClassifier(max_iter=1).fit(X, y)


def test_targets_of_the_wrong_kind():
    with pytest.raises(ValueError, match=r"\(20, 2\).*MultiOutputClassifier"):
        DenoisingAutoencoderClassifier(max_iter=1).fit(X, np.c_[Y, Y] * 2)
    with pytest.raises(ValueError, match=r"y must hold numbers.*Classifier"):
        DenoisingAutoencoderRegressor(max_iter=1).fit(X, ["a", "b"] * 10)


def test_save_says_what_can_be_saved(tmp_path):
    dae = DenoisingAutoencoder(2, max_iter=1).fit(X)
    path = tmp_path / "model"
    pipeline = make_pipeline(StandardScaler(), dae)
    with pytest.raises(TypeError, match=r"got Pipeline.*given\['denoisingautoencoder"):
        sk_dae.save(pipeline, path)
    search = GridSearchCV(
        DenoisingAutoencoder(2, max_iter=1), {"n_components": [2]}, cv=2
    ).fit(X)
    with pytest.raises(TypeError, match=r"given\.best_estimator_"):
        sk_dae.save(search, path)
    with pytest.raises(TypeError, match=r"given\[0\]"):
        sk_dae.save([dae], path)
    with pytest.raises(TypeError, match="estimator whose net_ it is"):
        sk_dae.save(dae.net_, path)
    with pytest.raises(TypeError, match=r"got StandardScaler\.$"):
        sk_dae.save(StandardScaler(), path)


def test_masking_noise_is_valid():
    assert MaskingNoise(0.5).fit(X).level == 0.5
