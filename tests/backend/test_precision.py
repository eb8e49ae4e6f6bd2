"""The type of products, and when it is bfloat16."""

import pytest
import torch

from sk_dae.backend.precision import autocast, find_precision

CPU = torch.device("cpu")


def test_precision_is_as_asked_for():
    assert find_precision("float32", CPU) is None
    assert find_precision("bfloat16", CPU) is torch.bfloat16


@pytest.mark.parametrize("has", [False, True])
def test_automatic_precision_follows_the_processor(has, monkeypatch):
    from sk_dae.backend import precision

    precision.is_fast.cache_clear()
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": has})
    try:
        found = find_precision("auto", CPU)
    finally:
        precision.is_fast.cache_clear()
    assert (found is torch.bfloat16) == has


def test_autocast_holds_for_the_block_alone():
    with autocast(None, "cpu"):
        assert not torch.is_autocast_enabled("cpu")
    with autocast(torch.bfloat16, "cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")
