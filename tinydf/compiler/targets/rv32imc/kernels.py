# SPDX-License-Identifier: Apache-2.0
"""The kernels of RV32: `firmware/kernels/rv32`."""

from dataclasses import dataclass, replace
from typing import Annotated

from tinydf.compiler.ir.kernel import WINDOWS, Costs, Kernel, Step, Walk
from tinydf.compiler.ir.records import I8, I32, U8, U16, U32, Bytes, C, Record, Records
from tinydf.compiler.ir.window import Window
from tinydf.compiler.targets.scaling import Scaling

PIXELS = 4  # that a convolution works on at once, as in dot_rv32.h
COSTS = Costs(mac=2.4, output=16, run=200, moved=1.0)


@dataclass(frozen=True)
class Rv32Channel(Record, c="rv32_channel"):
    """What turns the sum of an output channel into an output."""

    bias: I32
    scaling: Scaling


@dataclass(frozen=True)
class DotRv32(Record, c="dot_rv32_parameters"):
    """A dot product for every output channel."""

    inputs: U16
    output_channels: U16
    low: I8
    high: I8
    rounding: U8
    weights: Bytes
    channels: Annotated[Records, C("const tdf_rv32_channel *")]


@dataclass(frozen=True)
class PointwiseRv32(Record, c="pointwise_rv32_parameters"):
    """Of POINTWISE_RV32."""

    pixels: U32
    input_channels: U32
    backward: U8
    dot: DotRv32


@dataclass(frozen=True)
class Conv2DRv32(Record, c="conv_2d_rv32_parameters"):
    """Of CONV_2D_RV32."""

    window: Window
    input_channels: U16
    padding_value: I8
    backward: U8
    dot: DotRv32


@dataclass(frozen=True)
class DenseRv32(Record, c="dense_rv32_parameters"):
    """Of DENSE_RV32."""

    inputs: U32
    dot: DotRv32


@dataclass(frozen=True)
class Depthwise3x3Rv32(Record, c="depthwise_3x3_rv32_parameters"):
    """Of DEPTHWISE_3X3_RV32."""

    window: Window
    channels: U16
    row_pixels: U16
    batch: U16
    by_rows: U8
    backward: U8
    padding_value: I8
    low: I8
    high: I8
    rounding: U8
    weights: Bytes
    scalings: Annotated[Records, C("const tdf_rv32_channel *")]


@dataclass(frozen=True)
class DepthwiseRv32(Record, c="depthwise_rv32_parameters"):
    """Of DEPTHWISE_RV32."""

    window: Window
    channels: U16
    multiplier: U16
    leaves_image: U8
    padding_value: I8
    low: I8
    high: I8
    rounding: U8
    weights: Bytes
    scalings: Annotated[Records, C("const tdf_rv32_channel *")]


@dataclass(frozen=True)
class GroupedConv2DRv32(Record, c="grouped_conv_2d_rv32_parameters"):
    """Of GROUPED_CONV_2D_RV32."""

    window: Window
    groups: U16
    group_inputs: U16
    leaves_image: U8
    padding_value: I8
    dot: DotRv32


POINTWISE_RV32 = Kernel("pointwise_rv32", PointwiseRv32, Walk(Step.PIXELS, "pixels"), replace(COSTS, pixels=PIXELS))
CONV_2D_RV32 = Kernel("conv_2d_rv32", Conv2DRv32, WINDOWS, replace(COSTS, pixels=PIXELS))
DENSE_RV32 = Kernel("dense_rv32", DenseRv32, None, COSTS)
DEPTHWISE_3X3_RV32 = Kernel("depthwise_3x3_rv32", Depthwise3x3Rv32, WINDOWS, replace(COSTS, unpacked=3.5, channel=390))
DEPTHWISE_RV32 = Kernel("depthwise_rv32", DepthwiseRv32, WINDOWS, COSTS)
GROUPED_CONV_2D_RV32 = Kernel("grouped_conv_2d_rv32", GroupedConv2DRv32, WINDOWS, COSTS)
