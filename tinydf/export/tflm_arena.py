# SPDX-License-Identifier: Apache-2.0
"""How large an arena TFLM needs on a 32-bit core, computed from the .tflite before anything runs.

The arena has two ends (tflite-micro, docs/memory_management.md). At its head are the tensors that live between two
operators and the kernels' scratch buffers, placed by the greedy planner, which is done here as it does it; CMSIS-NN's
scratch is by its own arm_*_get_buffer_size formulas (for compilers other than armclang). At its tail are the
interpreter's records, which depend on its version: those are bounded. `tinydf arena` finds the exact figure.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinydf.compiler.frontend.schema import NUMPY_DTYPES
from tinydf.compiler.ir.graph import Graph, Operator, Tensor

ALIGNMENT = 16
# Bounds of what tflite-micro keeps, in bytes on a 32-bit core.
INTERPRETER_BYTES = 768
TENSOR_BYTES = 12  # TfLiteEvalTensor
OPERATOR_BYTES = 176  # NodeAndRegistration, the options, the kernel's own data
CHANNEL_BYTES = 8  # multiplier and shift
SCRATCH_BYTES = 4  # ScratchBufferHandle
PLANNER_BYTES = 68  # AllocationInfo and the planner's records, for each buffer, only while it plans
CHANNELS_AT_ONCE = 124  # CMSIS-NN's CH_IN_BLOCK_MVE
SAME = 0

Scratch = Literal["reference", "dsp", "mve"]
SCRATCHES: tuple[Scratch, ...] = ("reference", "dsp", "mve")


@dataclass(frozen=True)
class Buffer:
    """Bytes that must be there from operator `first` to operator `last`."""

    size: int
    first: int
    last: int


def largest_arena(graph: Graph) -> int:
    """Bytes that are enough with any kernels."""
    return max(arena_bytes(graph, scratch) for scratch in SCRATCHES)


def arena_bytes(graph: Graph, scratch: Scratch) -> int:
    """Bytes of arena that TFLM needs, the records at its tail bounded.

    Args:
        graph: the model as its .tflite has it, no pass done.
        scratch: whose scratch buffers.
    """
    buffers = _tensors(graph)
    for time, operator in enumerate(graph.operators, start=1):
        buffers += [Buffer(_aligned(size), time, time) for size in _scratch(graph, operator, scratch) if size > 0]
    head = max(plan(buffers), PLANNER_BYTES * (len(graph.tensors) + len(buffers)))
    return _aligned(head) + _aligned(_records(graph, scratch, len(buffers)))


def plan(buffers: list[Buffer]) -> int:
    """Bytes that TFLM's greedy planner takes: the largest buffers first, each in the first gap that holds it."""
    placed: list[tuple[int, Buffer]] = []
    for _, buffer in sorted(enumerate(buffers), key=lambda item: (-item[1].size, -item[0])):
        offset = 0
        for start, other in placed:
            if other.first <= buffer.last and buffer.first <= other.last:
                if start - offset >= buffer.size:
                    break
                offset = max(offset, start + other.size)
        place = next((at for at, (start, _) in enumerate(placed) if start > offset), len(placed))
        placed.insert(place, (offset, buffer))
    return max((start + buffer.size for start, buffer in placed), default=0)


def _tensors(graph: Graph) -> list[Buffer]:
    """The computed tensors, in the model's order."""
    first = dict.fromkeys(graph.inputs, 0)
    last = dict.fromkeys(graph.inputs, 0)
    for time, operator in enumerate(graph.operators, start=1):
        for tensor in operator.outputs:
            first.setdefault(tensor, time)
        last |= {tensor: time for tensor in (*operator.inputs, *operator.outputs) if tensor is not None}
    last |= dict.fromkeys(graph.outputs, len(graph.operators))
    return [
        Buffer(_aligned(_bytes(tensor)), first[place], last[place])
        for place, tensor in enumerate(graph.tensors)
        if tensor.data is None and place in first
    ]


def _bytes(tensor: Tensor) -> int:
    return tensor.count * np.dtype(NUMPY_DTYPES.get(tensor.dtype, "int64")).itemsize


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _records(graph: Graph, scratch: Scratch, buffers: int) -> int:
    total = INTERPRETER_BYTES + TENSOR_BYTES * len(graph.tensors) + SCRATCH_BYTES * buffers
    for operator in graph.operators:
        total += OPERATOR_BYTES
        if operator.kind in {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}:
            total += CHANNEL_BYTES * graph.tensors[operator.outputs[0]].shape[-1] + 2 * ALIGNMENT
        elif operator.kind == "FULLY_CONNECTED":
            channels = graph.tensors[operator.outputs[0]].shape[-1]
            weights = _weights(graph, operator)
            per_channel = weights.quantisation is not None and weights.quantisation.per_channel
            total += CHANNEL_BYTES * channels + 2 * ALIGNMENT if per_channel else 0
            total += 4 * channels + ALIGNMENT if scratch == "mve" else 0  # sums of the weights, kept
    return total


def _weights(graph: Graph, operator: Operator) -> Tensor:
    place = operator.inputs[0 if operator.kind == "TRANSPOSE_CONV" else 1]
    return graph.tensors[place if place is not None else 0]


def _scratch(graph: Graph, operator: Operator, scratch: Scratch) -> list[int]:
    """Scratch buffers of an operator in bytes, in the order in which it asks for them."""
    given = graph.tensors[operator.inputs[0] or 0]
    made = graph.tensors[operator.outputs[0]]
    if operator.kind in {"MEAN", "SUM"}:
        axes = graph.tensors[operator.inputs[1] or 0].count
        return [4 * made.count, 4 * len(given.shape), 4 * axes]
    if operator.kind in {"REDUCE_MAX", "REDUCE_MIN"}:
        return [4 * len(given.shape), 4 * graph.tensors[operator.inputs[1] or 0].count]
    if scratch == "reference" or given.dtype != "int8":
        return [4 * made.count] if operator.kind == "TRANSPOSE_CONV" else []
    if operator.kind == "CONV_2D":
        return [_convolution(graph, operator, scratch)]
    if operator.kind == "DEPTHWISE_CONV_2D":
        return [_depthwise(graph, operator, scratch)]
    if operator.kind == "AVERAGE_POOL_2D":
        return [4 * given.shape[-1]] if scratch == "dsp" else []
    if operator.kind == "FULLY_CONNECTED" and len(made.shape) > 2:
        return [CHANNEL_BYTES * made.shape[-1]]
    if operator.kind == "TRANSPOSE_CONV":
        _, height, width, _ = _weights(graph, operator).shape
        return [4 * made.count, 4 * height * width * given.shape[-1] * made.shape[-1]]
    return []


def _padded(operator: Operator, given: Tensor, made: Tensor, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of padding before the first, as TFLM counts them."""
    if operator.options["padding"] != SAME:
        return 0, 0
    sizes = zip((1, 2), (height, width), ("h", "w"), strict=True)
    rows, columns = (
        max(
            0,
            (made.shape[axis] - 1) * int(operator.options[f"stride_{name}"])
            + (size - 1) * int(operator.options[f"dilation_{name}"])
            + 1
            - given.shape[axis],
        )
        // 2
        for axis, size, name in sizes
    )
    return rows, columns


def _im2col(columns: int, scratch: Scratch) -> int:
    return 64 * -(-columns // 16) if scratch == "mve" else 4 * (-(-columns // 4) * 4)


def _convolution(graph: Graph, operator: Operator, scratch: Scratch) -> int:
    """arm_convolve_wrapper_s8_get_buffer_size."""
    given, made = graph.tensors[operator.inputs[0] or 0], graph.tensors[operator.outputs[0]]
    _, height, width, channels = _weights(graph, operator).shape
    options = operator.options
    rows, columns = _padded(operator, given, made, height, width)
    plain = options["dilation_w"] == options["dilation_h"] == 1 and channels == given.shape[3]
    if plain and (height, width, rows, columns) == (1, 1, 0, 0):
        return 0
    whole = _im2col(width * height * given.shape[3], scratch)
    one_row = plain and given.shape[1] == 1 and height == 1
    if scratch == "mve" and one_row and int(options["stride_w"]) * channels % 4 == 0:
        return max(whole, 2 * (width + columns) * channels)
    return whole


def _depthwise(graph: Graph, operator: Operator, scratch: Scratch) -> int:
    """arm_depthwise_conv_wrapper_s8_get_buffer_size."""
    given, made = graph.tensors[operator.inputs[0] or 0], graph.tensors[operator.outputs[0]]
    _, height, width, channels = _weights(graph, operator).shape
    if scratch == "mve" and given.shape[3] == 1 and made.shape[3] > 1:
        return _im2col(width * height, scratch) + channels * height * width
    undilated = operator.options["dilation_w"] == operator.options["dilation_h"] == 1
    if given.shape[3] != made.shape[3] or given.shape[0] != 1 or not undilated:
        return 0
    if scratch == "mve":
        return 4 * CHANNELS_AT_ONCE * width * height
    small = (height, width) == (3, 3) and max(_padded(operator, given, made, height, width)) <= 1
    return 0 if small else 2 * given.shape[3] * width * height
