# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2: the paper's costs, its shapes, and torchvision's names."""

import pytest
import torch

from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.detectors.mobilenet_v2 import MobileNetV2, Options


@pytest.mark.parametrize(("width", "parameters", "millions"), [(1.0, 3_504_872, 300.8), (0.35, 1_677_128, 59.3)])
def test_costs_are_the_papers(width: float, parameters: int, millions: float) -> None:
    """Table 4 of the paper: 3.4 million and 300 million; parameters are torchvision's to the last."""
    model = MobileNetV2(Options(width=width), classes=1000)
    assert count_parameters(model) == parameters
    assert count_macs(model, 224) / 1e6 == pytest.approx(millions, abs=0.05)


def test_names_are_torchvisions() -> None:
    shapes = {name: list(value.shape) for name, value in MobileNetV2(Options(width=1.0)).state_dict().items()}
    assert shapes["features.0.0.weight"] == [32, 3, 3, 3]
    assert shapes["features.1.conv.0.0.weight"] == [32, 1, 3, 3]
    assert shapes["features.1.conv.2.running_mean"] == [16]
    assert shapes["features.17.conv.2.weight"] == [320, 960, 1, 1]
    assert shapes["features.18.1.bias"] == [1280]
    assert shapes["classifier.1.weight"] == [2, 1280, 1, 1]


@pytest.mark.parametrize("residuals", [0, 20])
def test_halves_the_size_five_times(residuals: int) -> None:
    model = MobileNetV2(Options(width=0.35, residuals=residuals)).eval()
    images = torch.rand(2, 3, 96, 96)
    assert model.features(images).shape == (2, 1280, 3, 3)
    assert model(images).shape == (2, 2)
