# SPDX-License-Identifier: Apache-2.0
"""Where each tensor and each kernel's scratch lies in the arena."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinydf.compiler.ir.calls import Call, Layer
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.liveness import Life, liveness
from tinydf.compiler.memory.packing import Buffer, Problem, pack


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

    An output takes its input's place where the kernel allows that and nothing reads the input later.
    """
    calls = [(number, k, call) for number, layer in enumerate(layers) for k, call in enumerate(layer.calls)]
    lives = liveness(graph, [[call] for _, _, call in calls])
    hosts = _in_place(graph, [call for _, _, call in calls], lives)
    groups: dict[int, list[int]] = {}
    for tensor in lives:
        groups.setdefault(_host(hosts, tensor), []).append(tensor)
    members = list(groups.items())
    buffers = [
        Buffer(
            graph.tensors[host].name,
            max(graph.tensors[member].count for member in group),
            min(lives[member].first for member in group),
            max(lives[member].last for member in group),
        )
        for host, group in members
    ]
    number_of = {member: number for number, (_, group) in enumerate(members) for member in group}
    overlaps = _overlaps(graph, [call for _, _, call in calls], buffers, number_of)
    scratches = [(step, number, k, call) for step, (number, k, call) in enumerate(calls) if call.scratch_bytes]
    buffers += [Buffer("scratch", call.scratch_bytes or 0, step, step) for step, _, _, call in scratches]
    packing = pack(Problem(buffers, overlaps))
    offsets = {member: packing.offsets[number] for member, number in number_of.items()}
    scratch = {
        (number, k): offset for (_, number, k, _), offset in zip(scratches, packing.offsets[len(groups) :], strict=True)
    }
    return Placement(offsets, scratch, packing.bytes, packing.lower_bound)


def _overlaps(
    graph: Graph, calls: Sequence[Call], buffers: Sequence[Buffer], number_of: Mapping[int, int]
) -> dict[tuple[int, int], int]:
    """Pairs of input and output buffers that may overlap (packing.Problem)."""
    overlaps = {}
    for step, call in enumerate(calls):
        for position, overlap in call.overlaps.items():
            tensor_id = call.inputs[position]
            if tensor_id is None or graph.tensors[graph.root(tensor_id)].data is not None:
                continue
            root = graph.root(tensor_id)
            source, target = number_of[root], number_of[graph.root(call.output)]
            read_once = [graph.root(read) for read in call.tensors].count(root) == 1
            if source != target and read_once and buffers[source].last == step == buffers[target].first:
                overlaps[source, target] = overlap.forward
                if overlap.backward is not None:
                    overlaps[target, source] = overlap.backward
    return overlaps


def directed(graph: Graph, layers: Sequence[Layer], placement: "Placement") -> list[Layer]:
    """Tell each kernel that can go both ways which way its output's place asks for."""

    def direct(call: Call) -> Call:
        if call.overlap is None or call.overlap.backward is None or call.inputs[0] is None:
            return call
        if graph.tensors[graph.root(call.inputs[0])].data is not None:
            return call
        before = placement.of(graph, call.inputs[0]) - placement.of(graph, call.output)
        input_bytes, output_bytes = graph.tensors[call.inputs[0]].count, graph.tensors[call.output].count
        forward = before >= min(call.overlap.forward, output_bytes) or -before >= input_bytes
        backward = -before >= min(call.overlap.backward, input_bytes) or before >= output_bytes
        if not forward and not backward:
            raise AssertionError(f"{call.kernel.name} can go neither way over its input")
        return replace(call, parameters=call.parameters.having(backward=int(not forward)))

    return [replace(layer, calls=tuple(map(direct, layer.calls))) for layer in layers]


def _in_place(graph: Graph, calls: Sequence[Call], lives: Mapping[int, Life]) -> dict[int, int]:
    """Outputs that take over an input's bytes: output -> input."""
    hosts: dict[int, int] = {}
    for step, call in enumerate(calls):
        output = graph.root(call.output)
        for position in call.in_place:
            tensor_id = call.inputs[position]
            if tensor_id is None:
                continue
            source = graph.root(tensor_id)
            free = source in lives and lives[source].last == step == lives[output].first
            if free and graph.tensors[source].count == graph.tensors[output].count:
                hosts[output] = source
                break
    return hosts


def _host(hosts: dict[int, int], tensor: int) -> int:
    while tensor in hosts:
        tensor = hosts[tensor]
    return tensor
