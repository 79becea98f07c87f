# SPDX-License-Identifier: Apache-2.0
"""`tinydf profile --board B`."""

from pathlib import Path

import click

from tinydf.boards.tflm.setup import Choice
from tinydf.cli.options import choosing_tflm, in_workspace
from tinydf.workspace import Workspace


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--board", required=True, help="Board to measure on.")
@click.option("--port", help="Serial port of a board that runs this model, or auto; the board's emulator if left out.")
@click.option("--baud", type=click.IntRange(min=1), help="Bits a second, instead of the board file's.")
@click.option(
    "--engine",
    type=click.Choice(["aot", "tflm", "both"]),
    default="aot",
    show_default=True,
    help="both: side by side, on the emulator.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the measurement as JSON.")
@choosing_tflm
@in_workspace
def command(
    model: Path | None,
    board: str,
    port: str | None,
    baud: int | None,
    engine: str,
    as_json: bool,
    workspace: Workspace,
    choice: Choice,
) -> None:
    """Measure one model on one board: same bytes as TFLM? instructions, code, RAM and stack, by layer.

    MODEL is a .tflite; that of build/export if left out.
    """
    model = model or workspace.model()
    if engine == "both":
        if port:
            raise click.UsageError("--engine both runs on the emulator, without --port")
        _compare(model, board, choice, as_json)
        return
    from tinydf.bench.profile import profile
    from tinydf.cli.console import print_json
    from tinydf.cli.show.bench import print_profile

    measured = profile(model.read_bytes(), board, port, str(model), baud, "tflm" if engine == "tflm" else "aot", choice)
    if as_json:
        print_json(measured)
    else:
        print_profile(measured)


def _compare(model: Path, board: str, choice: Choice, as_json: bool) -> None:
    from tinydf.bench.profile import compare_engines
    from tinydf.cli.console import print_json
    from tinydf.cli.show.bench import print_comparison

    profiles = compare_engines(model.read_bytes(), board, str(model), choice)
    if as_json:
        print_json({one.engine: one.model_dump(mode="json") for one in profiles})
    else:
        print_comparison(profiles)
