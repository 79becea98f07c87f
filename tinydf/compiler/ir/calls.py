# SPDX-License-Identifier: Apache-2.0
"""What operators become: calls of kernels whose parameters are constants, by layers. Addresses come later (memory/)."""

from collections.abc import Mapping
from dataclasses import dataclass

from tinydf.compiler.ir.graph import Operator
from tinydf.compiler.ir.kernel import Kernel
from tinydf.compiler.ir.overlap import Overlap
from tinydf.compiler.ir.records import Record


@dataclass(frozen=True)
class Call:
    """One call of a kernel.

    Args:
        kernel: the kernel.
        parameters: its parameter struct; arrays become constants of their own.
        inputs: tensors read, by id, in the order of the function's arguments; None for one that may be NULL and is.
        output: the tensor written.
        scratch_bytes: memory the kernel needs while it runs; None if it takes no scratch argument.
        in_place: positions in `inputs` of tensors that the output may lie upon, byte for byte.
        overlap: how far the output may overlap the first input; None if it may not.
    """

    kernel: Kernel
    parameters: Record
    inputs: tuple[int | None, ...]
    output: int
    scratch_bytes: int | None = None
    in_place: tuple[int, ...] = ()
    overlap: Overlap | None = None

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
