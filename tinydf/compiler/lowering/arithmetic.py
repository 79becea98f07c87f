# SPDX-License-Identifier: Apache-2.0
"""Element-wise operators of two inputs, with broadcasting: ADD, SUB, MUL, MAXIMUM, MINIMUM, PRELU.

Where one input is a constant number, the result is a function of the other alone: a table.
"""

import numpy as np

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.fixed_point import quantise_multiplier
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.records import Record
from tinydf.compiler.lowering.context import Context, lowers
from tinydf.compiler.lowering.reference import (
    ADD,
    BROADCAST_RANK,
    HEADROOM,
    MAXIMUM,
    MINIMUM,
    MULTIPLY,
    PRELU,
    Add,
    Broadcast,
    Multiply,
    Prelu,
)
from tinydf.compiler.lowering.table import int8_values, table_layer


def collapse(shape: tuple[int, ...], *strides: list[int]) -> tuple[list[int], list[list[int]]]:
    """Join neighbouring axes that every operand walks as one, and drop axes of size 1.

    Args:
        shape: sizes of the axes.
        strides: for each operand, its stride along each axis.

    Returns:
        Shape and strides with as few axes as possible, at least one.
    """
    axes = [(size, tuple(s[axis] for s in strides)) for axis, size in enumerate(shape) if size > 1]
    joined: list[tuple[int, tuple[int, ...]]] = []
    for size, steps in axes:
        if joined and joined[-1][1] == tuple(step * size for step in steps):
            joined[-1] = (joined[-1][0] * size, steps)
        else:
            joined.append((size, steps))
    joined = joined or [(1, tuple(1 for _ in strides))]
    return [size for size, _ in joined], [[steps[k] for _, steps in joined] for k in range(len(strides))]


def contiguous(shape: tuple[int, ...]) -> list[int]:
    """Strides of a tensor in row-major order."""
    steps = [1]
    for size in reversed(shape[1:]):
        steps.append(steps[-1] * size)
    return list(reversed(steps)) if shape else []


def broadcast_strides(shape: tuple[int, ...], output: tuple[int, ...]) -> list[int]:
    """Strides with which a tensor of `shape` is read to fill `output`: 0 along repeated axes."""
    padded = (1,) * (len(output) - len(shape)) + shape
    return [
        0 if size == 1 and full > 1 else step
        for size, full, step in zip(padded, output, contiguous(padded), strict=True)
    ]


def broadcast(context: Context) -> Broadcast:
    """The C struct `tdf_broadcast` of the operator's two inputs."""
    first, second, output = context.input(0), context.input(1), context.output
    try:
        expected = np.broadcast_shapes(first.shape, second.shape)
    except ValueError:
        expected = ()
    if expected != output.shape:
        raise context.operator.error(f"shapes {list(first.shape)} and {list(second.shape)} do not give its output's")
    shape, (one, two) = collapse(
        output.shape, broadcast_strides(first.shape, output.shape), broadcast_strides(second.shape, output.shape)
    )
    if len(shape) > BROADCAST_RANK:
        raise context.operator.error(f"broadcasting {list(first.shape)} with {list(second.shape)} is not supported")
    missing = BROADCAST_RANK - len(shape)
    return Broadcast([1] * missing + shape, [0] * missing + one, [0] * missing + two)


def binary(context: Context, kernel: Kernel, parameters: Record) -> Layer:
    """A layer that calls an element-wise kernel; its output may lie upon any input of its size."""
    tensor_ids = (context.input_id(0), context.input_id(1))
    same_size = [k for k, tensor_id in enumerate(tensor_ids) if context.tensor(tensor_id).count == context.output.count]
    call = Call(kernel, parameters, tensor_ids, context.output_id, in_place=tuple(same_size))
    return Layer(context.operator, (call,))


def element_wise(context: Context, kernel: Kernel, parameters: Record) -> Layer:
    """The operator as a table, if one of its inputs is a constant number, else as a call of its kernel."""
    for position in (0, 1):
        number, other = context.input(position), context.input(1 - position)
        if number.data is not None and number.count == 1 and other.data is None and other.count == context.output.count:
            constant = number.data.reshape(-1).astype(np.int64)
            assert kernel.function is not None
            operands = (constant, int8_values()) if position == 0 else (int8_values(), constant)
            return table_layer(context, kernel.function(parameters, *operands), 1 - position)
    return binary(context, kernel, parameters)


@lowers("ADD", "SUB")
def add(context: Context) -> Layer:
    """Bring both inputs to twice the larger scale, with 20 more bits; add; bring the sum to the output's scale."""
    first, second = context.quantised(context.input(0)), context.quantised(context.input(1))
    output = context.quantised(context.output)
    if context.operator.kind == "ADD":
        twice = 2.0 * max(first.scale, second.scale)
        factors = (first.scale / twice, second.scale / twice, twice / ((1 << HEADROOM) * output.scale))
    else:
        # SUB takes its quotients in float32.
        single = np.float32(2) * max(np.float32(first.scale), np.float32(second.scale))
        factors = (
            float(np.float32(first.scale) / single),
            float(np.float32(second.scale) / single),
            float(single / (np.float32(1 << HEADROOM) * np.float32(output.scale))),
        )
    if not all(0 < factor < 1 for factor in factors):
        raise context.operator.error("its output scale is out of proportion to its input scales")
    (first_multiplier, first_shift), (second_multiplier, second_shift), (multiplier, shift) = map(
        quantise_multiplier, factors
    )
    low, high = context.activation_range(context.output)
    return element_wise(
        context,
        ADD,
        Add(
            broadcast=broadcast(context),
            first_offset=-first.zero_point,
            second_offset=-second.zero_point,
            zero_point=output.zero_point,
            first_shift=first_shift,
            second_shift=second_shift,
            shift=shift,
            low=low,
            high=high,
            subtract=int(context.operator.kind == "SUB"),
            first_multiplier=first_multiplier,
            second_multiplier=second_multiplier,
            multiplier=multiplier,
        ),
    )


@lowers("MUL")
def multiply(context: Context) -> Layer:
    """The product of the inputs on the output's scale."""
    first, second = context.quantised(context.input(0)), context.quantised(context.input(1))
    output = context.quantised(context.output)
    multiplier, shift = quantise_multiplier(first.scale * second.scale / output.scale)
    low, high = context.activation_range(context.output)

    return element_wise(
        context,
        MULTIPLY,
        Multiply(
            broadcast=broadcast(context),
            first_offset=-first.zero_point,
            second_offset=-second.zero_point,
            zero_point=output.zero_point,
            shift=shift,
            low=low,
            high=high,
            multiplier=multiplier,
        ),
    )


@lowers("MAXIMUM", "MINIMUM")
def extremum(context: Context) -> Layer:
    """The maximum or minimum of the inputs, compared as they stand: TFLM does not rescale them."""
    for tensor in (context.input(0), context.input(1), context.output):
        context.quantised(tensor)
    kernel = MAXIMUM if context.operator.kind == "MAXIMUM" else MINIMUM
    return element_wise(context, kernel, broadcast(context))


@lowers("PRELU")
def prelu(context: Context) -> Layer:
    """x, or slope * x where it is negative."""
    source, slope = context.quantised(context.input(0)), context.quantised(context.input(1))
    output = context.quantised(context.output)
    positive_multiplier, positive_shift = quantise_multiplier(source.scale / output.scale)
    negative_multiplier, negative_shift = quantise_multiplier(source.scale * slope.scale / output.scale)
    return element_wise(
        context,
        PRELU,
        Prelu(
            broadcast=broadcast(context),
            first_offset=-source.zero_point,
            second_offset=-slope.zero_point,
            zero_point=output.zero_point,
            positive_shift=positive_shift,
            negative_shift=negative_shift,
            positive_multiplier=positive_multiplier,
            negative_multiplier=negative_multiplier,
        ),
    )
