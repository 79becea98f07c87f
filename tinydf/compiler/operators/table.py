"""Functions of one int8 as tables of 256 bytes."""

from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.graph import Graph
from tinydf.compiler.lowering import Call, Context, Layer

Values = NDArray[np.int64]


def int8_values() -> Values:
    """All inputs, -128 ... 127."""
    return np.arange(-128, 128, dtype=np.int64)


def table_layer(context: Context, table: Values, position: int = 0) -> Layer:
    """A layer that looks its input up in a table of 256 values, given in the order -128 ... 127.

    Args:
        context: of the operator.
        table: the values; those out of int8's range are held to it.
        position: of the operator's input that is looked up.
    """
    if context.input(position).count != context.output.count:
        raise context.operator.error("input and output differ in size")
    call = Call(
        "lookup",
        {"count": context.output.count, "table": np.roll(np.clip(table, -128, 127), 128).astype(np.int8)},
        (context.input_place(position),),
        context.output_place,
        in_place=(0,),
    )
    return Layer(context.operator, (call,))


def join_tables(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """Make one table of two, where only the second reads what the first makes.

    Before: x -> lookup -> t -> lookup -> y
    After:  x -> lookup -> y
    """
    joined: list[Layer] = []
    for layer in layers:
        before = joined[-1] if joined else None
        if before is not None and _follows(graph, before, layer):
            joined[-1] = _join(before, layer)
        else:
            joined.append(layer)
    return joined


def _is_table(layer: Layer) -> bool:
    return len(layer.calls) == 1 and layer.calls[0].kernel == "lookup"


def _follows(graph: Graph, first: Layer, second: Layer) -> bool:
    """Whether `second` looks up what `first` made, and nobody else wants it."""
    if not _is_table(first) or not _is_table(second):
        return False
    between = first.calls[0].output
    shared = between in graph.outputs or between in graph.storage.values()
    return second.calls[0].inputs == (between,) and len(graph.consumers(between)) == 1 and not shared


def _join(first: Layer, second: Layer) -> Layer:
    inner, outer = (cast(NDArray[np.int8], layer.calls[0].parameters["table"]) for layer in (first, second))
    call = replace(
        second.calls[0],
        parameters={**second.calls[0].parameters, "table": outer[inner.view(np.uint8)]},
        inputs=first.calls[0].inputs,
    )
    return Layer(first.operator, (call,), joined=(*first.operators, *second.operators))
