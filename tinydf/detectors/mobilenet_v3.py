# SPDX-License-Identifier: Apache-2.0
"""MobileNetV3-small (Howard et al. 2019, arXiv 1905.02244): inverted residuals, h-swish, squeeze-and-excitation.

Shapes at width 1 and 224x224: 112x112x16, then table 2 of the paper down to 7x7x96, 7x7x576, 1024. With 1000 classes
that is 2.54 million parameters and 56.5 million multiply-accumulates; with two classes at 96x96, 1.52 and 11.0 million;
at width 0.5, 0.41 and 3.6 million. Names of the layers are torchvision's, so that weights for ImageNet fit.
"""

from collections.abc import Callable
from typing import NamedTuple

from pydantic import Field
from torch import Tensor, nn

from tinydf.detectors.layers import HardSigmoid, SameConv2d, classifier, divisible, initialise, normalised
from tinydf.detectors.residual import FirstLayerOptions, ResidualBank

FIRST, LAST, WIDEST = 16, 1024, 6
SQUEEZE = 4


class Row(NamedTuple):
    """A block of table 2: kernel, expanded filters, filters, squeeze-and-excitation, activation, stride."""

    kernel: int
    wide: int
    filters: int
    squeezes: bool
    activation: Callable[[], nn.Module]
    stride: int


ROWS = (
    Row(3, 16, 16, True, nn.ReLU, 2),
    Row(3, 72, 24, False, nn.ReLU, 2),
    Row(3, 88, 24, False, nn.ReLU, 1),
    Row(5, 96, 40, True, nn.Hardswish, 2),
    Row(5, 240, 40, True, nn.Hardswish, 1),
    Row(5, 240, 40, True, nn.Hardswish, 1),
    Row(5, 120, 48, True, nn.Hardswish, 1),
    Row(5, 144, 48, True, nn.Hardswish, 1),
    Row(5, 288, 96, True, nn.Hardswish, 2),
    Row(5, 576, 96, True, nn.Hardswish, 1),
    Row(5, 576, 96, True, nn.Hardswish, 1),
)


class Options(FirstLayerOptions):
    """What a recipe says about a MobileNetV3-small."""

    width: float = Field(gt=0, le=4, description="the paper's width multiplier")
    dropout: float = Field(default=0.2, ge=0, lt=1)


class MobileNetV3Small(nn.Module):  # type: ignore[misc]
    """Input: float [batch, 3, height, width], RGB in [0, 1]. Output: logits float [batch, classes].

    With `residuals`, the fixed `ResidualBank` at stride 4 stands in place of the first convolution and of the first
    halving after it.
    """

    def __init__(self, options: Options, classes: int = 2) -> None:
        super().__init__()
        channels = options.first_filters or divisible(FIRST * options.width)
        if options.residuals:
            layers: list[nn.Module] = [ResidualBank(options.residuals, options.residual_gain, options.chroma)]
        else:
            layers = [normalised(SameConv2d(3, channels, 3, stride=2), nn.Hardswish())]
        for number, row in enumerate(ROWS):
            wide, outputs = divisible(row.wide * options.width), divisible(row.filters * options.width)
            stride = 1 if number == 0 and options.residuals else row.stride
            layers.append(Block(channels, wide, outputs, row._replace(stride=stride)))
            channels = outputs
        layers.append(normalised(SameConv2d(channels, WIDEST * channels, 1), nn.Hardswish()))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        last = divisible(LAST * options.width)
        self.classifier = nn.Sequential(
            classifier(WIDEST * channels, last),
            nn.Hardswish(),
            nn.Dropout(options.dropout),
            classifier(last, classes),
        )
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.pool(self.features(images)))
        return logits.flatten(1)


class Block(nn.Module):  # type: ignore[misc]
    """Expansion 1x1, depthwise, squeeze-and-excitation, projection 1x1; the input is added where shapes allow."""

    def __init__(self, inputs: int, wide: int, outputs: int, row: Row) -> None:
        super().__init__()
        self.adds = row.stride == 1 and inputs == outputs
        self.block = nn.Sequential(
            *([normalised(SameConv2d(inputs, wide, 1), row.activation())] if wide != inputs else []),
            normalised(SameConv2d(wide, wide, row.kernel, row.stride, groups=wide), row.activation()),
            *([SqueezeExcite(wide)] if row.squeezes else []),
            normalised(SameConv2d(wide, outputs, 1)),
        )

    def forward(self, features: Tensor) -> Tensor:
        narrow: Tensor = self.block(features)
        return features + narrow if self.adds else narrow


class SqueezeExcite(nn.Module):  # type: ignore[misc]
    """Scales each channel by a number in [0, 1] that all channels' means decide (Hu, Shen, Sun 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = divisible(channels // SQUEEZE)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.between = nn.ReLU()
        self.gate = HardSigmoid()

    def forward(self, features: Tensor) -> Tensor:
        return features * self.gate(self.fc2(self.between(self.fc1(self.pool(features)))))
