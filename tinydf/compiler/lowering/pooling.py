# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and SUM."""

import math

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.fixed_point import quantise_multiplier
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.lowering.arithmetic import collapse, contiguous
from tinydf.compiler.lowering.context import Context, lowers
from tinydf.compiler.lowering.reference import (
    AVERAGE_POOL_2D,
    MAX_POOL_2D,
    REDUCE,
    REDUCE_APART,
    Pool,
    Reduce,
    ReduceApart,
)
from tinydf.compiler.lowering.window import window_of


@lowers("AVERAGE_POOL_2D", "MAX_POOL_2D")
def pool(context: Context) -> Layer:
    """The mean or the largest of each window."""
    source, output = context.input(0), context.output
    before, after = context.quantised(source), context.quantised(output)
    if abs(before.scale - after.scale) > 1e-6 or before.zero_point != after.zero_point:
        raise context.operator.error("its input and output have different scales")
    window = window_of(context, source, output, context.option("filter_height"), context.option("filter_width"))
    if source.shape[3] != output.shape[3]:
        raise context.operator.error("its input and output have different channels")
    low, high = context.activation_range(output)
    call = Call(
        AVERAGE_POOL_2D if context.operator.kind == "AVERAGE_POOL_2D" else MAX_POOL_2D,
        Pool(window, source.shape[3], low, high),
        (context.input_id(0),),
        context.output_id,
        overlap=window.overlap(source.shape[3], source.shape[3], 1, reads_first=False),
    )
    return Layer(context.operator, (call,))


@lowers("MEAN", "SUM")
def reduce(context: Context) -> Layer:
    """Mean or sum over any axes: by `reduce` where they are neighbours."""
    source, output = context.input(0), context.output
    before, after = context.quantised(source), context.quantised(output)
    rank = len(source.shape)
    axes = {axis + rank if axis < 0 else axis for axis in context.integers(1)}
    if not all(0 <= axis < rank for axis in axes):
        raise context.operator.error(f"axes {sorted(axes)} of shape {list(source.shape)}")
    count = math.prod(source.shape[axis] for axis in axes)
    if output.count * count != source.count:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    if count >= 1 << 22:
        raise context.operator.error(f"it sums {count} values, which may overflow 32 bits")
    multiplier, shift = quantise_multiplier(before.scale / after.scale)
    if context.operator.kind == "MEAN":
        bits = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << bits) // count, shift - bits
    scaled = (before.zero_point * count, multiplier, shift, after.zero_point)
    kernel, parameters = _reduced_axes(context, axes, count, scaled)
    return Layer(context.operator, (Call(kernel, parameters, (context.input_id(0),), context.output_id),))


def _reduced_axes(
    context: Context, axes: set[int], count: int, scaled: tuple[int, int, int, int]
) -> tuple[Kernel, Reduce | ReduceApart]:
    """Which kernel, and how it walks its input; `scaled` are the last four parameters of both kernels."""
    shape = context.input(0).shape
    wide = [axis for axis in sorted(axes) if shape[axis] > 1] or [0]
    first, last = wide[0], wide[-1]
    if all(shape[axis] == 1 or axis in axes for axis in range(first, last + 1)) or count == 1:
        outer = math.prod(shape[:first])
        return REDUCE, Reduce(outer, count, context.output.count // outer, *scaled)
    steps = contiguous(shape)
    walked: list[list[int]] = []
    for chosen in (set(range(len(shape))) - axes, axes):
        sizes = tuple(shape[axis] for axis in sorted(chosen))
        collapsed, (strides,) = collapse(sizes, [steps[axis] for axis in sorted(chosen)])
        missing = 2 - len(collapsed)
        if missing < 0:
            raise context.operator.error(f"axes {sorted(axes)} of shape {list(shape)} lie too far apart")
        walked += [[1] * missing + collapsed, [0] * missing + strides]
    outer_sizes, outer_strides, middle, middle_strides = walked
    return REDUCE_APART, ReduceApart(outer_sizes, outer_strides, middle, middle_strides, *scaled)
