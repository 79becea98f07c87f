# SPDX-License-Identifier: Apache-2.0
"""The Python API: compile a model, build its firmware, emulate or flash a board, and run the model there.

Everything here is reached as an attribute of `tinydf`, which imports this module when one is first used.

Examples:
    >>> import numpy as np, tinydf
    >>> model = tinydf.compile("detector.tflite", core="cortex-m7", name="face")
    >>> model.plan.arena_bytes
    28968
    >>> firmware = tinydf.build(model, board="nucleo-h743")
    >>> x = np.zeros(model.input_shape, np.int8)
    >>> with tinydf.emulate(firmware) as port, tinydf.connect(port) as board:
    ...     answer = board.infer(x)
    >>> bool((answer.output == model.run_host(x)).all())
    True

Tensors are int8 in NHWC, as the .tflite has them. What the caller can put right raises `tinydf.TinydfError`.
"""

import functools
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from tinydf.artefacts.preprocess import dequantise, quantise
from tinydf.errors import TinydfError, about

if TYPE_CHECKING:
    from tinydf.artefacts.build import Build, Engine
    from tinydf.bench.profile import Profile
    from tinydf.compiler import Compiled, Plan
    from tinydf.compiler.host import HostEngine
    from tinydf.link.client import Connection
    from tinydf.link.wire import HelloAnswer, Tensor

FilePath = str | os.PathLike[str]
DEFAULT_BOARD = "nucleo-h743"


@dataclass(frozen=True)
class Model:
    """A model compiled to C; made by `compile`.

    Attributes:
        tflite: the file that was compiled.
        compiled: its C source, header and plan.
    """

    tflite: bytes = field(repr=False)
    compiled: "Compiled" = field(repr=False)

    @property
    def name(self) -> str:
        """The model's name in C; empty for `model_aot`."""
        return self.compiled.name

    @property
    def plan(self) -> "Plan":
        """What is known before it runs: arena, layers with their costs, shape and scale of input and output."""
        return self.compiled.plan

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one input, without the batch axis of 1: (96, 96, 3)."""
        return _inner(self.plan.input.shape)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Of one output, without the batch axis of 1: (2,)."""
        return _inner(self.plan.output.shape)

    def write(self, directory: FilePath) -> None:
        """Write NAME_model.c, NAME_model.h and NAME_plan.json (`model_aot.c` and so on without a name).

        Examples:
            >>> tinydf.compile("detector.tflite", name="face").write("c")
            >>> sorted(path.name for path in Path("c").iterdir())
            ['face_model.c', 'face_model.h', 'face_plan.json']

        Raises:
            OSError: if it cannot be written.
        """
        from tinydf.compiler import write_compiled

        write_compiled(self.compiled, Path(directory))

    def run_host(self, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
        """Run the same C that a board runs on this machine.

        Args:
            inputs: one input, int8 of `input_shape`, or N of them along axis 0.

        Returns:
            Its output, or N outputs along axis 0, int8: the bytes that every board gives.

        Raises:
            TinydfError: if the type or shape is another one, or there is no C compiler.

        Examples:
            >>> model = tinydf.compile("detector.tflite")
            >>> model.run_host(np.zeros((3, *model.input_shape), np.int8)).shape
            (3, 2)
        """
        single = _checked(inputs, self.input_shape)
        outputs = self._host.run(inputs[np.newaxis] if single else inputs)
        return outputs[0] if single else outputs

    def quantise(self, values: NDArray[np.float32]) -> NDArray[np.int8]:
        """Real values as the model's input: float32 of any shape to int8, rounded to nearest, saturated."""
        return quantise(values, self.plan.input.scale, self.plan.input.zero_point)

    def dequantise(self, outputs: NDArray[np.int8]) -> NDArray[np.float32]:
        """The model's output as real values, float32: `(value - zero_point) * scale`."""
        return dequantise(outputs, self.plan.output.scale, self.plan.output.zero_point)

    def profile(self, board: str = DEFAULT_BOARD, port: str | None = None) -> "Profile":
        """Measure it on a board, layer by layer, and compare its bytes with TensorFlow Lite Micro's.

        Args:
            board: the board's name.
            port: of a real board that runs this model; by default the board is emulated.

        Raises:
            TinydfError: if it does not fit, or the board does not answer.
            ModuleNotFoundError: without the extra `profile`.
        """
        from tinydf.bench.profile import profile

        return profile(self.tflite, board, port, self.name or "the model")

    @functools.cached_property
    def _host(self) -> "HostEngine":
        from tinydf.compiler.host import HostEngine

        with tempfile.TemporaryDirectory(prefix="tinydf-") as scratch:
            self.write(scratch)
            return HostEngine(Path(scratch), self.compiled.stem)


def compile(model: FilePath | bytes, core: str = "cortex-m7", name: str = "") -> Model:
    """Compile an int8 .tflite to C.

    Args:
        model: the file, or its bytes.
        core: whose kernels to call, such as "cortex-m33" (`tinydf.compiler.CORES`); their C runs everywhere.
        name: the model's name in C, so that several go into one program; empty for `model_aot`.

    Raises:
        TinydfError: if the file is missing or damaged, or uses what the compiler does not support.

    Examples:
        >>> tinydf.compile("detector.tflite", core="cortex-m55").plan.target
        'armv8.1-m'
    """
    from tinydf.compiler import compile_model, target_of

    tflite = model if isinstance(model, bytes) else _read(Path(model))
    with about("the model" if isinstance(model, bytes) else os.fspath(model)):
        return Model(tflite, compile_model(tflite, target=target_of(core).name, name=name))


@dataclass(frozen=True)
class Firmware:
    """The firmware of one model for one board; made by `build`.

    Attributes:
        directory: `firmware.elf`, `firmware.bin`, the linker's map, and `build.json`.
        facts: `build.json`: flash, static RAM, stack and arena in bytes, and the hashes of all that went in.
    """

    directory: Path
    facts: "Build" = field(repr=False)
    _scratch: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False, compare=False)

    def flash(self, port: str | None = None, probe: str | None = None) -> str:
        """Write it to a board that is plugged in, and wait until the board answers with this build.

        Args:
            port: the board's serial port; by default the one on USB that may be its.
            probe: which debug probe; by default the only one there.

        Returns:
            The port where it answers.

        Raises:
            TinydfError: if the board cannot be programmed, or does not answer with this build.
        """
        from tinydf.boards.board import load
        from tinydf.flash import flash

        board = load(self.facts.board)
        done = flash(board, self.directory, self.facts.build_id, lambda line: None, port=port, probe=probe)
        assert done.port is not None, "flash waited for the answer"
        return done.port


def build(
    model: Model | FilePath, board: str = DEFAULT_BOARD, out: FilePath | None = None, engine: "Engine" = "aot"
) -> Firmware:
    """Build the firmware of a model for a board.

    Args:
        model: a compiled model; or the path of a .tflite, or of an export directory of `tinydf export`.
        board: the board's name, as `tinydf boards list` shows it.
        out: where to; by default a temporary directory that is removed with the object.
        engine: the compiled model, or TensorFlow Lite Micro ("tflm"), for which the model is an export directory.

    Raises:
        TinydfError: if there is no such board, a tool is missing, the model does not fit, or a compiler fails.
    """
    from tinydf.bench.profile import write_export
    from tinydf.boards.build import build as build_firmware

    scratch = None if out else tempfile.TemporaryDirectory(prefix="tinydf-")
    directory = Path(scratch.name if scratch else out or "")
    if not isinstance(model, Model) and Path(model).is_dir():
        return Firmware(directory, build_firmware(board, Path(model), directory, engine), scratch)
    if engine == "tflm":
        raise TinydfError("the engine tflm needs an export directory", "make it with `tinydf export --int8`")
    name = (model.name if isinstance(model, Model) else Path(model).stem) or "model"
    unnamed = compile(model.tflite if isinstance(model, Model) else model)  # an export's C is called model_aot
    with tempfile.TemporaryDirectory(prefix="tinydf-") as export:
        write_export(unnamed.tflite, unnamed.compiled, Path(export) / "export", name)
        return Firmware(directory, build_firmware(board, Path(export) / "export", directory), scratch)


@contextmanager
def emulate(firmware: Firmware | FilePath, name: str | None = None) -> Iterator[str]:
    """Run firmware on an emulated board until the `with` block ends.

    Args:
        firmware: what `build` gave; or the directory of `tinydf build`.
        name: what `tinydf emulator list` calls it; by default a name of its own.

    Yields:
        The path of its serial port, for `connect`.

    Raises:
        TinydfError: if the board has no emulator, or the firmware stops while it boots.
    """
    from tinydf import emulator
    from tinydf.artefacts.build import ELF, read_build

    directory = firmware.directory if isinstance(firmware, Firmware) else Path(firmware)
    board = read_build(directory).board
    running = emulator.start(board, directory / ELF, name or f"{board}-{os.getpid()}-{secrets.token_hex(3)}")
    try:
        yield running.port
    finally:
        running.stop()


@dataclass(frozen=True)
class Inference:
    """One inference on a board.

    Attributes:
        output: int8 of the model's output shape, without the batch axis.
        ticks: of the board's counter around the inference alone.
        unit: what a tick is: "cycles", "emulated instructions" (no measure of time), or "nanoseconds".
        fake: a detector's verdict, by its threshold.
        peak_stack_bytes: the deepest stack since the board started; 0 where the port does not know.
        arena_intact: whether the guard words around the arena are whole.
    """

    output: NDArray[np.int8]
    ticks: int
    unit: str
    fake: bool
    peak_stack_bytes: int
    arena_intact: bool


class ConnectedBoard:
    """A board that answers; made by `connect`, and closed by its `with` block or `close`."""

    def __init__(self, link: "Connection") -> None:
        self._link = link
        self._next = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._link.close()

    @property
    def port(self) -> str:
        """The serial port."""
        return self._link.port

    @property
    def hello(self) -> "HelloAnswer":
        """Who the board is: its name and unique id, the firmware's build, the model's hash, clock, arena."""
        return self._link.greeting()

    def infer(self, one: NDArray[np.int8]) -> Inference:
        """Run the model on one input.

        Args:
            one: int8 of the model's input shape, without the batch axis.

        Raises:
            TinydfError: if the type or shape is another one, or the board does not answer or stops on a fault.
        """
        from tinydf.link.wire import CounterUnit

        hello = self.hello
        if not _checked(one, _shape(hello.input)):
            raise TinydfError(f"{len(one)} inputs at once", "give one after the other")
        result = self._link.infer(self._next, one.tobytes())
        self._next += 1
        return Inference(
            output=np.frombuffer(result.output, np.int8).reshape(_shape(hello.output)),
            ticks=result.ticks,
            unit=next(
                (one.name.lower().replace("_", " ") for one in CounterUnit if one == hello.counter_unit), "ticks"
            ),
            fake=result.fake,
            peak_stack_bytes=result.peak_stack_bytes,
            arena_intact=result.arena_intact,
        )

    def layer_ticks(self) -> list[int]:
        """Run the model on what its input holds, and give the ticks of each layer of the plan."""
        return self._link.profile()


def connect(port: str = "auto", board: str | None = None, baud: int | None = None) -> ConnectedBoard:
    """Open the serial port of a board that runs tinydf's firmware.

    Args:
        port: such as /dev/ttyACM0, or what `emulate` gave; "auto" finds the one board that is there.
        board: the board's name; its file gives the baud rate.
        baud: bits a second, instead of the board file's.

    Raises:
        TinydfError: if there is no such board or are several, the port is busy, or nothing answers.
    """
    from tinydf.link import ports

    return ConnectedBoard(ports.connect(port, board, baud))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TinydfError(f"{path}: {error.strerror}", "give an int8 .tflite") from None


def _checked(inputs: NDArray[np.int8], shape: tuple[int, ...]) -> bool:
    """Whether this is one input of `shape`, and not several along axis 0.

    Raises:
        TinydfError: if it is neither.
    """
    if inputs.dtype == np.int8 and inputs.shape == shape:
        return True
    if inputs.dtype == np.int8 and inputs.shape[1:] == shape:
        return False
    what = f"an input is {inputs.dtype} {list(inputs.shape)}, and the model takes int8 {list(shape)}"
    raise TinydfError(what, "use Model.quantise for real values")


def _shape(tensor: "Tensor") -> tuple[int, ...]:
    return _inner(tensor.shape[: tensor.rank])


def _inner(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A tensor's shape without the batch axis of 1."""
    return shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
