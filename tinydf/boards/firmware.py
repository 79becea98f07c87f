"""Which firmware to flash: a finished build, one made now from an export, or the last one made."""

from pathlib import Path

from tinydf.boards.build import Build, Engine, build, read_build
from tinydf.errors import TinydfError
from tinydf.manifest import read_export


def default_directory(board: str) -> Path:
    """Where `tinydf flash --export` builds, and where `tinydf flash` looks."""
    return Path("build") / "firmware" / board


def obtain(board: str, export: Path | None, firmware: Path | None, engine: Engine) -> tuple[Path, Build]:
    """The firmware's directory and its build record.

    Args:
        board: the board's name.
        export: an export directory. Without `firmware` it is built now; with it, it must be the same model.
        firmware: a directory made by `tinydf build`.
        engine: for a build made now.

    Raises:
        TinydfError: if there is no firmware, or it is for another board or of another model.
    """
    if firmware is None and export is not None:
        directory = default_directory(board)
        return directory, build(board, export, directory, engine)
    directory = firmware or default_directory(board)
    if firmware is None and not directory.is_dir():
        raise TinydfError(f"no firmware has been built for {board} here", "give --export or --firmware")
    made = read_build(directory)
    if made.board != board:
        raise TinydfError(f"the firmware in {directory} is for {made.board}, not {board}", "build it for this board")
    if export is not None and read_export(export).chain.tflite != made.model:
        raise TinydfError(f"the firmware in {directory} holds another model than {export}", "build it anew")
    return directory, made
