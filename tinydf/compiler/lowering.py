"""From operators to kernel calls: the registry, and what a lowering gives back.

Each file under `operators/` lowers a family of operators. A lowering reads the graph and gives kernel calls whose
parameters are constants; it never sees addresses, which the memory plan adds later.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.graph import Graph, Operator, Quantisation, Tensor
from tinydf.compiler.schema import ACTIVATIONS
from tinydf.errors import TinydfError


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
class Slide:
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
    """One call of a kernel in `firmware/kernels/kernels.h`.

    Args:
        kernel: its name; the C function is `tdf_<kernel>`.
        parameters: its parameter struct, field by field; arrays become constants of their own.
        inputs: tensors read, in the order of the function's arguments; None for one that may be NULL and is.
        output: tensor written.
        scratch_bytes: memory the kernel needs while it runs; None if it takes no scratch argument.
        in_place: places in `inputs` of tensors that the output may lie upon, byte for byte.
        slide: whether the output may slide over the first input.
        struct: the parameter struct's name, where it is not `<kernel>_parameters`; the C type is `tdf_<struct>`.
    """

    kernel: str
    parameters: Mapping[str, Field]
    inputs: tuple[int | None, ...]
    output: int
    scratch_bytes: int | None = None
    in_place: tuple[int, ...] = ()
    slide: Slide | None = None
    struct: str = ""

    @property
    def tensors(self) -> tuple[int, ...]:
        """The inputs that there are."""
        return tuple(place for place in self.inputs if place is not None)

    @property
    def slides(self) -> Mapping[int, Slide]:
        """Places in `inputs` of tensors that the output may slide over."""
        return {} if self.slide is None else {0: self.slide}

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


@dataclass(frozen=True)
class Context:
    """What a lowering works from."""

    graph: Graph
    operator: Operator

    def tensor(self, place: int | None) -> Tensor:
        """A tensor of the graph."""
        if place is None:
            raise self.operator.error("an input is missing")
        return self.graph.tensors[place]

    def input_place(self, position: int) -> int:
        """Place of the operator's input."""
        if position >= len(self.operator.inputs):
            raise self.operator.error(f"it has {len(self.operator.inputs)} inputs, expected more")
        place = self.operator.inputs[position]
        if place is None:
            raise self.operator.error("an input is missing")
        return place

    def input(self, position: int) -> Tensor:
        """The operator's input."""
        return self.tensor(self.input_place(position))

    @property
    def output_place(self) -> int:
        """Place of the operator's first output."""
        if not self.operator.outputs:
            raise self.operator.error("it has no output")
        return self.operator.outputs[0]

    @property
    def output(self) -> Tensor:
        """The operator's first output."""
        return self.tensor(self.output_place)

    def option(self, name: str) -> int:
        """An integer option."""
        return int(self.operator.options[name])

    def quantised(self, tensor: Tensor) -> Quantisation:
        """The scale and zero point of an int8 tensor that has one of each."""
        if tensor.dtype != "int8" or tensor.quantisation is None:
            raise self.operator.error(f"{tensor.name} is {tensor.dtype}, expected quantised int8")
        if tensor.quantisation.per_channel:
            raise self.operator.error(f"{tensor.name} has several scales, expected one")
        if not -128 <= tensor.quantisation.zero_point <= 127:
            raise self.operator.error(f"{tensor.name} has zero point {tensor.quantisation.zero_point}")
        return tensor.quantisation

    def constant(self, position: int) -> NDArray[np.generic]:
        """The data of an input that must be constant."""
        tensor = self.input(position)
        if tensor.data is None:
            raise self.operator.error(f"input {position} ({tensor.name}) must be constant")
        return tensor.data

    def integers(self, position: int) -> list[int]:
        """The values of a constant int32 or int64 input, flattened."""
        data = self.constant(position)
        if data.dtype not in (np.dtype("<i4"), np.dtype("<i8")):
            raise self.operator.error(f"input {position} is {data.dtype}, expected integers")
        return [int(value) for value in data.reshape(-1)]

    def activation_range(self, tensor: Tensor) -> tuple[int, int]:
        """Lowest and highest int8 that the fused activation lets through."""
        quantisation = self.quantised(tensor)
        code = self.option("activation")
        name = ACTIVATIONS[code] if 0 <= code < len(ACTIVATIONS) else f"code {code}"
        if name == "NONE":
            return -128, 127
        bounds = {"RELU": (0.0, None), "RELU_N1_TO_1": (-1.0, 1.0), "RELU6": (0.0, 6.0)}.get(name)
        if bounds is None:
            raise self.operator.error(f"the fused activation {name} is not supported")
        low = max(-128, quantised_value(bounds[0], quantisation))
        high = 127 if bounds[1] is None else min(127, quantised_value(bounds[1], quantisation))
        if low > high:
            raise self.operator.error("the fused activation leaves no value")
        return low, high


def quantised_value(real: float, quantisation: Quantisation) -> int:
    """`real` on a tensor's int scale, rounded in float32 as TFLM does."""
    steps = np.float32(real) / np.float32(quantisation.scale)
    return quantisation.zero_point + int(np.copysign(np.floor(np.abs(steps) + np.float32(0.5)), steps))


Lowering = Callable[[Context], Layer]
LOWERINGS: dict[str, Lowering] = {}


def lowers(*kinds: str) -> Callable[[Lowering], Lowering]:
    """Register a lowering for operators."""

    def register(lowering: Lowering) -> Lowering:
        for kind in kinds:
            LOWERINGS[kind] = lowering
        return lowering

    return register


def lower(graph: Graph) -> list[Layer]:
    """Lower every operator of a graph, each of which has a lowering.

    Raises:
        TinydfError: naming every operator whose use is not supported, and why.
    """
    layers, refusals = [], []
    for operator in graph.operators:
        try:
            layers.append(_lowered(Context(graph, operator)))
        except TinydfError as error:
            refusals.append(error)
    if refusals:
        raise TinydfError("; ".join(error.what for error in refusals), refusals[0].hint)
    return layers


def _lowered(context: Context) -> Layer:
    layer = LOWERINGS[context.operator.kind](context)
    for place in {place for call in layer.calls for place in (*call.tensors, call.output)}:
        tensor = context.graph.tensors[place]
        if tensor.dtype != "int8":
            raise context.operator.error(f"{tensor.name} is {tensor.dtype}, expected int8")
    return layer
