# SPDX-License-Identifier: Apache-2.0
"""Lets a convolution add a residual as it writes its output, so that what it would add never exists whole.

Before: x -> convolution -> t; ADD(t, y) -> z
After:  one layer of x and y -> z, upon y if nothing reads y later
"""

from collections.abc import Callable, Collection, Sequence

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.liveness import reads

Join = Callable[[Graph, Call, Call, int], Call]
"""One call of a convolution and of the sum that reads it as the given one of its inputs."""


def fuse_sums(graph: Graph, layers: list[Layer], adder: Kernel, makers: Collection[Kernel], join: Join) -> list[Layer]:
    """Join each sum with the convolution that makes one of its inputs, if nothing else reads that.

    Args:
        graph: the model.
        layers: its layers.
        adder: the kernel of a sum.
        makers: the kernels of convolutions that can add as they write.
        join: makes one call of both.
    """
    fused = list(layers)
    for layer in layers:
        pair = _fusible(graph, fused, layer, adder, makers)
        if pair is None:
            continue
        maker, position = pair
        joined = join(graph, maker.calls[0], layer.calls[0], position)
        operators = (*maker.operators, *layer.operators)
        # It stands where the addition stood: only there is the other tensor sure to be known.
        fused = [one for one in fused if one is not maker]
        fused[fused.index(layer)] = Layer(maker.operator, (joined,), maker.macs, operators)
    return fused


def _fusible(
    graph: Graph, layers: Sequence[Layer], layer: Layer, adder: Kernel, makers: Collection[Kernel]
) -> tuple[Layer, int] | None:
    """The convolution that a sum may be joined to, and which of its inputs that makes."""
    if layer.calls[0].kernel is not adder or len(layer.calls) != 1:
        return None
    for position, tensor_id in enumerate(layer.calls[0].tensors):
        made, other = graph.root(tensor_id), graph.root(layer.calls[0].tensors[1 - position])
        for maker in layers:
            call = maker.calls[-1]
            plain = len(maker.calls) == 1 and call.kernel in makers and len(call.tensors) == 1
            if not plain or graph.root(call.output) != made:
                continue
            if reads(graph, layers, made) == 1 and other != made:
                return maker, position
    return None
