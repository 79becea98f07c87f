"""Element-wise operators: plain C with the quick scaling of `dsp.h`, for any core, and DSP instructions beside it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import cast

from tinydf.compiler.linear import INT8, find_plane
from tinydf.compiler.lowering import Call, Field
from tinydf.compiler.operators.arithmetic import FUNCTIONS, HEADROOM
from tinydf.compiler.targets.fields import integer, struct
from tinydf.compiler.targets.scaling import is_fast, scaling

MAXIMUM_LEFT = 14  # a product of two int8 less their zero points takes 17 bits


def _add(call: Call) -> Call:
    """Two tensors of one shape, or one value a channel, if one rounding does what TFLM's three do."""
    fields = call.parameters
    size = rows_by_channels(fields)
    if size is None:
        return call
    rows, channels, repeat_first = size
    low, high = integer(fields, "low"), integer(fields, "high")
    first, second, both = (
        math.ldexp(integer(fields, f"{name}multiplier"), integer(fields, f"{name}shift") - 31)
        for name in ("first_", "second_", "")
    )
    slopes = (
        math.ldexp(first * both, HEADROOM),
        math.ldexp((-second if fields["subtract"] else second) * both, HEADROOM),
    )
    plane = find_plane(FUNCTIONS["add"](fields, INT8[:, None], INT8), slopes, low, high)
    if plane is None:
        return call
    parameters: dict[str, Field] = {"count": channels, **asdict(plane), "low": low, "high": high}
    if rows == 1:
        return replace(call, kernel="add_linear", parameters=parameters)
    repeated: dict[str, Field] = {"rows": rows, "repeat_first": int(repeat_first), "add": parameters}
    return replace(call, kernel="add_channels_linear", parameters=repeated)


def rows_by_channels(fields: Mapping[str, Field]) -> tuple[int, int, bool] | None:
    """Rows, channels, and whether it is the first operand that has one value a channel; None for other broadcasts."""
    spread = struct(fields, "broadcast")
    first, second = cast(list[int], spread["first_strides"]), cast(list[int], spread["second_strides"])
    one, other, rows, channels = cast(list[int], spread["shape"])
    whole, each = [0, 0, channels if rows > 1 else 0, 1], [0, 0, 0, 1]
    if (one, other) != (1, 1) or (first, second) not in ((whole, each), (each, whole)):
        return None
    return rows, channels, first != whole


def _prelu(call: Call) -> Call:
    """One slope a channel."""
    fields = call.parameters
    size = rows_by_channels(fields)
    if size is None or size[2]:
        return call
    parameters: dict[str, Field] = {
        "rows": size[0],
        "channels": size[1],
        "first_offset": fields["first_offset"],
        "second_offset": fields["second_offset"],
    }
    zero_point = integer(fields, "zero_point")
    for name in ("positive", "negative"):
        multiplier, shift = integer(fields, f"{name}_multiplier"), integer(fields, f"{name}_shift")
        left = 0 if is_fast(multiplier, shift) else shift + 1
        if not is_fast(multiplier, shift) and not 1 <= left <= MAXIMUM_LEFT:
            return call
        product = (multiplier, zero_point, 0) if left else scaling(multiplier, shift, zero_point)
        parameters[name] = {"product": _named(product), "left": left}
    return replace(call, kernel="prelu_dsp", parameters=parameters)


def _named(values: tuple[int, int, int]) -> dict[str, Field]:
    return dict(zip(("multiplier", "offset", "shift"), values, strict=True))


def extremum_dsp(call: Call) -> Call:
    """Two tensors of one shape."""
    spread = call.parameters
    shape = cast(list[int], spread["shape"])
    strides = (*cast(list[int], spread["first_strides"]), *cast(list[int], spread["second_strides"]))
    if strides != (0, 0, 0, 1, 0, 0, 0, 1) or shape[:3] != [1, 1, 1]:
        return call
    parameters: dict[str, Field] = {"count": shape[3], "smaller": int(call.kernel == "smaller")}
    return replace(call, kernel="extremum_dsp", parameters=parameters, struct="")


def _multiply(call: Call) -> Call:
    """A tensor times one value per channel, times one for all, or times one of its own shape."""
    fields = call.parameters
    spread = struct(fields, "broadcast")
    first, second = cast(list[int], spread["first_strides"]), cast(list[int], spread["second_strides"])
    shape = cast(list[int], spread["shape"])
    swap = 0 in first[2:] and shape[2] > 1
    one, two = ("second", "first") if swap else ("first", "second")
    if swap:
        first, second = second, first
    if shape[:3] == [1, 1, 1] and second == [0, 0, 0, 0]:
        # One value for all: as many rows of one channel.
        shape, first, second = [1, 1, shape[3], 1], [0, 0, 1, 1], [0, 0, 0, 1]
    rows_by_channels = shape[:2] == [1, 1] and second == [0, 0, 0, 1]
    if not rows_by_channels or first not in ([0, 0, shape[3], 1], [0, 0, 0, 1]) or (first[2] == 0 and shape[2] > 1):
        return call
    shift, multiplier = integer(fields, "shift"), integer(fields, "multiplier")
    fast, zero_point = is_fast(multiplier, shift), integer(fields, "zero_point")
    # SMMLAR halves a product, so that the factor is doubled; what is shifted to the left is rounded once only.
    left = 1 if fast else shift + 1
    if not 1 <= left <= MAXIMUM_LEFT:
        return call
    parameters: dict[str, Field] = {
        "rows": shape[2],
        "channels": shape[3],
        "first_offset": fields[f"{one}_offset"],
        "second_offset": fields[f"{two}_offset"],
        "multiplier": multiplier,
        "offset": (1 << (-shift - 1)) + (zero_point << -shift) if fast else zero_point,
        "left": left,
        "shift": -shift if fast else 0,
        "low": fields["low"],
        "high": fields["high"],
    }
    places = tuple(reversed(call.inputs)) if swap else call.inputs
    in_place = tuple(1 - k for k in call.in_place) if swap else call.in_place
    return replace(call, kernel="multiply_dsp", parameters=parameters, inputs=places, in_place=in_place)


ELEMENT_WISE: dict[str, Callable[[Call], Call]] = {"add": _add, "multiply": _multiply, "prelu": _prelu}
