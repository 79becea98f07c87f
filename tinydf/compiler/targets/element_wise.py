# SPDX-License-Identifier: Apache-2.0
"""Element-wise operators: plain C with the quick scaling of `dsp.h`, for any core, and DSP instructions beside it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.kernel import WINDOWS, Kernel, Step, Walk
from tinydf.compiler.ir.records import I8, I16, I32, U8, U32, Record
from tinydf.compiler.lowering.reference import (
    ADD,
    HEADROOM,
    MINIMUM,
    MULTIPLY,
    PRELU,
    Add,
    Broadcast,
    Multiply,
    Pool,
    Prelu,
    sums,
)
from tinydf.compiler.lowering.table import int8_values
from tinydf.compiler.targets.common import DSP, parameters
from tinydf.compiler.targets.linear import find_plane
from tinydf.compiler.targets.scaling import Scaling, is_fast, scaling
from tinydf.compiler.targets.target import Select

MAXIMUM_LEFT = 14  # a product of two int8 less their zero points takes 17 bits


@dataclass(frozen=True)
class AddLinear(Record, c="add_linear_parameters"):
    """Of ADD_LINEAR."""

    count: U32
    first_factor: I32
    second_factor: I32
    offset: I32
    shift: U8
    low: I8
    high: I8


@dataclass(frozen=True)
class AddChannelsLinear(Record, c="add_channels_linear_parameters"):
    """Of ADD_CHANNELS_LINEAR."""

    rows: U32
    repeat_first: U8
    add: AddLinear


@dataclass(frozen=True)
class MultiplyDsp(Record, c="multiply_dsp_parameters"):
    """Of MULTIPLY_DSP."""

    rows: U32
    channels: U32
    multiplier: I32
    offset: I32
    first_offset: I16
    second_offset: I16
    low: I8
    high: I8
    left: U8
    shift: U8


@dataclass(frozen=True)
class ExtremumDsp(Record, c="extremum_dsp_parameters"):
    """Of EXTREMUM_DSP, and of EXTREMUM_MVE."""

    count: U32
    minimum: U8


@dataclass(frozen=True)
class PreluSide(Record, c="prelu_side"):
    """What values on one side of zero are multiplied by."""

    product: Scaling
    left: U8


@dataclass(frozen=True)
class PreluDsp(Record, c="prelu_dsp_parameters"):
    """Of PRELU_DSP."""

    rows: U32
    channels: U32
    first_offset: I16
    second_offset: I16
    positive: PreluSide
    negative: PreluSide


VALUES, ROWS = Walk(Step.VALUES, "count"), Walk(Step.PIXELS, "rows")

ADD_LINEAR = Kernel("add_linear", AddLinear, VALUES)
ADD_CHANNELS_LINEAR = Kernel("add_channels_linear", AddChannelsLinear, ROWS)
MULTIPLY_DSP = Kernel("multiply_dsp", MultiplyDsp, ROWS, DSP)
EXTREMUM_DSP = Kernel("extremum_dsp", ExtremumDsp, VALUES, DSP)
PRELU_DSP = Kernel("prelu_dsp", PreluDsp, ROWS, DSP)
MAX_POOL_2D_DSP = Kernel("max_pool_2d_dsp", Pool, WINDOWS, DSP)


def _add(call: Call) -> Call:
    """Two tensors of one shape, or one value a channel, if one rounding does what TFLM's three do."""
    p = parameters(call, Add)
    size = rows_by_channels(p.broadcast)
    if size is None:
        return call
    rows, channels, repeat_first = size
    first = math.ldexp(p.first_multiplier, p.first_shift - 31)
    second = math.ldexp(p.second_multiplier, p.second_shift - 31)
    both = math.ldexp(p.multiplier, p.shift - 31)
    slopes = (
        math.ldexp(first * both, HEADROOM),
        math.ldexp((-second if p.subtract else second) * both, HEADROOM),
    )
    plane = find_plane(sums(p, int8_values()[:, None], int8_values()), slopes, p.low, p.high)
    if plane is None:
        return call
    linear = AddLinear(count=channels, **asdict(plane), low=p.low, high=p.high)
    if rows == 1:
        return replace(call, kernel=ADD_LINEAR, parameters=linear)
    return replace(call, kernel=ADD_CHANNELS_LINEAR, parameters=AddChannelsLinear(rows, int(repeat_first), linear))


def rows_by_channels(spread: Broadcast) -> tuple[int, int, bool] | None:
    """Rows, channels, and whether it is the first operand that has one value a channel; None for other broadcasts.

    Of two tensors of one shape there is one row.
    """
    first, second = list(spread.first_strides), list(spread.second_strides)
    one, other, rows, channels = spread.shape
    whole, each = [0, 0, channels if rows > 1 else 0, 1], [0, 0, 0, 1]
    if (one, other) != (1, 1) or (first, second) not in ((whole, each), (each, whole)):
        return None
    return rows, channels, first != whole


def exchanged(call: Call) -> Call:
    """A call of two inputs with the second one first."""
    return replace(call, inputs=tuple(reversed(call.inputs)), in_place=tuple(1 - k for k in call.in_place))


def _prelu(call: Call) -> Call:
    """One slope a channel."""
    p = parameters(call, Prelu)
    size = rows_by_channels(p.broadcast)
    if size is None or size[2]:
        return call
    sides = []
    for multiplier, shift in (
        (p.positive_multiplier, p.positive_shift),
        (p.negative_multiplier, p.negative_shift),
    ):
        left = 0 if is_fast(multiplier, shift) else shift + 1
        if not is_fast(multiplier, shift) and not 1 <= left <= MAXIMUM_LEFT:
            return call
        product = (multiplier, p.zero_point, 0) if left else scaling(multiplier, shift, p.zero_point)
        sides.append(PreluSide(Scaling(*product), left))
    fast = PreluDsp(size[0], size[1], p.first_offset, p.second_offset, *sides)
    return replace(call, kernel=PRELU_DSP, parameters=fast)


def extremum(call: Call) -> Call:
    """Two tensors of one shape."""
    size = rows_by_channels(parameters(call, Broadcast))
    if size is None or size[0] > 1:
        return call
    return replace(call, kernel=EXTREMUM_DSP, parameters=ExtremumDsp(size[1], int(call.kernel is MINIMUM)))


def _multiply(call: Call) -> Call:
    """A tensor times one value per channel, times one for all, or times one of its own shape."""
    p = parameters(call, Multiply)
    size = _one_for_all(p.broadcast) or rows_by_channels(p.broadcast)
    if size is None:
        return call
    rows, channels, swap = size
    fast = is_fast(p.multiplier, p.shift)
    # SMMLAR halves a product, so that the factor is doubled; what is shifted to the left is rounded once only.
    left = 1 if fast else p.shift + 1
    if not 1 <= left <= MAXIMUM_LEFT:
        return call
    quick = MultiplyDsp(
        rows=rows,
        channels=channels,
        multiplier=p.multiplier,
        offset=(1 << (-p.shift - 1)) + (p.zero_point << -p.shift) if fast else p.zero_point,
        first_offset=p.second_offset if swap else p.first_offset,
        second_offset=p.first_offset if swap else p.second_offset,
        low=p.low,
        high=p.high,
        left=left,
        shift=-p.shift if fast else 0,
    )
    return replace(exchanged(call) if swap else call, kernel=MULTIPLY_DSP, parameters=quick)


def _one_for_all(spread: Broadcast) -> tuple[int, int, bool] | None:
    """One value for all, the second operand: as many rows of one channel."""
    one = list(spread.shape[:3]) == [1, 1, 1] and list(spread.second_strides) == [0, 0, 0, 0]
    return (spread.shape[3], 1, False) if one else None


def max_pool_2d(call: Call) -> Call:
    """Any window; without the DSP extension, plain C by eight channels."""
    return replace(call, kernel=MAX_POOL_2D_DSP)


ELEMENT_WISE: Mapping[Kernel, Select] = {ADD: _add, MULTIPLY: _multiply, PRELU: _prelu}
