# SPDX-License-Identifier: Apache-2.0
"""Each pass alone: the graph before and after."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.compiler.models import ModelBuilder
from tinydf.compiler import compile_model, write_compiled
from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.host.check import first_difference
from tinydf.compiler.lowering.context import lower
from tinydf.compiler.passes.constants import fold_constants
from tinydf.compiler.passes.edges import strip_edges
from tinydf.compiler.passes.padding import fold_padding
from tinydf.compiler.passes.unused import remove_unused
from tinydf.compiler.passes.views import share_views
from tinydf.errors import TinydfError


def assert_equal(tflite: bytes, directory: Path) -> None:
    """Every layer gives TFLM's bytes."""
    compiled = compile_model(tflite)
    write_compiled(compiled, directory)
    assert first_difference(tflite, compiled.plan, directory) is None


def float_edged() -> bytes:
    model = ModelBuilder()
    source = model.tensor((1, 8), dtype="float32", name="in")
    x = model.tensor((1, 8), 0.1, 3)
    y = model.tensor((1, 8), 1 / 256, -128)
    result = model.tensor((1, 8), dtype="float32", name="out")
    model.add("QUANTIZE", [source], [x], "QuantizeOptions")
    model.add("LOGISTIC", [x], [y])
    model.add("DEQUANTIZE", [y], [result], "DequantizeOptions")
    return model.finish([source], [result])


def test_float_edges_are_taken_off() -> None:
    graph = strip_edges(read_model(float_edged()))
    assert [operator.kind for operator in graph.operators] == ["LOGISTIC"]
    assert [graph.tensors[k].dtype for k in (*graph.inputs, *graph.outputs)] == ["int8", "int8"]
    assert compile_model(float_edged()).plan.layers[0].operator == "LOGISTIC"


def test_edges_without_an_operand_are_refused() -> None:
    for missing in ("inputs", "outputs"):
        model = ModelBuilder()
        x, y = model.tensor((1, 8), 0.1), model.tensor((1, 8), dtype="float32")
        z = model.tensor((1, 8), dtype="float32")
        model.add("DEQUANTIZE", [x], [y])
        model.add("QUANTIZE", [z], [model.tensor((1, 8), 0.1)])
        setattr(model.operators[0 if missing == "inputs" else 1], missing, [])
        with pytest.raises(TinydfError):
            compile_model(model.finish([z, x], [y]))


def test_reshapes_become_names() -> None:
    model = ModelBuilder()
    x, middle = model.tensor((1, 4, 4, 2), 0.1, 3), model.tensor((1, 32), 0.1, 3)
    y = model.tensor((1, 32), 1 / 256, -128)
    model.add("RESHAPE", [x, model.constant([1, 32])], [middle], "ReshapeOptions", newShape=[1, 32])
    model.add("LOGISTIC", [middle], [y])
    graph = share_views(read_model(model.finish([x], [y])))
    assert [operator.kind for operator in graph.operators] == ["LOGISTIC"]
    assert graph.root(middle) == x


def test_reshape_that_changes_the_count_is_refused() -> None:
    model = ModelBuilder()
    x, y = model.tensor((1, 32), 0.1), model.tensor((1, 31), 0.1)
    model.add("RESHAPE", [x], [y], "ReshapeOptions")
    with pytest.raises(
        TinydfError, match=r"operator 0 \(RESHAPE\): its input is int8 \[1, 32\], its output int8 \[1, 31\]"
    ):
        compile_model(model.finish([x], [y]))


def test_unread_operators_go() -> None:
    model = ModelBuilder()
    x, y, z = (model.tensor((1, 8), 1 / 256, -128) for _ in range(3))
    model.add("LOGISTIC", [x], [y])
    model.add("LOGISTIC", [x], [z])
    graph = remove_unused(read_model(model.finish([x], [y])))
    assert [operator.index for operator in graph.operators] == [0]


def test_all_unsupported_operators_are_named_at_once() -> None:
    model = ModelBuilder()
    x, a, b, y = (model.tensor((1, 8), 0.1) for _ in range(4))
    model.add("COS", [x], [a])
    model.add("RELU", [a], [b])
    model.add("SIN", [b], [y])
    with pytest.raises(TinydfError, match=r"index and name\): 0 COS, 2 SIN"):
        compile_model(model.finish([x], [y]))


def test_unsupported_uses_are_named_at_once_too() -> None:
    model = ModelBuilder()
    x, a, y = model.tensor((1, 8), 0.1), model.tensor((1, 7), 0.1), model.tensor((1, 9), 0.1)
    model.add("SOFTMAX", [x], [a], "SoftmaxOptions", beta=1.0)
    model.add("RELU", [a], [y])
    with pytest.raises(TinydfError, match=r"operator 0 \(SOFTMAX\).*; operator 1 \(RELU\)"):
        compile_model(model.finish([x], [y]))


def test_shape_arithmetic_is_folded() -> None:
    """[1, 4, 6, 2] is taken apart and multiplied to the shape [1, 24, 2] of a reshape, through axes and fills."""
    model = ModelBuilder()
    x = model.tensor((1, 4, 6, 2), 0.1)
    places = [model.tensor(shape, dtype="int32") for shape in ((4,), (2,), (), (1,), (1,), (1,), (3,))]
    sizes, middle, product, widened, quotient, one, packed = places
    model.add("SHAPE", [x], [sizes], "ShapeOptions")
    model.add("SLICE", [sizes, model.constant([1]), model.constant([2])], [middle], "SliceOptions")
    model.add("REDUCE_PROD", [middle, model.constant([0])], [product], "ReducerOptions")
    model.add("EXPAND_DIMS", [product, model.constant([0])], [widened], "ExpandDimsOptions")
    model.add("FLOOR_DIV", [widened, model.constant([12])], [quotient], "FloorDivOptions")
    model.add("FILL", [model.constant([1]), model.constant(np.array(1))], [one], "FillOptions")
    model.add("CONCATENATION", [one, widened, quotient], [packed], "ConcatenationOptions", axis=0)
    flat, y = model.tensor((1, 24, 2), 0.1), model.tensor((1, 24, 2), 1 / 256, -128)
    model.add("RESHAPE", [x, packed], [flat], "ReshapeOptions")
    model.add("LOGISTIC", [flat], [y])
    graph = fold_constants(read_model(model.finish([x], [y])))
    assert [operator.kind for operator in graph.operators] == ["RESHAPE", "LOGISTIC"]
    shape = graph.tensors[packed].data
    assert shape is not None
    assert shape.tolist() == [1, 24, 2]


def test_float_models_are_refused() -> None:
    model = ModelBuilder()
    x, y = model.tensor((1, 8), dtype="float32"), model.tensor((1, 8), dtype="float32")
    model.add("LOGISTIC", [x], [y])
    with pytest.raises(TinydfError, match="input is float32, expected int8"):
        compile_model(model.finish([x], [y]))


def test_overflowing_sums_are_refused() -> None:
    model = ModelBuilder()
    x = model.tensor((1, 4), 0.1)
    w = model.tensor((1, 4), 0.1, 0, np.ones((1, 4), dtype=np.int8))
    b = model.tensor((1,), 0.01, 0, np.array([2**31 - 1], dtype=np.int32), "int32")
    y = model.tensor((1, 1), 0.1)
    model.add("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions")
    with pytest.raises(TinydfError, match="overflow 32 bits"):
        compile_model(model.finish([x], [y]))


def padded(value: int | None = None, sides: list[list[int]] | None = None) -> bytes:
    """A PAD of two rows above and one column on the right (or a PADV2 with `value`) before a 3x3 convolution."""
    model = ModelBuilder()
    pairs = np.array(sides or [[0, 0], [2, 0], [0, 1], [0, 0]])
    x = model.tensor((1, 6, 6, 2), 0.1, 3)
    image = model.tensor(tuple(n + int(p.sum()) for n, p in zip((1, 6, 6, 2), pairs, strict=True)), 0.1, 3)
    height, width, depth = 6 + int(pairs[1].sum()) - 2, 6 + int(pairs[2].sum()) - 2, 2 + int(pairs[3].sum())
    y = model.tensor((1, height, width, 4), 0.2, -5)
    weights = np.ones((4, 3, 3, depth), dtype=np.int8)
    w = model.tensor(weights.shape, 0.01, 0, weights)
    if value is None:
        model.add("PAD", [x, model.constant(pairs)], [image], "PadOptions")
    else:
        constant = model.tensor((1,), 0.1, 3, np.array([value], dtype=np.int8))
        model.add("PADV2", [x, model.constant(pairs), constant], [image], "PadV2Options")
    model.add("CONV_2D", [image, w, -1], [y], "Conv2DOptions", padding=1, strideH=1, strideW=1)
    return model.finish([x], [y])


@pytest.mark.parametrize("value", [None, 3])
def test_convolutions_pad_for_themselves(value: int | None) -> None:
    graph = fold_padding(read_model(padded(value)))
    assert [operator.kind for operator in graph.operators] == ["CONV_2D"]
    assert graph.operators[0].inputs[0] == graph.inputs[0]
    plan = compile_model(padded(value)).plan
    assert [layer.operator for layer in plan.layers] == ["CONV_2D"]
    assert plan.layers[0].inputs[0].shape == (1, 6, 6, 2)


@pytest.mark.parametrize(("value", "sides"), [(4, None), (None, [[0, 0], [1, 1], [1, 1], [0, 1]])])
def test_padding_with_another_value_or_of_channels_stays(value: int | None, sides: list[list[int]] | None) -> None:
    graph = fold_padding(read_model(padded(value, sides)))
    assert [operator.kind for operator in graph.operators] == ["PAD" if value is None else "PADV2", "CONV_2D"]


@pytest.mark.parametrize("operands", [0, 1])
def test_a_pad_without_its_operands_is_refused(operands: int) -> None:
    graph = read_model(padded())
    pad = graph.operators[0]
    broken = replace(graph, operators=(replace(pad, inputs=pad.inputs[:operands]), *graph.operators[1:]))
    assert fold_padding(broken) == broken
    with pytest.raises(TinydfError, match="PAD"):
        lower(broken)


def test_chains_of_numbers_become_one_table() -> None:
    model = ModelBuilder()
    x, y, z = (model.tensor((1, 4), 0.1, 3) for _ in range(3))
    five = model.tensor((), 0.1, 3, np.array([5], np.int8))
    model.add("ADD", [x, five], [y], "AddOptions", fusedActivationFunction=0)
    model.add("MUL", [five, y], [z], "MulOptions", fusedActivationFunction=0)
    assert [layer.operator for layer in compile_model(model.finish([x], [z])).plan.layers] == ["ADD+MUL"]
    assert [layer.operator for layer in compile_model(model.finish([x], [y])).plan.layers] == ["ADD"]


def test_a_function_of_one_tensor_is_one_table(tmp_path: Path) -> None:
    model = ModelBuilder()
    x, y, s, z, t, u = (model.tensor((1, 3, 3, 5), 1 / 256 if k == 2 else 0.1, -128 if k == 2 else k) for k in range(6))
    model.add("MUL", [x, x], [y], "MulOptions", fusedActivationFunction=0)
    model.add("LOGISTIC", [y], [s])
    model.add("MUL", [s, y], [z], "MulOptions", fusedActivationFunction=0)
    model.add("MAXIMUM", [z, x], [t])
    model.add("SUB", [t, s], [u], "SubOptions", fusedActivationFunction=0)
    first = "MUL+LOGISTIC+MUL"
    for output, kinds in ((z, first), (t, f"{first}+MAXIMUM"), (u, f"{first}+MAXIMUM+SUB")):
        tflite = model.finish([x], [output])
        plan = compile_model(tflite).plan
        assert [layer.operator for layer in plan.layers] == [kinds]
        assert_equal(tflite, tmp_path)


def test_a_table_that_others_read_too_stays(tmp_path: Path) -> None:
    model = ModelBuilder()
    x = model.tensor((1, 4), 0.1, 3)
    s, y, z = (model.tensor((1, size), 1 / 256, -128) for size in (4, 4, 8))
    model.add("LOGISTIC", [x], [s])
    model.add("MUL", [s, x], [y], "MulOptions", fusedActivationFunction=0)
    model.add("CONCATENATION", [s, y], [z], "ConcatenationOptions", axis=1)
    tflite = model.finish([x], [z])
    assert [layer.operator for layer in compile_model(tflite).plan.layers] == ["LOGISTIC", "MUL", "CONCATENATION"]
    assert_equal(tflite, tmp_path)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "taps"),
    [
        ((7, 1), (1, 9), (1, 1), (1, 1), (1, 1)),  # a kernel along an axis that is not there
        ((1, 1), (3, 3), (2, 2), (1, 1), (1, 1)),
        ((2, 3), (5, 5), (1, 1), (1, 1), (3, 5)),
        ((3, 3), (3, 3), (1, 1), (4, 2), (1, 3)),
        ((4, 4), (4, 4), (4, 4), (1, 1), (4, 4)),  # the whole image at once
        ((3, 2), (3, 2), (2, 2), (1, 2), (3, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_taps_that_never_meet_the_image_are_left_out(
    kind: str,
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    taps: tuple[int, int],
    tmp_path: Path,
) -> None:
    depth = 6
    model = ModelBuilder()
    x = model.tensor((1, *size, depth), 0.1, -7)
    filters, depthwise = (5, False) if kind == "CONV_2D" else (depth, True)
    shape = (1, *kernel, depth) if depthwise else (filters, *kernel, depth)
    w = model.tensor(shape, 0.01, 0, np.random.default_rng(0).integers(-127, 128, shape).astype(np.int8))
    y = model.tensor((1, *(-(-n // s) for n, s in zip(size, stride, strict=True)), filters), 0.2, -5)
    options = {"padding": 0, "strideH": stride[0], "strideW": stride[1]}
    options |= {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}
    table = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
    b = model.tensor((filters,), 0.001, 0, np.arange(filters, dtype=np.int32), "int32")
    model.add(kind, [x, w, b], [y], table, **options, **({"depthMultiplier": 1} if depthwise else {}))
    tflite = model.finish([x], [y])
    weights = next(iter(lower(read_model(tflite)))).calls[0].parameters.get("weights", np.ndarray)
    assert isinstance(weights, np.ndarray)
    assert weights.size == (1 if depthwise else filters) * taps[0] * taps[1] * depth
    assert_equal(tflite, tmp_path)
