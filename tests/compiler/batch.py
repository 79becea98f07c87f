# SPDX-License-Identifier: Apache-2.0
"""Many compiled models in one program for this machine, linked and run once, and their outputs beside TFLM's."""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.compiler.models import golden
from tinydf.compiler import Compiled, write_compiled
from tinydf.resources import KERNELS

INCLUDES = (f"-I{KERNELS / 'include'}",)
SANITIZERS = (
    *("-std=c11", "-O1", "-g", "-fsanitize=address,undefined"),
    *("-fno-sanitize-recover=all", "-fno-omit-frame-pointer"),
)
SOURCE = Path(__file__).with_name("batch.c")


@dataclass(frozen=True)
class Trial:
    """A model, its C, and the batch of inputs that it is run on; `name` says which it is."""

    name: str
    model: bytes
    compiled: Compiled
    inputs: NDArray[np.int8]


def build_kernels(directory: Path, flags: Sequence[str]) -> Path:
    """All kernels in one object."""
    made = directory / "kernels.o"
    sources = [str(path) for path in sorted(KERNELS.glob("*/*.c"))]
    subprocess.run(["cc", *flags, *INCLUDES, "-r", *sources, "-o", str(made)], check=True)
    return made


def check(trials: Sequence[Trial], kernels: Path, flags: Sequence[str], directory: Path) -> None:
    """Run models and compare their outputs with the interpreter's.

    Raises:
        AssertionError: if they differ, or the program ends otherwise than well, as under a sanitizer.
    """
    assert trials
    outputs = run(trials, kernels, flags, directory)
    expected: dict[tuple[bytes, bytes], NDArray[np.int8]] = {}
    for trial, output in zip(trials, outputs, strict=True):
        key = (trial.model, trial.inputs.tobytes())
        if key not in expected:
            expected[key] = golden(trial.model, trial.inputs)
        np.testing.assert_array_equal(output.reshape(expected[key].shape), expected[key], trial.name)


def run(trials: Sequence[Trial], kernels: Path, flags: Sequence[str], directory: Path) -> list[NDArray[np.int8]]:
    """The outputs of each trial's model."""
    sources = [_write(trial.compiled, directory / str(k), f"model_{k}") for k, trial in enumerate(trials)]
    names = [f"model_{k}" for k in range(len(trials))]
    declared = "".join(f"extern const tdf_model {name};\n" for name in names)
    listed = "".join(f"    &{name},\n" for name in names)
    text = f'#include "tdf_model.h"\n{declared}static const tdf_model *const models[] = {{\n{listed}}};\n'
    (directory / "models.h").write_text(text)
    program = directory / "program"
    command = ["cc", *flags, *INCLUDES, f"-I{directory}", str(SOURCE), *map(str, sources), str(kernels)]
    subprocess.run([*command, "-o", str(program)], check=True)
    given = b"".join(struct.pack("=I", len(trial.inputs)) + trial.inputs.tobytes() for trial in trials)
    done = subprocess.run([program], input=given, capture_output=True, check=False)
    assert done.returncode == 0, f"{[trial.name for trial in trials]}\n{done.stderr.decode()}"
    sizes = [len(trial.inputs) * trial.compiled.plan.output.bytes for trial in trials]
    assert len(done.stdout) == sum(sizes)
    return np.split(np.frombuffer(done.stdout, np.int8), np.cumsum(sizes)[:-1])


def _write(compiled: Compiled, directory: Path, name: str) -> Path:
    """A model's C, in which its constant has another name."""
    write_compiled(compiled, directory)
    source = directory / f"{compiled.stem}.c"
    source.write_text(f"#define {compiled.stem} {name}\n{source.read_text()}")
    return source
