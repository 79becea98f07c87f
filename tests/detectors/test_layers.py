# SPDX-License-Identifier: Apache-2.0
"""Padding by TensorFlow's rule, and rounded widths."""

import pytest
import torch

from tinydf.detectors.layers import HardSigmoid, SameConv2d, divisible


@pytest.mark.parametrize(("side", "kernel", "stride"), [(8, 3, 2), (9, 3, 2), (7, 5, 2), (8, 5, 2), (8, 5, 1)])
def test_same_padding(side: int, kernel: int, stride: int) -> None:
    """An image of ones under a kernel of ones: what is missing at an edge tells how far the padding reaches in."""
    layer = SameConv2d(1, 1, kernel, stride)
    torch.nn.init.ones_(layer.weight)
    inside = layer(torch.ones(1, 1, side, side))[0, 0] / kernel
    assert inside.shape == (-(-side // stride),) * 2
    total = max((inside.shape[0] - 1) * stride + kernel - side, 0)
    middle = kernel * kernel / kernel
    first, last = kernel - total // 2, kernel - (total - total // 2)
    assert inside[0, 0].item() == pytest.approx(first * first / kernel)
    assert inside[-1, -1].item() == pytest.approx(last * last / kernel)
    assert inside[1, 1].item() <= middle


def test_no_padding_to_copy_at_stride_one() -> None:
    assert SameConv2d(4, 4, (1, 5), 1, groups=4).padding == (0, 2)


def test_hard_sigmoid() -> None:
    given = torch.linspace(-5, 5, 101)
    assert torch.allclose(HardSigmoid()(given), torch.nn.functional.hardsigmoid(given), atol=1e-6)


def test_widths_lose_less_than_a_tenth() -> None:
    assert [divisible(one) for one in (3, 11.2, 24, 36, 42)] == [8, 16, 24, 40, 40]
