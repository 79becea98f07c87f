# SPDX-License-Identifier: Apache-2.0
"""Element-wise functions of two int8 values as a multiplication each, a sum and a shift: fewer roundings, same bytes.

TFLM rounds several times on the way from two inputs to their sum. Almost always there is a plane over all pairs of
inputs whose floor is the very result: `(first_factor * a + second_factor * b + offset) >> shift`. It is looked for near
the quotients of the scales, and taken only if it is right for all 65,536 pairs, so that nothing is left to chance.
"""

from dataclasses import dataclass

import numpy as np

from tinydf.compiler.ir.fixed_point import INT32_MAX, Values
from tinydf.compiler.lowering.table import int8_values

MAXIMUM_SHIFT = 22
_FREE = 1 << 62


@dataclass(frozen=True)
class Plane:
    """Two factors, the offset and the shift, all for int32."""

    first_factor: int
    second_factor: int
    offset: int
    shift: int


def find_plane(wanted: Values, slopes: tuple[float, float], low: int, high: int) -> Plane | None:
    """The plane that gives `wanted` for all pairs once it is shifted and held to `low` and `high`.

    Args:
        wanted: int64 [256, 256], the function of (-128 ... 127, -128 ... 127), already held.
        slopes: by how much it rises, about, for a step of the first and of the second input.
        low: the lowest value; there the plane may lie as deep as it likes.
        high: the highest.

    Returns:
        The plane nearest to the slopes; None if there is none whose sums fit int32.
    """
    highest = 128 * (abs(slopes[0]) + abs(slopes[1])) + 256
    if highest > INT32_MAX:
        return None
    shift = min(int(np.log2(INT32_MAX / highest)), MAXIMUM_SHIFT)
    int8 = int8_values()
    ideal = [round(slope * (1 << shift)) for slope in slopes]
    # Ties that TFLM rounds away from zero want a plane that is a little steeper.
    nudges = sorted(((i, j) for i in range(-3, 4) for j in range(-3, 4)), key=lambda nudge: sum(map(abs, nudge)))
    for i, j in nudges:
        first, second = ideal[0] + i, ideal[1] + j
        heights = first * int8[:, None] + second * int8
        at_least = np.where(wanted > low, (wanted << shift) - heights, -_FREE).max()
        at_most = np.where(wanted < high, ((wanted + 1) << shift) - heights, _FREE).min() - 1
        offset = (int(at_least) + int(at_most)) // 2
        largest = max(int(np.abs(second * int8 + offset).max()), int(np.abs(heights + offset).max()))
        if at_least <= at_most and largest <= INT32_MAX:
            return Plane(first, second, offset, shift)
    return None
