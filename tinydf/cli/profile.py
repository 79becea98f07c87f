"""`tinydf profile --board B`."""

from pathlib import Path

import click

from tinydf.cli.options import in_workspace
from tinydf.workspace import Workspace


@click.command()
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--board", required=True, help="Board to measure on.")
@click.option("--port", help="Serial port of a board that runs this model, or auto; the board's emulator if left out.")
@click.option("--baud", type=click.IntRange(min=1), help="Bits a second, whatever the board's file says.")
@click.option("--json", "as_json", is_flag=True, help="Print the measurement as JSON.")
@in_workspace
def command(
    model: Path | None, board: str, port: str | None, baud: int | None, as_json: bool, workspace: Workspace
) -> None:
    """Measure one model on one board: same bytes as TFLM? instructions, code, RAM and stack, by layer.

    MODEL is a .tflite; that of build/export if left out.
    """
    from tinydf.compiler.show import print_profile
    from tinydf.console import print_json
    from tinydf.profile import profile

    model = model or workspace.model()
    measured = profile(model.read_bytes(), board, port, str(model), baud)
    if as_json:
        print_json(measured)
    else:
        print_profile(measured)
