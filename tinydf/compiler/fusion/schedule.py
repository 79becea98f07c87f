# SPDX-License-Identifier: Apache-2.0
"""Which rows each layer of a cascade makes, and when; how many rows that keeps between layers.

`tdf_run_cascade` (firmware/kernels/reference/cascade.c) goes through the very same steps on the device.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.cascade import RUN_CASCADE, Cascade, Read, Stage, kept_bytes, row_bytes
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.kernel import Step, Walk
from tinydf.compiler.ir.overlap import Overlap
from tinydf.compiler.ir.records import Record
from tinydf.compiler.ir.window import Window
from tinydf.compiler.lowering.reference import Broadcast

# As in cascade.h.
MAXIMUM_TENSORS = 12
MAXIMUM_REACH = (1 << 15) - 1
_NEVER = 1 << 62


def _is_constant(graph: Graph, tensor_id: int) -> bool:
    return graph.tensors[graph.root(tensor_id)].data is not None


def stage_of(graph: Graph, call: Call) -> Stage | None:
    """The call as a stage of a cascade; None if it cannot be one."""
    tensor_ids, walk = call.tensors, call.kernel.walk
    if walk is None or not 1 <= len(tensor_ids) <= 2 or _is_constant(graph, tensor_ids[0]):
        return None
    source, output = graph.tensors[tensor_ids[0]].shape, graph.tensors[call.output].shape
    if not _is_image(source) or not _is_image(output):
        return None
    stage = _windowed(graph, call) if walk.step is Step.WINDOWS else _counted(graph, call, walk, source, output)
    return stage if stage is None or len(tensor_ids) == 1 else _with_other(graph, stage, tensor_ids[1])


def _is_image(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[0] == 1


def _with_other(graph: Graph, stage: Stage, tensor_id: int) -> Stage | None:
    """The stage with its second input, which has the output's shape or one value a channel."""
    root, other, output = graph.root(tensor_id), graph.tensors[tensor_id], graph.tensors[stage.call.output]
    by_channel = stage.by_pixels and other.count == output.shape[3]
    if root == stage.source.root or not (by_channel or other.shape == output.shape):
        return None
    if _is_constant(graph, tensor_id):
        return stage if by_channel else None
    read = Read(root, stride=0) if by_channel else Read(root)
    return replace(stage, other=read, other_position=stage.call.inputs.index(tensor_id))


def _windowed(graph: Graph, call: Call) -> Stage | None:
    w = call.parameters.get("window", Window)
    reach = (w.kernel_height - 1) * w.dilation_y + 1
    read = Read(graph.root(call.tensors[0]), w.stride_y, w.padding_top, reach)
    return Stage(call, graph.root(call.output), read) if reach <= MAXIMUM_REACH else None


def _counted(graph: Graph, call: Call, walk: Walk, source: tuple[int, ...], output: tuple[int, ...]) -> Stage | None:
    """A kernel that takes pixels, or values, one after the other."""
    name, by_pixels = walk.counted_by, walk.step is Step.PIXELS
    if walk.step is Step.BROADCAST:
        spread = call.parameters.get(name, Broadcast) if name else call.parameters
        assert isinstance(spread, Broadcast)
        axis, count = _broadcast_rows(spread, output[3])
        name, by_pixels = f"{name}.shape[{axis}]" if name else f"shape[{axis}]", axis == 2
    else:
        count = call.parameters.get(name, int)
    one = output[2] if by_pixels else math.prod(output[2:])
    if source[1:3] != output[1:3] or count != output[1] * one:
        return None
    read = Read(graph.root(call.tensors[0]))
    return Stage(call, graph.root(call.output), read, rows_field=name, row_count=one, by_pixels=by_pixels)


def _broadcast_rows(spread: Broadcast, channels: int) -> tuple[int, int]:
    """Which axis of two inputs that are broadcast counts pixels, or values, and its size; 0 for other inputs."""
    shape, first, second = list(spread.shape), list(spread.first_strides), list(spread.second_strides)
    each = [0, 0, 0, 1]
    if shape[:2] != [1, 1] or second != each:
        return 3, 0
    if first == each:
        return 3, shape[3] if shape[2] == 1 else 0
    return 2, shape[2] if first == [0, 0, channels, 1] else 0


@dataclass(frozen=True)
class Run:
    """One stage at work in one step: it makes output rows `first` up to `end` and reads from input row `start` on."""

    stage: int
    first: int
    end: int
    start: int


@dataclass(frozen=True)
class Schedule:
    """What a cascade does: its runs in order, the rows that it keeps of tensors within it, the rows that it moves."""

    runs: tuple[Run, ...]
    kept: Mapping[int, int]
    moved: Mapping[int, int]


def schedule(stages: Sequence[Stage], height: Mapping[int, int], stripe_rows: int) -> Schedule | None:
    """Go through a cascade's steps as `tdf_run_cascade` does.

    Args:
        stages: of the cascade.
        height: rows of each tensor, by root.
        stripe_rows: rows of the last output that a step makes.

    Returns:
        The schedule; None if a window lies beside its image.
    """
    last = stages[-1].output
    done = {root: 0 if root in {stage.output for stage in stages} else rows for root, rows in height.items()}
    first, kept, moved = (dict.fromkeys((stage.output for stage in stages[:-1]), 0) for _ in range(3))
    runs: list[Run] = []
    while done[last] < height[last]:
        needed, wanted = _needed(stages, done), _wanted(stages, height, done, stripe_rows)
        for number, stage in enumerate(stages):
            begin, end, source = done[stage.output], wanted[stage.output], stage.source
            if begin == end:
                continue
            if stage.output != last:
                moved[stage.output] += begin - needed[stage.output] if needed[stage.output] > first[stage.output] else 0
                first[stage.output] = needed[stage.output]
                kept[stage.output] = max(kept[stage.output], end - needed[stage.output])
            start = max(source.top(begin), 0)
            if start >= done[source.root] or source.top(end - 1) + source.reach <= 0:
                return None
            runs.append(Run(number, begin, end, start))
            done[stage.output] = end
    return Schedule(tuple(runs), kept, moved)


def _needed(stages: Sequence[Stage], done: Mapping[int, int]) -> dict[int, int]:
    """The first row of each tensor that is still read."""
    needed = dict(done)
    for stage in stages:
        for read in stage.reads:
            needed[read.root] = min(needed[read.root], max(read.top(done[stage.output]), 0))
    return needed


def _wanted(
    stages: Sequence[Stage], height: Mapping[int, int], done: Mapping[int, int], stripe_rows: int
) -> dict[int, int]:
    """How many rows of each tensor shall be there, so that the last stage can make its next ones."""
    wanted, last = dict(done), stages[-1].output
    wanted[last] = min(done[last] + stripe_rows, height[last])
    for stage in reversed(stages):
        for read in stage.reads if wanted[stage.output] > done[stage.output] else []:
            end = min(read.top(wanted[stage.output] - 1) + read.reach, height[read.root])
            wanted[read.root] = max(wanted[read.root], end)
    return wanted


def cascade_of(graph: Graph, stages: Sequence[Stage], stripe_rows: int, steps: Schedule) -> Cascade:
    """The stages as one call."""
    made = {stage.output for stage in stages}
    inputs = tuple(
        dict.fromkeys(
            tensor_id for stage in stages for tensor_id in stage.call.tensors if graph.root(tensor_id) not in made
        )
    )
    return Cascade(
        RUN_CASCADE,
        Record(),
        inputs,
        stages[-1].call.output,
        scratch_bytes=kept_bytes(graph, steps.kept) + max(stage.call.scratch_bytes or 0 for stage in stages),
        stages=tuple(replace(stage, call=_for_stripes(stage.call)) for stage in stages),
        stripe_rows=stripe_rows,
        kept=steps.kept,
        overlaps_by_input=_overlaps(graph, stages, steps, inputs),
    )


def _for_stripes(call: Call) -> Call:
    """A kernel that could go by rows need not: its output never lies upon its input."""
    parameters = call.parameters.having(by_rows=0) if call.parameters.has("by_rows") else call.parameters
    return replace(call, parameters=parameters)


def _overlaps(graph: Graph, stages: Sequence[Stage], steps: Schedule, inputs: Sequence[int]) -> dict[int, Overlap]:
    """How many bytes the output must start before each input, so that it never covers rows that are still read."""
    output = stages[-1]
    overlaps = {}
    for position, tensor_id in enumerate(inputs):
        root = graph.root(tensor_id)
        reads = [read for stage in stages for read in stage.reads if read.root == root]
        if not reads or any(read.stride == 0 for read in reads):
            continue
        pitch, forward, needed = row_bytes(graph, tensor_id), 0, _NEVER
        for run in reversed(steps.runs):
            stage = stages[run.stage]
            if stage.source.root == root:
                needed = min(needed, run.start * pitch)
            if stage is output:
                forward = max(forward, run.end * row_bytes(graph, stage.call.output) - needed)
            if stage.other is not None and stage.other.root == root:
                # An element is read before the one in its place is written.
                needed = min(needed, run.first * pitch)
        overlaps[position] = Overlap(forward)
    return overlaps
