"""What all targets share: replacing kernels call by call, and what more than one of them takes."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from tinydf.compiler.ir.calls import Call, Layer, Overlap
from tinydf.compiler.ir.window import Window

Kernels = Mapping[str, Callable[[Call], Call]]


def with_kernels(layers: list[Layer], kernels: Kernels) -> list[Layer]:
    """Layers whose calls are changed by what `kernels` has for them; others stay as they are."""
    return [replace(layer, calls=tuple(_changed(call, kernels) for call in layer.calls)) for layer in layers]


def _changed(call: Call, kernels: Kernels) -> Call:
    change = kernels.get(call.kernel)
    return call if change is None else change(call)


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


def max_pool_2d_dsp(call: Call) -> Call:
    """Any window; without the DSP extension, plain C by eight channels."""
    return replace(call, kernel="max_pool_2d_dsp", struct="pool_parameters")
