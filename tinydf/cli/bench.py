# SPDX-License-Identifier: Apache-2.0
"""`tinydf bench`."""

from pathlib import Path
from typing import cast

import click

from tinydf.cli.console import print_json, results
from tinydf.cli.options import in_workspace
from tinydf.data.dataset import SPLITS, Split
from tinydf.workspace import Workspace


@click.command(name="bench")
@click.option(
    "--port",
    "ports",
    multiple=True,
    default=["auto"],
    show_default=True,
    help="Serial port; auto finds the one board. Several share the images.",
)
@click.option("--board", help="Only a board of this kind, at its file's baud rate; see `tinydf boards list`.")
@click.option("--baud", type=click.IntRange(min=1), help="Bits a second, instead of the board file's.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Data set directory.  [default: build/data if the export was made on it, else the built-in test set]",
)
@click.option(
    "--export",
    type=click.Path(path_type=Path),
    help="Export of the model on the board.  [default: build/export]",
)
@click.option(
    "--firmware",
    type=click.Path(path_type=Path),
    help="Build that is on the board, for its sizes.  [default: the one in build/firmware with the board's build id]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where journal and summary go.  [default: build/bench; a finished bench there is set aside]",
)
@click.option("--split", type=click.Choice(SPLITS), default="test", show_default=True, help="Split to measure.")
@click.option("--platform", "platforms", multiple=True, help="Only this platform; may be repeated.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many images, the same crops of every platform.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@click.option("--json", "as_json", is_flag=True, help="Print bench.json instead of tables.")
@in_workspace
def command(
    ports: tuple[str, ...],
    board: str | None,
    baud: int | None,
    data: Path | None,
    export: Path | None,
    firmware: Path | None,
    out: Path | None,
    split: str,
    platforms: tuple[str, ...],
    limit: int | None,
    resume: bool,
    as_json: bool,
    workspace: Workspace,
) -> None:
    """Stream images to a board; measure accuracy, latency and memory there."""
    from tinydf.bench.summary import demand_same_bytes
    from tinydf.cli.show import tables
    from tinydf.workspace.bench import bench_here

    result = bench_here(
        workspace,
        ports,
        data,
        export,
        firmware,
        out,
        board=board,
        baud=baud,
        split=cast(Split, split),
        platforms=platforms,
        limit=limit,
        resume=resume,
    )
    if as_json:
        print_json(result)
    else:
        for table in (tables.accuracy, tables.generators, tables.operators, tables.cost):
            results.print(table(result))
            results.print()
    demand_same_bytes(result)
