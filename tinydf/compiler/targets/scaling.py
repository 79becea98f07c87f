# SPDX-License-Identifier: Apache-2.0
"""How a sum becomes an output in `firmware/kernels/include/dsp.h`: one rounded product and one shift, where exact."""

from dataclasses import dataclass

from tinydf.compiler.ir.records import I32, Record

SCALING_ANY, SCALING_SIGNED, SCALING_RECTIFIED = 0, 1, 2  # how a whole layer rounds
SCALING_SLOW = 64
MAXIMUM_SHIFT = 22


@dataclass(frozen=True)
class Scaling(Record, c="scaling"):
    """How one channel's sums become outputs."""

    multiplier: I32
    offset: I32
    shift: I32


def scaling(multiplier: int, shift: int, zero_point: int) -> tuple[int, int, int]:
    """The fields of a `Scaling`, for a multiplier in Q0.31 and a shift (dsp.h)."""
    folded = (2 * multiplier) & 0xFFFFFFFF
    signed = folded - (1 << 32) if folded >= 1 << 31 else folded
    right = -shift
    if is_fast(multiplier, shift):
        return signed, (1 << (right - 1)) + (zero_point << right), right
    return signed, zero_point, right - SCALING_SLOW


def is_fast(multiplier: int, shift: int) -> bool:
    """Whether one SMMLAR and one shift requantise exactly, with an offset that fits 32 bits."""
    return 1 <= -shift <= MAXIMUM_SHIFT and multiplier >= 1 << 30
