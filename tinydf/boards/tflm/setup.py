# SPDX-License-Identifier: Apache-2.0
"""What a build with TFLM takes: the library for the board's core, the sources of the model, and the arena.

The arena is, in this order: the size that the user gives; the exact one that `tinydf arena` found for this board,
library and model, in the export's tflm_arena.json; a computed one, which is enough.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from tinydf.artefacts.build import ArenaOrigin, Record, Sha256
from tinydf.artefacts.manifest import MODEL, Manifest
from tinydf.boards.board import Board
from tinydf.boards.tflm.library import Library, Tree, check_board, choose, find_tree
from tinydf.compiler.frontend.tflite import read_model as read_tflite
from tinydf.export.tflm_arena import Scratch, arena_bytes
from tinydf.export.tflm_sources import are_current, write_sources
from tinydf.files import read_record, write_json

FILE = "tflm_arena.json"
MADE_BY = "tinydf arena --engine tflm"


class ArenaFigure(Record):
    """The smallest arena in which a board's library ran the model."""

    board: str
    library_sha256: str = Sha256
    library: str
    arena_bytes: int = Field(gt=0)


class ArenaRecord(Record):
    """`tflm_arena.json`: exact arenas of one model, one for each board and library."""

    format: Literal[1] = 1
    model_sha256: str = Sha256
    figures: tuple[ArenaFigure, ...] = ()

    def find(self, board: str, library_sha256: str) -> ArenaFigure | None:
        """The figure of a board with a library, if it was found."""
        fits = [one for one in self.figures if (one.board, one.library_sha256) == (board, library_sha256)]
        return fits[0] if fits else None


@dataclass(frozen=True)
class Choice:
    """What the user says of a build with TFLM; None is to be chosen."""

    library: Path | None = None
    arena_bytes: int | None = None


@dataclass(frozen=True)
class Setup:
    """What goes into a build."""

    tree: Tree
    library: Library
    arena_bytes: int
    origin: ArenaOrigin


def prepare(board: Board, export: Path, manifest: Manifest, choice: Choice) -> Setup:
    """Choose library and arena, and write the model's C++ sources into the export where they are not there.

    Raises:
        TinydfError: if there is no library for the board's core, or the model cannot be read.
    """
    check_board(board)
    tree = find_tree()
    library = choose(board, tree, choice.library)
    tflite = (export / MODEL).read_bytes()
    if not are_current(export, manifest):
        write_sources(export, tflite, manifest)
    if choice.arena_bytes is not None:
        return Setup(tree, library, choice.arena_bytes, "given")
    figure = read_figures(export, manifest.chain.tflite).find(board.name, library.sha256)
    if figure is not None:
        return Setup(tree, library, figure.arena_bytes, "measured")
    computed = arena_bytes(read_tflite(tflite), scratch_of(library))
    return Setup(tree, library, computed * 2 if board.hosted else computed, "computed")  # records of 64-bit pointers


def read_figures(export: Path, model_sha256: str) -> ArenaRecord:
    """The exact arenas that were found for an export's model; none if the file is not there or is another model's.

    Raises:
        TinydfError: if the file does not fit the schema.
    """
    none = ArenaRecord(model_sha256=model_sha256)
    if not (export / FILE).is_file():
        return none
    figures = read_record(ArenaRecord, export / FILE, MADE_BY)
    return figures if figures.model_sha256 == model_sha256 else none


def keep_figure(export: Path, manifest: Manifest, figure: ArenaFigure) -> None:
    """Write a figure to the export's tflm_arena.json, in place of the one it replaces."""
    figures = read_figures(export, manifest.chain.tflite)
    key = (figure.board, figure.library_sha256)
    others = [one for one in figures.figures if (one.board, one.library_sha256) != key]
    write_json(export / FILE, figures.model_copy(update={"figures": (*others, figure)}))


def header(setup: Setup) -> str:
    """engine_library.h, which tells the firmware what it is linked with."""
    digest = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(setup.library.sha256))
    return f"""// By `tinydf build`: the library that this firmware is linked with, and its arena.
#define ENGINE_LIBRARY        "{setup.library}"
#define ENGINE_LIBRARY_SHA256 {{{digest}}}
#define ENGINE_ARENA_BYTES    {setup.arena_bytes}
"""


def cmake(setup: Setup) -> dict[str, str]:
    """What engine.cmake wants set."""
    # Its headers print too: they must be compiled as the library was.
    messages = "" if setup.library.messages else " TF_LITE_STRIP_ERROR_STRINGS"
    return {
        "TFLM_DEFINITIONS": f"TF_LITE_STATIC_MEMORY{messages}",
        "TFLM_INCLUDES": " ".join(f'"{path}"' for path in setup.tree.includes),
        "TFLM_LIBRARY": f'"{setup.library.path}"',
        "TINYDF_ARENA_BYTES": str(setup.arena_bytes),
    }


def scratch_of(library: Library) -> Scratch:
    """Which formulas are those of a library's kernels."""
    if library.kernels == "reference":
        return "reference"
    return "mve" if library.core in {"cortex-m55", "cortex-m85"} else "dsp"
