# SPDX-License-Identifier: Apache-2.0
"""Operators that only move bytes: padding, transposing, joining, splitting, slicing, gathering."""

import math

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.slicing import strided_slices
from tinydf.compiler.lowering.arithmetic import collapse, contiguous
from tinydf.compiler.lowering.context import Context, lowers
from tinydf.compiler.lowering.reference import COPY, COPY_RANK, FILL, GATHER, Copy, Fill, Gather
from tinydf.compiler.passes.views import VIEWS

SHORT_RUN = 8


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
    if len(sizes) > COPY_RANK:
        raise context.operator.error(f"moving {list(shape)} elements takes more than {COPY_RANK} axes")
    if before[-1] != 1 or after[-1] != 1 or sizes[-1] < SHORT_RUN:
        # Nothing is gained by keeping neighbours together: the longest axis goes innermost.
        inward = sorted(range(len(sizes)), key=lambda axis: sizes[axis])
        sizes, before, after = ([axes[k] for k in inward] for axes in (sizes, before, after))
    missing = COPY_RANK - len(sizes)
    return Call(
        COPY,
        Copy(
            shape=[1] * missing + sizes,
            input_strides=[0] * missing + before,
            output_strides=[0] * missing + after,
            input_offset=input_offset,
            output_offset=output_offset,
        ),
        (source,),
        target,
    )


def int8_edges(context: Context) -> None:
    """Check that all that is moved is int8."""
    for tensor_id in (context.input_id(0), *context.operator.outputs):
        if context.tensor(tensor_id).dtype != "int8":
            raise context.operator.error(
                f"{context.tensor(tensor_id).name} is {context.tensor(tensor_id).dtype}, expected int8"
            )


@lowers(*VIEWS)
def view(context: Context) -> Layer:
    """What the pass `views` could not make another name of the same bytes."""
    before, after = context.input(0), context.output
    raise context.operator.error(
        f"its input is {before.dtype} {list(before.shape)}, its output {after.dtype} {list(after.shape)}"
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
    target = context.output_id
    fill = Call(FILL, Fill(output.count, value), (), target)
    move = copy(
        context, context.input_id(0), target, source.shape, contiguous(source.shape), steps, output_offset=offset
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
    call = copy(context, context.input_id(0), context.output_id, output.shape, strides, contiguous(output.shape))
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
    for tensor_id in map(context.input_id, range(len(context.operator.inputs))):
        shape = context.tensor(tensor_id).shape
        if len(shape) != len(output.shape) or shape[:axis] + shape[axis + 1 :] != (
            output.shape[:axis] + output.shape[axis + 1 :]
        ):
            raise context.operator.error(f"an input of shape {list(shape)} does not fit")
        if start + shape[axis] > output.shape[axis]:
            raise context.operator.error("its inputs are larger than its output")
        calls.append(
            copy(
                context,
                tensor_id,
                context.output_id,
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
        context.input_id(0),
        context.output_id,
        output.shape,
        steps,
        contiguous(output.shape),
        input_offset=offset,
    )
    return Layer(context.operator, (call,))


@lowers("STRIDED_SLICE")
def strided_slice(context: Context) -> Layer:
    """Every nth element along each axis; backwards where the stride is negative."""
    int8_edges(context)
    source, output = context.input(0), context.output
    index = strided_slices(
        context.operator, source.shape, context.integers(1), context.integers(2), context.integers(3)
    )
    steps = contiguous(source.shape)
    offset, shape, strides, kept = 0, [], [], []
    for pick, size, step in zip(index, source.shape, steps, strict=True):
        if isinstance(pick, int):
            offset += pick * step
            continue
        picked = range(*pick.indices(size))
        if len(picked) == 0:
            raise context.operator.error("it picks nothing")
        offset += picked.start * step
        shape.append(len(picked))
        strides.append(picked.step * step)
        kept.append(len(picked))
    if tuple(kept) != output.shape:
        raise context.operator.error(f"its output has shape {list(output.shape)}, expected {kept}")
    call = copy(
        context,
        context.input_id(0),
        context.output_id,
        tuple(shape),
        strides,
        contiguous(tuple(shape)),
        input_offset=offset,
    )
    return Layer(context.operator, (call,))


def _parts(context: Context, source_id: int, axis: int, sizes: list[int]) -> Layer:
    """Copy neighbouring parts of a tensor along an axis to the operator's outputs, which may lack that axis."""
    source = context.tensor(source_id)
    if sum(sizes) != source.shape[axis] or len(sizes) != len(context.operator.outputs) or min(sizes) < 1:
        raise context.operator.error(f"parts {sizes} of {source.shape[axis]}")
    steps = contiguous(source.shape)
    calls, start = [], 0
    for size, tensor_id in zip(sizes, context.operator.outputs, strict=True):
        shape = (*source.shape[:axis], size, *source.shape[axis + 1 :])
        part = context.tensor(tensor_id)
        if part.count != math.prod(shape) or part.dtype != "int8" or source.dtype != "int8":
            raise context.operator.error(f"{part.name} is {part.dtype} {list(part.shape)}, expected int8 {list(shape)}")
        offset = start * steps[axis]
        calls.append(copy(context, source_id, tensor_id, shape, steps, contiguous(shape), input_offset=offset))
        start += size
    return Layer(context.operator, tuple(calls))


@lowers("SPLIT")
def split(context: Context) -> Layer:
    """Equal parts along an axis; the axis is the first input, the data the second."""
    source = context.input(1)
    axis = _axis(context, context.integers(0)[0], len(source.shape))
    parts = len(context.operator.outputs)
    if source.shape[axis] % max(parts, 1):
        raise context.operator.error(f"{source.shape[axis]} cannot be split into {parts}")
    return _parts(context, context.input_id(1), axis, [source.shape[axis] // max(parts, 1)] * parts)


@lowers("SPLIT_V")
def split_v(context: Context) -> Layer:
    """Parts of given sizes along an axis; a size of -1 is what is left."""
    source = context.input(0)
    sizes = context.integers(1)
    axis = _axis(context, context.integers(2)[0], len(source.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = source.shape[axis] - sum(sizes) - 1
    return _parts(context, context.input_id(0), axis, sizes)


@lowers("UNPACK")
def unpack(context: Context) -> Layer:
    """One part for each element of an axis, which is dropped."""
    source = context.input(0)
    axis = _axis(context, context.option("axis"), len(source.shape))
    return _parts(context, context.input_id(0), axis, [1] * source.shape[axis])


@lowers("PACK")
def pack(context: Context) -> Layer:
    """Inputs of one shape side by side along a new axis."""
    output = context.output
    axis = _axis(context, context.option("axis"), len(output.shape))
    if output.shape[axis] != len(context.operator.inputs) or output.dtype != "int8":
        raise context.operator.error(f"{len(context.operator.inputs)} inputs make {output.dtype} {list(output.shape)}")
    part = (*output.shape[:axis], 1, *output.shape[axis + 1 :])
    steps = contiguous(output.shape)
    calls = []
    for k, tensor_id in enumerate(map(context.input_id, range(len(context.operator.inputs)))):
        if context.tensor(tensor_id).count != math.prod(part) or context.tensor(tensor_id).dtype != "int8":
            raise context.operator.error(f"{context.tensor(tensor_id).name} does not fit its output")
        offset = k * steps[axis]
        calls.append(copy(context, tensor_id, context.output_id, part, contiguous(part), steps, output_offset=offset))
    return Layer(context.operator, tuple(calls))


@lowers("SPACE_TO_DEPTH", "DEPTH_TO_SPACE")
def space_and_depth(context: Context) -> Layer:
    """Blocks of pixels become channels, or the other way round."""
    int8_edges(context)
    block = context.option("block_size")
    to_depth = context.operator.kind == "SPACE_TO_DEPTH"
    wide, deep = (context.input(0), context.output) if to_depth else (context.output, context.input(0))
    if block < 1 or len(wide.shape) != 4 or len(deep.shape) != 4 or wide.shape[0] != 1:
        raise context.operator.error(f"block size {block} of shape {list(context.input(0).shape)}")
    _, height, width, channels = wide.shape
    if deep.shape != (1, height // block, width // block, channels * block * block) or height % block or width % block:
        raise context.operator.error(f"its output has shape {list(context.output.shape)}")
    # (y, block row, x, block column and channel) of the wide tensor.
    shape = (height // block, block, width // block, block * channels)
    wide_steps = contiguous(shape)
    deep_row = width // block * channels * block * block
    deep_steps = [deep_row, block * channels, channels * block * block, 1]
    before, after = (wide_steps, deep_steps) if to_depth else (deep_steps, wide_steps)
    call = copy(context, context.input_id(0), context.output_id, shape, before, after)
    return Layer(context.operator, (call,))


@lowers("GATHER_ND")
def gather_nd(context: Context) -> Layer:
    """Runs of the input at constant multi-dimensional indices."""
    int8_edges(context)
    source, output = context.input(0), context.output
    indices = context.constant(1)
    depth = indices.shape[-1] if indices.ndim else 0
    if not 1 <= depth <= len(source.shape) or indices.dtype not in (np.dtype("<i4"), np.dtype("<i8")):
        raise context.operator.error(f"indices {indices.dtype} {list(indices.shape)} of shape {list(source.shape)}")
    leading = source.shape[:depth]
    rows = indices.reshape(-1, depth).astype(np.int64)
    if (rows < 0).any() or (rows >= np.array(leading)).any():
        raise context.operator.error("an index is beyond its axis")
    runs = rows @ np.array(contiguous(leading), dtype=np.int64)
    inner = math.prod(source.shape[depth:])
    if output.count != len(runs) * inner:
        raise context.operator.error(f"its output has shape {list(output.shape)}")
    return _gather(context, 1, runs, math.prod(leading), inner)


def _gather(context: Context, outer: int, indices: NDArray[np.int64], input_runs: int, inner: int) -> Layer:
    parameters = Gather(
        outer=outer,
        count=len(indices),
        input_runs=input_runs,
        inner=inner,
        indices=indices.astype(np.int32),
    )
    return Layer(context.operator, (Call(GATHER, parameters, (context.input_id(0),), context.output_id),))


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
    return _gather(context, outer, np.array(indices, dtype=np.int64), runs, inner)
