"""Refuses a model with operators that the compiler does not know, naming all of them at once.

Before: any operators.
After:  the same; each has a lowering.
"""

from tinydf.compiler.graph import Graph
from tinydf.compiler.lowering import LOWERINGS
from tinydf.errors import TinydfError


def refuse_unsupported(graph: Graph) -> Graph:
    """Give the graph as it is.

    Raises:
        TinydfError: naming every unsupported operator by its index in the .tflite and its name.
    """
    unsupported = [operator for operator in graph.operators if operator.kind not in LOWERINGS]
    if unsupported:
        names = ", ".join(f"{operator.index} {operator.kind}" for operator in unsupported)
        raise TinydfError(
            f"unsupported operators (index and name): {names}", "replace them in the model, or build with --engine tflm"
        )
    return graph
