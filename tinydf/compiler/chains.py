"""Which layers run together row by row, so that what lies between them never exists whole.

Before: x -> 1x1 convolution -> a wide tensor -> depthwise -> another -> 1x1 convolution -> y, each in the arena at once
After:  one layer, which keeps a few rows of the wide tensors (rows.py)

Layers that follow each other can be a chain if only they read what is made within it. A division of the model into
chains and single layers needs as many bytes as its neediest part. For each number of bytes there is a division with the
least extra work (an estimate), in which layers that do not matter for the arena stay as they are. Of these, the one is
taken whose saving is worth its work.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinydf.compiler.graph import Graph
from tinydf.compiler.lowering import Call, Layer
from tinydf.compiler.memory import align
from tinydf.compiler.plan import Placement, place
from tinydf.compiler.rows import MAXIMUM_TENSORS, Chain, Link, Rounds, chain_of, heights, link_of, rounds, row_bytes

# How often a chain may go round: what its bands' heights follow from.
ROUNDS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
# How much of all work may be added, and what that must save: each hundredth of work a tenth of the memory.
MAXIMUM_EXTRA = 0.025
PRICE = 10


@dataclass(frozen=True)
class Costs:
    """About how many instructions a family of kernels takes; only their proportions matter.

    Args:
        mac, output: of a multiply-accumulate, and besides of an output byte.
        run: of a call for one more band.
        moved: of a byte of output that moves to the start of its buffer.
        unpacked, channel: of a depthwise kernel that reads a byte of its input again; that starts a channel again.
        pixels: worked on at once, whether or not there are so many left.
    """

    mac: float
    output: float
    run: float
    moved: float
    unpacked: float
    channel: float
    pixels: int


# By the end of a kernel's name, fitted to profiles of chains with bands of several heights.
_COSTS = {
    "dsp": Costs(1.0, 12, 150, 1.0, 3.0, 25, 3),
    "mve": Costs(0.2, 3, 250, 0.3, 0.3, 2, 2),
    "rv32": Costs(2.4, 16, 200, 1.0, 3.5, 390, 4),
}
_PLAIN = Costs(6.0, 30, 150, 1.0, 0, 0, 1)


@dataclass(frozen=True)
class Part:
    """Layers `first` to `last` as one chain, or a layer as it is: the bytes that are alive then, the extra work."""

    first: int
    last: int
    bytes: int
    extra: float
    chain: Chain | None = None


def place_chained(graph: Graph, layers: list[Layer]) -> tuple[list[Layer], Placement]:
    """Join layers into chains if that makes the arena smaller, and place all tensors."""
    plain = place(graph, layers)
    joined = chained(graph, layers)
    if len(joined) == len(layers):
        return layers, plain
    placement = place(graph, joined)
    return (joined, placement) if placement.arena_bytes < plain.arena_bytes else (layers, plain)


def chained(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """The division of a model that needs least memory for little extra work."""
    memory = _Memory(graph, layers)
    single = [Part(k, k, memory.of_layer(k), 0) for k in range(len(layers))]
    parts = [*single, *_chains(graph, layers, memory, [part.bytes for part in single])]
    parts.sort(key=lambda part: part.last)
    work = sum(_work(graph, layer) for layer in layers)
    divisions = [_division(parts, len(layers), most) for most in sorted({part.bytes for part in parts})]
    chosen = min((division for division in divisions if division is not None), key=lambda some: _price(some, work))
    return [_joined(layers[part.first : part.last + 1], part.chain) for part in chosen]


def _price(division: Sequence[Part], work: float) -> float:
    """The bytes that a division needs, weighed with its extra work; what takes too long has no price."""
    extra = sum(part.extra for part in division) / work if division else 0
    return max(part.bytes for part in division) * (1 + PRICE * extra) if extra <= MAXIMUM_EXTRA else math.inf


def _joined(layers: Sequence[Layer], chain: Chain | None) -> Layer:
    if chain is None:
        return layers[0]
    operators = tuple(operator for layer in layers for operator in layer.operators)
    return Layer(layers[0].operator, (chain,), sum(layer.macs for layer in layers), operators)


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


class _Memory:
    """Bytes that are alive while a layer, or a chain, runs."""

    def __init__(self, graph: Graph, layers: Sequence[Layer]) -> None:
        self.graph, self.layers = graph, layers
        self.born = {graph.root(tensor): -1 for tensor in graph.inputs}
        self.dies = dict(self.born)
        for number, layer in enumerate(layers):
            for call in layer.calls:
                self.born.setdefault(graph.root(call.output), number)
                for tensor in (*call.tensors, call.output):
                    if graph.root(tensor) in self.born:
                        self.dies[graph.root(tensor)] = number
        for tensor in graph.outputs:
            self.dies[graph.root(tensor)] = len(layers)

    def of_layer(self, number: int) -> int:
        """Bytes alive while a layer runs."""
        return max(self._of(number, number, call) for call in self.layers[number].calls)

    def of_chain(self, first: int, last: int, chain: Chain) -> int:
        """Bytes alive while a chain of the layers `first` to `last` runs."""
        return self._of(first, last, chain)

    def encloses(self, first: int, last: int) -> bool:
        """Whether nothing but the last output of these layers is read beyond them."""
        output = self.graph.root(self.layers[last].calls[-1].output)
        made = (tensor for tensor, born in self.born.items() if first <= born <= last and tensor != output)
        return self.born[output] == last and all(self.dies[tensor] <= last for tensor in made)

    def _of(self, first: int, last: int, call: Call) -> int:
        graph = self.graph
        output = graph.root(call.output)
        alive = {t for t, born in self.born.items() if born < first and self.dies[t] >= first} | {output}
        need = sum(self._size(tensor) for tensor in alive) + align(call.scratch_bytes or 0)
        saved = 0
        for position, place_ in enumerate(call.inputs):
            source = None if place_ is None else graph.root(place_)
            if source is None or source not in alive or self.dies[source] > last or self.born[output] < first:
                continue
            size, result = self._size(source), self._size(output)
            if position in call.in_place and size == result:
                saved = max(saved, result)
            if position in call.slides:
                slide = call.slides[position]
                for least, upper, lower in ((slide.forward, size, result), (slide.backward, result, size)):
                    if least is not None:
                        saved = max(saved, size + result - max(lower, min(lower, align(least)) + upper))
        return need - saved

    def _size(self, tensor: int) -> int:
        return align(self.graph.tensors[tensor].count)


def _chains(graph: Graph, layers: Sequence[Layer], memory: _Memory, single: Sequence[int]) -> list[Part]:
    """The chains that may bring the peak down: those of the neediest layer, and of all that need more than it then."""
    links = [link_of(graph, layer.calls[0]) if len(layer.calls) == 1 else None for layer in layers]
    neediest = max(range(len(layers)), key=lambda k: single[k])
    spans = list(_spans(graph, memory, links))
    parts: list[Part] = []
    for first, last, chain in spans:
        if first <= neediest <= last:
            parts += _banded(graph, memory, first, last, chain, single[neediest])
    least = min([single[neediest], *(part.bytes for part in parts)])
    for first, last, chain in spans:
        most = max(single[first : last + 1])
        if not first <= neediest <= last and most > least:
            parts += _banded(graph, memory, first, last, chain, most)
    return parts


def _spans(graph: Graph, memory: _Memory, links: Sequence[Link | None]) -> Iterator[tuple[int, int, list[Link]]]:
    """All possible chains: the first layer, the last, the links."""
    for first in range(len(links)):
        for last in range(first + 1, min(first + MAXIMUM_TENSORS, len(links))):
            chain = [link for link in links[first : last + 1] if link is not None]
            if len(chain) <= last - first or not _agree(graph, chain):
                break
            if memory.encloses(first, last):
                yield first, last, chain


def _banded(graph: Graph, memory: _Memory, first: int, last: int, links: Sequence[Link], most: int) -> list[Part]:
    """A chain by bands of several heights, as long as it needs fewer bytes than `most`."""
    parts = []
    rows = heights(graph, links)
    height = rows[links[-1].output]
    for band in sorted({-(-height // count) for count in ROUNDS} - {height}):
        plan = rounds(links, rows, band)
        if plan is None:
            break
        chain = chain_of(graph, links, band, plan)
        size = memory.of_chain(first, last, chain)
        if size >= most:
            break
        parts.append(Part(first, last, size, _extra(graph, links, plan), chain))
    return parts


def _agree(graph: Graph, links: Sequence[Link]) -> bool:
    """Whether there are few enough tensors, and all links see the same rows in one that several use."""
    shapes: dict[int, tuple[int, ...]] = {}
    for link in links:
        for place_ in (*link.call.tensors, link.call.output):
            shape = graph.tensors[place_].shape
            if graph.tensors[graph.root(place_)].data is None and shapes.setdefault(graph.root(place_), shape) != shape:
                return False
    return len(shapes) <= MAXIMUM_TENSORS


def _costs(kernel: str) -> Costs:
    return _COSTS.get(kernel.rpartition("_")[2], _PLAIN)


def _work(graph: Graph, layer: Layer) -> float:
    costs = _costs(layer.calls[0].kernel)
    return layer.macs * costs.mac + sum(graph.tensors[call.output].count * costs.output for call in layer.calls)


def _extra(graph: Graph, links: Sequence[Link], plan: Rounds) -> float:
    """About how many instructions more a chain takes than its layers one after the other."""
    extra = 0.0
    for number, link in enumerate(links):
        runs = [run for run in plan.runs if run.link == number]
        costs, kernel = _costs(link.call.kernel), link.call.kernel
        source, output = graph.tensors[link.call.tensors[0]], graph.tensors[link.call.output]
        moved = plan.moved.get(graph.root(link.call.output), 0) * row_bytes(graph, link.call.output)
        extra += len(runs) * costs.run + moved * costs.moved
        if kernel.startswith(("depthwise_3x3", "depthwise_mve")):
            read = sum(max(link.source.top(run.end - 1) + link.source.reach - run.start, 0) for run in runs)
            again = read - source.shape[1]
            extra += max(again, 0) * row_bytes(graph, link.call.tensors[0]) * costs.unpacked
            extra += len(runs) * source.shape[3] * costs.channel
        elif kernel.startswith(("pointwise", "conv_2d")):
            idle = sum(-(run.end - run.first) * output.shape[2] % costs.pixels for run in runs)
            taps = link.source.reach**2 * source.shape[3]
            extra += idle * output.shape[3] * (taps * costs.mac + costs.output)
    return extra
