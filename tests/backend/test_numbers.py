"""Numbers as tensors: read by torch as Python's are, whatever the user has set."""

import pytest
import torch

from sk_dae.backend.numbers import number


@pytest.mark.parametrize("value", [0.999, 1.0 - 1e-8, 3e-9, 2.0 / 657])
def test_product_is_the_one_with_a_number_of_python(value):
    x = torch.randn(1001, generator=torch.Generator().manual_seed(0))
    assert torch.equal(x * number(value), x * value)
    assert torch.equal(x + number(value), x + value)


def test_settings_of_the_user_have_no_say():
    value = 0.123456789  # that no other test has asked for
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.inference_mode():
            made = number(value)
    finally:
        torch.set_default_dtype(before)
    assert made.dtype == torch.float32
    assert not made.is_inference()
    weight = torch.ones(3, requires_grad=True)
    (weight * made).sum().backward()
    torch.testing.assert_close(weight.grad, torch.full((3,), value))
