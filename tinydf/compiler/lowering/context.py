# SPDX-License-Identifier: Apache-2.0
"""From operators to kernel calls: what a lowering works from, and the registry of lowerings.

Each file beside this one lowers a family of operators. A lowering reads the graph and gives kernel calls whose
parameters are constants; it never sees addresses, which the memory plan adds later.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.frontend.schema import ACTIVATIONS
from tinydf.compiler.ir.calls import Layer
from tinydf.compiler.ir.graph import Graph, Operator, Quantisation, Tensor
from tinydf.errors import TinydfError


@dataclass(frozen=True)
class Context:
    """What a lowering works from."""

    graph: Graph
    operator: Operator

    def tensor(self, tensor_id: int | None) -> Tensor:
        """A tensor of the graph, by its id."""
        if tensor_id is None:
            raise self.operator.error("an input is missing")
        return self.graph.tensors[tensor_id]

    def input_id(self, position: int) -> int:
        """Id of the operator's input."""
        if position >= len(self.operator.inputs):
            raise self.operator.error(f"it has {len(self.operator.inputs)} inputs, expected more")
        tensor_id = self.operator.inputs[position]
        if tensor_id is None:
            raise self.operator.error("an input is missing")
        return tensor_id

    def input(self, position: int) -> Tensor:
        """The operator's input."""
        return self.tensor(self.input_id(position))

    @property
    def output_id(self) -> int:
        """Id of the operator's first output."""
        if not self.operator.outputs:
            raise self.operator.error("it has no output")
        return self.operator.outputs[0]

    @property
    def output(self) -> Tensor:
        """The operator's first output."""
        return self.tensor(self.output_id)

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


def check_supported(graph: Graph) -> None:
    """Refuse a model with operators that have no lowering, naming all of them at once.

    Raises:
        TinydfError: naming every unsupported operator by its index in the .tflite and its name.
    """
    unsupported = [operator for operator in graph.operators if operator.kind not in LOWERINGS]
    if unsupported:
        names = ", ".join(f"{operator.index} {operator.kind}" for operator in unsupported)
        raise TinydfError(
            f"unsupported operators (index and name): {names}", "replace them in the model, or build with --engine tflm"
        )


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
    for tensor_id in {tensor_id for call in layer.calls for tensor_id in (*call.tensors, call.output)}:
        tensor = context.graph.tensors[tensor_id]
        if tensor.dtype != "int8":
            raise context.operator.error(f"{tensor.name} is {tensor.dtype}, expected int8")
    return layer
