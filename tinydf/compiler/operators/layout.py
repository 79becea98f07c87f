"""Operators that only move bytes: PAD, PADV2, TRANSPOSE, CONCATENATION, SPLIT, SLICE, STRIDED_SLICE, PACK, GATHER."""

import math

import numpy as np

from tinydf.compiler.lowering import Call, Context, Layer, lowers
from tinydf.compiler.operators.arithmetic import collapse, contiguous

RANK = 5


def copy(
    context: Context,
    source: int,
    target: int,
    shape: tuple[int, ...],
    input_strides: list[int],
    output_strides: list[int],
    input_offset: int = 0,
    output_offset: int = 0,
) -> Call:
    """A strided copy of `shape` elements from tensor `source` to tensor `target`."""
    sizes, (before, after) = collapse(shape, input_strides, output_strides)
    if len(sizes) > RANK:
        raise context.operator.error(f"moving {list(shape)} elements takes more than {RANK} axes")
    missing = RANK - len(sizes)
    return Call(
        "copy",
        {
            "shape": [1] * missing + sizes,
            "input_strides": [0] * missing + before,
            "output_strides": [0] * missing + after,
            "input_offset": input_offset,
            "output_offset": output_offset,
        },
        (source,),
        target,
    )


def int8_edges(context: Context) -> None:
    """Check that all that is moved is int8."""
    for place in (context.input_place(0), *context.operator.outputs):
        if context.tensor(place).dtype != "int8":
            raise context.operator.error(
                f"{context.tensor(place).name} is {context.tensor(place).dtype}, expected int8"
            )


@lowers("PAD", "PADV2")
def pad(context: Context) -> Layer:
    """Fill with the padding value, then copy the input into the middle."""
    int8_edges(context)
    source, output = context.input(0), context.output
    pairs = np.array(context.integers(1)).reshape(-1, 2)
    if len(pairs) != len(source.shape) or (pairs < 0).any():
        raise context.operator.error(f"paddings {pairs.tolist()} of shape {list(source.shape)}")
    if tuple(size + int(pair.sum()) for size, pair in zip(source.shape, pairs, strict=True)) != output.shape:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    value = context.quantised(output).zero_point
    if context.operator.kind == "PADV2" and len(context.operator.inputs) > 2:
        value = int(np.int8(context.constant(2).reshape(-1)[0]))
    steps = contiguous(output.shape)
    offset = sum(int(pair[0]) * step for pair, step in zip(pairs, steps, strict=True))
    target = context.output_place
    fill = Call("fill", {"count": output.count, "value": value}, (), target)
    move = copy(
        context, context.input_place(0), target, source.shape, contiguous(source.shape), steps, output_offset=offset
    )
    return Layer(context.operator, (fill, move))


@lowers("TRANSPOSE")
def transpose(context: Context) -> Layer:
    """Read the input in another order of axes."""
    int8_edges(context)
    source, output = context.input(0), context.output
    order = context.integers(1)
    if sorted(order) != list(range(len(source.shape))):
        raise context.operator.error(f"order {order} of shape {list(source.shape)}")
    if tuple(source.shape[axis] for axis in order) != output.shape:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    steps = contiguous(source.shape)
    strides = [steps[axis] for axis in order]
    call = copy(context, context.input_place(0), context.output_place, output.shape, strides, contiguous(output.shape))
    return Layer(context.operator, (call,))


@lowers("CONCATENATION")
def concatenation(context: Context) -> Layer:
    """Copy each input to its place; TFLM does not rescale."""
    int8_edges(context)
    output = context.output
    axis = _axis(context, context.option("axis"), len(output.shape))
    if context.option("activation") != 0:
        raise context.operator.error("a fused activation is not supported")
    calls, start = [], 0
    steps = contiguous(output.shape)
    for place in map(context.input_place, range(len(context.operator.inputs))):
        shape = context.tensor(place).shape
        if len(shape) != len(output.shape) or shape[:axis] + shape[axis + 1 :] != (
            output.shape[:axis] + output.shape[axis + 1 :]
        ):
            raise context.operator.error(f"an input of shape {list(shape)} does not fit")
        if start + shape[axis] > output.shape[axis]:
            raise context.operator.error("its inputs are larger than its output")
        calls.append(
            copy(
                context,
                place,
                context.output_place,
                shape,
                contiguous(shape),
                steps,
                output_offset=start * steps[axis],
            )
        )
        start += shape[axis]
    if start != output.shape[axis]:
        raise context.operator.error("its inputs do not fill its output")
    return Layer(context.operator, tuple(calls))


def _axis(context: Context, axis: int, rank: int) -> int:
    axis = axis + rank if axis < 0 else axis
    if not 0 <= axis < rank:
        raise context.operator.error(f"axis {axis} of rank {rank}")
    return axis


@lowers("SLICE")
def slice_(context: Context) -> Layer:
    """A box of the input."""
    int8_edges(context)
    source, output = context.input(0), context.output
    begin, size = context.integers(1), context.integers(2)
    if len(begin) != len(source.shape) or len(size) != len(source.shape):
        raise context.operator.error("begin and size do not fit its input")
    size = [full - b if s == -1 else s for b, s, full in zip(begin, size, source.shape, strict=True)]
    if tuple(size) != output.shape or any(
        b < 0 or b + s > full for b, s, full in zip(begin, size, source.shape, strict=True)
    ):
        raise context.operator.error(f"begin {begin}, size {size} of shape {list(source.shape)}")
    steps = contiguous(source.shape)
    offset = sum(b * step for b, step in zip(begin, steps, strict=True))
    call = copy(
        context,
        context.input_place(0),
        context.output_place,
        output.shape,
        steps,
        contiguous(output.shape),
        input_offset=offset,
    )
    return Layer(context.operator, (call,))


@lowers("SPLIT")
def split(context: Context) -> Layer:
    """Equal parts along an axis; the axis is the first input, the data the second."""
    axis_values, source = context.integers(0), context.input(1)
    axis = _axis(context, axis_values[0], len(source.shape))
    parts = len(context.operator.outputs)
    if parts == 0 or source.shape[axis] % parts:
        raise context.operator.error(f"{source.shape[axis]} cannot be split into {parts}")
    size = source.shape[axis] // parts
    shape = (*source.shape[:axis], size, *source.shape[axis + 1 :])
    steps = contiguous(source.shape)
    calls = []
    for k, place in enumerate(context.operator.outputs):
        if context.tensor(place).shape != shape or context.tensor(place).dtype != "int8" or source.dtype != "int8":
            raise context.operator.error(f"an output has shape {list(context.tensor(place).shape)}")
        calls.append(
            copy(
                context,
                context.input_place(1),
                place,
                shape,
                steps,
                contiguous(shape),
                input_offset=k * size * steps[axis],
            )
        )
    return Layer(context.operator, tuple(calls))


@lowers("GATHER")
def gather(context: Context) -> Layer:
    """Runs of the input at constant indices along an axis."""
    int8_edges(context)
    source, output = context.input(0), context.output
    if context.option("batch_dims") != 0:
        raise context.operator.error("batch dimensions are not supported")
    axis = _axis(context, context.option("axis"), len(source.shape))
    indices = context.integers(1)
    runs = source.shape[axis]
    if not all(0 <= index < runs for index in indices):
        raise context.operator.error(f"an index is beyond {runs}")
    outer, inner = math.prod(source.shape[:axis]), math.prod(source.shape[axis + 1 :])
    if output.count != outer * len(indices) * inner:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    call = Call(
        "gather",
        {
            "outer": outer,
            "count": len(indices),
            "input_runs": runs,
            "inner": inner,
            "indices": np.array(indices, dtype=np.int32),
        },
        (context.input_place(0),),
        context.output_place,
    )
    return Layer(context.operator, (call,))
