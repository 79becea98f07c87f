# SPDX-License-Identifier: Apache-2.0
"""The codes, slots and defaults that the reader knows are those of the schema from which TFLite and TFLM are made."""

import importlib
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import flatbuffers
import numpy as np
import pytest

from tinydf.compiler.frontend import schema
from tinydf.compiler.frontend.tflite import read_model
from tinydf.errors import TinydfError

GENERATED = ("ai_edge_litert.schema_py_generated", "tflite_micro.tensorflow.lite.micro.python.schema_py_generated")

# Options that several operators share, or that are not called as their operator.
TABLES = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
}
# Fields whose names are longer in the schema.
FIELDS = {
    "activation": "fusedActivationFunction",
    "dilation_w": "dilationWFactor",
    "dilation_h": "dilationHFactor",
}


@pytest.fixture(params=GENERATED)
def generated(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(request.param)


def codes(enumeration: type) -> dict[str, int]:
    return {name: value for name, value in vars(enumeration).items() if isinstance(value, int)}


def attribute(field: str) -> str:
    """A field's name in the generated classes."""
    first, *others = field.split("_")
    return FIELDS.get(field, first + "".join(map(str.capitalize, others)))


def test_operators_have_their_codes(generated: ModuleType) -> None:
    known = {name: code for code, name in enumerate(schema.OPERATORS)}
    assert len(known) == len(schema.OPERATORS)
    assert known == {name: code for name, code in codes(generated.BuiltinOperator).items() if name in known}
    assert tuple(sorted(known, key=codes(generated.BuiltinOperator).__getitem__)) == schema.OPERATORS


def test_types_have_their_codes(generated: ModuleType) -> None:
    named = {code: name.lower() for name, code in codes(generated.TensorType).items()}
    assert {code: named[code] for code in schema.DTYPES} == schema.DTYPES
    assert set(schema.NUMPY_DTYPES) <= set(schema.DTYPES.values())
    for name, layout in schema.NUMPY_DTYPES.items():
        assert np.dtype(layout) == np.dtype(name)


def test_padding_and_activations_have_their_codes(generated: ModuleType) -> None:
    assert generated.Padding.SAME == schema.PADDING_SAME
    activations = codes(generated.ActivationFunctionType)
    assert {name: code for code, name in enumerate(schema.ACTIVATIONS)}.items() <= activations.items()


@pytest.mark.parametrize("operator", schema.OPTIONS)
def test_options_are_their_operators(operator: str, generated: ModuleType) -> None:
    table = options_table(operator, generated)
    expected = TABLES.get(operator, operator.replace("_", "").lower() + "options")
    assert table.lower() == expected.lower()
    assert schema.OPERATORS.index(operator) == codes(generated.BuiltinOperator)[operator]


@pytest.mark.parametrize("operator", schema.OPTIONS)
def test_options_are_read_as_they_were_written(operator: str, generated: ModuleType) -> None:
    """One field after another, so that neither its slot nor its width can be another's."""
    fields = schema.OPTIONS[operator].fields
    table = getattr(generated, f"{options_table(operator, generated)}T")
    defaults = {name: getattr(table(), attribute(name)) for name in fields}
    assert {name: field.default for name, field in fields.items()} == defaults
    assert options_read(generated, operator, {}) == defaults
    for name, field in fields.items():
        value = {"i": -0x1234567, "b": 1, "?": not field.default, "f": 0.375}[field.format]
        assert options_read(generated, operator, {name: value}) == defaults | {name: value}


def test_every_other_field_is_read_as_it_was_written(generated: ModuleType) -> None:
    given, constant, result = (tensor(generated, f"tensor {k}", k) for k in range(3))
    given.type, given.shape = generated.TensorType.INT16, [1, 2, 3]
    constant.type, constant.buffer, constant.shape = generated.TensorType.INT32, 1, [2, 1]
    result.quantization.scale, result.quantization.zeroPoint = [0.5, 0.25], [7, 8]
    result.quantization.quantizedDimension, result.shape = 1, [1, 2]
    graph = read_model(model(generated, [given, constant, result], operator_of(generated, "ABS", [0, -1, 1], [2])))
    assert graph.inputs == (0,) and graph.outputs == (2,)
    (one,) = graph.operators
    assert (one.kind, one.inputs, one.outputs) == ("ABS", (0, None, 1), (2,))
    assert [each.name for each in graph.tensors] == ["tensor 0", "tensor 1", "tensor 2"]
    assert [each.dtype for each in graph.tensors] == ["int16", "int32", "int8"]
    assert [each.shape for each in graph.tensors] == [(1, 2, 3), (2, 1), (1, 2)]
    assert graph.tensors[1].data is not None and graph.tensors[1].data.tolist() == [[1], [2]]
    first, _, last = (each.quantisation for each in graph.tensors)
    assert first is not None and (first.scales, first.zero_points) == ((0.5,), (0,))
    assert last is not None and (last.scales, last.zero_points, last.dimension) == ((0.5, 0.25), (7, 8), 1)


def test_a_custom_operator_has_its_name(generated: ModuleType) -> None:
    code, operator = operator_of(generated, "CUSTOM", [0], [1])
    code.customCode = "our own"
    tensors = [tensor(generated, "x", 0), tensor(generated, "y", 0)]
    (one,) = read_model(model(generated, tensors, (code, operator))).operators
    assert one.kind == "CUSTOM 'our own'"


@pytest.mark.parametrize("field", ["offset", "size"])
def test_a_buffer_outside_the_file_is_found(field: str, generated: ModuleType) -> None:
    outside = generated.BufferT()
    setattr(outside, field, 2)
    tensors = [tensor(generated, "x", 0), tensor(generated, "y", 0)]
    with pytest.raises(TinydfError, match="buffer 2 lies outside the flatbuffer"):
        read_model(model(generated, tensors, operator_of(generated, "ABS", [0], [1]), [outside]))


def options_table(operator: str, generated: ModuleType) -> str:
    """The options table whose code an operator's options have."""
    (name,) = (
        name for name, code in codes(generated.BuiltinOptions).items() if code == schema.OPTIONS[operator].union_type
    )
    return name


def options_read(generated: ModuleType, operator: str, values: Mapping[str, object]) -> Mapping[str, object]:
    """What the reader finds of the options with which the generated classes wrote a model."""
    code, one = operator_of(generated, operator, [0], [1])
    one.builtinOptionsType = schema.OPTIONS[operator].union_type
    one.builtinOptions = getattr(generated, f"{options_table(operator, generated)}T")()
    for name, value in values.items():
        setattr(one.builtinOptions, attribute(name), value)
    tensors = [tensor(generated, "x", 0), tensor(generated, "y", 0)]
    return read_model(model(generated, tensors, (code, one))).operators[0].options


def tensor(generated: ModuleType, name: str, zero_point: int) -> Any:
    one = generated.TensorT()
    one.name, one.type, one.shape, one.buffer = name, generated.TensorType.INT8, [1], 0
    one.quantization = generated.QuantizationParametersT()
    one.quantization.scale, one.quantization.zeroPoint = [0.5], [zero_point]
    return one


def operator_of(generated: ModuleType, kind: str, inputs: list[int], outputs: list[int]) -> tuple[Any, Any]:
    code, one = generated.OperatorCodeT(), generated.OperatorT()
    code.builtinCode = codes(generated.BuiltinOperator)[kind]
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    one.opcodeIndex, one.inputs, one.outputs = 0, inputs, outputs
    return code, one


def model(
    generated: ModuleType, tensors: list[Any], operator: tuple[Any, Any], buffers: Sequence[object] = ()
) -> bytes:
    """A model of one operator, from the first tensor to the last, with a constant in buffer 1."""
    code, one = operator
    graph, whole = generated.SubGraphT(), generated.ModelT()
    graph.tensors, graph.operators = tensors, [one]
    graph.inputs, graph.outputs = [0], [len(tensors) - 1]
    whole.version, whole.operatorCodes, whole.subgraphs = 3, [code], [graph]
    whole.buffers = [generated.BufferT(), generated.BufferT(), *buffers]
    whole.buffers[1].data = np.array([1, 2], "<i4").view(np.uint8)
    builder = flatbuffers.Builder(1024)
    builder.Finish(whole.Pack(builder), b"TFL3")
    return bytes(builder.Output())
