# SPDX-License-Identifier: Apache-2.0
"""PhiNet (Paissan, Ancilotto, Farella 2021, arXiv 2110.00337): inverted residuals scaled by a few numbers.

Shapes at 96x96 with alpha 1, four blocks and downsampling in the first and third: 23x23x20 from the fixed first layer,
12x12x24 twice, 6x6x48 twice. With two classes and t0 4 that is 65 thousand parameters and 5.3 million
multiply-accumulates; at alpha 0.5, 25 thousand and 3.7 million; without squeeze-and-excitation, 44 thousand and 5.3.

Written so that it converts to a TFLite graph of plain convolutions: ReLU6, which convolutions apply themselves, unless
the paper's h-swish is asked for; squeeze-and-excitation by 1x1 convolutions; and strided convolutions padded by
TensorFlow's rule rather than on all sides.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from tinydf.detectors.layers import SameConv2d, classifier, normalised
from tinydf.detectors.residual import FirstLayerOptions, ResidualBank

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"relu6": nn.ReLU6, "h-swish": nn.Hardswish}
FILTERS = 24
SQUEEZE = 6


class Options(FirstLayerOptions):
    """What a recipe says about a PhiNet; alpha, beta, t0 and the number of blocks are the paper's."""

    alpha: float = Field(gt=0, le=8, description="width: 24 * alpha filters in the first block")
    beta: float = Field(gt=0, le=8, description="shape: the expansion goes from t0 to t0 * beta")
    t0: float = Field(gt=0, le=12, description="expansion factor of the first block")
    blocks: int = Field(ge=1, le=16, description="number of inverted residual blocks")
    downsampling: tuple[int, ...] = Field(
        description="blocks, from 1, that halve the size; past the first they double the filters"
    )
    residuals: int = Field(default=20, ge=1, le=63, description="filters of the fixed first layer")
    squeeze_excite: bool = True
    activation: Literal["relu6", "h-swish"] = Field(default="relu6", description="h-swish is the paper's")
    dropout: float = Field(default=0.0, ge=0, lt=1)


class PhiNet(nn.Module):  # type: ignore[misc]
    """Input: float [batch, 3, height, width], RGB in [0, 1]. Output: logits float [batch, 2], real and fake.

    The fixed `ResidualBank` stands in place of the paper's first separable convolution.
    """

    def __init__(self, options: Options, classes: int = 2) -> None:
        super().__init__()
        self.residuals = ResidualBank(options.residuals, options.residual_gain, options.chroma)
        self.blocks = nn.Sequential()
        channels, filters = options.first_filters, FILTERS * options.alpha
        for number in range(1, options.blocks + 1):
            halves = number in options.downsampling
            filters *= 2 if halves and number > 1 else 1
            expansion = _expansion(options, number - 1)
            make = partial(Block, squeeze_excite=options.squeeze_excite, activation=ACTIVATIONS[options.activation])
            self.blocks.append(make(channels, _width(filters), expansion, 2 if halves else 1))
            channels = _width(filters)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(options.dropout)
        self.classifier = classifier(channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        features = self.pool(self.blocks(self.residuals(images)))
        return self.classifier(self.dropout(features)).flatten(1)


class Block(nn.Module):  # type: ignore[misc]
    """Expansion 1x1, depthwise 3x3, squeeze-and-excitation, projection 1x1; the input is added where shapes allow."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        expansion: float,
        stride: int,
        squeeze_excite: bool,
        activation: Callable[[], nn.Module],
    ) -> None:
        super().__init__()
        wide = _width(inputs * expansion)
        self.adds = stride == 1 and inputs == outputs
        self.expand = nn.Sequential(normalised(SameConv2d(inputs, wide, 1)), activation())
        self.depthwise = normalised(SameConv2d(wide, wide, 3, stride, groups=wide), activation())
        self.squeeze = SqueezeExcite(wide) if squeeze_excite else nn.Identity()
        self.project = normalised(SameConv2d(wide, outputs, 1))

    def forward(self, features: Tensor) -> Tensor:
        narrow: Tensor = self.project(self.squeeze(self.depthwise(self.expand(features))))
        return features + narrow if self.adds else narrow


class SqueezeExcite(nn.Module):  # type: ignore[misc]
    """Scales each channel by a number in [0, 1] that all channels' means decide (Hu, Shen, Sun 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(1, channels // SQUEEZE)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU6(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features * self.gate(features)


def _expansion(options: Options, index: int) -> float:
    """The paper's shape rule: from t0 in the first block towards t0 * beta past the last."""
    return options.t0 * ((options.beta - 1) * index + options.blocks) / options.blocks


def _width(filters: float) -> int:
    """A number of channels: the nearest multiple of four, which suits SIMD kernels, and at least eight."""
    return max(8, int(filters / 4 + 0.5) * 4)
