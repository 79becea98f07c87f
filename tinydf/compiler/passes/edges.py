"""Takes QUANTIZE and DEQUANTIZE off the model's edges.

Before: float input -> QUANTIZE -> int8 ... int8 -> DEQUANTIZE -> float output.
After:  int8 input ... int8 output. What the edge operators did is what the manifest's preprocessing does on the host.
"""

from dataclasses import replace

from tinydf.compiler.graph import Graph


def strip_float_edges(graph: Graph) -> Graph:
    """Make the int8 tensors behind float edges the model's edges."""
    for position, place in enumerate(graph.inputs):
        readers = graph.consumers(place)
        if graph.tensors[place].dtype == "float32" and len(readers) == 1 and readers[0].kind == "QUANTIZE":
            inputs = (*graph.inputs[:position], readers[0].outputs[0], *graph.inputs[position + 1 :])
            graph = replace(graph.without(readers), inputs=inputs)
    for position, place in enumerate(graph.outputs):
        writers = [o for o in graph.operators if place in o.outputs]
        if graph.tensors[place].dtype == "float32" and writers and writers[0].kind == "DEQUANTIZE":
            source = writers[0].inputs[0]
            if source is not None and not graph.consumers(place):
                outputs = (*graph.outputs[:position], source, *graph.outputs[position + 1 :])
                graph = replace(graph.without(writers), outputs=outputs)
    return graph
