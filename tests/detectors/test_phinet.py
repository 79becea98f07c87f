# SPDX-License-Identifier: Apache-2.0
"""PhiNet: shapes, the paper's shape rule, what it costs, and what keeps it friendly to int8."""

import pytest
import torch
from torch import nn

from tinydf import detectors
from tinydf.detectors.cost import count_macs, count_parameters
from tinydf.detectors.phinet import Options, PhiNet, _expansion
from tinydf.detectors.residual import LARGEST, ResidualBank
from tinydf.errors import TinydfError

SMALL = {"alpha": 0.5, "beta": 1.0, "t0": 2.0, "blocks": 4, "downsampling": [1, 3], "residuals": 12}


def test_two_logits_of_any_batch() -> None:
    model = detectors.build("phinet", SMALL).eval()
    assert model(torch.rand(3, 3, 96, 96)).shape == (3, 2)
    assert model(torch.rand(1, 3, 128, 128)).shape == (1, 2)


def test_the_expansion_follows_the_papers_rule() -> None:
    options = Options(alpha=1, beta=0.5, t0=6, blocks=4, downsampling=())
    assert [_expansion(options, index) for index in range(4)] == [6.0, 5.25, 4.5, 3.75]


def test_downsampling_halves_the_size_and_doubles_the_filters() -> None:
    model = PhiNet(Options(alpha=1, beta=1, t0=2, blocks=3, downsampling=(2,)))
    features = model.blocks[:1](model.residuals(torch.rand(1, 3, 96, 96)))
    assert features.shape == (1, 24, 23, 23)
    assert model.blocks[1](features).shape == (1, 48, 12, 12)


def test_alpha_scales_the_filters() -> None:
    """What the file's head says about costs; two classes at 96x96."""
    demo = {"beta": 1.0, "t0": 4.0, "blocks": 4, "downsampling": (1, 3)}
    for alpha, squeeze_excite, parameters, macs in (
        (1.0, True, 64_823, 5_321_024),
        (0.5, True, 24_663, 3_691_472),
        (1.0, False, 43_770, 5_300_512),
    ):
        model = PhiNet(Options(**demo, alpha=alpha, squeeze_excite=squeeze_excite))
        assert [block.project[0].out_channels for block in model.blocks] == [alpha * one for one in (24, 24, 48, 48)]
        assert (count_parameters(model), count_macs(model, 96)) == (parameters, macs)


@pytest.mark.parametrize("factor", [0.1, 1.0, 7.3])
def test_the_bank_survives_int8_per_channel_exactly(factor: float) -> None:
    """For each factor that the normalisation folds in, 127 steps a channel hold the taps, and they sum to zero."""
    weight = ResidualBank(63, gain=3.0, chroma=63)[0].weight * factor
    steps = weight / (weight.abs().amax(dim=(1, 2, 3), keepdim=True) / LARGEST)
    assert torch.allclose(steps, steps.round(), atol=1e-4)
    assert not steps.round().sum(dim=(1, 2, 3)).any()


def test_chroma_filters_see_colour_alone() -> None:
    taps = ResidualBank(4, gain=1.5, chroma=2)[0].weight
    assert taps.shape == (4 + 2 * 2, 3, 8, 8)
    grey, colour = taps[:4], taps[4:]
    assert torch.equal(grey[:, 0], grey[:, 1]) and torch.equal(grey[:, 0], grey[:, 2])
    assert colour.sum(dim=1).abs().max() <= 2, "a grey pattern leaves no more than rounding"
    assert colour.abs().amax(dim=(1, 2, 3)).eq(LARGEST).all()
    model = detectors.build("phinet", {**SMALL, "chroma": 5}).eval()
    assert model(torch.rand(1, 3, 96, 96)).shape == (1, 2)


def test_chroma_is_part_of_the_fixed_first_layer() -> None:
    with pytest.raises(TinydfError, match="chroma adds filters to the fixed first layer: give residuals, too"):
        detectors.build("resnet-8", {"chroma": 4})
    for name, options in (
        ("resnet-8", {"residuals": 8, "chroma": 4}),
        ("micronet", {"size": "m0", "residuals": 24, "chroma": 9}),
    ):
        model = detectors.build(name, options).eval()
        assert model(torch.rand(1, 3, 96, 96)).shape == (1, 2)


def test_the_bank_ignores_brightness_and_is_not_trained() -> None:
    bank = ResidualBank(24, gain=3.0, chroma=10).double().eval()
    image = torch.rand(1, 3, 96, 96, dtype=torch.float64) / 100
    assert torch.allclose(bank(image), bank(image + 0.5), atol=1e-6)
    assert not bank[0].weight.requires_grad


def test_the_papers_activation_can_be_had() -> None:
    layers = [type(one) for one in detectors.build("phinet", {**SMALL, "activation": "h-swish"}).modules()]
    blocks = len([one for one in layers if one.__name__ == "Block"])
    assert layers.count(nn.Hardswish) == 2 * blocks
    assert nn.Hardswish not in [type(one) for one in detectors.build("phinet", SMALL).modules()]


def test_only_layers_that_convert_to_int8() -> None:
    plain = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU6, nn.Sigmoid, nn.AdaptiveAvgPool2d, nn.Dropout)
    leaves = [one for one in detectors.build("phinet", SMALL).modules() if not list(one.children())]
    assert all(isinstance(one, plain) for one in leaves)


def test_costs_are_those_of_the_layers_written_out() -> None:
    model = PhiNet(Options(alpha=1, beta=1, t0=2, blocks=1, downsampling=(1,), residuals=10, squeeze_excite=False))
    bank = 23 * 23 * 10 * 192
    block = 23 * 23 * 10 * 20 + 12 * 12 * 20 * 9 + 12 * 12 * 20 * 24
    assert count_macs(model, 96) == bank + block + 24 * 2
    normalisations = 2 * (10 + 20 + 20 + 24)
    weights = 10 * 192 + 10 * 20 + 20 * 9 + 20 * 24 + 24 * 2 + 2
    assert count_parameters(model) == weights + normalisations


def test_counting_leaves_the_mode_as_it_was() -> None:
    model = detectors.build("phinet", SMALL).train()
    count_macs(model, 96)
    assert model.training


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("florb", SMALL, "detector 'florb' is not known: choose one of micronet, "),
        ("phinet", SMALL | {"gamma": 1}, "detector phinet: gamma: unknown key"),
        ("phinet", SMALL | {"alpha": -1}, "detector phinet: alpha: Input should be greater than 0"),
        ("phinet", {}, "detector phinet: alpha: Field required"),
        ("phinet", SMALL | {"blocks": 99}, "detector phinet: blocks: Input should be less than or equal to 16"),
    ],
)
def test_bad_options_are_named(name: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(TinydfError) as error:
        detectors.build(name, options)
    assert str(error.value).startswith(message)
