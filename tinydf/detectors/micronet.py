# SPDX-License-Identifier: Apache-2.0
"""MicroNet M0 to M3 (Li et al. 2021, arXiv 2108.05894): micro-factorised convolutions and Dynamic Shift-Max.

A 3x3 depthwise convolution is split into 3x1 and 1x3, a 1x1 convolution into groups with a shuffle between two of them;
Dynamic Shift-Max joins each channel with one of the next group.

| | shapes at 224x224 | parameters, multiply-accumulates | the paper |
|---|---|---|---|
| m0 | 112x112x4, 56x56x8, 28x28x12, 14x14x16 and 32, 7x7x64, 96 and 384, 640 | 1.02 and 3.4 million | 1.0, 4 |
| m1 | 112x112x6, 56x56x8, 28x28x16, 14x14x16 and 32, 7x7x64, 96 and 576, 960 | 1.77 and 5.3 million | 1.8, 6 |
| m2 | 112x112x8, 56x56x12, 28x28x16 and 24, 14x14x32 to 64, 7x7x96 to 768, 1024 | 2.39 and 10.3 million | 2.4, 12 |
| m3 | 112x112x12, 56x56x16, 28x28x24, 14x14x32 to 80, 7x7x120 to 864, 1024 | 2.62 and 18.2 million | 2.6, 21 |

That is with 1000 classes, and of convolutions alone: the paper counts the products of Dynamic Shift-Max too, 0.6 to 2.6
million. With two classes at 96x96 a network has 0.38, 0.82, 1.37 or 1.60 million parameters and 0.80, 1.4, 2.8 or 4.3
million multiply-accumulates.

Written for int8: two shuffles in a row, as in the published code, are one; the shift of a Dynamic Shift-Max, by a group
as in the paper's definition, is two slices and a concatenation. The last h-swish, which would bend the logits, and its
normalisation are left out.
"""

from typing import Literal, NamedTuple, Self

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from tinydf.detectors.layers import SameConv2d, classifier, divisible, initialise, normalised
from tinydf.detectors.residual import FirstLayerOptions, ResidualBank

REDUCTION = 8
LARGEST = 2.0
"""The coefficients of a Dynamic Shift-Max are at most this far from where they begin."""


class Row(NamedTuple):
    """A block.

    `first` says what expands the channels: a "depthwise" convolution, by two in each of its halves, or a "pointwise"
    one; the "last" block has nothing else. `groups` are those of the expanded channels, `groups_out` of the projection.
    """

    first: Literal["depthwise", "pointwise", "last"]
    stride: int
    filters: int
    kernel: int
    expansion: int
    groups: int
    groups_out: int
    reduction: int


class Size(NamedTuple):
    """A network.

    `stem` are the two factors of the stem's filters. `functions` says of how many functions each of a block's three
    Dynamic Shift-Max takes the largest (0: ReLU6 in the first two, nothing in the third), `slopes` where the
    coefficients of two begin; `width` is of the last layer but one.
    """

    stem: tuple[int, int]
    rows: tuple[Row, ...]
    functions: tuple[int, int, int]
    slopes: tuple[float, float, float, float]
    width: int


def _depthwise(stride: int, filters: int, kernel: int, groups: int, groups_out: int) -> Row:
    return Row("depthwise", stride, filters, kernel, 4, groups, groups_out, 1)


def _pointwise(
    stride: int, filters: int, kernel: int, expansion: int, groups: int, groups_out: int, reduction: int
) -> Row:
    return Row("pointwise", stride, filters, kernel, expansion, groups, groups_out, reduction)


def _last(filters: int, expansion: int, groups: int) -> Row:
    return Row("last", 1, filters, 1, expansion, groups, 0, 2)


SIZES = {
    "m0": Size(
        (2, 2),
        (
            _depthwise(2, 8, 3, 4, 2),
            _depthwise(2, 12, 3, 8, 4),
            _depthwise(2, 16, 5, 12, 4),
            _pointwise(1, 32, 5, 4, 4, 4, 1),
            _pointwise(2, 64, 5, 4, 8, 8, 1),
            _pointwise(1, 96, 3, 4, 8, 8, 2),
            _last(384, 4, 12),
        ),
        (2, 2, 1),
        (1.0, 0.0, 1.0, 0.0),
        640,
    ),
    "m1": Size(
        (3, 2),
        (
            _depthwise(2, 8, 3, 6, 2),
            _depthwise(2, 16, 3, 8, 4),
            _depthwise(2, 16, 5, 16, 4),
            _pointwise(1, 32, 5, 6, 4, 4, 1),
            _pointwise(2, 64, 5, 6, 8, 8, 1),
            _pointwise(1, 96, 3, 6, 8, 8, 2),
            _last(576, 6, 12),
        ),
        (2, 2, 1),
        (1.0, 0.0, 1.0, 0.0),
        960,
    ),
    "m2": Size(
        (4, 2),
        (
            _depthwise(2, 12, 3, 8, 4),
            _depthwise(2, 16, 3, 12, 4),
            _depthwise(1, 24, 3, 16, 4),
            _pointwise(2, 32, 5, 6, 6, 4, 1),
            _pointwise(1, 32, 5, 6, 8, 4, 2),
            _pointwise(1, 64, 5, 6, 8, 8, 2),
            _pointwise(2, 96, 5, 6, 8, 8, 2),
            _pointwise(1, 128, 3, 6, 12, 8, 2),
            _last(768, 6, 16),
        ),
        (2, 2, 1),
        (1.0, 0.0, 1.0, 0.0),
        1024,
    ),
    "m3": Size(
        (4, 3),
        (
            _depthwise(2, 16, 3, 12, 4),
            _depthwise(2, 24, 3, 16, 4),
            _depthwise(1, 24, 3, 24, 4),
            _pointwise(2, 32, 5, 6, 6, 4, 1),
            _pointwise(1, 32, 5, 6, 8, 4, 2),
            _pointwise(1, 64, 5, 6, 8, 8, 2),
            _pointwise(1, 80, 5, 6, 8, 8, 2),
            _pointwise(1, 80, 5, 6, 10, 8, 2),
            _pointwise(2, 120, 5, 6, 10, 10, 2),
            _pointwise(1, 120, 5, 6, 12, 10, 2),
            _pointwise(1, 144, 3, 6, 12, 12, 2),
            _last(864, 6, 12),
        ),
        (0, 2, 0),
        (1.0, 0.0, 0.5, 0.5),
        1024,
    ),
}


class Options(FirstLayerOptions):
    """What a recipe says about a MicroNet."""

    size: Literal["m0", "m1", "m2", "m3"]
    residuals: int = Field(default=0, ge=0, le=60, multiple_of=6, description="0 for the paper's own first layer")
    chroma: int = Field(default=0, ge=0, le=18, multiple_of=3, description="filters for each colour difference")
    blocks: tuple[int, int] | None = Field(
        default=None, description="the first and the last, from 1, of the size's blocks that it has; all of them"
    )
    last: int | None = Field(
        default=None, ge=8, le=8192, description="width of the last layer but one; the paper's own"
    )
    dropout: float = Field(default=0.05, ge=0, lt=1)

    @model_validator(mode="after")
    def _check_blocks(self) -> Self:
        if self.blocks:
            first, last = self.blocks
            if not 1 <= first <= last <= len(SIZES[self.size].rows):
                raise ValueError(f"blocks {first} to {last}: {self.size} has blocks 1 to {len(SIZES[self.size].rows)}")
            if first > (2 if self.residuals else 1):
                raise ValueError("blocks begin with 1, or behind the fixed first layer (residuals) with 1 or 2")
        return self


class MicroNet(nn.Module):  # type: ignore[misc]
    """Input: float [batch, 3, height, width], RGB in [0, 1]. Output: logits float [batch, classes].

    With `residuals`, the fixed `ResidualBank` at stride 4 stands in place of the stem and of the first block's halving;
    with `blocks` from 2 on, in place of the whole first block, too, which would leave it few channels.
    """

    def __init__(self, options: Options, classes: int = 2) -> None:
        super().__init__()
        size = SIZES[options.size]
        channels = options.first_filters or size.stem[0] * size.stem[1]
        if options.residuals:
            self.stem: nn.Module = ResidualBank(options.residuals, options.residual_gain, options.chroma)
        else:
            self.stem = _stem(*size.stem)
        self.blocks = nn.Sequential()
        start, end = options.blocks or (1, len(size.rows))
        for number, row in enumerate(size.rows[start - 1 : end], start):
            first, second, third = size.functions
            if number == 1 and third:  # the published first block has a ReLU6 where the others choose from two
                second = 0
            stride = 1 if number == 1 and options.residuals else row.stride
            block = Block(channels, row._replace(stride=stride), (first, second, third), size.slopes)
            self.blocks.append(block)
            channels = row.filters
        self.pool = nn.Sequential(nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Hardswish())
        last = options.last or size.width
        self.classifier = nn.Sequential(
            normalised(SameConv2d(channels, last, 1), nn.Hardswish()),
            nn.Dropout(options.dropout),
            classifier(last, classes),
        )
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.pool(self.blocks(self.stem(images))))
        return logits.flatten(1)


class Block(nn.Module):  # type: ignore[misc]
    """Expansion, depthwise convolution and projection by groups; the input is added where shapes allow."""

    def __init__(
        self, inputs: int, row: Row, functions: tuple[int, int, int], slopes: tuple[float, float, float, float]
    ) -> None:
        super().__init__()
        wide, outputs = inputs * row.expansion, row.filters
        reduction = REDUCTION * row.reduction
        first, second, third = functions
        linear = (1.0, 0.0)
        self.adds = row.first == "pointwise" and row.stride == 1 and inputs == outputs
        if row.first == "depthwise":
            middle = wide // 2
            layers = [
                *_separable(inputs, middle, wide, row.kernel, row.stride),
                _joined(wide, row.groups, second, reduction, slopes),
                _shuffled(wide, row.groups // 2 if second else row.groups),
            ]
        else:
            layers = [
                normalised(SameConv2d(inputs, wide, 1, groups=row.groups)),
                _joined(wide, row.groups, first, reduction, slopes),
                _shuffled(wide, row.groups),
                *_separable(wide, wide, wide, row.kernel, row.stride),
                _joined(wide, wide // row.groups, second, reduction, slopes),
                _shuffled(wide, wide // 4 if first else wide // 2),
            ]
        if row.first == "last":
            layers = [normalised(SameConv2d(inputs, wide, 1, groups=row.groups))]
            layers += [DynamicShiftMax(wide, row.groups, reduction, linear)] if third else []
        else:
            narrows = row.first == "depthwise" or outputs < wide
            layers.append(normalised(SameConv2d(wide, outputs, 1, groups=row.groups_out)))
            if third:
                layers.append(DynamicShiftMax(outputs, row.groups_out, reduction // (1 + narrows), linear))
            layers.append(_shuffled(outputs, row.groups_out // 2 if third else row.groups_out))
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        narrow: Tensor = self.layers(features)
        return features + narrow if self.adds else narrow


class DynamicShiftMax(nn.Module):  # type: ignore[misc]
    """The largest of one or two sums of a channel and its counterpart in the next group, each times a coefficient.

    All channels' means decide on the coefficients (section 4 of the paper, J = 2, K = 1 or 2).
    """

    def __init__(self, channels: int, groups: int, reduction: int, slopes: tuple[float, ...]) -> None:
        """Make the layer.

        Args:
            channels: of its input and output.
            groups: how many groups they come in; the shift is by `channels / groups`.
            reduction: the channels are squeezed to so many times fewer, but at least four.
            slopes: where the coefficients begin: of the channel and of its counterpart, for one or two sums.
        """
        super().__init__()
        squeezed = divisible(channels // reduction, 4)
        self.shift = channels // groups
        self.slopes = slopes
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, squeezed, 1), nn.ReLU())
        self.coefficients = nn.ModuleList(nn.Conv2d(squeezed, channels, 1) for _ in slopes)

    def forward(self, features: Tensor) -> Tensor:
        squeezed = self.squeeze(features)
        own, other, *second = (
            F.relu6(layer(squeezed) + 3) * (LARGEST / 3) + (slope - LARGEST)
            for layer, slope in zip(self.coefficients, self.slopes, strict=True)
        )
        shifted = torch.cat((features[:, self.shift :], features[:, : self.shift]), 1)
        joined: Tensor = features * own + shifted * other
        if second:
            joined = torch.maximum(joined, features * second[0] + shifted * second[1])
        return joined


class Shuffle(nn.Module):  # type: ignore[misc]
    """Channels [groups, each] become [each, groups] (Zhang et al. 2018, arXiv 1707.01083).

    It is written as a choice of channels, of which the export makes a transposition: see `tinydf/export/converter.py`.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.register_buffer("order", torch.arange(channels).reshape(groups, -1).T.flatten(), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        return features.index_select(1, self.order)


def _stem(first: int, second: int) -> nn.Sequential:
    return nn.Sequential(
        normalised(SameConv2d(3, first, (3, 1), (2, 1))),
        normalised(SameConv2d(first, first * second, (1, 3), (1, 2), groups=first), nn.ReLU6()),
        Shuffle(first * second, first),
    )


def _separable(inputs: int, middle: int, outputs: int, kernel: int, stride: int) -> list[nn.Module]:
    """A depthwise convolution in two halves, down and across."""
    return [
        normalised(SameConv2d(inputs, middle, (kernel, 1), (stride, 1), groups=inputs)),
        normalised(SameConv2d(middle, outputs, (1, kernel), (1, stride), groups=middle)),
    ]


def _shuffled(channels: int, groups: int) -> nn.Module:
    return Shuffle(channels, groups) if groups > 1 else nn.Identity()


def _joined(channels: int, groups: int, functions: int, reduction: int, slopes: tuple[float, ...]) -> nn.Module:
    return DynamicShiftMax(channels, groups, reduction, slopes) if functions else nn.ReLU6()
