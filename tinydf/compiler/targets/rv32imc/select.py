# SPDX-License-Identifier: Apache-2.0
"""Which RV32 kernel takes the place of one in plain C, and with which parameters."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.records import Array, Records
from tinydf.compiler.ir.window import Window, image_of_pixels
from tinydf.compiler.lowering.reference import (
    CONV_2D,
    DEPTHWISE_CONV_2D,
    MAX_POOL_2D,
    POINTWISE,
    Conv2D,
    DepthwiseConv2D,
    Pointwise,
)
from tinydf.compiler.targets.common import depthwise_overlap, parameters, round_up
from tinydf.compiler.targets.element_wise import ELEMENT_WISE, max_pool_2d
from tinydf.compiler.targets.rv32imc.kernels import (
    CONV_2D_RV32,
    DENSE_RV32,
    DEPTHWISE_3X3_RV32,
    DEPTHWISE_RV32,
    GROUPED_CONV_2D_RV32,
    PIXELS,
    POINTWISE_RV32,
    Conv2DRv32,
    DenseRv32,
    Depthwise3x3Rv32,
    DepthwiseRv32,
    DotRv32,
    GroupedConv2DRv32,
    PointwiseRv32,
    Rv32Channel,
)
from tinydf.compiler.targets.rv32imc.pack import CHANNELS, can_pair, interleave_weights
from tinydf.compiler.targets.scaling import SCALING_ANY, SCALING_RECTIFIED, SCALING_SIGNED, is_fast, scaling
from tinydf.compiler.targets.target import Select

# What a depthwise layer may keep of copied rows beyond the three that it needs.
MAXIMUM_ROWS_BYTES = 512

Convolution = Conv2D | DepthwiseConv2D | Pointwise


def _channels(p: Convolution, step: int, groups: int = 1) -> tuple[int, Records]:
    """The layer's way of rounding (TDF_SCALING_... in dsp.h), and each channel's tdf_rv32_channel, by full groups."""
    r = p.requantisation
    multipliers, shifts = r.multiplier.tolist(), r.shift.tolist()
    rows = [
        (bias, *scaling(multiplier, shift, r.zero_point))
        for bias, multiplier, shift in zip(p.bias.tolist(), multipliers, shifts, strict=True)
    ]
    filters = len(rows) // groups
    empty = [(0, 0, 0, 1)] * (round_up(filters, step) - filters)
    rows = [row for k in range(groups) for row in (*rows[k * filters : (k + 1) * filters], *empty)]
    fast = all(is_fast(multiplier, shift) for multiplier, shift in zip(multipliers, shifts, strict=True))
    rectified = r.zero_point == r.low == -128
    rounding = SCALING_ANY if not fast else SCALING_RECTIFIED if rectified else SCALING_SIGNED
    return rounding, Records(Rv32Channel, np.array(rows, dtype=np.int32))


def _dot(p: Conv2D | Pointwise, weights: Array, groups: int = 1) -> DotRv32:
    """The dot products of weights [filters, inputs]; of groups, the first group's."""
    rounding, channels = _channels(p, CHANNELS, groups)
    return DotRv32(
        inputs=round_up(weights.shape[1], 4),
        output_channels=len(weights) // groups,
        low=p.requantisation.low,
        high=p.requantisation.high,
        rounding=rounding,
        weights=np.concatenate([interleave_weights(part) for part in np.split(weights, groups)]),
        channels=channels,
    )


def _pointwise(call: Call) -> Call:
    p = parameters(call, Pointwise)
    inputs, outputs = p.input_channels, p.output_channels
    if max(inputs, outputs) >= 1 << 15:
        return call
    weights = p.weights.reshape(outputs, inputs)
    if p.pixels == 1:
        return replace(call, kernel=DENSE_RV32, parameters=DenseRv32(inputs, _dot(p, weights)), overlap=None)
    if not can_pair(weights):
        return call
    return replace(
        call,
        kernel=POINTWISE_RV32,
        parameters=PointwiseRv32(p.pixels, inputs, backward=0, dot=_dot(p, weights)),
        scratch_bytes=2 * PIXELS * round_up(inputs, 4),
        overlap=image_of_pixels(p.pixels).overlap(inputs, outputs, PIXELS, reads_first=True),
    )


def _conv_2d(call: Call) -> Call:
    p = parameters(call, Conv2D)
    window, filters, channels = p.window, p.output_channels, p.input_channels
    weights = p.weights.reshape(filters, -1)
    plain = (window.dilation_y, window.dilation_x, p.groups) == (1, 1, 1)
    if weights.shape[1] >= 1 << 15 or not can_pair(weights):
        return call
    if not plain:
        return _grouped_conv_2d(call, p, window, weights)
    copies = PIXELS * window.kernel_width * channels if window.leaves_image else 0
    return replace(
        call,
        kernel=CONV_2D_RV32,
        parameters=Conv2DRv32(window, channels, p.padding_value, backward=0, dot=_dot(p, weights)),
        scratch_bytes=2 * PIXELS * round_up(weights.shape[1], 4) + copies,
        overlap=window.overlap(channels, filters, PIXELS, reads_first=True),
    )


def _grouped_conv_2d(call: Call, p: Conv2D, window: Window, weights: Array) -> Call:
    """One run of inputs for each tap of the window and each group."""
    inputs = p.input_channels // p.groups
    leaves_image = window.leaves_image
    dot = _dot(p, weights, p.groups)
    return replace(
        call,
        kernel=GROUPED_CONV_2D_RV32,
        parameters=GroupedConv2DRv32(window, p.groups, inputs, int(leaves_image), p.padding_value, dot),
        scratch_bytes=8 * round_up(weights.shape[1], 4) + (inputs if leaves_image else 0),
        overlap=window.overlap(p.input_channels, len(weights), PIXELS, reads_first=False),
    )


def _depthwise_any(call: Call, p: DepthwiseConv2D) -> Call:
    rounding, scalings = _channels(p, 1)
    fast = DepthwiseRv32(
        window=p.window,
        channels=p.input_channels,
        multiplier=p.depth_multiplier,
        leaves_image=int(bool(call.scratch_bytes)),
        padding_value=p.padding_value,
        low=p.requantisation.low,
        high=p.requantisation.high,
        rounding=rounding,
        weights=p.weights,
        scalings=scalings,
    )
    return replace(call, kernel=DEPTHWISE_RV32, parameters=fast)


def _depthwise(call: Call) -> Call:
    p = parameters(call, DepthwiseConv2D)
    w, channels = p.window, p.input_channels
    shape = (w.kernel_height, w.kernel_width, w.dilation_y, w.dilation_x, p.depth_multiplier)
    if shape != (3, 3, 1, 1, 1) or max(w.stride_x, w.stride_y, w.padding_left, w.padding_top) > 2:
        return _depthwise_any(call, p)
    row_pixels = max(w.padding_left + w.input_width, (w.output_width - 1) * w.stride_x + 3)
    most = MAXIMUM_ROWS_BYTES // row_pixels
    batch = min(max((most - 3) // w.stride_y, 0) + 1, w.output_height)
    rounding, scalings = _channels(p, 1)
    # Row y of the output goes where row y of the input was, which has been copied by then.
    same_size = (w.input_height, w.input_width) == (w.output_height, w.output_width)
    in_place = w.stride_x == w.stride_y == 1 and same_size
    low, high = p.requantisation.low, p.requantisation.high
    fast = Depthwise3x3Rv32(
        window=w,
        channels=channels,
        row_pixels=row_pixels,
        batch=batch,
        by_rows=int(not in_place),
        backward=0,
        padding_value=p.padding_value,
        low=low,
        high=high,
        rounding=rounding if (low, high) == (-128, 127) else SCALING_ANY,
        weights=np.ascontiguousarray(p.weights.reshape(9, channels).T),
        scalings=scalings,
    )
    return replace(
        call,
        kernel=DEPTHWISE_3X3_RV32,
        parameters=fast,
        scratch_bytes=((batch - 1) * w.stride_y + 3) * row_pixels,
        in_place=(0,) if in_place else (),
        overlap=None if in_place else depthwise_overlap(w, channels, batch),
    )


KERNELS: Mapping[Kernel, Select] = {
    POINTWISE: _pointwise,
    CONV_2D: _conv_2d,
    DEPTHWISE_CONV_2D: _depthwise,
    MAX_POOL_2D: max_pool_2d,
    **ELEMENT_WISE,
}
