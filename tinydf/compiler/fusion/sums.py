"""Lets a convolution add a residual as it writes its output, so that what it would add never exists whole.

Before: x -> pointwise_dsp -> t; add_linear(t, y) -> z
After:  pointwise_dsp(x, y) -> z, upon y if nothing reads y later
"""

from dataclasses import replace

from tinydf.compiler.ir.calls import Call, Layer, Struct
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.liveness import reads
from tinydf.compiler.ir.parameters import integer, struct

PIXELS = 3  # that a convolution works on at once, as DOT_PIXELS in dot_dsp.h


def fuse_sums(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """Let a convolution whose output is only added to another tensor do the addition, so that it never exists whole.

    Before: x -> pointwise_dsp -> t; add_linear(t, y) -> z
    After:  pointwise_dsp(x, y) -> z, upon y if nothing reads y later
    """
    fused = list(layers)
    for adder in layers:
        pair = _fusible(graph, fused, adder)
        if pair is None:
            continue
        maker, position = pair
        call, add = maker.calls[0], adder.calls[0]
        parameters = {**call.parameters, "sum": _fused_add(add, position)}
        joined = replace(
            call,
            parameters=parameters,
            inputs=(call.inputs[0], add.inputs[1 - position]),
            output=add.output,
            scratch_bytes=(call.scratch_bytes or 0) + PIXELS * integer(struct(parameters, "dot"), "output_channels"),
            in_place=() if graph.root(add.tensors[1 - position]) == graph.root(call.tensors[0]) else (1,),
        )
        operators = (*maker.operators, *adder.operators)
        # It stands where the addition stood: only there is the other tensor sure to be known.
        fused = [layer for layer in fused if layer is not maker]
        fused[fused.index(adder)] = Layer(maker.operator, (joined,), maker.macs, operators)
    return fused


def _fused_add(add: Call, position: int) -> Struct:
    return Struct("fused_add", {"run": "add_linear_run", "add": add.parameters, "swap": position})


def _fusible(graph: Graph, layers: list[Layer], adder: Layer) -> tuple[Layer, int] | None:
    """The convolution that `adder` may be joined to, and which of its inputs that makes."""
    if adder.calls[0].kernel != "add_linear" or len(adder.calls) != 1:
        return None
    for position, tensor_id in enumerate(adder.calls[0].tensors):
        other = adder.calls[0].tensors[1 - position]
        for maker in layers:
            call = maker.calls[-1]
            plain = len(maker.calls) == 1 and call.kernel in ("pointwise_dsp", "conv_2d_dsp")
            if not plain or graph.root(call.output) != graph.root(tensor_id) or call.parameters["sum"] is not None:
                continue
            alone = reads(graph, layers, graph.root(tensor_id)) == 1
            if alone and graph.root(other) != graph.root(tensor_id):
                return maker, position
    return None
