# SPDX-License-Identifier: Apache-2.0
"""How weights lie in memory for the DSP extension."""

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.records import Array
from tinydf.compiler.targets.common import round_up


def pack_weights(weights: Array, channels: int) -> NDArray[np.int8]:
    """Pack int8 weights [filters, inputs] for blocks of 2 or 4 output channels, as dot_dsp.h and dense_dsp.c say.

    Args:
        weights: int8, the number of inputs a multiple of 4.
        channels: output channels of a block.

    Returns:
        int8 [filters / channels rounded up, inputs / 4, 4 * channels], zeros where there is no channel.
    """
    filters, inputs = weights.shape
    full = np.zeros((round_up(filters, channels), inputs), dtype=np.int8)
    full[:filters] = weights
    # [block, word of two channels, channel, group, k0..k3] -> [block, group, even or odd, word, k, channel]
    blocks = full.reshape(-1, channels // 2, 2, inputs // 4, 2, 2)
    return np.ascontiguousarray(blocks.transpose(0, 3, 5, 1, 4, 2)).reshape(len(blocks), -1, 4 * channels)


def pad_runs(weights: Array) -> Array:
    """Lengthen runs of inputs to a multiple of 4, as they are read (dot_dsp.h).

    Args:
        weights: int8 [filters, runs, inputs of a run].

    Returns:
        int8 [filters, runs, inputs rounded up to 4]; where the last four inputs of a run are read once more for the
        rest, the weights of those read before are 0.
    """
    filters, runs, length = weights.shape
    padded = np.zeros((filters, runs, round_up(length, 4)), dtype=np.int8)
    whole = length // 4 * 4
    padded[:, :, :whole] = weights[:, :, :whole]
    if whole < length:
        start = padded.shape[2] - (length - whole) if length > 4 else whole
        padded[:, :, start : start + length - whole] = weights[:, :, whole:]
    return padded
