"""What a file holds, without building it."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import sk_dae
from sk_dae import DenoisingAutoencoder, DenoisingAutoencoderClassifier, SwapNoise
from sk_dae.__main__ import main

X = pd.DataFrame(
    np.random.RandomState(0).normal(size=(20, 8)), columns=[f"x{i}" for i in range(8)]
)


@pytest.fixture
def path(tmp_path):
    dae = DenoisingAutoencoder(
        2, hidden_layer_sizes=(3, 4), max_iter=1, corruption=SwapNoise(0.3)
    )
    path = tmp_path / "model.safetensors"
    sk_dae.save(dae.fit(X), path)
    return path


def test_summary(path):
    model = sk_dae.inspect(path)
    assert model.estimator == "DenoisingAutoencoder"
    assert model.params == {
        "n_components": "2",
        "hidden_layer_sizes": "(3, 4)",
        "corruption": "SwapNoise(...)",
        "max_iter": "1",
    }
    assert model.fitted
    assert model.n_features_in == 8
    assert model.feature_names_in == [*X.columns]
    assert model.n_bytes == path.stat().st_size
    assert model.versions["sk_dae"] == sk_dae.__version__
    assert "fitted on 8 features: x0, x1, x2, x3, x4, x5, ..." in str(model)


def test_not_fitted_and_inside_another(tmp_path):
    path = tmp_path / "model.safetensors"
    sk_dae.save(DenoisingAutoencoder(hidden_layer_sizes=(5,)), path)
    model = sk_dae.inspect(path)
    assert not model.fitted
    assert model.n_features_in is model.feature_names_in is None
    assert "hidden_layer_sizes=(5,)" in str(model)
    inner = DenoisingAutoencoder(2, max_iter=1)
    classifier = DenoisingAutoencoderClassifier(inner, max_iter=1)
    sk_dae.save(classifier.fit(X.to_numpy(), [0, 1] * 10), path)
    model = sk_dae.inspect(str(path))
    assert model.params["autoencoder"] == "DenoisingAutoencoder(...)"
    assert model.feature_names_in is None


def test_command_line(path, tmp_path, capsys):
    assert main(["inspect", str(path)]) == 0
    assert capsys.readouterr().out == f"{sk_dae.inspect(path)}\n"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert main(["inspect", str(path), str(tmp_path / "absent")]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert "damaged" in errors[0]
    assert "absent" in errors[1]


def test_module_runs():
    shown = subprocess.run(
        [sys.executable, "-m", "sk_dae", "inspect", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "python -m sk_dae inspect" in shown
