# SPDX-License-Identifier: Apache-2.0
"""Where int8 loses: each layer's output beside the float model's, so that lost accuracy has a layer's name."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.parity import LayerNoise
from tinydf.artefacts.preprocess import quantise

IMAGES = 24
LOUDEST = 120.0
"""An SNR is given up to this many decibels; an exact copy would have no number."""


def layer_noise(float_tflite: bytes, tflite: bytes, images: NDArray[np.float32]) -> list[LayerNoise]:
    """Compare the float and the int8 model layer by layer.

    LiteRT's reference kernels are used, which keep every tensor; they may differ from tflite-micro by one step.

    Args:
        float_tflite: the float model.
        tflite: the int8 model, converted from the same graph, so that tensors have the same names.
        images: float32 [images, size, size, 3]; some of them are used.

    Returns:
        One entry for each operator whose output both models have, in order of execution.
    """
    exact, noisy = Layers(float_tflite), Layers(tflite)
    some = images[np.linspace(0, len(images) - 1, min(IMAGES, len(images)), dtype=int)]
    signal: dict[str, float] = {}
    noise: dict[str, float] = {}
    for image in some:
        expected = dict(exact.run(image))
        for name, value in noisy.run(image):
            if name in expected:
                signal[name] = signal.get(name, 0.0) + float((expected[name] ** 2).sum())
                noise[name] = noise.get(name, 0.0) + float(((expected[name] - value) ** 2).sum())
    snr = {name: _decibels(signal[name], noise[name]) for name in signal}
    found = []
    for operator in noisy.operators:
        name = noisy.names[operator["outputs"][0]]
        if name in snr:
            before = [snr[noisy.names[one]] for one in operator["inputs"] if noisy.names.get(one) in snr]
            found.append(
                LayerNoise(
                    index=operator["index"],
                    operator=operator["op_name"],
                    name=name,
                    snr_db=round(snr[name], 2),
                    loss_db=round(min(before, default=LOUDEST) - snr[name], 2),
                )
            )
    return found


def worst(layers: list[LayerNoise], count: int = 5) -> list[LayerNoise]:
    """The layers that lose most against their inputs, worst first; the first does not count, whose input is exact."""
    return sorted(layers[1:], key=lambda one: -one.loss_db)[:count]


def noisiest(layers: list[LayerNoise]) -> LayerNoise | None:
    """The layer that loses most against its inputs."""
    return next(iter(worst(layers, 1)), None)


class Layers:
    """A model that keeps the output of every layer."""

    def __init__(self, tflite: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_content=tflite,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        self._interpreter.allocate_tensors()
        self._input: dict[str, Any] = self._interpreter.get_input_details()[0]
        details = self._interpreter.get_tensor_details()
        self.names = {one["index"]: one["name"] for one in details}
        self._scales = {one["index"]: one["quantization"] for one in details}
        self.operators: list[dict[str, Any]] = self._interpreter._get_ops_details()

    def run(self, image: NDArray[np.float32]) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Name and real value of the input and of what each operator writes, for one image."""
        scale, zero_point = self._input["quantization"]
        value = quantise(image, scale, zero_point) if scale else image
        self._interpreter.set_tensor(self._input["index"], value[None])
        self._interpreter.invoke()
        yield self.names[self._input["index"]], image[None].astype(np.float64)
        for operator in self.operators:
            place = operator["outputs"][0]
            scale, zero_point = self._scales[place]
            output = self._interpreter.get_tensor(place).astype(np.float64)
            yield self.names[place], (output - zero_point) * scale if scale else output


def _decibels(signal: float, noise: float) -> float:
    ratio = signal / noise if noise > 0 else np.inf
    return float(np.clip(10 * np.log10(ratio), -LOUDEST, LOUDEST)) if ratio > 0 else -LOUDEST
