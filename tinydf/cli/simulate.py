# SPDX-License-Identifier: Apache-2.0
"""`tinydf simulate`."""

from pathlib import Path
from typing import cast

import click

from tinydf.cli.options import in_workspace
from tinydf.data.dataset import SPLITS, Split
from tinydf.workspace import Workspace


@click.command()
@click.argument("export", required=False, type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data set.  [default: as `tinydf bench`]")
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True, help="Split to judge.")
@click.option(
    "--compare", type=click.IntRange(min=1), default=None, help="Run so many images through TFLM's interpreter too."
)
@click.option(
    "--sources",
    default="*",
    show_default=True,
    help="Only images of sources whose names fit this pattern, such as 'faces-*'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@in_workspace
def command(
    export: Path | None,
    data: Path | None,
    split: str,
    compare: int | None,
    sources: str,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Judge a data set by the board's C on this machine, on all cores. EXPORT is build/export if left out."""
    from tinydf.bench.simulate import simulate
    from tinydf.cli.console import print_json
    from tinydf.cli.show.bench import print_simulation
    from tinydf.workspace.bench import places

    export, data = places(workspace, export, data)
    result = simulate(export, data, cast(Split, split), compare or 0, sources)
    if as_json:
        print_json(result)
    else:
        print_simulation(result)
