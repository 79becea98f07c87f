# SPDX-License-Identifier: Apache-2.0
"""The kernels of MVE: `firmware/kernels/mve`."""

from dataclasses import dataclass, replace

from tinydf.compiler.ir.kernel import WINDOWS, Costs, Kernel, Step, Walk
from tinydf.compiler.ir.records import I8, I16, I32, U8, U16, U32, Record, Words
from tinydf.compiler.ir.window import Window
from tinydf.compiler.lowering.reference import Lookup, Pool, Reduce
from tinydf.compiler.targets.element_wise import ROWS, VALUES, ExtremumDsp

PIXELS = 2  # that a kernel works on at once, as in dot_mve.h
COSTS = Costs(mac=0.2, output=3, run=250, moved=0.3)


@dataclass(frozen=True)
class DotMve(Record, c="dot_mve_parameters"):
    """A dot product for every output channel."""

    inputs: U16
    output_channels: U16
    zero_point: I16
    low: I8
    high: I8
    rectified: U8
    blocks: Words


@dataclass(frozen=True)
class PointwiseMve(Record, c="pointwise_mve_parameters"):
    """Of POINTWISE_MVE."""

    pixels: U32
    backward: U8
    dot: DotMve


@dataclass(frozen=True)
class Conv2DMve(Record, c="conv_2d_mve_parameters"):
    """Of CONV_2D_MVE."""

    window: Window
    input_channels: U16
    padding_value: I8
    backward: U8
    dot: DotMve


@dataclass(frozen=True)
class DepthwiseMve(Record, c="depthwise_mve_parameters"):
    """Of DEPTHWISE_MVE."""

    window: Window
    channels: U16
    multiplier: U16
    plane_bytes: U16
    slots: U8
    groups: U8
    by_rows: U8
    rectified: U8
    padding_value: I8
    low: I8
    high: I8
    zero_point: I16
    blocks: Words


@dataclass(frozen=True)
class AddMve(Record, c="add_mve_parameters"):
    """Of ADD_MVE."""

    count: U32
    first_factor: I32
    first_offset: I32
    second_offset: I32
    second_multiplier: I32
    multiplier: I32
    second_shift: I8
    shift: I8
    sign: I8
    zero_point: I16
    low: I8
    high: I8


@dataclass(frozen=True)
class AddChannelsMve(Record, c="add_channels_mve_parameters"):
    """Of ADD_CHANNELS_MVE."""

    rows: U32
    repeat_first: U8
    add: AddMve


@dataclass(frozen=True)
class MultiplyMve(Record, c="multiply_mve_parameters"):
    """Of MULTIPLY_MVE."""

    rows: U32
    channels: U32
    first_offset: I16
    second_offset: I16
    zero_point: I16
    left: I8
    shift: I8
    low: I8
    high: I8
    multiplier: I32


@dataclass(frozen=True)
class PreluMve(Record, c="prelu_mve_parameters"):
    """Of PRELU_MVE."""

    rows: U32
    channels: U32
    first_offset: I16
    second_offset: I16
    zero_point: I16
    positive_left: U8
    negative_left: U8
    positive_shift: I8
    negative_shift: I8
    positive_multiplier: I32
    negative_multiplier: I32


POINTWISE_MVE = Kernel("pointwise_mve", PointwiseMve, Walk(Step.PIXELS, "pixels"), replace(COSTS, pixels=PIXELS))
CONV_2D_MVE = Kernel("conv_2d_mve", Conv2DMve, WINDOWS, replace(COSTS, pixels=PIXELS))
DENSE_MVE = Kernel("dense_mve", DotMve, None, COSTS)
DEPTHWISE_MVE = Kernel("depthwise_mve", DepthwiseMve, WINDOWS, replace(COSTS, unpacked=0.3, channel=2))
ADD_MVE = Kernel("add_mve", AddMve, VALUES, COSTS)
ADD_CHANNELS_MVE = Kernel("add_channels_mve", AddChannelsMve, ROWS, COSTS)
MULTIPLY_MVE = Kernel("multiply_mve", MultiplyMve, ROWS, COSTS)
PRELU_MVE = Kernel("prelu_mve", PreluMve, ROWS, COSTS)
EXTREMUM_MVE = Kernel("extremum_mve", ExtremumDsp, VALUES, COSTS)
LOOKUP_MVE = Kernel("lookup_mve", Lookup, VALUES, COSTS)
AVERAGE_POOL_2D_MVE = Kernel("average_pool_2d_mve", Pool, WINDOWS, COSTS)
MAX_POOL_2D_MVE = Kernel("max_pool_2d_mve", Pool, WINDOWS, COSTS)
REDUCE_MVE = Kernel("reduce_mve", Reduce, None, COSTS)
