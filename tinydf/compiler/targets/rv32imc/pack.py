# SPDX-License-Identifier: Apache-2.0
"""How weights lie in memory for RV32."""

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.records import Array
from tinydf.compiler.targets.common import round_up

CHANNELS = 4  # as in dot_rv32.h


def can_pair(weights: Array) -> bool:
    """Whether no two neighbours of weights [filters, inputs] are both -128: else their products' sum needs 17 bits.

    TFLite's quantisation specification keeps weights within -127 to 127 anyway.
    """
    least = np.asarray(weights) == -128
    count = least.shape[1] // 2 * 2
    return not bool((least[:, 0:count:2] & least[:, 1:count:2]).any())


def interleave_weights(weights: Array) -> NDArray[np.int8]:
    """Interleave int8 weights [filters, inputs] for blocks of four output channels, as dot_rv32.h says.

    Returns:
        int8 [filters / 4, inputs, 4], both rounded up to a multiple of 4, with zeros.
    """
    filters, inputs = weights.shape
    full = np.zeros((round_up(filters, CHANNELS), round_up(inputs, 4)), dtype=np.int8)
    full[:filters, :inputs] = weights
    return np.ascontiguousarray(full.reshape(-1, CHANNELS, full.shape[1]).transpose(0, 2, 1))
