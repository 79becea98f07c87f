# SPDX-License-Identifier: Apache-2.0
"""ResNet-8: image classification of MLPerf Tiny (Banbury et al. 2021, arXiv 2106.07597), after He et al. 2016.

A 3x3 convolution and three stages of one basic block; shapes at 32x32: 32x32x16, 32x32x16, 16x16x32, 8x8x64. With 10
classes that is 78 thousand parameters and 12.5 million multiply-accumulates; with two at 96x96 and `stride` 2, 28
million.
"""

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from tinydf.detectors.layers import SameConv2d, classifier, initialise, normalised
from tinydf.detectors.residual import FirstLayerOptions, ResidualBank

FILTERS = (16, 32, 64)


class Options(FirstLayerOptions):
    """What a recipe says about a ResNet-8."""

    stride: int = Field(default=1, ge=1, le=4, description="of the first convolution; MLPerf Tiny's 32x32 has 1")
    dropout: float = Field(default=0.0, ge=0, lt=1)


class ResNet8(nn.Module):  # type: ignore[misc]
    """Input: float [batch, 3, height, width], RGB in [0, 1]. Output: logits float [batch, classes].

    With `residuals`, the fixed `ResidualBank` at stride 4 stands in place of the first convolution.
    """

    def __init__(self, options: Options, classes: int = 2) -> None:
        super().__init__()
        channels = options.first_filters or FILTERS[0]
        if options.residuals:
            self.first: nn.Module = ResidualBank(options.residuals, options.residual_gain, options.chroma)
        else:
            self.first = normalised(SameConv2d(3, channels, 3, options.stride), nn.ReLU())
        self.blocks = nn.Sequential()
        for number, filters in enumerate(FILTERS):
            self.blocks.append(Block(channels, filters, 2 if number else 1))
            channels = filters
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(options.dropout)
        self.classifier = classifier(channels, classes)
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(self.pool(self.blocks(self.first(images)))))
        return logits.flatten(1)


class Block(nn.Module):  # type: ignore[misc]
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where shapes differ."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        same = stride == 1 and inputs == outputs
        self.convolutions = nn.Sequential(
            normalised(SameConv2d(inputs, outputs, 3, stride), nn.ReLU()),
            normalised(SameConv2d(outputs, outputs, 3)),
        )
        self.shortcut = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, stride)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.convolutions(features) + self.shortcut(features))
