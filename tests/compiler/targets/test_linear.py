# SPDX-License-Identifier: Apache-2.0
"""Planes: what they give is what TFLM's roundings give, for every pair, or there is none."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinydf.compiler.lowering.table import int8_values
from tinydf.compiler.targets.linear import find_plane

INT8 = int8_values()

SCALES = st.floats(0.01, 4)


@settings(max_examples=40)
@given(SCALES, SCALES, st.integers(-300, 300), st.integers(-128, 0), st.integers(0, 127))
def test_a_plane_is_right_for_every_pair(first: float, second: float, offset: int, low: int, high: int) -> None:
    wanted = np.clip(np.rint(first * INT8[:, None] - second * INT8 + offset).astype(np.int64), low, high)
    plane = find_plane(wanted, (first, -second), low, high)
    assume(plane is not None)
    assert plane is not None
    heights = plane.first_factor * INT8[:, None] + plane.second_factor * INT8 + plane.offset
    assert np.array_equal(np.clip(heights >> plane.shift, low, high), wanted)
    assert np.abs(heights).max() < 1 << 31


def test_a_sum_that_rounds_halves_away_from_zero_has_a_plane() -> None:
    halves = (INT8[:, None] + INT8) / 2
    wanted = (np.sign(halves) * np.floor(np.abs(halves) + 0.5)).astype(np.int64)
    assert find_plane(np.clip(wanted, -128, 127), (0.5, 0.5), -128, 127) is not None


def test_what_is_no_plane_has_none() -> None:
    assert find_plane(np.maximum(INT8[:, None], INT8), (0.5, 0.5), -128, 127) is None
    assert find_plane(np.zeros((256, 256), np.int64), (1e12, 0.0), -128, 127) is None
