"""The memory plan and cost table of a compiled model: `plan.json`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from tinydf.compiler.graph import Graph
from tinydf.compiler.lowering import Call, Field, Layer, Records
from tinydf.compiler.memory import Buffer, pack

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


class LayerPlan(BaseModel):
    """One layer: the operator it stands for, its cost, and where its bytes are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: int
    operator: str
    name: str
    kernels: tuple[str, ...]
    inputs: tuple[TensorPlan, ...]
    outputs: tuple[TensorPlan, ...]
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
    buffers = [
        Buffer(
            graph.tensors[host].name,
            max(graph.tensors[member].count for member in members),
            min(first[member] for member in members),
            max(last[member] for member in members),
        )
        for host, members in groups.items()
    ]
    scratches = [(step, number, k, call) for step, (number, k, call) in enumerate(calls) if call.scratch_bytes]
    buffers += [Buffer("scratch", call.scratch_bytes or 0, step, step) for step, _, _, call in scratches]
    packing = pack(buffers)
    offsets = {
        member: offset
        for (_, members), offset in zip(groups.items(), packing.offsets, strict=False)
        for member in members
    }
    scratch = {
        (number, k): offset for (_, number, k, _), offset in zip(scratches, packing.offsets[len(groups) :], strict=True)
    }
    return Placement(offsets, scratch, packing.bytes, packing.lower_bound)


def _lifetimes(graph: Graph, calls: Sequence[Call]) -> tuple[dict[int, int], dict[int, int]]:
    first: dict[int, int] = {graph.root(place): -1 for place in graph.inputs}
    last: dict[int, int] = dict(first)
    for step, call in enumerate(calls):
        output = graph.root(call.output)
        first.setdefault(output, step)
        for tensor in (*call.inputs, output):
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
            source = graph.root(call.inputs[position])
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

    rows = []
    for layer in layers:
        operator = layer.operator
        read = [k for k in operator.inputs if k is not None and graph.tensors[k].data is None]
        weight_bytes = sum(_constant_bytes(graph, call) for call in layer.calls)
        rows.append(
            LayerPlan(
                index=operator.index,
                operator=operator.kind,
                name=graph.tensors[operator.outputs[0]].name,
                kernels=tuple(call.kernel for call in layer.calls),
                inputs=tuple(tensor(k) for k in read),
                outputs=tuple(tensor(k) for k in operator.outputs),
                macs=layer.macs,
                weight_bytes=weight_bytes,
                scratch_bytes=sum(call.scratch_bytes or 0 for call in layer.calls),
                moved_bytes=weight_bytes + sum(math.prod(graph.tensors[k].shape) for k in (*read, *operator.outputs)),
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
        graph.tensors[place].count for place in call.inputs if graph.tensors[graph.root(place)].data is not None
    )
    return inputs + _array_bytes(call.parameters)


def _array_bytes(field: Field) -> int:
    if isinstance(field, Records):
        return int(field.rows.nbytes)
    if isinstance(field, np.ndarray):
        return int(field.nbytes)
    if isinstance(field, Mapping):
        return sum(_array_bytes(value) for value in field.values())
    return 0
