"""Files that earlier versions have saved are read, and give what they gave.

They lie in ``saved/models.tar.xz``; ``cases.py`` says what is in them.
"""

import numpy as np
import pytest
import torch

import sk_dae
from cases import (
    SAVED_CASES,
    Perceptron,
    continued,
    learns_on,
    read_expected,
    read_saved,
    results_of,
    split_rows,
)

FITTED = [name for name, case in SAVED_CASES.items() if case.method is not None]


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """One thread, as where the results were written.

    More round sums in another way. Training further makes much of it: a bias before a
    batch norm has no gradient but rounding errors, which Adam scales up to full steps.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def expected():
    """Results of the methods of the saved models, by model and result."""
    return read_expected()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The saved files, by model."""
    folder = tmp_path_factory.mktemp("saved")
    paths = {}
    for name, content in read_saved().items():
        paths[name] = folder / f"{name}.safetensors"
        paths[name].write_bytes(content)
    return paths


def load(files, name):
    module = Perceptron if "module" in name else None
    return sk_dae.load(files[name], device="cpu", module=module)


def assert_close(value, wanted, rtol, atol):
    if wanted.dtype.kind in "US":
        np.testing.assert_array_equal(value, wanted)
    else:
        assert value.dtype == wanted.dtype
        np.testing.assert_allclose(value, wanted, rtol=rtol, atol=atol)


def test_every_file_is_read(files):
    assert files.keys() == SAVED_CASES.keys()


@pytest.mark.parametrize("name", FITTED)
def test_saved_file_gives_what_it_gave(files, expected, name):
    _, X = split_rows(SAVED_CASES[name])
    found = results_of(load(files, name), X)
    keys = {key.partition(":")[2] for key in expected if key.startswith(f"{name}:")}
    assert keys - {"continued"} == set(found)
    for key, value in found.items():
        # Weights are the same to the bit; products of them are not on all machines.
        assert_close(value, expected[f"{name}:{key}"], rtol=1e-5, atol=1e-6)


# Its noise was drawn for each batch by itself when the results were written.
DRAWN_OTHERWISE = {"corruption_multiscale"}


@pytest.mark.parametrize("name", sorted(set(FITTED) - DRAWN_OTHERWISE))
def test_saved_file_is_trained_further(files, expected, name):
    estimator = load(files, name)
    if not learns_on(estimator):
        assert f"{name}:continued" not in expected
        return
    value = continued(estimator, *split_rows(SAVED_CASES[name]))
    # One pass at a rate of 0.003: an optimizer divides small gradients by small
    # numbers, which turns a rounding error into more.
    assert_close(value, expected[f"{name}:continued"], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "name", [name for name in FITTED if SAVED_CASES[name].target is not None]
)
def test_saved_predictor_goes_on_training(files, name):
    predictor, case = load(files, name), SAVED_CASES[name]
    training, X = split_rows(case)
    before = predictor.predict(X)
    y = case.target(training)
    predictor.set_params(early_stopping=False, warm_start=True)
    predictor.partial_fit(training, y).fit(training, y)
    assert predictor.predict(X).shape == before.shape
    assert np.isfinite(predictor.loss_curve_).all()


@pytest.mark.parametrize("name", SAVED_CASES)
def test_saved_file_has_the_parameters(files, name):
    made, loaded = SAVED_CASES[name].make(), load(files, name)
    assert type(loaded) is type(made)
    assert repr(loaded) == repr(made)


@pytest.mark.parametrize("name", [name for name in SAVED_CASES if name not in FITTED])
def test_unfitted_estimator_is_unfitted(files, name):
    assert not [key for key in vars(load(files, name)) if key.endswith("_")]
