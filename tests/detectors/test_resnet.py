# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 and -50: the papers' costs, the form without early downsampling, and torchvision's names."""

import pytest
import torch

from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.detectors.resnet import Options, ResNet


@pytest.mark.parametrize(("depth", "parameters", "billions"), [(18, 11_689_512, 1.81), (50, 25_557_032, 4.09)])
def test_costs_are_the_papers(depth: int, parameters: int, billions: float) -> None:
    """Table 1 of the paper: 1.8 and 3.8 billion, with the stride in the first 1x1 convolution; else torchvision's."""
    model = ResNet(Options(depth=depth), classes=1000)
    assert count_parameters(model) == parameters
    assert count_macs(model, 224) / 1e9 == pytest.approx(billions, abs=0.01)


def test_without_early_downsampling_all_stages_are_four_times_as_large() -> None:
    plain, whole = (ResNet(Options(depth=50, early_downsampling=early)) for early in (True, False))
    assert count_parameters(plain) == count_parameters(whole)
    assert 15 < count_macs(whole, 64) / count_macs(plain, 64) < 16


def test_names_are_torchvisions() -> None:
    shapes = {name: list(value.shape) for name, value in ResNet(Options(depth=50)).state_dict().items()}
    assert shapes["conv1.weight"] == [64, 3, 7, 7]
    assert shapes["layer1.0.downsample.1.running_var"] == [256]
    assert "layer1.1.downsample.0.weight" not in shapes
    assert shapes["layer4.2.conv3.weight"] == [2048, 512, 1, 1]
    assert shapes["fc.bias"] == [2]


def test_two_logits_of_any_batch() -> None:
    model = ResNet(Options(depth=18, early_downsampling=False)).eval()
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 2)


def test_the_fixed_first_layer_leaves_the_stages_as_they_are() -> None:
    plain, fixed = (ResNet(Options(depth=18, residuals=residuals)) for residuals in (0, 24))
    same = plain.layer2.state_dict().keys()
    assert fixed.layer2.state_dict().keys() == same
    assert fixed.layer1(fixed.conv1(torch.rand(1, 3, 96, 96))).shape == (1, 64, 23, 23)
    assert not fixed.conv1[0].weight.requires_grad
