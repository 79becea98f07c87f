# SPDX-License-Identifier: Apache-2.0
"""Makes one table of all that is a function of one int8, however many operators say it.

Before: x -> LOGISTIC -> s; MUL(x, s) -> y (a swish; or a hard swish of ADD, RELU6 and two MUL, as Keras writes it)
After:  x -> lookup -> y

Tensors of one size are followed back through tables to where their ways meet; there begins the function.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tinydf.compiler.ir.calls import Layer
from tinydf.compiler.ir.fixed_point import Values
from tinydf.compiler.ir.graph import Graph, Operator
from tinydf.compiler.ir.liveness import reads
from tinydf.compiler.lowering.reference import LOOKUP
from tinydf.compiler.lowering.table import int8_values, lookup, values_of

Made = Mapping[int, Layer]


def join_tables(graph: Graph, layers: Sequence[Layer]) -> list[Layer]:
    """Make tables of element-wise layers of one tensor, and of tables whose input only they read."""
    made: dict[int, Layer] = {}
    joined: list[Layer] = []
    for layer in layers:
        joined.append(_as_table(graph, made, layer))
        made |= {graph.root(call.output): joined[-1] for call in joined[-1].calls}
    return _without_unread(graph, _follow(graph, _without_unread(graph, joined)))


def _is_table(layer: Layer) -> bool:
    return len(layer.calls) == 1 and layer.calls[0].kernel is LOOKUP


def _origins(graph: Graph, made: Made, root: int) -> Iterator[tuple[int, Values]]:
    """The tensors of which `root` is a function, and that function's values: first itself, then ever further back."""
    values = int8_values()
    yield root, values
    while root in made and _is_table(made[root]):
        call = made[root].calls[0]
        root, values = graph.root(call.tensors[0]), values[values_of(call) + 128]
        yield root, values


def _as_table(graph: Graph, made: Made, layer: Layer) -> Layer:
    """An element-wise layer of two functions of one tensor as a table of that tensor."""
    call = layer.calls[0]
    count = graph.tensors[call.output].count
    function = call.kernel.function
    if function is None or any(graph.tensors[tensor_id].count != count for tensor_id in call.tensors):
        return layer
    first, second = (_origins(graph, made, graph.root(tensor_id)) for tensor_id in call.tensors)
    others = dict(second)
    for root, values in first:
        if root in others and graph.tensors[root].data is None:
            table = function(call.parameters, values, others[root])
            return replace(layer, calls=(lookup(table, count, root, call.output),))
    return layer


def _follow(graph: Graph, layers: Sequence[Layer]) -> list[Layer]:
    """Tables of what only they read as one table; the first is left over, unread."""
    made: dict[int, Layer] = {}
    joined = []
    for layer in layers:
        joined.append(_follower(graph, made, layers, layer))
        made |= {graph.root(call.output): joined[-1] for call in joined[-1].calls}
    return joined


def _follower(graph: Graph, made: Made, layers: Sequence[Layer], layer: Layer) -> Layer:
    call = layer.calls[0]
    source = graph.root(call.tensors[0]) if call.tensors else -1
    if not _is_table(layer) or source not in made or not _is_table(made[source]) or reads(graph, layers, source) > 1:
        return layer
    before = made[source].calls[0]
    table = values_of(call)[values_of(before) + 128]
    return replace(layer, calls=(lookup(table, graph.tensors[call.output].count, before.tensors[0], call.output),))


def _without_unread(graph: Graph, layers: Sequence[Layer]) -> list[Layer]:
    """Leave out tables whose output nothing reads any more; who would have read it stands for their operators too."""
    read = {graph.root(tensor_id) for tensor_id in graph.outputs}
    unread = set()
    for number, layer in reversed(list(enumerate(layers))):
        if _is_table(layer) and graph.root(layer.calls[0].output) not in read:
            unread.add(number)
        else:
            read |= {graph.root(tensor_id) for call in layer.calls for tensor_id in call.tensors}
    kept = []
    taken: dict[int, list[Operator]] = {}
    for number, layer in enumerate(layers):
        operators = sorted([*taken.get(number, []), *layer.operators], key=lambda operator: operator.index)
        if number in unread:
            reader = _reader(graph, layers, number)
            taken.setdefault(reader, []).extend(operators)
        else:
            joined = tuple(operators) if len(operators) > 1 else ()
            kept.append(replace(layer, operator=operators[0], joined=joined))
    return kept


def _reader(graph: Graph, layers: Sequence[Layer], number: int) -> int:
    """The first layer that in the model reads what the given one makes."""
    made = graph.root(layers[number].calls[0].output)
    for later in range(number + 1, len(layers)):
        for operator in layers[later].operators:
            if any(tensor_id is not None and graph.root(tensor_id) == made for tensor_id in operator.inputs):
                return later
    raise AssertionError("a table that the model does not read is no part of it")
