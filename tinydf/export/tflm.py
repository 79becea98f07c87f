# SPDX-License-Identifier: Apache-2.0
"""How much arena TensorFlow Lite Micro's interpreter takes on this machine."""

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tinydf.compiler.host.interpreter import Interpreter
from tinydf.errors import TinydfError

ALLOCATED = re.compile(r"Arena allocation total (\d+) bytes")


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
    Interpreter(path.read_bytes()).report_allocations()


if __name__ == "__main__":
    _report_arena(Path(sys.argv[1]))
