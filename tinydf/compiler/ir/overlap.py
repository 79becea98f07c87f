# SPDX-License-Identifier: Apache-2.0
"""How far a kernel's output may overlap its input."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Overlap:
    """How an output may lie upon the part of the first input that a kernel has done with.

    Args:
        forward: going from front to back, by how many bytes the output must at least start before the input.
        backward: going from back to front (the parameter `backward` is 1), by how many bytes it must at least start
            after the input; None if the kernel cannot.
    """

    forward: int
    backward: int | None = None
