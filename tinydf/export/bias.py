# SPDX-License-Identifier: Apache-2.0
"""Bias correction: what rounded weights add to the mean of a layer's output is taken out of its bias.

Each rounded weight is a little too large or too small; over inputs that are not centred on zero, such as what leaves a
ReLU6, this shifts the mean of a whole channel. The shift is known: the weights' errors times the inputs' means
(Nagel, van Baalen, Blankevoort, Welling 2019, arXiv 1906.04721, section 4.2; here with measured means).
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.frontend.tflite import read_model
from tinydf.compiler.ir.graph import Graph, Operator, Tensor
from tinydf.export.layers import Layers

IMAGES = 100
SUMMED = {"CONV_2D": (1, 2, 3), "DEPTHWISE_CONV_2D": (0, 1, 2)}
"""Axes of the weights that a convolution sums over to make one output channel."""


def correct_biases(float_tflite: bytes, tflite: bytes, images: NDArray[np.float32]) -> bytes:
    """Correct the biases of an int8 model's convolutions.

    Args:
        float_tflite: the float model.
        tflite: the int8 model, converted from the same graph, so that tensors have the same names.
        images: float32 [images, size, size, 3], of the calibration set; some of them are used.

    Returns:
        The int8 model with other biases, and not a byte else changed.
    """
    exact, rounded = read_model(float_tflite), read_model(tflite)
    means = _channel_means(float_tflite, images)
    twins = {exact.tensors[one.outputs[0]].name: one for one in exact.operators}
    uses = Counter(_offset(tflite, one) for one in rounded.tensors if one.data is not None)
    corrected = bytearray(tflite)
    for operator in rounded.operators:
        twin = twins.get(rounded.tensors[operator.outputs[0]].name)
        if operator.kind not in SUMMED or twin is None or twin.kind != operator.kind:
            continue
        _, weights, bias = _inputs(rounded, operator)
        source, wanted, _ = _inputs(exact, twin)
        if uses[_offset(tflite, bias)] == 1:
            errors = _real(weights) - _real(wanted)
            shifts = (errors * means[source.name]).sum(axis=SUMMED[operator.kind])
            _add(corrected, _offset(tflite, bias), bias, -shifts)
    return bytes(corrected)


def _channel_means(tflite: bytes, images: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """Mean of each channel of what goes in and of each layer's output, over images and places, by name."""
    layers = Layers(tflite)
    some = images[np.linspace(0, len(images) - 1, min(IMAGES, len(images)), dtype=int)]
    means: dict[str, NDArray[np.float64]] = {}
    for image in some:
        for name, value in layers.run(image):
            mean = value.reshape(-1, value.shape[-1]).mean(axis=0) / len(some)
            means[name] = means.get(name, 0.0) + mean
    return means


def _inputs(graph: Graph, operator: Operator) -> list[Tensor]:
    """Input, weights and bias of a convolution."""
    return [graph.tensors[place] for place in operator.inputs if place is not None]


def _real(tensor: Tensor) -> NDArray[np.float64]:
    """The values of a constant, with a scale for each channel where it is quantised."""
    assert tensor.data is not None
    values = tensor.data.astype(np.float64)
    if tensor.quantisation is None:
        return values
    along = [1] * values.ndim
    along[tensor.quantisation.dimension] = -1
    scales = np.array(tensor.quantisation.scales, np.float64)
    return np.multiply(values, scales.reshape(along))


def _offset(tflite: bytes, constant: Tensor) -> int:
    """Where a constant stands in the file; the reader's arrays are views of it."""
    assert constant.data is not None
    return constant.data.ctypes.data - np.frombuffer(tflite, np.uint8).ctypes.data


def _add(file: bytearray, offset: int, bias: Tensor, real: NDArray[np.float64]) -> None:
    """Add real numbers to an int32 bias in the file."""
    assert bias.data is not None and bias.quantisation is not None
    limits = np.iinfo(np.int32)
    values = bias.data.astype(np.float64) + real / np.array(bias.quantisation.scales)
    file[offset : offset + bias.data.nbytes] = np.clip(np.round(values), limits.min, limits.max).astype("<i4").tobytes()
