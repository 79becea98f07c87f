# SPDX-License-Identifier: Apache-2.0
"""Removes operators whose results nothing reads.

Before: x -> A -> y (output), x -> B -> z (read by nobody).
After:  x -> A -> y.
"""

from tinydf.compiler.ir.graph import Graph


def remove_unused(graph: Graph) -> Graph:
    """Keep the operators that an output depends on."""
    needed = {graph.root(tensor_id) for tensor_id in graph.outputs}
    removed = []
    for operator in reversed(graph.operators):
        if needed.isdisjoint(graph.root(tensor_id) for tensor_id in operator.outputs):
            removed.append(operator)
        else:
            needed |= {graph.root(tensor_id) for tensor_id in operator.inputs if tensor_id is not None}
    return graph.without(removed)
