"""The DSP extension of Armv7E-M (Cortex-M4, M7): two products an instruction, weights packed for it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.lowering import Call, Field, Records

Array = NDArray[np.generic]

SCALING = "{%d, %d, %d}"


def specialise(call: Call) -> Call:
    """Call the DSP kernel, where there is one for such parameters."""
    change = _KERNELS.get(call.kernel)
    return call if change is None else change(call)


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def _integer(fields: Mapping[str, Field], name: str) -> int:
    value = fields[name]
    assert isinstance(value, int)
    return value


def _struct(fields: Mapping[str, Field], name: str) -> Mapping[str, Field]:
    return cast(Mapping[str, Field], fields[name])


def _array(fields: Mapping[str, Field], name: str) -> Array:
    return cast(Array, fields[name])


def _is_full(low: int, high: int) -> bool:
    return (low, high) == (-128, 127)


def scaling(multiplier: int, shift: int, zero_point: int, exact: bool = True) -> tuple[int, int, int]:
    """The C struct `scaling` of a multiplier in Q0.31 and a shift; `exact` if each shift of the layer is at least 1."""
    right = -shift
    half = ((1 << (right - 1)) + (zero_point << right)) if exact else zero_point
    folded = (2 * multiplier) & 0xFFFFFFFF
    return folded - (1 << 32) if folded >= 1 << 31 else folded, half, right


def _is_exact(multipliers: Array, shifts: Array, zero_point: int) -> bool:
    """Whether one SMMLAR and one shift requantise every channel, with an offset that fits 32 bits."""
    rights = -np.asarray(shifts, dtype=np.int64)
    return bool(rights.min() >= 1 and rights.max() <= 22 and np.asarray(multipliers).min() >= 1 << 30)


def _scalings(requantisation: Mapping[str, Field]) -> tuple[bool, list[tuple[int, int, int]]]:
    """Whether the layer is exact (see kernels.h), and the scaling of each channel."""
    multipliers, shifts = _array(requantisation, "multiplier"), _array(requantisation, "shift")
    zero_point = _integer(requantisation, "zero_point")
    full = _is_full(_integer(requantisation, "low"), _integer(requantisation, "high"))
    exact = full and _is_exact(multipliers, shifts, zero_point)
    pairs = zip(multipliers.tolist(), shifts.tolist(), strict=True)
    return exact, [scaling(int(m), int(s), zero_point, exact) for m, s in pairs]


def _channels(bias: Array, scalings: list[tuple[int, int, int]], step: int) -> Records:
    """dsp_channels of pairs of output channels, filled up with empty ones to a multiple of `step`."""
    count = len(scalings)
    empty = _round_up(count, step) - count
    biases = [*(int(value) for value in bias), *([0] * empty)]
    filled = [*scalings, *([(0, 0, 1)] * empty)]
    rows = [(*biases[k : k + 2], *filled[k], *filled[k + 1]) for k in range(0, len(biases), 2)]
    return Records("dsp_channels", f"{{{{%d, %d}}, {{{SCALING}, {SCALING}}}}}", np.array(rows, dtype=np.int32))


def pack_weights(weights: Array, channels: int) -> NDArray[np.int8]:
    """Pack int8 weights [filters, inputs] for blocks of 2 or 4 output channels, as dot_dsp.h and dense_dsp.c say.

    Returns:
        int8 [filters / channels, inputs / 4, 4 * channels], both rounded up, zeros where there is nothing.
    """
    filters, inputs = weights.shape
    full = np.zeros((_round_up(filters, channels), _round_up(inputs, 4)), dtype=np.int8)
    full[:filters, :inputs] = weights
    # [block, word of two channels, channel, group, k0..k3] -> [block, group, even or odd, word, k, channel]
    blocks = full.reshape(-1, channels // 2, 2, full.shape[1] // 4, 2, 2)
    return np.ascontiguousarray(blocks.transpose(0, 3, 5, 1, 4, 2)).reshape(len(blocks), -1, 4 * channels)


def _dot(fields: Mapping[str, Field], inputs: int, channels: int) -> dict[str, Field]:
    """The C struct `dot_parameters`."""
    requantisation = _struct(fields, "requantisation")
    exact, scalings = _scalings(requantisation)
    weights = _array(fields, "weights").reshape(-1, inputs)
    return {
        "inputs": inputs,
        "output_channels": len(weights),
        "low": _integer(requantisation, "low"),
        "high": _integer(requantisation, "high"),
        "exact": int(exact),
        "weights": pack_weights(weights, channels),
        "channels": _channels(_array(fields, "bias"), scalings, channels),
    }


def _pointwise(call: Call) -> Call:
    fields = call.parameters
    inputs, outputs = _integer(fields, "input_channels"), _integer(fields, "output_channels")
    if max(inputs, outputs) >= 1 << 16:
        return call
    if _integer(fields, "pixels") == 1:
        return replace(call, kernel="dense_dsp", struct="dot_parameters", parameters=_dot(fields, inputs, 4))
    parameters: dict[str, Field] = {"pixels": fields["pixels"], "dot": _dot(fields, inputs, 2)}
    return replace(call, kernel="pointwise_dsp", parameters=parameters, scratch_bytes=6 * _round_up(inputs, 4))


def _conv_2d(call: Call) -> Call:
    fields = call.parameters
    window = _struct(fields, "window")
    inputs = _integer(window, "kernel_height") * _integer(window, "kernel_width") * _integer(fields, "input_channels")
    plain = (_integer(window, "dilation_y"), _integer(window, "dilation_x"), fields["groups"]) == (1, 1, 1)
    if not plain or inputs >= 1 << 14:
        return call
    parameters: dict[str, Field] = {
        "window": window,
        "input_channels": fields["input_channels"],
        "padding_value": fields["padding_value"],
        "dot": _dot(fields, inputs, 2),
    }
    return replace(call, kernel="conv_2d_dsp", parameters=parameters, scratch_bytes=9 * _round_up(inputs, 4))


def _depthwise(call: Call) -> Call:
    fields = call.parameters
    window = _struct(fields, "window")
    w = {name: _integer(window, name) for name in window}
    shape = (w["kernel_height"], w["kernel_width"], w["dilation_y"], w["dilation_x"], fields["depth_multiplier"])
    if shape != (3, 3, 1, 1, 1) or w["stride_x"] > 2 or max(w["padding_left"], w["padding_top"]) > 2:
        return call
    channels = _integer(fields, "input_channels")
    padded = _round_up(channels, 4)
    requantisation = _struct(fields, "requantisation")
    exact, scalings = _scalings(requantisation)
    weights = np.zeros((padded, 3, 4), dtype=np.int8)
    weights[:channels, :, :3] = np.moveaxis(_array(fields, "weights").reshape(3, 3, channels), 2, 0)
    row_pixels = (_round_up(w["output_width"], 2) if w["stride_x"] == 1 else 2 * w["output_width"]) + 2
    parameters: dict[str, Field] = {
        "window": window,
        "channels": channels,
        "row_pixels": row_pixels,
        "padding_value": fields["padding_value"],
        "low": requantisation["low"],
        "high": requantisation["high"],
        "exact": int(exact),
        "weights": weights,
        "bias": fields["bias"],
        "scaling": Records("scaling", SCALING, np.array(scalings, dtype=np.int32)),
    }
    # Row y of the output goes where row y of the input was, which has been unpacked by then.
    same_size = w["stride_x"] == w["stride_y"] == 1 and (w["input_height"], w["input_width"]) == (
        w["output_height"],
        w["output_width"],
    )
    return replace(
        call,
        kernel="depthwise_3x3_dsp",
        parameters=parameters,
        scratch_bytes=24 * row_pixels + 96,
        in_place=(0,) if same_size else (),
    )


def _reduce(call: Call) -> Call:
    return replace(call, kernel="reduce_dsp", struct="reduce_parameters")


def _add(call: Call) -> Call:
    """Two tensors of one shape, the output's shift as usual; the larger scale first."""
    fields = call.parameters
    spread = _struct(fields, "broadcast")
    strides = (*cast(list[int], spread["first_strides"]), *cast(list[int], spread["second_strides"]))
    shape = cast(list[int], spread["shape"])
    if fields["subtract"] or strides != (0, 0, 0, 1, 0, 0, 0, 1) or shape[:3] != [1, 1, 1]:
        return call
    half = (1 << 30, 0)
    swap = (fields["first_multiplier"], fields["first_shift"]) != half
    one, two = ("second", "first") if swap else ("first", "second")
    shift, multiplier = _integer(fields, "shift"), _integer(fields, "multiplier")
    if (fields[f"{one}_multiplier"], fields[f"{one}_shift"]) != half or not 1 <= -shift <= 22 or multiplier < 1 << 30:
        return call
    small = (_integer(fields, f"{two}_multiplier"), _integer(fields, f"{two}_shift"))
    if -small[1] > 22:
        return call
    # A factor of exactly a half: no multiplication, one shift of an even number.
    second = (0, 1, 1) if small == half else scaling(*small, 0)
    places = tuple(reversed(call.inputs)) if swap else call.inputs
    in_place = tuple(1 - k for k in call.in_place) if swap else call.in_place
    parameters: dict[str, Field] = {
        "count": shape[3],
        "first_offset": _integer(fields, f"{one}_offset") << 19,
        "second_offset": _integer(fields, f"{two}_offset") << 20,
        "second": _named(second),
        "sum": _named(scaling(multiplier, shift, _integer(fields, "zero_point"))),
        "low": fields["low"],
        "high": fields["high"],
    }
    return replace(call, kernel="add_dsp", parameters=parameters, inputs=places, in_place=in_place)


def _named(values: tuple[int, int, int]) -> dict[str, Field]:
    return dict(zip(("multiplier", "offset", "shift"), values, strict=True))


def _multiply(call: Call) -> Call:
    """A tensor times one value per channel (or times one of its own shape)."""
    fields = call.parameters
    spread = _struct(fields, "broadcast")
    first, second = cast(list[int], spread["first_strides"]), cast(list[int], spread["second_strides"])
    shape = cast(list[int], spread["shape"])
    swap = 0 in first[2:] and shape[2] > 1
    one, two = ("second", "first") if swap else ("first", "second")
    if swap:
        first, second = second, first
    rows_by_channels = shape[:2] == [1, 1] and second == [0, 0, 0, 1]
    if not rows_by_channels or first not in ([0, 0, shape[3], 1], [0, 0, 0, 1]) or (first[2] == 0 and shape[2] > 1):
        return call
    shift, multiplier = _integer(fields, "shift"), _integer(fields, "multiplier")
    if not 1 <= -shift <= 22 or multiplier < 1 << 30:
        return call
    parameters: dict[str, Field] = {
        "rows": shape[2],
        "channels": shape[3],
        "first_offset": fields[f"{one}_offset"],
        "second_offset": fields[f"{two}_offset"],
        "low": fields["low"],
        "high": fields["high"],
        "product": _named(scaling(multiplier, shift, _integer(fields, "zero_point"))),
    }
    places = tuple(reversed(call.inputs)) if swap else call.inputs
    in_place = tuple(1 - k for k in call.in_place) if swap else call.in_place
    return replace(call, kernel="multiply_dsp", parameters=parameters, inputs=places, in_place=in_place)


_KERNELS: dict[str, Callable[[Call], Call]] = {
    "pointwise": _pointwise,
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise,
    "reduce": _reduce,
    "add": _add,
    "multiply": _multiply,
}
