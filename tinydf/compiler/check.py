"""Compares a compiled model with TFLM's interpreter, layer by layer, on this machine."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.compile import compile_model, write_compiled
from tinydf.compiler.host import STEM, HostEngine
from tinydf.compiler.plan import LayerPlan, Plan, TensorPlan
from tinydf.errors import TinydfError

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
        reference = Reference(tflite, plan)
        reference.run(sample)
        difference = _compare(engine, plan, reference, number, sample)
        if difference is not None:
            return (_within(tflite, plan, samples) if difference.layer.band else None) or difference
    return None


def _within(tflite: bytes, plan: Plan, samples: int) -> Difference | None:
    """The first difference where layers of chains run one after the other; None if only the chain is wrong."""
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


class Reference:
    """TFLM's interpreter with every tensor kept."""

    def __init__(self, tflite: bytes, plan: Plan) -> None:
        from tflite_micro.python.tflite_micro import runtime

        # Every tensor has its own place, so the arena is at least their sum.
        arena = 8 * (sum(t.bytes for la in plan.layers for t in la.outputs) + len(tflite)) + (4 << 20)
        self._plan = plan
        try:
            self._interpreter = runtime.Interpreter.from_bytes(
                tflite, arena_size=arena, intrepreter_config=runtime.InterpreterConfig.kPreserveAllTensors
            )
        except (RuntimeError, ValueError) as error:
            raise TinydfError(f"TFLM refuses the model: {str(error).splitlines()[0]}", "export it again") from None
        self._edge = self._interpreter.get_input_details(0)["dtype"]

    def run(self, sample: NDArray[np.int8]) -> None:
        given: NDArray[np.generic] = sample.reshape(self._interpreter.get_input_details(0)["shape"])
        if self._edge == np.uint8:
            given = (given.astype(np.int16) + 128).astype(np.uint8)
        elif self._edge == np.float32:
            steps = given.astype(np.float32) - np.float32(self._plan.input.zero_point)
            given = steps * np.float32(self._plan.input.scale)
        try:
            self._interpreter.set_input(given, 0)
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise TinydfError(f"TFLM cannot run the model: {str(error).splitlines()[0]}", "export it again") from None

    def tensor(self, place: int) -> NDArray[np.int8]:
        """Bytes of a tensor, flat."""
        data = self._interpreter.GetTensor(place, 0)["tensor_data"]
        return np.asarray(data, dtype=np.int8).reshape(-1)


def _compare(
    engine: HostEngine, plan: Plan, reference: Reference, number: int, sample: NDArray[np.int8]
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
