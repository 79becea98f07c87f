"""Computes at compile time what does not depend on the input: mostly the shapes that converters compute.

Before: x [1, 7, 7, 8] -> SHAPE -> STRIDED_SLICE -> PACK(., 392) -> RESHAPE(x, .) -> y
After:  RESHAPE(x, the constant [1, 392]) -> y
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.graph import Graph, Operator
from tinydf.compiler.slicing import strided_slices

Array = NDArray[np.generic]
MAXIMUM_ELEMENTS = 1 << 20
INTEGERS = ("int32", "int64")


def fold_constants(graph: Graph) -> Graph:
    """Replace operators whose results are known by their results."""
    removed = []
    for operator in graph.operators:
        if len(operator.outputs) != 1 or operator.kind not in _FOLDS:
            continue
        value = _value(graph, operator)
        target = graph.tensors[operator.outputs[0]]
        if value is None or value.shape != target.shape:
            continue
        graph = graph.with_tensors({operator.outputs[0]: replace(target, data=np.ascontiguousarray(value))})
        removed.append(operator)
    return graph.without(removed)


def _value(graph: Graph, operator: Operator) -> Array | None:
    """The operator's result, or None if it depends on the model's input or makes no sense."""
    target = graph.tensors[operator.outputs[0]]
    if target.count > MAXIMUM_ELEMENTS:
        return None
    places = [place for place in operator.inputs if place is not None]
    if operator.kind == "SHAPE" and target.dtype in INTEGERS and places:
        return np.array(graph.tensors[places[0]].shape, dtype=target.dtype)
    tensors = [graph.tensors[place] for place in places]
    inputs = [tensor.data for tensor in tensors]
    if not inputs or any(data is None for data in inputs):
        return None
    if operator.kind in _ARITHMETIC and target.dtype not in INTEGERS:
        return None
    try:
        result = _FOLDS[operator.kind](operator, [data for data in inputs if data is not None])
    except (ValueError, IndexError, TypeError, np.exceptions.AxisError):
        return None  # whoever lowers the operator says what is wrong
    return result.astype(target.dtype) if target.dtype in INTEGERS else result


def _integers(data: Array) -> list[int]:
    return [int(value) for value in data.reshape(-1)]


def _axis(operator: Operator, inputs: list[Array]) -> int:
    return int(operator.options["axis"])


_ARITHMETIC = ("ADD", "SUB", "MUL", "REDUCE_PROD")
_FOLDS: dict[str, Callable[[Operator, list[Array]], Array]] = {
    "SHAPE": lambda o, i: i[0],
    "STRIDED_SLICE": lambda o, i: i[0][strided_slices(o, i[0].shape, *map(_integers, i[1:4]))],
    "PACK": lambda o, i: np.stack(i, axis=_axis(o, i)),
    "CONCATENATION": lambda o, i: np.concatenate(i, axis=_axis(o, i)),
    "GATHER": lambda o, i: np.take(i[0], i[1].astype(np.int64), axis=_axis(o, i)),
    "TRANSPOSE": lambda o, i: np.transpose(i[0], _integers(i[1])),
    "CAST": lambda o, i: i[0],
    "ADD": lambda o, i: np.add(i[0].astype(np.int64), i[1].astype(np.int64)),
    "SUB": lambda o, i: np.subtract(i[0].astype(np.int64), i[1].astype(np.int64)),
    "MUL": lambda o, i: np.multiply(i[0].astype(np.int64), i[1].astype(np.int64)),
    "REDUCE_PROD": lambda o, i: np.prod(
        i[0].astype(np.int64), axis=tuple(_integers(i[1])), keepdims=bool(o.options["keep_dims"])
    ),
}
