# SPDX-License-Identifier: Apache-2.0
"""Ranges of int8 tensors, from what was seen of them while calibration images went through the float model.

A wide range rounds everything coarsely for the sake of a few large values; a narrow one clips these. `minmax` clips
nothing. `percentile` leaves out the outermost values (99.99 %: McKinstry et al. 2018, arXiv 1809.04191). `mse` weighs
clipping against rounding by the squared error that both make (Nagel et al. 2021, arXiv 2106.08295, section 3.1).
"""

from collections.abc import Callable
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.parity import Method

METHODS: tuple[Method, ...] = get_args(Method)

BINS = 2048
PERCENTILE = 99.99
STEPS = 255
NARROWEST, CANDIDATES = 0.2, 81
"""`mse` tries both ends of a range at so many places, down to this part of the extremes."""

Range = tuple[float, float]


class Seen:
    """A histogram of one tensor's values, within the extremes that are known of it.

    Zeros are counted apart: every int8 range has its zero point exactly there, and behind a ReLU they are many.
    """

    def __init__(self, low: float, high: float) -> None:
        """Begin with nothing seen; all values will lie in [low, high]."""
        self.low, self.high = min(low, 0.0), max(high, 0.0)
        self._counts = np.zeros(BINS, np.int64)
        self._zeros = 0

    def add(self, values: NDArray[np.float32]) -> None:
        """Count values, of any shape."""
        others = values[values != 0]
        self._zeros += values.size - others.size
        self._counts += np.histogram(others, BINS, (self.low, self.high))[0]

    def range(self, method: Method) -> Range:
        """The range by a method; 0 is always in it."""
        return _FINDERS[method](self) if self._counts.any() else (self.low, self.high)

    def _minmax(self) -> Range:
        return self.low, self.high

    def _percentile(self) -> Range:
        edges = np.linspace(self.low, self.high, BINS + 1)
        counts = self._counts.copy()
        counts[min(BINS - 1, int(np.searchsorted(edges, 0.0, "right")) - 1)] += self._zeros
        upto = np.cumsum(counts)
        outside = (1 - PERCENTILE / 100) / 2 * upto[-1]
        low = edges[np.searchsorted(upto, outside, "right")]
        high = edges[np.searchsorted(upto, upto[-1] - outside, "left") + 1]
        return min(float(low), 0.0), max(float(high), 0.0)

    def _mse(self) -> Range:
        width = (self.high - self.low) / BINS
        values = self.low + (np.arange(BINS) + 0.5) * width
        parts = np.linspace(NARROWEST, 1, CANDIDATES)
        lows, highs = self.low * parts, self.high * parts
        below = (np.clip(lows[:, None] - values, 0, None) ** 2 @ self._counts)[:, None]
        above = np.clip(values - highs[:, None], 0, None) ** 2 @ self._counts
        rounding = ((highs - lows[:, None]) / STEPS) ** 2 / 12 * self._counts.sum()
        first, second = np.unravel_index(np.argmin(below + above + rounding), rounding.shape)
        return float(lows[first]), float(highs[second])


_FINDERS: dict[Method, Callable[[Seen], Range]] = {
    "minmax": Seen._minmax,
    "percentile": Seen._percentile,
    "mse": Seen._mse,
}
