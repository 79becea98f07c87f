"""Layers that run together, some rows at a time: what each reads for a row, and how many rows are kept between them.

`tdf_run_chain` (firmware/kernels/chain.c) goes through the same rounds on the device; `chain.h` says how.
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
    "add_linear": "count",
    "add_mve": "count",
    "extremum_dsp": "count",
    "multiply_dsp": "rows",
    "add_channels_linear": "rows",
    "prelu_dsp": "rows",
    "lookup_mve": "count",
    "extremum_mve": "count",
    "multiply_mve": "rows",
    "add_channels_mve": "rows",
    "prelu_mve": "rows",
}


@dataclass(frozen=True)
class Read:
    """Which rows of a tensor a link reads: for row y of its output, `reach` rows from y * stride - padding_top on.

    The C struct `tdf_chain_read`, but for its link. `root` is the tensor; with a stride of 0 all rows want all of it.
    """

    root: int
    stride: int = 1
    padding_top: int = 0
    reach: int = 1

    def top(self, row: int) -> int:
        """The first row that an output row reads; may be outside the image."""
        return row * self.stride - self.padding_top


@dataclass(frozen=True)
class Link:
    """A call that can be made for some rows of its output alone.

    Args:
        call: the call.
        output: the tensor that it makes, by root.
        source: what it reads of its first input, over which a window may go.
        other: what it reads of a second input in the arena, if there is one: the row of the output, or all of it.
        other_position: that input's place in `call.inputs`.
        rows_field: the parameter that counts its work, in which one row counts for `row_count`; "" if it has a window.
    """

    call: Call
    output: int
    source: Read
    other: Read | None = None
    other_position: int = -1
    rows_field: str = ""
    row_count: int = 0

    @property
    def reads(self) -> list[Read]:
        """What it reads in the arena, the first input last."""
        return [self.source] if self.other is None else [self.other, self.source]


def _is_constant(graph: Graph, place: int) -> bool:
    return graph.tensors[graph.root(place)].data is not None


def link_of(graph: Graph, call: Call) -> Link | None:
    """The call as a link of a chain; None if it cannot be one."""
    places = call.tensors
    if not 1 <= len(places) <= 2 or _is_constant(graph, places[0]):
        return None
    source, output = graph.tensors[places[0]].shape, graph.tensors[call.output].shape
    if not _is_image(source) or not _is_image(output):
        return None
    link = _windowed(graph, call) or _counted(graph, call, source, output)
    return link if link is None or len(places) == 1 else _with_other(graph, link, places[1])


def _is_image(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[0] == 1


def _with_other(graph: Graph, link: Link, place: int) -> Link | None:
    """The link with its second input, which has the output's shape or one value a channel."""
    root, other, output = graph.root(place), graph.tensors[place], graph.tensors[link.call.output]
    by_channel = link.rows_field.endswith(("rows", "[2]")) and other.count == output.shape[3]
    if root == link.source.root or not (by_channel or other.shape == output.shape):
        return None
    if _is_constant(graph, place):
        return link if by_channel else None
    read = Read(root, stride=0) if by_channel else Read(root)
    return replace(link, other=read, other_position=link.call.inputs.index(place))


def _windowed(graph: Graph, call: Call) -> Link | None:
    window = call.parameters.get("window")
    if not isinstance(window, Mapping) or (len(call.tensors) > 1 and call.parameters.get("sum") is None):
        return None
    w = window_of(call.parameters)
    reach = (w.kernel_height - 1) * w.dilation_y + 1
    read = Read(graph.root(call.tensors[0]), w.stride_y, w.padding_top, reach)
    return Link(call, graph.root(call.output), read) if reach <= MAXIMUM_REACH else None


def _counted(graph: Graph, call: Call, source: tuple[int, ...], output: tuple[int, ...]) -> Link | None:
    """A kernel that takes pixels, or values, one after the other."""
    name = "pixels" if call.kernel.startswith("pointwise") else _COUNTED.get(call.kernel, "")
    count = call.parameters[name] if name else 0
    spread = call.parameters.get("broadcast", call.parameters if call.struct == "broadcast" else None)
    if isinstance(spread, Mapping):
        name, count = _broadcast_rows(spread, output[3])
        name = name if spread is call.parameters else f"broadcast.{name}"
    one = output[2] if name.endswith(("pixels", "rows", "[2]")) else math.prod(output[2:])
    if not name or source[1:3] != output[1:3] or count != output[1] * one:
        return None
    return Link(call, graph.root(call.output), Read(graph.root(call.tensors[0])), rows_field=name, row_count=one)


def _broadcast_rows(spread: Mapping[str, Field], channels: int) -> tuple[str, int]:
    """Which size of two inputs that are broadcast counts pixels, or values, and that size; 0 for other inputs."""
    shape, first, second = (cast(list[int], spread[key]) for key in ("shape", "first_strides", "second_strides"))
    each = [0, 0, 0, 1]
    if shape[:2] != [1, 1] or second != each:
        return "shape[3]", 0
    if first == each:
        return "shape[3]", shape[3] if shape[2] == 1 else 0
    return "shape[2]", shape[2] if first == [0, 0, channels, 1] else 0


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


def rounds(links: Sequence[Link], height: Mapping[int, int], band: int) -> Rounds | None:
    """Go through a chain's rounds as `tdf_run_chain` does.

    Args:
        links: of the chain.
        height: rows of each tensor, by root.
        band: rows of the last output that a round makes.

    Returns:
        The rounds; None if a window lies beside its image.
    """
    last = links[-1].output
    done = {root: 0 if root in {link.output for link in links} else rows for root, rows in height.items()}
    first, kept, moved = (dict.fromkeys((link.output for link in links[:-1]), 0) for _ in range(3))
    runs: list[Run] = []
    while done[last] < height[last]:
        needed, wanted = _needed(links, done), _wanted(links, height, done, band)
        for number, link in enumerate(links):
            begin, end, source = done[link.output], wanted[link.output], link.source
            if begin == end:
                continue
            if link.output != last:
                moved[link.output] += begin - needed[link.output] if needed[link.output] > first[link.output] else 0
                first[link.output] = needed[link.output]
                kept[link.output] = max(kept[link.output], end - needed[link.output])
            start = max(source.top(begin), 0)
            if start >= done[source.root] or source.top(end - 1) + source.reach <= 0:
                return None
            runs.append(Run(number, begin, end, start))
            done[link.output] = end
    return Rounds(tuple(runs), kept, moved)


def _needed(links: Sequence[Link], done: Mapping[int, int]) -> dict[int, int]:
    """The first row of each tensor that is still read."""
    needed = dict(done)
    for link in links:
        for read in link.reads:
            needed[read.root] = min(needed[read.root], max(read.top(done[link.output]), 0))
    return needed


def _wanted(links: Sequence[Link], height: Mapping[int, int], done: Mapping[int, int], band: int) -> dict[int, int]:
    """How many rows of each tensor shall be there, so that the last link can make its next ones."""
    wanted, last = dict(done), links[-1].output
    wanted[last] = min(done[last] + band, height[last])
    for link in reversed(links):
        for read in link.reads if wanted[link.output] > done[link.output] else []:
            end = min(read.top(wanted[link.output] - 1) + read.reach, height[read.root])
            wanted[read.root] = max(wanted[read.root], end)
    return wanted


def heights(graph: Graph, links: Sequence[Link]) -> dict[int, int]:
    """Rows of each tensor of a chain, by root; 1 for what is read whole."""
    found: dict[int, int] = {}
    for link in links:
        found[link.output] = graph.tensors[link.call.output].shape[1]
        found[link.source.root] = graph.tensors[link.call.tensors[0]].shape[1]
        if link.other is not None:
            found.setdefault(link.other.root, found[link.output] if link.other.stride else 1)
    return found


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
    made = {link.output for link in links}
    inputs = tuple(
        dict.fromkeys(place for link in links for place in link.call.tensors if graph.root(place) not in made)
    )
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
    output = links[-1]
    slides = {}
    for position, place in enumerate(inputs):
        root = graph.root(place)
        reads = [read for link in links for read in link.reads if read.root == root]
        if not reads or any(read.stride == 0 for read in reads):
            continue
        pitch, forward, needed = row_bytes(graph, place), 0, _NEVER
        for run in reversed(plan.runs):
            link = links[run.link]
            if link.source.root == root:
                needed = min(needed, run.start * pitch)
            if link is output:
                forward = max(forward, run.end * row_bytes(graph, link.call.output) - needed)
            if link.other is not None and link.other.root == root:
                # An element is read before the one in its place is written.
                needed = min(needed, run.first * pitch)
        slides[position] = Slide(forward)
    return slides


@dataclass(frozen=True)
class ChainTensor:
    """The C struct `tdf_chain_tensor` but for its place: an arena tensor that a chain reads or writes, by root."""

    root: int
    row_bytes: int
    height: int
    rows: int
    done: int


def tensors_of(graph: Graph, chain: Chain) -> list[ChainTensor]:
    """All tensors of a chain that are in the arena: first what the links make, in their order."""
    made = [link.output for link in chain.links]
    reads = {read.root: read for link in chain.links for read in link.reads}
    height = heights(graph, chain.links)
    tensors = []
    for root in dict.fromkeys([*made, *reads]):
        whole = root not in made and reads[root].stride == 0
        pitch = 0 if whole else graph.tensors[root].count // height[root]
        done = 0 if root in made else height[root]
        tensors.append(ChainTensor(root, pitch, height[root], chain.kept.get(root, height[root]), done))
    return tensors
