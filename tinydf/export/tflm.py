"""TensorFlow Lite Micro's interpreter: the definition of the right bytes.

The interpreter is the one in the PyPI package tflite-micro, built for the host: its outputs are those of every device,
its arena is that of a 64-bit machine, where the bookkeeping is larger than on a microcontroller.
"""

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.errors import TinydfError

ARENA_BYTES = 64 << 20
ALLOCATED = re.compile(r"Arena allocation total (\d+) bytes")


class Golden:
    """The interpreter on one model; what it answers is right by definition. Give it only models that were checked."""

    def __init__(self, tflite: bytes) -> None:
        from tflite_micro.python.tflite_micro import runtime

        self._interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=ARENA_BYTES)

    def run(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Outputs, int8 [images, 2], for inputs, int8 [images, size, size, 3]."""
        return np.stack([self._run_one(one[None]) for one in inputs])

    def _run_one(self, image: NDArray[np.int8]) -> NDArray[np.int8]:
        self._interpreter.set_input(image, 0)
        self._interpreter.invoke()
        output: NDArray[np.int8] = self._interpreter.get_output(0)[0].copy()
        return output


def measure_arena(tflite: bytes, name: str) -> int | None:
    """Run a model once, in a process of its own, and return how many bytes of arena the interpreter used.

    Gives None where the package tflite-micro is not installed.

    Raises:
        TinydfError: if the interpreter refuses the model, or falls over it.
    """
    if importlib.util.find_spec("tflite_micro") is None:
        return None
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(tflite)
        file.flush()
        command = [sys.executable, "-m", "tinydf.export.tflm", file.name]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, timeout=300)
    found = ALLOCATED.search(done.stderr)
    if done.returncode != 0 or found is None:
        said = [line for line in done.stderr.splitlines() if line and not line.startswith((" ", "Traceback"))]
        raise TinydfError(f"tflite-micro cannot run {name} ({said[0] if said else 'it crashed'})")
    return int(found[1])


def _report_arena(path: Path) -> None:
    """Run a model once on zeros; the interpreter prints its allocations on standard error."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=ARENA_BYTES)
    interpreter.set_input(np.zeros(interpreter.get_input_details(0)["shape"], np.int8), 0)
    interpreter.invoke()
    interpreter.print_allocations()


if __name__ == "__main__":
    _report_arena(Path(sys.argv[1]))
