"""The DSP extension of Armv7E-M (Cortex-M4, M7): two products an instruction, weights packed for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from tinydf.compiler.ir.calls import Call, Field, Layer, Records
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.parameters import Array, array, integer, struct, window_of
from tinydf.compiler.ir.window import Window, image_of_pixels
from tinydf.compiler.targets.armv7e_m.pack import pack_weights, pad_runs
from tinydf.compiler.targets.common import depthwise_overlap, max_pool_2d_dsp, round_up, with_kernels
from tinydf.compiler.targets.element_wise import ELEMENT_WISE, extremum_dsp
from tinydf.compiler.targets.scaling import (
    SCALING,
    SCALING_ANY,
    SCALING_RECTIFIED,
    SCALING_SIGNED,
    is_fast,
    scaling,
)

# What a depthwise layer may keep of unpacked rows beyond the three that it needs.
MAXIMUM_ROWS_BYTES = 1536

PIXELS = 3  # that a convolution works on at once, as DOT_PIXELS in dot_dsp.h
FEW = 4  # outputs of a convolution that is not unpacked


def specialise(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """Call the DSP kernels, where there are some for such parameters."""
    return with_kernels(layers, _KERNELS)


def _is_full(requantisation: Mapping[str, Field]) -> bool:
    return (requantisation["low"], requantisation["high"]) == (-128, 127)


def _scalings(requantisation: Mapping[str, Field]) -> tuple[int, list[tuple[int, int, int]]]:
    """The layer's way of rounding (TDF_SCALING_... in dsp.h), and the scaling of each channel."""
    multipliers, shifts = array(requantisation, "multiplier"), array(requantisation, "shift")
    pairs = [(int(m), int(s)) for m, s in zip(multipliers.tolist(), shifts.tolist(), strict=True)]
    zero_point = integer(requantisation, "zero_point")
    exact = _is_full(requantisation) and all(is_fast(*pair) for pair in pairs)
    rounding = SCALING_ANY if not exact else SCALING_RECTIFIED if zero_point == -128 else SCALING_SIGNED
    return rounding, [scaling(*pair, zero_point) for pair in pairs]


def _channels(bias: Array, scalings: list[tuple[int, int, int]], step: int) -> Records:
    """dsp_channels of pairs of output channels, filled up with empty ones to a multiple of `step`."""
    count = len(scalings)
    empty = round_up(count, step) - count
    biases = [*(int(value) for value in bias), *([0] * empty)]
    filled = [*scalings, *([(0, 0, 1)] * empty)]
    rows = [(*biases[k : k + 2], *filled[k], *filled[k + 1]) for k in range(0, len(biases), 2)]
    return Records("dsp_channels", f"{{{{%d, %d}}, {{{SCALING}, {SCALING}}}}}", np.array(rows, dtype=np.int32))


def _dot(fields: Mapping[str, Field], weights: Array, channels: int, groups: int = 1) -> dict[str, Field]:
    """The C struct `tdf_dot_parameters`, for weights [filters, inputs, a multiple of 4], in blocks of output channels.

    A grouped convolution's blocks do not reach from one group of filters into the next.
    """
    requantisation = struct(fields, "requantisation")
    rounding, scalings = _scalings(requantisation)
    filters = len(weights) // groups
    parts = [slice(k * filters, (k + 1) * filters) for k in range(groups)]
    records = [_channels(array(fields, "bias")[part], scalings[part], channels) for part in parts]
    return {
        "groups": weights.shape[1] // 4,
        "output_channels": filters,
        "pitch": len(weights),
        "low": integer(requantisation, "low"),
        "high": integer(requantisation, "high"),
        "rounding": rounding,
        "weights": np.concatenate([pack_weights(weights[part], channels) for part in parts]),
        "channels": replace(records[0], rows=np.concatenate([record.rows for record in records])),
    }


def _pointwise(call: Call) -> Call:
    fields = call.parameters
    inputs, outputs = integer(fields, "input_channels"), integer(fields, "output_channels")
    if max(inputs, outputs) >= 1 << 16:
        return call
    weights = array(fields, "weights").reshape(outputs, inputs)
    if integer(fields, "pixels") == 1:
        padded = np.pad(weights, ((0, 0), (0, -inputs % 4)))
        dense: dict[str, Field] = {"inputs": inputs, "dot": _dot(fields, padded, 4)}
        return replace(call, kernel="dense_dsp", parameters=dense, overlap=None)
    runs = pad_runs(weights.reshape(outputs, 1, inputs)).reshape(outputs, -1)
    parameters: dict[str, Field] = {
        "pixels": fields["pixels"],
        "input_channels": inputs,
        "backward": 0,
        "sum": None,
        "dot": _dot(fields, runs, 2),
    }
    overlap = image_of_pixels(integer(fields, "pixels")).overlap(inputs, outputs, PIXELS, reads_first=True)
    return replace(
        call,
        kernel="pointwise_dsp",
        parameters=parameters,
        inputs=(*call.inputs, None),
        scratch_bytes=6 * runs.shape[1],
        overlap=overlap,
    )


def _conv_2d(call: Call) -> Call:
    fields = call.parameters
    window = struct(fields, "window")
    filters, height = integer(fields, "output_channels"), integer(window, "kernel_height")
    run = integer(window, "kernel_width") * integer(fields, "input_channels")
    plain = (integer(window, "dilation_y"), integer(window, "dilation_x"), fields["groups"]) == (1, 1, 1)
    if not plain:
        return _grouped_conv_2d(call)
    if filters <= FEW:
        return _conv_2d_few(call)
    weights = pad_runs(array(fields, "weights").reshape(filters, height, -1)).reshape(filters, -1)
    if weights.shape[1] >= 1 << 16:
        return call
    parameters: dict[str, Field] = {
        "window": window,
        "input_channels": fields["input_channels"],
        "padding_value": fields["padding_value"],
        "backward": 0,
        "sum": None,
        "dot": _dot(fields, weights, 2),
    }
    copies = PIXELS * run if call.scratch_bytes else 0
    scratch_bytes = 6 * weights.shape[1] + copies
    overlap = window_of(fields).overlap(integer(fields, "input_channels"), filters, PIXELS, reads_first=True)
    return replace(
        call,
        kernel="conv_2d_dsp",
        parameters=parameters,
        inputs=(*call.inputs, None),
        scratch_bytes=scratch_bytes,
        overlap=overlap,
    )


def _conv_2d_few(call: Call) -> Call:
    """Few outputs are not worth the unpacking of their windows."""
    fields = call.parameters
    window, requantisation = struct(fields, "window"), struct(fields, "requantisation")
    filters, height = integer(fields, "output_channels"), integer(window, "kernel_height")
    rows = array(fields, "weights").reshape(filters, height, -1)
    empty, words = filters % 2, -(-rows.shape[2] // 4)
    padded = np.pad(rows, ((0, empty), (0, 0), (0, 4 * words - rows.shape[2]))).astype(np.int32)
    # [block, channel, row, word, input of a pair, even or odd] -> [block, row, word, even or odd, channel, input]
    pairs = padded.reshape(-1, 2, height, words, 2, 2).transpose(0, 2, 3, 5, 1, 4)
    halves = ((pairs[..., 0] & 0xFFFF) | (pairs[..., 1] << 16)).reshape(-1, height * words, 4)
    row_bytes = integer(window, "input_width") * integer(fields, "input_channels")
    offsets = (np.arange(height)[:, None] * row_bytes + np.arange(words) * 4).reshape(1, -1, 1)
    steps = np.concatenate([np.repeat(offsets, len(halves), axis=0), halves], axis=2).astype(np.int32)
    rounding, scalings = _scalings(requantisation)
    parameters: dict[str, Field] = {
        "window": window,
        "input_channels": fields["input_channels"],
        "output_channels": filters,
        "count": height * words,
        "rounding": rounding,
        "padding_value": fields["padding_value"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "steps": Records("few_step", "{%d, {%d, %d}, {%d, %d}}", steps.reshape(-1, 5)),
        "bias": np.pad(array(fields, "bias"), (0, empty)),
        "scaling": Records("scaling", SCALING, np.array([*scalings, *([(0, 0, 1)] * empty)], dtype=np.int32)),
    }
    # Two channels of all pixels of a row, before the next two.
    at_once = 2 if filters <= 2 else integer(window, "output_width")
    overlap = window_of(fields).overlap(integer(fields, "input_channels"), filters, at_once, reads_first=False)
    scratch_bytes = 4 * height * words
    return replace(call, kernel="conv_2d_few_dsp", parameters=parameters, scratch_bytes=scratch_bytes, overlap=overlap)


def _grouped_conv_2d(call: Call) -> Call:
    """One run of inputs for each place of the window and each group."""
    fields = call.parameters
    window, groups = struct(fields, "window"), integer(fields, "groups")
    filters, inputs = integer(fields, "output_channels"), integer(fields, "input_channels") // groups
    places = integer(window, "kernel_height") * integer(window, "kernel_width")
    weights = pad_runs(array(fields, "weights").reshape(filters, places, inputs)).reshape(filters, -1)
    if weights.shape[1] >= 1 << 16:
        return call
    leaves_image = bool(call.scratch_bytes)
    parameters: dict[str, Field] = {
        "window": window,
        "groups": groups,
        "group_inputs": inputs,
        "padding_value": fields["padding_value"],
        "leaves_image": int(leaves_image),
        "dot": _dot(fields, weights, 2, groups),
    }
    return replace(
        call,
        kernel="grouped_conv_2d_dsp",
        parameters=parameters,
        scratch_bytes=6 * weights.shape[1] + (inputs if leaves_image else 0),
        overlap=window_of(fields).overlap(integer(fields, "input_channels"), filters, PIXELS, reads_first=False),
    )


def _depthwise(call: Call) -> Call:
    fields = call.parameters
    window = struct(fields, "window")
    w = {name: integer(window, name) for name in window}
    kernel, dilation = (w["kernel_height"], w["kernel_width"]), (w["dilation_y"], w["dilation_x"])
    plain = (kernel, dilation, fields["depth_multiplier"]) == ((3, 3), (1, 1), 1) and w["stride_x"] <= 2
    inside = max(w["padding_left"], w["padding_top"]) <= 2
    return _depthwise_3x3(call, fields, w) if plain and inside else _depthwise_any(call, fields, w)


def _in_place(w: Mapping[str, int]) -> bool:
    """Row y of the output goes where row y of the input was, which has been unpacked by then."""
    same_size = (w["input_height"], w["input_width"]) == (w["output_height"], w["output_width"])
    return same_size and w["stride_x"] == w["stride_y"] == 1


def _depthwise_any(call: Call, fields: Mapping[str, Field], w: Mapping[str, int]) -> Call:
    outputs = integer(fields, "input_channels") * integer(fields, "depth_multiplier")
    weights = array(fields, "weights").reshape(-1, outputs)
    requantisation, zero_point = struct(fields, "requantisation"), integer(fields, "padding_value")
    bias = array(fields, "bias").astype(np.int64) + zero_point * weights.sum(axis=0, dtype=np.int64)
    if (np.abs(bias) + 255 * np.abs(weights.astype(np.int64)).sum(axis=0)).max() >= 1 << 30:  # twice a sum fits, too
        return call
    rounding, scalings = _scalings(requantisation)
    if rounding != SCALING_ANY:
        plain = array(requantisation, "multiplier").tolist()
        scalings = [(multiplier, *rest) for multiplier, (_, *rest) in zip(plain, scalings, strict=True)]
    empty = -outputs % 4
    parameters: dict[str, Field] = {
        "window": struct(fields, "window"),
        "channels": fields["input_channels"],
        "multiplier": fields["depth_multiplier"],
        "offset": -zero_point * 0x10001 if zero_point <= 0 else (0x10000 - zero_point) * 0x10001 - (1 << 32),
        "low": requantisation["low"],
        "high": requantisation["high"],
        "rounding": rounding,
        "weights": np.pad(weights, ((0, 0), (0, empty))),
        "bias": np.pad(bias, (0, empty)).astype(np.int32),
        "scaling": Records("scaling", SCALING, np.array([*scalings, *([(0, 0, 1)] * empty)], dtype=np.int32)),
    }
    # Of a row, all pixels of four channels before the next four.
    window = window_of(fields)
    overlap = window.overlap(integer(fields, "input_channels"), outputs, window.output_width, reads_first=False)
    return replace(call, kernel="depthwise_dsp", parameters=parameters, scratch_bytes=None, overlap=overlap)


def _depthwise_3x3(call: Call, fields: Mapping[str, Field], w: Mapping[str, int]) -> Call:
    channels = integer(fields, "input_channels")
    padded = round_up(channels, 4)
    requantisation = struct(fields, "requantisation")
    rounding, scalings = _scalings(requantisation)
    weights = np.zeros((padded, 3, 4), dtype=np.int8)
    weights[:channels, :, :3] = np.moveaxis(array(fields, "weights").reshape(3, 3, channels), 2, 0)
    row_pixels = round_up((w["output_width"] - 1) * w["stride_x"] + 3, 2) + 2
    in_place = _in_place(w)
    most = MAXIMUM_ROWS_BYTES // (8 * row_pixels)
    batch = min(max((most - 3) // w["stride_y"], 0) + 1, w["output_height"])
    slots = (batch - 1) * w["stride_y"] + 3
    parameters: dict[str, Field] = {
        "window": struct(fields, "window"),
        "channels": channels,
        "row_pixels": row_pixels,
        "batch": batch,
        "slots": slots,
        "by_rows": int(not in_place),
        "backward": 0,
        "padding_value": fields["padding_value"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "rounding": rounding,
        "weights": weights,
        "bias": np.pad(array(fields, "bias"), (0, padded - channels)),
        "scaling": Records("scaling", SCALING, np.array(scalings, dtype=np.int32)),
    }
    return replace(
        call,
        kernel="depthwise_3x3_dsp",
        parameters=parameters,
        scratch_bytes=8 * slots * row_pixels + 176,
        in_place=(0,) if in_place else (),
        overlap=None if in_place else depthwise_overlap(Window(**w), channels, batch),
    )


def _reduce(call: Call) -> Call:
    return replace(call, kernel="reduce_dsp", struct="reduce_parameters")


def _average_pool_2d(call: Call) -> Call:
    return replace(call, kernel="average_pool_2d_dsp", struct="pool_parameters")


_KERNELS: dict[str, Callable[[Call], Call]] = {
    "pointwise": _pointwise,
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise,
    "reduce": _reduce,
    "average_pool_2d": _average_pool_2d,
    "max_pool_2d": max_pool_2d_dsp,
    **ELEMENT_WISE,
    "maximum": extremum_dsp,
    "minimum": extremum_dsp,
}
