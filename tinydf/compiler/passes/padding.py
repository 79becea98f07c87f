# SPDX-License-Identifier: Apache-2.0
"""Lets convolutions pad for themselves, so that the padded image never exists.

Before: x [1, 8, 8, 4] -> PAD -> p [1, 10, 10, 4] -> CONV_2D (VALID) -> y [1, 8, 8, 6]
After:  x -> CONV_2D with a padding of one pixel on each side -> y
"""

from dataclasses import replace

import numpy as np

from tinydf.compiler.frontend.schema import PADDING_SAME
from tinydf.compiler.ir.graph import Graph, Operator

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
MAXIMUM_PADDING = 127


def fold_padding(graph: Graph) -> Graph:
    """Fold each PAD that only convolutions without padding of their own read."""
    for operator in graph.operators:
        sides = _sides(graph, operator)
        if sides is None:
            continue
        source, target = operator.inputs[0], operator.outputs[0]
        readers = {reader.index for reader in graph.consumers(target)}
        changed = tuple(
            replace(reader, inputs=(source, *reader.inputs[1:]), options={**reader.options, **sides})
            if reader.index in readers
            else reader
            for reader in graph.operators
        )
        graph = replace(graph, operators=changed).without([operator])
    return graph


def _sides(graph: Graph, operator: Operator) -> dict[str, int] | None:
    """The padding as options of a convolution, if `operator` is a PAD that may be folded."""
    if operator.kind not in ("PAD", "PADV2") or len(operator.outputs) != 1:
        return None
    if len(operator.inputs) < 2 or None in operator.inputs:
        return None  # refused where it is lowered
    source, target = (graph.tensors[tensor_id] for tensor_id in (operator.inputs[0] or 0, operator.outputs[0]))
    pairs = graph.tensors[operator.inputs[1] or 0].data
    if source.quantisation is None or source.quantisation != target.quantisation or source.dtype != "int8":
        return None
    if pairs is None or pairs.shape != (4, 2) or not _pads_with_zero(graph, operator):
        return None
    sizes = np.asarray(pairs, dtype=np.int64)
    outside = sizes[[0, 3]].any() or sizes.min() < 0 or sizes.max() > MAXIMUM_PADDING
    padded = tuple(size + int(pair.sum()) for size, pair in zip(source.shape, sizes, strict=False))
    readers = graph.consumers(operator.outputs[0])
    foldable = all(_can_pad(reader, operator.outputs[0]) for reader in readers)
    if outside or padded != target.shape or not readers or not foldable or operator.outputs[0] in graph.outputs:
        return None
    (top, bottom), (left, right) = sizes[1].tolist(), sizes[2].tolist()
    return {"pad_top": top, "pad_bottom": bottom, "pad_left": left, "pad_right": right}


def _pads_with_zero(graph: Graph, operator: Operator) -> bool:
    """Whether the padding's value is the zero point."""
    if operator.kind == "PAD" or len(operator.inputs) < 3:
        return True
    value, quantisation = graph.tensors[operator.inputs[2] or 0].data, graph.tensors[operator.outputs[0]].quantisation
    return value is not None and quantisation is not None and value.reshape(-1).tolist() == [quantisation.zero_point]


def _can_pad(reader: Operator, image: int) -> bool:
    """Whether `reader` is a convolution of `image` alone, without padding of its own."""
    return (
        reader.kind in CONVOLUTIONS
        and reader.inputs[0] == image
        and image not in reader.inputs[1:]
        and reader.options.get("padding") != PADDING_SAME
        and "pad_top" not in reader.options
    )
