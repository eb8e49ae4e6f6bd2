"""Files that are damaged, hostile or half written: refused, and never another model."""

import hashlib
import json
import os
import resource
import signal
import stat
import time

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import sk_dae
from sk_dae import DenoisingAutoencoder

X = np.random.RandomState(0).normal(size=(30, 4))


def make(**params):
    return DenoisingAutoencoder(
        **{"n_components": 2, "hidden_layer_sizes": (3,), "max_iter": 1, **params},
        random_state=0,
    )


@pytest.fixture(scope="module")
def model():
    return make().fit(X)


@pytest.fixture
def path(model, tmp_path):
    path = tmp_path / "model.safetensors"
    sk_dae.save(model, path)
    return path


def is_refused(path, model):
    """Whether a file is refused in plain words; if not, it is to be the model."""
    try:
        loaded = sk_dae.load(path)
    except ValueError as error:
        assert str(path) in str(error)
        return True
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    np.testing.assert_array_equal(loaded.denoise(X), model.denoise(X))
    loaded.partial_fit(X)
    return False


def flip_bits(path, model, n_flips):
    content = path.read_bytes()
    rng = np.random.RandomState(1)
    n_refused = 0
    for place in rng.randint(8 * len(content), size=n_flips):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        n_refused += is_refused(path, model)
    assert n_refused > 0.99 * n_flips


def test_no_flipped_bit_gives_another_model(path, model):
    flip_bits(path, model, 200)


@pytest.mark.slow
def test_no_flipped_bit_of_many_gives_another_model(path, model):
    flip_bits(path, model, 2000)


def test_part_of_a_file_is_refused(path, model):
    content = path.read_bytes()
    for length in [*range(0, 40), *range(40, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        assert is_refused(path, model)
    path.write_bytes(content + b"\0")
    assert is_refused(path, model)


def test_weights_that_are_not_finite_are_refused(model, tmp_path):
    broken = make().fit(X)
    with np.errstate(all="ignore"):
        next(broken.net_.module_.parameters()).data[0] = np.nan
    path = tmp_path / "broken.safetensors"
    sk_dae.save(broken, path)
    with pytest.raises(ValueError, match="values that are not finite"):
        sk_dae.load(path)


def write(path, change):
    """Write a file whose header was changed, with the checksum of what it holds."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}
        text = file.metadata()["sk_dae"]
    text = change(text)
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        described = json.dumps([name, array.dtype.str, list(array.shape)])
        digest.update(described.encode() + array.tobytes())
    save_file(arrays, path, {"sk_dae": text, "sha256": digest.hexdigest()})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["n_components", 2]', '["n_components", 100000000]'),
        ('["n_features", 4]', '["n_features", 100000000]'),
        ('{"tuple": [3]}', '{"tuple": [100000000]}'),
        ('{"tuple": [3]}', '{"strings": [{"list": ["a"]}, "<U900000000"]}'),
        ('{"tuple": [3]}', '{"class": "os.system", "state": {"dict": []}}'),
        ('{"tuple": [3]}', '{"value": {"eval": "1"}}'),
        ('{"tuple": [3]}', '{"dtype": {"of": "polars", "name": "read_csv"}}'),
        ('{"tuple": [3]}', '{"device": "nowhere"}'),
        ('{"tuple": [3]}', '{"again": 1000}'),
        ('{"tuple": [3]}', "[" * 100_000 + "]" * 100_000),
        ('{"tuple": [3]}', '{"tuple": [' * 400 + "]}" * 400),
        ('{"tuple": [3]}', "{"),
        ('"format": 2', '"format": "2"'),
        ('"format": 2', '"format": 99'),
    ],
)
def test_hostile_header_is_refused_before_memory_is_taken(path, old, new):
    def change(text):
        assert old in text
        return text.replace(old, new)

    write(path, change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        sk_dae.load(path)
    # In kilobytes, or in bytes on some systems: 200 MB or more here.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 200_000


def test_other_major_version_is_told(path, model):
    def change(text):
        header = json.loads(text)
        header["versions"]["numpy"] = "1.26.4"
        return json.dumps(header)

    write(path, change)
    with pytest.warns(UserWarning, match=r"written with numpy 1\.26\.4 \(here 2"):
        loaded = sk_dae.load(path)
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))


def test_folder_is_no_file(model, tmp_path):
    for call in (lambda: sk_dae.save(model, tmp_path), lambda: sk_dae.load(tmp_path)):
        with pytest.raises(IsADirectoryError, match="is a folder"):
            call()


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_permissions(model, tmp_path):
    path = tmp_path / "model.safetensors"
    old = os.umask(0o027)
    try:
        sk_dae.save(model, path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    sk_dae.save(model, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_link_is_followed(model, tmp_path):
    path, link = tmp_path / "model.safetensors", tmp_path / "link"
    link.symlink_to(path)
    sk_dae.save(model, link)
    assert link.is_symlink()
    assert not is_refused(path, model)


def test_disk_that_is_full_leaves_the_old_file(path, model):
    large = make(hidden_layer_sizes=(500,)).fit(X)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            sk_dae.save(large, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not is_refused(path, model)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are those of POSIX")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_killed_save_leaves_the_old_file_or_the_new_one(model, tmp_path):
    path = tmp_path / "model.safetensors"
    models = [model, make(hidden_layer_sizes=(100, 100)).fit(X)]
    sk_dae.save(model, path)
    expected = [one.transform(X) for one in models]
    rng = np.random.RandomState(0)
    for _ in range(20):
        child = os.fork()
        if child == 0:
            while True:
                sk_dae.save(models[1], path)
                sk_dae.save(models[0], path)
        time.sleep(rng.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        codes = sk_dae.load(path).transform(X)
        assert any(np.array_equal(codes, one) for one in expected)
    # A file has its passing name between two calls of the system.
    assert len(os.listdir(tmp_path)) <= 2
