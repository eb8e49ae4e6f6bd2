"""Devices: which one a name means, and what is said where it is missing."""

import pytest
import torch

from sk_dae.backend.devices import find_device


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_cpu_is_always_there(device):
    assert find_device(device) == torch.device("cpu")


@pytest.mark.parametrize(("available", "kind"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_the_gpu_where_there_is_one(monkeypatch, available, kind):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert find_device("auto").type == kind


@pytest.mark.parametrize(
    ("device", "n_devices", "there"),
    [
        ("cuda", 1, True),
        ("cuda:0", 1, True),
        ("cuda:1", 1, False),
        ("cuda:1", 2, True),
        ("cuda", 0, False),
        (torch.device("cuda", 3), 2, False),
    ],
)
def test_gpu_is_counted(monkeypatch, device, n_devices, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: n_devices > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n_devices)
    if there:
        assert find_device(device) == torch.device(device)
    else:
        with pytest.raises(ValueError, match=f"{device}.*finds {n_devices} CUDA"):
            find_device(device)


@pytest.mark.parametrize("available", [True, False])
def test_mps_is_asked_for(monkeypatch, available):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: available)
    if available:
        assert find_device("mps") == torch.device("mps")
    else:
        with pytest.raises(ValueError, match="not there"):
            find_device("mps")


@pytest.mark.parametrize("device", ["gpu", "CPU", "", "cuda:x", "cuda:-1", None, 1.5])
def test_what_is_no_name_of_a_device_is_refused(device):
    with pytest.raises(ValueError, match="device must be 'auto'"):
        find_device(device)


@pytest.mark.parametrize("device", ["meta", "vulkan", "hpu"])
def test_name_without_a_device_is_refused(device):
    with pytest.raises(ValueError, match=f"'{device}' asks for a device"):
        find_device(device)
