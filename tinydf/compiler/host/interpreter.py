# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite Micro's interpreter: the definition of the right bytes.

It is the one in the PyPI package tflite-micro, built for this machine: its outputs are those of every device, its arena
is that of a 64-bit machine, where the bookkeeping is larger than on a microcontroller.
"""

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.plan import Plan
from tinydf.errors import TinydfError

ARENA_BYTES = 64 << 20


class Interpreter:
    """TFLM on one model.

    Args:
        tflite: the model.
        plan: of the model, compiled. With it, every tensor is kept, and a model with float edges takes int8 inputs: as
            the numbers that they stand for by the plan's scale.

    Raises:
        TinydfError: if TFLM refuses the model.
    """

    def __init__(self, tflite: bytes, plan: Plan | None = None) -> None:
        from tflite_micro.python.tflite_micro import runtime

        self._plan = plan
        arena, keep = ARENA_BYTES, runtime.InterpreterConfig.kAllocationRecording
        if plan is not None:
            # Every tensor has bytes of its own, so the arena is at least their sum.
            arena = 8 * (sum(t.bytes for la in plan.layers for t in la.outputs) + len(tflite)) + (4 << 20)
            keep = runtime.InterpreterConfig.kPreserveAllTensors
        try:
            self._interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=arena, intrepreter_config=keep)
        except (RuntimeError, ValueError) as error:
            raise TinydfError(f"TFLM refuses the model: {str(error).splitlines()[0]}", "export it again") from None
        self._shape = self._interpreter.get_input_details(0)["shape"]
        self._dtype = self._interpreter.get_input_details(0)["dtype"]

    def run(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Outputs for a batch of inputs, int8 [N, ...], both without the batch axis of 1 that a model may have."""
        outputs = []
        for one in inputs:
            self.invoke(one)
            outputs.append(self._interpreter.get_output(0)[0].copy())
        return np.stack(outputs)

    def invoke(self, one: NDArray[np.int8]) -> None:
        """Run the model on one input, int8.

        Raises:
            TinydfError: if TFLM stops.
        """
        try:
            self._interpreter.set_input(self._as_edge(one.reshape(self._shape)), 0)
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise TinydfError(f"TFLM cannot run the model: {str(error).splitlines()[0]}", "export it again") from None

    def _as_edge(self, one: NDArray[np.int8]) -> NDArray[np.generic]:
        if self._dtype == np.uint8:
            return (one.astype(np.int16) + 128).astype(np.uint8)
        if self._dtype == np.float32 and self._plan is not None:
            edge = self._plan.input
            real: NDArray[np.generic] = (one.astype(np.float32) - np.float32(edge.zero_point)) * np.float32(edge.scale)
            return real
        return one

    def tensor(self, tensor_id: int) -> NDArray[np.int8]:
        """Bytes of a tensor after the last run, flat; of a model whose plan was given."""
        data = self._interpreter.GetTensor(tensor_id, 0)["tensor_data"]
        return np.asarray(data, dtype=np.int8).reshape(-1)

    def report_allocations(self) -> None:
        """Run once on zeros; TFLM prints what it allocated on standard error."""
        self.invoke(np.zeros(self._shape, np.int8))
        self._interpreter.print_allocations()
