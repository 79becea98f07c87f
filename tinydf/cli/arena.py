# SPDX-License-Identifier: Apache-2.0
"""`tinydf arena --board B`: how large an arena a model needs on a board, exactly."""

from pathlib import Path

import click

from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace


@click.command()
@click.option("--board", required=True, help="See `tinydf boards list`.")
@click.option("--export", type=click.Path(path_type=Path), help="Export directory.  [default: build/export]")
@click.option("--engine", type=click.Choice(["tflm", "aot"]), default="tflm", show_default=True)
@click.option("--tflm-library", "library", type=click.Path(path_type=Path), help="Library of tflm, if not TFLM_ROOT's.")
@click.option("--port", help="Serial port of a board that is plugged in, which is programmed; else the emulator runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@in_workspace
def command(
    board: str,
    export: Path | None,
    engine: str,
    library: Path | None,
    port: str | None,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Find the exact arena that a model needs on a board with TFLM, and keep it for `tinydf build --engine tflm`.

    The arena of the engine aot is planned before the build, and exact.
    """
    from tinydf.bench.arena import find_arena
    from tinydf.boards.tflm.setup import FILE
    from tinydf.cli.console import print_json, results
    from tinydf.errors import TinydfError

    if engine == "aot":
        raise TinydfError("the arena of aot is planned exactly, there is nothing to find", "see `tinydf compile`")
    (directory,) = workspace.take(export=export)
    figure = find_arena(board, directory, port, library)
    if as_json:
        print_json(figure)
    else:
        text = f"{figure.arena_bytes} bytes on {board} with {figure.library}; kept in {directory / FILE}"
        results.print(text, markup=False, soft_wrap=True)
