"""MVE, Helium (Cortex-M55, M85): sixteen products an instruction, weights packed for it; the rest as for Armv7E-M."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.calls import Call, Field, Layer
from tinydf.compiler.ir.graph import Graph
from tinydf.compiler.ir.parameters import Array, array, integer, struct, window_of
from tinydf.compiler.ir.window import image_of_pixels
from tinydf.compiler.targets.armv7e_m.select import specialise as armv7e_m
from tinydf.compiler.targets.armv81m.pack import CHANNELS, LANES, pack_weights
from tinydf.compiler.targets.common import round_up, with_kernels
from tinydf.compiler.targets.element_wise import MAXIMUM_LEFT, exchanged, extremum_dsp, rows_by_channels

PIXELS = 2  # likewise, as in dot_mve.h
PLANES = 8  # channels that a depthwise kernel spreads out at once
MAXIMUM_GROUPS = 3  # of sixteen bytes, in which an output's inputs are


def specialise(graph: Graph, layers: list[Layer]) -> list[Layer]:
    """Call the MVE kernels where there are some for such parameters, and the DSP extension's where there are not."""
    fast = with_kernels(layers, _KERNELS)
    return armv7e_m(graph, fast)


def _shifts_right(fields: Mapping[str, Field]) -> bool:
    """Whether `scale_mve` (mve.h) takes all factors."""
    shifts = array(struct(fields, "requantisation"), "shift").astype(np.int64)
    return bool(np.all((shifts <= 0) & (shifts >= -31)))


def _is_rectified(fields: Mapping[str, Field]) -> bool:
    """Whether what is below zero is below the range, so that it does not matter how it is rounded."""
    requantisation = struct(fields, "requantisation")
    return integer(requantisation, "low") >= integer(requantisation, "zero_point")


def _is_dot(fields: Mapping[str, Field]) -> bool:
    """Whether `dot_mve` takes the layer's factors: where it rounds negative values, it shifts each."""
    requantisation = struct(fields, "requantisation")
    none = (array(requantisation, "shift") == 0) & (array(requantisation, "multiplier") != 0)
    return _shifts_right(fields) and (_is_rectified(fields) or not bool(np.any(none)))


def _channels(fields: Mapping[str, Field]) -> NDArray[np.int32]:
    """mve_channels of all output channels, filled up to a multiple of four: int32 [channels / 4 rounded up, 12]."""
    requantisation = struct(fields, "requantisation")
    multiplier = array(requantisation, "multiplier")
    shift = np.where(multiplier == 0, -1, array(requantisation, "shift"))  # nothing, however it is shifted
    columns = (array(fields, "bias"), multiplier, shift)
    rows = np.stack([np.pad(column.astype(np.int32), (0, -len(column) % CHANNELS)) for column in columns], axis=1)
    return rows.reshape(-1, CHANNELS, 3).transpose(0, 2, 1).reshape(-1, 3 * CHANNELS)


def _blocks(fields: Mapping[str, Field], weights: Array) -> NDArray[np.int32]:
    """What a kernel reads for each four output channels: packed weights [filters, inputs], then `mve_channels`."""
    packed = pack_weights(weights)
    return np.concatenate([packed.reshape(len(packed), -1).view("<i4"), _channels(fields)], axis=1)


def _dot(fields: Mapping[str, Field], weights: Array) -> dict[str, Field]:
    """The C struct `tdf_dot_mve_parameters`, for weights [filters, inputs]."""
    requantisation = struct(fields, "requantisation")
    return {
        "inputs": weights.shape[1],
        "output_channels": len(weights),
        "zero_point": requantisation["zero_point"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "rectified": int(_is_rectified(fields)),
        "blocks": _blocks(fields, weights),
    }


def _pointwise(call: Call) -> Call:
    fields = call.parameters
    pixels, inputs = integer(fields, "pixels"), integer(fields, "input_channels")
    outputs = integer(fields, "output_channels")
    if max(inputs, outputs) >= 1 << 15 or not _is_dot(fields):
        return call
    dot = _dot(fields, array(fields, "weights").reshape(outputs, inputs))
    if pixels == 1:
        return replace(call, kernel="dense_mve", parameters=dot, struct="dot_mve_parameters", overlap=None)
    return replace(
        call,
        kernel="pointwise_mve",
        parameters={"pixels": pixels, "backward": 0, "dot": dot},
        scratch_bytes=PIXELS * round_up(inputs, LANES),
        overlap=image_of_pixels(pixels).overlap(inputs, outputs, PIXELS, reads_first=True),
    )


def _conv_2d(call: Call) -> Call:
    fields = call.parameters
    window = window_of(fields)
    filters, channels = integer(fields, "output_channels"), integer(fields, "input_channels")
    weights = array(fields, "weights").reshape(filters, -1)
    plain = (window.dilation_y, window.dilation_x, fields["groups"]) == (1, 1, 1)
    if not plain or weights.shape[1] >= 1 << 15 or not _is_dot(fields):
        return call
    parameters: dict[str, Field] = {
        "window": fields["window"],
        "input_channels": channels,
        "padding_value": fields["padding_value"],
        "backward": 0,
        "dot": _dot(fields, weights),
    }
    return replace(
        call,
        kernel="conv_2d_mve",
        parameters=parameters,
        scratch_bytes=PIXELS * round_up(weights.shape[1], LANES) + LANES,
        overlap=window.overlap(channels, filters, PIXELS, reads_first=True),
    )


def _depthwise(call: Call) -> Call:
    fields = call.parameters
    w = window_of(fields)
    channels, multiplier = integer(fields, "input_channels"), integer(fields, "depth_multiplier")
    slots = 2 * w.kernel_height - 1
    groups = -(-((w.kernel_width - 1) * slots + w.kernel_height) // LANES)
    read = (w.output_width - 1) * w.stride_x * slots + w.kernel_height + groups * LANES
    plane_bytes = round_up(max((w.padding_left + w.input_width) * slots, read), 4)
    fits = groups <= MAXIMUM_GROUPS and plane_bytes * PLANES < 1 << 16 and channels * multiplier < 1 << 16
    if (w.dilation_y, w.dilation_x) != (1, 1) or not fits or not _is_dot(fields):
        return call
    # [row, column, channel] -> [channel, column, slot], as the inputs lie
    taps = array(fields, "weights").reshape(w.kernel_height, w.kernel_width, -1).transpose(2, 1, 0)
    columns = np.pad(taps, ((0, 0), (0, 0), (0, slots - w.kernel_height))).reshape(len(taps), -1)
    weights = np.pad(columns, ((0, 0), (0, LANES)))[:, : groups * LANES]
    requantisation = struct(fields, "requantisation")
    same_size = (w.input_height, w.input_width) == (w.output_height, w.output_width)
    in_place = same_size and w.stride_x == w.stride_y == multiplier == 1
    parameters: dict[str, Field] = {
        "window": fields["window"],
        "channels": channels,
        "multiplier": multiplier,
        "plane_bytes": plane_bytes,
        "slots": slots,
        "groups": groups,
        "by_rows": int(not in_place),
        "rectified": int(_is_rectified(fields)),
        "padding_value": fields["padding_value"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "zero_point": requantisation["zero_point"],
        "blocks": _blocks(fields, weights),
    }
    return replace(
        call,
        kernel="depthwise_mve",
        parameters=parameters,
        scratch_bytes=PLANES * plane_bytes,
        in_place=(0,) if in_place else (),
        overlap=None if in_place else w.overlap(channels, channels * multiplier, w.output_width, reads_first=False),
    )


def _add(call: Call) -> Call:
    """Two tensors of one shape, or one value a channel; the larger scale first."""
    fields = call.parameters
    size = rows_by_channels(struct(fields, "broadcast"))
    half = (1 << 30, 0)
    swap = (fields["first_multiplier"], fields["first_shift"]) != half
    one, two = ("second", "first") if swap else ("first", "second")
    shifts = (integer(fields, f"{two}_shift"), integer(fields, "shift"))
    if size is None or (fields[f"{one}_multiplier"], fields[f"{one}_shift"]) != half or min(shifts) < -31:
        return call
    signs = {"first": 1, "second": -1 if fields["subtract"] else 1}
    factor = signs[one] << 19
    parameters: dict[str, Field] = {
        "count": size[1],
        "first_factor": factor,
        "first_offset": integer(fields, f"{one}_offset") * factor,
        "second_offset": integer(fields, f"{two}_offset") << 20,
        "second_multiplier": fields[f"{two}_multiplier"],
        "multiplier": fields["multiplier"],
        "second_shift": shifts[0],
        "shift": shifts[1],
        "sign": signs[two],
        "zero_point": fields["zero_point"],
        "low": fields["low"],
        "high": fields["high"],
    }
    call = exchanged(call) if swap else call
    if size[0] == 1:
        return replace(call, kernel="add_mve", parameters=parameters)
    repeated: dict[str, Field] = {"rows": size[0], "repeat_first": int(size[2] != swap), "add": parameters}
    return replace(call, kernel="add_channels_mve", parameters=repeated)


def _prelu(call: Call) -> Call:
    """One slope a channel, or a value."""
    fields = call.parameters
    size = rows_by_channels(struct(fields, "broadcast"))
    if size is None or size[2]:
        return call
    parameters: dict[str, Field] = {"rows": size[0], "channels": size[1]}
    parameters |= {name: fields[name] for name in ("first_offset", "second_offset", "zero_point")}
    for name in ("positive", "negative"):
        shift = integer(fields, f"{name}_shift")
        left = max(shift, 0)
        if left > MAXIMUM_LEFT or shift < -31:
            return call
        parameters |= {f"{name}_left": left, f"{name}_shift": shift - left}
        parameters[f"{name}_multiplier"] = fields[f"{name}_multiplier"]
    return replace(call, kernel="prelu_mve", parameters=parameters)


def _average_pool_2d(call: Call) -> Call:
    return replace(call, kernel="average_pool_2d_mve", struct="pool_parameters")


def _max_pool_2d(call: Call) -> Call:
    return replace(call, kernel="max_pool_2d_mve", struct="pool_parameters")


def _reduce(call: Call) -> Call:
    fields = call.parameters
    # Single columns are summed by the DSP extension.
    if not -31 <= integer(fields, "shift") <= 0 or integer(fields, "inner") == 1:
        return call
    return replace(call, kernel="reduce_mve", struct="reduce_parameters")


def _multiply(call: Call) -> Call:
    """A tensor times one value per channel, or times one of its own shape."""
    fields = call.parameters
    size = rows_by_channels(struct(fields, "broadcast"))
    left = max(integer(fields, "shift"), 0)
    if size is None or left > MAXIMUM_LEFT:
        return call
    rows, channels, swap = size
    one, two = ("second", "first") if swap else ("first", "second")
    parameters: dict[str, Field] = {
        "rows": rows,
        "channels": channels,
        "first_offset": fields[f"{one}_offset"],
        "second_offset": fields[f"{two}_offset"],
        "zero_point": fields["zero_point"],
        "left": left,
        "shift": integer(fields, "shift") - left,
        "low": fields["low"],
        "high": fields["high"],
        "multiplier": fields["multiplier"],
    }
    return replace(exchanged(call) if swap else call, kernel="multiply_mve", parameters=parameters)


def _extremum(call: Call) -> Call:
    dsp = extremum_dsp(call)
    return dsp if dsp is call else replace(dsp, kernel="extremum_mve", struct="extremum_dsp_parameters")


def _lookup(call: Call) -> Call:
    return replace(call, kernel="lookup_mve", struct="lookup_parameters")


_KERNELS: dict[str, Callable[[Call], Call]] = {
    "pointwise": _pointwise,
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise,
    "add": _add,
    "average_pool_2d": _average_pool_2d,
    "max_pool_2d": _max_pool_2d,
    "reduce": _reduce,
    "multiply": _multiply,
    "prelu": _prelu,
    "maximum": _extremum,
    "minimum": _extremum,
    "lookup": _lookup,
}
