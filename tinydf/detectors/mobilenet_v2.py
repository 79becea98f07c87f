# SPDX-License-Identifier: Apache-2.0
"""MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov, Chen 2018, arXiv 1801.04381): inverted residuals, linear bottlenecks.

Shapes at width 1 and 224x224: 112x112x32, then table 2 of the paper down to 7x7x320, 7x7x1280, 1280. With 1000 classes
that is 3.50 million parameters and 301 million multiply-accumulates; at width 0.35, 1.68 and 59 million; with two
classes at 96x96, 0.40 and 10.7 million. Names of the layers are torchvision's, so that weights for ImageNet fit.
"""

from pydantic import Field
from torch import Tensor, nn

from tinydf.detectors.layers import SameConv2d, classifier, divisible, initialise, normalised
from tinydf.detectors.residual import FirstLayerOptions, ResidualBank

FIRST = 32
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, filters, blocks and first stride of each stage, table 2 of the paper."""


class Options(FirstLayerOptions):
    """What a recipe says about a MobileNetV2."""

    width: float = Field(gt=0, le=4, description="the paper's width multiplier")
    last: int = Field(default=1280, ge=8, le=8192, description="filters of the last convolution, at widths up to 1")
    dropout: float = Field(default=0.2, ge=0, lt=1)


class MobileNetV2(nn.Module):  # type: ignore[misc]
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
            layers = [normalised(SameConv2d(3, channels, 3, stride=2), nn.ReLU6())]
        halved = bool(options.residuals)
        for expansion, filters, blocks, stride in STAGES:
            outputs = divisible(filters * options.width)
            for number in range(blocks):
                step = stride if number == 0 else 1
                if step == 2 and halved:
                    step, halved = 1, False
                layers.append(Block(channels, outputs, expansion, step))
                channels = outputs
        last = divisible(options.last * max(1.0, options.width))
        layers.append(normalised(SameConv2d(channels, last, 1), nn.ReLU6()))
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(options.dropout), classifier(last, classes))
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.pool(self.features(images)))
        return logits.flatten(1)


class Block(nn.Module):  # type: ignore[misc]
    """Expansion 1x1, depthwise 3x3, projection 1x1 without activation; the input is added where shapes allow."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.adds = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            *([normalised(SameConv2d(inputs, wide, 1), nn.ReLU6())] if expansion > 1 else []),
            normalised(SameConv2d(wide, wide, 3, stride, groups=wide), nn.ReLU6()),
            SameConv2d(wide, outputs, 1),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, features: Tensor) -> Tensor:
        narrow: Tensor = self.conv(features)
        return features + narrow if self.adds else narrow
