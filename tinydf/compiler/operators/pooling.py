"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN and SUM."""

import math

from tinydf.compiler.fixed_point import quantise_multiplier
from tinydf.compiler.lowering import Call, Context, Field, Layer, lowers
from tinydf.compiler.operators.window import window_of


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
        (context.input_place(0),),
        context.output_place,
        slide=window.slide(source.shape[3], source.shape[3], 1, reads_first=False),
        struct="pool_parameters",
    )
    return Layer(context.operator, (call,))


@lowers("MEAN", "SUM")
def reduce(context: Context) -> Layer:
    """Mean or sum over neighbouring axes."""
    source, output = context.input(0), context.output
    before, after = context.quantised(source), context.quantised(output)
    rank = len(source.shape)
    axes = {axis + rank if axis < 0 else axis for axis in context.integers(1)}
    if not all(0 <= axis < rank for axis in axes):
        raise context.operator.error(f"axes {sorted(axes)} of shape {list(source.shape)}")
    reduced = [axis for axis in sorted(axes) if source.shape[axis] > 1] or sorted(axes)[:1] or [0]
    first, last = reduced[0], reduced[-1]
    if any(source.shape[axis] > 1 and axis not in axes for axis in range(first, last + 1)):
        raise context.operator.error(f"axes {sorted(axes)} are not neighbours")
    count = math.prod(source.shape[first : last + 1]) if axes else 1
    if output.count * count != source.count:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    if count >= 1 << 22:
        raise context.operator.error(f"it sums {count} values, which may overflow 32 bits")
    multiplier, shift = quantise_multiplier(before.scale / after.scale)
    if context.operator.kind == "MEAN":
        bits = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << bits) // count, shift - bits
    call = Call(
        "reduce",
        {
            "outer": math.prod(source.shape[:first]),
            "middle": count,
            "inner": output.count // math.prod(source.shape[:first]),
            "offset": before.zero_point * count,
            "multiplier": multiplier,
            "shift": shift,
            "zero_point": after.zero_point,
        },
        (context.input_place(0),),
        context.output_place,
    )
    return Layer(context.operator, (call,))
