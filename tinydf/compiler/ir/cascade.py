# SPDX-License-Identifier: Apache-2.0
"""A cascade: layers that run together, some rows at a time, so that what lies between them never exists whole.

`tdf_run_cascade` (firmware/kernels/reference/cascade.c) runs it on the device; `cascade.h` says how.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinydf.compiler.ir.arena import align
from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.overlap import Overlap
from tinydf.compiler.ir.records import Record

RUN_CASCADE = Kernel("run_cascade", Record, header="cascade.h")


@dataclass(frozen=True)
class Read:
    """Which rows of a tensor a stage reads: for row y of its output, `reach` rows from y * stride - padding_top on.

    The C struct `tdf_cascade_read`, but for its stage. `root` is the tensor; with a stride of 0 all rows want it whole.
    """

    root: int
    stride: int = 1
    padding_top: int = 0
    reach: int = 1

    def top(self, row: int) -> int:
        """The first row that an output row reads; may be outside the image."""
        return row * self.stride - self.padding_top


@dataclass(frozen=True)
class Stage:
    """A call that can be made for some rows of its output alone.

    Args:
        call: the call.
        output: the tensor that it makes, by root.
        source: what it reads of its first input, over which a window may go.
        other: what it reads of a second input in the arena, if there is one: the row of the output, or all of it.
        other_position: that input's position in `call.inputs`.
        rows_field: the parameter that counts its work, in which one row counts for `row_count`; "" if it has a window.
        by_pixels: whether it counts pixels, all channels of each.
    """

    call: Call
    output: int
    source: Read
    other: Read | None = None
    other_position: int = -1
    rows_field: str = ""
    row_count: int = 0
    by_pixels: bool = False

    @property
    def reads(self) -> list[Read]:
        """What it reads in the arena, the first input last."""
        return [self.source] if self.other is None else [self.other, self.source]


@dataclass(frozen=True)
class Cascade(Call):
    """Calls that run together, `stripe_rows` rows of the last one's output at a time.

    Args:
        stages: the calls.
        stripe_rows: rows.
        kept: of each tensor between them, by root, how many rows there are at a time.
        overlaps_by_input: by how much the output must start before each input that it may overlap.
    """

    stages: tuple[Stage, ...] = ()
    stripe_rows: int = 1
    kept: Mapping[int, int] = field(default_factory=dict)
    overlaps_by_input: Mapping[int, Overlap] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[Call, ...]:
        """The calls of the stages."""
        return tuple(stage.call for stage in self.stages)

    @property
    def overlaps(self) -> Mapping[int, Overlap]:
        """As `overlaps_by_input`."""
        return self.overlaps_by_input


def row_bytes(graph: Graph, tensor_id: int) -> int:
    """Bytes of one row of an image."""
    tensor = graph.tensors[tensor_id]
    return tensor.count // tensor.shape[1]


def buffer_bytes(graph: Graph, tensor_id: int, rows: int) -> int:
    """What some rows of a tensor take; when they move, up to seven bytes beyond the last move with them."""
    return align(rows * row_bytes(graph, tensor_id) + 7)


def kept_bytes(graph: Graph, kept: Mapping[int, int]) -> int:
    """What all tensors take of which some rows are kept."""
    return sum(buffer_bytes(graph, tensor, rows) for tensor, rows in kept.items())


def buffers(graph: Graph, cascade: Cascade) -> dict[int, int]:
    """Where in the cascade's scratch the tensors between its stages lie, by root; their stages' scratch follows."""
    offsets, offset = {}, 0
    for tensor, rows in cascade.kept.items():
        offsets[tensor] = offset
        offset += buffer_bytes(graph, tensor, rows)
    return offsets


def heights(graph: Graph, stages: Sequence[Stage]) -> dict[int, int]:
    """Rows of each tensor of a cascade, by root; 1 for what is read whole."""
    found: dict[int, int] = {}
    for stage in stages:
        found[stage.output] = graph.tensors[stage.call.output].shape[1]
        found[stage.source.root] = graph.tensors[stage.call.tensors[0]].shape[1]
        if stage.other is not None:
            found.setdefault(stage.other.root, found[stage.output] if stage.other.stride else 1)
    return found


@dataclass(frozen=True)
class CascadeTensor:
    """The C struct `tdf_cascade_tensor` but for its offset: an arena tensor that a cascade reads or writes, by root."""

    root: int
    row_bytes: int
    height: int
    rows: int
    done: int


def tensors_of(graph: Graph, cascade: Cascade) -> list[CascadeTensor]:
    """All tensors of a cascade that are in the arena: first what the stages make, in their order."""
    made = [stage.output for stage in cascade.stages]
    reads = {read.root: read for stage in cascade.stages for read in stage.reads}
    height = heights(graph, cascade.stages)
    tensors = []
    for root in dict.fromkeys([*made, *reads]):
        whole = root not in made and reads[root].stride == 0
        pitch = 0 if whole else graph.tensors[root].count // height[root]
        done = 0 if root in made else height[root]
        tensors.append(CascadeTensor(root, pitch, height[root], cascade.kept.get(root, height[root]), done))
    return tensors
