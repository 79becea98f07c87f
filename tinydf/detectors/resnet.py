# SPDX-License-Identifier: Apache-2.0
"""ResNet-18 and ResNet-50 (He, Zhang, Ren, Sun 2016, arXiv 1512.03385), the large baselines, for the host alone.

Shapes at 224x224: 112x112x64, pooled 56x56x64, then stages of 56, 28, 14 and 7 pixels a side. With 1000 classes that is
11.7 and 25.6 million parameters, 1.81 and 4.09 billion multiply-accumulates; with two at 96x96, 11.2 and 23.5 million,
and 0.33 and 0.75 billion.

Without early downsampling (Gragnaniello, Cozzolino, Marra, Poggi, Verdoliva 2021, arXiv 2104.02617), neither the first
convolution nor the pooling behind it halves the picture: that keeps a generator's traces, and costs 15 times as much.

Names of the layers and padding on all sides are torchvision's, so that weights for ImageNet fit and mean the same.
Those learn from raw pixels, which takes many epochs where nothing was learned before: a `ResidualBank` can stand in
place of the first convolution and the pooling, at the same stride.
"""

from typing import Literal

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from tinydf.detectors.layers import classifier, initialise
from tinydf.detectors.residual import FirstLayerOptions, ResidualBank

BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
FILTERS = (64, 128, 256, 512)
WIDENS = 4
"""A bottleneck has so many times as many outputs as filters."""


class Options(FirstLayerOptions):
    """What a recipe says about a ResNet."""

    depth: Literal[18, 50]
    early_downsampling: bool = Field(default=True, description="false: Gragnaniello et al. 2021")
    dropout: float = Field(default=0.0, ge=0, lt=1)


class ResNet(nn.Module):  # type: ignore[misc]
    """Input: float [batch, 3, height, width], RGB in [0, 1]. Output: logits float [batch, classes]."""

    def __init__(self, options: Options, classes: int = 2) -> None:
        super().__init__()
        channels = options.first_filters or FILTERS[0]
        if options.residuals:
            self.conv1: nn.Module = ResidualBank(options.residuals, options.residual_gain, options.chroma)
            self.bn1: nn.Module = nn.Identity()
            self.maxpool: nn.Module = nn.Identity()
        else:
            stride = 2 if options.early_downsampling else 1
            self.conv1 = nn.Conv2d(3, channels, 7, stride, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.maxpool = nn.MaxPool2d(3, stride, padding=1)
        block = Basic if options.depth == 18 else Bottleneck
        for number, (filters, count) in enumerate(zip(FILTERS, BLOCKS[options.depth], strict=True), start=1):
            stage = nn.Sequential()
            for place in range(count):
                stage.append(block(channels, filters, 2 if number > 1 and place == 0 else 1))
                channels = filters * block.widens
            setattr(self, f"layer{number}", stage)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(options.dropout)
        self.fc = classifier(channels, classes)
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        features = self.maxpool(F.relu(self.bn1(self.conv1(images))))
        features = self.layer4(self.layer3(self.layer2(self.layer1(features))))
        logits: Tensor = self.fc(self.dropout(self.avgpool(features)))
        return logits.flatten(1)


class Basic(nn.Module):  # type: ignore[misc]
    """Two 3x3 convolutions beside a shortcut."""

    widens = 1

    def __init__(self, inputs: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, filters, 3, stride)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = _convolution(filters, filters, 3, 1)
        self.bn2 = nn.BatchNorm2d(filters)
        self.downsample = _shortcut(inputs, filters, stride)

    def forward(self, features: Tensor) -> Tensor:
        inner = F.relu(self.bn1(self.conv1(features)))
        return F.relu(self.bn2(self.conv2(inner)) + self.downsample(features))


class Bottleneck(nn.Module):  # type: ignore[misc]
    """1x1, 3x3 and 1x1 convolutions beside a shortcut; the 3x3 one halves the size, as in torchvision."""

    widens = WIDENS

    def __init__(self, inputs: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, filters, 1, 1)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = _convolution(filters, filters, 3, stride)
        self.bn2 = nn.BatchNorm2d(filters)
        self.conv3 = _convolution(filters, filters * WIDENS, 1, 1)
        self.bn3 = nn.BatchNorm2d(filters * WIDENS)
        self.downsample = _shortcut(inputs, filters * WIDENS, stride)

    def forward(self, features: Tensor) -> Tensor:
        inner = F.relu(self.bn1(self.conv1(features)))
        inner = F.relu(self.bn2(self.conv2(inner)))
        return F.relu(self.bn3(self.conv3(inner)) + self.downsample(features))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Nothing where shapes agree, else a 1x1 convolution."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
