# SPDX-License-Identifier: Apache-2.0
"""Functions of one int8 as tables of 256 bytes."""

import numpy as np

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.fixed_point import Values
from tinydf.compiler.lowering.context import Context
from tinydf.compiler.lowering.reference import LOOKUP, Lookup


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
    parameters = Lookup(count, np.roll(table, 128).astype(np.int8))
    return Call(LOOKUP, parameters, (source,), target, in_place=(0,))


def values_of(call: Call) -> Values:
    """The table of a `lookup`, in the order -128 ... 127."""
    assert isinstance(call.parameters, Lookup)
    return np.roll(call.parameters.table.astype(np.int64), -128)
