# SPDX-License-Identifier: Apache-2.0
"""Which layers run together row by row, so that what lies between them never exists whole.

Before: x -> 1x1 convolution -> a wide tensor -> depthwise -> another -> 1x1 convolution -> y, each in the arena at once
After:  one layer, which keeps a few rows of the wide tensors (schedule.py)

Layers that follow each other can be a cascade if only they read what is made within it. A division of the model into
cascades and single layers needs as many bytes as its neediest part. For each number of bytes there is a division with
the least extra work (an estimate), in which layers that do not matter for the arena stay as they are. Of these, the one
is taken whose saving is worth its work.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinydf.compiler.fusion.schedule import MAXIMUM_TENSORS, Schedule, cascade_of, schedule, stage_of
from tinydf.compiler.ir.arena import align
from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.cascade import Cascade, Stage, heights, row_bytes
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.kernel import Costs
from tinydf.compiler.ir.liveness import liveness
from tinydf.compiler.memory.placement import Placement, place

# How many stripes a cascade may make: their heights follow from that.
STRIPES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
# How much of all work may be added, and what that must save: each hundredth of work a tenth of the memory.
MAXIMUM_EXTRA = 0.025
PRICE = 10


@dataclass(frozen=True)
class Part:
    """Layers `first` to `last` as one cascade, or a layer as it is: the bytes that are alive then, the extra work."""

    first: int
    last: int
    bytes: int
    extra: float
    cascade: Cascade | None = None


def place_cascades(graph: Graph, layers: list[Layer], plain: Costs) -> tuple[list[Layer], Placement]:
    """Join layers into cascades if that makes the arena smaller, and place all tensors.

    Args:
        graph: the model.
        layers: its layers.
        plain: what kernels cost that do not say it themselves.
    """
    whole = place(graph, layers)
    joined = cascaded(graph, layers, plain)
    if len(joined) == len(layers):
        return layers, whole
    placement = place(graph, joined)
    return (joined, placement) if placement.arena_bytes < whole.arena_bytes else (layers, whole)


def cascaded(graph: Graph, layers: list[Layer], plain: Costs) -> list[Layer]:
    """The division of a model that needs least memory for little extra work."""
    live = _LiveBytes(graph, layers)
    single = [Part(k, k, live.of_layer(k), 0) for k in range(len(layers))]
    parts = [*single, *_cascades(graph, layers, live, [part.bytes for part in single], plain)]
    parts.sort(key=lambda part: part.last)
    work = sum(_work(graph, layer, plain) for layer in layers)
    divisions = [_division(parts, len(layers), most) for most in sorted({part.bytes for part in parts})]
    chosen = min((division for division in divisions if division is not None), key=lambda some: _price(some, work))
    return [_joined(layers[part.first : part.last + 1], part.cascade) for part in chosen]


def _price(division: Sequence[Part], work: float) -> float:
    """The bytes that a division needs, weighed with its extra work; what takes too long has no price."""
    extra = sum(part.extra for part in division) / work if division else 0
    return max(part.bytes for part in division) * (1 + PRICE * extra) if extra <= MAXIMUM_EXTRA else math.inf


def _joined(layers: Sequence[Layer], cascade: Cascade | None) -> Layer:
    if cascade is None:
        return layers[0]
    operators = tuple(operator for layer in layers for operator in layer.operators)
    return Layer(layers[0].operator, (cascade,), sum(layer.macs for layer in layers), operators)


def _division(parts: Sequence[Part], count: int, most: int) -> list[Part] | None:
    """The parts that make up all layers, need at most so many bytes each, and have the least extra work.

    Args:
        parts: what there is, by the last layer.
        count: of layers.
        most: bytes of a part.
    """
    best: list[tuple[float, Part | None]] = [(math.inf, None)] * (count + 1)
    best[0] = (0.0, None)
    for part in parts:
        extra = best[part.first][0] + part.extra
        if part.bytes <= most and extra < best[part.last + 1][0]:
            best[part.last + 1] = (extra, part)
    if best[count][0] == math.inf:
        return None
    chosen: list[Part] = []
    while count > 0:
        last = best[count][1]
        assert last is not None
        chosen.append(last)
        count = last.first
    return chosen[::-1]


class _LiveBytes:
    """Bytes that are alive while a layer, or a cascade, runs."""

    def __init__(self, graph: Graph, layers: Sequence[Layer]) -> None:
        self.graph, self.layers = graph, layers
        self.lives = liveness(graph, [layer.calls for layer in layers])

    def of_layer(self, number: int) -> int:
        """Bytes alive while a layer runs."""
        return max(self._of(number, number, call) for call in self.layers[number].calls)

    def of_cascade(self, first: int, last: int, cascade: Cascade) -> int:
        """Bytes alive while a cascade of the layers `first` to `last` runs."""
        return self._of(first, last, cascade)

    def encloses(self, first: int, last: int) -> bool:
        """Whether nothing but the last output of these layers is read beyond them."""
        output = self.graph.root(self.layers[last].calls[-1].output)
        made = (life for tensor, life in self.lives.items() if first <= life.first <= last and tensor != output)
        return self.lives[output].first == last and all(life.last <= last for life in made)

    def _of(self, first: int, last: int, call: Call) -> int:
        graph = self.graph
        output = graph.root(call.output)
        alive = {tensor for tensor, life in self.lives.items() if life.first < first <= life.last} | {output}
        need = sum(self._size(tensor) for tensor in alive) + align(call.scratch_bytes or 0)
        saved = 0
        for position, tensor_id in enumerate(call.inputs):
            source = None if tensor_id is None else graph.root(tensor_id)
            if (
                source is None
                or source not in alive
                or self.lives[source].last > last
                or self.lives[output].first < first
            ):
                continue
            size, result = self._size(source), self._size(output)
            if position in call.in_place and size == result:
                saved = max(saved, result)
            if position in call.overlaps:
                overlap = call.overlaps[position]
                for least, upper, lower in ((overlap.forward, size, result), (overlap.backward, result, size)):
                    if least is not None:
                        saved = max(saved, size + result - max(lower, min(lower, align(least)) + upper))
        return need - saved

    def _size(self, tensor: int) -> int:
        return align(self.graph.tensors[tensor].count)


def _cascades(
    graph: Graph, layers: Sequence[Layer], live: _LiveBytes, single: Sequence[int], plain: Costs
) -> list[Part]:
    """The cascades that may lower the peak: those of the neediest layer, and of all that need more than it then."""
    stages = [stage_of(graph, layer.calls[0]) if len(layer.calls) == 1 else None for layer in layers]
    neediest = max(range(len(layers)), key=lambda k: single[k])
    spans = list(_spans(graph, live, stages))
    parts: list[Part] = []
    for first, last, cascade in spans:
        if first <= neediest <= last:
            parts += _striped(graph, live, first, last, cascade, single[neediest], plain)
    least = min([single[neediest], *(part.bytes for part in parts)])
    for first, last, cascade in spans:
        most = max(single[first : last + 1])
        if not first <= neediest <= last and most > least:
            parts += _striped(graph, live, first, last, cascade, most, plain)
    return parts


def _spans(graph: Graph, live: _LiveBytes, stages: Sequence[Stage | None]) -> Iterator[tuple[int, int, list[Stage]]]:
    """All possible cascades: the first layer, the last, the stages."""
    for first in range(len(stages)):
        for last in range(first + 1, min(first + MAXIMUM_TENSORS, len(stages))):
            cascade = [stage for stage in stages[first : last + 1] if stage is not None]
            if len(cascade) <= last - first or not _agree(graph, cascade):
                break
            if live.encloses(first, last):
                yield first, last, cascade


def _striped(
    graph: Graph, live: _LiveBytes, first: int, last: int, stages: Sequence[Stage], most: int, plain: Costs
) -> list[Part]:
    """A cascade by stripes of several heights, as long as it needs fewer bytes than `most`."""
    parts = []
    rows = heights(graph, stages)
    height = rows[stages[-1].output]
    for stripe_rows in sorted({-(-height // count) for count in STRIPES} - {height}):
        steps = schedule(stages, rows, stripe_rows)
        if steps is None:
            break
        cascade = cascade_of(graph, stages, stripe_rows, steps)
        size = live.of_cascade(first, last, cascade)
        if size >= most:
            break
        parts.append(Part(first, last, size, _extra(graph, stages, steps, plain), cascade))
    return parts


def _agree(graph: Graph, stages: Sequence[Stage]) -> bool:
    """Whether there are few enough tensors, and all stages see the same rows in one that several use."""
    shapes: dict[int, tuple[int, ...]] = {}
    for stage in stages:
        for tensor_id in (*stage.call.tensors, stage.call.output):
            shape = graph.tensors[tensor_id].shape
            if (
                graph.tensors[graph.root(tensor_id)].data is None
                and shapes.setdefault(graph.root(tensor_id), shape) != shape
            ):
                return False
    return len(shapes) <= MAXIMUM_TENSORS


def _work(graph: Graph, layer: Layer, plain: Costs) -> float:
    costs = layer.calls[0].kernel.costs or plain
    return layer.macs * costs.mac + sum(graph.tensors[call.output].count * costs.output for call in layer.calls)


def _extra(graph: Graph, stages: Sequence[Stage], steps: Schedule, plain: Costs) -> float:
    """About how many instructions more a cascade takes than its layers one after the other."""
    extra = 0.0
    for number, stage in enumerate(stages):
        runs = [run for run in steps.runs if run.stage == number]
        costs = stage.call.kernel.costs or plain
        source, output = graph.tensors[stage.call.tensors[0]], graph.tensors[stage.call.output]
        moved = steps.moved.get(graph.root(stage.call.output), 0) * row_bytes(graph, stage.call.output)
        extra += len(runs) * costs.run + moved * costs.moved
        read = sum(max(stage.source.top(run.end - 1) + stage.source.reach - run.start, 0) for run in runs)
        again = max(read - source.shape[1], 0)
        extra += again * row_bytes(graph, stage.call.tensors[0]) * costs.unpacked
        extra += len(runs) * source.shape[3] * costs.channel
        idle = sum(-(run.end - run.first) * output.shape[2] % costs.pixels for run in runs)
        taps = stage.source.reach**2 * source.shape[3]
        extra += idle * output.shape[3] * (taps * costs.mac + costs.output)
    return extra
