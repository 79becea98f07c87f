# SPDX-License-Identifier: Apache-2.0
"""MobileNetV3-small: the paper's costs, its shapes, and torchvision's names."""

import pytest
import torch

from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.detectors.mobilenet_v3 import MobileNetV3Small, Options


def test_costs_are_the_papers() -> None:
    """Table 3 of the paper: 2.5 million and 56 million; parameters are torchvision's to the last."""
    model = MobileNetV3Small(Options(width=1.0), classes=1000)
    assert count_parameters(model) == 2_542_856
    assert count_macs(model, 224) / 1e6 == pytest.approx(56.5, abs=0.05)


def test_names_are_torchvisions() -> None:
    shapes = {name: list(value.shape) for name, value in MobileNetV3Small(Options(width=1.0)).state_dict().items()}
    assert shapes["features.0.0.weight"] == [16, 3, 3, 3]
    assert shapes["features.1.block.1.fc1.bias"] == [8]
    assert shapes["features.2.block.2.0.weight"] == [24, 72, 1, 1]
    assert shapes["features.11.block.2.fc2.weight"] == [576, 144, 1, 1]
    assert shapes["features.12.1.running_var"] == [576]
    assert shapes["classifier.0.weight"] == [1024, 576, 1, 1]
    assert shapes["classifier.3.bias"] == [2]


@pytest.mark.parametrize("residuals", [0, 20])
def test_halves_the_size_five_times(residuals: int) -> None:
    model = MobileNetV3Small(Options(width=0.5, residuals=residuals)).eval()
    images = torch.rand(2, 3, 96, 96)
    assert model.features(images).shape == (2, 288, 3, 3)
    assert model(images).shape == (2, 2)
