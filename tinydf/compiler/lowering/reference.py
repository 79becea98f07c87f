# SPDX-License-Identifier: Apache-2.0
"""The kernels in plain C, `firmware/kernels/reference`, of which a target may have faster ones: the compiler's own
instruction set. Lowerings call these; `kernels.h` says what each computes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from tinydf.compiler.ir.fixed_point import Values, requantise
from tinydf.compiler.ir.kernel import WINDOWS, Kernel, Step, Walk
from tinydf.compiler.ir.records import I8, I16, I32, U16, U32, Bytes, C, Halves, Record, Words
from tinydf.compiler.ir.window import Window

HEADROOM = 20
"""By how many bits ADD shifts its inputs to the left before it scales them."""
BROADCAST_RANK = 4
COPY_RANK = 5


@dataclass(frozen=True)
class Requantisation(Record, c="requantisation"):
    """How an int32 sum becomes an int8 output, by channel."""

    multiplier: Words
    shift: Bytes
    zero_point: I16
    low: I8
    high: I8


@dataclass(frozen=True)
class Conv2D(Record, c="conv_2d_parameters"):
    """Of CONV_2D."""

    window: Window
    input_channels: U16
    output_channels: U16
    groups: U16
    padding_value: I8
    weights: Bytes
    bias: Words
    requantisation: Requantisation


@dataclass(frozen=True)
class Pointwise(Record, c="pointwise_parameters"):
    """Of POINTWISE."""

    pixels: U32
    input_channels: U32
    output_channels: U32
    weights: Bytes
    bias: Words
    requantisation: Requantisation


@dataclass(frozen=True)
class DepthwiseConv2D(Record, c="depthwise_conv_2d_parameters"):
    """Of DEPTHWISE_CONV_2D."""

    window: Window
    input_channels: U16
    depth_multiplier: U16
    padding_value: I8
    weights: Bytes
    bias: Words
    requantisation: Requantisation


@dataclass(frozen=True)
class Pool(Record, c="pool_parameters"):
    """Of AVERAGE_POOL_2D and MAX_POOL_2D, on all targets."""

    window: Window
    channels: U16
    low: I8
    high: I8


@dataclass(frozen=True)
class Reduce(Record, c="reduce_parameters"):
    """Of REDUCE, on all targets."""

    outer: U32
    middle: U32
    inner: U32
    offset: I32
    multiplier: I32
    shift: I8
    zero_point: I16


@dataclass(frozen=True)
class ReduceApart(Record, c="reduce_apart_parameters"):
    """Of REDUCE_APART."""

    outer: Annotated[Sequence[int], C("uint32_t", 2)]
    outer_strides: Annotated[Sequence[int], C("uint32_t", 2)]
    middle: Annotated[Sequence[int], C("uint32_t", 2)]
    middle_strides: Annotated[Sequence[int], C("uint32_t", 2)]
    offset: I32
    multiplier: I32
    shift: I8
    zero_point: I16


@dataclass(frozen=True)
class Broadcast(Record, c="broadcast"):
    """How two inputs are read to fill an output: a stride of 0 repeats an input along an axis."""

    shape: Annotated[Sequence[int], C("uint32_t", BROADCAST_RANK)]
    first_strides: Annotated[Sequence[int], C("int32_t", BROADCAST_RANK)]
    second_strides: Annotated[Sequence[int], C("int32_t", BROADCAST_RANK)]


@dataclass(frozen=True)
class Add(Record, c="add_parameters"):
    """Of ADD."""

    broadcast: Broadcast
    first_offset: I16
    second_offset: I16
    zero_point: I16
    first_shift: I8
    second_shift: I8
    shift: I8
    low: I8
    high: I8
    subtract: I8
    first_multiplier: I32
    second_multiplier: I32
    multiplier: I32


@dataclass(frozen=True)
class Multiply(Record, c="multiply_parameters"):
    """Of MULTIPLY."""

    broadcast: Broadcast
    first_offset: I16
    second_offset: I16
    zero_point: I16
    shift: I8
    low: I8
    high: I8
    multiplier: I32


@dataclass(frozen=True)
class Prelu(Record, c="prelu_parameters"):
    """Of PRELU."""

    broadcast: Broadcast
    first_offset: I16
    second_offset: I16
    zero_point: I16
    positive_shift: I8
    negative_shift: I8
    positive_multiplier: I32
    negative_multiplier: I32


@dataclass(frozen=True)
class Lookup(Record, c="lookup_parameters"):
    """Of LOOKUP, on all targets."""

    count: U32
    table: Bytes


@dataclass(frozen=True)
class Copy(Record, c="copy_parameters"):
    """Of COPY."""

    shape: Annotated[Sequence[int], C("uint32_t", COPY_RANK)]
    input_strides: Annotated[Sequence[int], C("int32_t", COPY_RANK)]
    output_strides: Annotated[Sequence[int], C("int32_t", COPY_RANK)]
    input_offset: I32
    output_offset: I32


@dataclass(frozen=True)
class Fill(Record, c="fill_parameters"):
    """Of FILL."""

    count: U32
    value: I8


@dataclass(frozen=True)
class Gather(Record, c="gather_parameters"):
    """Of GATHER."""

    outer: U32
    count: U32
    input_runs: U32
    inner: U32
    indices: Words


@dataclass(frozen=True)
class Resize(Record, c="resize_parameters"):
    """Of RESIZE_NEAREST and RESIZE_BILINEAR."""

    input_width: U16
    output_height: U16
    output_width: U16
    channels: U16
    rows: Halves
    columns: Halves


@dataclass(frozen=True)
class Softmax(Record, c="softmax_parameters"):
    """Of SOFTMAX."""

    rows: U32
    depth: U32
    count: U32
    exponentials: Words


def sums(p: Add, first: Values, second: Values) -> Values:
    """What ADD makes of two int8."""
    one = requantise((first + p.first_offset) << HEADROOM, p.first_multiplier, p.first_shift)
    two = requantise((second + p.second_offset) << HEADROOM, p.second_multiplier, p.second_shift)
    result = requantise(one - two if p.subtract else one + two, p.multiplier, p.shift)
    return np.clip(result + p.zero_point, p.low, p.high)


def _products(p: Multiply, first: Values, second: Values) -> Values:
    product = (first + p.first_offset) * (second + p.second_offset)
    return np.clip(requantise(product, p.multiplier, p.shift) + p.zero_point, p.low, p.high)


def _slopes(p: Prelu, first: Values, second: Values) -> Values:
    value = first + p.first_offset
    negative = requantise(value * (second + p.second_offset), p.negative_multiplier, p.negative_shift)
    positive = requantise(value, p.positive_multiplier, p.positive_shift)
    return np.where(value >= 0, positive, negative) + p.zero_point


_BROADCAST = Walk(Step.BROADCAST, "broadcast")

CONV_2D = Kernel("conv_2d", Conv2D, WINDOWS)
POINTWISE = Kernel("pointwise", Pointwise, Walk(Step.PIXELS, "pixels"))
DEPTHWISE_CONV_2D = Kernel("depthwise_conv_2d", DepthwiseConv2D, WINDOWS)
AVERAGE_POOL_2D = Kernel("average_pool_2d", Pool, WINDOWS)
MAX_POOL_2D = Kernel("max_pool_2d", Pool, WINDOWS)
REDUCE = Kernel("reduce", Reduce)
REDUCE_APART = Kernel("reduce_apart", ReduceApart)
ADD = Kernel("add", Add, _BROADCAST, function=sums)
MULTIPLY = Kernel("multiply", Multiply, _BROADCAST, function=_products)
MAXIMUM = Kernel("maximum", Broadcast, Walk(Step.BROADCAST), function=lambda p, one, two: np.maximum(one, two))
MINIMUM = Kernel("minimum", Broadcast, Walk(Step.BROADCAST), function=lambda p, one, two: np.minimum(one, two))
PRELU = Kernel("prelu", Prelu, _BROADCAST, function=_slopes)
LOOKUP = Kernel("lookup", Lookup, Walk(Step.VALUES, "count"))
COPY = Kernel("copy", Copy)
FILL = Kernel("fill", Fill)
GATHER = Kernel("gather", Gather)
RESIZE_NEAREST = Kernel("resize_nearest", Resize)
RESIZE_BILINEAR = Kernel("resize_bilinear", Resize)
SOFTMAX = Kernel("softmax", Softmax)
