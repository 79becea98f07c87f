# SPDX-License-Identifier: Apache-2.0
"""Compares a compiled model with TFLM's interpreter, layer by layer, on this machine."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.plan import LayerPlan, Plan, TensorPlan
from tinydf.compiler.compile import compile_model, write_compiled
from tinydf.compiler.host.engine import STEM, HostEngine
from tinydf.compiler.host.interpreter import Interpreter

SEED = 0


@dataclass(frozen=True)
class Difference:
    """The first layer whose bytes differ from TFLM's."""

    sample: int
    layer: LayerPlan
    tensor: TensorPlan
    elements: int
    largest: int

    def __str__(self) -> str:
        return (
            f"input {self.sample}: layer {self.layer.index} ({self.layer.operator}) {self.tensor.name}: "
            f"{self.elements} of {self.tensor.bytes} bytes differ from TFLM's, by up to {self.largest}"
        )


def first_difference(
    tflite: bytes, plan: Plan, directory: Path, samples: int = 8, stem: str = STEM
) -> Difference | None:
    """Run random inputs through both engines and compare each layer's output.

    Args:
        tflite: the model.
        plan: its plan.
        directory: where its C is.
        samples: number of inputs, from a fixed seed; the first two are all values in order and only extremes.
        stem: of the C files.

    Returns:
        The first difference, or None.

    Raises:
        TinydfError: if there is no C compiler, or TFLM refuses the model.
    """
    engine = HostEngine(directory, stem)
    for number, sample in enumerate(random_inputs(engine.input_shape, samples)):
        reference = Interpreter(tflite, plan)
        reference.invoke(sample)
        difference = _compare(engine, plan, reference, number, sample)
        if difference is not None:
            return (_within(tflite, plan, samples) if difference.layer.stripe_rows else None) or difference
    return None


def _within(tflite: bytes, plan: Plan, samples: int) -> Difference | None:
    """The first difference where layers of cascades run one after the other; None if only the cascade is wrong."""
    with tempfile.TemporaryDirectory(prefix="tinydf-check-") as name:
        compiled = compile_model(tflite, target=plan.target, whole=True)
        write_compiled(compiled, Path(name))
        return first_difference(tflite, compiled.plan, Path(name), samples)


def random_inputs(shape: tuple[int, ...], count: int) -> NDArray[np.int8]:
    """Inputs from a fixed seed, int8 [count, *shape]: all values in order, then only extremes, then uniform ones."""
    random = np.random.default_rng(SEED)
    inputs = random.integers(-128, 128, (count, *shape)).astype(np.int8)
    flat = inputs.reshape(count, -1)
    if count > 0:
        flat[0] = np.resize(np.arange(-128, 128), flat.shape[1]).astype(np.int8)
    if count > 1:
        flat[1] = random.choice(np.array([-128, 127], dtype=np.int8), flat.shape[1])
    return inputs


def _compare(
    engine: HostEngine, plan: Plan, reference: Interpreter, number: int, sample: NDArray[np.int8]
) -> Difference | None:
    found: list[Difference] = []

    def visit(position: int, arena: NDArray[np.int8]) -> None:
        layer = plan.layers[position]
        for tensor in layer.outputs:
            if found:
                return
            got = arena[tensor.offset : tensor.offset + tensor.bytes].astype(np.int32)
            wrong = np.abs(got - reference.tensor(tensor.index).astype(np.int32))
            if wrong.any():
                found.append(Difference(number, layer, tensor, int(np.count_nonzero(wrong)), int(wrong.max())))

    engine.trace(sample, visit)
    return found[0] if found else None
