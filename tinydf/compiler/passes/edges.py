# SPDX-License-Identifier: Apache-2.0
"""Takes QUANTIZE and DEQUANTIZE off the model's edges.

Before: float input -> QUANTIZE -> int8 ... int8 -> DEQUANTIZE -> float output (or uint8, with QUANTIZE both times).
After:  int8 input ... int8 output. What the edge operators did is what the manifest's preprocessing does on the host.
"""

from dataclasses import replace

from tinydf.compiler.ir.graph import Graph

OTHER_TYPES = ("float32", "uint8")


def strip_edges(graph: Graph) -> Graph:
    """Make the int8 tensors behind float and uint8 edges the model's edges."""
    for position, tensor_id in enumerate(graph.inputs):
        readers = graph.consumers(tensor_id)
        is_edge = len(readers) == 1 and readers[0].kind == "QUANTIZE" and len(readers[0].outputs) == 1
        if graph.tensors[tensor_id].dtype in OTHER_TYPES and is_edge:
            inputs = (*graph.inputs[:position], readers[0].outputs[0], *graph.inputs[position + 1 :])
            graph = replace(graph.without(readers), inputs=inputs)
    for position, tensor_id in enumerate(graph.outputs):
        writers = [o for o in graph.operators if tensor_id in o.outputs]
        is_edge = bool(writers) and writers[0].kind in ("DEQUANTIZE", "QUANTIZE") and len(writers[0].inputs) == 1
        if graph.tensors[tensor_id].dtype in OTHER_TYPES and is_edge:
            source = writers[0].inputs[0]
            if source is not None and not graph.consumers(tensor_id):
                outputs = (*graph.outputs[:position], source, *graph.outputs[position + 1 :])
                graph = replace(graph.without(writers), outputs=outputs)
    return graph
