# SPDX-License-Identifier: Apache-2.0
"""Random small models, one operator each: shapes, scales, zero points, paddings and constants drawn from a seed."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from tests.compiler.models import ModelBuilder
from tinydf.compiler import TARGETS, Compiled, compile_model

Rng = np.random.Generator
Case = Callable[[Rng], bytes]
CASES: dict[str, Case] = {}

ACTIVATIONS = (
    schema.ActivationFunctionType.NONE,
    schema.ActivationFunctionType.RELU,
    schema.ActivationFunctionType.RELU6,
    schema.ActivationFunctionType.RELU_N1_TO_1,
)


def case(function: Case) -> Case:
    """Register a case under its function's name."""
    CASES[function.__name__] = function
    return function


def scale(rng: Rng, low: float = 1e-3, high: float = 0.5) -> float:
    """A float32 scale, log-uniform."""
    return float(np.float32(math.exp(rng.uniform(math.log(low), math.log(high)))))


def zero_point(rng: Rng) -> int:
    """A zero point; the extremes are common in real models."""
    return int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))


def size(rng: Rng, low: int, high: int) -> int:
    """A size, ends included."""
    return int(rng.integers(low, high + 1))


def pick(rng: Rng, options: tuple[Any, ...]) -> Any:
    """One of several."""
    return options[int(rng.integers(len(options)))]


def weights(rng: Rng, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Weights; sometimes all at an extreme."""
    kind = rng.integers(6)
    if kind == 0:
        return np.full(shape, pick(rng, (-128, -127, 127)), dtype=np.int8)
    return rng.integers(-128 if kind == 1 else -127, 128, shape).astype(np.int8)


def padded_size(length: int, kernel: int, stride: int, dilation: int, same: bool) -> int:
    """Output size of a sliding window."""
    extent = (kernel - 1) * dilation + 1
    return -(-length // stride) if same else (length - extent) // stride + 1


def window(rng: Rng, largest_kernel: int = 5, dilations: bool = True) -> dict[str, Any]:
    """A random window with an image in which it fits."""
    kernel = (size(rng, 1, largest_kernel), size(rng, 1, largest_kernel))
    if rng.integers(2):
        kernel = (3, 3)
    stride = (size(rng, 1, 3), size(rng, 1, 3))
    dilation = (size(rng, 1, 2), size(rng, 1, 2)) if dilations and rng.integers(3) == 0 else (1, 1)
    same = bool(rng.integers(2))
    image = tuple((k - 1) * d + size(rng, 1, 9) for k, d in zip(kernel, dilation, strict=True))
    if same and rng.integers(4) == 0:
        image = (size(rng, 1, 5), size(rng, 1, 5))  # may be smaller than the kernel
    result = tuple(padded_size(image[k], kernel[k], stride[k], dilation[k], same) for k in range(2))
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "same": same, "image": image, "result": result}


def convolution_scales(rng: Rng, depth: int, filters: int) -> tuple[float, float | list[float], float]:
    """Scales of input, weights and output such that sums spread over the output's range; sometimes far off."""
    before = scale(rng)
    base = scale(rng, 1e-4, 0.1)
    per_channel = [float(np.float32(base * math.exp(rng.uniform(-2, 2)))) for _ in range(filters)]
    spread = before * base * 74 * 74 * math.sqrt(depth)
    after = float(np.float32(spread / 60 * math.exp(rng.uniform(-1.5, 1.5))))
    if rng.integers(8) == 0:
        after = float(np.float32(after * pick(rng, (1e-3, 0.02, 50.0, 1e4))))
    return before, (per_channel if rng.integers(3) else base), after


def _convolution(rng: Rng, filters: int, taps: int, weight: NDArray[np.int8], dimension: int) -> dict[str, Any]:
    before, weight_scale, after = convolution_scales(rng, taps, filters)
    spread = int(74 * 74 * math.sqrt(taps))
    bias = rng.integers(-spread, spread + 1, filters).astype(np.int32)
    return {"before": before, "weight_scale": weight_scale, "after": after, "bias": bias, "dimension": dimension}


def _build_convolution(
    rng: Rng,
    kind: str,
    source: tuple[int, ...],
    weight: NDArray[np.int8],
    target: tuple[int, ...],
    taps: int,
    dimension: int,
    options: str,
    pads: NDArray[np.int64] | None = None,
    **fields: Any,
) -> bytes:
    filters = weight.shape[dimension]
    p = _convolution(rng, filters, taps, weight, dimension)
    model = ModelBuilder()
    source_zero = zero_point(rng)
    x = image = model.tensor(source, p["before"], source_zero)
    if pads is not None:
        x = model.tensor(tuple(n + int(p.sum()) for n, p in zip(source, pads, strict=True)), p["before"], source_zero)
        model.add("PAD", [image, model.constant(pads)], [x], "PadOptions")
    if len(p["weight_scale"] if isinstance(p["weight_scale"], list) else [0]) == 1 and isinstance(
        p["weight_scale"], list
    ):
        p["weight_scale"] = p["weight_scale"][0]
    w = model.tensor(weight.shape, p["weight_scale"], 0, weight, dimension=dimension)
    scales = p["weight_scale"] if isinstance(p["weight_scale"], list) else [p["weight_scale"]]
    bias_scales = [float(np.float32(p["before"]) * np.float32(s)) for s in scales]
    b = model.tensor((filters,), bias_scales, 0, p["bias"], dtype="int32")
    y = model.tensor(target, p["after"], zero_point(rng))
    inputs = [x, w, b] if kind == "DEPTHWISE_CONV_2D" or rng.integers(5) else [x, w, -1]
    fields["fusedActivationFunction"] = pick(rng, ACTIVATIONS)
    model.add(kind, inputs, [y], options, **fields)
    return model.finish([image], [y])


def _window_fields(w: dict[str, Any]) -> dict[str, Any]:
    return {
        "padding": schema.Padding.SAME if w["same"] else schema.Padding.VALID,
        "strideH": w["stride"][0],
        "strideW": w["stride"][1],
        "dilationHFactor": w["dilation"][0],
        "dilationWFactor": w["dilation"][1],
    }


@case
def conv_2d(rng: Rng) -> bytes:
    """Any kernel, sometimes grouped."""
    w = window(rng)
    groups = pick(rng, (1, 1, 1, 2, 3))
    depth, filters = size(rng, 1, 9), groups * size(rng, 1, 6)
    weight = weights(rng, (filters, *w["kernel"], depth))
    return _build_convolution(
        rng,
        "CONV_2D",
        (1, *w["image"], depth * groups),
        weight,
        (1, *w["result"], filters),
        depth * math.prod(w["kernel"]),
        0,
        "Conv2DOptions",
        **_window_fields(w),
    )


@case
def grouped_pointwise(rng: Rng) -> bytes:
    """A 1x1 kernel whose channels come in groups, often of one."""
    groups, depth, per_group = size(rng, 2, 9), pick(rng, (1, 1, 2, 4, 8, 11)), size(rng, 1, 5)
    weight = weights(rng, (groups * per_group, 1, 1, depth))
    image, stride = (size(rng, 1, 7), size(rng, 1, 7)), size(rng, 1, 2)
    result = tuple(-(-edge // stride) for edge in image)
    fields = {"padding": 0, "strideH": stride, "strideW": stride, "dilationHFactor": 1, "dilationWFactor": 1}
    shape, output = (1, *image, groups * depth), (1, *result, groups * per_group)
    return _build_convolution(rng, "CONV_2D", shape, weight, output, depth, 0, "Conv2DOptions", None, **fields)


@case
def pointwise(rng: Rng) -> bytes:
    """A 1x1 kernel with stride 1."""
    image, depth, filters = (size(rng, 1, 7), size(rng, 1, 7)), size(rng, 1, 40), size(rng, 1, 20)
    weight = weights(rng, (filters, 1, 1, depth))
    fields = {"padding": pick(rng, (0, 1)), "strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    return _build_convolution(
        rng, "CONV_2D", (1, *image, depth), weight, (1, *image, filters), depth, 0, "Conv2DOptions", **fields
    )


@case
def depthwise_conv_2d(rng: Rng) -> bytes:
    """Any kernel and depth multiplier; often 3x3."""
    w = window(rng)
    depth, multiplier = size(rng, 1, 20), pick(rng, (1, 1, 1, 2, 3))
    weight = weights(rng, (1, *w["kernel"], depth * multiplier))
    return _build_convolution(
        rng,
        "DEPTHWISE_CONV_2D",
        (1, *w["image"], depth),
        weight,
        (1, *w["result"], depth * multiplier),
        math.prod(w["kernel"]),
        3,
        "DepthwiseConv2DOptions",
        depthMultiplier=multiplier,
        **_window_fields(w),
    )


@case
def padded_convolution(rng: Rng) -> bytes:
    """A PAD around an image, then a convolution without padding; often 3x3."""
    w, depth = window(rng), size(rng, 1, 9)
    pads = np.array([[0, 0], *([size(rng, 0, 3), size(rng, 0, 3)] for _ in range(2)), [0, 0]])
    depthwise = bool(rng.integers(2))
    filters = depth if depthwise else size(rng, 1, 6)
    weight = weights(rng, (1, *w["kernel"], depth) if depthwise else (filters, *w["kernel"], depth))
    padded = [n + int(p.sum()) for n, p in zip(w["image"], pads[1:3], strict=True)]
    if any((k - 1) * d >= n for k, d, n in zip(w["kernel"], w["dilation"], padded, strict=True)):
        return padded_convolution(rng)
    w["same"] = False
    result = [padded_size(padded[k], w["kernel"][k], w["stride"][k], w["dilation"][k], False) for k in range(2)]
    return _build_convolution(
        rng,
        "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
        (1, *w["image"], depth),
        weight,
        (1, *result, filters),
        math.prod(w["kernel"]) * (1 if depthwise else depth),
        3 if depthwise else 0,
        "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
        pads,
        **({"depthMultiplier": 1} if depthwise else {}),
        **_window_fields(w),
    )


@case
def fully_connected(rng: Rng) -> bytes:
    """One or several rows."""
    rows, depth, filters = pick(rng, (1, 1, 3)), size(rng, 1, 70), size(rng, 1, 20)
    weight = weights(rng, (filters, depth))
    source, target = ((1, depth), (1, filters)) if rows == 1 else ((1, rows, depth), (1, rows, filters))
    return _build_convolution(
        rng, "FULLY_CONNECTED", source, weight, target, depth, 0, "FullyConnectedOptions", keepNumDims=rows > 1
    )


@case
def fully_connected_offset(rng: Rng) -> bytes:
    """Old per-tensor models have weights with a zero point, which TFLM honours here and only here."""
    depth, filters = size(rng, 1, 70), size(rng, 1, 20)
    offset = pick(rng, (-20, -1, 1, 20))
    weight = rng.integers(-100, 101, (filters, depth)).astype(np.int8)
    before, weight_scale = scale(rng), scale(rng, 1e-4, 0.1)
    after = float(np.float32(before * weight_scale * 74 * 60 * math.sqrt(depth) / 60))
    model = ModelBuilder()
    x = model.tensor((1, depth), before, zero_point(rng))
    w = model.tensor(weight.shape, weight_scale, offset, weight)
    b = model.tensor((filters,), before * weight_scale, 0, rng.integers(-999, 999, filters).astype(np.int32), "int32")
    y = model.tensor((1, filters), after, zero_point(rng))
    fields = {"fusedActivationFunction": pick(rng, ACTIVATIONS)}
    model.add("FULLY_CONNECTED", [x, w, b], [y], "FullyConnectedOptions", **fields)
    return model.finish([x], [y])


@case
def views(rng: Rng) -> bytes:
    """A table between operators that only rename bytes, also at both edges of the model."""
    rows, columns = size(rng, 1, 9), size(rng, 1, 9)
    model, x, s, z = _same_scale(rng, (1, rows, columns))
    image = model.tensor((1, rows, columns, 1), s, z)
    model.add("EXPAND_DIMS", [x, model.constant([3])], [image], "ExpandDimsOptions")
    result = model.tensor((1, rows, columns, 1), 1 / 256, -128)
    model.add("LOGISTIC", [image], [result])
    narrow = model.tensor((1, rows, columns), 1 / 256, -128)
    model.add("SQUEEZE", [result], [narrow], "SqueezeOptions", squeezeDims=[3])
    flat = model.tensor((1, rows * columns), 1 / 256, -128)
    model.add("RESHAPE", [narrow, model.constant([1, -1])], [flat], "ReshapeOptions", newShape=[1, -1])
    return model.finish([x], [flat])


def _pool(rng: Rng, kind: str) -> bytes:
    w = window(rng, dilations=False)
    depth = size(rng, 1, 9)
    s, z = scale(rng), zero_point(rng)
    model = ModelBuilder()
    x = model.tensor((1, *w["image"], depth), s, z)
    y = model.tensor((1, *w["result"], depth), s, z)
    fields = {k: v for k, v in _window_fields(w).items() if not k.startswith("dilation")}
    model.add(
        kind,
        [x],
        [y],
        "Pool2DOptions",
        filterHeight=w["kernel"][0],
        filterWidth=w["kernel"][1],
        fusedActivationFunction=pick(rng, ACTIVATIONS),
        **fields,
    )
    return model.finish([x], [y])


@case
def average_pool_2d(rng: Rng) -> bytes:
    """Mean of windows."""
    return _pool(rng, "AVERAGE_POOL_2D")


@case
def max_pool_2d(rng: Rng) -> bytes:
    """Largest of windows."""
    return _pool(rng, "MAX_POOL_2D")


def _reduce(rng: Rng, kind: str) -> bytes:
    shape = (1, size(rng, 1, 9), size(rng, 1, 9), size(rng, 1, 20))
    axes = pick(rng, ([1, 2], [2, 1], [-2, -3], [1], [2], [3], [1, 2, 3], [2, 3], [1, 3], [-1, 1]))
    keep = bool(rng.integers(2))
    gone = {a % 4 for a in axes}
    result = tuple(1 if k in gone else n for k, n in enumerate(shape) if keep or k not in gone)
    model = ModelBuilder()
    before = scale(rng)
    after = float(np.float32(before * math.exp(rng.uniform(-1, 3))))
    x = model.tensor(shape, before, zero_point(rng))
    axis = model.constant(axes)
    y = model.tensor(result, after, zero_point(rng))
    model.add(kind, [x, axis], [y], "ReducerOptions", keepDims=keep)
    return model.finish([x], [y])


@case
def mean(rng: Rng) -> bytes:
    """Mean over any axes."""
    return _reduce(rng, "MEAN")


@case
def sum_(rng: Rng) -> bytes:
    """Sum over any axes."""
    return _reduce(rng, "SUM")


def broadcast_shapes(rng: Rng) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast; often equal, or one per channel."""
    full = (1, size(rng, 1, 6), size(rng, 1, 6), size(rng, 1, 12))
    other = pick(rng, (full, full, (1, 1, 1, full[3]), (1, 1, 1, 1), (full[3],), (1, full[1], 1, full[3])))
    other = pick(rng, (other, other, (1, 1, full[2], 1), (1, full[1], full[2], 1)))
    return (full, other) if rng.integers(2) else (other, full)


def _binary(rng: Rng, kind: str, options: str | None, after: Callable[[float, float], float], one_scale: bool) -> bytes:
    first, second = broadcast_shapes(rng)
    result = tuple(np.broadcast_shapes(first, second))
    model = ModelBuilder()
    a, b = scale(rng), scale(rng)
    za, zb = zero_point(rng), zero_point(rng)
    if one_scale:
        a, za = b, zb
    c = a if one_scale else float(np.float32(after(a, b) * math.exp(rng.uniform(-1.5, 1.5))))
    source = max(first, second, key=lambda shape: (math.prod(shape), len(shape)))
    x = model.tensor(source, a, za)
    other_shape = second if source is first else first
    operands = [x]
    kinds = rng.integers(3)
    if kinds == 0 and other_shape == source:
        operands.append(x)
    else:
        data = rng.integers(-128, 128, other_shape).astype(np.int8)
        operands.append(model.tensor(other_shape, b, zb, data))
    if kind != "PRELU" and rng.integers(2):
        operands.reverse()
    y = model.tensor(result, c, za if one_scale else zero_point(rng))
    fields = {} if options is None or "Activ" in options else {"fusedActivationFunction": pick(rng, ACTIVATIONS)}
    model.add(kind, operands, [y], options, **fields)
    return model.finish([x], [y])


@case
def add(rng: Rng) -> bytes:
    """Sum of two tensors."""
    return _binary(rng, "ADD", "AddOptions", lambda a, b: max(a, b) * 1.4, False)


@case
def sub(rng: Rng) -> bytes:
    """Difference of two tensors."""
    return _binary(rng, "SUB", "SubOptions", lambda a, b: max(a, b) * 1.4, False)


@case
def mul(rng: Rng) -> bytes:
    """Product of two tensors; sometimes most products are beyond the output's range."""
    factor = pick(rng, (74.0, 74.0, 1.5, 0.004))
    return _binary(rng, "MUL", "MulOptions", lambda a, b: a * b * factor, False)


@case
def maximum(rng: Rng) -> bytes:
    """Larger of two tensors."""
    return _binary(rng, "MAXIMUM", None, lambda a, b: a, True)


@case
def minimum(rng: Rng) -> bytes:
    """Smaller of two tensors."""
    return _binary(rng, "MINIMUM", None, lambda a, b: a, True)


@case
def numbers(rng: Rng) -> bytes:
    """A tensor with a constant number, again and again; sometimes what lies between is wanted too."""
    shape = (1, size(rng, 1, 6), size(rng, 1, 6), size(rng, 1, 12))
    model = ModelBuilder()
    place = x = model.tensor(shape, scale(rng), zero_point(rng))
    made = []
    before = model.tensors[x].quantization
    for _ in range(size(rng, 1, 4)):
        kind = pick(rng, ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"))
        same = kind in ("MAXIMUM", "MINIMUM")
        own, other = float(before.scale[0]), float(before.scale[0]) if same else scale(rng)
        after = own if same else own * other * 74.0 if kind == "MUL" else max(own, other) * 1.4
        zero = int(before.zeroPoint[0]) if same else zero_point(rng)
        number_shape = pick(rng, ((), (1,), (1, 1, 1, 1)))
        number = model.tensor(number_shape, other, zero, rng.integers(-128, 128, number_shape or (1,)).astype(np.int8))
        y = model.tensor(shape, float(np.float32(after)), zero)
        options = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}.get(kind)
        fields = {} if options is None else {"fusedActivationFunction": pick(rng, ACTIVATIONS)}
        model.add(kind, pick(rng, ([place, number], [number, place])), [y], options, **fields)
        before, place = model.tensors[y].quantization, y
        made.append(y)
    if len(made) > 1 and rng.integers(3) == 0:
        z = model.tensor(shape, float(before.scale[0]), int(before.zeroPoint[0]))
        model.add("ADD", [made[0], place], [z], "AddOptions", fusedActivationFunction=0)
        place = z
    return model.finish([x], [place])


@case
def prelu(rng: Rng) -> bytes:
    """Slope per channel, or one for all."""
    depth = size(rng, 1, 9)
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), depth)
    slope_shape = pick(rng, ((depth,), (1, 1, depth), (1, 1, 1)))
    model = ModelBuilder()
    before = scale(rng)
    x = model.tensor(shape, before, zero_point(rng))
    slope = model.tensor(slope_shape, scale(rng), zero_point(rng), rng.integers(-128, 128, slope_shape).astype(np.int8))
    y = model.tensor(shape, float(np.float32(before * math.exp(rng.uniform(-1, 1)))), zero_point(rng))
    model.add("PRELU", [x, slope], [y])
    return model.finish([x], [y])


def _unary(rng: Rng, kind: str, after: tuple[float, int] | None, options: str | None = None, **fields: Any) -> bytes:
    shape = pick(rng, ((1, 256), (1, 8, 8, 4)))
    model = ModelBuilder()
    before = scale(rng, 1e-3, 0.3)
    x = model.tensor(shape, before, zero_point(rng))
    spread = float(np.float32(before * math.exp(rng.uniform(-0.5, 1))))
    y = model.tensor(shape, *(after or (spread, zero_point(rng))))
    model.add(kind, [x], [y], options, **fields)
    return model.finish([x], [y])


@case
def logistic(rng: Rng) -> bytes:
    """Sigmoid."""
    return _unary(rng, "LOGISTIC", (1 / 256, -128))


@case
def tanh(rng: Rng) -> bytes:
    """Hyperbolic tangent."""
    return _unary(rng, "TANH", (1 / 128, 0))


@case
def hard_swish(rng: Rng) -> bytes:
    """Hard swish."""
    return _unary(rng, "HARD_SWISH", None)


@case
def relu(rng: Rng) -> bytes:
    """Rectifier with a scale of its own."""
    return _unary(rng, "RELU", None)


@case
def relu6(rng: Rng) -> bytes:
    """Rectifier up to 6; input and output share a scale."""
    shape, s, z = (1, 256), scale(rng, 1e-2, 0.2), zero_point(rng)
    model = ModelBuilder()
    x, y = model.tensor(shape, s, z), model.tensor(shape, s, z)
    model.add("RELU6", [x], [y])
    return model.finish([x], [y])


@case
def leaky_relu(rng: Rng) -> bytes:
    """Slope below zero; sometimes negative."""
    return _unary(rng, "LEAKY_RELU", None, "LeakyReluOptions", alpha=float(rng.uniform(-0.5, 1.5)))


@case
def quantize(rng: Rng) -> bytes:
    """From one scale to another."""
    return _unary(rng, "QUANTIZE", None, "QuantizeOptions")


@case
def softmax(rng: Rng) -> bytes:
    """Over the last axis, with some temperature."""
    shape = pick(rng, ((1, 2), (1, 10), (1, 200), (1, 3, 3, 5)))
    model = ModelBuilder()
    x = model.tensor(shape, scale(rng, 1e-3, 0.7), zero_point(rng))
    y = model.tensor(shape, 1 / 256, -128)
    model.add("SOFTMAX", [x], [y], "SoftmaxOptions", beta=float(pick(rng, (1.0, 0.5, 2.0))))
    return model.finish([x], [y])


def _same_scale(rng: Rng, source: tuple[int, ...]) -> tuple[ModelBuilder, int, float, int]:
    model = ModelBuilder()
    s, z = scale(rng), zero_point(rng)
    return model, model.tensor(source, s, z), s, z


@case
def pad(rng: Rng) -> bytes:
    """Zeros (or, for PADV2, a constant) around any axis."""
    shape = (1, size(rng, 1, 6), size(rng, 1, 6), size(rng, 1, 6))
    model, x, s, z = _same_scale(rng, shape)
    pairs = np.array([[0, 0], *([size(rng, 0, 3), size(rng, 0, 3)] for _ in range(3))])
    result = tuple(n + int(p.sum()) for n, p in zip(shape, pairs, strict=True))
    paddings = model.constant(pairs)
    y = model.tensor(result, s, z)
    if rng.integers(2):
        value = model.tensor((1,), s, z, rng.integers(-128, 128, (1,)).astype(np.int8))
        model.add("PADV2", [x, paddings, value], [y], "PadV2Options")
    else:
        model.add("PAD", [x, paddings], [y], "PadOptions")
    return model.finish([x], [y])


@case
def transpose(rng: Rng) -> bytes:
    """Any order of up to five axes."""
    rank = size(rng, 2, 5)
    shape = (1, *(size(rng, 1, 5) for _ in range(min(rank, 4) - 1)))
    if rank == 5:
        inner = (1, shape[1], shape[2], size(rng, 1, 3), size(rng, 1, 3))
        model, x, s, z = _same_scale(rng, (1, shape[1], shape[2], inner[3] * inner[4]))
        middle = model.tensor(inner, s, z)
        model.add("RESHAPE", [x, model.constant(list(inner))], [middle], "ReshapeOptions", newShape=list(inner))
        order = [0, *(1 + rng.permutation(4)).tolist()]
        out = tuple(inner[k] for k in order)
        y = model.tensor(out, s, z)
        model.add("TRANSPOSE", [middle, model.constant(order)], [y], "TransposeOptions")
        flat = model.tensor((1, math.prod(out)), s, z)
        model.add("RESHAPE", [y, model.constant([1, -1])], [flat], "ReshapeOptions", newShape=[1, -1])
        return model.finish([x], [flat])
    model, x, s, z = _same_scale(rng, shape)
    order = rng.permutation(len(shape)).tolist()
    y = model.tensor(tuple(shape[k] for k in order), s, z)
    model.add("TRANSPOSE", [x, model.constant(order)], [y], "TransposeOptions")
    return model.finish([x], [y])


@case
def concatenation(rng: Rng) -> bytes:
    """The input with a constant and with itself, along any axis."""
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 5))
    axis = size(rng, 1, 3)
    model, x, s, z = _same_scale(rng, shape)
    other = tuple(size(rng, 1, 4) if k == axis else n for k, n in enumerate(shape))
    constant = model.tensor(other, s, z, rng.integers(-128, 128, other).astype(np.int8))
    operands = [x, constant, x][: size(rng, 2, 3)]
    total = sum((shape, other, shape)[k][axis] for k in range(len(operands)))
    y = model.tensor(tuple(total if k == axis else n for k, n in enumerate(shape)), s, z)
    model.add(
        "CONCATENATION",
        operands,
        [y],
        "ConcatenationOptions",
        axis=pick(rng, (axis, axis - 4)),
        fusedActivationFunction=0,
    )
    return model.finish([x], [y])


@case
def slice_(rng: Rng) -> bytes:
    """A box."""
    shape = (1, size(rng, 1, 6), size(rng, 1, 6), size(rng, 1, 6))
    model, x, s, z = _same_scale(rng, shape)
    begin = [int(rng.integers(n)) for n in shape]
    sizes = [int(rng.integers(1, n - b + 1)) for b, n in zip(begin, shape, strict=True)]
    y = model.tensor(tuple(sizes), s, z)
    wanted = [-1 if b + c == n and rng.integers(2) else c for b, c, n in zip(begin, sizes, shape, strict=True)]
    model.add("SLICE", [x, model.constant(begin), model.constant(wanted)], [y], "SliceOptions")
    return model.finish([x], [y])


@case
def split(rng: Rng) -> bytes:
    """Parts, joined again in another order."""
    parts, axis = size(rng, 2, 3), size(rng, 1, 3)
    shape = tuple(n * (parts if k == axis else 1) for k, n in enumerate((1, size(rng, 1, 4), size(rng, 1, 4), 3)))
    model, x, s, z = _same_scale(rng, shape)
    part = tuple(n // parts if k == axis else n for k, n in enumerate(shape))
    outs = [model.tensor(part, s, z) for _ in range(parts)]
    model.add("SPLIT", [model.constant([axis]), x], outs, "SplitOptions", numSplits=parts)
    y = model.tensor(shape, s, z)
    model.add("CONCATENATION", outs[::-1], [y], "ConcatenationOptions", axis=axis, fusedActivationFunction=0)
    return model.finish([x], [y])


@case
def gather(rng: Rng) -> bytes:
    """Constant indices along an axis."""
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 8))
    axis = size(rng, 1, 3)
    model, x, s, z = _same_scale(rng, shape)
    indices = rng.integers(0, shape[axis], size(rng, 1, 6)).tolist()
    y = model.tensor(tuple(len(indices) if k == axis else n for k, n in enumerate(shape)), s, z)
    model.add("GATHER", [x, model.constant(indices)], [y], "GatherOptions", axis=axis)
    return model.finish([x], [y])


@case
def strided_slice(rng: Rng) -> bytes:
    """Any begin, end and stride, also backwards, with masks; sometimes an axis is dropped."""
    shape = (1, size(rng, 2, 7), size(rng, 2, 7), size(rng, 2, 7))
    model, x, s, z = _same_scale(rng, shape)
    while True:
        begin = [int(rng.integers(-n, n)) for n in shape]
        end = [int(rng.integers(-n - 1, n + 1)) for n in shape]
        strides = [pick(rng, (1, 1, 2, 3, -1, -2)) for _ in shape]
        masks = [int(rng.integers(16)), int(rng.integers(16)), pick(rng, (0, 0, 1, 2, 4, 8))]
        strides = [1 if masks[2] & 1 << k else n for k, n in enumerate(strides)]
        result = []
        for k, n in enumerate(shape):
            first = None if masks[0] & 1 << k else begin[k]
            last = None if masks[1] & 1 << k else end[k]
            picked = range(*slice(first, last, strides[k]).indices(n))
            if not masks[2] & 1 << k:
                result.append(len(picked))
        if all(result):
            break
    y = model.tensor(tuple(result), s, z)
    indices = [model.constant(values) for values in (begin, end, strides)]
    model.add(
        "STRIDED_SLICE",
        [x, *indices],
        [y],
        "StridedSliceOptions",
        beginMask=masks[0],
        endMask=masks[1],
        shrinkAxisMask=masks[2],
    )
    return model.finish([x], [y])


@case
def split_v(rng: Rng) -> bytes:
    """Unequal parts, joined again in another order."""
    sizes = [size(rng, 1, 4) for _ in range(size(rng, 2, 3))]
    axis = size(rng, 1, 3)
    shape = tuple(sum(sizes) if k == axis else n for k, n in enumerate((1, size(rng, 1, 4), size(rng, 1, 4), 3)))
    model, x, s, z = _same_scale(rng, shape)
    outs = [model.tensor(tuple(n if k == axis else m for k, m in enumerate(shape)), s, z) for n in sizes]
    inputs = [x, model.constant(sizes), model.constant(axis)]
    model.add("SPLIT_V", inputs, outs, "SplitVOptions", numSplits=len(sizes))
    y = model.tensor(shape, s, z)
    model.add("CONCATENATION", outs[::-1], [y], "ConcatenationOptions", axis=axis, fusedActivationFunction=0)
    return model.finish([x], [y])


@case
def pack_and_unpack(rng: Rng) -> bytes:
    """Slices along an axis, laid side by side along another."""
    count, axis = size(rng, 2, 4), pick(rng, (1, 2))
    shape = tuple(count if k == axis else n for k, n in enumerate((1, size(rng, 1, 4), size(rng, 1, 4), 3)))
    model, x, s, z = _same_scale(rng, shape)
    part = tuple(n for k, n in enumerate(shape) if k != axis)
    outs = [model.tensor(part, s, z) for _ in range(count)]
    model.add("UNPACK", [x], outs, "UnpackOptions", num=count, axis=axis)
    other = pick(rng, (1, 2, 3, -1))
    place = other % 4
    y = model.tensor((*part[:place], count, *part[place:]), s, z)
    model.add("PACK", outs[::-1], [y], "PackOptions", valuesCount=count, axis=other)
    return model.finish([x], [y])


def _blocks(rng: Rng, to_depth: bool) -> bytes:
    block = size(rng, 2, 3)
    height, width, channels = size(rng, 1, 4), size(rng, 1, 4), size(rng, 1, 5)
    wide = (1, height * block, width * block, channels)
    deep = (1, height, width, channels * block * block)
    model, x, s, z = _same_scale(rng, wide if to_depth else deep)
    y = model.tensor(deep if to_depth else wide, s, z)
    kind, options = ("SPACE_TO_DEPTH", "SpaceToDepth") if to_depth else ("DEPTH_TO_SPACE", "DepthToSpace")
    model.add(kind, [x], [y], f"{options}Options", blockSize=block)
    return model.finish([x], [y])


@case
def space_to_depth(rng: Rng) -> bytes:
    """Blocks of pixels to channels."""
    return _blocks(rng, True)


@case
def depth_to_space(rng: Rng) -> bytes:
    """Channels to blocks of pixels."""
    return _blocks(rng, False)


@case
def gather_nd(rng: Rng) -> bytes:
    """Constant indices into the first axes."""
    shape = (1, size(rng, 1, 5), size(rng, 1, 5), size(rng, 1, 6))
    depth, rows = size(rng, 2, 4), size(rng, 1, 8)
    model, x, s, z = _same_scale(rng, shape)
    indices = np.stack([rng.integers(0, n, rows) for n in shape[:depth]], axis=1)[np.newaxis]
    y = model.tensor((1, rows, *shape[depth:]), s, z)
    model.add("GATHER_ND", [x, model.constant(indices)], [y], "GatherNdOptions")
    return model.finish([x], [y])


def _resize(rng: Rng, kind: str, options: str) -> bytes:
    shape = (1, size(rng, 1, 7), size(rng, 1, 7), size(rng, 1, 5))
    target = (size(rng, 1, 11), size(rng, 1, 11))
    model, x, s, z = _same_scale(rng, shape)
    y = model.tensor((1, *target, shape[3]), s, z)
    align, half = pick(rng, ((False, False), (True, False), (False, True)))
    model.add(
        kind, [x, model.constant(list(target))], [y], options, alignCorners=align, halfPixelCenters=half, version=3
    )
    return model.finish([x], [y])


@case
def resize_nearest_neighbor(rng: Rng) -> bytes:
    """Larger or smaller, by the nearest pixel."""
    return _resize(rng, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions")


@case
def resize_bilinear(rng: Rng) -> bytes:
    """Larger or smaller, by four pixels."""
    return _resize(rng, "RESIZE_BILINEAR", "ResizeBilinearOptions")


@case
def shape_arithmetic(rng: Rng) -> bytes:
    """A reshape to a shape that the model computes from its input's."""
    shape = (1, size(rng, 1, 6), size(rng, 1, 6), size(rng, 1, 6))
    model, x, s, z = _same_scale(rng, shape)
    sizes = model.tensor((4,), dtype="int32")
    batch = model.tensor((), dtype="int32")
    packed = model.tensor((2,), dtype="int32")
    model.add("SHAPE", [x], [sizes], "ShapeOptions", outType=schema.TensorType.INT32)
    model.add(
        "STRIDED_SLICE",
        [sizes, model.constant([0]), model.constant([1]), model.constant([1])],
        [batch],
        "StridedSliceOptions",
        shrinkAxisMask=1,
    )
    rest = model.constant(math.prod(shape))
    model.add("PACK", [batch, rest], [packed], "PackOptions", valuesCount=2)
    flat = model.tensor((1, math.prod(shape)), s, z)
    model.add("RESHAPE", [x, packed], [flat], "ReshapeOptions")
    y = model.tensor((1, math.prod(shape)), 1 / 256, -128)
    model.add("LOGISTIC", [flat], [y])
    return model.finish([x], [y])


@case
def network(rng: Rng) -> bytes:
    """A small residual network with squeeze and excitation, every buffer reused."""
    model = ModelBuilder()
    side, depth = size(rng, 3, 8), size(rng, 2, 8)
    shape = (1, side, side, depth)

    def convolve(x: int, x_scale: float, kind: str, filters: int, kernel: int, z: int, out: tuple[int, ...]) -> int:
        depthwise = kind == "DEPTHWISE_CONV_2D"
        weight = weights(rng, (1, kernel, kernel, filters) if depthwise else (filters, kernel, kernel, depth))
        axis = 3 if depthwise else 0
        w = model.tensor(weight.shape, [scale(rng, 2e-3, 8e-3) for _ in range(filters)], 0, weight, dimension=axis)
        if filters == 1:
            model.tensors[w].quantization.quantizedDimension = 0
        b = model.tensor((filters,), [1.0] * filters, 0, rng.integers(-999, 999, filters).astype(np.int32), "int32")
        y = model.tensor(out, 0.05, z)
        fields: dict[str, Any] = {"depthMultiplier": 1} if depthwise else {}
        model.add(
            kind,
            [x, w, b],
            [y],
            "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions",
            padding=schema.Padding.SAME,
            strideH=1,
            strideW=1,
            dilationHFactor=1,
            dilationWFactor=1,
            fusedActivationFunction=pick(rng, ACTIVATIONS[:3]),
            **fields,
        )
        return y

    x = model.tensor(shape, 0.04, -128)
    a = convolve(x, 0.04, "CONV_2D", depth, 1, -128, shape)
    d = convolve(a, 0.05, "DEPTHWISE_CONV_2D", depth, 3, 3, shape)
    pooled = model.tensor((1, 1, 1, depth), 0.03, 5)
    model.add("MEAN", [d, model.constant([1, 2])], [pooled], "ReducerOptions", keepDims=True)
    excited = convolve(pooled, 0.03, "CONV_2D", depth, 1, 0, (1, 1, 1, depth))
    gate = model.tensor((1, 1, 1, depth), 1 / 256, -128)
    model.add("LOGISTIC", [excited], [gate])
    gated = model.tensor(shape, 0.03, -7)
    model.add("MUL", [d, gate], [gated], "MulOptions", fusedActivationFunction=0)
    joined = model.tensor(shape, 0.06, -100)
    model.add("ADD", [a, gated], [joined], "AddOptions", fusedActivationFunction=0)
    flat = model.tensor((1, math.prod(shape)), 0.06, -100)
    model.add("RESHAPE", [joined, model.constant([1, -1])], [flat], "ReshapeOptions", newShape=[1, -1])
    weight = weights(rng, (2, math.prod(shape)))
    w = model.tensor(weight.shape, 0.004, 0, weight)
    logits = model.tensor((1, 2), 0.8, 4)
    model.add("FULLY_CONNECTED", [flat, w], [logits], "FullyConnectedOptions", fusedActivationFunction=0)
    return model.finish([x], [logits])


@case
def cascade(rng: Rng) -> bytes:
    """Convolutions, depthwise ones and pools one after the other: each output overlaps its input, either way."""
    model = ModelBuilder()
    shape: tuple[int, ...] = (1, size(rng, 2, 14), size(rng, 2, 14), size(rng, 1, 9))
    x = first = model.tensor(shape, 0.05, -3)
    for _ in range(size(rng, 2, 6)):
        same, kernel = bool(rng.integers(2)), pick(rng, ((1, 1), (3, 3), (3, 3), (2, 2), (4, 2)))
        stride = pick(rng, ((1, 1), (1, 1), (2, 2), (2, 1)))
        sides = tuple(padded_size(shape[1 + k], kernel[k], stride[k], 1, same) for k in range(2))
        if min(sides) < 1:
            continue
        kind = pick(rng, ("CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D"))
        filters = size(rng, 1, 12) if kind == "CONV_2D" else shape[3]
        fields: dict[str, Any] = {
            "padding": schema.Padding.SAME if same else schema.Padding.VALID,
            "strideH": stride[0],
            "strideW": stride[1],
        }
        result = (1, *sides, filters)
        y = model.tensor(result, 0.05, -3)
        if kind == "AVERAGE_POOL_2D":
            model.add(kind, [x], [y], "Pool2DOptions", filterHeight=kernel[0], filterWidth=kernel[1], **fields)
        else:
            axis = 0 if kind == "CONV_2D" else 3
            weight = weights(rng, (filters, *kernel, shape[3]) if axis == 0 else (1, *kernel, filters))
            w = model.tensor(weight.shape, 0.003, 0, weight)
            b = model.tensor((filters,), 1.0, 0, rng.integers(-999, 999, filters).astype(np.int32), "int32")
            if axis == 3:
                fields["depthMultiplier"] = 1
            options = "Conv2DOptions" if axis == 0 else "DepthwiseConv2DOptions"
            model.add(kind, [x, w, b], [y], options, dilationHFactor=1, dilationWFactor=1, **fields)
        if result == shape and rng.integers(2) and x != first:
            z = model.tensor(shape, 0.05, -3)
            model.add("ADD", pick(rng, ([x, y], [y, x])), [z], "AddOptions", fusedActivationFunction=0)
            y = z
        x, shape = y, result
    last = model.tensor(shape, 1 / 256, -128)
    model.add("LOGISTIC", [x], [last])
    return model.finish([first], [last])


@case
def wide_cascade(rng: Rng) -> bytes:
    """Inverted residuals that run row by row: pads, h-swish, gates by channel, residuals, any stride and dilation."""
    model = ModelBuilder()
    shape: tuple[int, ...] = (1, size(rng, 6, 20), size(rng, 3, 9), size(rng, 1, 6))
    x = first = model.tensor(shape, 0.05, -3)
    for _ in range(size(rng, 1, 3)):
        x, shape = _inverted_residual(rng, model, x, shape)
    last = model.tensor(shape, 1 / 256, -128)
    model.add("LOGISTIC", [x], [last])
    return model.finish([first], [last])


def _inverted_residual(rng: Rng, model: ModelBuilder, x: int, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Expand, filter, project; and, where the shape stays, often add."""
    image, depth = shape[1:3], shape[3]
    wide = depth * size(rng, 2, 5)
    y = _convolved(rng, model, x, (*image, depth), (*image, wide), (1, 1), (1, 1), (1, 1), True)
    if rng.integers(3) == 0:
        activated = model.tensor((1, *image, wide), 0.05, -3)
        model.add("HARD_SWISH", [y], [activated], "HardSwishOptions")
        y = activated
    kernel, stride = pick(rng, ((3, 3), (3, 3), (5, 5), (2, 3))), pick(rng, ((1, 1), (1, 1), (2, 2), (3, 1)))
    dilation = pick(rng, ((1, 1), (1, 1), (2, 1)))
    same = stride == (1, 1) or bool(rng.integers(2))
    sides = tuple(padded_size(image[k], kernel[k], stride[k], dilation[k], same) for k in range(2))
    if min(sides) < 1:
        kernel, stride, dilation, same, sides = (3, 3), (1, 1), (1, 1), True, image
    y = _convolved(rng, model, y, (*image, wide), (*sides, wide), kernel, stride, dilation, same, depthwise=True)
    if rng.integers(3) == 0:
        gate = model.tensor((1, 1, 1, wide), 0.01, 4, rng.integers(-128, 128, (1, 1, 1, wide)).astype(np.int8))
        gated = model.tensor((1, *sides, wide), 0.04, 5)
        model.add("MUL", [y, gate], [gated], "MulOptions", fusedActivationFunction=0)
        y = gated
    if rng.integers(4) == 0:
        pooled = model.tensor(
            (1, *sides, wide), model.tensors[y].quantization.scale[0], int(model.tensors[y].quantization.zeroPoint[0])
        )
        fields = {"padding": schema.Padding.SAME, "strideH": 1, "strideW": 1, "filterHeight": 3, "filterWidth": 2}
        model.add(pick(rng, ("AVERAGE_POOL_2D", "MAX_POOL_2D")), [y], [pooled], "Pool2DOptions", **fields)
        y = pooled
    narrow = depth if rng.integers(4) else size(rng, 1, 9)
    y = _convolved(rng, model, y, (*sides, wide), (*sides, narrow), (1, 1), (1, 1), (1, 1), True)
    if (1, *sides, narrow) == shape and rng.integers(4):
        added = model.tensor(shape, 0.05, -3)
        model.add("ADD", pick(rng, ([x, y], [y, x])), [added], "AddOptions", fusedActivationFunction=0)
        y = added
    return y, (1, *sides, narrow)


def _convolved(
    rng: Rng,
    model: ModelBuilder,
    x: int,
    source: tuple[int, ...],
    target: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    same: bool,
    depthwise: bool = False,
) -> int:
    """Add a convolution of images [height, width, channels]; gives its output."""
    weight = weights(rng, (1, *kernel, target[2]) if depthwise else (target[2], *kernel, source[2]))
    w = model.tensor(weight.shape, 0.003, 0, weight)
    b = model.tensor((target[2],), 1.0, 0, rng.integers(-999, 999, target[2]).astype(np.int32), "int32")
    y = model.tensor((1, *target), 0.05, -3)
    fields: dict[str, Any] = {
        "padding": schema.Padding.SAME if same else schema.Padding.VALID,
        "strideH": stride[0],
        "strideW": stride[1],
        "dilationHFactor": dilation[0],
        "dilationWFactor": dilation[1],
        "fusedActivationFunction": pick(rng, ACTIVATIONS),
    }
    if depthwise:
        model.add("DEPTHWISE_CONV_2D", [x, w, b], [y], "DepthwiseConv2DOptions", depthMultiplier=1, **fields)
    else:
        model.add("CONV_2D", [x, w, b], [y], "Conv2DOptions", **fields)
    return y


def inputs_for(rng: Rng, shape: tuple[int, ...], count: int = 3) -> NDArray[np.int8]:
    """Random inputs; the first holds all values in order where it is large enough, the second only extremes."""
    inputs = rng.integers(-128, 128, (count, *shape)).astype(np.int8)
    flat = inputs.reshape(count, -1)
    flat[0] = np.resize(np.arange(-128, 128), flat.shape[1]).astype(np.int8)
    flat[1] = rng.choice(np.array([-128, 127], dtype=np.int8), flat.shape[1])
    return inputs


def kernels_of(compiled: Compiled) -> list[str]:
    """The kernels that a compiled model calls."""
    return [kernel for layer in compiled.plan.layers for kernel in layer.kernels]


def calls_of(compiled: Compiled) -> str:
    """The generated C without its comments, which name the target."""
    return re.sub(r"//.*", "", compiled.source)


def distinct_targets(model: bytes) -> dict[str, Compiled]:
    """A model compiled for each target: the first always, another only if its C differs from those before it."""
    by_calls: dict[str, tuple[str, Compiled]] = {}
    for target in TARGETS:
        compiled = compile_model(model, target=target)
        by_calls.setdefault(calls_of(compiled), (target, compiled))
    return dict(by_calls.values())
