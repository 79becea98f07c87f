# SPDX-License-Identifier: Apache-2.0
"""Which MVE kernel takes the place of one in plain C, and with which parameters."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.records import Array
from tinydf.compiler.ir.window import image_of_pixels
from tinydf.compiler.lowering.reference import (
    ADD,
    AVERAGE_POOL_2D,
    CONV_2D,
    DEPTHWISE_CONV_2D,
    LOOKUP,
    MAX_POOL_2D,
    MAXIMUM,
    MINIMUM,
    MULTIPLY,
    POINTWISE,
    PRELU,
    REDUCE,
    Add,
    Conv2D,
    DepthwiseConv2D,
    Multiply,
    Pointwise,
    Prelu,
    Reduce,
    Requantisation,
)
from tinydf.compiler.targets.armv81m.kernels import (
    ADD_CHANNELS_MVE,
    ADD_MVE,
    AVERAGE_POOL_2D_MVE,
    CONV_2D_MVE,
    DENSE_MVE,
    DEPTHWISE_MVE,
    EXTREMUM_MVE,
    LOOKUP_MVE,
    MAX_POOL_2D_MVE,
    MULTIPLY_MVE,
    PIXELS,
    POINTWISE_MVE,
    PRELU_MVE,
    REDUCE_MVE,
    AddChannelsMve,
    AddMve,
    Conv2DMve,
    DepthwiseMve,
    DotMve,
    MultiplyMve,
    PointwiseMve,
    PreluMve,
)
from tinydf.compiler.targets.armv81m.pack import CHANNELS, LANES, pack_weights
from tinydf.compiler.targets.common import parameters, round_up
from tinydf.compiler.targets.element_wise import MAXIMUM_LEFT, exchanged, extremum, rows_by_channels
from tinydf.compiler.targets.target import Select

PLANES = 8  # channels that a depthwise kernel spreads out at once
MAXIMUM_GROUPS = 3  # of sixteen bytes, in which an output's inputs are


def _shifts_right(requantisation: Requantisation) -> bool:
    """Whether `scale_mve` (mve.h) takes all factors."""
    shifts = requantisation.shift.astype(np.int64)
    return bool(np.all((shifts <= 0) & (shifts >= -31)))


def _is_rectified(requantisation: Requantisation) -> bool:
    """Whether what is below zero is below the range, so that it does not matter how it is rounded."""
    return requantisation.low >= requantisation.zero_point


def _is_dot(requantisation: Requantisation) -> bool:
    """Whether `dot_mve` takes the layer's factors: where it rounds negative values, it shifts each."""
    none = (requantisation.shift == 0) & (requantisation.multiplier != 0)
    return _shifts_right(requantisation) and (_is_rectified(requantisation) or not bool(np.any(none)))


def _channels(bias: Array, requantisation: Requantisation) -> NDArray[np.int32]:
    """mve_channels of all output channels, filled up to a multiple of four: int32 [channels / 4 rounded up, 12]."""
    multiplier = requantisation.multiplier
    shift = np.where(multiplier == 0, -1, requantisation.shift)  # nothing, however it is shifted
    columns = (bias, multiplier, shift)
    rows = np.stack([np.pad(column.astype(np.int32), (0, -len(column) % CHANNELS)) for column in columns], axis=1)
    return rows.reshape(-1, CHANNELS, 3).transpose(0, 2, 1).reshape(-1, 3 * CHANNELS)


def _blocks(bias: Array, requantisation: Requantisation, weights: Array) -> NDArray[np.int32]:
    """What a kernel reads for each four output channels: packed weights [filters, inputs], then `mve_channels`."""
    packed = pack_weights(weights)
    return np.concatenate([packed.reshape(len(packed), -1).view("<i4"), _channels(bias, requantisation)], axis=1)


def _dot(p: Conv2D | Pointwise, weights: Array) -> DotMve:
    """The dot products of weights [filters, inputs]."""
    r = p.requantisation
    return DotMve(
        inputs=weights.shape[1],
        output_channels=len(weights),
        zero_point=r.zero_point,
        low=r.low,
        high=r.high,
        rectified=int(_is_rectified(r)),
        blocks=_blocks(p.bias, r, weights),
    )


def _pointwise(call: Call) -> Call:
    p = parameters(call, Pointwise)
    inputs, outputs = p.input_channels, p.output_channels
    if max(inputs, outputs) >= 1 << 15 or not _is_dot(p.requantisation):
        return call
    dot = _dot(p, p.weights.reshape(outputs, inputs))
    if p.pixels == 1:
        return replace(call, kernel=DENSE_MVE, parameters=dot, overlap=None)
    return replace(
        call,
        kernel=POINTWISE_MVE,
        parameters=PointwiseMve(p.pixels, backward=0, dot=dot),
        scratch_bytes=PIXELS * round_up(inputs, LANES),
        overlap=image_of_pixels(p.pixels).overlap(inputs, outputs, PIXELS, reads_first=True),
    )


def _conv_2d(call: Call) -> Call:
    p = parameters(call, Conv2D)
    window, filters, channels = p.window, p.output_channels, p.input_channels
    weights = p.weights.reshape(filters, -1)
    plain = (window.dilation_y, window.dilation_x, p.groups) == (1, 1, 1)
    if not plain or weights.shape[1] >= 1 << 15 or not _is_dot(p.requantisation):
        return call
    return replace(
        call,
        kernel=CONV_2D_MVE,
        parameters=Conv2DMve(window, channels, p.padding_value, backward=0, dot=_dot(p, weights)),
        scratch_bytes=PIXELS * round_up(weights.shape[1], LANES) + LANES,
        overlap=window.overlap(channels, filters, PIXELS, reads_first=True),
    )


def _depthwise(call: Call) -> Call:
    p = parameters(call, DepthwiseConv2D)
    w, r = p.window, p.requantisation
    channels, multiplier = p.input_channels, p.depth_multiplier
    slots = 2 * w.kernel_height - 1
    groups = -(-((w.kernel_width - 1) * slots + w.kernel_height) // LANES)
    read = (w.output_width - 1) * w.stride_x * slots + w.kernel_height + groups * LANES
    plane_bytes = round_up(max((w.padding_left + w.input_width) * slots, read), 4)
    fits = groups <= MAXIMUM_GROUPS and plane_bytes * PLANES < 1 << 16 and channels * multiplier < 1 << 16
    if (w.dilation_y, w.dilation_x) != (1, 1) or not fits or not _is_dot(r):
        return call
    # [row, column, channel] -> [channel, column, slot], as the inputs lie
    taps = p.weights.reshape(w.kernel_height, w.kernel_width, -1).transpose(2, 1, 0)
    columns = np.pad(taps, ((0, 0), (0, 0), (0, slots - w.kernel_height))).reshape(len(taps), -1)
    weights = np.pad(columns, ((0, 0), (0, LANES)))[:, : groups * LANES]
    same_size = (w.input_height, w.input_width) == (w.output_height, w.output_width)
    in_place = same_size and w.stride_x == w.stride_y == multiplier == 1
    fast = DepthwiseMve(
        window=w,
        channels=channels,
        multiplier=multiplier,
        plane_bytes=plane_bytes,
        slots=slots,
        groups=groups,
        by_rows=int(not in_place),
        rectified=int(_is_rectified(r)),
        padding_value=p.padding_value,
        low=r.low,
        high=r.high,
        zero_point=r.zero_point,
        blocks=_blocks(p.bias, r, weights),
    )
    return replace(
        call,
        kernel=DEPTHWISE_MVE,
        parameters=fast,
        scratch_bytes=PLANES * plane_bytes,
        in_place=(0,) if in_place else (),
        overlap=None if in_place else w.overlap(channels, channels * multiplier, w.output_width, reads_first=False),
    )


def _add(call: Call) -> Call:
    """Two tensors of one shape, or one value a channel; the larger scale first."""
    p = parameters(call, Add)
    size = rows_by_channels(p.broadcast)
    first = (p.first_multiplier, p.first_shift, p.first_offset, 1)
    second = (p.second_multiplier, p.second_shift, p.second_offset, -1 if p.subtract else 1)
    half = (1 << 30, 0)
    swap = first[:2] != half
    one, two = (second, first) if swap else (first, second)
    if size is None or one[:2] != half or min(two[1], p.shift) < -31:
        return call
    factor = one[3] << 19
    fast = AddMve(
        count=size[1],
        first_factor=factor,
        first_offset=one[2] * factor,
        second_offset=two[2] << 20,
        second_multiplier=two[0],
        multiplier=p.multiplier,
        second_shift=two[1],
        shift=p.shift,
        sign=two[3],
        zero_point=p.zero_point,
        low=p.low,
        high=p.high,
    )
    call = exchanged(call) if swap else call
    if size[0] == 1:
        return replace(call, kernel=ADD_MVE, parameters=fast)
    return replace(call, kernel=ADD_CHANNELS_MVE, parameters=AddChannelsMve(size[0], int(size[2] != swap), fast))


def _prelu(call: Call) -> Call:
    """One slope a channel, or a value."""
    p = parameters(call, Prelu)
    size = rows_by_channels(p.broadcast)
    if size is None or size[2]:
        return call
    positive, negative = max(p.positive_shift, 0), max(p.negative_shift, 0)
    if max(positive, negative) > MAXIMUM_LEFT or min(p.positive_shift, p.negative_shift) < -31:
        return call
    fast = PreluMve(
        rows=size[0],
        channels=size[1],
        first_offset=p.first_offset,
        second_offset=p.second_offset,
        zero_point=p.zero_point,
        positive_left=positive,
        negative_left=negative,
        positive_shift=p.positive_shift - positive,
        negative_shift=p.negative_shift - negative,
        positive_multiplier=p.positive_multiplier,
        negative_multiplier=p.negative_multiplier,
    )
    return replace(call, kernel=PRELU_MVE, parameters=fast)


def _average_pool_2d(call: Call) -> Call:
    return replace(call, kernel=AVERAGE_POOL_2D_MVE)


def _max_pool_2d(call: Call) -> Call:
    return replace(call, kernel=MAX_POOL_2D_MVE)


def _reduce(call: Call) -> Call:
    p = parameters(call, Reduce)
    # Single columns are summed by the DSP extension.
    if not -31 <= p.shift <= 0 or p.inner == 1:
        return call
    return replace(call, kernel=REDUCE_MVE)


def _multiply(call: Call) -> Call:
    """A tensor times one value per channel, or times one of its own shape."""
    p = parameters(call, Multiply)
    size = rows_by_channels(p.broadcast)
    left = max(p.shift, 0)
    if size is None or left > MAXIMUM_LEFT:
        return call
    rows, channels, swap = size
    fast = MultiplyMve(
        rows=rows,
        channels=channels,
        first_offset=p.second_offset if swap else p.first_offset,
        second_offset=p.first_offset if swap else p.second_offset,
        zero_point=p.zero_point,
        left=left,
        shift=p.shift - left,
        low=p.low,
        high=p.high,
        multiplier=p.multiplier,
    )
    return replace(exchanged(call) if swap else call, kernel=MULTIPLY_MVE, parameters=fast)


def _extremum(call: Call) -> Call:
    dsp = extremum(call)
    return dsp if dsp is call else replace(dsp, kernel=EXTREMUM_MVE)


def _lookup(call: Call) -> Call:
    return replace(call, kernel=LOOKUP_MVE)


KERNELS: Mapping[Kernel, Select] = {
    POINTWISE: _pointwise,
    CONV_2D: _conv_2d,
    DEPTHWISE_CONV_2D: _depthwise,
    ADD: _add,
    AVERAGE_POOL_2D: _average_pool_2d,
    MAX_POOL_2D: _max_pool_2d,
    REDUCE: _reduce,
    MULTIPLY: _multiply,
    PRELU: _prelu,
    MAXIMUM: _extremum,
    MINIMUM: _extremum,
    LOOKUP: _lookup,
}
