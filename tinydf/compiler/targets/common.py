# SPDX-License-Identifier: Apache-2.0
"""What several targets share: costs, packing and how a depthwise output overlaps its input."""

from typing import TypeVar

from tinydf.compiler.ir.calls import Call
from tinydf.compiler.ir.kernel import Costs
from tinydf.compiler.ir.overlap import Overlap
from tinydf.compiler.ir.records import Record
from tinydf.compiler.ir.window import Window

PLAIN = Costs(mac=6.0, output=30, run=150, moved=1.0)
"""Of plain C. All costs are fitted to profiles of cascades with stripes of several heights."""
DSP = Costs(mac=1.0, output=12, run=150, moved=1.0)
"""Of kernels that use the DSP extension."""

Parameters = TypeVar("Parameters", bound=Record)


def parameters(call: Call, record: type[Parameters]) -> Parameters:
    """A call's parameters, which are of that type because its kernel is."""
    assert isinstance(call.parameters, record)
    return call.parameters


def round_up(value: int, step: int) -> int:
    """The smallest multiple of `step` that is not below `value`."""
    return -(-value // step) * step


def depthwise_overlap(window: Window, channels: int, batch: int) -> Overlap:
    """Batches of rows, whose windows are still read when the first outputs are written: so also one batch more."""
    overlap = window.overlap(channels, channels, batch * window.output_width, reads_first=False)
    rows = batch * window.output_width
    end = window.overlap(channels, channels, rows, reads_first=True).backward
    assert end is not None
    # Going backward, a batch may write where the batch before it is read, but not where its own windows are.
    own = min((batch - 1) * window.stride_y + 3, window.input_height) * window.input_width * channels
    return Overlap(overlap.forward, end + own)
