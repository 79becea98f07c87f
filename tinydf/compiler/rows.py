"""Layers that run together, some rows at a time: what each reads for a row, and how many rows are kept between them.

`run_chain` (firmware/kernels/chain.c) goes through the same rounds on the device; `chain.h` says how.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from tinydf.compiler.graph import Graph
from tinydf.compiler.lowering import Call, Field, Slide
from tinydf.compiler.memory import align
from tinydf.compiler.targets.fields import window_of

# As in chain.h.
MAXIMUM_TENSORS = 12
MAXIMUM_REACH = (1 << 15) - 1
_NEVER = 1 << 62
# A kernel's parameter that counts what it works on, and how much of that one row is.
_COUNTED = {
    "lookup": "count",
    "add_dsp": "count",
    "add_mve": "count",
    "extremum_dsp": "count",
    "multiply_dsp": "rows",
    "lookup_mve": "count",
    "extremum_mve": "count",
    "multiply_mve": "rows",
}


@dataclass(frozen=True)
class Link:
    """A call that can be made for some rows of its output alone.

    Args:
        call: the call.
        stride, reach, padding_top: output row y reads rows y * stride - padding_top up to, not including, that plus
            `reach`.
        rows_field: the parameter that counts its work, in which one row counts for `row_count`; "" if it has a window.
        other: a second input: its place in `call.inputs`; its rows are those of the output. None if there is none.
        other_is_whole: the second input has no rows, but is needed for each.
    """

    call: Call
    stride: int = 1
    reach: int = 1
    padding_top: int = 0
    rows_field: str = ""
    row_count: int = 0
    other: int | None = None
    other_is_whole: bool = False

    def top(self, row: int) -> int:
        """First input row of an output row's window; may be outside the image."""
        return row * self.stride - self.padding_top


def _rows(shape: tuple[int, ...]) -> int:
    """How many rows an image has; 0 for what is no image."""
    return shape[1] if len(shape) == 4 and shape[0] == 1 else 0


def _is_constant(graph: Graph, place: int) -> bool:
    return graph.tensors[graph.root(place)].data is not None


def link_of(graph: Graph, call: Call) -> Link | None:
    """The call as a link of a chain; None if it cannot be one."""
    output, source = graph.tensors[call.output], graph.tensors[call.tensors[0]] if call.tensors else None
    if source is None or not _rows(output.shape) or not _rows(source.shape) or _is_constant(graph, call.tensors[0]):
        return None
    link = _windowed(call) or _counted(call, source.shape, output.shape)
    if link is None or len(call.tensors) == 1:
        return link
    if graph.root(call.tensors[0]) == graph.root(call.tensors[1]):
        return None
    other = graph.tensors[call.tensors[1]]
    same = other.shape == output.shape and not _is_constant(graph, call.tensors[1])
    whole = other.count == output.shape[3]
    if len(call.tensors) > 2 or not (same or (whole and not same and link.rows_field.endswith(("rows", "[2]")))):
        return None
    return replace(link, other=call.inputs.index(call.tensors[1]), other_is_whole=not same)


def _windowed(call: Call) -> Link | None:
    window = call.parameters.get("window")
    if not isinstance(window, Mapping) or (len(call.tensors) > 1 and call.parameters.get("sum") is None):
        return None
    w = window_of(call.parameters)
    reach = (w.kernel_height - 1) * w.dilation_y + 1
    return Link(call, w.stride_y, reach, w.padding_top) if reach <= MAXIMUM_REACH else None


def _counted(call: Call, source: tuple[int, ...], output: tuple[int, ...]) -> Link | None:
    """A kernel that takes pixels, or values, one after the other."""
    row, values = output[2], math.prod(output[2:])
    spread = call.parameters.get("broadcast", call.parameters if call.struct == "broadcast" else None)
    if call.kernel.startswith("pointwise"):
        name, count, one = "pixels", call.parameters["pixels"], row
    elif call.kernel in _COUNTED:
        name, count = _COUNTED[call.kernel], call.parameters[_COUNTED[call.kernel]]
        one = row if name == "rows" else values
    elif isinstance(spread, Mapping):
        # One value for each, or one for each channel.
        axis = 3 if spread["second_strides"] == [0, 0, 0, 1] == spread["first_strides"] else 2
        shape, first, second = (cast(list[int], spread[key]) for key in ("shape", "first_strides", "second_strides"))
        if second != [0, 0, 0, 1] or first != ([0, 0, 0, 1] if axis == 3 else [0, 0, output[3], 1]):
            return None
        name, count, one = f"shape[{axis}]", math.prod(shape[: axis + 1]), values if axis == 3 else row
        name = name if spread is call.parameters else f"broadcast.{name}"
    else:
        return None
    return (
        Link(call, rows_field=name, row_count=one) if source[1:3] == output[1:3] and count == output[1] * one else None
    )


@dataclass(frozen=True)
class Run:
    """One link at work in one round: it makes output rows `first` up to `end` and reads from input row `start` on."""

    link: int
    first: int
    end: int
    start: int


@dataclass(frozen=True)
class Rounds:
    """What a chain does: its runs in order, the rows that it keeps of tensors within it, the rows that it moves."""

    runs: tuple[Run, ...]
    kept: Mapping[int, int]
    moved: Mapping[int, int]


def rounds(graph: Graph, links: Sequence[Link], band: int) -> Rounds | None:
    """Go through a chain's rounds, `band` rows of the last output each; None if a window lies beside its image."""
    output = graph.root(links[-1].call.output)
    made = {graph.root(link.call.output) for link in links}
    height = {graph.root(link.call.output): graph.tensors[link.call.output].shape[1] for link in links}
    height |= {graph.root(link.call.tensors[0]): graph.tensors[link.call.tensors[0]].shape[1] for link in links}
    sources = [graph.root(link.call.tensors[0]) for link in links]
    others = [_other(graph, link) for link in links]
    targets = [graph.root(link.call.output) for link in links]
    end = {tensor: 0 if tensor in made else rows for tensor, rows in height.items()}
    end |= {tensor: height.get(tensor, 1 << 16) for tensor in others if tensor is not None and tensor not in made}
    first, kept, moved = (dict.fromkeys(made, 0) for _ in range(3))
    runs: list[Run] = []
    while end[output] < height[output]:
        goal = dict(end)
        goal[output] = min(end[output] + band, height[output])
        for link, source, other, target in reversed(list(zip(links, sources, others, targets, strict=True))):
            if goal[target] > end[target]:
                goal[source] = max(goal[source], min(link.top(goal[target] - 1) + link.reach, height[source]))
                if other is not None:
                    goal[other] = max(goal[other], goal[target])
        for number, (link, source, target) in enumerate(zip(links, sources, targets, strict=True)):
            if goal[target] == end[target]:
                continue
            if target != output:
                needed = [
                    max(each.top(end[t]), 0) for each, s, t in zip(links, sources, targets, strict=True) if s == target
                ]
                needed += [end[t] for o, t in zip(others, targets, strict=True) if o == target]
                new = min(end[target], *needed)
                moved[target] += end[target] - new if new != first[target] else 0
                first[target] = new
                kept[target] = max(kept[target], goal[target] - new)
            start = max(link.top(end[target]), 0)
            if start >= end[source] or link.top(goal[target] - 1) + link.reach <= 0:
                return None
            runs.append(Run(number, end[target], goal[target], start))
            end[target] = goal[target]
    del kept[output], moved[output]
    return Rounds(tuple(runs), kept, moved)


def other_root(graph: Graph, link: Link) -> int:
    """The second input that is in the arena; -1 if there is none."""
    place = None if link.other is None else link.call.inputs[link.other]
    return -1 if place is None or _is_constant(graph, place) else graph.root(place)


def _other(graph: Graph, link: Link) -> int | None:
    """The second input, if it has rows."""
    root = other_root(graph, link)
    return None if root < 0 or link.other_is_whole else root


@dataclass(frozen=True)
class Chain(Call):
    """Calls that run together, `band` rows of the last one's output at a time.

    Args:
        links: the calls.
        band: rows.
        kept: of each tensor between them, by root, how many rows there are at a time.
        slides_by_input: by how much the output must start before each input over which it may slide.
    """

    links: tuple[Link, ...] = ()
    band: int = 1
    kept: Mapping[int, int] = field(default_factory=dict)
    slides_by_input: Mapping[int, Slide] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Call, ...]:
        """The calls of the links."""
        return tuple(link.call for link in self.links)

    @property
    def slides(self) -> Mapping[int, Slide]:
        """As `slides_by_input`."""
        return self.slides_by_input


def row_bytes(graph: Graph, place: int) -> int:
    """Bytes of one row of an image."""
    tensor = graph.tensors[place]
    return tensor.count // tensor.shape[1]


def buffer_bytes(graph: Graph, place: int, rows: int) -> int:
    """What some rows of a tensor take; when they move, up to seven bytes beyond the last move with them."""
    return align(rows * row_bytes(graph, place) + 7)


def kept_bytes(graph: Graph, kept: Mapping[int, int]) -> int:
    """What all tensors take of which some rows are kept."""
    return sum(buffer_bytes(graph, tensor, rows) for tensor, rows in kept.items())


def buffers(graph: Graph, chain: Chain) -> dict[int, int]:
    """Where in the chain's scratch the tensors between its links lie, by root; their links' scratch follows."""
    offsets, offset = {}, 0
    for tensor, rows in chain.kept.items():
        offsets[tensor] = offset
        offset += buffer_bytes(graph, tensor, rows)
    return offsets


def chain_of(graph: Graph, links: Sequence[Link], band: int, plan: Rounds) -> Chain:
    """The links as one call."""
    made = {graph.root(link.call.output) for link in links}
    given = dict.fromkeys(place for link in links for place in link.call.tensors if graph.root(place) not in made)
    inputs = tuple(given)
    return Chain(
        "run_chain",
        {},
        inputs,
        links[-1].call.output,
        scratch_bytes=kept_bytes(graph, plan.kept) + max(link.call.scratch_bytes or 0 for link in links),
        struct="chain",
        links=tuple(replace(link, call=_for_bands(link.call)) for link in links),
        band=band,
        kept=plan.kept,
        slides_by_input=_slides(graph, links, plan, inputs),
    )


def _for_bands(call: Call) -> Call:
    """A kernel that could go by rows need not: its output never lies upon its input."""
    changes: dict[str, Field] = {"by_rows": 0} if "by_rows" in call.parameters else {}
    return replace(call, parameters={**call.parameters, **changes})


def _slides(graph: Graph, links: Sequence[Link], plan: Rounds, inputs: Sequence[int]) -> dict[int, Slide]:
    """How many bytes the output must start before each input, so that it never covers rows that are still read."""
    output = links[-1].call.output
    slides = {}
    for position, place in enumerate(inputs):
        root = graph.root(place)
        whole = any(link.other_is_whole and other_root(graph, link) == root for link in links)
        if whole or _is_constant(graph, place):
            continue
        pitch, forward, needed = row_bytes(graph, place), 0, _NEVER
        for run in reversed(plan.runs):
            link = links[run.link]
            if graph.root(link.call.tensors[0]) == root:
                needed = min(needed, run.start * pitch)
            if graph.root(link.call.output) == graph.root(output):
                forward = max(forward, run.end * row_bytes(graph, output) - needed)
            if _other(graph, link) == root:
                # An element is read before the one in its place is written.
                needed = min(needed, run.first * pitch)
        slides[position] = Slide(forward)
    return slides


@dataclass(frozen=True)
class ChainTensor:
    """The C struct `chain_tensor` but for its place: a tensor in the arena that a chain reads or writes, by root."""

    root: int
    row_bytes: int
    height: int
    rows: int
    done: int


def tensors_of(graph: Graph, chain: Chain) -> list[ChainTensor]:
    """All tensors of a chain that are in the arena: first what the links make, in their order."""
    found: dict[int, ChainTensor] = {}
    for link in chain.links:
        found[graph.root(link.call.output)] = _with_rows(graph, chain, link.call.output, made=True)
    for link in chain.links:
        for place in link.call.tensors:
            root = graph.root(place)
            if root in found or _is_constant(graph, place):
                continue
            whole = link.other_is_whole and root == other_root(graph, link)
            found[root] = ChainTensor(root, 0, 1, 1, 1) if whole else _with_rows(graph, chain, place, made=False)
    return list(found.values())


def _with_rows(graph: Graph, chain: Chain, place: int, made: bool) -> ChainTensor:
    root, height = graph.root(place), graph.tensors[place].shape[1]
    rows = chain.kept.get(root, height)
    return ChainTensor(root, row_bytes(graph, place), height, rows, 0 if made else height)


@dataclass(frozen=True)
class Read:
    """The C struct `chain_read`: which rows of a tensor, by root, a link reads."""

    root: int
    stride: int
    padding_top: int
    reach: int


def reads_of(graph: Graph, link: Link) -> list[Read]:
    """What a link reads in the arena, the input that its window goes over last."""
    reads = [Read(graph.root(link.call.tensors[0]), link.stride, link.padding_top, link.reach)]
    if other_root(graph, link) >= 0:
        reads.insert(0, Read(other_root(graph, link), 0 if link.other_is_whole else 1, 0, 1))
    return reads
