"""Functions of one int8 as tables of 256 bytes."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Call, Field, Layer
from tinydf.compiler.ir.fixed_point import Values
from tinydf.compiler.lowering.context import Context


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
    call = lookup(np.clip(table, -128, 127), context.output.count, context.input_id(position), context.output_id)
    return Layer(context.operator, (call,))


def lookup(table: Values, count: int, source: int, target: int) -> Call:
    """A call that looks each of `count` values of tensor `source` up in a table, given in the order -128 ... 127."""
    parameters: dict[str, Field] = {"count": count, "table": np.roll(table, 128).astype(np.int8)}
    return Call("lookup", parameters, (source,), target, in_place=(0,))


def values_of(call: Call) -> Values:
    """The table of a `lookup`, in the order -128 ... 127."""
    return np.roll(cast(NDArray[np.int8], call.parameters["table"]).astype(np.int64), -128)
