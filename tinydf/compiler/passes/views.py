"""Makes operators that only change a shape free.

Before: x [1, 1, 1, 64] -> RESHAPE -> y [1, 64].
After:  y is another name for x's bytes; the operator is gone.
"""

from dataclasses import replace

from tinydf.compiler.graph import Graph

VIEWS = frozenset({"RESHAPE", "SQUEEZE", "EXPAND_DIMS"})


def share_views(graph: Graph) -> Graph:
    """Let the output of each reshape share its input's storage."""
    storage = dict(graph.storage)
    removed = []
    for operator in graph.operators:
        if operator.kind not in VIEWS or not operator.inputs or len(operator.outputs) != 1:
            continue
        source, target = operator.inputs[0], operator.outputs[0]
        if source is None or graph.tensors[source].count != graph.tensors[target].count:
            raise operator.error("its output has another number of elements than its input")
        if graph.tensors[source].dtype != graph.tensors[target].dtype:
            raise operator.error("its output has another type than its input")
        data = graph.tensors[source].data
        if data is not None:
            constant = replace(graph.tensors[target], data=data.reshape(graph.tensors[target].shape))
            graph = graph.with_tensors({target: constant})
        else:
            storage[target] = source
        removed.append(operator)
    return replace(graph.without(removed), storage=storage)
