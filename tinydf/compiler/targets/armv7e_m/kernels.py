# SPDX-License-Identifier: Apache-2.0
"""The kernels of the DSP extension: `firmware/kernels/dsp`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from tinydf.compiler.ir.kernel import WINDOWS, Kernel, Step, Walk
from tinydf.compiler.ir.records import I8, I32, U8, U16, U32, Bytes, C, Pointer, Record, Records, Words
from tinydf.compiler.ir.window import Window
from tinydf.compiler.lowering.reference import Pool, Reduce
from tinydf.compiler.targets.common import DSP
from tinydf.compiler.targets.element_wise import AddLinear
from tinydf.compiler.targets.scaling import Scaling

PIXELS = 3  # that a convolution works on at once, as DOT_PIXELS in dot_dsp.h


@dataclass(frozen=True)
class DspChannels(Record, c="dsp_channels"):
    """What turns the sums of two output channels into outputs."""

    bias: Annotated[Sequence[int], C("int32_t", 2)]
    scaling: Annotated[Sequence[Scaling], C("tdf_scaling", 2)]


@dataclass(frozen=True)
class Dot(Record, c="dot_parameters"):
    """A dot product for every output channel."""

    groups: U16
    output_channels: U16
    pitch: U16
    low: I8
    high: I8
    rounding: U8
    weights: Bytes
    channels: Annotated[Records, C("const tdf_dsp_channels *")]


@dataclass(frozen=True)
class FusedAdd(Record, c="fused_add"):
    """A sum that a convolution makes as it writes its output."""

    run: Annotated[str, C("tdf_add_run *")]
    add: AddLinear
    swap: U8


@dataclass(frozen=True)
class PointwiseDsp(Record, c="pointwise_dsp_parameters"):
    """Of POINTWISE_DSP."""

    pixels: U32
    input_channels: U32
    backward: U8
    sum: Annotated[Pointer | None, C("const tdf_fused_add *")]
    dot: Dot


@dataclass(frozen=True)
class Conv2DDsp(Record, c="conv_2d_dsp_parameters"):
    """Of CONV_2D_DSP."""

    window: Window
    input_channels: U16
    padding_value: I8
    backward: U8
    sum: Annotated[Pointer | None, C("const tdf_fused_add *")]
    dot: Dot


@dataclass(frozen=True)
class FewStep(Record, c="few_step"):
    """Four inputs of a window: where they are, and the weights of two output channels for them."""

    offset: I32
    even: Annotated[Sequence[int], C("int32_t", 2)]
    odd: Annotated[Sequence[int], C("int32_t", 2)]


@dataclass(frozen=True)
class Conv2DFewDsp(Record, c="conv_2d_few_dsp_parameters"):
    """Of CONV_2D_FEW_DSP."""

    window: Window
    input_channels: U16
    output_channels: U16
    count: U16
    rounding: U8
    padding_value: I8
    low: I8
    high: I8
    steps: Annotated[Records, C("const tdf_few_step *")]
    bias: Words
    scaling: Annotated[Records, C("const tdf_scaling *")]


@dataclass(frozen=True)
class GroupedConv2DDsp(Record, c="grouped_conv_2d_dsp_parameters"):
    """Of GROUPED_CONV_2D_DSP."""

    window: Window
    groups: U16
    group_inputs: U16
    padding_value: I8
    leaves_image: U8
    dot: Dot


@dataclass(frozen=True)
class DenseDsp(Record, c="dense_dsp_parameters"):
    """Of DENSE_DSP."""

    inputs: U32
    dot: Dot


@dataclass(frozen=True)
class Depthwise3x3Dsp(Record, c="depthwise_3x3_dsp_parameters"):
    """Of DEPTHWISE_3X3_DSP."""

    window: Window
    channels: U16
    row_pixels: U16
    batch: U16
    slots: U16
    by_rows: U8
    backward: U8
    padding_value: I8
    low: I8
    high: I8
    rounding: U8
    weights: Bytes
    bias: Words
    scaling: Annotated[Records, C("const tdf_scaling *")]


@dataclass(frozen=True)
class DepthwiseDsp(Record, c="depthwise_dsp_parameters"):
    """Of DEPTHWISE_DSP."""

    window: Window
    channels: U16
    multiplier: U16
    offset: I32
    low: I8
    high: I8
    rounding: U8
    weights: Bytes
    bias: Words
    scaling: Annotated[Records, C("const tdf_scaling *")]


POINTWISE_DSP = Kernel("pointwise_dsp", PointwiseDsp, Walk(Step.PIXELS, "pixels"), replace(DSP, pixels=PIXELS))
CONV_2D_DSP = Kernel("conv_2d_dsp", Conv2DDsp, WINDOWS, replace(DSP, pixels=PIXELS))
CONV_2D_FEW_DSP = Kernel("conv_2d_few_dsp", Conv2DFewDsp, WINDOWS, replace(DSP, pixels=PIXELS))
GROUPED_CONV_2D_DSP = Kernel("grouped_conv_2d_dsp", GroupedConv2DDsp, WINDOWS, DSP)
DENSE_DSP = Kernel("dense_dsp", DenseDsp, None, DSP)
DEPTHWISE_3X3_DSP = Kernel("depthwise_3x3_dsp", Depthwise3x3Dsp, WINDOWS, replace(DSP, unpacked=3.0, channel=25))
DEPTHWISE_DSP = Kernel("depthwise_dsp", DepthwiseDsp, WINDOWS, DSP)
AVERAGE_POOL_2D_DSP = Kernel("average_pool_2d_dsp", Pool, WINDOWS, DSP)
REDUCE_DSP = Kernel("reduce_dsp", Reduce, None, DSP)
