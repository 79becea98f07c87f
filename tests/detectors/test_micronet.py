# SPDX-License-Identifier: Apache-2.0
"""MicroNet: the paper's costs, and what a shuffle and a Dynamic Shift-Max do."""

import pytest
import torch
from torch import nn

from tinydf import detectors
from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.detectors.micronet import SIZES, DynamicShiftMax, MicroNet, Options, Shuffle
from tinydf.errors import TinydfError


@pytest.mark.parametrize(
    ("size", "parameters", "multiply_adds"), [("m0", 1.0, 4), ("m1", 1.8, 6), ("m2", 2.4, 12), ("m3", 2.6, 21)]
)
def test_costs_are_the_papers(size: str, parameters: float, multiply_adds: float) -> None:
    """In millions, by the README of the published code; the products of Dynamic Shift-Max count too."""
    model = MicroNet(Options(size=size), classes=1000).eval()
    assert count_parameters(model) / 1e6 == pytest.approx(parameters, abs=0.05)
    assert count_macs(model, 224) + _sums(model) == pytest.approx(multiply_adds * 1e6, rel=0.07)


def _sums(model: nn.Module) -> int:
    """Products that Dynamic Shift-Max layers add for an image of 224x224."""
    counts: list[int] = []
    for module in model.modules():
        if isinstance(module, DynamicShiftMax):
            module.register_forward_hook(lambda layer, _, output: counts.append(len(layer.slopes) * output.numel()))
    with torch.no_grad():
        model(torch.zeros(1, 3, 224, 224))
    return sum(counts)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("residuals", "blocks"), [(0, None), (12, None), (6, (2, 5)), (60, (2, 5))])
def test_two_logits_of_any_batch(size: str, residuals: int, blocks: tuple[int, int] | None) -> None:
    model = MicroNet(Options(size=size, residuals=residuals, blocks=blocks)).eval()
    assert model(torch.rand(2, 3, 96, 96)).shape == (2, 2)


def test_a_narrow_last_layer_spares_what_two_classes_do_not_need() -> None:
    whole, narrow = (MicroNet(Options(size="m0", last=last)) for last in (None, 32))
    assert count_parameters(whole) - count_parameters(narrow) == (640 - 32) * (384 + 2 + 2)


def test_some_of_the_blocks_behind_the_fixed_first_layer() -> None:
    """Its stride of 4 is that of the stem and the first block: both halve."""
    model = MicroNet(Options(size="m3", residuals=36, blocks=(2, 8))).eval()
    first, *_, last = model.blocks
    images = torch.rand(1, 3, 96, 96)
    assert len(model.blocks) == 7
    assert model.stem(images).shape == (1, 36, 23, 23)
    assert first(model.stem(images)).shape == (1, 24, 12, 12)
    assert last(torch.rand(1, 80, 6, 6)).shape == (1, 80, 6, 6)
    assert model(images).shape == (1, 2)


def test_all_blocks_are_the_whole_network() -> None:
    whole = MicroNet(Options(size="m0", residuals=12))
    assert str(MicroNet(Options(size="m0", residuals=12, blocks=(1, 7)))) == str(whole)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"residuals": 24, "blocks": [2, 8]}, "blocks 2 to 8: m0 has blocks 1 to 7"),
        ({"residuals": 24, "blocks": [3, 2]}, "blocks 3 to 2: m0 has blocks 1 to 7"),
        ({"blocks": [2, 7]}, "blocks begin with 1, or behind the fixed first layer"),
        ({"residuals": 24, "blocks": [3, 7]}, "blocks begin with 1, or behind the fixed first layer"),
    ],
)
def test_blocks_that_are_not_there_are_an_error(options: dict[str, object], error: str) -> None:
    with pytest.raises(TinydfError, match=error):
        detectors.build("micronet", {"size": "m0"} | options)


def test_a_shuffle_is_torchs() -> None:
    features = torch.rand(2, 24, 3, 3)
    for groups in (2, 4, 6):
        assert torch.equal(Shuffle(24, groups)(features), nn.functional.channel_shuffle(features, groups))


def test_two_published_shuffles_are_one_of_half_the_groups() -> None:
    features = torch.rand(1, 48, 2, 2)
    for groups in (4, 8, 12):
        twice = Shuffle(48, 24)(Shuffle(48, groups)(features))
        assert torch.equal(twice, Shuffle(48, groups // 2)(features))


def test_dynamic_shift_max_begins_at_its_slopes() -> None:
    """With the last layer of its coefficients at zero, half-way between the hard sigmoid's ends."""
    features = torch.randn(2, 8, 3, 3)
    layer = DynamicShiftMax(8, 4, 8, (1.0, 0.0, 0.5, 0.5))
    for parameter in layer.coefficients.parameters():
        nn.init.zeros_(parameter)
    shifted = features.roll(-2, 1)
    assert torch.allclose(layer(features), torch.maximum(features, (features + shifted) / 2), atol=1e-6)


def test_only_so_many_residuals_as_the_groups_divide() -> None:
    with pytest.raises(TinydfError, match="detector micronet: residuals: Input should be a multiple of 6"):
        detectors.build("micronet", {"size": "m0", "residuals": 20})
