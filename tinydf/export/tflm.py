"""TensorFlow Lite Micro: its interpreter is the definition of the right bytes; the C arrays and resolver it compiles.

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
from tinydf.files import sha256_bytes

ARENA_BYTES = 64 << 20
ALLOCATED = re.compile(r"Arena allocation total (\d+) bytes")
BYTES_A_LINE = 16
# Where the resolver's method is not the operator's name in camel case.
METHODS = {
    "BATCH_MATMUL": "AddBatchMatMul",
    "CUMSUM": "AddCumSum",
    "PADV2": "AddPadV2",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
}


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


def write_sources(directory: Path, tflite: bytes, operators: list[str]) -> None:
    """Write `model_data.h`, `model_data.cc` and `op_resolver.h` for a firmware with TFLM inside.

    Args:
        directory: where to.
        tflite: the model.
        operators: the operators it uses.
    """
    digest = sha256_bytes(tflite)
    (directory / "model_data.h").write_text(_model_header(digest, len(tflite)))
    (directory / "model_data.cc").write_text(_model_source(digest, tflite))
    (directory / "op_resolver.h").write_text(_resolver(digest, sorted(set(operators))))


def resolver_method(operator: str) -> str:
    """The method of `MicroMutableOpResolver` that registers a built-in operator: "CONV_2D" -> "AddConv2D"."""
    words = [word if word[0].isdigit() else word.capitalize() for word in operator.split("_")]
    return METHODS.get(operator, "Add" + "".join(words))


def _model_header(digest: str, size: int) -> str:
    return f"""// Written by tinydf export; do not edit. model.tflite, SHA-256 {digest}
#ifndef TINYDF_MODEL_DATA_H
#define TINYDF_MODEL_DATA_H

#include <cstddef>
#include <cstdint>

namespace tinydf {{

inline constexpr std::size_t kModelBytes = {size};
alignas(16) extern const std::uint8_t kModel[kModelBytes];

}}  // namespace tinydf

#endif
"""


def _model_source(digest: str, tflite: bytes) -> str:
    starts = range(0, len(tflite), BYTES_A_LINE)
    lines = ["    " + ", ".join(f"0x{one:02x}" for one in tflite[at : at + BYTES_A_LINE]) + "," for at in starts]
    return "\n".join(
        (
            f"// Written by tinydf export; do not edit. model.tflite, SHA-256 {digest}",
            '#include "model_data.h"',
            "",
            "alignas(16) const std::uint8_t tinydf::kModel[tinydf::kModelBytes] = {",
            *lines,
            "};",
            "",
        )
    )


def _resolver(digest: str, operators: list[str]) -> str:
    calls = "\n".join(f"  TF_LITE_ENSURE_STATUS(resolver.{resolver_method(one)}());" for one in operators)
    return f"""// Written by tinydf export; do not edit. Operators of model.tflite, SHA-256 {digest}
#ifndef TINYDF_OP_RESOLVER_H
#define TINYDF_OP_RESOLVER_H

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tinydf {{

using OpResolver = tflite::MicroMutableOpResolver<{len(operators)}>;

inline TfLiteStatus RegisterOperators(OpResolver& resolver) {{
{calls}
  return kTfLiteOk;
}}

}}  // namespace tinydf

#endif
"""


def _report_arena(path: Path) -> None:
    """Run a model once on zeros; the interpreter prints its allocations on standard error."""
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_file(str(path), arena_size=ARENA_BYTES)
    interpreter.set_input(np.zeros(interpreter.get_input_details(0)["shape"], np.int8), 0)
    interpreter.invoke()
    interpreter.print_allocations()


if __name__ == "__main__":
    _report_arena(Path(sys.argv[1]))
