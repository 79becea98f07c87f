# SPDX-License-Identifier: Apache-2.0
"""How weights lie in memory for MVE."""

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.records import Array
from tinydf.compiler.targets.common import round_up

CHANNELS = 4  # that a kernel works on at once
LANES = 16


def pack_weights(weights: Array) -> NDArray[np.int8]:
    """Pack int8 weights [filters, inputs] for blocks of four output channels, as dot_mve.h says.

    Returns:
        int8 [filters / 4, inputs / 16, 4, 16], both rounded up, with zeros.
    """
    filters, inputs = weights.shape
    full = np.zeros((round_up(filters, CHANNELS), round_up(inputs, LANES)), dtype=np.int8)
    full[:filters, :inputs] = weights
    return np.ascontiguousarray(full.reshape(-1, CHANNELS, full.shape[1] // LANES, LANES).transpose(0, 2, 1, 3))
