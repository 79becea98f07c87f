"""Removes operators whose results nothing reads.

Before: x -> A -> y (output), x -> B -> z (read by nobody).
After:  x -> A -> y.
"""

from tinydf.compiler.graph import Graph


def remove_unused(graph: Graph) -> Graph:
    """Keep the operators that an output depends on."""
    needed = {graph.root(place) for place in graph.outputs}
    removed = []
    for operator in reversed(graph.operators):
        if needed.isdisjoint(graph.root(place) for place in operator.outputs):
            removed.append(operator)
        else:
            needed |= {graph.root(place) for place in operator.inputs if place is not None}
    return graph.without(removed)
