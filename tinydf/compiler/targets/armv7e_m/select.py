# SPDX-License-Identifier: Apache-2.0
"""Which DSP kernel takes the place of one in plain C, and with which parameters."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.records import Array, Pointer, Records
from tinydf.compiler.ir.window import Window, image_of_pixels
from tinydf.compiler.lowering.reference import (
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    MAX_POOL_2D,
    MAXIMUM,
    MINIMUM,
    POINTWISE,
    REDUCE,
    Conv2D,
    DepthwiseConv2D,
    Pointwise,
    Requantisation,
)
from tinydf.compiler.targets.armv7e_m.kernels import (
    AVERAGE_POOL_2D_DSP,
    CONV_2D_DSP,
    CONV_2D_FEW_DSP,
    DENSE_DSP,
    DEPTHWISE_3X3_DSP,
    DEPTHWISE_DSP,
    GROUPED_CONV_2D_DSP,
    PIXELS,
    POINTWISE_DSP,
    REDUCE_DSP,
    Conv2DDsp,
    Conv2DFewDsp,
    DenseDsp,
    Depthwise3x3Dsp,
    DepthwiseDsp,
    Dot,
    DspChannels,
    FewStep,
    FusedAdd,
    GroupedConv2DDsp,
    PointwiseDsp,
)
from tinydf.compiler.targets.armv7e_m.pack import pack_weights, pad_runs
from tinydf.compiler.targets.common import depthwise_overlap, parameters, round_up
from tinydf.compiler.targets.element_wise import ELEMENT_WISE, AddLinear, extremum, max_pool_2d
from tinydf.compiler.targets.scaling import (
    SCALING_ANY,
    SCALING_RECTIFIED,
    SCALING_SIGNED,
    Scaling,
    is_fast,
    scaling,
)
from tinydf.compiler.targets.target import Select

# What a depthwise layer may keep of unpacked rows beyond the three that it needs.
MAXIMUM_ROWS_BYTES = 1536

FEW = 4  # outputs of a convolution that is not unpacked


def _scalings(requantisation: Requantisation) -> tuple[int, list[tuple[int, int, int]]]:
    """The layer's way of rounding (TDF_SCALING_... in dsp.h), and the scaling of each channel."""
    multipliers, shifts = requantisation.multiplier.tolist(), requantisation.shift.tolist()
    pairs = [(int(m), int(s)) for m, s in zip(multipliers, shifts, strict=True)]
    zero_point = requantisation.zero_point
    full = (requantisation.low, requantisation.high) == (-128, 127)
    exact = full and all(is_fast(*pair) for pair in pairs)
    rounding = SCALING_ANY if not exact else SCALING_RECTIFIED if zero_point == -128 else SCALING_SIGNED
    return rounding, [scaling(*pair, zero_point) for pair in pairs]


def _filled(scalings: list[tuple[int, int, int]], step: int) -> Records:
    """Scalings, filled up with empty ones to a multiple of `step`."""
    empty = -len(scalings) % step
    return Records(Scaling, np.array([*scalings, *([(0, 0, 1)] * empty)], dtype=np.int32))


def _channels(bias: Array, scalings: list[tuple[int, int, int]], step: int) -> Records:
    """What turns sums into outputs, by pairs of channels, filled up with empty ones to a multiple of `step`."""
    filled = _filled(scalings, step).rows.tolist()
    biases = [*(int(value) for value in bias), *([0] * (len(filled) - len(scalings)))]
    rows = [(*biases[k : k + 2], *filled[k], *filled[k + 1]) for k in range(0, len(biases), 2)]
    return Records(DspChannels, np.array(rows, dtype=np.int32))


def _dot(p: Conv2D | Pointwise, weights: Array, channels: int, groups: int = 1) -> Dot:
    """The dot products of weights [filters, inputs, a multiple of 4], in blocks of output channels.

    A grouped convolution's blocks do not reach from one group of filters into the next.
    """
    rounding, scalings = _scalings(p.requantisation)
    filters = len(weights) // groups
    parts = [slice(k * filters, (k + 1) * filters) for k in range(groups)]
    records = [_channels(p.bias[part], scalings[part], channels) for part in parts]
    return Dot(
        groups=weights.shape[1] // 4,
        output_channels=filters,
        pitch=len(weights),
        low=p.requantisation.low,
        high=p.requantisation.high,
        rounding=rounding,
        weights=np.concatenate([pack_weights(weights[part], channels) for part in parts]),
        channels=Records(DspChannels, np.concatenate([record.rows for record in records])),
    )


def _pointwise(call: Call) -> Call:
    p = parameters(call, Pointwise)
    inputs, outputs = p.input_channels, p.output_channels
    if max(inputs, outputs) >= 1 << 16:
        return call
    weights = p.weights.reshape(outputs, inputs)
    if p.pixels == 1:
        padded = np.pad(weights, ((0, 0), (0, -inputs % 4)))
        return replace(call, kernel=DENSE_DSP, parameters=DenseDsp(inputs, _dot(p, padded, 4)), overlap=None)
    runs = pad_runs(weights.reshape(outputs, 1, inputs)).reshape(outputs, -1)
    return replace(
        call,
        kernel=POINTWISE_DSP,
        parameters=PointwiseDsp(p.pixels, inputs, backward=0, sum=None, dot=_dot(p, runs, 2)),
        inputs=(*call.inputs, None),
        scratch_bytes=6 * runs.shape[1],
        overlap=image_of_pixels(p.pixels).overlap(inputs, outputs, PIXELS, reads_first=True),
    )


def _conv_2d(call: Call) -> Call:
    p = parameters(call, Conv2D)
    window, filters = p.window, p.output_channels
    if (window.dilation_y, window.dilation_x, p.groups) != (1, 1, 1):
        return _grouped_conv_2d(call)
    if filters <= FEW:
        return _conv_2d_few(call)
    weights = pad_runs(p.weights.reshape(filters, window.kernel_height, -1)).reshape(filters, -1)
    if weights.shape[1] >= 1 << 16:
        return call
    copies = PIXELS * window.kernel_width * p.input_channels if call.scratch_bytes else 0
    return replace(
        call,
        kernel=CONV_2D_DSP,
        parameters=Conv2DDsp(window, p.input_channels, p.padding_value, backward=0, sum=None, dot=_dot(p, weights, 2)),
        inputs=(*call.inputs, None),
        scratch_bytes=6 * weights.shape[1] + copies,
        overlap=window.overlap(p.input_channels, filters, PIXELS, reads_first=True),
    )


def _conv_2d_few(call: Call) -> Call:
    """Few outputs are not worth the unpacking of their windows."""
    p = parameters(call, Conv2D)
    window, filters, height = p.window, p.output_channels, p.window.kernel_height
    rows = p.weights.reshape(filters, height, -1)
    empty, words = filters % 2, -(-rows.shape[2] // 4)
    padded = np.pad(rows, ((0, empty), (0, 0), (0, 4 * words - rows.shape[2]))).astype(np.int32)
    # [block, channel, row, word, input of a pair, even or odd] -> [block, row, word, even or odd, channel, input]
    pairs = padded.reshape(-1, 2, height, words, 2, 2).transpose(0, 2, 3, 5, 1, 4)
    halves = ((pairs[..., 0] & 0xFFFF) | (pairs[..., 1] << 16)).reshape(-1, height * words, 4)
    row_bytes = window.input_width * p.input_channels
    offsets = (np.arange(height)[:, None] * row_bytes + np.arange(words) * 4).reshape(1, -1, 1)
    steps = np.concatenate([np.repeat(offsets, len(halves), axis=0), halves], axis=2).astype(np.int32)
    rounding, scalings = _scalings(p.requantisation)
    few = Conv2DFewDsp(
        window=window,
        input_channels=p.input_channels,
        output_channels=filters,
        count=height * words,
        rounding=rounding,
        padding_value=p.padding_value,
        low=p.requantisation.low,
        high=p.requantisation.high,
        steps=Records(FewStep, steps.reshape(-1, 5)),
        bias=np.pad(p.bias, (0, empty)),
        scaling=_filled(scalings, 2),
    )
    # Two channels of all pixels of a row, before the next two.
    at_once = 2 if filters <= 2 else window.output_width
    overlap = window.overlap(p.input_channels, filters, at_once, reads_first=False)
    return replace(call, kernel=CONV_2D_FEW_DSP, parameters=few, scratch_bytes=4 * height * words, overlap=overlap)


def _grouped_conv_2d(call: Call) -> Call:
    """One run of inputs for each tap of the window and each group."""
    p = parameters(call, Conv2D)
    window, filters, inputs = p.window, p.output_channels, p.input_channels // p.groups
    taps = window.kernel_height * window.kernel_width
    weights = pad_runs(p.weights.reshape(filters, taps, inputs)).reshape(filters, -1)
    if weights.shape[1] >= 1 << 16:
        return call
    leaves_image = bool(call.scratch_bytes)
    return replace(
        call,
        kernel=GROUPED_CONV_2D_DSP,
        parameters=GroupedConv2DDsp(
            window, p.groups, inputs, p.padding_value, int(leaves_image), _dot(p, weights, 2, p.groups)
        ),
        scratch_bytes=6 * weights.shape[1] + (inputs if leaves_image else 0),
        overlap=window.overlap(p.input_channels, filters, PIXELS, reads_first=False),
    )


def _depthwise(call: Call) -> Call:
    p = parameters(call, DepthwiseConv2D)
    w = p.window
    kernel, dilation = (w.kernel_height, w.kernel_width), (w.dilation_y, w.dilation_x)
    plain = (kernel, dilation, p.depth_multiplier) == ((3, 3), (1, 1), 1) and w.stride_x <= 2
    inside = max(w.padding_left, w.padding_top) <= 2
    return _depthwise_3x3(call, p, w) if plain and inside else _depthwise_any(call, p, w)


def _in_place(w: Window) -> bool:
    """Row y of the output goes where row y of the input was, which has been unpacked by then."""
    same_size = (w.input_height, w.input_width) == (w.output_height, w.output_width)
    return same_size and w.stride_x == w.stride_y == 1


def _depthwise_any(call: Call, p: DepthwiseConv2D, window: Window) -> Call:
    outputs = p.input_channels * p.depth_multiplier
    weights = p.weights.reshape(-1, outputs)
    zero_point = p.padding_value
    bias = p.bias.astype(np.int64) + zero_point * weights.sum(axis=0, dtype=np.int64)
    if (np.abs(bias) + 255 * np.abs(weights.astype(np.int64)).sum(axis=0)).max() >= 1 << 30:  # twice a sum fits, too
        return call
    rounding, scalings = _scalings(p.requantisation)
    if rounding != SCALING_ANY:
        plain = p.requantisation.multiplier.tolist()
        scalings = [(multiplier, *rest) for multiplier, (_, *rest) in zip(plain, scalings, strict=True)]
    empty = -outputs % 4
    fast = DepthwiseDsp(
        window=window,
        channels=p.input_channels,
        multiplier=p.depth_multiplier,
        offset=-zero_point * 0x10001 if zero_point <= 0 else (0x10000 - zero_point) * 0x10001 - (1 << 32),
        low=p.requantisation.low,
        high=p.requantisation.high,
        rounding=rounding,
        weights=np.pad(weights, ((0, 0), (0, empty))),
        bias=np.pad(bias, (0, empty)).astype(np.int32),
        scaling=_filled(scalings, 4),
    )
    # Of a row, all pixels of four channels before the next four.
    overlap = window.overlap(p.input_channels, outputs, window.output_width, reads_first=False)
    return replace(call, kernel=DEPTHWISE_DSP, parameters=fast, scratch_bytes=None, overlap=overlap)


def _depthwise_3x3(call: Call, p: DepthwiseConv2D, w: Window) -> Call:
    channels = p.input_channels
    padded = round_up(channels, 4)
    rounding, scalings = _scalings(p.requantisation)
    weights = np.zeros((padded, 3, 4), dtype=np.int8)
    weights[:channels, :, :3] = np.moveaxis(p.weights.reshape(3, 3, channels), 2, 0)
    row_pixels = round_up((w.output_width - 1) * w.stride_x + 3, 2) + 2
    in_place = _in_place(w)
    most = MAXIMUM_ROWS_BYTES // (8 * row_pixels)
    batch = min(max((most - 3) // w.stride_y, 0) + 1, w.output_height)
    slots = (batch - 1) * w.stride_y + 3
    fast = Depthwise3x3Dsp(
        window=w,
        channels=channels,
        row_pixels=row_pixels,
        batch=batch,
        slots=slots,
        by_rows=int(not in_place),
        backward=0,
        padding_value=p.padding_value,
        low=p.requantisation.low,
        high=p.requantisation.high,
        rounding=rounding,
        weights=weights,
        bias=np.pad(p.bias, (0, padded - channels)),
        scaling=_filled(scalings, 1),
    )
    return replace(
        call,
        kernel=DEPTHWISE_3X3_DSP,
        parameters=fast,
        scratch_bytes=8 * slots * row_pixels + 176,
        in_place=(0,) if in_place else (),
        overlap=None if in_place else depthwise_overlap(w, channels, batch),
    )


def with_sum(graph: Graph, call: Call, add: Call, position: int) -> Call:
    """A convolution that adds another tensor to its output, which was the sum's input at `position`."""
    p = call.parameters
    assert isinstance(p, PointwiseDsp | Conv2DDsp)
    fused = FusedAdd("add_linear_run", parameters(add, AddLinear), position)
    alone = graph.root(add.tensors[1 - position]) != graph.root(call.tensors[0])
    return replace(
        call,
        parameters=p.having(sum=Pointer(fused)),
        inputs=(call.inputs[0], add.inputs[1 - position]),
        output=add.output,
        scratch_bytes=(call.scratch_bytes or 0) + PIXELS * p.dot.output_channels,
        in_place=(1,) if alone else (),
    )


def _reduce(call: Call) -> Call:
    return replace(call, kernel=REDUCE_DSP)


def _average_pool_2d(call: Call) -> Call:
    return replace(call, kernel=AVERAGE_POOL_2D_DSP)


KERNELS: Mapping[Kernel, Select] = {
    POINTWISE: _pointwise,
    CONV_2D: _conv_2d,
    DEPTHWISE_CONV_2D: _depthwise,
    REDUCE: _reduce,
    AVERAGE_POOL_2D: _average_pool_2d,
    MAX_POOL_2D: max_pool_2d,
    **ELEMENT_WISE,
    MAXIMUM: extremum,
    MINIMUM: extremum,
}
