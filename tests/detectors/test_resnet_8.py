# SPDX-License-Identifier: Apache-2.0
"""ResNet-8: MLPerf Tiny's costs and shapes."""

import pytest
import torch

from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.detectors.resnet_8 import Options, ResNet8


def test_costs_are_mlperf_tinys() -> None:
    """Keras counts 78,666: with biases that normalisation makes idle, and with its means and variances."""
    model = ResNet8(Options(), classes=10)
    idle, statistics = 3 * 16 + 2 * 32 + 2 * 64, 2 * (3 * 16 + 2 * 32 + 2 * 64)
    assert count_parameters(model) + idle + statistics == 78_666
    assert count_macs(model, 32) / 1e6 == pytest.approx(12.5, abs=0.01)


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"residuals": 20}])
def test_two_logits_of_any_batch(options: dict[str, int]) -> None:
    model = ResNet8(Options(**options)).eval()
    assert model(torch.rand(2, 3, 96, 96)).shape == (2, 2)
