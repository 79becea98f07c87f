# SPDX-License-Identifier: Apache-2.0
"""The arena that holds a model's tensors and scratch: how buffers are aligned in it."""

ALIGNMENT = 4


def align(size: int) -> int:
    """The next multiple of the alignment, in bytes."""
    return -(-size // ALIGNMENT) * ALIGNMENT
