# SPDX-License-Identifier: Apache-2.0
"""`make test-boards`: the published demo model on every board with an emulator: docs/reference/boards.md.

Each board's firmware is built, emulated, and given images of the test set that comes with tinydf. Its output bytes are
compared with the host engine's and, where it is installed, those of TensorFlow Lite Micro's interpreter.
"""

import argparse
import importlib.util
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinydf import emulator, published
from tinydf.artefacts.build import ELF, Build
from tinydf.artefacts.manifest import MODEL, read_export
from tinydf.boards import board as boards
from tinydf.boards.board import Board
from tinydf.boards.build import build
from tinydf.cli.console import note
from tinydf.cli.main import errors_as_lines
from tinydf.compiler.host import HostEngine
from tinydf.data import builtin
from tinydf.data.dataset import Sample, read_shard
from tinydf.errors import TinydfError
from tinydf.export.run import export_run
from tinydf.files import write_text
from tinydf.link import client, wire

OUT = Path(__file__).parents[1] / "docs" / "reference" / "boards.md"
IMAGES = 20

_HEAD = """\
# Boards

Made by `make test-boards`. It builds the published detector `{model}` for every board, runs each emulated board on
{count} images of the test set that comes with tinydf, and compares every output byte with
{references}.

Instructions are those of one inference, counted by the emulator; they are neither cycles nor milliseconds. Flash is all
that is programmed. RAM is variables, code that runs from RAM, and the stack, without the arena.
"""
_COLUMNS = (
    "board", "core", "clock, MHz", "built", "emulated by", "flashed with", "instructions", "flash", "RAM", "arena",
    "images with other bytes", "on silicon",
)  # fmt: skip
_NUMBERS = {"clock, MHz", "instructions", "flash", "RAM", "arena"}
_EMULATORS = {"unicorn": "unicorn", "qemu": "QEMU", "process": "this computer"}


@dataclass(frozen=True)
class Case:
    """What every board is given: inputs, int8 [images, size, size, 3], and the outputs, int8 [images, 2], they make."""

    export: Path
    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]


@dataclass(frozen=True)
class Run:
    """A board's answers: how many differ, and the ticks of an inference; None where they are not instructions."""

    mismatches: int
    instructions: int | None


@dataclass(frozen=True)
class Row:
    """One board. `refused` says why it was not built; `ran` is None where it cannot be emulated."""

    board: Board
    built: Build | None
    ran: Run | None = None
    refused: str = ""


def make_case(directory: Path, count: int) -> Case:
    """The published detector as an export in `directory`, and `count` images of the test set that comes with tinydf.

    Raises:
        TinydfError: if the host engine and the interpreter do not agree.
    """
    export = directory / "export"
    export_run(published.model(published.DEFAULT), None, export)
    manifest = read_export(export)
    inputs = np.concatenate([manifest.to_inputs(sample.image)[:1] for sample in _crops(count)])
    outputs = HostEngine(export).run(inputs)
    if has_interpreter() and not np.array_equal(outputs, _interpreted((export / MODEL).read_bytes(), inputs)):
        raise TinydfError("the host engine's bytes are not the interpreter's", "see `tinydf compile --check`")
    return Case(export, inputs, outputs)


def _crops(count: int) -> list[Sample]:
    """So many crops of the built-in test set, evenly spread over it."""
    shard = builtin.contents().shard.model_copy(update={"path": builtin.CROPS.name})
    samples = list(read_shard(builtin.ROOM, shard))
    return samples[:: len(samples) // count][:count]


def has_interpreter() -> bool:
    """Whether TensorFlow Lite Micro's interpreter is installed."""
    return importlib.util.find_spec("tflite_micro") is not None


def _interpreted(tflite: bytes, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    from tinydf.compiler.host.interpreter import Interpreter

    return Interpreter(tflite).run(inputs)


def run(board: str, elf: Path, case: Case) -> Run:
    """Run a firmware on the board's emulator, and compare its answers.

    Raises:
        TinydfError: if it does not come up, or does not answer.
    """
    running = emulator.start(board, elf, name=f"{board}-boards-{os.getpid()}", replace=True)
    try:
        with client.Connection(running.port) as link:
            hello = link.hello()
            results = [link.infer(index, one.tobytes()) for index, one in enumerate(case.inputs)]
    finally:
        running.stop()
    differ = sum(got.output != wanted.tobytes() for got, wanted in zip(results, case.outputs, strict=True))
    counted = hello.counter_unit == wire.CounterUnit.EMULATED_INSTRUCTIONS
    return Run(differ, results[-1].ticks if counted else None)


def measure(board_name: str, case: Case, scratch: Path) -> Row:
    """Build for a board and, if it can be emulated, run it; a board that cannot be built here is a row too."""
    board = boards.load(board_name)
    try:
        built = build(board_name, case.export, scratch / board_name)
    except TinydfError as error:
        note(f"{board_name}: {error.what}")
        return Row(board, None, refused=error.what)
    if board.emulator is None:
        return Row(board, built)
    ran = run(board_name, scratch / board_name / ELF, case)
    note(f"{board_name}: {ran.mismatches} of {len(case.inputs)} images differ")
    return Row(board, built, ran)


def page(rows: list[Row], count: int, with_interpreter: bool, before: str = "") -> str:
    """The Markdown of docs/reference/boards.md; boards without a row keep theirs of the page `before`."""
    references = "the host engine's"
    if with_interpreter:
        references += " and with TensorFlow Lite Micro's interpreter's"
    lines = [_HEAD.format(model=published.DEFAULT, count=count, references=references)]
    lines += [_line(_COLUMNS), _line(["---:" if name in _NUMBERS else "---" for name in _COLUMNS])]
    old = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines() if line.startswith("| ")}
    new = {row.board.name: _line(_cells(row, count)) for row in rows}
    lines += [line for name, line in sorted({**old, **new}.items()) if name in boards.names()]
    return "\n".join(lines) + "\n"


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _cells(row: Row, count: int) -> list[str]:
    board, built, ran = row.board, row.built, row.ran
    emulated = board.emulator
    machine = getattr(emulated, "machine", "")
    return [
        board.name,
        board.core.name,
        "-" if board.hosted else f"{board.core.clock_hz / 1e6:g}",
        f"with {board.built_with}" if built else f"no: {row.refused}",
        f"{_EMULATORS[emulated.kind]} {machine}".strip() if emulated else "nothing",
        ", ".join(board.flash.tables) or "-",
        f"{ran.instructions:,}" if ran and ran.instructions else "-",
        *(_sizes(built) if built and not board.hosted else ("-", "-", "-")),
        f"{ran.mismatches} of {count}" if ran else "-",
        f"run by {board.on_silicon}" if board.on_silicon else "-",
    ]


def _sizes(built: Build) -> tuple[str, str, str]:
    ram = built.static_ram_bytes + built.stack_bytes
    return f"{built.flash_bytes:,}", f"{ram:,}", f"{built.arena_bytes:,}"


def main() -> int:
    """Measure every board, and write the page; 1 if a byte differs anywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--boards",
        nargs="+",
        choices=boards.names(),
        default=boards.names(),
        metavar="BOARD",
        help="all by default; rows of others are kept",
    )
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tinydf-boards-") as scratch:
        case = make_case(Path(scratch), arguments.images)
        rows = [measure(name, case, Path(scratch)) for name in arguments.boards]
    before = arguments.out.read_text(encoding="utf-8") if arguments.out.is_file() else ""
    write_text(arguments.out, page(rows, arguments.images, has_interpreter(), before))
    return int(any(row.ran and row.ran.mismatches for row in rows))


if __name__ == "__main__":
    with errors_as_lines():
        sys.exit(main())
