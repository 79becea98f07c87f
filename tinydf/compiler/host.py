"""The compiled engine on this machine: the very C that a board runs, as a shared library."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf.compiler.compile import HEADER_FILE, SOURCE_FILE
from tinydf.errors import TinydfError
from tinydf.files import sha256_bytes
from tinydf.resources import FIRMWARE, cache_directory

FLAGS = ("-std=c11", "-O3", "-fPIC", "-Wall", "-Wextra")


class _Tensor(ctypes.Structure):
    """engine_tensor of firmware/engine/engine.h."""

    _fields_ = (
        ("rank", ctypes.c_uint8),
        ("shape", ctypes.c_uint16 * 4),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int8),
        ("bytes", ctypes.c_uint32),
    )


class _Description(ctypes.Structure):
    """engine_description of firmware/engine/engine.h."""

    _fields_ = (
        ("engine", ctypes.c_char_p),
        ("model_sha256", ctypes.c_uint8 * 32),
        ("input", _Tensor),
        ("output", _Tensor),
        ("arena_bytes", ctypes.c_uint32),
        ("threshold_steps", ctypes.c_int16),
        ("layer_count", ctypes.c_uint16),
        ("layer_names", ctypes.POINTER(ctypes.c_char_p)),
    )


class HostEngine:
    """Runs a compiled model on the host.

    Args:
        export: an export directory, or any with model_aot.c and model_aot.h.

    Raises:
        TinydfError: if the directory has no compiled model, or this machine has no C compiler.
    """

    def __init__(self, export: Path) -> None:
        self._library = ctypes.CDLL(str(build(export)))
        self._library.engine_describe.restype = ctypes.POINTER(_Description)
        self._library.host_create.restype = ctypes.c_int
        self._library.host_arena.restype = ctypes.c_void_p
        self._library.engine_input.restype = ctypes.c_void_p
        self._library.engine_input.argtypes = ()
        self._description: _Description = self._library.engine_describe().contents
        status = self._library.host_create()
        if status != 0:
            raise TinydfError(f"the host engine of {export} did not start (status {status})", "free some memory")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one input, without the batch axis of 1."""
        return _shape(self._description.input)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of one output, without the batch axis of 1."""
        return _shape(self._description.output)

    @property
    def arena_bytes(self) -> int:
        """Bytes of working memory."""
        return int(self._description.arena_bytes)

    @property
    def model_sha256(self) -> str:
        """Hash of the .tflite that was compiled."""
        return bytes(self._description.model_sha256).hex()

    @property
    def layer_names(self) -> list[str]:
        """Index, operator and name of each layer."""
        description = self._description
        return [description.layer_names[k].decode() for k in range(description.layer_count)]

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
        self._library.host_run(
            ctypes.c_void_p(inputs.ctypes.data), ctypes.c_void_p(outputs.ctypes.data), ctypes.c_size_t(len(inputs))
        )
        return outputs

    def trace(self, one: NDArray[np.int8], visit: Callable[[int, NDArray[np.int8]], None]) -> None:
        """Run the model on one input, int8 [*input_shape], and look at the arena after each layer.

        Args:
            one: the input.
            visit: called with the layer's number and the arena, int8 [arena_bytes], good only during the call.
        """
        calls = 0

        def clock() -> int:
            # The engine reads the clock before and after each layer.
            nonlocal calls
            if calls % 2 == 1:
                visit(calls // 2, arena)
            calls += 1
            return 0

        address = self._library.host_arena()
        arena = np.ctypeslib.as_array((ctypes.c_int8 * self.arena_bytes).from_address(address))
        given = np.ascontiguousarray(one, dtype=np.int8)
        ctypes.memmove(self._library.engine_input(), given.ctypes.data, given.nbytes)
        ticks = (ctypes.c_uint32 * max(self._description.layer_count, 1))()
        self._library.engine_profile(_CLOCK(clock), ticks)


_CLOCK = ctypes.CFUNCTYPE(ctypes.c_uint32)


def _shape(tensor: _Tensor) -> tuple[int, ...]:
    shape = tuple(int(tensor.shape[k]) for k in range(tensor.rank))
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape


def build(export: Path) -> Path:
    """Compile a model's C for the host; what was built from the same sources with the same flags is taken again."""
    model = export / SOURCE_FILE
    if not model.is_file():
        raise TinydfError(f"{model} does not exist", "make it with `tinydf export` or `tinydf compile`")
    headers = [FIRMWARE / "engine" / "engine.h", *sorted((FIRMWARE / "kernels").glob("*.h"))]
    kernels = _built(sorted((FIRMWARE / "kernels").glob("*.c")), headers, ("-r",), ".o")
    sources = [model, Path(__file__).with_name("host_engine.c"), kernels]
    return _built(sources, [export / HEADER_FILE, *headers], ("-shared",), ".so", export)


def _built(
    sources: list[Path], headers: list[Path], flags: tuple[str, ...], suffix: str, include: Path | None = None
) -> Path:
    """One object or library in the cache, named by the hash of all that goes into it."""
    hashes = [sha256_bytes(path.read_bytes()) for path in sources + headers]
    digest = sha256_bytes(" ".join([*FLAGS, *flags, *hashes]).encode())
    result = cache_directory("host-engines") / f"{digest}{suffix}"
    if not result.is_file():
        _compile(sources, flags, result, include)
    return result


def _compile(sources: list[Path], flags: tuple[str, ...], result: Path, include: Path | None) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise TinydfError("this machine has no C compiler", "sudo apt-get install gcc")
    directories = [FIRMWARE / "engine", FIRMWARE / "kernels", *([include] if include else [])]
    handle, aside = tempfile.mkstemp(prefix=".partial-", suffix=result.suffix, dir=result.parent)
    os.close(handle)
    try:
        includes = [f"-I{path}" for path in directories]
        command = [compiler, *FLAGS, *flags, *includes, *map(str, sources), "-o", aside]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
        if output.returncode != 0:
            first = next((line for line in output.stderr.splitlines() if "error" in line), output.stderr[:200])
            raise TinydfError(f"{compiler} could not compile {sources[0]}: {first}", "compile the model anew")
        Path(aside).replace(result)
    finally:
        Path(aside).unlink(missing_ok=True)
