"""RV32IMC (ESP32-C3): four output channels of four pixels at a time, weights interleaved for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tinydf.compiler.ir.calls import Call, Field, Layer, Records
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.parameters import Array, array, integer, struct, window_of
from tinydf.compiler.ir.window import Window, image_of_pixels
from tinydf.compiler.targets.common import depthwise_overlap, max_pool_2d_dsp, round_up, with_kernels
from tinydf.compiler.targets.element_wise import ELEMENT_WISE
from tinydf.compiler.targets.rv32imc.pack import CHANNELS, can_pair, interleave_weights
from tinydf.compiler.targets.scaling import SCALING_ANY, SCALING_RECTIFIED, SCALING_SIGNED, is_fast, scaling

PIXELS = 4  # as in dot_rv32.h

# What a depthwise layer may keep of copied rows beyond the three that it needs.
MAXIMUM_ROWS_BYTES = 512


def specialise(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """Call the RV32 kernels, where there are some for such parameters."""
    return with_kernels(layers, _KERNELS)


def _channels(fields: Mapping[str, Field], step: int, groups: int = 1) -> tuple[int, Records]:
    """The layer's way of rounding (TDF_SCALING_... in dsp.h), and each channel's tdf_rv32_channel, by full groups."""
    requantisation = struct(fields, "requantisation")
    multipliers, shifts = array(requantisation, "multiplier").tolist(), array(requantisation, "shift").tolist()
    zero_point = integer(requantisation, "zero_point")
    rows = [
        (bias, *scaling(multiplier, shift, zero_point))
        for bias, multiplier, shift in zip(array(fields, "bias").tolist(), multipliers, shifts, strict=True)
    ]
    filters = len(rows) // groups
    empty = [(0, 0, 0, 1)] * (round_up(filters, step) - filters)
    rows = [row for k in range(groups) for row in (*rows[k * filters : (k + 1) * filters], *empty)]
    fast = all(is_fast(multiplier, shift) for multiplier, shift in zip(multipliers, shifts, strict=True))
    rectified = zero_point == requantisation["low"] == -128
    rounding = SCALING_ANY if not fast else SCALING_RECTIFIED if rectified else SCALING_SIGNED
    return rounding, Records("rv32_channel", "{%d, {%d, %d, %d}}", np.array(rows, dtype=np.int32))


def _dot(fields: Mapping[str, Field], weights: Array, groups: int = 1) -> dict[str, Field]:
    """The C struct `tdf_dot_rv32_parameters`, for weights [filters, inputs]; of groups, the first group's."""
    requantisation = struct(fields, "requantisation")
    rounding, channels = _channels(fields, CHANNELS, groups)
    return {
        "inputs": round_up(weights.shape[1], 4),
        "output_channels": len(weights) // groups,
        "low": requantisation["low"],
        "high": requantisation["high"],
        "rounding": rounding,
        "weights": np.concatenate([interleave_weights(part) for part in np.split(weights, groups)]),
        "channels": channels,
    }


def _pointwise(call: Call) -> Call:
    fields = call.parameters
    pixels, inputs = integer(fields, "pixels"), integer(fields, "input_channels")
    outputs = integer(fields, "output_channels")
    if max(inputs, outputs) >= 1 << 15:
        return call
    weights = array(fields, "weights").reshape(outputs, inputs)
    dot = _dot(fields, weights)
    if pixels == 1:
        return replace(call, kernel="dense_rv32", parameters={"inputs": inputs, "dot": dot}, overlap=None)
    if not can_pair(weights):
        return call
    return replace(
        call,
        kernel="pointwise_rv32",
        parameters={"pixels": pixels, "input_channels": inputs, "backward": 0, "dot": dot},
        scratch_bytes=2 * PIXELS * round_up(inputs, 4),
        overlap=image_of_pixels(pixels).overlap(inputs, outputs, PIXELS, reads_first=True),
    )


def _conv_2d(call: Call) -> Call:
    fields = call.parameters
    window = window_of(fields)
    filters, channels = integer(fields, "output_channels"), integer(fields, "input_channels")
    weights = array(fields, "weights").reshape(filters, -1)
    plain = (window.dilation_y, window.dilation_x, fields["groups"]) == (1, 1, 1)
    if weights.shape[1] >= 1 << 15 or not can_pair(weights):
        return call
    if not plain:
        return _grouped_conv_2d(call, window, weights)
    parameters: dict[str, Field] = {
        "window": fields["window"],
        "input_channels": channels,
        "padding_value": fields["padding_value"],
        "backward": 0,
        "dot": _dot(fields, weights),
    }
    copies = PIXELS * window.kernel_width * channels if window.leaves_image else 0
    return replace(
        call,
        kernel="conv_2d_rv32",
        parameters=parameters,
        scratch_bytes=2 * PIXELS * round_up(weights.shape[1], 4) + copies,
        overlap=window.overlap(channels, filters, PIXELS, reads_first=True),
    )


def _grouped_conv_2d(call: Call, window: Window, weights: Array) -> Call:
    """One run of inputs for each place of the window and each group."""
    fields = call.parameters
    groups = integer(fields, "groups")
    inputs = integer(fields, "input_channels") // groups
    parameters: dict[str, Field] = {
        "window": fields["window"],
        "groups": groups,
        "group_inputs": inputs,
        "leaves_image": int(window.leaves_image),
        "padding_value": fields["padding_value"],
        "dot": _dot(fields, weights, groups),
    }
    return replace(
        call,
        kernel="grouped_conv_2d_rv32",
        parameters=parameters,
        scratch_bytes=8 * round_up(weights.shape[1], 4) + (inputs if window.leaves_image else 0),
        overlap=window.overlap(integer(fields, "input_channels"), len(weights), PIXELS, reads_first=False),
    )


def _depthwise_any(call: Call) -> Call:
    fields = call.parameters
    rounding, scalings = _channels(fields, 1)
    requantisation = struct(fields, "requantisation")
    parameters: dict[str, Field] = {
        "window": fields["window"],
        "channels": fields["input_channels"],
        "multiplier": fields["depth_multiplier"],
        "leaves_image": int(bool(call.scratch_bytes)),
        "padding_value": fields["padding_value"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "rounding": rounding,
        "weights": fields["weights"],
        "scalings": scalings,
    }
    return replace(call, kernel="depthwise_rv32", parameters=parameters)


def _depthwise(call: Call) -> Call:
    fields = call.parameters
    w = {name: integer(struct(fields, "window"), name) for name in struct(fields, "window")}
    shape = (w["kernel_height"], w["kernel_width"], w["dilation_y"], w["dilation_x"], fields["depth_multiplier"])
    if shape != (3, 3, 1, 1, 1) or max(w["stride_x"], w["stride_y"], w["padding_left"], w["padding_top"]) > 2:
        return _depthwise_any(call)
    channels = integer(fields, "input_channels")
    row_pixels = max(w["padding_left"] + w["input_width"], (w["output_width"] - 1) * w["stride_x"] + 3)
    most = MAXIMUM_ROWS_BYTES // row_pixels
    batch = min(max((most - 3) // w["stride_y"], 0) + 1, w["output_height"])
    rounding, scalings = _channels(fields, 1)
    # Row y of the output goes where row y of the input was, which has been copied by then.
    in_place = w["stride_x"] == w["stride_y"] == 1 and (w["input_height"], w["input_width"]) == (
        w["output_height"],
        w["output_width"],
    )
    requantisation = struct(fields, "requantisation")
    full = (requantisation["low"], requantisation["high"]) == (-128, 127)
    weights = np.ascontiguousarray(array(fields, "weights").reshape(9, channels).T)
    parameters: dict[str, Field] = {
        "window": fields["window"],
        "channels": channels,
        "row_pixels": row_pixels,
        "batch": batch,
        "by_rows": int(not in_place),
        "backward": 0,
        "padding_value": fields["padding_value"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "rounding": rounding if full else SCALING_ANY,
        "weights": weights,
        "scalings": scalings,
    }
    return replace(
        call,
        kernel="depthwise_3x3_rv32",
        parameters=parameters,
        scratch_bytes=((batch - 1) * w["stride_y"] + 3) * row_pixels,
        in_place=(0,) if in_place else (),
        overlap=None if in_place else depthwise_overlap(Window(**w), channels, batch),
    )


_KERNELS: dict[str, Callable[[Call], Call]] = {
    "pointwise": _pointwise,
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise,
    "max_pool_2d": max_pool_2d_dsp,
    **ELEMENT_WISE,
}
