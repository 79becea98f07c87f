"""The memory plan and cost table of a compiled model: `plan.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict

from tinydf.compiler.graph import Graph
from tinydf.compiler.lowering import Call, Field, Layer, Records, Struct
from tinydf.compiler.memory import Buffer, Problem, pack
from tinydf.compiler.rows import Chain, buffer_bytes, buffers

FILE = "plan.json"


class TensorPlan(BaseModel):
    """A tensor in the arena; `index` is its place in the .tflite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    name: str
    shape: tuple[int, ...]
    offset: int
    bytes: int


class EdgePlan(TensorPlan):
    """The model's input or output: `real = (value - zero_point) * scale`."""

    scale: float
    zero_point: int


class KeptPlan(TensorPlan):
    """A tensor between two layers of a chain, of which `rows` rows are there at a time; `bytes` is what these take."""

    rows: int


class LayerPlan(BaseModel):
    """One layer: the operator it stands for, its cost, and where its bytes are.

    A chain is one layer with several operators; `kept` are the tensors between them, which are part of its scratch, and
    `band` is how many rows of the output it makes at a time.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    operator: str
    name: str
    kernels: tuple[str, ...]
    inputs: tuple[TensorPlan, ...]
    outputs: tuple[TensorPlan, ...]
    kept: tuple[KeptPlan, ...] = ()
    band: int = 0
    macs: int
    weight_bytes: int
    scratch_bytes: int
    moved_bytes: int


class Plan(BaseModel):
    """Everything known of a compiled model before it runs.

    `arena_bytes` is exact. `lower_bound` is the least that any placing of the same buffers needs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    model_sha256: str
    target: str
    arena_bytes: int
    lower_bound: int
    macs: int
    weight_bytes: int
    input: EdgePlan
    output: EdgePlan
    layers: tuple[LayerPlan, ...]

    @property
    def optimal(self) -> bool:
        """Whether no placing of these buffers could be smaller."""
        return self.arena_bytes == self.lower_bound


@dataclass(frozen=True)
class Placement:
    """Where the calls of a model find their bytes: offsets into the arena by tensor, and of each call's scratch."""

    tensors: dict[int, int]
    scratch: dict[tuple[int, int], int]
    arena_bytes: int
    lower_bound: int

    def of(self, graph: Graph, tensor: int) -> int:
        """Offset of a tensor."""
        return self.tensors[graph.root(tensor)]


def place(graph: Graph, layers: Sequence[Layer]) -> Placement:
    """Give every tensor and every scratch buffer a place in the arena.

    A tensor lives from the call that first writes it to the call that last reads it; the model's inputs live from
    before the first call, its outputs until after the last. An output takes its input's place where the kernel
    allows that and nothing reads the input later.
    """
    calls = [(layer_number, k, call) for layer_number, layer in enumerate(layers) for k, call in enumerate(layer.calls)]
    first, last = _lifetimes(graph, [call for _, _, call in calls])
    hosts = _in_place(graph, [call for _, _, call in calls], first, last)
    groups: dict[int, list[int]] = {}
    for tensor in first:
        groups.setdefault(_host(hosts, tensor), []).append(tensor)
    members = list(groups.items())
    buffers = [
        Buffer(
            graph.tensors[host].name,
            max(graph.tensors[member].count for member in group),
            min(first[member] for member in group),
            max(last[member] for member in group),
        )
        for host, group in members
    ]
    number_of = {member: number for number, (_, group) in enumerate(members) for member in group}
    slides = _slides(graph, [call for _, _, call in calls], buffers, number_of)
    scratches = [(step, number, k, call) for step, (number, k, call) in enumerate(calls) if call.scratch_bytes]
    buffers += [Buffer("scratch", call.scratch_bytes or 0, step, step) for step, _, _, call in scratches]
    packing = pack(Problem(buffers, slides))
    offsets = {member: packing.offsets[number] for member, number in number_of.items()}
    scratch = {
        (number, k): offset for (_, number, k, _), offset in zip(scratches, packing.offsets[len(groups) :], strict=True)
    }
    return Placement(offsets, scratch, packing.bytes, packing.lower_bound)


def _slides(
    graph: Graph, calls: Sequence[Call], buffers: Sequence[Buffer], number_of: Mapping[int, int]
) -> dict[tuple[int, int], int]:
    """Pairs of input and output buffers that may overlap (memory.Problem)."""
    slides = {}
    for step, call in enumerate(calls):
        for position, slide in call.slides.items():
            place = call.inputs[position]
            if place is None or graph.tensors[graph.root(place)].data is not None:
                continue
            root = graph.root(place)
            source, target = number_of[root], number_of[graph.root(call.output)]
            read_once = [graph.root(read) for read in call.tensors].count(root) == 1
            if source != target and read_once and buffers[source].last == step == buffers[target].first:
                slides[source, target] = slide.forward
                if slide.backward is not None:
                    slides[target, source] = slide.backward
    return slides


def directed(graph: Graph, layers: Sequence[Layer], placement: "Placement") -> list[Layer]:
    """Tell each kernel that can go both ways which way its output's place asks for."""

    def direct(call: Call) -> Call:
        if call.slide is None or call.slide.backward is None or call.inputs[0] is None:
            return call
        if graph.tensors[graph.root(call.inputs[0])].data is not None:
            return call
        before = placement.of(graph, call.inputs[0]) - placement.of(graph, call.output)
        input_bytes, output_bytes = graph.tensors[call.inputs[0]].count, graph.tensors[call.output].count
        forward = before >= min(call.slide.forward, output_bytes) or -before >= input_bytes
        backward = -before >= min(call.slide.backward, input_bytes) or before >= output_bytes
        if not forward and not backward:
            raise AssertionError(f"{call.kernel} can go neither way over its input")
        return replace(call, parameters={**call.parameters, "backward": int(not forward)})

    return [replace(layer, calls=tuple(map(direct, layer.calls))) for layer in layers]


def _lifetimes(graph: Graph, calls: Sequence[Call]) -> tuple[dict[int, int], dict[int, int]]:
    first: dict[int, int] = {graph.root(place): -1 for place in graph.inputs}
    last: dict[int, int] = dict(first)
    for step, call in enumerate(calls):
        output = graph.root(call.output)
        first.setdefault(output, step)
        for tensor in (*call.tensors, output):
            if graph.tensors[graph.root(tensor)].data is None:
                last[graph.root(tensor)] = step
    for tensor in graph.outputs:
        last[graph.root(tensor)] = len(calls)
    return first, last


def _in_place(graph: Graph, calls: Sequence[Call], first: dict[int, int], last: dict[int, int]) -> dict[int, int]:
    """Outputs that take over an input's bytes: output -> input."""
    hosts: dict[int, int] = {}
    for step, call in enumerate(calls):
        output = graph.root(call.output)
        for position in call.in_place:
            place = call.inputs[position]
            if place is None:
                continue
            source = graph.root(place)
            free = graph.tensors[source].data is None and last[source] == step and first[output] == step
            if free and graph.tensors[source].count == graph.tensors[output].count:
                hosts[output] = source
                break
    return hosts


def _host(hosts: dict[int, int], tensor: int) -> int:
    while tensor in hosts:
        tensor = hosts[tensor]
    return tensor


def make_plan(graph: Graph, layers: Sequence[Layer], placement: Placement, model_sha256: str, target: str) -> Plan:
    """The plan of a placed model."""

    def tensor(place: int) -> TensorPlan:
        item = graph.tensors[place]
        return TensorPlan(
            index=place, name=item.name, shape=item.shape, offset=placement.of(graph, place), bytes=item.count
        )

    def edge(place: int) -> EdgePlan:
        quantisation = graph.tensors[place].quantisation
        assert quantisation is not None
        fields = tensor(place).model_dump()
        return EdgePlan(**fields, scale=quantisation.scale, zero_point=quantisation.zero_point)

    def kept(call: Call, scratch: int) -> tuple[KeptPlan, ...]:
        if not isinstance(call, Chain):
            return ()
        return tuple(
            KeptPlan(
                index=place,
                name=graph.tensors[place].name,
                shape=graph.tensors[place].shape,
                offset=scratch + offset,
                bytes=buffer_bytes(graph, place, call.kept[place]),
                rows=call.kept[place],
            )
            for place, offset in buffers(graph, call).items()
        )

    rows = []
    for number, layer in enumerate(layers):
        operators = layer.operators
        written = list(dict.fromkeys(call.output for call in layer.calls))
        given = dict.fromkeys(place for call in layer.calls for place in call.tensors if place not in written)
        read = [place for place in given if graph.tensors[graph.root(place)].data is None]
        weight_bytes = sum(_constant_bytes(graph, call) for call in layer.calls)
        chain = layer.calls[0]
        between = kept(chain, placement.scratch.get((number, 0), 0))
        moved = sum(graph.tensors[place].count for place in (*read, *written, *(2 * [t.index for t in between])))
        rows.append(
            LayerPlan(
                index=layer.operator.index,
                operator="+".join(operator.kind for operator in operators),
                name=graph.tensors[operators[-1].outputs[0]].name,
                kernels=tuple(part.kernel for call in layer.calls for part in call.parts),
                inputs=tuple(tensor(place) for place in read),
                outputs=tuple(tensor(place) for place in written),
                kept=between,
                band=chain.band if isinstance(chain, Chain) else 0,
                macs=layer.macs,
                weight_bytes=weight_bytes,
                scratch_bytes=max(call.scratch_bytes or 0 for call in layer.calls),
                moved_bytes=weight_bytes + moved,
            )
        )
    return Plan(
        model_sha256=model_sha256,
        target=target,
        arena_bytes=placement.arena_bytes,
        lower_bound=placement.lower_bound,
        macs=sum(row.macs for row in rows),
        weight_bytes=sum(row.weight_bytes for row in rows),
        input=edge(graph.inputs[0]),
        output=edge(graph.outputs[0]),
        layers=tuple(rows),
    )


def _constant_bytes(graph: Graph, call: Call) -> int:
    """Bytes of the constants that a call reads."""
    inputs = sum(
        graph.tensors[place].count for place in call.tensors if graph.tensors[graph.root(place)].data is not None
    )
    return inputs + sum(_array_bytes(part.parameters) for part in call.parts)


def _array_bytes(field: Field) -> int:
    if isinstance(field, Records):
        return int(field.rows.nbytes)
    if isinstance(field, np.ndarray):
        return int(field.nbytes)
    if isinstance(field, Struct):
        return _array_bytes(field.fields)
    if isinstance(field, Mapping):
        return sum(_array_bytes(value) for value in field.values())
    return 0
