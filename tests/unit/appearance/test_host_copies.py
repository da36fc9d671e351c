"""Copies from the device to the host."""

import pytest
import torch

from streid.appearance.host_copies import HostCopy


def test_a_copy_has_the_values_without_their_gradients() -> None:
    values = torch.arange(3.0, requires_grad=True)
    copied = HostCopy(values * 2).wait()
    assert copied.tolist() == [0, 2, 4]
    assert not copied.requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_copy_from_a_gpu_waits_for_the_values() -> None:
    values = torch.ones(4096, 4096, device="cuda")
    for _ in range(20):
        values = values @ values / 4096
    copied = HostCopy(values)
    values.zero_()
    assert bool((copied.wait() == 1).all())
