# SPDX-License-Identifier: Apache-2.0
"""A kernel: one C function of `firmware/kernels`, and all that the compiler knows of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from tinydf.compiler.ir.fixed_point import Values
from tinydf.compiler.ir.records import Record


class Step(Enum):
    """What a kernel takes one after the other, by which it can be called for some rows of an image alone."""

    WINDOWS = auto()
    """Windows, by the parameter `window`."""
    PIXELS = auto()
    """Pixels, all channels of each."""
    VALUES = auto()
    """Values, without regard to pixels."""
    BROADCAST = auto()
    """The elements of two inputs, of which one may be repeated: by a `tdf_broadcast`."""


@dataclass(frozen=True)
class Walk:
    """How a kernel goes through an image.

    Args:
        step: what it takes one after the other.
        counted_by: the parameter that counts these, or that is the `tdf_broadcast`; "" where there is none.
    """

    step: Step
    counted_by: str = ""


WINDOWS = Walk(Step.WINDOWS)


@dataclass(frozen=True)
class Costs:
    """About how many instructions a kernel takes; only the proportions matter.

    Args:
        mac, output: of a multiply-accumulate, and besides of an output byte.
        run: of a call for one more stripe.
        moved: of a byte of output that moves to the start of its buffer.
        unpacked, channel: of a byte of input that is read again by another stripe; of a channel that is started again.
        pixels: worked on at once, even if fewer are left.
    """

    mac: float
    output: float
    run: float
    moved: float
    unpacked: float = 0
    channel: float = 0
    pixels: int = 1


@dataclass(frozen=True, eq=False)
class Kernel:
    """A C function.

    Args:
        name: the function is `tdf_<name>`.
        parameters: its parameter struct.
        walk: how it goes through an image; None if it cannot be called for some rows alone.
        costs: what it takes; None for what plain C takes on the target.
        function: of an element-wise kernel, what it makes of two int8: (parameters, values, values) -> values.
        header: the file that declares it.
    """

    name: str
    parameters: type[Record]
    walk: Walk | None = None
    costs: Costs | None = None
    function: Callable[[Any, Values, Values], Values] | None = None
    header: str = "kernels.h"

    @property
    def symbol(self) -> str:
        """The C function's name."""
        return f"tdf_{self.name}"
