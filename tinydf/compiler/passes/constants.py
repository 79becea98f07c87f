# SPDX-License-Identifier: Apache-2.0
"""Computes at compile time what does not depend on the input: mostly the shapes that converters compute.

Before: x [1, 7, 7, 8] -> SHAPE -> STRIDED_SLICE -> PACK(., 392) -> RESHAPE(x, .) -> y
After:  RESHAPE(x, the constant [1, 392]) -> y
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.frontend.schema import NUMPY_DTYPES
from tinydf.compiler.ir.graph import Graph, Operator
from tinydf.compiler.ir.slicing import strided_slices

Array = NDArray[np.generic]
Fold = Callable[[Operator, list[Array], tuple[int, ...]], Array]
MAXIMUM_ELEMENTS = 1 << 24
INTEGERS = ("int32", "int64")


def fold_constants(graph: Graph) -> Graph:
    """Replace operators whose results are known by their results."""
    removed = []
    for operator in graph.operators:
        if len(operator.outputs) != 1 or operator.kind not in _FOLDS:
            continue
        value = _value(graph, operator)
        target = graph.tensors[operator.outputs[0]]
        if value is None or value.shape != target.shape or value.dtype != NUMPY_DTYPES.get(target.dtype):
            continue
        graph = graph.with_tensors({operator.outputs[0]: replace(target, data=np.ascontiguousarray(value))})
        removed.append(operator)
    return graph.without(removed)


def _value(graph: Graph, operator: Operator) -> Array | None:
    """The operator's result, or None if it depends on the model's input or makes no sense."""
    target = graph.tensors[operator.outputs[0]]
    if target.count > MAXIMUM_ELEMENTS or target.dtype not in NUMPY_DTYPES:
        return None
    tensor_ids = [tensor_id for tensor_id in operator.inputs if tensor_id is not None]
    if operator.kind == "SHAPE" and target.dtype in INTEGERS and tensor_ids:
        return np.array(graph.tensors[tensor_ids[0]].shape, dtype=target.dtype)
    inputs = [data for tensor_id in tensor_ids if (data := graph.tensors[tensor_id].data) is not None]
    if not inputs or len(inputs) != len(tensor_ids):
        return None
    if operator.kind in _ARITHMETIC and target.dtype not in INTEGERS:
        return None
    try:
        with np.errstate(all="ignore"):
            result = _FOLDS[operator.kind](operator, inputs, target.shape)
            return result.astype(target.dtype) if target.dtype in INTEGERS else result
    except (ValueError, IndexError, TypeError, KeyError, np.exceptions.AxisError):
        return None  # the lowering of the operator says what is wrong


def _integers(data: Array) -> list[int]:
    return [int(value) for value in data.reshape(-1)]


def _expect(right: bool) -> None:
    """Stop before work or memory that the file's declared shape does not call for."""
    if not right:
        raise ValueError


def _shape(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    raise ValueError  # a shape without a tensor


def _reshape(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    return inputs[0].reshape(shape)


def _cast(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    return inputs[0]


def _fill(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    _expect(tuple(_integers(inputs[0])) == shape and inputs[1].size == 1)
    return np.full(shape, inputs[1].reshape(()))


def _join(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    _expect(sum(data.size for data in inputs) == math.prod(shape))
    join = np.stack if operator.kind == "PACK" else np.concatenate
    return join(inputs, axis=int(operator.options["axis"]))


def _gather(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    axis = int(operator.options["axis"]) % inputs[0].ndim
    _expect(inputs[0].shape[:axis] + inputs[1].shape + inputs[0].shape[axis + 1 :] == shape)
    return np.take(inputs[0], inputs[1].astype(np.int64), axis=axis)


def _transpose(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    return np.transpose(inputs[0], _integers(inputs[1]))


def _slice(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    begin = _integers(inputs[1])
    _expect(all(first >= 0 for first in begin))
    return inputs[0][tuple(slice(first, first + size) for first, size in zip(begin, shape, strict=True))]


def _strided_slice(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    return inputs[0][strided_slices(operator, inputs[0].shape, *map(_integers, inputs[1:4]))]


def _product(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
    axes = tuple(_integers(inputs[1]))
    return np.asarray(np.prod(inputs[0].astype(np.int64), axis=axes, keepdims=bool(operator.options["keep_dims"])))


def _arithmetic(function: Callable[[Array, Array], Array]) -> Fold:
    def fold(operator: Operator, inputs: list[Array], shape: tuple[int, ...]) -> Array:
        first, second = (data.astype(np.int64) for data in inputs)
        _expect(np.broadcast_shapes(first.shape, second.shape) == shape)
        _expect("FLOOR" not in operator.kind or bool((second != 0).all()))
        return function(first, second)

    return fold


_ARITHMETIC: dict[str, Fold] = {
    "ADD": _arithmetic(np.add),
    "SUB": _arithmetic(np.subtract),
    "MUL": _arithmetic(np.multiply),
    "FLOOR_DIV": _arithmetic(np.floor_divide),
    "FLOOR_MOD": _arithmetic(np.remainder),
    "MAXIMUM": _arithmetic(np.maximum),
    "MINIMUM": _arithmetic(np.minimum),
    "REDUCE_PROD": _product,
}
_FOLDS: dict[str, Fold] = {
    "SHAPE": _shape,
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "CAST": _cast,
    "FILL": _fill,
    "PACK": _join,
    "CONCATENATION": _join,
    "GATHER": _gather,
    "TRANSPOSE": _transpose,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    **_ARITHMETIC,
}
