# SPDX-License-Identifier: Apache-2.0
"""Makes operators that only change a shape free.

Before: x [1, 1, 1, 64] -> RESHAPE -> y [1, 64].
After:  y is another name for x's bytes; the operator is gone.
"""

from dataclasses import replace

from tinydf.compiler.ir.graph import Graph, Operator

VIEWS = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def share_views(graph: Graph) -> Graph:
    """Let the output of each reshape share its input's storage; one that makes no sense stays, and is refused later."""
    shared = [operator for operator in graph.operators if operator.kind in VIEWS and _is_view(graph, operator)]
    storage = {operator.outputs[0]: operator.inputs[0] for operator in shared if operator.inputs[0] is not None}
    return replace(graph.without(shared), storage={**graph.storage, **storage})


def _is_view(graph: Graph, operator: Operator) -> bool:
    if not operator.inputs or operator.inputs[0] is None or len(operator.outputs) != 1:
        return False
    source, target = graph.tensors[operator.inputs[0]], graph.tensors[operator.outputs[0]]
    return source.data is None and source.count == target.count and source.dtype == target.dtype
