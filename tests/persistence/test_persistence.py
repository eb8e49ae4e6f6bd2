"""Saving to one file, and loading from it without running code."""

import json
import pickle
import platform
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy
import sklearn
import skorch
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from sklearn.frozen import FrozenEstimator

import sk_dae
from sk_dae import (
    ComposeNoise,
    DenoisingAutoencoder,
    DenoisingAutoencoderClassifier,
    DenoisingOutlierDetector,
    GaussianNoise,
    MaskingNoise,
    MultiScaleNoise,
    SaltAndPepperNoise,
    SwapNoise,
    TabularDenoisingAutoencoder,
)
from sk_dae.corruption import BaseCorruption
from sk_dae.losses import BaseLoss, HuberLoss
from sk_dae.penalties import PENALTIES, AdversarialPenalty, BasePenalty
from sk_dae.persistence import serializable


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


def read_header(path):
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["sk_dae"])


def rewrite(path, change):
    """Change the header of a file, as an older version would have written it."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}
        header = json.loads(file.metadata()["sk_dae"])
    change(header)
    # As files of earlier versions, which had none.
    header.pop("checksum", None)
    save_file(arrays, path, metadata={"sk_dae": json.dumps(header)})


def parts_named(value, name):
    """Yield the lists of pairs, within a header, that have an entry of a name."""
    if isinstance(value, dict):
        if any(key == name for key, _ in value.get("dict", ())):
            yield value["dict"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from parts_named(part, name)


def test_header_names_the_versions_that_wrote_it(table, tmp_path):
    path = tmp_path / "model.safetensors"
    sk_dae.save(make().fit(table), path)
    header = read_header(path)
    assert header["format"] == 2
    assert header["versions"] == {
        "sk_dae": sk_dae.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "skorch": skorch.__version__,
    }


def test_parameter_that_a_file_lacks_gets_its_default(table, tmp_path):
    path = tmp_path / "model.safetensors"
    dae = make(tol=0.5).fit(table)
    sk_dae.save(dae, path)

    def drop(header):
        for pairs in list(parts_named(header, "tol")):
            pairs[:] = [pair for pair in pairs if pair[0] not in ("tol", "emphasis")]

    rewrite(path, drop)
    loaded = sk_dae.load(path)
    assert loaded.tol == make().tol != dae.tol
    assert loaded.emphasis is make().emphasis
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


@pytest.mark.parametrize("purpose", ["penalty", "dropout"])
def test_purpose_of_randomness_that_a_file_lacks_is_made(table, tmp_path, purpose):
    path = tmp_path / "model.safetensors"
    dae = make().fit(table)
    sk_dae.save(dae, path)

    def drop(header):
        for pairs in list(parts_named(header, purpose)):
            pairs[:] = [pair for pair in pairs if pair[0] != purpose]

    rewrite(path, drop)
    assert not list(parts_named(read_header(path), purpose))
    loaded = sk_dae.load(path)
    for estimator in (dae, loaded):
        estimator.partial_fit(table)
    # It draws neither penalty nor dropout: all else goes on as before.
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))
    assert len(round_trip(loaded, tmp_path).partial_fit(table).loss_curve_) == 5


def test_name_of_a_level_in_older_files_is_known(table, tmp_path):
    path = tmp_path / "model.safetensors"
    sk_dae.save(make(corruption="swap", noise_level=0.3).fit(table), path)

    def rename(header):
        for pairs in parts_named(header, "level_name"):
            for pair in pairs:
                pair[0] = pair[0].replace("level_name", "_level_name")
        assert list(parts_named(header, "_level_name"))

    rewrite(path, rename)
    corruption = sk_dae.load(path).corruption_
    assert corruption.level_name == "noise_level"
    assert not hasattr(corruption, "_level_name")


def test_object_that_is_held_twice_is_written_once(digits, tmp_path):
    X, y = digits[:80], np.arange(80) % 2
    frozen = FrozenEstimator(make().fit(X))
    classifier = DenoisingAutoencoderClassifier(frozen, max_iter=2, random_state=0)
    loaded = round_trip(classifier.fit(X, y), tmp_path)
    assert loaded.autoencoder_ is loaded.autoencoder.estimator
    np.testing.assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


class HalfNoise(BaseCorruption):
    """Half of the rows lose all of their values but `level`."""

    def __init__(self, level=0.5, *, random_state=None):
        super().__init__(level, random_state=random_state)

    def draw(self, X, generator):
        lost = torch.rand(len(X), 1, generator=generator) < 0.5
        return torch.where(lost, X * self.level_on(X), X), None


class SteepError(BaseLoss):
    """The fourth power of the error."""

    def cellwise(self, output, target, *, reduction="none"):
        cells = (output - target) ** 4
        return cells.mean() if reduction == "mean" else cells


class PullPenalty(BasePenalty):
    """The fourth power of the code."""

    def __init__(self, weight=0.1):
        super().__init__(weight)

    def of_code(self, code, weight, generator):
        return (code**4).mean()


OWN = {
    "corruption": HalfNoise(0.3),
    "loss": SteepError(column_weights=[1, 2, 3, 4, 5]),
    "penalty": PullPenalty(0.2),
}


@pytest.mark.parametrize("name", OWN)
def test_own_class_is_saved_once_it_is_registered(table, tmp_path, name):
    dae = make(**{name: OWN[name]}).fit(table)
    with pytest.raises(TypeError, match=f"{name}.*cannot be saved.*serializable"):
        round_trip(dae, tmp_path)
    serializable(type(OWN[name]))
    loaded = round_trip(dae, tmp_path)
    assert repr(loaded) == repr(dae)
    for estimator in (dae, loaded):
        estimator.partial_fit(table)
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


def test_own_estimator_is_saved_once_it_is_registered(table, tmp_path):
    @serializable(standalone=True)
    class OwnAutoencoder(DenoisingAutoencoder):
        pass

    dae = OwnAutoencoder(2, max_iter=2, random_state=0).fit(table)
    loaded = round_trip(dae, tmp_path)
    assert type(loaded) is OwnAutoencoder
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))


@pytest.mark.slow
def test_file_is_read_before_anything_else_of_the_package_is_imported(table, tmp_path):
    path = tmp_path / "model.safetensors"
    sk_dae.save(DenoisingOutlierDetector(make(), random_state=0).fit(table), path)
    code = f"import sk_dae; print(type(sk_dae.load({str(path)!r})).__name__)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "DenoisingOutlierDetector"


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
        ({"class": "subprocess.Popen", "state": {"dict": []}}, "'subprocess.Popen'"),
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
    with pytest.raises(ValueError, match=r"written by sk_dae 9\.9, in format 99"):
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
