"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and SUM."""

import math

from tinydf.compiler.ir.calls import Call, Field, Layer
from tinydf.compiler.ir.fixed_point import quantise_multiplier
from tinydf.compiler.lowering.arithmetic import collapse, contiguous
from tinydf.compiler.lowering.context import Context, lowers
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
    kernel = "average_pool_2d" if context.operator.kind == "AVERAGE_POOL_2D" else "max_pool_2d"
    parameters: dict[str, Field] = {"window": window.fields, "channels": source.shape[3], "low": low, "high": high}
    call = Call(
        kernel,
        parameters,
        (context.input_id(0),),
        context.output_id,
        overlap=window.overlap(source.shape[3], source.shape[3], 1, reads_first=False),
        struct="pool_parameters",
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
    common: dict[str, Field] = {
        "offset": before.zero_point * count,
        "multiplier": multiplier,
        "shift": shift,
        "zero_point": after.zero_point,
    }
    kernel, parameters = _reduced_axes(context, axes, count)
    call = Call(kernel, {**parameters, **common}, (context.input_id(0),), context.output_id)
    return Layer(context.operator, (call,))


def _reduced_axes(context: Context, axes: set[int], count: int) -> tuple[str, dict[str, Field]]:
    """Which kernel, and how it walks its input."""
    shape = context.input(0).shape
    wide = [axis for axis in sorted(axes) if shape[axis] > 1] or [0]
    first, last = wide[0], wide[-1]
    if all(shape[axis] == 1 or axis in axes for axis in range(first, last + 1)) or count == 1:
        outer = math.prod(shape[:first])
        return "reduce", {"outer": outer, "middle": count, "inner": context.output.count // outer}
    steps = contiguous(shape)
    parameters: dict[str, Field] = {}
    for name, chosen in (("outer", set(range(len(shape))) - axes), ("middle", axes)):
        sizes = tuple(shape[axis] for axis in sorted(chosen))
        collapsed, (strides,) = collapse(sizes, [steps[axis] for axis in sorted(chosen)])
        missing = 2 - len(collapsed)
        if missing < 0:
            raise context.operator.error(f"axes {sorted(axes)} of shape {list(shape)} lie too far apart")
        parameters |= {name: [1] * missing + collapsed, f"{name}_strides": [0] * missing + strides}
    return "reduce_apart", parameters
