# SPDX-License-Identifier: Apache-2.0
"""The compiled engine on this machine: the very C that a board runs, as a shared library."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.plan import FILE as PLAN
from tinydf.artefacts.plan import Plan
from tinydf.compiler.codegen.emit import stem
from tinydf.compiler.targets import target_named
from tinydf.errors import TinydfError
from tinydf.files import read_record, sha256_bytes
from tinydf.resources import KERNELS, cache_directory

STEM = stem("")  # of an export directory's model
FLAGS = ("-std=c11", "-O3", "-fPIC", "-Wall", "-Wextra")


class _Tensor(ctypes.Structure):
    """tdf_tensor of firmware/kernels/include/tdf_model.h."""

    _fields_ = (
        ("rank", ctypes.c_uint8),
        ("shape", ctypes.c_uint16 * 4),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int8),
        ("bytes", ctypes.c_uint32),
    )


class _Model(ctypes.Structure):
    """tdf_model of firmware/kernels/include/tdf_model.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("sha256", ctypes.c_uint8 * 32),
        ("input", _Tensor),
        ("output", _Tensor),
        ("input_offset", ctypes.c_uint32),
        ("output_offset", ctypes.c_uint32),
        ("arena_bytes", ctypes.c_uint32),
        ("threshold_steps", ctypes.c_int16),
        ("layer_count", ctypes.c_uint16),
        ("layers", ctypes.c_void_p),
        ("layer_names", ctypes.POINTER(ctypes.c_char_p)),
    )


class HostEngine:
    """Runs a compiled model on the host, in an arena of its own.

    Args:
        directory: where the model's C is, such as an export directory.
        stem: what its C files and its `tdf_model` are called.

    Raises:
        TinydfError: if the directory has no compiled model, or this machine has no C compiler.
    """

    def __init__(self, directory: Path, stem: str = STEM) -> None:
        self._library = ctypes.CDLL(str(build(directory, stem)))
        self._model = _Model.in_dll(self._library, stem)
        # As aligned as TDF_ARENA_ALIGNMENT wants it.
        memory = np.zeros(self.arena_bytes + 16, dtype=np.int8)
        start = -memory.ctypes.data % 16
        self._arena = memory[start : start + self.arena_bytes]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input, without the batch axis of 1."""
        return _shape(self._model.input)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of one output, without the batch axis of 1."""
        return _shape(self._model.output)

    @property
    def arena_bytes(self) -> int:
        """Bytes of working memory."""
        return int(self._model.arena_bytes)

    @property
    def model_sha256(self) -> str:
        """Hash of the .tflite that was compiled."""
        return bytes(self._model.sha256).hex()

    @property
    def layer_names(self) -> list[str]:
        """Index, operator and name of each layer."""
        return [self._model.layer_names[k].decode() for k in range(self._model.layer_count)]

    def run(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Run the model on a batch.

        Args:
            inputs: int8 [N, *input_shape].

        Returns:
            int8 [N, *output_shape].
        """
        if inputs.dtype != np.int8 or inputs.shape[1:] != self.input_shape:
            raise ValueError(f"inputs {inputs.dtype} {inputs.shape}, expected int8 (N, {self.input_shape})")
        inputs = np.ascontiguousarray(inputs)
        outputs = np.empty((len(inputs), *self.output_shape), dtype=np.int8)
        batch = (
            ctypes.c_void_p(inputs.ctypes.data),
            ctypes.c_void_p(outputs.ctypes.data),
            ctypes.c_size_t(len(inputs)),
        )
        self._library.host_run(*self._where, *batch)
        return outputs

    @property
    def _where(self) -> tuple[object, ctypes.c_void_p]:
        return ctypes.byref(self._model), ctypes.c_void_p(self._arena.ctypes.data)

    def trace(self, one: NDArray[np.int8], visit: Callable[[int, NDArray[np.int8]], None]) -> None:
        """Run the model on one input, int8 [*input_shape], and look at the arena after each layer.

        Args:
            one: the input.
            visit: called with the layer's number and the arena, int8 [arena_bytes], good only during the call.
        """
        given = np.ascontiguousarray(one, dtype=np.int8).reshape(-1)
        start = int(self._model.input_offset)
        self._arena[start : start + len(given)] = given
        for layer in range(int(self._model.layer_count)):
            self._library.host_run_layer(*self._where, ctypes.c_uint32(layer))
            visit(layer, self._arena)


def _shape(tensor: _Tensor) -> tuple[int, ...]:
    shape = tuple(int(tensor.shape[k]) for k in range(tensor.rank))
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def build(directory: Path, stem: str = STEM) -> Path:
    """Compile a model's C for the host; what was built from the same sources with the same flags is taken again."""
    model = directory / f"{stem}.c"
    if not model.is_file():
        raise TinydfError(f"{model} does not exist", "make it with `tinydf export` or `tinydf compile`")
    headers = sorted(KERNELS.glob("*/*.h"))
    kernels = _built(sorted(KERNELS.glob("*/*.c")), headers, ("-r",), ".o")
    own = _own_kernels(directory, stem)
    sources = [model, Path(__file__).with_name("engine.c"), kernels, *(sorted(own.glob("*.c")) if own else ())]
    headers += [directory / f"{stem}.h", *(sorted(own.glob("*.h")) if own else ())]
    return _built(sources, headers, ("-shared",), ".so", [directory, *([own] if own else ())])


def _own_kernels(directory: Path, stem: str) -> Path | None:
    """The folder of C files that the model's target brings, by its plan; None if it brings none."""
    plan = directory / (PLAN if stem == STEM else f"{stem.removesuffix('_model')}_{PLAN}")
    return target_named(read_record(Plan, plan, "tinydf compile").target).sources if plan.is_file() else None


def _built(
    sources: list[Path], headers: list[Path], flags: tuple[str, ...], suffix: str, includes: Sequence[Path] = ()
) -> Path:
    """One object or library in the cache, named by the hash of all that goes into it."""
    hashes = [sha256_bytes(path.read_bytes()) for path in sources + headers]
    digest = sha256_bytes(" ".join([*FLAGS, *flags, *hashes]).encode())
    result = cache_directory("host-engines") / f"{digest}{suffix}"
    if not result.is_file():
        _compile(sources, flags, result, includes)
    return result


def _compile(sources: list[Path], flags: tuple[str, ...], result: Path, includes: Sequence[Path]) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise TinydfError("this machine has no C compiler", "sudo apt-get install gcc")
    handle, aside = tempfile.mkstemp(prefix=".partial-", suffix=result.suffix, dir=result.parent)
    os.close(handle)
    try:
        directories = [f"-I{path}" for path in (KERNELS / "include", *includes)]
        command = [compiler, *FLAGS, *flags, *directories, *map(str, sources), "-o", aside]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
        if output.returncode != 0:
            first = next((line for line in output.stderr.splitlines() if "error" in line), output.stderr[:200])
            raise TinydfError(f"{compiler} could not compile {sources[0]}: {first}", "compile the model again")
        Path(aside).replace(result)
    finally:
        Path(aside).unlink(missing_ok=True)
