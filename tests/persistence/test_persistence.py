"""Saving to one file, and loading from it without running code."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

import sk_dae
from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    DenoisingOutlierDetector,
    GaussianNoise,
    MaskingNoise,
    MultiScaleNoise,
    SaltAndPepperNoise,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.losses import HuberLoss
from sk_dae.penalties import PENALTIES, AdversarialPenalty


class Linear(torch.nn.Module):
    def __init__(self, n_features, n_components):
        super().__init__()
        self.encoder = torch.nn.Linear(n_features, n_components)
        self.norm = torch.nn.BatchNorm1d(n_components)
        self.decoder = torch.nn.Linear(n_components, n_features)

    def encode(self, X):
        return self.norm(self.encoder(X))

    def decode(self, code):
        return self.decoder(code)


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 3, "max_iter": 3, "random_state": 0, **params}
    )


def round_trip(dae, tmp_path, **options):
    path = tmp_path / "model.safetensors"
    sk_dae.save(dae, path)
    return sk_dae.load(path, **options)


SETTINGS = {
    "default": {},
    "tied": {"tied_weights": True, "dropout": 0.2, "hidden_layer_sizes": (8, 4)},
    "shallow": {"hidden_layer_sizes": (), "corruption": None},
    "early stopping": {"early_stopping": True, "tol": 0.0},
    "levels": {"noise_level": np.linspace(0, 1, 5)},
    "swap": {"corruption": SwapNoise(0.2, n_donors=20)},
    "salt": {"corruption": SaltAndPepperNoise(0.2, extremes=(-1, 1))},
    "composed": {"corruption": ComposeNoise([MaskingNoise(), GaussianNoise()])},
    "loss": {"loss": HuberLoss(0.5), "features": "layers"},
    **{penalty: {"penalty": penalty} for penalty in PENALTIES},
    "penalty": {"penalty": AdversarialPenalty(0.1, hidden_layer_sizes=(8, 4))},
}


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("missing", [False, True])
def test_loaded_estimator_is_the_saved_one(table, tmp_path, params, missing):
    X = table.copy()
    if missing:
        X[::5, 2] = np.nan
    dae = make(**params).fit(pd.DataFrame(X, columns=list("abcde")))
    X = pd.DataFrame(X, columns=list("abcde"))
    loaded = round_trip(dae, tmp_path)
    np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))
    np.testing.assert_array_equal(loaded.denoise(X), dae.denoise(X))
    assert repr(loaded) == repr(dae)
    assert loaded.loss_curve_ == dae.loss_curve_
    assert loaded.validation_loss_curve_ == dae.validation_loss_curve_
    assert list(loaded.feature_names_in_) == list("abcde")
    # It goes on from where the saved one stood, draw for draw.
    for estimator in (dae, loaded):
        estimator.set_params(early_stopping=False).partial_fit(X)
    np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))


@pytest.mark.parametrize(
    "params", [{}, {"corruption": "masking", "mask_loss_weight": 0.5}]
)
def test_tables_are_saved_with_their_columns(tmp_path, params):
    X = pd.DataFrame(
        {
            "kind": ["cat", "dog", None, "dog"] * 10,
            "grade": pd.Categorical([1, 2, 2, 3] * 10, ordered=True),
            "size": [1.0, np.nan, 2.5, 4.0] * 10,
            "count": pd.array([1, 2, None, 4] * 10, dtype="Int64"),
            "seen": pd.date_range("2020-01-01", periods=40, tz="Asia/Tokyo"),
            "empty": [None] * 40,
        }
    )
    dae = TabularDenoisingAutoencoder(3, max_iter=3, random_state=0, **params)
    with pytest.warns(UserWarning, match="empty"):
        dae.fit(X)
    loaded = round_trip(dae, tmp_path)
    np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))
    pd.testing.assert_frame_equal(loaded.denoise(X), dae.denoise(X))
    assert loaded.categories_["kind"].tolist() == ["cat", "dog"]
    with pytest.warns(UserWarning, match="empty"):
        for estimator in (dae, loaded):
            estimator.partial_fit(X)
    np.testing.assert_array_equal(loaded.transform(X), dae.transform(X))


@pytest.mark.parametrize("params", [{}, {"n_folds": None, "contamination": 0.1}])
@pytest.mark.parametrize("corruption", ["gaussian", MultiScaleNoise()], ids=str)
def test_detectors_are_saved_with_their_draws(table, tmp_path, params, corruption):
    autoencoder = make(corruption=corruption)
    detector = DenoisingOutlierDetector(autoencoder, random_state=0, **params)
    loaded = round_trip(detector.fit(table), tmp_path)
    np.testing.assert_array_equal(
        loaded.decision_function(table), detector.decision_function(table)
    )
    assert repr(loaded) == repr(detector)


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
def test_partial_fit_goes_on_with_the_state_of_the_optimizer(table, tmp_path, penalty):
    dae = make(penalty=penalty).partial_fit(table)
    loaded = round_trip(dae, tmp_path)
    for estimator in (dae, loaded):
        estimator.partial_fit(table)
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


def test_unfitted_estimator_is_saved_with_its_parameters(tmp_path):
    dae = make(corruption=MaskingNoise(0.3), noise_level=float("inf"))
    loaded = round_trip(dae, tmp_path)
    assert repr(loaded) == repr(dae)
    assert not hasattr(loaded, "net_")


@pytest.mark.parametrize("module", [Linear, Linear(5, 3)], ids=["class", "instance"])
def test_own_module_is_given_again(table, tmp_path, module):
    dae = make(module=module).fit(table)
    with pytest.raises(ValueError, match="module must be given"):
        round_trip(dae, tmp_path)
    loaded = round_trip(dae, tmp_path, module=Linear)
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))
    with pytest.raises(ValueError, match="module has other parameters"):
        round_trip(dae, tmp_path, module=lambda n, k: torch.nn.Linear(n, k))


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"corruption": lambda X, generator: X}, "corruption.* cannot be saved"),
        ({"optimizer": torch.optim.Adagrad}, "optimizer.* cannot be saved"),
        ({"random_state": np.random.RandomState(0)}, "random_state.* cannot be saved"),
    ],
    ids=["corruption", "optimizer", "random_state"],
)
def test_code_is_refused_by_name(table, tmp_path, params, match):
    with pytest.raises(TypeError, match=match):
        sk_dae.save(make(**params).fit(table), tmp_path / "model.safetensors")


def test_callbacks_are_left_out_with_a_warning(table, tmp_path):
    from skorch.callbacks import GradientNormClipping

    dae = make(net_callbacks=[GradientNormClipping(1.0)]).fit(table)
    with pytest.warns(UserWarning, match="callbacks are not saved"):
        loaded = round_trip(dae, tmp_path)
    assert loaded.net_callbacks is None
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


def test_file_is_small_plain_and_holds_no_pickle(table, tmp_path):
    dae = make(corruption="swap").fit(table)
    path = tmp_path / "model.safetensors"
    sk_dae.save(dae, path)
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["sk_dae"])
        n_values = sum(file.get_tensor(name).size for name in file.keys())
    assert header["estimator"]["class"] == "DenoisingAutoencoder"
    n_weights = sum(p.numel() for p in dae.net_.module_.parameters())
    assert n_values < n_weights + table.size + 40_000
    with pytest.raises((pickle.UnpicklingError, ValueError)):
        pickle.loads(path.read_bytes())


def test_other_files_are_refused(table, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="not a safetensors file"):
        sk_dae.load(path)
    save_file({"a": table}, path)
    with pytest.raises(ValueError, match=r"not written by sk_dae\.save"):
        sk_dae.load(path)
    with pytest.raises(FileNotFoundError):
        sk_dae.load(tmp_path / "absent")


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        ({"class": "Popen", "state": {"dict": []}}, "'Popen'"),
        ({"call": "os.system"}, "'call'"),
    ],
)
def test_header_can_name_nothing_but_the_classes_of_the_package(
    table, tmp_path, estimator, match
):
    header = {"format": 1, "version": "0", "estimator": estimator}
    path = tmp_path / "model.safetensors"
    save_file({"a": table}, path, metadata={"sk_dae": json.dumps(header)})
    with pytest.raises(ValueError, match=match):
        sk_dae.load(path)


def test_newer_format_is_refused(table, tmp_path):
    header = {"format": 99, "version": "9.9", "estimator": None}
    path = tmp_path / "model.safetensors"
    save_file({"a": table}, path, metadata={"sk_dae": json.dumps(header)})
    with pytest.raises(ValueError, match=r"written by sk_dae 9\.9"):
        sk_dae.load(path)


def test_only_estimators_of_the_package_are_saved(tmp_path):
    with pytest.raises(TypeError, match="estimator of sk_dae, got dict"):
        sk_dae.save({}, tmp_path / "model.safetensors")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_device_is_that_of_the_argument_or_what_is_there(table, tmp_path):
    dae = make().fit(table)
    dae.device_ = "cuda:3"
    assert round_trip(dae, tmp_path).device_ == "cpu"
    with pytest.raises(ValueError, match="asks for a GPU that is not there"):
        round_trip(dae, tmp_path, device="cuda")


def test_output_of_frames_is_kept_and_requests_are_not(table, tmp_path):
    dae = make().fit(table).set_output(transform="pandas")
    assert isinstance(round_trip(dae, tmp_path).transform(table), pd.DataFrame)
    with sklearn.config_context(enable_metadata_routing=True):
        dae = make().set_fit_request(clean=True).fit(table)
        loaded = round_trip(dae, tmp_path)
        assert loaded.get_metadata_routing().fit.requests["clean"] is None


def test_watched_estimator_can_be_fitted_again_after_loading(table, tmp_path):
    pytest.importorskip("sklearn.callback")
    from sklearn.callback import ScoringMonitor

    monitor = ScoringMonitor(scoring={"zero": lambda estimator, X, y: 0.0})
    round_trip(make().set_callbacks(monitor).fit(table), tmp_path).fit(table)


def test_frozen_parameters_stay_frozen(table, tmp_path):
    from skorch.callbacks import Freezer

    dae = make(net_callbacks=[Freezer("encoder.*")]).partial_fit(table)
    with pytest.warns(UserWarning, match="callbacks are not saved"):
        loaded = round_trip(dae, tmp_path)
    start = loaded.transform(table)
    np.testing.assert_array_equal(loaded.partial_fit(table).transform(table), start)


def test_loading_leaves_the_module_and_the_generators_alone(table, tmp_path):
    module = Linear(5, 3)
    before = [p.detach().clone() for p in module.parameters()]
    dae = make(module=module).fit(table)
    state = torch.get_rng_state()
    loaded = round_trip(dae, tmp_path, module=module)
    round_trip(dae, tmp_path, module=Linear)
    round_trip(make().fit(table), tmp_path)
    assert torch.equal(torch.get_rng_state(), state)
    assert loaded.net_.module_ is not module
    for parameter, old in zip(module.parameters(), before, strict=True):
        assert torch.equal(parameter, old)


def test_module_of_other_shapes_is_refused(table, tmp_path):
    dae = make(module=Linear).fit(table)
    with pytest.raises(ValueError, match="has the shape"):
        round_trip(dae, tmp_path, module=lambda n, k: Linear(n, k + 1))


@pytest.mark.parametrize(
    "header",
    [
        [],
        {},
        {"format": "9", "version": "0", "estimator": None},
        {"format": 1, "version": "0", "estimator": 5},
        {"format": 1, "version": "0", "estimator": {"array": "absent"}},
        {
            "format": 1,
            "version": "0",
            "estimator": {"class": "SquaredError", "state": {"dict": []}},
        },
    ],
    ids=str,
)
def test_damaged_header_is_refused(table, tmp_path, header):
    path = tmp_path / "model.safetensors"
    save_file({"a": table}, path, metadata={"sk_dae": json.dumps(header)})
    with pytest.raises(ValueError, match=r"damaged|no estimator"):
        sk_dae.load(path)


def test_paths_of_all_kinds_and_a_missing_folder(table, tmp_path):
    dae = make(noise_level=np.array(0.2), hidden_layer_sizes=range(3, 5)).fit(table)
    path = tmp_path / "model.safetensors"
    for form in (path, str(path), bytes(path)):
        sk_dae.save(dae, form)
        np.testing.assert_array_equal(
            sk_dae.load(form).fit(table).transform(table), dae.transform(table)
        )
    with pytest.raises(FileNotFoundError, match="folder that is not there"):
        sk_dae.save(dae, tmp_path / "absent" / "model.safetensors")
