# SPDX-License-Identifier: Apache-2.0
"""Builds small int8 .tflite models operator by operator, and runs them in TFLM's interpreter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tinydf.compiler import Plan

TYPES = {
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "float32": schema.TensorType.FLOAT32,
}


@dataclass
class ModelBuilder:
    """Collects tensors and operators; `finish` gives the file's bytes."""

    tensors: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    operators: list[Any] = field(default_factory=list)
    codes: list[Any] = field(default_factory=list)

    def tensor(
        self,
        shape: tuple[int, ...],
        scale: float | list[float] | None = None,
        zero_point: int | list[int] = 0,
        data: NDArray[Any] | None = None,
        dtype: str = "int8",
        dimension: int = 0,
        name: str = "",
    ) -> int:
        """Add a tensor and give its id."""
        tensor = schema.TensorT()
        tensor.shape = list(shape)
        tensor.type = TYPES[dtype]
        tensor.name = name or f"t{len(self.tensors)}"
        tensor.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), dtype=np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        if scale is not None:
            quantisation = schema.QuantizationParametersT()
            scales = scale if isinstance(scale, list) else [scale]
            zero_points = zero_point if isinstance(zero_point, list) else [zero_point] * len(scales)
            quantisation.scale = np.array(scales, dtype=np.float32)
            quantisation.zeroPoint = np.array(zero_points, dtype=np.int64)
            quantisation.quantizedDimension = dimension
            tensor.quantization = quantisation
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, values: int | list[int] | NDArray[Any], dtype: str = "int32") -> int:
        """Add a constant integer tensor."""
        array = np.array(values, dtype=dtype)
        return self.tensor(array.shape, data=array, dtype=dtype)

    def add(
        self,
        kind: str,
        inputs: list[int],
        outputs: list[int],
        options: str | None = None,
        version: int = 1,
        **fields: Any,
    ) -> None:
        """Add an operator; `options` is the options table's name, `fields` its fields."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = version
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.codes)
        self.codes.append(code)
        operator.inputs = inputs
        operator.outputs = outputs
        if options is not None:
            table = getattr(schema, f"{options}T")()
            for name, value in fields.items():
                setattr(table, name, value)
            operator.builtinOptions = table
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        self.operators.append(operator)

    def finish(self, inputs: list[int], outputs: list[int]) -> bytes:
        """The .tflite."""
        graph = schema.SubGraphT()
        graph.tensors = self.tensors
        graph.operators = self.operators
        graph.inputs = inputs
        graph.outputs = outputs
        model = schema.ModelT()
        model.version = 3
        model.operatorCodes = self.codes
        model.subgraphs = [graph]
        model.buffers = self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def golden(model: bytes, inputs: NDArray[np.int8], plan: Plan | None = None) -> NDArray[np.int8]:
    """What TFLM's interpreter gives for a batch, int8 [N, ...].

    Where the model's edges are float, `plan` tells the scales: inputs are given as the numbers that they stand for, and
    outputs are brought back to int8.
    """
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=8 << 20)
    is_float = [
        details["dtype"] == np.float32
        for details in (interpreter.get_input_details(0), interpreter.get_output_details(0))
    ]
    outputs = []
    for one in inputs:
        given = one.reshape(interpreter.get_input_details(0)["shape"])
        if is_float[0]:
            assert plan is not None
            given = ((given.astype(np.float32) - plan.input.zero_point) * np.float32(plan.input.scale)).astype(
                np.float32
            )
        interpreter.set_input(given, 0)
        interpreter.invoke()
        result = np.array(interpreter.get_output(0))
        if is_float[1]:
            assert plan is not None
            result = np.rint(result / np.float32(plan.output.scale)) + plan.output.zero_point
        outputs.append(result.astype(np.int8))
    return np.stack(outputs)
