"""What operators become: calls of kernels whose parameters are constants, by layers. Addresses come later (memory/)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.ir.graph import Operator


@dataclass(frozen=True)
class Records:
    """A constant array of C structs of int32 fields: the struct's name, how one is written, and the fields by row."""

    type: str
    format: str
    rows: NDArray[np.int32]


@dataclass(frozen=True)
class Struct:
    """A constant C struct that a field points to: its name and its fields."""

    type: str
    fields: Mapping[str, "Field"]


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


Field = int | str | None | Sequence[int] | NDArray[np.generic] | Records | Struct | Mapping[str, "Field"]
"""A constant; a string names a function of `firmware/kernels`."""


@dataclass(frozen=True)
class Call:
    """One call of a kernel in `firmware/kernels/include/kernels.h`.

    Args:
        kernel: its name; the C function is `tdf_<kernel>`.
        parameters: its parameter struct, field by field; arrays become constants of their own.
        inputs: tensors read, by id, in the order of the function's arguments; None for one that may be NULL and is.
        output: the tensor written.
        scratch_bytes: memory the kernel needs while it runs; None if it takes no scratch argument.
        in_place: positions in `inputs` of tensors that the output may lie upon, byte for byte.
        overlap: whether the output may overlap the first input.
        struct: the parameter struct's name, where it is not `<kernel>_parameters`; the C type is `tdf_<struct>`.
    """

    kernel: str
    parameters: Mapping[str, Field]
    inputs: tuple[int | None, ...]
    output: int
    scratch_bytes: int | None = None
    in_place: tuple[int, ...] = ()
    overlap: Overlap | None = None
    struct: str = ""

    @property
    def tensors(self) -> tuple[int, ...]:
        """The inputs that there are."""
        return tuple(tensor_id for tensor_id in self.inputs if tensor_id is not None)

    @property
    def overlaps(self) -> Mapping[int, Overlap]:
        """Positions in `inputs` of tensors that the output may overlap."""
        return {} if self.overlap is None else {0: self.overlap}

    @property
    def parts(self) -> tuple["Call", ...]:
        """The calls of kernels that this one stands for."""
        return (self,)

    @property
    def parameter_type(self) -> str:
        """The name of the parameters' struct."""
        return self.struct or f"{self.kernel}_parameters"


@dataclass(frozen=True)
class Layer:
    """One operator of the model as kernel calls; or several, joined into one, of which the first names the layer."""

    operator: Operator
    calls: tuple[Call, ...]
    macs: int = 0
    joined: tuple[Operator, ...] = ()

    @property
    def operators(self) -> tuple[Operator, ...]:
        """All operators that the layer stands for."""
        return self.joined or (self.operator,)
