# SPDX-License-Identifier: Apache-2.0
"""Which firmware to flash: the one that is there, if it is what would be built now, or one that is built first."""

import logging
from pathlib import Path

from tinydf.artefacts.build import FILE, Build, Engine, read_build
from tinydf.artefacts.manifest import FILE as MANIFEST
from tinydf.artefacts.manifest import read_export
from tinydf.boards import board as boards
from tinydf.boards.build import build, compile_engine, origin
from tinydf.boards.tflm.setup import Choice
from tinydf.errors import TinydfError
from tinydf.workspace import Workspace
from tinydf.workspace.status import look_at_firmware

logger = logging.getLogger(__name__)


def obtain(
    workspace: Workspace,
    board: str,
    export: Path | None,
    firmware: Path | None,
    engine: Engine | None,
    choice: Choice | None = None,
) -> tuple[Path, Build]:
    """The firmware's directory and its build record; says in one line what it is.

    Args:
        workspace: gives the firmware's place, and the export that it is built from.
        board: the board's name.
        export: an export directory. Without `firmware` it is built from; with it, it must be the same model.
        firmware: a directory made by `tinydf build`, taken as it is.
        engine: for a build made now; that of the build that is there, or aot, if None.
        choice: of library and arena, for a build made now with tflm; that of the build that is there, if None.

    Raises:
        TinydfError: if the firmware cannot be built, or the one that was given is of another board or model.
    """
    if firmware is not None:
        return firmware, _given(board, export, firmware)
    directory = workspace.firmware(board)
    made = _last(board, directory)
    if made and engine in (None, made.engine) and choice in (None, Choice()):
        source = export or origin(directory, made) or workspace.export
        if (source / MANIFEST).is_file() and made.engine == "aot":
            compile_engine(source, read_export(source), boards.load(board))
        found = look_at_firmware(workspace, directory, source)
        logger.info("%s", f"{found}; building it again" if found.stale else str(found))
        if not found.stale:
            return directory, made
    return directory, build_here(
        workspace, board, export or origin(directory, made), None, engine or _engine(made), choice
    )


def build_here(
    workspace: Workspace,
    board: str,
    export: Path | None = None,
    out: Path | None = None,
    engine: Engine = "aot",
    choice: Choice | None = None,
) -> Build:
    """Build for a board in a workspace; where there is no export, what it has is exported first.

    Raises:
        TinydfError: as `build`.
    """
    from tinydf.workspace.export import ensure_export

    boards.load(board)  # before anything is made for a board that is misspelt
    if export is None:
        ensure_export(workspace)
        (export,) = workspace.take(export=None)
    return build(board, export, out or workspace.firmware(board), engine, choice)


def _given(board: str, export: Path | None, directory: Path) -> Build:
    made = read_build(directory)
    if made.board != board:
        raise TinydfError(f"the firmware in {directory} is for {made.board}, not {board}", "build it for this board")
    if export is not None and read_export(export).chain.tflite != made.model:
        raise TinydfError(f"the firmware in {directory} holds another model than {export}", "build it again")
    return made


def _last(board: str, directory: Path) -> Build | None:
    """The build that is there; None if there is none, or none that could be flashed."""
    if not (directory / FILE).is_file():
        return None
    try:
        return _given(board, None, directory)
    except TinydfError as error:
        logger.info("%s; building it again", error.what)
        return None


def _engine(made: Build | None) -> Engine:
    return made.engine if made else "aot"
