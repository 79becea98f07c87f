"""Element-wise operators: plain C with the quick scaling of `dsp.h`, for any core, and DSP instructions beside it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import cast

from tinydf.compiler.ir.calls import Call, Field
from tinydf.compiler.ir.parameters import integer, struct
from tinydf.compiler.lowering.arithmetic import FUNCTIONS, HEADROOM
from tinydf.compiler.lowering.table import int8_values
from tinydf.compiler.targets.linear import find_plane
from tinydf.compiler.targets.scaling import is_fast, scaling

MAXIMUM_LEFT = 14  # a product of two int8 less their zero points takes 17 bits


def _add(call: Call) -> Call:
    """Two tensors of one shape, or one value a channel, if one rounding does what TFLM's three do."""
    fields = call.parameters
    size = rows_by_channels(struct(fields, "broadcast"))
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
    wanted = FUNCTIONS["add"](fields, int8_values()[:, None], int8_values())
    plane = find_plane(wanted, slopes, low, high)
    if plane is None:
        return call
    parameters: dict[str, Field] = {"count": channels, **asdict(plane), "low": low, "high": high}
    if rows == 1:
        return replace(call, kernel="add_linear", parameters=parameters)
    repeated: dict[str, Field] = {"rows": rows, "repeat_first": int(repeat_first), "add": parameters}
    return replace(call, kernel="add_channels_linear", parameters=repeated)


def rows_by_channels(spread: Mapping[str, Field]) -> tuple[int, int, bool] | None:
    """Rows, channels, and whether it is the first operand that has one value a channel; None for other broadcasts.

    Of two tensors of one shape there is one row.
    """
    first, second = cast(list[int], spread["first_strides"]), cast(list[int], spread["second_strides"])
    one, other, rows, channels = cast(list[int], spread["shape"])
    whole, each = [0, 0, channels if rows > 1 else 0, 1], [0, 0, 0, 1]
    if (one, other) != (1, 1) or (first, second) not in ((whole, each), (each, whole)):
        return None
    return rows, channels, first != whole


def exchanged(call: Call) -> Call:
    """A call of two inputs with the second one first."""
    return replace(call, inputs=tuple(reversed(call.inputs)), in_place=tuple(1 - k for k in call.in_place))


def _prelu(call: Call) -> Call:
    """One slope a channel."""
    fields = call.parameters
    size = rows_by_channels(struct(fields, "broadcast"))
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
    size = rows_by_channels(call.parameters)
    if size is None or size[0] > 1:
        return call
    parameters: dict[str, Field] = {"count": size[1], "minimum": int(call.kernel == "minimum")}
    return replace(call, kernel="extremum_dsp", parameters=parameters, struct="")


def _multiply(call: Call) -> Call:
    """A tensor times one value per channel, times one for all, or times one of its own shape."""
    fields = call.parameters
    spread = struct(fields, "broadcast")
    size = _one_for_all(spread) or rows_by_channels(spread)
    if size is None:
        return call
    rows, channels, swap = size
    one, two = ("second", "first") if swap else ("first", "second")
    shift, multiplier = integer(fields, "shift"), integer(fields, "multiplier")
    fast, zero_point = is_fast(multiplier, shift), integer(fields, "zero_point")
    # SMMLAR halves a product, so that the factor is doubled; what is shifted to the left is rounded once only.
    left = 1 if fast else shift + 1
    if not 1 <= left <= MAXIMUM_LEFT:
        return call
    parameters: dict[str, Field] = {
        "rows": rows,
        "channels": channels,
        "first_offset": fields[f"{one}_offset"],
        "second_offset": fields[f"{two}_offset"],
        "multiplier": multiplier,
        "offset": (1 << (-shift - 1)) + (zero_point << -shift) if fast else zero_point,
        "left": left,
        "shift": -shift if fast else 0,
        "low": fields["low"],
        "high": fields["high"],
    }
    return replace(exchanged(call) if swap else call, kernel="multiply_dsp", parameters=parameters)


def _one_for_all(spread: Mapping[str, Field]) -> tuple[int, int, bool] | None:
    """One value for all, the second operand: as many rows of one channel."""
    shape, second = cast(list[int], spread["shape"]), cast(list[int], spread["second_strides"])
    return (shape[3], 1, False) if shape[:3] == [1, 1, 1] and second == [0, 0, 0, 0] else None


ELEMENT_WISE: dict[str, Callable[[Call], Call]] = {"add": _add, "multiply": _multiply, "prelu": _prelu}
