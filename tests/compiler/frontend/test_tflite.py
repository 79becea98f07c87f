# SPDX-License-Identifier: Apache-2.0
"""The reader believes nothing: damaged, cut and absurd models give one clear error."""

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from tests.compiler.cases import CASES
from tests.compiler.models import ModelBuilder
from tinydf.compiler import compile_model
from tinydf.compiler.frontend.tflite import read_model
from tinydf.errors import TinydfError


def sample() -> bytes:
    return CASES["network"](np.random.default_rng(1))


def test_reads_what_was_written() -> None:
    graph = read_model(sample())
    kinds = [operator.kind for operator in graph.operators]
    assert kinds[0] == "CONV_2D"
    assert kinds[-1] == "FULLY_CONNECTED"
    assert graph.tensors[graph.inputs[0]].dtype == "int8"
    quantisation = graph.tensors[graph.inputs[0]].quantisation
    assert quantisation is not None
    assert quantisation.zero_point == -128
    assert quantisation.scale == float(np.float32(0.04))
    assert graph.operators[0].options["stride_w"] == 1


def test_every_cut_is_an_error() -> None:
    model = sample()
    lengths = range(0, len(model) - 16, 7)
    assert len(lengths) > 100
    for length in lengths:
        with pytest.raises(TinydfError, match="not a"):
            compile_model(model[:length])


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 64, b"\x08\0\0\0TFL3" + b"\xff" * 64])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(TinydfError, match="not a"):
        read_model(data)


def _dense(change: Callable[[ModelBuilder], None]) -> bytes:
    model = ModelBuilder()
    x = model.tensor((1, 4), 0.1, 0, name="x")
    w = model.tensor((2, 4), 0.1, 0, np.ones((2, 4), dtype=np.int8), name="w")
    y = model.tensor((1, 2), 0.1, 0, name="y")
    model.add("FULLY_CONNECTED", [x, w], [y], "FullyConnectedOptions")
    change(model)
    return model.finish([x], [y])


def _scale(value: float) -> Callable[[ModelBuilder], None]:
    def change(model: ModelBuilder) -> None:
        model.tensors[1].quantization.scale = np.array([value], dtype=np.float32)

    return change


def _set(place: int, name: str, value: object) -> Callable[[ModelBuilder], None]:
    def change(model: ModelBuilder) -> None:
        setattr(model.tensors[place], name, value)

    return change


def _rewire(name: str, value: int | list[int]) -> Callable[[ModelBuilder], None]:
    def change(model: ModelBuilder) -> None:
        setattr(model.operators[0], name, value)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_scale(0.0), "scale that is not a positive"),
        (_scale(-1.0), "scale that is not a positive"),
        (_scale(float("nan")), "scale that is not a positive"),
        (_scale(float("inf")), "scale that is not a positive"),
        (_set(0, "shape", [1, 0]), "has shape"),
        (_set(0, "shape", [1, -4]), "has shape"),
        (_set(0, "shape", [1 << 20, 1 << 20]), "elements"),
        (_set(0, "shape", [1] * 9), "has shape"),
        (_set(1, "shape", [2, 5]), "bytes of data"),
        (_set(0, "buffer", 99), "buffer 99"),
        (_set(0, "type", 99), "type 99"),
        (_rewire("inputs", [0, 77]), "tensor 77"),
        (_rewire("outputs", [-1]), "tensor -1"),
        (_rewire("inputs", [2, 1]), "nothing has written yet"),
        (_rewire("outputs", [0]), "has its value already"),
        (_rewire("opcodeIndex", 5), "code 5"),
        (_rewire("builtinOptionsType", schema.BuiltinOptions.Conv2DOptions), "another operator's options"),
    ],
)
def test_each_lie_has_its_error(change: Callable[[ModelBuilder], None], message: str) -> None:
    assert compile_model(_dense(lambda model: None)).arena_bytes > 0
    with pytest.raises(TinydfError, match=message):
        compile_model(_dense(change))


def test_weights_outside_the_flatbuffer_are_refused() -> None:
    def outside(model: ModelBuilder) -> None:
        model.buffers[1].offset, model.buffers[1].size = 4096, 8

    with pytest.raises(TinydfError, match="outside the flatbuffer"):
        read_model(_dense(outside))


def test_an_operator_with_state_is_named_as_unsupported() -> None:
    model = ModelBuilder()
    x, y, state = model.tensor((1, 4), 0.1), model.tensor((1, 4), 0.1), model.tensor((1, 4), 0.1)
    model.tensor((0,))  # as converters add beside an LSTM; nothing uses it
    model.add("UNIDIRECTIONAL_SEQUENCE_LSTM", [x, state], [y])
    with pytest.raises(TinydfError, match=r"unsupported operators \(index and name\): 0 UNIDIRECTIONAL_SEQUENCE_LSTM"):
        compile_model(model.finish([x], [y]))
